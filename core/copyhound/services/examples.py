"""Samples, examples and anti-examples of the actions. Tests ask jsonschema and msgspec whether they agree on them."""

from __future__ import annotations

from typing import Any, Final

from copyhound.domain.triggers import AntiExample

Json = dict[str, Any]
LIST: Final = "list_01k9x8r4tq2m6v0c3h7s1n5w9e"
SEARCH: Final = "search_01k9x8r4tv5w9z3c7f1j4m8q2t"
IMAGE: Final = "image_01k9x8r4ts8d1f5j9p3y7b2g6a"
MATCH: Final = "match_7q2v0m4c8hx1k5t9s3b6n0w2e"
_PICTURE: Final = "https://www.example.com/pictures/lighthouse.jpg"
_LIST_TOLD: Final[Json] = {
    "id": LIST,
    "label": "Summer collection",
    "monitored": True,
    "next_run_at": "2026-11-22T03:00:00Z",
    "created_at": "2026-11-21T09:29:40Z",
}
_SEARCH_TOLD: Final[Json] = {
    "id": SEARCH,
    "search_id": SEARCH,
    "list_id": LIST,
    "complete": True,
    "created_at": "2026-11-21T09:29:40Z",
    "completed_at": "2026-11-21T09:29:43Z",
    "images": 1,
    "lookups": 2,
    "matches": 4,
    "outcomes": {"answered": 1, "skipped": 1},
    "by_provider": [
        {"provider": "own_index", "outcome": "answered", "lookups": 1, "matches": 4, "reason": None},
        {
            "provider": "tineye",
            "outcome": "skipped",
            "lookups": 1,
            "matches": 0,
            "reason": "tineye is not set up: plugins.tineye: it lacks the required field `api_key`.",
        },
    ],
}

SAMPLES: Final[dict[str, Json]] = {
    "start_search": {
        "id": SEARCH,
        "search_id": SEARCH,
        "list_id": LIST,
        "images": 1,
        "providers": ["own_index"],
        "created_at": "2026-11-21T09:29:40Z",
    },
    "find_search": {"id": SEARCH, "found": True, "items": [_SEARCH_TOLD]},
    "create_list": _LIST_TOLD,
    "find_list": {"id": LIST, "found": True, "items": [_LIST_TOLD]},
    "add_images": {
        "id": IMAGE,
        "list_id": LIST,
        "count": 1,
        "images": [{"id": IMAGE, "name": "lighthouse.jpg", "source_url": _PICTURE}],
    },
    "decide_match": {
        "id": MATCH,
        "match_id": MATCH,
        "list_id": LIST,
        "image_id": IMAGE,
        "image_url": "https://shop.example.com/img/9f2c.jpg",
        "host": "shop.example.com",
        "decision": "infringing",
        "note": "No licence; letter sent.",
        "decided_at": "2026-11-21T10:02:11Z",
    },
    "export_matches": {
        "id": LIST,
        "list_id": LIST,
        "rows": [],
        "truncated": False,
        "download_url": f"https://copyhound.example.org/api/v1/lists/{LIST}/export?format=csv",
    },
}
"""Action -> an answer."""

EXAMPLES: Final[dict[str, tuple[Json, ...]]] = {
    "start_search": (
        {"images": [{"url": _PICTURE}], "list_label": "Summer collection"},
        {
            "images": [{"base64": "data:image/png;base64,iVBORw0KGgo=", "name": "logo.png"}, {"url": _PICTURE}],
            "list_id": LIST,
            "providers": ["own_index"],
            "verify": False,
        },
    ),
    "find_search": ({"search_id": SEARCH},),
    "create_list": (
        {"label": "Summer collection"},
        {"label": "Weekly", "monitored": True, "schedule": {"days": 7, "at": "04:30", "timezone": "Europe/Berlin"}},
        {
            "label": "By cron",
            "monitored": True,
            "schedule": {"cron": "0 6 * * 1"},
            "providers": ["own_index"],
            "min_confidence": 80,
        },
        {"label": "Summer collection", "if_absent": True},
    ),
    "find_list": ({"label": "Summer collection"}, {"label": "summer", "exact": False}),
    "add_images": ({"list_id": LIST, "images": [{"url": _PICTURE, "name": "lighthouse.jpg"}]},),
    "decide_match": (
        {"match_id": MATCH, "decision": "infringing", "note": "No licence; letter sent."},
        {"match_id": MATCH, "decision": "allowed", "note": None},
        {"match_id": MATCH, "decision": "open"},
    ),
    "export_matches": (
        {"list_id": LIST},
        {"list_id": LIST, "match_type": "partial", "min_confidence": 75.5, "found_after": "2026-11-01T00:00:00Z"},
    ),
}
"""Action -> inputs that it takes."""

