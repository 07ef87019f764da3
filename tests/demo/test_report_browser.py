"""The report in a real browser."""

from __future__ import annotations

import io
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, sync_playwright

CHROMIUM = shutil.which("chromium")
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run",
]  # fmt: skip

pytestmark = pytest.mark.skipif(
    CHROMIUM is None and os.environ.get("CI") != "true",
    reason="Chromium is not installed (Debian: apt-get install chromium)",
)


@pytest.fixture
def page(tmp_path: Path, small_report: Callable[[Path], Path]) -> Iterator[Page]:
    report = small_report(tmp_path)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        opened = browser.new_page(viewport={"width": 1200, "height": 900})
        opened.route("http*://**", lambda route: route.abort())
        opened.goto(report.as_uri())
        yield opened
        browser.close()


def colour(page: Page) -> tuple[int, ...]:
    """The colour in the middle of the first overlay."""
    shot = Image.open(io.BytesIO(page.locator(".window").first.screenshot())).convert("RGB")
    return shot.getpixel((shot.width // 2, shot.height // 2))  # type: ignore[return-value]


def test_pointing_at_an_overlay_switches_it(page: Page) -> None:
    """The copy is seen first; under the pointer the own picture takes its place, and it goes back after."""
    page.mouse.move(5, 5)
    red, _, blue = colour(page)
    assert red > 200 > 60 > blue
    page.locator(".switch").first.hover()
    red, _, blue = colour(page)
    assert blue > 200 > 60 > red
    page.mouse.move(5, 5)
    red, _, blue = colour(page)
    assert red > 200 > 60 > blue


def test_an_overlay_switches_by_keyboard(page: Page) -> None:
    """Who uses no pointer reaches it with the tab key."""
    page.mouse.move(5, 5)
    page.keyboard.press("Tab")
    red, _, blue = colour(page)
    assert blue > 200 > 60 > red


def test_the_report_shows_all_its_pictures(page: Page) -> None:
    """No picture is broken."""
    broken = page.evaluate("[...document.images].filter(picture => !picture.naturalWidth).map(picture => picture.src)")
    assert broken == []
