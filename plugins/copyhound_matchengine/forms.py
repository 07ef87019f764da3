"""What MatchEngine is asked: query and form together, in the very different forms that its clients send."""

from __future__ import annotations

import math
import re
from typing import Any, Final
from urllib.parse import parse_qsl

import msgspec
from litestar import Request
from litestar.datastructures import UploadFile

from copyhound.plugin_api import CopyhoundError
from copyhound_matchengine.wire import PLAIN, Style, is_callback

_INDEXED: Final = re.compile(r"(\w+)(?:\[(\d{0,6})\])?", re.ASCII)
_WHOLE: Final = re.compile(r"\d{1,9}", re.ASCII)
_TRUE: Final = frozenset({"true", "1", "yes", "on"})
_FALSE: Final = frozenset({"false", "0", "no", "off", ""})
_PLURALS: Final = {"images": "image", "urls": "url", "filepaths": "filepath", "minScore": "min_score"}
_LONGEST: Final = 4000
_SHOWN: Final = 80
_LONGEST_WAIT: Final = 3600.0
_FETCHING: Final = frozenset({"url_invalid", "url_forbidden", "url_unresolved", "fetch_failed", "fetch_timeout"})
_MOST_FIELDS: Final = 20_000
MOST_LISTED: Final = 10_000


class RefusedError(Exception):
    """The request cannot be meant: the whole call fails with this one error."""


class AbsentError(Exception):
    """The collection is not there: everything would pass a check against it, so that clients must hear of it."""


class Options(msgspec.Struct, frozen=True):
    """What calls may carry, read."""

    offset: int
    limit: int
    min_score: float
    check_horizontal_flip: bool
    generate_overlay: bool
    enhanced_score: bool


class Given(msgspec.Struct, frozen=True):
    """A picture that was sent: its bytes, or its address."""

    name: str
    """What errors call it."""
    file: UploadFile | None = None
    url: str | None = None


class Asked:
    """The fields of a request. Of a name sent twice the last counts, but where several may be sent."""

    def __init__(self, texts: list[tuple[str, str]], files: list[tuple[str, UploadFile]]) -> None:
        self._texts, self._files = _sorted_out(texts), _sorted_out(files)

    @classmethod
    async def read(cls, request: Request[Any, Any, Any]) -> Asked:
        """Query and body. Raises RefusedError; litestar's own HTTPException for a body that is too large or no form."""
        texts = _query(request.scope["query_string"])
        files: list[tuple[str, UploadFile]] = []
        for name, value in (await _form(request)).multi_items():
            if isinstance(value, UploadFile):
                files.append((name, value))
            else:
                texts.append((name, str(value)))
        return cls(texts, files)

    @classmethod
    def style_of(cls, request: Request[Any, Any, Any]) -> Style:
        """What the query says of how to answer, for errors before the rest is read."""
        try:
            return cls(_query(request.scope["query_string"]), []).style()
        except RefusedError:
            return PLAIN

    def text(self, name: str) -> str:
        """The field's text; empty where it was not sent."""
        values: dict[int, str] = self._texts.get(name, {})
        return next(reversed(values.values()), "")

    def filepaths(self) -> list[str]:
        """All filepaths, in their order."""
        return [_path(one) for _, one in sorted(self._texts.get("filepath", {}).items())]

    def picture(self, suffix: str = "") -> Given | None:
        """The one picture of a search or a comparison, where one was sent as a file or an address."""
        if files := self._files.get(f"image{suffix}"):
            file = next(reversed(files.values()))
            return Given(_path(file.filename, f"image{suffix}"), file=file)
        if url := self.text(f"url{suffix}"):
            return Given(url, url=url)
        return None

    def filepath(self, suffix: str = "") -> str | None:
        """The filepath of a picture of the collection."""
        text = self.text(f"filepath{suffix}")
        return _path(text) if text else None

    def pictures(self) -> list[tuple[str, Given]]:
        """(filepath, picture) for each that is to be added, in their order."""
        files, urls = self._files.get("image", {}), self._texts.get("url", {})
        if files and urls:
            raise RefusedError("Send images or urls, not both")
        if not files and not urls:
            raise RefusedError("Missing image or url")
        given = {n: Given("", file=file) for n, file in files.items()} | {n: Given(u, url=u) for n, u in urls.items()}
        return [(self._path_of(n, one), one) for n, one in sorted(given.items())]

    def _path_of(self, number: int, given: Given) -> str:
        path = self._texts.get("filepath", {}).get(number) or (given.file.filename if given.file else "")
        if not path:
            raise RefusedError("Missing matching filepath")
        return _path(path)

    def options(self, limit: int) -> Options:
        """All options, with `limit` as what is meant where none was sent."""
        return Options(
            offset=self._whole("offset", 0),
            limit=min(self._whole("limit", limit), MOST_LISTED),
            min_score=self._number("min_score"),
            check_horizontal_flip=self._truth("check_horizontal_flip"),
            generate_overlay=self._truth("generate_overlay"),
            enhanced_score=self._truth("enhanced_score"),
        )

    def timeout(self) -> float | None:
        """Seconds that the call may take."""
        return min(self._number("timeout"), _LONGEST_WAIT) or None

    def style(self) -> Style:
        """How the answer is to be written."""
        form, callback = self.text("format").lower() or "json", self.text("callback")
        if form not in {"json", "xml"}:
            raise RefusedError("format: Expected json or xml")
        if callback and not is_callback(callback):
            raise RefusedError("callback: Expected the name of a function")
        return Style(form == "xml", callback or None)

    def _whole(self, name: str, default: int) -> int:
        text = self.text(name)
        if not text:
            return default
        if not _WHOLE.fullmatch(text):
            raise RefusedError(f"{name}: Expected a whole number, 0 or more")
        return int(text)

    def _number(self, name: str) -> float:
        try:
            number = float(self.text(name) or 0)
        except ValueError:
            number = math.nan
        if not 0 <= number < math.inf:
            raise RefusedError(f"{name}: Expected a number, 0 or more")
        return number

    def _truth(self, name: str) -> bool:
        text = self.text(name).lower()
        if text not in _TRUE | _FALSE:
            raise RefusedError(f"{name}: Expected true or false")
        return text in _TRUE


def _sorted_out(fields: list[tuple[str, Any]]) -> dict[str, dict[int, Any]]:
    """Singular name -> number -> value. Unnumbered ones are counted; of a number sent twice the last counts."""
    found: dict[str, dict[int, Any]] = {}
    for name, value in fields:
        parts = _INDEXED.fullmatch(name)
        if parts is None:
            continue
        of_name = found.setdefault(_PLURALS.get(parts[1], parts[1]), {})
        number = int(parts[2]) if parts[2] else max(of_name, default=-1) + 1
        of_name[number] = value
    return found


def _query(raw: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(raw.decode("latin-1"), keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError:
        raise RefusedError("The query cannot be read") from None


async def _form(request: Request[Any, Any, Any]) -> Any:
    try:
        return await request.form()
    except (ValueError, LookupError):  # bytes that are no text, or a charset that nobody knows
        raise RefusedError("The form cannot be read: its texts must be UTF-8, its images files") from None


def _path(text: str, default: str = "") -> str:
    text = text or default
    if len(text) > _LONGEST or "\x00" in text:
        raise RefusedError(f"{text[:_SHOWN]!a}: A filepath has at most {_LONGEST} characters, and no NUL")
    return text


def told(name: str, error: CopyhoundError) -> str:
    """What is said of a picture that cannot be used."""
    return f"{name}: Failed to download file." if error.code in _FETCHING else f"{name}: {error.detail}"
