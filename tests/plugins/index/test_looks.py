"""What a page says of itself, and how large it shows its pictures: read from markup, and brought along by a crawl."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from copyhound.plugin_api import Lead, Page, SourceItem
from copyhound_index.frontier import Record
from copyhound_index.html import Found, read_page

from .conftest import CrawlOnce
from .little_site import JsonState, LittleSite
from .test_site import everything, path

PAGE = "http://example.org/page"


def read(html: str, language: str | None = None) -> Found:
    return read_page(html.encode(), PAGE, charset=None, min_side=0, all_sizes=False, robots="", language=language)


@pytest.mark.parametrize(
    ("html", "header", "language"),
    [
        ('<html lang="en">', None, "en"),
        ('<html lang="EN-gb">', None, "en"),
        ('<html lang="zh_Hant_TW">', None, "zh"),
        ('<html lang="de"><meta http-equiv="content-language" content="fr">', "it", "de"),
        ('<html xml:lang="pt-BR">', None, "pt"),
        ('<meta http-equiv="Content-Language" content="fr, en">', "it", "fr"),
        ("<p>x", "it-IT, en", "it"),
        ('<meta property="og:locale" content="nl_NL">', None, "nl"),
        ('<meta property="og:locale" content="nl_NL">', "it", "it"),
        ('<html lang="">', None, None),
        ('<html lang="english">', None, None),
        ('<html lang="x">', "*", None),
        ("", None, None),
    ],
)
def test_the_language_is_what_the_page_says(html: str, header: str | None, language: str | None) -> None:
    """html's lang, xml:lang, a content-language in the page, the header, og:locale, in this order; without a region."""
    assert read(html, header).language == language


@pytest.mark.parametrize(
    ("html", "description"),
    [
        ('<meta name="description" content=" Shoes \n and bags ">', "Shoes and bags"),
        ('<meta name="Description" content="A"><meta property="og:description" content="B">', "A"),
        ('<meta name="description" content=""><meta property="og:description" content="B">', "B"),
        ('<meta name="twitter:description" content="C">', "C"),
        (f'<meta name="description" content="{"x" * 900}">', "x" * 300),
        ("<p>Only text.</p>", None),
    ],
)
def test_the_description_is_the_pages_own(html: str, description: str | None) -> None:
    """meta description, else og:description, else twitter:description; in one line, cut."""
    assert read(html).description == description


@pytest.mark.parametrize(
    ("markup", "size"),
    [
        ('<img src="a.jpg" width="300" height="200">', (300, 200)),
        ('<img src="a.jpg" width=" 300px " height="200.5">', (300, 200)),
        ('<img src="a.jpg" width="300">', (300, None)),
        ('<img src="a.jpg" width="50%" height="auto">', None),
        ('<img src="a.jpg" width="-3" height="1234567">', None),
        ('<img src="a.jpg" width="300" style="width: 120px; HEIGHT:80.7px !important">', (120, 80)),
        ('<img src="a.jpg" style="max-width:120px;height:5em">', None),
        ('<img srcset="a.jpg 600w" sizes="320px">', (320, None)),
        ('<img srcset="a.jpg 600w" sizes="(max-width: 600px) 100vw, 320px">', None),
        ('<picture><source srcset="a.jpg"><img src="b.jpg" width="30" height="20"></picture>', (30, 20)),
        ('<picture><source srcset="a.jpg" width="9" height="8"><img src="b.jpg" width="30"></picture>', (9, 8)),
        ('<video poster="a.jpg" width="640" height="360">', (640, 360)),
        ('<div style="background: url(a.jpg); width: 90px">', (90, None)),
        ('<img src="a.jpg"><img src="a.jpg" width="5"><img src="a.jpg" width="7">', (5, None)),
        ('<meta property="og:image" content="a.jpg"><img src="b.jpg" width="30">', None),
        ('<a href="a.jpg">', None),
    ],
)
def test_the_size_is_that_on_the_page(markup: str, size: tuple[int | None, int | None] | None) -> None:
    """Inline style before attributes before plain sizes; what is no number of pixels is not known."""
    found = read(markup)
    assert "http://example.org/a.jpg" in found.pictures
    assert found.sizes.get("http://example.org/a.jpg") == size


HOME = """<html lang="en-GB"><head><title>Home</title><meta name="description" content="All shoes"></head>
<body><img src="/one.jpg" width="300" height="200"><a href="/more">more</a></body></html>"""
MORE = '<html lang="fr"><body><img src="/one.jpg" style="width:50px"><img src="/two.jpg"></body></html>'


@pytest.fixture
def looking_site(site: LittleSite) -> LittleSite:
    site.page("/", HOME)
    site.page("/more", MORE)
    for name in ("/one.jpg", "/two.jpg"):
        site.picture(name)
    return site


async def pages_of(crawl: Any) -> dict[str, list[Page]]:
    found: dict[str, list[Page]] = {}
    for one in await everything(crawl):
        if isinstance(one, SourceItem | Lead):
            found.setdefault(path(one.image_url), []).extend(one.pages)
    return found


async def test_a_crawl_tells_what_pages_say(looking_site: LittleSite, crawl: CrawlOnce) -> None:
    """With the picture, and with a lead to a further page of it: language, description, and its size on that page."""
    found = await pages_of(crawl())
    home, more = found["/one.jpg"]
    assert (home.title, home.language, home.description) == ("Home", "en", "All shoes")
    assert (home.width_on_page, home.height_on_page) == (300, 200)
    assert (path(more.url), more.language, more.description) == ("/more", "fr", None)
    assert (more.width_on_page, more.height_on_page) == (50, None)
    assert [(page.language, page.width_on_page) for page in found["/two.jpg"]] == [("fr", None)]


async def test_pages_that_have_not_changed_still_tell(looking_site: LittleSite, crawl: CrawlOnce) -> None:
    """A page that answers 304 is known from the crawl before."""
    first = await pages_of(crawl())
    assert await pages_of(crawl()) == first


async def test_what_an_older_crawl_has_read_is_read_once_more(
    looking_site: LittleSite, crawl: CrawlOnce, state: JsonState
) -> None:
    """Pages that were read before languages and sizes were looked for are asked for whole."""
    await everything(crawl())
    newer = ("language", "description", "sizes", "looked")
    for key in [key for key in state.values if key.startswith("page:")]:
        record = {name: value for name, value in json.loads(state.values[key]).items() if name not in newer}
        assert msgspec.convert(record, Record).validators
        state.values[key] = json.dumps(record)
    found = await pages_of(crawl())
    assert (found["/one.jpg"][0].language, found["/one.jpg"][0].width_on_page) == ("en", 300)
