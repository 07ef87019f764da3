"""The metrics that results are filtered and sorted by, their operators, and how a value is read."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Final

import msgspec

from copyhound.domain.errors import CopyhoundError
from copyhound.domain.pictures import MatchType

MAX_VALUES: Final = 500
"""In one filter, over all its conditions."""
MAX_TEXT: Final = 2000
_MAX_NUMBER: Final = 2**53
_INSTANT: Final = re.compile(
    r"(?P<day>\d{4}-\d\d-\d\d)(?:T(?P<time>\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?)(?P<zone>Z|[+-]\d\d:?\d\d)?)?", re.ASCII
)
_RANGE: Final = re.compile(r"\s+TO\s+", re.IGNORECASE)
_NUMBER: Final = re.compile(r"[+-]?\d{1,20}(?:\.\d{1,20})?", re.ASCII)
_VERIFIED: Final = {"true": True, "false": False, "null": None}

Scalar = str | float | datetime | bool | None
Value = Scalar | tuple[Scalar, ...]
Read = Callable[["Metric", str, Any], Value]


class Kind(StrEnum):
    """What the values of a metric are."""

    string = "string"
    number = "number"
    date = "date"
    choice = "choice"
    flag = "flag"
    tags = "tags"


OPERATORS: Final[dict[Kind, tuple[str, ...]]] = {
    Kind.string: ("eql", "ne", "cont", "ncont", "starts", "ends", "in", "glob"),
    Kind.number: ("eql", "ne", "gt", "lt", "in"),
    Kind.date: ("before", "after", "between"),
    Kind.choice: ("eql", "ne", "in"),
    Kind.flag: ("in",),
    Kind.tags: ("eql", "ne", "in"),
}
OPERATOR_MEANINGS: Final = {
    "eql": "equals",
    "ne": "does not equal; what has no value is let through",
    "cont": "contains",
    "ncont": "does not contain; what has no value is let through",
    "starts": "starts with",
    "ends": "ends with",
    "in": "equals one of several: a list, or a text with commas",
    "glob": "equals a pattern in which `*` stands for any text; several patterns as a list",
    "gt": "is greater than",
    "lt": "is less than",
    "before": "is before a time; the time itself is left out",
    "after": "is after a time; the time itself is left out",
    "between": "is between two times, `A TO B`; both are let through",
    "opt": "is one of several, as `in`",
}


class Metric(msgspec.Struct, frozen=True):
    """Something that every result row has a value of, or none."""

    name: str
    kind: Kind
    about: str
    choices: tuple[str, ...] = ()
    special: tuple[str, ...] = ()
    """Operators, where they are not those of the kind."""
    sortable: bool = True
    ids: bool = False
    """Texts are taken beside numbers: our own ids."""

    @property
    def operators(self) -> tuple[str, ...]:
        return self.special or OPERATORS[self.kind]


def _choice(name: str, about: str, choices: tuple[str, ...], *special: str) -> Metric:
    return Metric(name, Kind.choice, about, choices, special)


_ALL: Final = (
    Metric("title", Kind.string, "The page's title"),
    Metric("language", Kind.string, "The page's language, as a code such as `en`"),
    Metric("description", Kind.string, "The page's own description"),
    Metric("url", Kind.string, "The page's address; the picture's, where no page is known"),
    Metric("host", Kind.string, "The host of `url`"),
    Metric("protocol", Kind.string, "The protocol of `url`: `https:` or `http:`"),
    Metric("image_url", Kind.string, "The address of the found picture"),
    Metric("image_width", Kind.number, "Width of the found picture, in pixels"),
    Metric("image_height", Kind.number, "Height of the found picture, in pixels"),
    Metric("image_width_on_page", Kind.number, "Width at which the page shows it, in CSS pixels"),
    Metric("image_height_on_page", Kind.number, "Height at which the page shows it, in CSS pixels"),
    Metric("image_id", Kind.number, "Your own image that was found: its number, or its id", ids=True),
    Metric("found_timestamp", Kind.date, "When the copy was found on the page first"),
    Metric("search_timestamp", Kind.date, "When the search began that found the copy first"),
    Metric("host_first_found", Kind.date, "When the list's first copy on that host was found"),
    Metric("verified", Kind.flag, "`true`: seen by our own comparison; `false`: gone since; `null`: not checked"),
    _choice("verified_status_code", "How the last look at it ended", ("online", "error", "offline"), "opt", "in"),
    Metric("tag", Kind.tags, "Tags given to the result", sortable=False),
    Metric("confidence", Kind.number, "0-100: how surely it is the same picture"),
    Metric("score", Kind.number, "0-100: how little it was changed"),
    _choice("match_type", "How much of the picture was copied", tuple(one.value for one in MatchType)),
    _choice("status", "Whether the copy was there when we last looked", ("online", "removed")),
    _choice("decision", "What a person said of it", ("open", "infringing", "allowed", "not_a_match")),
    Metric("provider", Kind.string, "Who found it", special=("eql", "ne", "in"), sortable=False),
    Metric("domain", Kind.string, "The registrable domain of the picture's address"),
)
METRICS: Final[dict[str, Metric]] = {metric.name: metric for metric in _ALL}


def metric_of(name: str) -> Metric:
    """The metric of that name. CopyhoundError invalid_request naming it where there is none."""
    if name not in METRICS:
        raise refused(f"There is no metric {_shown(name)}; there are {', '.join(METRICS)}.")
    return METRICS[name]


def read_value(name: str, operator: str, raw: Any) -> Value:
    """The value of a condition, checked: text, number, time (UTC), or a tuple of them.

    `raw` is what JSON or a query string gives. CopyhoundError invalid_request naming what is wrong.

    >>> read_value("language", "in", "en, fr")
    ('en', 'fr')
    >>> read_value("image_width", "gt", "100")
    100
    """
    metric = metric_of(name)
    if operator not in metric.operators:
        raise refused(f"{name} has no operator {_shown(operator)}; it has {', '.join(metric.operators)}.")
    try:
        return _READ[metric.kind](metric, operator, raw)
    except CopyhoundError as error:
        raise refused(f"{name}-{operator}: {error.detail}") from None


def plain_value(value: Value) -> Any:
    """A value as JSON has it: what read_value gives it back from.

    >>> plain_value((True, None))
    [True, None]
    """
    if isinstance(value, datetime):
        return _written(value)
    if isinstance(value, tuple):
        if len(value) == 2 and all(isinstance(one, datetime) for one in value):
            return " TO ".join(str(plain_value(one)) for one in value)
        return [plain_value(one) for one in value]
    return value


def refused(detail: str) -> CopyhoundError:
    """The error of a filter that means nothing."""
    return CopyhoundError("invalid_request", detail)


def folded(text: str) -> str:
    """With the letters A-Z made small: how texts are compared, alike on every database."""
    return text if text.islower() else "".join(chr(ord(one) + 32) if "A" <= one <= "Z" else one for one in text)


def _text(raw: Any) -> str:
    if not isinstance(raw, str):
        raise refused("The value is a text.")
    if not raw.strip() or len(raw) > MAX_TEXT:
        raise refused(f"The value is a text of 1 to {MAX_TEXT} characters.")
    if "\x00" in raw or any("\ud800" <= one <= "\udfff" for one in raw):
        raise refused("The value holds characters that are not stored.")
    return raw


def _several(raw: Any, one: Callable[[Any], Scalar]) -> tuple[Scalar, ...]:
    """A list, or a text with commas, each read by `one`."""
    parts = [part.strip() for part in raw.split(",")] if isinstance(raw, str) else raw
    if not isinstance(parts, list) or not parts or len(parts) > MAX_VALUES:
        raise refused(f"The value is a list of 1 to {MAX_VALUES} values, or a text with commas.")
    return tuple(dict.fromkeys(one(part) for part in parts))


def _string(metric: Metric, operator: str, raw: Any) -> Value:
    def one(part: Any) -> str:
        text = _text(part)
        # "https" means the protocol "https:" where the whole is compared
        return f"{text}:" if metric.name == "protocol" and operator in _WHOLE and not text.endswith(":") else text

    if operator == "in" or (operator == "glob" and isinstance(raw, list)):
        return _several(raw, one)
    return (one(raw),) if operator == "glob" else one(raw)


_WHOLE: Final = ("eql", "ne", "in")


def _tags(metric: Metric, operator: str, raw: Any) -> Value:
    return _several(raw, _text) if isinstance(raw, list) or operator == "in" else (_text(raw),)


def _choices(metric: Metric, operator: str, raw: Any) -> Value:
    def one(part: Any) -> str:
        if part not in metric.choices:
            raise refused(f"The value is one of {', '.join(metric.choices)}.")
        return str(part)

    return _several(raw, one) if operator in ("in", "opt") else one(raw)


def _flags(metric: Metric, operator: str, raw: Any) -> Value:
    def one(part: Any) -> bool | None:
        known = json.dumps(part) if part is None or isinstance(part, bool) else part
        if not isinstance(known, str) or known not in _VERIFIED:
            raise refused("The value is of true, false and null.")
        return _VERIFIED[known]

    return _several([raw] if raw is None or isinstance(raw, bool) else raw, one)


def _numbers(metric: Metric, operator: str, raw: Any) -> Value:
    def one(part: Any) -> Scalar:
        if metric.ids and operator in _WHOLE and isinstance(part, str) and not _NUMBER.fullmatch(part.strip()):
            return _text(part)
        return _number(part)

    if operator == "in":
        return _several([raw] if isinstance(raw, int | float) else raw, one)
    return one(raw)


def _number(raw: Any) -> float:
    if isinstance(raw, str) and _NUMBER.fullmatch(raw.strip()):
        raw = float(raw) if "." in raw else int(raw)
    if isinstance(raw, bool) or not isinstance(raw, int | float):
        raise refused("The value is a number.")
    if (isinstance(raw, float) and not math.isfinite(raw)) or abs(raw) > _MAX_NUMBER:
        raise refused("The number is too large.")
    return raw


def _dates(metric: Metric, operator: str, raw: Any) -> Value:
    if not isinstance(raw, str):
        raise refused("The value is a time, such as 2017-10-01T01:01:01Z.")
    if operator != "between":
        return _instant(raw, last=operator == "after")
    ends = _RANGE.split(raw.strip())
    if len(ends) != 2:
        raise refused("The value is a range, such as 2017-10-01T01:01:01Z TO 2017-11-01T01:01:01Z.")
    start, end = _instant(ends[0], last=False), _instant(ends[1], last=True)
    if end < start:
        raise refused("The range is reversed: its first time is after its second.")
    return start, end


def _instant(text: str, *, last: bool) -> datetime:
    """A moment in UTC. A date alone is a whole day: its last moment where `last`, else its first."""
    found = _INSTANT.fullmatch(text.strip())
    if found is None:
        raise refused(f"{_shown(text)} is no ISO 8601 time, such as 2017-10-01T01:01:01Z or 2017-10-01.")
    try:
        moment = datetime.fromisoformat(f"{found['day']}T{found['time'] or '00:00'}{found['zone'] or 'Z'}")
        if last and found["time"] is None:
            moment += timedelta(days=1, microseconds=-1)
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise refused(f"{_shown(text)} is no day or time that there is.") from None


def _written(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def _shown(text: str) -> str:
    return repr(text if len(text) <= 60 else f"{text[:60]}...")


_READ: Final[dict[Kind, Read]] = {
    Kind.string: _string,
    Kind.number: _numbers,
    Kind.date: _dates,
    Kind.choice: _choices,
    Kind.flag: _flags,
    Kind.tags: _tags,
}
