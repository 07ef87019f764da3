"""Addresses, pages and sitemaps, read without a network."""

from __future__ import annotations

import gzip

import pytest

from copyhound_index.html import directives, read_page, sizes
from copyhound_index.sitemaps import read_sitemap
from copyhound_index.urls import is_picture_file, may_be_page, normalised, same_site

PAGE = "http://example.org/dir/page"


def read(
    html: str | bytes, *, charset: str | None = None, robots: str = "", min_side: int = 0
) -> tuple[str | None, list[str], list[str]]:
    body = html.encode() if isinstance(html, str) else html
    found = read_page(body, PAGE, charset=charset, min_side=min_side, all_sizes=False, robots=robots)
    return found.title, found.links, found.pictures


@pytest.mark.parametrize(
    ("address", "wanted"),
    [
        ("HTTP://Example.ORG:80", "http://example.org/"),
        ("https://example.org:443/a#b", "https://example.org/a"),
        ("https://example.org:8443/a", "https://example.org:8443/a"),
        ("x y/é?q=ü ü", "http://example.org/dir/x%20y/%C3%A9?q=%C3%BC%20%C3%BC"),
        ("/%7euser/%2f%c3%a9", "http://example.org/~user/%2F%C3%A9"),
        ("//cdn.example.org/a.jpg", "http://cdn.example.org/a.jpg"),
        ("../../../up", "http://example.org/up"),
        ("/a?b=1&utm_medium=x&c=&fbclid=7", "http://example.org/a?b=1&c="),
        ("/a;jsessionid=77?b=1", "http://example.org/a?b=1"),
        ("http://user:pass@example.org/a", "http://example.org/a"),
        ("http://bücher.example/", "http://xn--bcher-kva.example/"),
        ("http://[::1]:8000/a", "http://[::1]:8000/a"),
        ("  /blank \n", "http://example.org/blank"),
        ("javascript:alert(1)", None),
        ("mailto:a@b", None),
        ("ftp://example.org/", None),
        ("http://[bad/", None),
        ("http://example.org:port/", None),
        ("/" + "x" * 3000, None),
    ],
)
def test_addresses_have_one_spelling(address: str, wanted: str | None) -> None:
    """An address is resolved, and spelt in one way; what is no web address is None."""
    assert normalised(address, PAGE) == wanted


@pytest.mark.parametrize("url", ["http://e.org/" + "a/" * 40, "http://e.org/a/b/a/b/a/b/a/b", "http://e.org/x.pdf"])
def test_endless_paths_and_other_files_are_no_pages(url: str) -> None:
    """A path that goes ever deeper, or repeats itself, or ends like another kind of file is no page."""
    assert not may_be_page(url)
    assert may_be_page("http://e.org/shop/item.php?x=1")


def test_what_a_picture_file_is() -> None:
    """Picture files are told by their ending, whatever its case and whatever the query."""
    assert is_picture_file("http://e.org/A.JPG?x=1")
    assert not is_picture_file("http://e.org/jpg")


def test_what_belongs_to_a_site() -> None:
    """A site is its host, with and without www; the hosts below it if asked; never one that only ends alike."""
    assert same_site("https://www.example.org/a", "http://example.org/", subdomains=False)
    assert not same_site("http://img.example.org/", "http://example.org/", subdomains=False)
    assert same_site("http://img.example.org/", "http://www.example.org/", subdomains=True)
    assert not same_site("http://badexample.org/", "http://example.org/", subdomains=True)
    assert not same_site("http://example.org:81/", "http://example.org/", subdomains=True)


def test_markup_that_is_broken_is_read_all_the_same() -> None:
    """Unclosed and misnested markup, and addresses that are none, harm nothing."""
    _, links, pictures = read(
        "<p><a href=/a><img src='x.jpg'<b></p><img src='http://[bad'><a href>x</a><img><a href=b>"
    )
    assert pictures == ["http://example.org/dir/x.jpg"]
    assert "http://example.org/dir/b" in links


def test_lazy_and_noscript_pictures_are_found() -> None:
    """Pictures in the usual attributes of lazy loading, and in noscript, are found; in templates not."""
    html = "<img src=data:image/gif;base64,A data-srcset='a.jpg 1x, b.jpg 2x'><noscript><img src=c.jpg></noscript>"
    assert read(html + "<template><img src=t.jpg></template>")[2] == [
        "http://example.org/dir/b.jpg",
        "http://example.org/dir/c.jpg",
    ]


def test_pictures_in_styles_and_refreshes_are_found() -> None:
    """A picture in a style attribute is found, and a page that a refresh leads to."""
    html = """<meta http-equiv="Refresh" content="0; URL='/next'"><div style="background: url('/bg.jpg') no-repeat">"""
    assert read(html) == (None, ["http://example.org/next"], ["http://example.org/bg.jpg"])


def test_drawings_are_no_pictures() -> None:
    """SVG, AVIF and icons, which cannot be compared, are left out."""
    assert read("<img src=a.svg><img src=b.AVIF?x><img src=c.ico><img src=d.jpg>")[2] == [
        "http://example.org/dir/d.jpg"
    ]


def test_same_address_comes_once() -> None:
    """A picture or link that stands several times on a page comes once, in the order of the page."""
    assert read("<img src=b.jpg><img src=a.jpg><img src=b.jpg><a href=x><a href=x#y>")[1:] == (
        ["http://example.org/dir/x"],
        ["http://example.org/dir/b.jpg", "http://example.org/dir/a.jpg"],
    )


