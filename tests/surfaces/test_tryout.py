"""The vendors' APIs in the browser: tried with one's own key, on a real server with all plugins."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, sync_playwright

from ..e2e.servers import Server
from ..fixtures.photos import photo

CHROMIUM = shutil.which("chromium")
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run",
]  # fmt: skip

pytestmark = pytest.mark.skipif(
    CHROMIUM is None and os.environ.get("CI") != "true",
    reason="Chromium is not installed (Debian: apt-get install chromium)",
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("tryout") / "data", COPYHOUND_COMPUTE_WORKERS="1") as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield opened
        opened.close()


def opened(browser: Browser, server: Server, name: str, scheme: str) -> tuple[Page, list[str]]:
    """The page of a surface with the key entered, and the addresses that it asks for."""
    page = browser.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{server.url}/docs/try?api={name}")
    page.click("button.authorize")
    box = page.locator(".auth-container", has=page.get_by_text(scheme))
    if "Basic" in scheme:
        box.locator("input").first.fill("me")
    box.locator("input").last.fill(server.key)
    box.locator("button.authorize").click()
    page.click("button.btn-done >> nth=0")
    return page, asked


def unfolded(page: Page, method: str, path: str) -> Locator:
    """An operation, open for its fields to be filled."""
    operation = page.locator(f".opblock-{method}", has=page.locator(f"[data-path='{path}']"))
    operation.locator(".opblock-summary-control").click()
    operation.locator("button.execute").wait_for()
    return operation


def answered(operation: Locator) -> str:
    """Send it; the answer as it is shown, from its status on."""
    operation.locator("button.execute").click()
    row = operation.locator(".live-responses-table tr.response")
    row.wait_for()
    return row.inner_text()


def test_infringement_report_is_tried(server: Server, browser: Browser) -> None:
    """The key in X-API-Key, GET /3.0/user: 200; nothing is asked of any other host."""
    page, asked = opened(browser, server, "infringement_report-3.0", "(apiKey)")
    told = answered(unfolded(page, "get", "/3.0/user"))
    assert told.startswith("200")
    assert '"status": true' in told
    assert [url for url in asked if not url.startswith((server.url, "data:", "blob:"))] == []
    page.close()


def test_a_picture_is_searched_through_tineyes_api(server: Server, browser: Browser, tmp_path: Path) -> None:
    """A file chosen in the form is searched: TinEye's envelope, code 200."""
    file = tmp_path / "mine.jpg"
    file.write_bytes(photo(0))
    page, _ = opened(browser, server, "tineye-rest", "(apiKey)")
    operation = unfolded(page, "post", "/rest/search")
    operation.locator("input[type=file]").set_input_files(file)
    told = answered(operation)
    assert told.startswith("200")
    assert '"matches"' in told
    page.close()


def test_a_collection_is_counted_through_matchengines_api(server: Server, browser: Browser) -> None:
    """The key as the password of HTTP Basic, the collection in the path: MatchEngine's envelope."""
    page, _ = opened(browser, server, "matchengine-matchengine", "(http, Basic)")
    operation = unfolded(page, "get", "/matchengine/{collection}/rest/count")
    operation.locator("tr[data-param-name=collection] input").fill("known")
    told = answered(operation)
    assert told.startswith("200")
    assert '"method": "count"' in told
    page.close()
