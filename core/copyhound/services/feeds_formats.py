"""A feed as JSON Feed 1.1 and as Atom (RFC 4287)."""

from __future__ import annotations

import re
import uuid
from datetime import datetime
from typing import Any, Final
from xml.etree import ElementTree as ET

import msgspec

from copyhound.domain.feeds import FeedDocument, FeedItem

_ATOM: Final = "http://www.w3.org/2005/Atom"
_NO_XML: Final = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NAMES: Final = uuid.UUID("0f6f4a35-9d0c-4a55-8a4b-6d1f0b7f3c11")


def json_feed(feed: FeedDocument, address: str) -> bytes:
    """JSON Feed 1.1. `address` is where it is read."""
    told = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": feed.title,
        "description": feed.description,
        "home_page_url": feed.home,
        "feed_url": address,
        "language": "en",
        "authors": [{"name": "Copyhound"}],
        "items": [_json_item(item) for item in feed.items],
    }
    return msgspec.json.encode(told)


def _json_item(item: FeedItem) -> dict[str, Any]:
    told = {
        "id": item.id,
        "url": item.url,
        "title": item.title,
        "content_html": item.html,
        "content_text": item.text,
        "image": item.image,
        "date_published": _instant(item.at),
        "tags": list(item.tags),
    }
    return {name: value for name, value in told.items() if value is not None}


def atom(feed: FeedDocument, address: str) -> bytes:
    """Atom. Its ids are made from ours alone: they stay when the house moves."""
    root = ET.Element("feed", {"xmlns": _ATOM, "xml:lang": "en"})
    _put(root, "id", _urn(feed.id))
    _put(root, "title", feed.title)
    _put(root, "subtitle", feed.description)
    _put(root, "updated", _instant(feed.updated))
    ET.SubElement(root, "link", rel="self", type="application/atom+xml", href=_xml(address))
    ET.SubElement(root, "link", rel="alternate", type="text/html", href=_xml(feed.home))
    _put(ET.SubElement(root, "author"), "name", "Copyhound")
    for item in feed.items:
        _atom_entry(ET.SubElement(root, "entry"), item)
    written: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return written


def _atom_entry(entry: ET.Element, item: FeedItem) -> None:
    _put(entry, "id", _urn(item.id))
    _put(entry, "title", item.title)
    _put(entry, "updated", _instant(item.at))
    _put(entry, "published", _instant(item.at))
    if item.url:
        ET.SubElement(entry, "link", rel="alternate", href=_xml(item.url))
    for tag in item.tags:
        ET.SubElement(entry, "category", term=_xml(tag))
    _put(entry, "summary", item.text)
    _put(entry, "content", item.html, type="html")


def _put(parent: ET.Element, name: str, value: str, **attributes: str) -> None:
    ET.SubElement(parent, name, attributes).text = _xml(value)


def _xml(text: str) -> str:
    """Without the characters that XML cannot hold: titles of crawled pages have them."""
    return _NO_XML.sub("", text)


def _urn(name: str) -> str:
    return f"urn:uuid:{uuid.uuid5(_NAMES, name)}"


def _instant(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")