@pytest.mark.parametrize(
    ("body", "charset", "title"),
    [
        ("<title>é</title>".encode("latin-1"), "iso-8859-1", "é"),
        ("<meta charset=iso-8859-15><title>€</title>".encode("iso-8859-15"), None, "€"),
        ("<title>é</title>".encode("cp1252"), None, "é"),
        ("<title>é</title>".encode(), "no-such-charset", "é"),
        (b"\xef\xbb\xbf" + "<title>é</title>".encode(), "latin-1", "é"),
        (b"<title>\xff\xfe\x00</title>", "utf-8", "\ufffd\ufffd\ufffd"),
        (b"", None, None),
    ],
)
def test_titles_in_any_encoding(body: bytes, charset: str | None, title: str | None) -> None:
    """A page is decoded by its header, its meta, its BOM or a guess, and never fails."""
    assert read(body, charset=charset)[0] == title


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        (["noindex, NoFollow"], {"noindex", "nofollow"}),
        (["none"], {"none", "noindex", "nofollow"}),
        (["googlebot: noindex", "copyhound: nofollow"], {"nofollow"}),
        (["max-image-preview: none"], set()),
        (["unavailable_after: 25 Jun 2010, noindex"], {"noindex"}),
    ],
)
def test_directives_for_robots(texts: list[str], said: set[str]) -> None:
    """Directives for all robots and for us are taken, those for others not."""
    known = {"noindex", "nofollow", "none", "noimageindex"}
    assert directives(texts) & known == said


def test_largest_of_a_srcset() -> None:
    """The largest candidate is taken; addresses may hold commas, and descriptors may be broken."""
    assert sizes("a,1.jpg 100w,b.jpg 200w , c.jpg 50w", all_sizes=False) == ["b.jpg"]
    assert sizes("a.jpg, b.jpg 1.5x", all_sizes=True) == ["b.jpg", "a.jpg"]
    assert sizes("a.jpg 1.2.3x", all_sizes=False) == ["a.jpg"]
    assert sizes("", all_sizes=True) == []
    assert sizes(",,, ,", all_sizes=True) == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html></html>",
        b"<urlset><url>",
        b"hello world",
        b"\x1f\x8bbroken",
        b"<!DOCTYPE a><urlset/>",
        b"\xff\xfe<",
    ],
)
def test_what_is_no_sitemap(body: bytes) -> None:
    """What is broken, or something else, is no sitemap."""
    assert read_sitemap(body) is None


def test_sitemap_with_pictures() -> None:
    """A sitemap gives its pages, and the pictures that it names with their pages."""
    body = b"""\xef\xbb\xbf<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"
      xmlns:image="http://www.google.com/schemas/sitemap-image/1.1"><url><loc> http://e.org/a </loc>
      <image:image><image:loc>http://e.org/a.jpg</image:loc></image:image></url><url><loc>bad</loc></url></urlset>"""
    for packed in (body, gzip.compress(body)):
        found = read_sitemap(packed)
        assert found is not None
        assert found.pages == ["http://e.org/a"]
        assert found.pictures == [("http://e.org/a.jpg", "http://e.org/a")]


HOSTILE = {
    "nested": "<div>" * 1_000_000,
    "nested, other tags closed": "<div></span>" * 400_000,
    "nested, slashed": "<div/>" * 800_000,
    "nested out of scope": "<div><object></div>" * 250_000,
    "formatting": "<p><b><i><u><s>" * 300_000,
    "attributes": "<img " + " ".join(f"a{n}" for n in range(600_000)) + ">",
    "attributes after a quoted bracket": '<img x=">" ' + " ".join(f"a{n}" for n in range(600_000)) + ">",
    "attributes after a lone quote": '<img " ' + " ".join(f"a{n}" for n in range(600_000)) + ">",
    "links": "<a href=x>" * 500_000,
    "blank srcset": '<img srcset="' + " " * 5_000_000 + '">',
    "equals": "<a " + "=" * 5_000_000,
}


@pytest.mark.parametrize("kind", HOSTILE)
@pytest.mark.timeout(60)
def test_hostile_pages_are_read_quickly(kind: str) -> None:
    """A page that is made to hold up the parser takes seconds at most, where it would take minutes or hours."""
    title, _, pictures = read("<title>ok</title><img src=/a.jpg>" + HOSTILE[kind])
    assert title == "ok"
    assert pictures[0] == "http://example.org/a.jpg"


def test_real_pages_are_left_as_they_are() -> None:
    """Long values, many elements, unclosed paragraphs and drawings are no reason to cut a page."""
    shapes = "<svg>" + "<path d='M0 0'/>" * 3000 + "</svg>"
    rows = "<table>" + "<tr><td><div><p>cell<br>" * 3 + "</div></table>" + "<ul>" + "<li>x" * 3000 + "</ul>"
    data = f"<div data-props='{'{&quot;a&quot;:1}' * 9000}'></div><img src='data:image/png;base64,{'A' * 90000}'>"
    html = "<p>a" * 3000 + shapes + rows + data + "<div><section></section></div>" * 3000 + "<img src=/last.jpg>"
    assert read(html)[2] == ["http://example.org/last.jpg"]


def test_sitemap_of_too_many_elements_is_left_out() -> None:
    """A sitemap that would fill the memory is none."""
    assert read_sitemap(gzip.compress(b"<urlset>" + b"<a/>" * 2_000_000 + b"</urlset>")) is None
