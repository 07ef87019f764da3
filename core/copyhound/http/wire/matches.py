"""Found copies."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import UNSET, UnsetType

from copyhound.domain.matches import Decision, Match, MatchStatus, VerificationState
from copyhound.domain.matches import Page as SeenOn
from copyhound.domain.pictures import Comparison, Edit, MatchType, Matrix
from copyhound.http.wire.common import Instant
from copyhound.services.links import overlay_path
from copyhound.services.matches import MatchService

Note = Annotated[str, msgspec.Meta(max_length=2000)]


class PageOut(msgspec.Struct):
    """A page on which the copy stands."""

    url: str
    title: str | None
    first_seen: Instant | None
    last_seen: Instant | None
    language: str | None = None
    """A code in small letters, such as `en`."""
    description: str | None = None
    width_on_page: int | None = None
    """As the page shows the picture, in CSS pixels."""
    height_on_page: int | None = None


class ComparisonOut(msgspec.Struct):
    """Our own comparison of the copy with the image."""

    confidence: float
    """0-100: how surely it is the same picture; 50 is the line."""
    score: float
    """0-100: how little it was changed."""
    match_type: MatchType
    edits: list[Edit]
    query_share: float
    """Percent of the image that is in the copy."""
    match_share: float
    """Percent of the copy that is the image."""
    matrix: Matrix
    """Takes a pixel of the copy to a pixel of the image."""
    pixels_checked: bool


class VerificationOut(msgspec.Struct):
    """Our own comparison: when, and with what result, or why there is none."""

    state: VerificationState
    at: Instant
    reason: str | None
    comparison: ComparisonOut | None


class MatchOut(msgspec.Struct):
    """A found copy: one address for one image, with the pages it stands on."""

    id: str
    list_id: str
    image_id: str
    image_url: str
    host: str
    domain: str
    providers: list[str]
    pages: list[PageOut]
    verification: VerificationOut
    status: MatchStatus
    decision: Decision
    decided_at: Instant | None
    note: str | None
    first_seen: Instant
    last_seen: Instant
    width: int | None
    height: int | None
    small: bool
    """Shares only a small logo or text."""
    overlay_url: str | None
    """Copy and image side by side, aligned. Needs no key, expires."""
    thumbnail_url: str | None
    """Needs the key."""


class MatchChanges(msgspec.Struct, forbid_unknown_fields=True):
    """What a person says of a match; what is left out stays."""

    decision: Decision | UnsetType = UNSET
    note: Note | None | UnsetType = UNSET


class HistoryLine(msgspec.Struct):
    """One look at a match."""

    at: Instant
    result: str
    detail: str | None = None


def comparison_out(comparison: Comparison | None) -> ComparisonOut | None:
    """A comparison as clients see it."""
    if comparison is None:
        return None
    return ComparisonOut(
        comparison.confidence,
        comparison.score,
        comparison.match_type,
        list(comparison.edits),
        comparison.query_share,
        comparison.match_share,
        comparison.matrix,
        comparison.pixels_checked,
    )


def page_out(page: SeenOn) -> PageOut:
    """A page as clients see it."""
    return PageOut(**{name: getattr(page, name) for name in PageOut.__struct_fields__})


def match_out(match: Match, service: MatchService, public_url: str) -> MatchOut:
    """`public_url` is what this server is called outside."""
    seen = match.verification
    thumbnail = f"{public_url}{overlay_path(match.id).removesuffix('overlay')}thumbnail"
    return MatchOut(
        id=match.id,
        list_id=match.list_id,
        image_id=match.image_id,
        image_url=match.image_url,
        host=match.host,
        domain=match.domain,
        providers=list(match.providers),
        pages=[page_out(page) for page in match.pages],
        verification=VerificationOut(seen.state, seen.at, seen.reason, comparison_out(seen.comparison)),
        status=match.status,
        decision=match.decision,
        decided_at=match.decided_at,
        note=match.note,
        first_seen=match.first_seen,
        last_seen=match.last_seen,
        width=match.width,
        height=match.height,
        small=match.small,
        overlay_url=service.overlay_url(match) if match.reduced_blob else None,
        thumbnail_url=thumbnail if match.reduced_blob else None,
    )
