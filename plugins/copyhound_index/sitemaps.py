"""Sitemaps: lists of pages, of pictures, of further sitemaps; plain, gzipped, or one address a line."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Final
from xml.etree import ElementTree

import msgspec

from copyhound_index.urls import normalised

MAX_BYTES: Final = 50 * 2**20
"""Of an unpacked sitemap; the protocol's own limit."""
_MAX_URLS: Final = 50_000
_MAX_PICTURES: Final = 50_000
_MAX_TAGS: Final = 1_500_000
"""More would take too much memory."""


class Sitemap(msgspec.Struct):
    """What a sitemap lists; addresses are normalised."""

    pages: list[str] = []
    sitemaps: list[str] = []
    pictures: list[tuple[str, str]] = []
    """Picture and the page that it stands on."""


def read_sitemap(body: bytes) -> Sitemap | None:
    """None where it is no sitemap, or is broken or too large."""
    body = _unpacked(body).lstrip(b"\xef\xbb\xbf \t\r\n")
    if not body.startswith(b"<"):
        return _text(body)
    if b"<!DOCTYPE" in body[:1000] or b"<!ENTITY" in body or body.count(b"<") > _MAX_TAGS:
        return None
    try:
        root = ElementTree.fromstring(body)
    except (ElementTree.ParseError, ValueError, LookupError):
        return None
    kind = _local(root.tag)
    if kind not in ("urlset", "sitemapindex"):
        return None
    return _index(root) if kind == "sitemapindex" else _urlset(root)


def _index(root: ElementTree.Element) -> Sitemap:
    urls = [normalised(text) for node in root for text in _locs(node)]
    return Sitemap(sitemaps=[url for url in urls[:_MAX_URLS] if url])


def _urlset(root: ElementTree.Element) -> Sitemap:
    found = Sitemap()
    for node in list(root)[:_MAX_URLS]:
        page = next((url for url in map(normalised, _locs(node)) if url), None)
        if page is None:
            continue
        found.pages.append(page)
        for picture in (
            normalised(text, page) for child in node if _local(child.tag) == "image" for text in _locs(child)
        ):
            if picture:
                found.pictures.append((picture, page))
    return found


def _text(body: bytes) -> Sitemap | None:
    lines = body.decode("utf-8", "replace").split()
    if not lines or not all(line.startswith(("http://", "https://")) for line in lines):
        return None
    return Sitemap(pages=[url for url in map(normalised, lines[:_MAX_URLS]) if url])


def _locs(node: ElementTree.Element) -> Iterator[str]:
    return (child.text for child in node if _local(child.tag) == "loc" and child.text)


def _local(tag: str) -> str:
    return tag.rpartition("}")[2].lower() if isinstance(tag, str) else ""


def _unpacked(body: bytes) -> bytes:
    if not body.startswith(b"\x1f\x8b"):
        return body[:MAX_BYTES]
    try:
        return zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(body, MAX_BYTES)
    except zlib.error:
        return b""
