"""What the operations take, for the OpenAPI document."""

from __future__ import annotations

from typing import Any, Final

from copyhound.plugin_api.describing import FILE, form, operation, query

_PRETTY: Final = query("pretty", "`true`: the JSON is indented.")
_SIGNED: Final = tuple(
    query(name, f"Of clients that sign: {what}.")
    for name, what in (
        ("api_key", "the key's id"),
        ("date", "the time, in seconds since 1970"),
        ("nonce", "a text that is used once"),
        ("api_sig", "the signature, HMAC-SHA256 in hexadecimal"),
    )
)
_SEARCH: Final = (
    query("offset", "How many matches are skipped.", type="integer", default=0),
    query("limit", "How many matches are answered at most.", type="integer", default=100),
    query("sort", "What the matches are sorted by.", enum=["score", "size", "crawl_date"], default="score"),
    query("order", "Which way.", enum=["asc", "desc"], default="desc"),
    query("domain", "Only matches on this domain."),
    query("tags", "Only matches with one of these: `stock`, `collection`, or both with a comma."),
    query("backlink_limit", "How many backlinks a match has at most; -1 for all.", type="integer", default=100),
    query("min_score", "Only matches with this score at least.", type="number"),
    _PRETTY,
    *_SIGNED,
)
OPERATIONS: Final[dict[str, Any]] = {
    "GET /search": operation(
        "Search for the picture at an address.",
        query("image_url", "Where the picture is.", required=True),
        *_SEARCH,
    ),
    "POST /search": operation(
        "Search for an uploaded picture. The arguments may stand in the form too.",
        *_SEARCH,
        body=form("image_upload", image_upload=FILE),
    ),
    "GET /image_count": operation("How many pictures are indexed.", _PRETTY, *_SIGNED),
    "GET /remaining_searches": operation("The bundles that can be searched with.", _PRETTY, *_SIGNED),
    "GET /overlay/{query_hash}/{match_id}": operation(
        "A JPEG: the match on the left, the search image laid onto it on the right. Needs no key, but its link.",
        query("k", "What makes the link one of ours.", required=True),
        open=True,
    ),
    "GET /result/{match_id}": operation(
        "A JPEG: our small copy of a match. Needs no key, but its link.",
        query("k", "What makes the link one of ours.", required=True),
        open=True,
    ),
}