ANTI_EXAMPLES: Final[dict[str, tuple[AntiExample, ...]]] = {
    "start_search": (
        AntiExample({}, "`images` is required."),
        AntiExample({"images": []}, "At least one image is needed."),
        AntiExample({"images": [{"path": "/tmp/a.jpg"}]}, "An image has no field `path`: files are not read."),
        AntiExample({"images": _PICTURE}, "`images` is a list, also of one image."),
        AntiExample({"images": [_PICTURE]}, "An image is an object with `url` or `base64`."),
        AntiExample({"images": [{"url": _PICTURE}], "verify": "yes"}, "`verify` is true or false, without quotes."),
        AntiExample({"images": [{"url": _PICTURE}], "list_label": ""}, "A label has at least one character."),
    ),
    "find_search": (
        AntiExample({}, "`search_id` is required."),
        AntiExample({"search_id": None}, "An id is a text."),
        AntiExample({"search_id": [SEARCH]}, "One search is looked at, not a list of them."),
        AntiExample({"id": SEARCH}, "The field is called `search_id`."),
        AntiExample({"search_id": SEARCH, "wait": 30}, "It answers at once: ask again until `complete` is true."),
    ),
    "create_list": (
        AntiExample({"label": ""}, "A label has at least one character."),
        AntiExample({"monitored": True}, "`label` is required."),
        AntiExample({"label": "x", "min_confidence": 101}, "Confidence is 0 to 100."),
        AntiExample({"label": "x", "schedule": {"days": 0}}, "A schedule is at least a day."),
        AntiExample({"label": "x", "schedule": {"days": 1, "at": "25:00"}}, "A day ends at 23:59."),
        AntiExample({"label": "x", "colour": "red"}, "Unknown fields are refused, so that none is misspelt unseen."),
    ),
    "find_list": (
        AntiExample({}, "`label` is required."),
        AntiExample({"label": ""}, "A label has at least one character."),
        AntiExample({"name": "Summer"}, "The field is called `label`."),
    ),
    "add_images": (
        AntiExample({"images": [{"url": _PICTURE}]}, "`list_id` is required."),
        AntiExample({"list_id": LIST, "images": []}, "At least one image is needed."),
        AntiExample({"list_id": LIST, "images": [{"url": 7}]}, "An address is a text."),
    ),
    "decide_match": (
        AntiExample({"match_id": MATCH}, "`decision` is required."),
        AntiExample({"match_id": MATCH, "decision": "maybe"}, "It is open, infringing, allowed or not_a_match."),
        AntiExample({"match_id": MATCH, "decision": "Allowed"}, "Values are written in small letters."),
        AntiExample(
            {"match_id": MATCH, "decision": "open", "note": "x" * 2001}, "A note has at most 2,000 characters."
        ),
    ),
    "export_matches": (
        AntiExample({"list_id": 7}, "An id is a text."),
        AntiExample({"list_id": LIST, "match_type": "similar"}, "It is full or partial, or left out."),
        AntiExample({"list_id": LIST, "min_confidence": -1}, "Confidence is 0 to 100."),
    ),
}
"""Action -> inputs that it refuses, each with its reason."""
