"""The triggers: each described here and nowhere else."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from copyhound.domain.triggers import Trigger
from copyhound.services.hooks import HookFilter
from copyhound.services.links import API
from copyhound.services.payloads import (
    HookDisabledEvent,
    MatchEvent,
    NewDomainEvent,
    ProviderFailingEvent,
    SearchCompleteEvent,
)

_FILTER_CHOICES: Final = {"list_ids": f"{API}/choices/lists", "providers": f"{API}/choices/providers"}


class ProviderFilter(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Of which providers a hook is told. Empty: of all."""

    providers: tuple[str, ...] = ()


_MATCH: Final[dict[str, Any]] = {
    "match_id": "match_7q2v0m4c8hx1k5t9s3b6n0w2e",
    "list_id": "list_01k9x8r4tq2m6v0c3h7s1n5w9e",
    "list_label": "Summer collection",
    "image_id": "image_01k9x8r4ts8d1f5j9p3y7b2g6a",
    "image_name": "lighthouse.jpg",
    "image_url": "https://shop.example.com/img/9f2c.jpg",
    "page_url": "https://shop.example.com/posters/lighthouse",
    "page_title": "Lighthouse poster",
    "pages": [{"url": "https://shop.example.com/posters/lighthouse", "title": "Lighthouse poster"}],
    "host": "shop.example.com",
    "domain": "example.com",
    "providers": ["own_index"],
    "verified": True,
    "confidence": 99.2,
    "score": 64.0,
    "match_type": "partial",
    "edits": [{"kind": "cropped", "share": 42.0}, {"kind": "mirrored"}],
    "query_share": 58.0,
    "match_share": 100.0,
    "width": 800,
    "height": 533,
    "overlay_url": "https://copyhound.example.org/api/v1/matches/match_7q2v0m4c8hx1k5t9s3b6n0w2e/overlay"
    "?workspace=ws_01k9x8r4tr&expires=1790000000&signature=c2FtcGxl",
    "first_seen": "2026-11-21T09:30:00Z",
    "last_seen": "2026-11-21T09:30:00Z",
}


def _sample(trigger: str, fields: dict[str, Any]) -> dict[str, Any]:
    envelope = {"id": f"evt_sample_{trigger}", "type": trigger, "timestamp": "2026-11-21T09:30:01Z", "sequence": 41}
    return {**envelope, **fields}


_ALL: Final = (
    Trigger(
        key="match_found",
        title="New match found",
        noun="Match",
        description="Triggers when a copy of one of your images is found at an address where none was known.",
        payload=MatchEvent,
        sample=_sample("match_found", _MATCH),
        filter=HookFilter,
        dynamic_fields=_FILTER_CHOICES,
    ),
    Trigger(
        key="new_domain_found",
        title="New domain found",
        noun="Domain",
        description="Triggers when a copy is found on a domain that is new to the list.",
        payload=NewDomainEvent,
        sample=_sample("new_domain_found", _MATCH),
        filter=HookFilter,
        dynamic_fields=_FILTER_CHOICES,
    ),
    Trigger(
        key="search_complete",
        title="Search complete",
        noun="Search",
        description="Triggers when every image of a search has its outcome from every provider.",
        payload=SearchCompleteEvent,
        sample=_sample(
            "search_complete",
            {
                "search_id": "search_01k9x8r4tv5w9z3c7f1j4m8q2t",
                "list_id": "list_01k9x8r4tq2m6v0c3h7s1n5w9e",
                "list_label": "Summer collection",
                "kind": "requested",
                "images": 12,
                "lookups": 12,
                "outcomes": {"answered": 9, "no_match": 3},
                "matches": 31,
                "new_matches": 4,
                "created_at": "2026-11-21T09:29:40Z",
                "completed_at": "2026-11-21T09:30:01Z",
            },
        ),
        filter=HookFilter,
        dynamic_fields=_FILTER_CHOICES,
    ),
    Trigger(
        key="match_removed",
        title="Match removed",
        noun="Match",
        description="Triggers when a copy is gone from its address, or another picture stands there.",
        payload=MatchEvent,
        sample=_sample("match_removed", _MATCH),
        filter=HookFilter,
        dynamic_fields=_FILTER_CHOICES,
    ),
    Trigger(
        key="match_returned",
        title="Match returned",
        noun="Match",
        description="Triggers when a copy that was removed is at its address again.",
        payload=MatchEvent,
        sample=_sample("match_returned", _MATCH),
        filter=HookFilter,
        dynamic_fields=_FILTER_CHOICES,
    ),
    Trigger(
        key="hook_disabled",
        title="Hook disabled",
        noun="Hook",
        description="Triggers when a hook is disabled because its receiver failed for days, or asked for it.",
        payload=HookDisabledEvent,
        sample=_sample(
            "hook_disabled",
            {
                "hook_id": "hook_01k9x8r4tw6x0a4d8g2k5n9r3v",
                "target_url": "https://hooks.example.com/copyhound",
                "triggers": ["match_found"],
                "reason": "The receiver answered 410 Gone.",
                "failing_since": None,
            },
        ),
    ),
    Trigger(
        key="provider_failing",
        title="Provider failing",
        noun="Provider",
        description="Triggers when lookups of a provider fail again and again; once, until it has been well again.",
        payload=ProviderFailingEvent,
        sample=_sample(
            "provider_failing",
            {
                "provider": "tineye",
                "outcome": "transient",
                "reason": "tineye failed: it did not answer within 60 seconds",
                "failures": 5,
                "failing_since": "2026-11-21T09:12:44Z",
            },
        ),
        filter=ProviderFilter,
        dynamic_fields={"providers": f"{API}/choices/providers"},
    ),
)
TRIGGERS: Final = {trigger.key: trigger for trigger in _ALL}
