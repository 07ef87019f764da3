"""Found copies, kept with their history."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec

from copyhound.domain.pictures import Comparison


class MatchStatus(StrEnum):
    """Whether the copy was at its address when we last looked."""

    online = "online"
    removed = "removed"


class VerificationState(StrEnum):
    """Whether our own comparison stands behind a match."""

    verified = "verified"
    """Our own comparison says that it is the same picture."""
    unchecked = "unchecked"
    """We could not, or were asked not to, compare; `reason` says why."""


class Decision(StrEnum):
    """What a person says of a match."""

    open = "open"
    infringing = "infringing"
    allowed = "allowed"
    not_a_match = "not_a_match"


class Page(msgspec.Struct, frozen=True, omit_defaults=True):
    """A page on which a found copy stands."""

    url: str
    title: str | None = None
    first_seen: datetime | None = None
    last_seen: datetime | None = None


class Verification(msgspec.Struct, frozen=True):
    """Our own comparison of match and image: when, and with what result."""

    state: VerificationState
    at: datetime
    comparison: Comparison | None = None
    reason: str | None = None


class Match(msgspec.Struct, frozen=True):
    """One `image_url` for one image, with the pages it stands on."""

    id: str
    workspace_id: str
    list_id: str
    image_id: str
    image_url: str
    host: str
    domain: str
    providers: tuple[str, ...]
    """Which providers have reported it."""
    pages: tuple[Page, ...]
    verification: Verification
    status: MatchStatus
    decision: Decision
    first_seen: datetime
    last_seen: datetime
    width: int | None = None
    height: int | None = None
    small: bool = False
    """Shares only a small logo or text: left out of answers unless asked."""
    entry_id: str | None = None
    """The entry of our own index that it came from."""
    reduced_blob: str | None = None
    next_check_at: datetime | None = None
    decided_at: datetime | None = None
    note: str | None = None


class MatchFilter(msgspec.Struct, frozen=True):
    """Which matches are asked for. None: not filtered by that."""

    list_id: str | None = None
    image_id: str | None = None
    search_id: str | None = None
    status: MatchStatus | None = None
    decision: Decision | None = None
    domain: str | None = None
    host: str | None = None
    provider: str | None = None
    match_type: str | None = None
    min_confidence: float | None = None
    min_score: float | None = None
    found_after: datetime | None = None
    found_before: datetime | None = None
    include_small: bool = False
