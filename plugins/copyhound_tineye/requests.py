"""What a client has sent: query and form in one, and what it asks of the results."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any, Final

import msgspec
from litestar import Request
from litestar.datastructures import UploadFile
from litestar.exceptions import HTTPException

from copyhound.plugin_api import ImageInput
from copyhound_tineye.errors import NO_IMAGE, Refusal
from copyhound_tineye.signing import Parameter, parse_query

MAX_LIMIT: Final = 5000
_DEFAULT_LIMIT: Final = 100
_UPLOAD: Final = "image_upload"
_NAME_LENGTH: Final = 200
_WHOLE: Final = re.compile(r"-?[0-9]{1,18}", re.ASCII)
_SORTS: Final = ("score", "size", "crawl_date")
_ORDERS: Final = ("desc", "asc")
_TAGS: Final = ("stock", "collection")


class Sent(msgspec.Struct, frozen=True):
    """Parameters of the query and of the form; where both have one, the form's counts."""

    parameters: tuple[Parameter, ...] = ()
    upload: bytes | None = None
    filename: str = ""

    def get(self, name: str) -> str:
        """A parameter's value without blanks around it, empty where it was not sent; names in any case."""
        found = [one.value for one in self.parameters if one.name.lower() == name]
        return found[-1].strip() if found else ""

    @property
    def pretty(self) -> bool:
        return self.get("pretty").lower() in ("true", "1", "yes")


class Options(msgspec.Struct, frozen=True):
    """Which of the results are wanted, and how."""

    offset: int = 0
    limit: int = _DEFAULT_LIMIT
    sort: str = "score"
    order: str = "desc"
    domain: str = ""
    tags: tuple[str, ...] = ()
    """Matches with any of them; empty: all."""
    backlink_limit: int | None = 100
    """None: all."""
    min_score: float | None = None


def read_query(request: Request[Any, Any, Any]) -> Sent:
    """What the query says."""
    return Sent(parse_query(request.scope["query_string"].decode("latin-1")))


async def read_sent(request: Request[Any, Any, Any]) -> Sent:
    """What query and form say; neither the name nor the type of an uploaded part is believed."""
    sent = read_query(request)
    if request.method != "POST":
        return sent
    parameters, upload, filename = list(sent.parameters), None, ""
    for name, value in await _form(request):
        if not isinstance(value, UploadFile):
            parameters.append(Parameter(name, str(value), str(value)))
        elif name.lower() == _UPLOAD and upload is None:
            upload, filename = await value.read(), value.filename or ""
    return Sent(tuple(parameters), upload, filename)


async def _form(request: Request[Any, Any, Any]) -> Sequence[tuple[str, Any]]:
    try:
        return list((await request.form()).multi_items())
    except HTTPException:
        raise
    except (ValueError, LookupError):  # bytes that are no text, a charset that nobody knows, no boundary
        raise Refusal(400, "The form cannot be read.") from None


def picture_of(sent: Sent) -> ImageInput:
    """What is looked for: the upload, else the address. Refusal where there is neither."""
    if sent.upload is not None:
        name = "".join(letter for letter in sent.filename if letter.isprintable())[-_NAME_LENGTH:]
        return ImageInput(name.strip() or "image", data=sent.upload)
    if url := sent.get("image_url"):
        return ImageInput("", url=url)
    raise Refusal(400, NO_IMAGE)


def read_options(sent: Sent) -> Options:
    """Which of the results are wanted. Refusal (400) for numbers that are none, and for unknown orders and tags."""
    tags = tuple(part.strip().lower() for part in sent.get("tags").split(",") if part.strip())
    for tag in tags:
        _one_of(tag, "tags", _TAGS)
    return Options(
        offset=_number(sent, "offset", 0),
        limit=min(MAX_LIMIT, _number(sent, "limit", _DEFAULT_LIMIT)),
        sort=_one_of(sent.get("sort").lower() or "score", "sort", _SORTS),
        order=_one_of(sent.get("order").lower() or "desc", "order", _ORDERS),
        domain=sent.get("domain").lower(),
        tags=tags,
        backlink_limit=_number(sent, "backlink_limit", 100, least=-1) if _limits_backlinks(sent) else None,
        min_score=_score(sent),
    )


def _limits_backlinks(sent: Sent) -> bool:
    """-1 and 0 ask for all of them."""
    return sent.get("backlink_limit") not in ("-1", "0")


def _number(sent: Sent, name: str, default: int, least: int = 0) -> int:
    text = sent.get(name)
    if not text:
        return default
    if not _WHOLE.fullmatch(text) or int(text) < least:
        raise Refusal(400, f"{name} must be a whole number, {least} or more.")
    return int(text)


def _one_of(text: str, name: str, allowed: tuple[str, ...]) -> str:
    if text not in allowed:
        raise Refusal(400, f"{name} must be one of {', '.join(allowed)}.")
    return text


def _score(sent: Sent) -> float | None:
    text = sent.get("min_score")
    try:
        score = float(text) if text else None
    except ValueError:
        score = math.nan
    if score is not None and not math.isfinite(score):
        raise Refusal(400, "min_score must be a number.")
    return score
