"""Lists."""

from __future__ import annotations

from typing import Annotated

import msgspec

from copyhound.domain.lists import Label, Schedule
from copyhound.http.wire.common import Instant


class ListIn(msgspec.Struct, forbid_unknown_fields=True):
    """A new list. `monitored` without a schedule is searched once a day."""

    label: Label
    """What the list is called."""
    monitored: bool = False
    """Search its images again and again."""
    schedule: Schedule | None = None
    """When; without it a monitored list is searched daily."""
    providers: tuple[str, ...] = ()
    """Who is asked; empty: those that are asked by default, such as the own index."""
    min_confidence: Annotated[float, msgspec.Meta(ge=0, le=100)] = 50.0
    """Matches below it are not told of."""


class ListOut(msgspec.Struct):
    """A list, with its settings, and when it is searched again."""

    id: str
    label: str
    created_at: Instant
    monitored: bool
    schedule: Schedule | None
    providers: list[str]
    """Empty: those that are asked by default, such as the own index."""
    min_confidence: float
    next_run_at: Instant | None
    last_run_at: Instant | None
