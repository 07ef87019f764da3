"""Infringement.Report's API as clients meet it: a real server, raw requests of the documents, another origin's web
app in a real browser, and our own provider against our own surface."""

from __future__ import annotations

import base64
import json
import os
import shutil
import socket
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import sync_playwright

from ..e2e.servers import PATIENCE, Server
from ..fixtures import photos
from ..fixtures.houses import home
from ..fixtures.website import Website
from .infringement_kit import counter

SAMPLE = """POST /3.0/search HTTP/1.1
Host: api.infringement.report
X-Api-Key: 123456789abcdef
"""
"""As the documents have it; a body is what it lacks."""
CHROMIUM = shutil.which("chromium")
WEB_APP = """async ([api, key, photo]) => {
    const headers = {"X-API-Key": key};
    const call = async (method, path, more = {}) => {
        const answer = await fetch(api + path, {method, ...more, headers: {...headers, ...more.headers}});
        return await answer.json();
    };
    const file = Uint8Array.from(atob(photo), one => one.charCodeAt(0));
    const made = await call("POST", "/list", {
        body: JSON.stringify({list_label: "From a web app"}), headers: {"Content-Type": "application/json"}});
    const id = made.result.list_id;
    const put = await call("PUT", `/list/${id}/file/photo.jpg`, {body: file, headers: {
        "Content-Type": "application/octet-stream", "X-Mime-Type": "image/jpeg", "X-Requested-With": "XMLHttpRequest",
        "Cache-Control": "no-cache"}});
    let list = made.result;
    do { list = (await call("GET", `/list/${id}`)).result; } while (list.search_in_progress);
    const found = await call("GET", `/list/${id}/query?group_by=host&use_ignore_lists=true`);
    const tagged = await call("PATCH", `/result/${found.result.query_result.groups[0].doclist.docs[0].id}`, {
        body: JSON.stringify({tag: "approved"}), headers: {"Content-Type": "application/json"}});
    const wrong = await fetch(api + "/list", {headers: {"X-API-Key": "noapikey"}});
    const shown = new Image();
    await new Promise((good, bad) => { shown.onload = good; shown.onerror = bad;
        shown.src = list.images[0].thumbnail_url; });
    const gone = await call("DELETE", `/list/${id}`);
    return {put, groups: found.result.query_result.ngroups, tagged, wrong: [wrong.status, await wrong.json()],
        width: shown.naturalWidth, gone};
}"""


class _Blank(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>Another origin</title>")

    def log_message(self, format: str, *args: object) -> None:
        """Keep the tests' output clean."""


@pytest.fixture(scope="module")
def another_origin() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Blank) as server:
        Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture(scope="module")
def site() -> Iterator[Website]:
    """Where the copies lie."""
    with Website() as opened:
        yield opened


@pytest.fixture(scope="module")
def vendor(tmp_path_factory: pytest.TempPathFactory, site: Website) -> Iterator[Server]:
    """A real server in the vendor's place; it has indexed three copies of one picture, and another one."""
    copies = {
        "cut.jpg": photos.cropped(1),
        "turned.jpg": photos.mirrored(1),
        "small.jpg": photos.jpeg(photos.opened(1), 50),
    }
    with Server(tmp_path_factory.mktemp("vendor") / "data") as server:
        entries = [
            {
                "image_url": site.put(f"/{name}", data),
                "base64": base64.b64encode(data).decode(),
                "pages": [{"url": f"{site.url}/page-of-{name}.html", "title": f"Page of {name}"}],
            }
            for name, data in {**copies, "other.jpg": photos.photo(5)}.items()
        ]
        with server.client() as client:
            answer = client.post("/collections/web/entries", json={"entries": entries})
            assert answer.is_success, answer.text
        yield server


@pytest.fixture
def api(vendor: Server) -> Iterator[httpx.Client]:
    with httpx.Client(
        base_url=f"{vendor.url}/3.0", headers={"X-API-Key": vendor.key}, timeout=PATIENCE, trust_env=False
    ) as client:
        yield client


