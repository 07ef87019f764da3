"""A match as a flat row of an export."""

from __future__ import annotations

import csv
import io
from typing import Any, Final

import msgspec

from copyhound.domain.matches import Decision, MatchStatus
from copyhound.domain.pictures import Edit, MatchType
from copyhound.http.wire.common import Instant
from copyhound.services.exports import COLUMNS


class ExportRow(msgspec.Struct):
    """A match. In CSV the columns are these, in this order; lists are texts with spaces between their parts."""

    match_id: str
    image_id: str
    image_name: str
    image_url: str
    host: str
    domain: str
    page_url: str | None
    page_title: str | None
    pages: list[str]
    providers: list[str]
    status: MatchStatus
    decision: Decision
    note: str | None
    verified: bool
    confidence: float | None
    score: float | None
    match_type: MatchType | None
    edits: list[Edit]
    query_share: float | None
    match_share: float | None
    width: int | None
    height: int | None
    first_seen: Instant
    last_seen: Instant


SAMPLE: Final[dict[str, Any]] = {
    "match_id": "match_01k9xq3v1c8m4t7z2r5w6y0abc",
    "image_id": "image_01k9xq2h6d3n8s1v4x7z9b2def",
    "image_name": "lighthouse.jpg",
    "image_url": "https://cdn.example.com/2026/lighthouse-small.jpg",
    "host": "blog.example.com",
    "domain": "example.com",
    "page_url": "https://blog.example.com/a-day-at-the-sea",
    "page_title": "A day at the sea",
    "pages": ["https://blog.example.com/a-day-at-the-sea"],
    "providers": ["copyhound_index"],
    "status": "online",
    "decision": "open",
    "note": None,
    "verified": True,
    "confidence": 99.4,
    "score": 71.5,
    "match_type": "partial",
    "edits": [{"kind": "cropped", "share": 42.0}, {"kind": "recompressed"}],
    "query_share": 58.0,
    "match_share": 100.0,
    "width": 640,
    "height": 480,
    "first_seen": "2026-11-21T09:30:01Z",
    "last_seen": "2026-11-22T09:30:04Z",
}


def _csv() -> str:
    told = {**SAMPLE, "pages": SAMPLE["page_url"], "providers": "copyhound_index"}
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(COLUMNS)
    writer.writerow([{**told, "edits": "cropped(share=42) recompressed"}[column] for column in COLUMNS])
    return file.getvalue()


FILES: Final[dict[str, tuple[Any, Any]]] = {
    "text/csv": (str, _csv()),
    "application/json": (list[ExportRow], [SAMPLE]),
    "application/jsonl": (str, msgspec.json.encode(SAMPLE).decode() + "\n"),
}
"""Media type -> (type, example) of an export."""
