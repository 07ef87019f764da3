"""Addresses of pictures that need no key: they cannot be guessed, name one picture, and expire."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

import msgspec

from copyhound.plugin_api import CopyhoundError, Match, UseCases

Kind = Literal["overlay", "result"]


class Seen(msgspec.Struct, frozen=True):
    """What a link opens."""

    workspace_id: str
    match_id: str
    width: int
    height: int


class Links:
    """Makes them and reads them."""

    def __init__(self, use_cases: UseCases, days: int) -> None:
        self._use_cases, self._days = use_cases, days

    def make(self, kind: Kind, match: Match) -> str:
        """The key that opens a picture of a match. It goes into the query, which no log shows."""
        # rounded to a day, so that caches know the same picture by the same address
        day = self._use_cases.now().replace(hour=0, minute=0, second=0, microsecond=0)
        expires = int((day + timedelta(days=self._days + 1)).timestamp())
        text = f"{match.workspace_id}.{match.width or 0}x{match.height or 0}.{expires}"
        return f"{text}.{self._use_cases.links.sign(_signed(kind, match.id, text))}"

    def open(self, kind: Kind, match_id: str, key: str) -> Seen:
        """What it opens. CopyhoundError not_found for what was not made here or has expired."""
        text, _, signature = key.rpartition(".")
        if not self._use_cases.links.holds(_signed(kind, match_id, text), signature):
            raise CopyhoundError("not_found", "There is no such picture.")
        workspace_id, size, expires = text.split(".")
        if int(expires) <= self._use_cases.now().timestamp():
            raise CopyhoundError("not_found", "The address of this picture has expired.")
        width, height = size.split("x")
        return Seen(workspace_id, match_id, int(width), int(height))


def _signed(kind: Kind, match_id: str, text: str) -> str:
    return f"tineye:{kind}:{match_id}:{text}"