def done(api: httpx.Client, list_id: int) -> dict[str, Any]:
    """A list whose search is over."""
    deadline = time.monotonic() + PATIENCE
    while True:
        found: dict[str, Any] = api.get(f"/list/{list_id}").json()["result"]
        if found["search_in_progress"] == 0:
            return found
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_the_documents_request(vendor: Server, site: Website, api: httpx.Client) -> None:
    """The documents' own request, byte for byte but for host, key and the body that it lacks, starts a search."""
    host, key = urlsplit(vendor.url).netloc, vendor.key
    body = json.dumps({"images": [site.put("/mine.jpg", photos.photo(1))], "list_label": "Sample"}).encode()
    head = SAMPLE.replace("api.infringement.report", host).replace("123456789abcdef", key)
    head += f"Content-Length: {len(body)}\nConnection: close\n\n"
    address, _, port = host.partition(":")
    with socket.create_connection((address, int(port)), timeout=PATIENCE) as line:
        line.sendall(head.replace("\n", "\r\n").encode() + body)
        answer = b"".join(iter(lambda: line.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 200")
    told = json.loads(answer.partition(b"\r\n\r\n")[2])
    assert (told["status"], told["code"]) == (True, 100)
    assert done(api, told["list_id"])["list_label"] == "Sample"
    docs = api.get(f"/list/{told['list_id']}/query").json()["result"]["query_result"]["docs"]
    assert len(docs) == 3


def test_the_documents_filters(api: httpx.Client, site: Website) -> None:
    """Both filters of the documents are taken as they stand there; the first lets through what it should."""
    made = api.post("/search", json={"images": [site.put("/mine.jpg", photos.photo(1))]}).json()["list_id"]
    done(api, made)
    for text, count in (
        ('{"host-cont":"domain.com"}', 0),
        ('{"host-cont":"127.0"}', 3),
        ('{\n      "search_timestamp-between":"2017-10-01T01:01:01Z TO 2017-11-01T01:01:01Z"\n}', 0),
    ):
        found = api.get(f"/list/{made}/query", params={"filters": text}).json()["result"]["query_result"]
        assert found["matches"] == count, text


def test_progress_of_each_image(api: httpx.Client, site: Website) -> None:
    """While a search runs, each image tells whether it is done; a picture that does not come holds up only itself."""
    held = site.hold("/held.jpg")
    made = api.post("/search", json={"images": [site.put("/mine.jpg", photos.photo(1)), held.url]}).json()["list_id"]
    deadline = time.monotonic() + PATIENCE
    while True:
        images = api.get(f"/list/{made}").json()["result"]["images"]
        first, second = (image["last_search_complete"] for image in images)
        if first > 0:
            break
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert second == -1
    held.release(photos.photo(2))
    assert all(image["last_search_complete"] > 0 for image in done(api, made)["images"])


@pytest.mark.skipif(
    CHROMIUM is None and os.environ.get("CI") != "true",
    reason="Chromium is not installed (Debian: apt-get install chromium)",
)
def test_a_web_app_of_another_origin(vendor: Server, another_origin: str) -> None:
    """A page of another origin makes a list, uploads, polls, queries, tags and deletes in a real browser, whose
    preflights allow all of it; it can read errors, and show thumbnails."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--headless", "--no-sandbox"])
        page = browser.new_page()
        page.goto(another_origin)
        photo = base64.b64encode(photos.photo(1)).decode()
        told = page.evaluate(WEB_APP, [f"{vendor.url}/3.0", vendor.key, photo])
        browser.close()
    assert (told["put"]["success"], told["groups"], told["tagged"]["status"]) == (True, 1, True)
    assert told["wrong"][0] == 401
    assert told["wrong"][1]["status"] is False
    assert told["width"] > 50
    assert told["gone"]["status"] is True


async def test_preflights(tmp_path: Path) -> None:
    """A preflight of an allowed origin lists methods and headers; another origin gets no leave, errors included."""
    asked = {
        "Origin": "https://app.example",
        "Access-Control-Request-Method": "PUT",
        "Access-Control-Request-Headers": "x-api-key, content-type, x-mime-type, x-requested-with, cache-control",
    }
    async with counter(tmp_path / "all") as at:
        answer = await at.ask("OPTIONS", "/list/1/file/x.jpg", key=None, headers=asked)
        assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (204, "*")
        assert {"GET", "POST", "PUT", "PATCH", "DELETE"} <= set(
            answer.headers["access-control-allow-methods"].split(", ")
        )
        allowed = answer.headers["access-control-allow-headers"].split(", ")
        assert set(asked["Access-Control-Request-Headers"].split(", ")) <= set(allowed)
        error = await at.ask("GET", "/nonsense", headers={"Origin": "https://app.example"})
        assert error.headers["access-control-allow-origin"] == "*"
    async with counter(tmp_path / "one", allowed_origins=["https://app.example"]) as at:
        mine = await at.ask("OPTIONS", "/list", key=None, headers=asked)
        assert mine.headers["access-control-allow-origin"] == "https://app.example"
        assert mine.headers["vary"] == "Origin"
        for method in ("OPTIONS", "GET"):
            other = await at.ask(method, "/list", headers={**asked, "Origin": "https://evil.example"})
            assert "access-control-allow-origin" not in other.headers


@pytest.mark.parametrize("by_address", [True, False])
async def test_provider_against_surface(
    tmp_path: Path, vendor: Server, api: httpx.Client, site: Website, by_address: bool
) -> None:
    """Our provider asks a second Copyhound: the matches are those that the second one's native API gives."""
    settings = {"base_url": vendor.url, "api_key": vendor.key, "poll_seconds": 0.1, "keep_lists": True}
    mine = photos.photo(1)
    url = site.put("/mine.jpg", mine)
    plugins = {"infringement_report": settings}
    async with home(tmp_path / "data", plugins=plugins, log={"level": "error"}) as here:
        picture: bytes | str = url if by_address else mine
        progress = await here.search(picture, providers=("infringement_report",), verify=True)
        found = await here.matches(progress.search.list_id)
    expected = _native_matches(vendor, api)
    assert {(one.image_url, one.pages[0].url, one.pages[0].title) for one in found} == expected
    assert len(expected) == 3
    assert {str(one.verification.state) for one in found} == {"verified"}


def _native_matches(vendor: Server, api: httpx.Client) -> set[tuple[str, str, str]]:
    """What the second server's native API tells of the list that the provider made there."""
    newest = api.get("/list", params={"rows": 1}).json()["result"][0]
    assert newest["list_label"].endswith("(Copyhound)")
    with vendor.client() as native:
        lists = native.get("/lists", params={"label": "(Copyhound)"}).json()["items"]
        there = native.get(f"/lists/{lists[0]['id']}/matches").json()["items"]
    return {(one["image_url"], one["pages"][0]["url"], one["pages"][0]["title"]) for one in there}
