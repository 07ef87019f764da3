"""How the demo reads the public API."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from copyhound.demo.client import Client
from copyhound_client import CopyhoundApiError

SEEN = "2026-11-21T09:30:01Z"
COMPARISON = {
    "confidence": 99.5,
    "score": 41.0,
    "match_type": "partial",
    "query_share": 58.0,
    "match_share": 100.0,
    "matrix": [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
    "pixels_checked": True,
    "edits": [
        {"kind": "cropped", "share": 41.6},
        {"kind": "rotated", "angle": -11.2},
        {"kind": "resized", "factor": 0.5},
        {"kind": "mirrored"},
    ],
}


def match(number: int, comparison: dict[str, Any] | None) -> dict[str, Any]:
    """A match as the API's document has it, with what the demo reads."""
    return {
        "id": f"match_{number}",
        "list_id": "list_1",
        "image_id": "image_1",
        "image_url": f"http://127.0.0.1:1/media/{number}.jpg",
        "host": "127.0.0.1",
        "domain": "127.0.0.1",
        "providers": ["copyhound_index"],
        "pages": [{"url": "http://127.0.0.1:1/posts/1.html", "title": None, "first_seen": None, "last_seen": None}],
        "verification": {"state": "verified", "at": SEEN, "reason": None, "comparison": comparison},
        "status": "online",
        "decision": "open",
        "decided_at": None,
        "note": None,
        "first_seen": SEEN,
        "last_seen": SEEN,
        "width": 640,
        "height": 480,
        "small": False,
        "overlay_url": None,
        "thumbnail_url": None,
    }


def answering(pages: dict[str, dict[str, Any]]) -> httpx.MockTransport:
    """Answers by cursor; 404 for another path."""

    def handle(request: httpx.Request) -> httpx.Response:
        if request.url.path != "/api/v1/lists/list_1/matches":
            return httpx.Response(404, json={"detail": "There is no such thing here."})
        assert request.headers["X-API-Key"] == "a key"
        return httpx.Response(200, json=pages[request.url.params.get("cursor", "")])

    return httpx.MockTransport(handle)


def test_hits_of_all_pages_are_read() -> None:
    """The client follows the cursor, and tells edits in words."""
    pages: dict[str, dict[str, Any]] = {
        "": {"items": [match(1, COMPARISON)], "cursor": "next"},
        "next": {"items": [match(2, None)], "cursor": None},
    }
    with Client("http://127.0.0.1:1", "a key", answering(pages)) as client:
        first, second = client.hits("list_1", {"image_1": "kodak_0001.jpg"})
    assert (first.image, first.path, first.confidence) == ("kodak_0001", "/media/1.jpg", 99.5)
    assert first.edits == ("cropped: 41.6 % cut away", "rotated 11.2° anticlockwise", "resized to 50 %", "mirrored")
    assert first.shares == "58 % of the image and 100 % of the copy are in common"
    assert (second.match_type, second.confidence) == ("unchecked", 0.0)


def test_an_error_tells_its_detail() -> None:
    """An error answer is raised with what the server said."""
    with (
        Client("http://127.0.0.1:1", "a key", answering({})) as client,
        pytest.raises(CopyhoundApiError, match="no such thing"),
    ):
        client.search("search_1")
