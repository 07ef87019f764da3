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
    """Its address."""
    title: str | None
    """Its title; null where none is known."""


class MatchEvent(EventBase, frozen=True, kw_only=True):
    """A found copy: the body of match_found, match_removed and match_returned."""

    match_id: str
    """The match, for the API."""
    list_id: str
    """The list that the image is in."""
    list_label: str
    """What the list is called."""
    image_id: str
    """The image of yours that it is a copy of."""
    image_name: str
    """What the image is called."""
    image_url: str
    """Where the copy lies."""
    page_url: str | None
    """The first page it was seen on."""
    page_title: str | None
    """The title of that page."""
    pages: list[PageSeen]
    """At most 20."""
    host: str
    """The host of the copy."""
    domain: str
    """The registrable domain of the copy, such as example.com."""
    providers: list[str]
    """Who found it."""
    verified: bool
    """Whether it was compared with the image itself."""
    confidence: float | None
    """0-100: how surely it is the same picture; 50 is the line."""
    score: float | None
    """0-100: how little it was changed."""
    match_type: MatchType | None
    """`full`: exact or nearly so; `partial`: cropped, resized, recoloured or otherwise changed; null: not compared."""
    edits: list[Edit]
    """What was done to it."""
    query_share: float | None
    """Percent of the image that is in the copy."""
    match_share: float | None
    """Percent of the copy that is the image."""
    width: int | None
    """Of the copy, in pixels."""
    height: int | None
    """Of the copy, in pixels."""
    overlay_url: str | None
    """Copy and image side by side, aligned; needs no key, expires."""
    first_seen: Instant
    """When it was found first."""
    last_seen: Instant
    """When it was seen last."""


class NewDomainEvent(MatchEvent, frozen=True, kw_only=True):
    """The first copy of a list's images on a domain."""


class SearchCompleteEvent(EventBase, frozen=True, kw_only=True):
    """A search has ended: every lookup has its outcome."""

    search_id: str
    """The search, for the API."""
    list_id: str
    """The list that was searched."""
    list_label: str
    """What the list is called."""
    kind: str
    """How it came about: by hand or by a schedule."""
    images: int
    """How many were searched."""
    lookups: int
    """How often a provider was asked for an image."""
    outcomes: dict[str, int]
    """Outcome -> how many lookups ended so."""
    matches: int
    """Matches in the list now."""
    new_matches: int
    """Matches that this search added."""
    created_at: Instant
    """When it was started."""
    completed_at: Instant
    """When it ended."""


class HookDisabledEvent(EventBase, frozen=True, kw_only=True):
    """A hook is no longer told anything, until it is enabled again."""

    hook_id: str
    """The hook, for the API."""
    target_url: str
    """What it was sent to."""
    triggers: list[str]
    """What it was told of."""
    reason: str | None
    """Why it is disabled."""
    failing_since: Instant | None
    """When its first failure was; null where none was."""


class ProviderFailingEvent(EventBase, frozen=True, kw_only=True):
    """A provider's lookups fail. Told once for each time of trouble, and at most every six hours."""

    provider: str
    """Its name."""
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
    """What may be used now."""
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
