"""Our own index: sets of indexed pictures."""

from __future__ import annotations

import builtins
from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec

from copyhound.domain.matches import Page
from copyhound.domain.pictures import Comparison

WEB = "web"
"""The collection that crawled copies go to."""


class Collection(msgspec.Struct, frozen=True):
    """A set of indexed pictures, by name, of one workspace."""

    id: str
    workspace_id: str
    name: str
    created_at: datetime
    fingerprint_version: int = 1
    """Of all its entries; the engine compares no others than its own."""


class Entry(msgspec.Struct, frozen=True):
    """An indexed picture. One `image_url` stands once in a collection."""

    id: str
    number: int
    """What the indexes know it by; unique over all workspaces."""
    workspace_id: str
    collection_id: str
    image_url: str
    width: int
    height: int
    format: str
    sha256: str
    fingerprint: builtins.bytes
    hash256: builtins.bytes
    reduced_blob: str | None
    pages: tuple[Page, ...]
    first_seen: datetime
    last_seen: datetime
    bytes: int  # last, since it hides the type of that name


class EntryMatch(msgspec.Struct, frozen=True):
    """An entry of a collection that shows the same picture."""

    entry: Entry
    comparison: Comparison


class Kept(msgspec.Struct, frozen=True):
    """What is kept of a picture to look at: a small JPEG, and the pixels that the whole picture had."""

    reduced: builtins.bytes
    width: int
    height: int


class Looked(msgspec.Struct, frozen=True):
    """What a collection was searched for, and what was found, surest first."""

    query: Kept
    matches: list[EntryMatch]


class Weighed(msgspec.Struct, frozen=True):
    """Two pictures, and how they compare; no comparison where they are different."""

    query: Kept
    match: Kept
    comparison: Comparison | None


class NewEntry(msgspec.Struct, frozen=True):
    """What is written of a picture when it is indexed, or seen again."""

    image_url: str
    width: int
    height: int
    format: str
    sha256: str
    fingerprint: builtins.bytes
    hash256: builtins.bytes
    reduced_blob: str | None
    pages: tuple[Page, ...]
    bytes: int
    fingerprint_version: int = 1


class IndexChange(msgspec.Struct, frozen=True):
    """One line of the log that the candidate indexes follow."""

    seq: int
    number: int
    workspace_id: str
    collection_id: str
    removed: bool


class IngestStatus(StrEnum):
    """How far an ingest is."""

    queued = "queued"
    running = "running"
    complete = "complete"
    failed = "failed"


class Refusal(msgspec.Struct, frozen=True):
    """A picture that could not be indexed, and why: a code from the table of errors."""

    image_url: str
    code: str


class Ingest(msgspec.Struct, frozen=True):
    """One run of a source into a collection."""

    id: str
    workspace_id: str
    collection_id: str
    collection_name: str
    source: str
    settings: dict[str, Any]
    status: IngestStatus
    created_at: datetime
    finished_at: datetime | None = None
    seen: int = 0
    """Pictures that the source gave."""
    added: int = 0
    updated: int = 0
    """Already there: pages and time of sight were brought up to date."""
    refused: int = 0
    """Not indexable (too simple, damaged ...)."""
    pages: int = 0
    refusals: tuple[Refusal, ...] = ()
    """The first hundred of the refused."""
    note: str | None = None
    """What the source says of its progress, or why it failed."""
