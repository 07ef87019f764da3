"""What a page holds: its title, its links, its pictures, and what it asks of robots."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

import msgspec
from selectolax.lexbor import LexborHTMLParser, LexborNode

from copyhound_index.looks import Size, description_of, language_of, size_on_page
from copyhound_index.taming import tamed
from copyhound_index.urls import is_picture_file, may_be_page, normalised

MAX_EACH: Final = 2000
"""Links, and pictures, that are taken of one page."""
_MAX_NODES: Final = 20_000
_MAX_SRCSET: Final = 20_000
_TITLE_LENGTH: Final = 300
_UNSAID: Final[Size] = (None, None)
_LAZY: Final = ("data-src", "data-original", "data-lazy-src", "data-lazy", "data-image", "data-hi-res-src")
_LAZY_SETS: Final = ("srcset", "data-srcset", "data-lazy-srcset")
_METAS: Final = ("og:image", "og:image:url", "og:image:secure_url", "twitter:image", "twitter:image:src")
_OTHER_TYPES: Final = ("image/svg+xml", "image/avif", "image/jxl", "image/heic")
_SET: Final = re.compile(r"\s*([^\s,]\S*[^\s,]|[^\s,])(?:\s+([^,]*))?\s*(?:,|$)")
_STYLE_URL: Final = re.compile(r"url\(\s*[\"']?([^\"')]+)")
_REFRESH: Final = re.compile(r"\s*\d*\s*[;,]\s*url\s*=\s*[\"']?([^\"']+)", re.IGNORECASE)
_CHARSET: Final = re.compile(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?\s*([A-Za-z0-9_:.-]+)", re.IGNORECASE)


class Found(msgspec.Struct):
    """One page's content; addresses are normalised, each once."""

    title: str | None = None
    links: list[str] = []
    pictures: list[str] = []
    language: str | None = None
    description: str | None = None
    sizes: dict[str, Size] = {}
    """How large the page shows its pictures, by address, where it says so."""


def read_page(
    body: bytes,
    url: str,
    *,
    charset: str | None,
    min_side: int,
    all_sizes: bool,
    robots: str,
    language: str | None = None,
) -> Found:
    """Parse a page. `robots` are the directives of its X-Robots-Tag; the page's own are added. `language` is its
    Content-Language.

    `nofollow` leaves out the links, `noindex` and `noimageindex` the pictures. `min_side` leaves out pictures that
    the page itself gives fewer pixels; of a `srcset` the largest picture is taken, or all.
    """
    tree = LexborHTMLParser(tamed(decoded(body, charset)))
    base = _base(tree, url)
    said = directives([robots, *_meta_robots(tree)])
    links, files = _links(tree, base)
    shown = [*_pictures(tree, base, min_side, all_sizes), *((url, _UNSAID) for url in files)]
    pictures = [] if said & {"noindex", "noimageindex"} else _once(url for url, _ in shown)
    sizes: dict[str, Size] = {}
    for url, size in shown:
        if size != _UNSAID:
            sizes.setdefault(url, size)
    return Found(
        title=_title(tree),
        links=[] if "nofollow" in said else _once(links),
        pictures=pictures,
        language=language_of(tree, language),
        description=description_of(tree),
        sizes={url: sizes[url] for url in pictures if url in sizes},
    )


def directives(texts: Iterable[str]) -> set[str]:
    """The directives for every robot and for us, of robots metas and X-Robots-Tag headers.

    >>> sorted(directives(["NoIndex", "otherbot: noindex, nofollow", "copyhound: noimageindex"]))
    ['noimageindex', 'noindex']
    """
    said: set[str] = set()
    for text in texts:
        ours = True
        for part in text.lower().split(","):
            robot, colon, rest = part.partition(":")
            if colon and robot.strip() not in ("unavailable_after", "max-image-preview", "max-snippet"):
                ours, part = robot.strip() == "copyhound", rest
            if ours:
                said.add(part.strip())
    return said | {"noindex", "nofollow"} if "none" in said else said


def decoded(body: bytes, charset: str | None) -> str:
    """The page's text, by its BOM, its header, its own meta, or as UTF-8; never fails."""
    if body.startswith(b"\xef\xbb\xbf"):
        charset = "utf-8"
    meta = _CHARSET.search(body[:4096])
    for name in (charset, meta[1].decode("ascii") if meta else None):
        if name:
            try:
                return body.decode(name, "replace")
            except (LookupError, ValueError):
                continue
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        return body.decode("cp1252", "replace")


