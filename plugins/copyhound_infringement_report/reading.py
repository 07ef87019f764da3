"""What requests say: bodies, query parameters, numbers; anything malformed is a CopyhoundError invalid_request."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar
from urllib.parse import parse_qsl

import msgspec

from copyhound.plugin_api import Caller, CopyhoundError, ImageList, UseCases
from copyhound_infringement_report.answers import AnyRequest
from copyhound_infringement_report.settings import InfringementReportSettings

T = TypeVar("T", bound=msgspec.Struct)
ALL_LISTS: Final = 0
"""The list number that stands for all lists of an account."""
_TRUE, _FALSE = ("true", "1", "yes", "on"), ("false", "0", "no", "off", "")
_PLACE: Final = re.compile(r"^(?:key in )?`?\$\.?")
_KINDS: Final = {
    "str": "a text",
    "int": "a number",
    "float": "a number",
    "bool": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "null",
}
_SENTENCES: Final = tuple(
    (re.compile(pattern), sentence)
    for pattern, sentence in (
        (r"(?:Object|The body) missing required field `([^`]+)`", "{0} is missing."),
        (r"Object contains unknown field `([^`]*)`", "There is no field {0} here."),
        (r"Expected `([^`]+)`, got `([^`]+)`", "{field} should be {0}, not {1}."),
        (r"Expected `str` of length (.+)", "{field} should be a text of {0} characters."),
        (r"Expected `array` of length (.+)", "{field} should hold {0} items."),
        (r"Expected `(?:int|float)` (.+)", "{field} should be a number {0}."),
        (r"Invalid enum value '?([^']*)'?", "{field} can't be {0}."),
    )
)
_NUMBER: Final = re.compile(r"[0-9]{1,15}")


@dataclass(frozen=True)
class Office:
    """What every handler stands on."""

    uses: UseCases
    settings: InfringementReportSettings
    version: int
    """2 or 3."""

    @property
    def base(self) -> str:
        """The address of this surface, as clients see it."""
        return f"{self.uses.public_url}/{self.version}.0"

    async def list_of(self, caller: Caller, number: str) -> ImageList:
        """A list by its number in an address. CopyhoundError not_found."""
        return await self.uses.lists.by_number(caller, number_of(number, "list"))

    async def list_id_of(self, caller: Caller, number: str) -> str | None:
        """Our own id of a list; None for 0, which stands for all lists."""
        if number_of(number, "list") == ALL_LISTS:
            return None
        return (await self.list_of(caller, number)).id


def number_of(text: str, what: str) -> int:
    """A number in an address. CopyhoundError not_found where it is none."""
    if not _NUMBER.fullmatch(text):
        raise CopyhoundError("not_found", f"There is no {what} {text[:40]!r}.")
    return int(text)


async def body_of(request: AnyRequest) -> dict[str, Any]:
    """The fields of a JSON or form body; empty where there is none."""
    sent = await request.body()
    if not sent.strip():
        return {}
    # curl -d says that JSON is a form
    if request.content_type[0] == "application/x-www-form-urlencoded" and not sent.lstrip().startswith((b"{", b"[")):
        if b"=" not in sent:
            raise CopyhoundError("malformed_json", _told_malformed(sent))
        return dict(parse_qsl(sent.decode("utf-8", "replace"), keep_blank_values=True))
    try:
        body = msgspec.json.decode(sent)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise CopyhoundError("malformed_json", _told_malformed(sent)) from None
    if not isinstance(body, dict):
        raise CopyhoundError("invalid_request", "The body is a JSON object.")
    return body


def shaped(fields: Mapping[str, Any], kind: type[T]) -> T:
    """The fields of a body as a Struct, which says which there are."""
    try:
        return msgspec.convert(dict(fields), kind, strict=False)
    except msgspec.ValidationError as error:
        raise CopyhoundError("invalid_request", told(str(error))) from None


def told(error: str) -> str:
    """What msgspec says of a shape, as a sentence.

    >>> told("Expected `int`, got `str` - at `$.schedule`")
    'schedule should be a number, not a text.'
    """
    what, _, place = error.replace(">=", "at least").replace("<=", "at most").partition(" - at ")
    field = _PLACE.sub("", place.strip("`")).replace("[...]", "") or "The body"
    for pattern, sentence in _SENTENCES:
        if found := pattern.fullmatch(what):
            return sentence.format(*(_plain(one) for one in found.groups()), field=field)
    return f"{field} is not as it should be."


def _plain(kinds: str) -> str:
    """The names of types, as people say them: `str | null`."""
    return " or ".join(dict.fromkeys(_KINDS.get(kind.strip(), kind.strip()) for kind in kinds.split("|")))


def _told_malformed(sent: bytes) -> str:
    if sent.lstrip()[:1] in (b"{", b"["):
        return "The body is not valid JSON."
    return "The body is not JSON: send an object such as {...}, or a form with its Content-Type."


def yes(params: Mapping[str, Any], name: str, default: bool) -> bool:
    """A parameter that is true or false, in any usual spelling."""
    given = params.get(name)
    text = str(given).lower()
    if given is None or text in (*_TRUE, *_FALSE):
        return default if given is None else text in _TRUE
    raise CopyhoundError("invalid_request", f"{name} is true or false.")


def count_in(params: Mapping[str, Any], name: str, default: int, most: int) -> int:
    """A parameter that counts, 0 to `most`."""
    text = str(params.get(name, default)).strip()
    if not _NUMBER.fullmatch(text) or int(text) > most:
        raise CopyhoundError("invalid_request", f"{name} is a number from 0 to {most}.")
    return int(text)


def text_of(value: Any, name: str, most: int = 2000) -> str:
    """A parameter that is a text. CopyhoundError invalid_request for anything else, or a longer one."""
    if not isinstance(value, str) or len(value) > most:
        raise CopyhoundError("invalid_request", f"{name} is a text of at most {most} characters.")
    return value


def lines_of(text: str, name: str, most: int) -> list[str]:
    """The lines of a text that are not empty."""
    lines = [line.strip() for line in text_of(text, name, 2_000_000).splitlines() if line.strip()]
    if len(lines) > most:
        raise CopyhoundError("invalid_request", f"{name} has at most {most} lines.")
    return lines
