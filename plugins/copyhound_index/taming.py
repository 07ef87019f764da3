"""Keeps a hostile page from holding up the parser, whose time grows with the square of nesting and attributes."""

from __future__ import annotations

import re
from collections import Counter
from typing import Final

_DEEPEST: Final = 500
"""Browsers stop at about as many levels."""
_MOST_OUTSIDE_VALUES: Final = 4_000
"""Characters of one tag, without its quoted values."""
_MOST_SHAPES: Final = 5_000
_DATA: Final = re.compile(r"""(["'])data:[^"'>]*""")
_TAG: Final = re.compile(
    r"""<(?P<close>/?)(?P<name>[a-zA-Z][^\s/>]*+)(?P<rest>(?:[^>=]++|=\s*+"[^"]*+"|=\s*+'[^']*+'|=)*+)"""
)
_VALUE: Final = re.compile(r"""=\s*+(?:"[^"]*+"|'[^']*+')""")
_EMPTY: Final = frozenset(
    ("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr")
)
_NEVER_NESTED: Final = _EMPTY.union(
    ("a", "body", "colgroup", "dd", "dt", "head", "html", "li", "optgroup", "option", "p", "rp", "rt"),
    ("tbody", "td", "tfoot", "th", "thead", "tr"),
)
"""Elements that are empty, or closed by the next of their kind."""


def tamed(html: str) -> str:
    """The page up to where it nests deeper, or has more attributes in one tag, than any real page; no data: URIs."""
    html = _DATA.sub(r"\1", html)
    open_tags: Counter[str] = Counter()
    depth = shapes = 0
    for tag in _TAG.finditer(html):
        name, rest = tag["name"].lower(), tag["rest"]
        if len(rest) + len(name) > _MOST_OUTSIDE_VALUES and _outside_values(rest) + len(name) > _MOST_OUTSIDE_VALUES:
            return html[: tag.start()]
        if name in _NEVER_NESTED:
            continue
        if tag["close"]:
            if open_tags[name]:
                open_tags[name] -= 1
                depth -= 1
            continue
        if rest.endswith("/") and open_tags["svg"] and shapes < _MOST_SHAPES:
            shapes += 1
            continue
        open_tags[name] += 1
        depth += 1
        if depth > _DEEPEST:
            return html[: tag.start()]
    return html


def _outside_values(rest: str) -> int:
    return len(_VALUE.sub("", rest))
