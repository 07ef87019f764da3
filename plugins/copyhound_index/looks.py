"""What a page says of itself, and how large it shows its pictures."""

from __future__ import annotations

import re
from typing import Final

from selectolax.lexbor import LexborHTMLParser, LexborNode

Size = tuple[int | None, int | None]
"""Width and height in CSS pixels, as far as the markup tells them."""

_DESCRIPTION_LENGTH: Final = 300
_MAX_STYLE: Final = 2000
_LANGUAGE: Final = re.compile(r"\s*([a-zA-Z]{2,3})(?:[-_][a-zA-Z0-9_-]*)?\s*(?:,|$)")
_PIXELS: Final = re.compile(r"\s*(\d{1,5})(?:\.\d*)?\s*(?:px)?\s*", re.ASCII | re.IGNORECASE)
_STYLED: Final = re.compile(
    r"(?:^|;)\s*(width|height)\s*:\s*(\d{1,5})(?:\.\d*)?px\s*(?:!important\s*)?(?=;|$)", re.ASCII | re.IGNORECASE
)
_PLAIN_SIZE: Final = re.compile(r"\s*(\d{1,5})(?:\.\d*)?px\s*", re.ASCII | re.IGNORECASE)
_LANGUAGES_OF: Final = (
    ("html[lang]", "lang"),
    ("html", "xml:lang"),
    ("meta[http-equiv=content-language i][content]", "content"),
    ("meta[property='og:locale' i][content]", "content"),
)
_DESCRIPTIONS: Final = (
    "meta[name=description i][content]",
    "meta[property='og:description' i][content]",
    "meta[name='twitter:description' i][content]",
)


def language_of(tree: LexborHTMLParser, header: str | None = None) -> str | None:
    """The code of a page's language, in small letters and without its region: `en` for `en-GB`.

    `header` is its Content-Language; the page's own word comes first.
    """
    said = [_value(tree.css_first(selector), name) for selector, name in _LANGUAGES_OF]
    for text in (*said[:3], header or "", said[3]):
        if found := _LANGUAGE.match(text):
            return found[1].lower()
    return None


def description_of(tree: LexborHTMLParser) -> str | None:
    """A page's own description of itself, in one line, cut."""
    for selector in _DESCRIPTIONS:
        text = " ".join(_value(tree.css_first(selector), "content").split())
        if text:
            return text[:_DESCRIPTION_LENGTH]
    return None


def size_on_page(node: LexborNode) -> Size:
    """How large an element is shown: by its inline style, its attributes, or a plain `sizes`.

    A `source` without a size of its own has that of the `img` beside it.
    """
    width, height = _own_size(node)
    if node.tag == "source" and width is None and height is None and node.parent is not None:
        shown = node.parent.css_first("img")
        return _own_size(shown) if shown is not None else (None, None)
    return width, height


def _own_size(node: LexborNode) -> Size:
    styled = {name.lower(): int(pixels) for name, pixels in _STYLED.findall(_value(node, "style")[:_MAX_STYLE])}
    width = styled.get("width", _pixels(_value(node, "width")))
    if width is None and (plain := _PLAIN_SIZE.fullmatch(_value(node, "sizes"))):
        width = int(plain[1])
    return width, styled.get("height", _pixels(_value(node, "height")))


def _pixels(text: str) -> int | None:
    found = _PIXELS.fullmatch(text)
    return int(found[1]) if found else None


def _value(node: LexborNode | None, name: str) -> str:
    return (node.attributes.get(name) or "") if node is not None else ""
