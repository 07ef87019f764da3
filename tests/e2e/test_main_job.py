"""The main job through the front door: crawl a site, search, get webhooks, export, look at the overlay."""

from __future__ import annotations

import csv
import io
import json
import time
from pathlib import Path
from typing import Any

import httpx
from PIL import Image

from ..fixtures import photos
from ..fixtures.website import Website
from .servers import PATIENCE, Server


def wait_for(client: httpx.Client, path: str, done: Any) -> dict[str, Any]:
    """Poll a path until `done(body)`."""
    deadline = time.monotonic() + PATIENCE
    while not done(body := client.get(path).raise_for_status().json()):
        assert time.monotonic() < deadline, body
        time.sleep(0.05)
    return dict(body)


def test_the_main_job(tmp_path: Path) -> None:
    """A crawled site's copy is found by a search over the API, with its page, an overlay, an export and samples."""
    with Website() as site, Server(tmp_path / "data") as server, server.client() as client:
        site.put("/", b'<html><title>Posters</title><img src="/a.jpg"><a href="/two.html">more</a>')
        site.put("/two.html", b'<title>Second</title><img srcset="/b.jpg 2x"><img src="/a.jpg">')
        site.put("/a.jpg", photos.cropped(1))
        site.put("/b.jpg", photos.photo(12))
        settings = {"url": site.url + "/", "delay_seconds": 0}
        started = client.post("/collections/web/ingests", json={"source": "site", "settings": settings})
        assert started.status_code == 202, started.text
        ingest_path = f"/ingests/{started.json()['id']}"
        ingest = wait_for(client, ingest_path, lambda body: body["status"] in ("complete", "failed"))
        assert (ingest["status"], ingest["added"]) == ("complete", 2), server.tail()

        sent = client.post("/searches?wait=30", files=[("images", ("mine.jpg", photos.photo(1), "image/jpeg"))])
        assert sent.status_code == 200, sent.text
        list_id = sent.json()["list_id"]
        (match,) = client.get(f"/lists/{list_id}/matches").json()["items"]
        assert match["image_url"] == f"{site.url}/a.jpg"
        assert {page["title"] for page in match["pages"]} == {"Posters", "Second"}

        overlay = client.get(f"/matches/{match['id']}/overlay")
        picture = Image.open(io.BytesIO(overlay.content))
        assert picture.width == 2 * (picture.width // 2)
        without_key = httpx.get(match["overlay_url"], trust_env=False)
        assert without_key.content == overlay.content
        assert httpx.get(match["overlay_url"] + "0", trust_env=False).status_code in (401, 403)

        rows = list(csv.DictReader(io.StringIO(client.get(f"/lists/{list_id}/export?format=csv").text)))
        lines = client.get(f"/lists/{list_id}/export?format=jsonl").text.splitlines()
        whole = client.get(f"/lists/{list_id}/export?format=json").json()
        assert [row["image_url"] for row in rows] == [json.loads(line)["image_url"] for line in lines]
        assert whole == [json.loads(line) for line in lines]

        (sample, *_) = client.get("/triggers/match_found/samples").json()
        assert sample["image_url"] == match["image_url"]
