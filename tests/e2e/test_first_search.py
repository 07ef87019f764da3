"""From an empty folder to the first match, as the quickstart tells it."""

from __future__ import annotations

import re
import time
from importlib import resources
from pathlib import Path

import httpx

from .servers import Server

DOCS = resources.files("copyhound.docs")
MINUTE = 60.0


def test_the_first_search_takes_less_than_a_minute(tmp_path: Path) -> None:
    """An empty folder, a first key, a server, pictures indexed, a search that finds one: all in a minute."""
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for name in ("kodak_0001.jpg", "kodak_0005.jpg"):
        (pictures / name).write_bytes((resources.files("copyhound.demo") / "pictures" / name).read_bytes())
    started = time.monotonic()
    server = Server(tmp_path / "data")
    try:
        server.start()
        server.command("index", "add", "folder", str(pictures), "--base-url", "https://cdn.example.org/p", "--json")
        answer = httpx.post(
            f"{server.url}/api/v1/searches?wait=20",
            headers={"X-API-Key": server.key},
            files=[("images", ("mine.jpg", (pictures / "kodak_0001.jpg").read_bytes()))],
            timeout=30,
        )
        seconds = time.monotonic() - started
    finally:
        server.kill()
    assert [match["image_url"] for match in answer.json()["matches"]] == ["https://cdn.example.org/p/kodak_0001.jpg"]
    assert seconds < MINUTE


def test_the_time_is_told() -> None:
    """The manual says how long it takes from nothing to the first search, installation included: under five minutes."""
    told = re.search(r"took\s+(\d+) seconds", (DOCS / "faq.md").read_text("utf-8"))
    assert told is not None
    assert int(told[1]) < 5 * MINUTE