def _base(tree: LexborHTMLParser, url: str) -> str:
    node = tree.css_first("base[href]")
    return (normalised(_value(node, "href"), url) if node else None) or url


def _title(tree: LexborHTMLParser) -> str | None:
    node = tree.css_first("head title") or tree.css_first("title")
    text = " ".join(node.text().split()) if node else ""
    return text[:_TITLE_LENGTH] or None


def _meta_robots(tree: LexborHTMLParser) -> Iterator[str]:
    for node in _nodes(tree, "meta[name][content]"):
        if _value(node, "name").strip().lower() in ("robots", "copyhound"):
            yield _value(node, "content")


def _links(tree: LexborHTMLParser, base: str) -> tuple[list[str], list[str]]:
    """Pages that are linked, and picture files that are."""
    pages, files = [url for url in _refreshed(tree, base) if may_be_page(url)], []
    for node in _nodes(tree, "a[href], area[href], iframe[src], frame[src], link[rel=next][href]"):
        url = normalised(_value(node, "href") or _value(node, "src"), base)
        if url is None or "nofollow" in _value(node, "rel").lower().split():
            continue
        if is_picture_file(url):
            files.append(url)
        elif may_be_page(url):
            pages.append(url)
    return pages, files


def _refreshed(tree: LexborHTMLParser, base: str) -> Iterator[str]:
    for node in _nodes(tree, "meta[http-equiv=refresh i][content]"):
        if found := _REFRESH.match(_value(node, "content")):
            yield from _resolved([found[1]], base)


def _pictures(tree: LexborHTMLParser, base: str, min_side: int, all_sizes: bool) -> Iterator[tuple[str, Size]]:
    """Addresses of pictures, and how large each is shown."""
    for node in _nodes(tree, "meta[content]"):
        if (_value(node, "property") or _value(node, "name")).lower() in _METAS:
            yield from _sized([_value(node, "content")], base)
    for node in _nodes(tree, "link[rel=image_src][href]"):
        yield from _sized([_value(node, "href")], base)
    for node in _nodes(tree, "img, picture source, video[poster], input[type=image]"):
        if node.tag == "source" and _value(node, "type").lower() in _OTHER_TYPES:
            continue
        if not _too_small(node, min_side):
            yield from _sized(_addresses(node, all_sizes), base, size_on_page(node))
    for node in _nodes(tree, "[style*='url(']"):
        addresses = _STYLE_URL.findall(_value(node, "style")[:_MAX_SRCSET])
        yield from _sized(addresses, base, size_on_page(node))


def _sized(addresses: Iterable[str], base: str, size: Size = _UNSAID) -> Iterator[tuple[str, Size]]:
    for url in _resolved(addresses, base):
        yield url, size


def _addresses(node: LexborNode, all_sizes: bool) -> Iterator[str]:
    yield _value(node, "poster" if node.tag == "video" else "src")
    for name in _LAZY:
        yield _value(node, name)
    for name in _LAZY_SETS:
        yield from sizes(_value(node, name), all_sizes)


def sizes(srcset: str, all_sizes: bool) -> list[str]:
    """The largest picture of a srcset, or all of them, largest first.

    >>> sizes("a.jpg 320w, b,1.jpg 1200w", all_sizes=False)
    ['b,1.jpg']
    """
    candidates = _SET.finditer(" ".join(srcset[:_MAX_SRCSET].split()))
    found = [(_size(match[2] or ""), match[1]) for match in candidates]
    found.sort(key=lambda pair: -pair[0])
    return [url for _, url in found[: None if all_sizes else 1]]


def _size(descriptor: str) -> float:
    number = re.search(r"([0-9.]+)[wx]", descriptor)
    try:
        return float(number[1]) if number else 1.0
    except ValueError:
        return 1.0


def _too_small(node: LexborNode, min_side: int) -> bool:
    sides = (_value(node, "width"), _value(node, "height"))
    return any(side.isdecimal() and len(side) < 6 and int(side) < min_side for side in sides)


def _resolved(addresses: Iterable[str], base: str) -> Iterator[str]:
    for address in addresses:
        if address and not address.lower().startswith("data:"):
            url = normalised(address, base)
            if url is not None and not url.partition("?")[0].lower().endswith((".svg", ".avif", ".ico")):
                yield url


def _nodes(tree: LexborHTMLParser, selector: str) -> list[LexborNode]:
    return tree.css(selector)[:_MAX_NODES]


def _value(node: LexborNode, name: str) -> str:
    return node.attributes.get(name) or ""


def _once(urls: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(urls))[:MAX_EACH]
