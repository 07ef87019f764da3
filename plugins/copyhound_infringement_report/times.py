"""Times as Infringement.Report writes them: unix seconds for lists, ISO 8601 for results."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

NEVER: Final = 0
NOW: Final = -1
"""While something is searched."""


def seconds(moment: datetime | None, *, busy: bool = False) -> int:
    """Unix seconds; 0: not yet; -1: just now."""
    if busy:
        return NOW
    return int(moment.timestamp()) if moment else NEVER


def iso(moment: datetime | None) -> str | None:
    """Such as 2017-10-01T01:01:01Z."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if moment else None


def written(moment: datetime) -> str:
    """Such as Mar 6, 2013, whatever the server's own language is."""
    month = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")[moment.month - 1]
    return f"{month} {moment.day}, {moment.year}"
