"""The manual in a real browser."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from copyhound.http.manual import page_text, pages, rendered

CHROMIUM = shutil.which("chromium")
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run",
]  # fmt: skip
CUT_OFF = """() => {
    const width = document.documentElement.clientWidth;
    const outside = box => box.getBoundingClientRect().right > width + 1;
    const scrolls = box => getComputedStyle(box).overflowX === "auto" && !outside(box);
    const reached = box => { while (box && !scrolls(box)) box = box.parentElement; return box !== null; };
    return [...document.querySelectorAll("body *")].filter(b => outside(b) && !reached(b)).map(b => b.tagName);
}"""
"""What lies beyond the page's right side, where nothing of its own scrolls to it."""

pytestmark = pytest.mark.skipif(
    CHROMIUM is None and os.environ.get("CI") != "true",
    reason="Chromium is not installed (Debian: apt-get install chromium)",
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield opened
        opened.close()


def shown(browser: Browser, width: int, page: str, text: str | None = None) -> Page:
    """A page of the manual in a window of so many pixels."""
    opened = browser.new_page(viewport={"width": width, "height": 800})
    opened.route("http*://**", lambda route: route.abort())
    opened.set_content(rendered(page, text or page_text(page) or ""))
    return opened


@pytest.mark.parametrize("width", [1200, 390])
def test_nothing_is_cut_off(browser: Browser, width: int) -> None:
    """On a desk and on a phone no page is wider than the window, and all that is wide scrolls within it."""
    for name in pages():
        page = shown(browser, width, name)
        assert page.evaluate(CUT_OFF) == [], name
        assert page.evaluate("document.documentElement.scrollWidth") == width, name
        page.close()


def test_what_is_wide_scrolls_by_keyboard(browser: Browser) -> None:
    """The tab key reaches a wide table and a long line of code, and the arrow keys move them."""
    cells = " | ".join(["a_long_name_without_a_gap"] * 9)
    text = f"| {cells} |\n|{'---|' * 9}\n| {cells} |\n\n```\n{'long ' * 200}\n```\n"
    page = shown(browser, 390, "index", text)
    for box in (page.locator(".wide"), page.locator("pre")):
        box.focus()
        page.keyboard.press("ArrowRight")
        page.wait_for_function("box => box.scrollLeft > 0", arg=box.element_handle())
        assert box.evaluate("box => document.activeElement === box")
    page.close()
