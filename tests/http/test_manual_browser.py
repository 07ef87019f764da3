"""The manual in a real browser."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from typing import Literal

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

CONTRASTS = """() => {
    const parts = text => text.match(/[0-9.]+/g).map(Number);
    const behind = box => {
        while (box.parentElement && parts(getComputedStyle(box).backgroundColor)[3] === 0) box = box.parentElement;
        return parts(getComputedStyle(box).backgroundColor);
    };
    const light = rgb => rgb.slice(0, 3)
        .map(v => v / 255).map(v => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
        .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
    const ratio = (a, b) => (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
    return [...document.querySelectorAll("nav h2, nav a, main h1, p, a, code, td, th")].map(box =>
        [box.tagName, ratio(light(parts(getComputedStyle(box).color)), light(behind(box)))]);
}"""
"""How much each text differs from what is behind it."""

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


@pytest.mark.parametrize(("width", "at_once"), [(1200, True), (390, False)])
def test_the_menu_leaves_room(browser: Browser, width: int, at_once: bool) -> None:
    """On a desk the menu stands beside the page; on a phone it opens by its button, by keyboard too."""
    page = shown(browser, width, "filters")
    nav, button = page.locator("nav"), page.locator("label[for=menu]")
    assert (nav.is_visible(), button.is_visible()) == (at_once, not at_once)
    heading = page.locator("main h1").bounding_box()
    assert heading is not None
    assert heading["y"] < 200
    if not at_once:
        page.locator("#menu").focus()
        page.keyboard.press("Space")
        assert nav.is_visible()
        assert page.evaluate(CUT_OFF) == []
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_can_be_read_by_day_and_night(browser: Browser, scheme: Literal["light", "dark"]) -> None:
    """Text, links, code, headings and menu stand out from what they lie on, 4.5 to 1 at least (WCAG AA)."""
    page = browser.new_page(color_scheme=scheme)
    page.set_content(
        rendered("filters", "# T\n\nText [link](lists.md) `code`\n\n```\nblock\n```\n\n| a |\n|---|\n| b |\n")
    )
    told = page.evaluate(CONTRASTS)
    assert {name for name, _ in told} >= {"P", "A", "CODE", "TD", "H2"}
    assert [(name, ratio) for name, ratio in told if ratio < 4.5] == []
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor") != "rgb(255, 255, 255)"
    assert dark == (scheme == "dark")
    page.close()
