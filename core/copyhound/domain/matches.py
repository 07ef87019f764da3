"""Found copies, kept with their history."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec

from copyhound.domain.filters import Filter
from copyhound.domain.hosts import host_of
from copyhound.domain.pictures import Comparison

NOT_ASKED = "not_asked"
"""How the reason begins of what nobody asked us to compare."""


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
    language: str | None = None
    """A code in small letters, such as `en`."""
    description: str | None = None
    width_on_page: int | None = None
    """As the page shows the picture, in CSS pixels."""
    height_on_page: int | None = None


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
    format: str | None = None
    """Of the found file: JPEG, PNG ... None where it was not looked at."""
    bytes: int | None = None


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
    ids: tuple[str, ...] | None = None
    """Some hundreds at most."""
    filter: Filter | None = None
    """A match is let through with one of its rows at least; rows are let through each by itself."""
    without_ignored: bool = False
    """Rows on hosts that are ignored are left out; a match with no other row as well."""


class ImageFacts(msgspec.Struct, frozen=True):
    """What a result row tells of the image that was found."""

    id: str
    name: str
    source_url: str | None
    width: int | None
    height: int | None
    number: int | None = None


class ResultRow(msgspec.Struct, frozen=True):
    """One match on one of its pages; a match without a known page is one row with `page` None."""

    id: str
    match: Match
    """With no other page than `page`."""
    page: Page | None
    image: ImageFacts

    @property
    def url(self) -> str:
        """The page's address; the picture's, where no page is known."""
        return self.page.url if self.page else self.match.image_url

    @property
    def host(self) -> str:
        return host_of(self.page.url) if self.page else self.match.host

    @property
    def protocol(self) -> str:
        """With its colon, as `https:`."""
        scheme, colon, _ = self.url.partition(":")
        return scheme + colon if colon else ""

    @property
    def found_at(self) -> datetime:
        """When it was found on this page first."""
        seen = self.page.first_seen if self.page else None
        return max(seen, self.match.first_seen) if seen else self.match.first_seen

    @property
    def verified(self) -> bool | None:
        """Whether our own comparison saw it; False: it is gone since; None: it was not checked."""
        if self.match.status is MatchStatus.removed:
            return False
        return True if self.match.verification.state is VerificationState.verified else None

    @property
    def verified_status(self) -> str | None:
        """How the last look ended: online, offline, error; None where none was asked for."""
        if self.verified is not None:
            return "online" if self.verified else "offline"
        return None if (self.match.verification.reason or "").startswith(NOT_ASKED) else "error"


class HostGroup(msgspec.Struct, frozen=True):
    """The rows of one host: how many, and the first of them."""

    host: str
    count: int
    rows: tuple[ResultRow, ...]


class HostCount(msgspec.Struct, frozen=True):
    """How many rows a host has, and when the list's first copy on it was found."""

    host: str
    count: int
    first_found: datetime
