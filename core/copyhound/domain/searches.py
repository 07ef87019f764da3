"""Searches, their lookups, and how each ends."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec


class Outcome(StrEnum):
    """How a lookup ended: an empty answer never hides a failure."""

    answered = "answered"
    no_match = "no_match"
    blocked = "blocked"
    quota = "quota"
    invalid_image = "invalid_image"
    transient = "transient"
    unsupported = "unsupported"
    skipped = "skipped"


class SearchKind(StrEnum):
    """Who asked for a search: a client, or a list's schedule."""

    requested = "requested"
    monitor = "monitor"


class Search(msgspec.Struct, frozen=True):
    """One run over the images of a list with a set of providers."""

    id: str
    workspace_id: str
    list_id: str
    kind: SearchKind
    providers: tuple[str, ...]
    verify: bool
    created_at: datetime
    image_count: int
    completed_at: datetime | None = None

    @property
    def complete(self) -> bool:
        return self.completed_at is not None


class Lookup(msgspec.Struct, frozen=True):
    """One image x one provider within a search. `outcome` is None until it ended."""

    id: str
    workspace_id: str
    search_id: str
    image_id: str
    provider: str
    outcome: Outcome | None = None
    reason: str | None = None
    """A code (from the table of errors where it is one of ours) and a sentence, when not answered."""
    candidates: int = 0
    matches: int = 0
    rejected: int = 0
    """Candidates that our own comparison did not believe."""
    units_spent: float = 0.0
    ended_at: datetime | None = None


def lookup_id(search_id: str, image_id: str, provider: str) -> str:
    """The id of a lookup, and of the durable work that does it."""
    return f"lookup:{search_id}:{image_id}:{provider}"


class ImageInput(msgspec.Struct, frozen=True):
    """A picture as a client gives it: its bytes, or its address."""

    name: str
    data: bytes | None = None
    url: str | None = None


class SearchRequest(msgspec.Struct, frozen=True):
    """What is asked for. Without `list_id` a new list is made; without providers, those asked by default are."""

    images: tuple[ImageInput, ...]
    list_id: str | None = None
    list_label: str | None = None
    providers: tuple[str, ...] = ()
    verify: bool = True
    key: str | None = None
    """What makes a repeated request the same one, in its workspace: an Idempotency-Key."""
    keep_key: bool = False
    """The key is good for ever, not for a day."""
    list_key: str | None = None
    """One list for each key, found or made: for surfaces whose clients know no lists. Not with `list_id`."""
    surface: str = "native"
    """Which API it came through."""


class ImageProgress(msgspec.Struct, frozen=True):
    """How far one image of a search is."""

    image_id: str
    name: str
    error_code: str | None
    error_detail: str | None
    lookups: list[Lookup]


class SearchProgress(msgspec.Struct, frozen=True):
    """How far a search is."""

    search: Search
    outcomes: dict[str, int]
    """Outcome, or "open" -> how many lookups."""
    images: list[ImageProgress]
