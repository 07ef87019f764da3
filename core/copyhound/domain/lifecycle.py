"""Versions of our APIs and how they end: announced, twelve months of notice, gone. One table, and the rules on it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Final, Literal

import msgspec

NOTICE_MONTHS: Final = 12
"""Between the announcement and the sunset lies at least this."""
QUIET: Final = timedelta(days=90)
"""What nobody has used for so long since its announcement is used no more."""

State = Literal["current", "deprecated", "may_go"]


class Ending(msgspec.Struct, frozen=True, kw_only=True):
    """When something was called deprecated, when it may end, and what takes its place. No announcement: it stays."""

    announced: date | None = None
    sunset: date | None = None
    successor: str | None = None
    """Path of what to use instead: a version's prefix, or an operation's path."""
    note: str = ""

    def __post_init__(self) -> None:
        if (self.announced is None) != (self.sunset is None):
            raise ValueError("announcement and sunset go together")
        if self.announced and self.sunset and self.sunset < earliest_sunset(self.announced):
            raise ValueError(f"{self.sunset} is less than {NOTICE_MONTHS} months after {self.announced}")


class ApiVersion(Ending, frozen=True, kw_only=True):
    """A version of an API: all that lies under its prefix."""

    api: str
    """`copyhound`, or the name of a surface."""
    version: str
    prefix: str

    @property
    def key(self) -> str:
        """Names it in counts."""
        return self.prefix


class OldOperation(Ending, frozen=True, kw_only=True):
    """A deprecated operation of a version that stays."""

    method: str
    path: str
    """With the version's prefix and parameters in braces: /api/v1/lists/{list_id}."""

    @property
    def key(self) -> str:
        """Names it in counts."""
        return f"{self.method} {self.path}"


class Use(msgspec.Struct, frozen=True):
    """How often something was asked for, and when last."""

    requests: int = 0
    last_used: date | None = None

    def with_more(self, requests: int, day: date) -> Use:
        """Both counts together."""
        return Use(self.requests + requests, max(day, self.last_used or day))


def earliest_sunset(announced: date) -> date:
    """The same day of the month, twelve months on; 29 February gives 1 March."""
    year = announced.year + NOTICE_MONTHS // 12
    if (announced.month, announced.day) == (2, 29):
        return date(year, 3, 1)
    return announced.replace(year=year)


def may_go(ending: Ending, today: date, last_used: date | None) -> bool:
    """Whether the promise is kept if it ends today: its sunset has come, or nobody uses it any more."""
    if ending.announced is None or ending.sunset is None:
        return False
    quiet_since = max(ending.announced, last_used or ending.announced)
    return today >= ending.sunset or today - quiet_since >= QUIET


def state_of(ending: Ending, today: date, last_used: date | None) -> State:
    """In one word."""
    if ending.announced is None or today < ending.announced:
        return "current"
    return "may_go" if may_go(ending, today, last_used) else "deprecated"


class Lifecycle:
    """The table: finds what a request uses."""

    def __init__(self, versions: Iterable[ApiVersion], operations: Iterable[OldOperation] = ()) -> None:
        self.versions = tuple(sorted(versions, key=lambda one: one.prefix))
        self.operations = tuple(operations)
        self._longest_first = sorted(self.versions, key=lambda one: -len(one.prefix))
        self._patterns = [(one, _pattern(one.path)) for one in self.operations]

    def of(self, method: str, path: str) -> list[ApiVersion | OldOperation]:
        """The version of a path, and the deprecated operation where it is one."""
        version = next((one for one in self._longest_first if f"{path}/".startswith(f"{one.prefix}/")), None)
        found: list[ApiVersion | OldOperation] = [version] if version else []
        found += [one for one, pattern in self._patterns if one.method == method and pattern.fullmatch(path)]
        return found

    def may_go(self, today: date, use: Mapping[str, Use]) -> list[str]:
        """The keys of what may be taken away."""
        everything: list[ApiVersion | OldOperation] = [*self.versions, *self.operations]
        return [one.key for one in everything if may_go(one, today, use.get(one.key, Use()).last_used)]


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile("".join("[^/]+" if part.startswith("{") else re.escape(part) for part in _parts(path)))


def _parts(path: str) -> list[str]:
    return re.split(r"({[^}]+})", path)


NATIVE: Final = (ApiVersion(api="copyhound", version="1", prefix="/api/v1"),)
"""The versions of the native API."""
OLD_OPERATIONS: Final[tuple[OldOperation, ...]] = ()
"""The native API's deprecated operations. There are none."""
