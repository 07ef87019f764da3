"""Samples, examples and anti-examples of the events. Tests ask jsonschema and msgspec whether they agree on them."""

from __future__ import annotations

from typing import Any, Final

from copyhound.domain.triggers import AntiExample

Json = dict[str, Any]
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
_UNSEEN: Final[Json] = {
    **_MATCH,
    "page_url": None,
    "page_title": None,
    "pages": [],
    "verified": False,
    "confidence": None,
    "score": None,
    "match_type": None,
    "edits": [],
    "query_share": None,
    "match_share": None,
    "width": None,
    "height": None,
    "overlay_url": None,
}
"""A copy that a provider told of, and that we could not look at."""
_SEARCH: Final[Json] = {
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
}
_HOOK: Final[Json] = {
    "hook_id": "hook_01k9x8r4tw6x0a4d8g2k5n9r3v",
    "target_url": "https://hooks.example.com/copyhound",
    "triggers": ["match_found"],
    "reason": "The receiver answered 410 Gone.",
    "failing_since": None,
}
_PROVIDER: Final[Json] = {
    "provider": "tineye",
    "outcome": "transient",
    "reason": "tineye failed: it did not answer within 60 seconds",
    "failures": 5,
    "failing_since": "2026-11-21T09:12:44Z",
}
_CREDITS: Final[Json] = {"remaining": 1250, "granted": 5000, "expires_at": "2028-11-20T00:00:00Z"}
_BODIES: Final[dict[str, Json]] = {
    "match_found": _MATCH,
    "new_domain_found": _MATCH,
    "search_complete": _SEARCH,
    "match_removed": _MATCH,
    "match_returned": _MATCH,
    "hook_disabled": _HOOK,
    "provider_failing": _PROVIDER,
    "credits_low": _CREDITS,
}
_MORE: Final[dict[str, tuple[Json, ...]]] = {
    "match_found": (_UNSEEN,),
    "new_domain_found": (_UNSEEN,),
    "search_complete": (
        {
            **_SEARCH,
            "kind": "monitor",
            "outcomes": {"answered": 2, "quota": 10},
            "matches": 2,
            "new_matches": 0,
        },
    ),
    "match_removed": (_UNSEEN,),
    "match_returned": (_UNSEEN,),
    "hook_disabled": (
        {
            **_HOOK,
            "reason": "Every attempt failed for 5 days.",
            "failing_since": "2026-11-16T09:30:00Z",
        },
    ),
    "provider_failing": (
        {**_PROVIDER, "outcome": "quota", "reason": None, "failures": 2},
        {**_PROVIDER, "outcome": "blocked", "reason": "It answered with a captcha."},
    ),
    "credits_low": ({**_CREDITS, "remaining": 0},),
}
_MATCH_FAULTS: Final[tuple[tuple[Json, str], ...]] = (
    ({"confidence": "99.2"}, "A number is no text."),
    ({"match_type": "similar"}, "A copy is full or partial; null where nothing was compared."),
    ({"verified": "yes"}, "It is true or false."),
    ({"pages": ["https://shop.example.com/posters"]}, "A page is an object with `url` and `title`."),
    ({"edits": [{"kind": "sharpened"}]}, "Not one of the edits that are told apart."),
    ({"domain": None}, "A copy always has a domain."),
)
_FAULTS: Final[dict[str, tuple[tuple[Json, str], ...]]] = {
    "match_found": _MATCH_FAULTS,
    "new_domain_found": _MATCH_FAULTS,
    "search_complete": (
        ({"outcomes": ["answered"]}, "Outcomes are counted: an object of numbers."),
        ({"images": 12.5}, "Images are counted in whole numbers."),
        ({"completed_at": None}, "A search that is told of has ended."),
    ),
    "match_removed": _MATCH_FAULTS,
    "match_returned": _MATCH_FAULTS,
    "hook_disabled": (
        ({"triggers": "match_found"}, "Triggers are a list, also of one."),
        ({"target_url": None}, "A hook always has a target."),
    ),
    "provider_failing": (
        ({"outcome": "slow"}, "Not one of the outcomes."),
        ({"failures": "5"}, "A number is no text."),
        ({"failing_since": None}, "There was a first failure."),
    ),
    "credits_low": (
        ({"remaining": "1250"}, "A number is no text."),
        ({"expires_at": None}, "A bundle always ends."),
    ),
}
_ENVELOPE_FAULTS: Final[tuple[tuple[Json, str], ...]] = (
    ({"sequence": "41"}, "A sequence is a number: pollers compare it."),
    ({"timestamp": "yesterday"}, "A time is ISO 8601."),
    ({"timestamp": "2026-11-21T09:30:01"}, "A time names its zone."),
    ({"id": 41}, "An id is a text."),
)


def _event(trigger: str, fields: Json, number: int = 0) -> Json:
    name = f"evt_sample_{trigger}" + (f"_{number}" if number else "")
    envelope = {"id": name, "type": trigger, "timestamp": "2026-11-21T09:30:01Z", "sequence": 41 + number}
    return {**envelope, **fields}


def _refused(trigger: str) -> tuple[AntiExample, ...]:
    sample = SAMPLES[trigger]
    lost = next(iter(_BODIES[trigger]))
    missing = [
        AntiExample({key: value for key, value in sample.items() if key != name}, f"`{name}` is missing.")
        for name in ("id", lost)
    ]
    faults = (*_ENVELOPE_FAULTS, *_FAULTS[trigger])
    return (*missing, *(AntiExample({**sample, **fault}, reason) for fault, reason in faults))


SAMPLES: Final[dict[str, Json]] = {key: _event(key, fields) for key, fields in _BODIES.items()}
"""Trigger -> an event of it, as the documentation and the forms show it."""
EXAMPLES: Final = {
    key: tuple(_event(key, fields, number) for number, fields in enumerate(more, 1)) for key, more in _MORE.items()
}
"""Trigger -> further events, with what may be null or empty."""
ANTI_EXAMPLES: Final[dict[str, tuple[AntiExample, ...]]] = {key: _refused(key) for key in _BODIES}
"""Trigger -> what is none of its events, each with its reason."""
