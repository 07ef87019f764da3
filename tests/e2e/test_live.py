"""A page that listens to a running server."""

from __future__ import annotations

import json
import time
from importlib import resources
from pathlib import Path
from typing import Any

import httpx

from .servers import Server

GRACE = 8.0


def test_a_page_hears_what_is_found_and_does_not_hold_up_the_end(tmp_path: Path) -> None:
    """A feed's stream, opened without a key, tells of a match as it is found; the server then ends at once."""
    folder = resources.files("copyhound.demo") / "pictures"
    picture = (folder / "kodak_0001.jpg").read_bytes()
    with Server(tmp_path / "data") as server, server.client() as client:
        copy = {"images": ("copy.jpg", picture)}
        where = {"image_urls": "https://shop.example.com/copy.jpg"}
        assert client.post("/collections/web/entries", files=copy, data=where).status_code == 201
        list_id = client.post("/lists", json={"label": "Posters"}).json()["id"]
        feed = client.post("/feeds", json={"list_id": list_id}).json()
        with httpx.stream("GET", feed["live_url"], timeout=60, trust_env=False) as page:
            assert page.headers["content-type"].startswith("text/event-stream")
            lines = page.iter_lines()
            assert next(lines) == "retry: 3000"
            client.post("/searches?wait=30", files={"images": picture}, data={"list_id": list_id})
            told = _next_message(lines)
            assert (told["type"], told["list_id"]) == ("match_found", list_id)
            started = time.monotonic()
            server.stop()
            assert time.monotonic() - started < GRACE
        assert feed["live_url"].split("/")[-2] not in server.tail()


def _next_message(lines: Any) -> dict[str, Any]:
    line = next(line for line in lines if line.startswith("data: "))
    told: dict[str, Any] = json.loads(line.removeprefix("data: "))
    return told
