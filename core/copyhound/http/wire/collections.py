"""Our own index."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from copyhound.domain.collections import Collection, Entry, EntryMatch, Ingest, IngestStatus, Refusal
from copyhound.domain.matches import Page as SeenOn
from copyhound.http.wire.common import Instant
from copyhound.http.wire.images import ImageIn
from copyhound.http.wire.matches import ComparisonOut, PageOut, comparison_out, page_out
from copyhound.plugin_host.catalogue import Catalogue
from copyhound.plugin_host.settings import redacted

Url = Annotated[str, msgspec.Meta(min_length=1, max_length=4000)]


class CollectionOut(msgspec.Struct):
    """A collection, and how many pictures it holds."""

    name: str
    entries: int
    created_at: Instant | None = None
    fingerprint_version: int | None = None
    """Of all its entries; where it is not the one that the server works with, it must be refreshed."""


Pixels = Annotated[int, msgspec.Meta(ge=0, lt=2**31)]


class PageIn(msgspec.Struct, forbid_unknown_fields=True):
    """A page on which an indexed picture stands."""

    url: Url
    title: Annotated[str, msgspec.Meta(max_length=1000)] | None = None
    language: Annotated[str, msgspec.Meta(max_length=20)] | None = None
    description: Annotated[str, msgspec.Meta(max_length=1000)] | None = None
    width_on_page: Pixels | None = None
    """As the page shows the picture, in CSS pixels."""
    height_on_page: Pixels | None = None


class EntryIn(msgspec.Struct, forbid_unknown_fields=True):
    """A picture to index. Without base64 it is fetched from its `image_url`."""

    image_url: Url
    base64: str | None = None
    pages: Annotated[list[PageIn], msgspec.Meta(max_length=100)] = []


class EntriesIn(msgspec.Struct, forbid_unknown_fields=True):
    """In multipart: files in `images`, and as many `image_urls`, in the same order."""

    entries: list[EntryIn] = []
    image_urls: list[Url] = []


class EntryOut(msgspec.Struct):
    """An indexed picture."""

    id: str
    image_url: str
    width: int
    height: int
    format: str
    bytes: int
    sha256: str
    pages: list[PageOut]
    first_seen: Instant
    last_seen: Instant


class EntryFault(msgspec.Struct):
    """Why a picture was not indexed; codes are those of problems."""

    code: str
    detail: str


class EntryResult(msgspec.Struct):
    """What became of one picture of many."""

    image_url: str
    added: bool
    """False where it was there already, or was refused."""
    entry: EntryOut | None
    error: EntryFault | None = None


class OneImageIn(msgspec.Struct, forbid_unknown_fields=True):
    """One picture; in multipart as the file `image`."""

    image: ImageIn | None = None


class FoundEntry(msgspec.Struct):
    """An entry that shows the same picture, and how it compares."""

    entry: EntryOut
    comparison: ComparisonOut


class PairIn(msgspec.Struct, forbid_unknown_fields=True):
    """Two pictures; in multipart as the files `image` and `other`."""

    image: ImageIn | None = None
    other: ImageIn | None = None


class ComparedOut(msgspec.Struct):
    """Whether two pictures are the same one, and how they differ."""

    same: bool
    comparison: ComparisonOut | None
    """Null where nothing in common was found."""


class IngestIn(msgspec.Struct, forbid_unknown_fields=True):
    """A source, and its settings by its schema (`GET /plugins`)."""

    source: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    settings: dict[str, Any] = {}


class RefusalOut(msgspec.Struct):
    """A picture that could not be indexed, and why; codes are those of problems."""

    image_url: str
    code: str


class IngestOut(msgspec.Struct):
    """A run of a source: how far it is, and what came of it."""

    id: str
    collection: str
    source: str
    settings: dict[str, Any]
    status: IngestStatus
    created_at: Instant
    finished_at: Instant | None
    seen: int
    added: int
    updated: int
    refused: int
    refusals: list[RefusalOut]
    """The first hundred of the refused."""
    pages: int
    note: str | None


class RemovedOut(msgspec.Struct):
    """How many entries were removed."""

    removed: int


def collection_out(pair: tuple[Collection, int]) -> CollectionOut:
    """A collection with its count, as clients see it."""
    found, entries = pair
    return CollectionOut(found.name, entries, found.created_at, found.fingerprint_version)


def entry_out(entry: Entry) -> EntryOut:
    """An entry as clients see it."""
    return EntryOut(
        id=entry.id,
        image_url=entry.image_url,
        width=entry.width,
        height=entry.height,
        format=entry.format,
        bytes=entry.bytes,
        sha256=entry.sha256,
        pages=[page_out(page) for page in entry.pages],
        first_seen=entry.first_seen,
        last_seen=entry.last_seen,
    )


def found_entry(found: EntryMatch) -> FoundEntry:
    """A found entry as clients see it."""
    told = comparison_out(found.comparison)
    assert told is not None
    return FoundEntry(entry_out(found.entry), told)


def seen_on(pages: list[PageIn]) -> tuple[SeenOn, ...]:
    """Pages that a client sent, as entities."""
    return tuple(SeenOn(**msgspec.structs.asdict(page)) for page in pages)


def ingest_out(ingest: Ingest, catalogue: Catalogue) -> IngestOut:
    """A run, the secrets of its source's settings replaced by `***`."""
    plain = msgspec.structs.asdict(ingest)
    wanted = {name: plain[name] for name in IngestOut.__struct_fields__ if name in plain}
    wanted["settings"] = _shown(ingest, catalogue)
    wanted["refusals"] = [refusal_out(one) for one in ingest.refusals]
    return IngestOut(collection=ingest.collection_name, **wanted)


def refusal_out(refusal: Refusal) -> RefusalOut:
    """A refusal as clients see it."""
    return RefusalOut(refusal.image_url, refusal.code)


def _shown(ingest: Ingest, catalogue: Catalogue) -> dict[str, Any]:
    spec = catalogue.sources.get(ingest.source)
    if spec is None:
        return {}  # its plugin is gone, and with it what tells secrets from the rest
    try:
        return redacted(msgspec.convert(ingest.settings, spec.settings))
    except msgspec.ValidationError:
        return {}
