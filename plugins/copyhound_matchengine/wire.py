"""What MatchEngine answers: the envelope and its results, as JSON, as JSONP or as XML."""

from __future__ import annotations

import re
from typing import Any, Final
from xml.sax.saxutils import escape

import msgspec
from msgspec import UNSET, UnsetType

JSON: Final = "application/json"
_JAVASCRIPT: Final = "application/javascript; charset=utf-8"
_XML: Final = "application/xml; charset=utf-8"
_NAME: Final = re.compile(r"[A-Za-z_$][\w$]{0,63}(\.[A-Za-z_$][\w$]{0,63}){0,7}", re.ASCII)
_NO_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class SearchMatch(msgspec.Struct, frozen=True):
    """A picture of the collection that shows the same as the one that was looked for. Percents and scores: 0-100."""

    match_percent: float
    """How much of both pictures together is in common."""
    score: float
    target_overlap_percent: float
    """How much of the collection's picture is in common."""
    query_overlap_percent: float
    filepath: str
    overlay: str | UnsetType = UNSET
    """Relative to the address that ends in /rest/."""
    score_enhanced: float | UnsetType = UNSET


class CompareMatch(msgspec.Struct, frozen=True):
    """How two pictures compare that are the same one."""

    score: float
    match_percent: float
    target_overlap_percent: float
    query_overlap_percent: float
    filepath: str | UnsetType = UNSET
    """Of the second picture, where that is one of the collection."""
    overlay: str | UnsetType = UNSET
    score_enhanced: float | UnsetType = UNSET


Result = list[str] | list[int] | list[SearchMatch] | list[CompareMatch]


class Envelope(msgspec.Struct, frozen=True):
    """Around every answer."""

    status: str
    """ok, warn or fail."""
    error: list[str]
    method: str
    result: Result


class Style(msgspec.Struct, frozen=True):
    """How an answer is to be written."""

    xml: bool = False
    callback: str | None = None
    """The function that JSON is wrapped in; a name that `is_callback` accepts."""


PLAIN: Final = Style()


def ok(method: str, result: Result | None = None) -> Envelope:
    """All went well."""
    return Envelope("ok", [], method, result or [])


def fail(method: str, *errors: str) -> Envelope:
    """Nothing was done."""
    return Envelope("fail", list(errors), method, [])


def is_callback(name: str) -> bool:
    """Whether it is the name of a function, and nothing that could be another thing."""
    return _NAME.fullmatch(name) is not None


def rendered(envelope: Envelope, style: Style = PLAIN) -> tuple[bytes, str]:
    """(the body, its media type)."""
    if style.xml:
        return _xml(msgspec.to_builtins(envelope)), _XML
    body = msgspec.json.encode(envelope)
    if style.callback is None:
        return body, JSON
    # in old JavaScript these two end a line, and so a string
    script = body.decode().replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
    return f"{style.callback}({script});".encode(), _JAVASCRIPT


def _xml(envelope: dict[str, Any]) -> bytes:
    inside = "".join(_element(name, value) for name, value in envelope.items())
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<data>{inside}</data>'.encode()


def _element(name: str, value: Any) -> str:
    if isinstance(value, list):
        inside = "".join(_element("item", one) for one in value)
    elif isinstance(value, dict):
        inside = "".join(_element(key, one) for key, one in value.items())
    else:
        inside = escape(_NO_XML.sub("\ufffd", str(value)), {"\r": "&#13;"})
    return f"<{name}>{inside}</{name}>"
