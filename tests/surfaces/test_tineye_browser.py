"""The documents' page of an overlay, in a real browser."""

from __future__ import annotations

import io
import os
import shutil
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import sync_playwright

from ..e2e.servers import Server
from ..fixtures.photos import jpeg, opened, photo

MINE = 13
CHROMIUM = shutil.which("chromium")


def on_grey(image: Image.Image) -> Image.Image:
    ground = Image.new("RGB", (image.width + 160, image.height + 90), (90, 90, 90))
    ground.paste(image, (130, 30))
    return ground


PAGE = """<!doctype html><title>Overlay</title>
<div id="overlay" style="background-image: url('{overlay}'); width: {width}px; height: {height}px; background-position: 0px center;"
 onmouseover="this.style.backgroundPosition='-{width}px center'"
 onmouseout="this.style.backgroundPosition='0px center'"></div>
<img id="plain" src="{overlay}">"""  # noqa: E501 - the documents' own lines
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]


def shown(page: str, match: dict[str, Any]) -> tuple[bytes, bytes, bytes, int]:
    """A page of another site: pictures of it before, while and after the mouse is over it; the width of the `img`."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-type", "text/html")
            self.end_headers()
            self.wfile.write(page.encode())

        def log_message(self, format: str, *args: object) -> None:
            """Keep the tests' output clean."""

    other = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=other.serve_forever, args=(0.05,), daemon=True).start()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        tab = browser.new_page(viewport={"width": 1000, "height": 2400})
        tab.goto(f"http://localhost:{other.server_port}/", wait_until="networkidle")
        box = tab.locator("#overlay")
        before = box.screenshot()
        box.hover(position={"x": 20, "y": 20})
        during = box.screenshot()
        tab.mouse.move(match["width"] + 50, match["height"] + 50)
        after = box.screenshot()
        width = int(tab.evaluate("document.querySelector('#plain').naturalWidth"))
        browser.close()
    other.shutdown()
    other.server_close()
    return before, during, after, width


@pytest.mark.skipif(
    CHROMIUM is None and os.environ.get("CI") != "true",
    reason="Chromium is not installed (Debian: apt-get install chromium)",
)
def test_the_documents_hover_example(tmp_path: Path) -> None:
    """The documents' page, on another site, shows the match; under the mouse the query; and the match again."""
    copy = jpeg(on_grey(opened(MINE)), 92)
    with Server(tmp_path / "data", COPYHOUND_LOG_LEVEL="warning") as server:
        with server.client() as native:
            sent = {"images": copy}, {"image_urls": "https://shifted.example.com/1.jpg"}
            assert native.post("/collections/web/entries", files=sent[0], data=sent[1]).status_code == 201
        answer = httpx.post(
            f"{server.url}/rest/search/",
            headers={"x-api-key": server.key},
            files={"image_upload": photo(MINE)},
            timeout=60,
            trust_env=False,
        )
        (match,) = answer.json()["results"]["matches"]
        page = PAGE.format(
            overlay=f"{server.url}/rest/{match['overlay']}", width=match["width"], height=match["height"]
        )
        before, during, after, width = shown(page, match)
    assert width == match["width"] * 2
    corners = [np.asarray(Image.open(io.BytesIO(one)).convert("L"), float)[:20, :60].mean() for one in (before, during)]
    assert abs(corners[0] - 90) < 8, "the match's grey ground"
    assert abs(corners[1] - 90) > 30, "the query has none"
    assert before == after != during
