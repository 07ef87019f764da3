"""The payloads of the triggers: Structs whose JSON Schemas are exported, and how they are filled."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec

from copyhound.domain.events import EventBase
from copyhound.domain.lists import Image, ImageList
from copyhound.domain.matches import Match
from copyhound.domain.pictures import Comparison, Edit, MatchType
from copyhound.domain.searches import Outcome, Search
from copyhound.services.kit import Kit
from copyhound.services.links import signed_overlay_url

Instant = Annotated[datetime, msgspec.Meta(tz=True)]


class PageSeen(msgspec.Struct, frozen=True):
    """A page on which the copy stands."""

    url: str
    title: str | None


class MatchEvent(EventBase, frozen=True, kw_only=True):
    """A found copy: the body of match_found, match_removed and match_returned."""

    match_id: str
    list_id: str
    list_label: str
    image_id: str
    image_name: str
    image_url: str
    """Where the copy lies."""
    page_url: str | None
    """The first page it was seen on."""
    page_title: str | None
    pages: list[PageSeen]
    """At most 20."""
    host: str
    domain: str
    providers: list[str]
    verified: bool
    confidence: float | None
    """0-100: how surely it is the same picture; 50 is the line."""
    score: float | None
    """0-100: how little it was changed."""
    match_type: MatchType | None
    edits: list[Edit]
    query_share: float | None
    """Percent of the image that is in the copy."""
    match_share: float | None
    """Percent of the copy that is the image."""
    width: int | None
    height: int | None
    overlay_url: str | None
    """Copy and image side by side, aligned; needs no key, expires."""
    first_seen: Instant
    last_seen: Instant


class NewDomainEvent(MatchEvent, frozen=True, kw_only=True):
    """The first copy of a list's images on a domain."""


class SearchCompleteEvent(EventBase, frozen=True, kw_only=True):
    """A search has ended: every lookup has its outcome."""

    search_id: str
    list_id: str
    list_label: str
    kind: str
    images: int
    lookups: int
    outcomes: dict[str, int]
    """Outcome -> how many lookups ended so."""
    matches: int
    """Matches in the list now."""
    new_matches: int
    """Matches that this search added."""
    created_at: Instant
    completed_at: Instant


class HookDisabledEvent(EventBase, frozen=True, kw_only=True):
    """A hook is no longer told anything, until it is enabled again."""

    hook_id: str
    target_url: str
    triggers: list[str]
    reason: str | None
    failing_since: Instant | None


class ProviderFailingEvent(EventBase, frozen=True, kw_only=True):
    """A provider's lookups fail. Told once for each time of trouble, and at most every six hours."""

    provider: str
    outcome: Outcome
    """Of the last lookup: transient, blocked or quota."""
    reason: str | None
    """Of the last lookup."""
    failures: int
    """Lookups of this workspace that failed in a row."""
    failing_since: Instant
    """When the first of them ended."""


class CreditsLowEvent(EventBase, frozen=True, kw_only=True):
    """A quarter of the credits that may be used now is left, or less. Told once, until further ones are granted."""

    remaining: int
    granted: int
    """With the bundles that have begun and have not ended."""
    expires_at: Instant
    """When the last of these ends."""


_PAGES = 20  # keeps a body below Standard Webhooks' 20 kB


def match_payload(kit: Kit, match: Match, image: Image, in_list: ImageList) -> dict[str, Any]:
    """The fields of a MatchEvent without its envelope, JSON-ready."""
    comparison = match.verification.comparison
    first = match.pages[0] if match.pages else None
    fields = {
        "match_id": match.id,
        "list_id": match.list_id,
        "list_label": in_list.label,
        "image_id": match.image_id,
        "image_name": image.name,
        "image_url": match.image_url,
        "page_url": first.url if first else None,
        "page_title": first.title if first else None,
        "pages": [PageSeen(page.url, page.title) for page in match.pages[:_PAGES]],
        "host": match.host,
        "domain": match.domain,
        "providers": list(match.providers),
        **comparison_fields(comparison),
        "width": match.width,
        "height": match.height,
        "overlay_url": signed_overlay_url(kit, match.workspace_id, match.id) if comparison else None,
        "first_seen": match.first_seen,
        "last_seen": match.last_seen,
    }
    return _json_ready(fields)


def comparison_fields(comparison: Comparison | None) -> dict[str, Any]:
    """What a flat row or body tells of a comparison; the same keys where nothing was compared."""
    return {
        "verified": comparison is not None,
        "confidence": comparison.confidence if comparison else None,
        "score": comparison.score if comparison else None,
        "match_type": comparison.match_type if comparison else None,
        "edits": list(comparison.edits) if comparison else [],
        "query_share": comparison.query_share if comparison else None,
        "match_share": comparison.match_share if comparison else None,
    }


def search_payload(
    search: Search, in_list: ImageList, outcomes: dict[str, int], matches: int, new_matches: int, completed_at: datetime
) -> dict[str, Any]:
    """The fields of a SearchCompleteEvent without its envelope, JSON-ready."""
    fields = {
        "search_id": search.id,
        "list_id": search.list_id,
        "list_label": in_list.label,
        "kind": search.kind,
        "images": search.image_count,
        "lookups": sum(outcomes.values()),
        "outcomes": outcomes,
        "matches": matches,
        "new_matches": new_matches,
        "created_at": search.created_at,
        "completed_at": completed_at,
    }
    return _json_ready(fields)


def _json_ready(fields: dict[str, Any]) -> dict[str, Any]:
    ready: dict[str, Any] = msgspec.to_builtins(fields)
    return ready
