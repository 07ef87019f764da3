"""Summaries of operations: what menus and lists of an API show, cut from the first sentence of what is described."""

from __future__ import annotations

import re
from typing import Final

_PHRASE: Final = re.compile(r"(?:`[^`]*`|\([^()]*\)|\[[^\[\]]*\]|[.:](?=\S)|[^.:])*")
"""All before the first full stop or colon that ends something; one in code or in brackets does not."""


def phrase(text: str) -> str:
    """The first sentence, or what stands before its colon, in one line and without the mark at its end."""
    found = _PHRASE.match(text.strip())
    return " ".join(found[0].split()).rstrip(".:") if found else ""
