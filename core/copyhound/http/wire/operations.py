"""Plugins, the index, and the state of the server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from copyhound.plugin_host.loader import PluginState
from copyhound.plugin_host.posts import SpecState
from copyhound.services.indexing import CollectionStatus, IndexState, IndexStatus


class HealthOut(msgspec.Struct):
    """That all is well."""

    status: str = "ok"


class IndexPartOut(msgspec.Struct):
    """One collection in the index."""

    collection: str
    fingerprint_version: int
    entries: int
    """What the database has."""
    indexed: int
    """What the index has of them."""
    removed: int
    """They left, and still take room on the disk until their segment is written anew; none is answered."""
    segments: int
    in_memory: int
    """Entries that are not written to the index's files yet; after a restart they are read from the log of changes."""
    bytes: dict[str, int]
    """On the disk: `fingerprints` in the database, and of the index `postings`, `words` and `other`, where the engine
    can tell."""
    capped_bands: int
    """Crowded values of hash bands that searches did not read to their end, since the start."""
    crowded_words: int
    """Words that searches did not read, since the start, for too many entries have them."""


class IndexOut(msgspec.Struct):
    """The candidate index, and the workspace's collections in it."""

    engine: str
    fingerprint_version: int
    """What the server works with."""
    state: IndexState
    mark: int
    """The last change of the database that the index tells of."""
    pending: int
    """Changes after that one: the next search reads them first."""
    collections: list[IndexPartOut]


def index_out(status: IndexStatus) -> IndexOut:
    """An index as it is answered."""
    return IndexOut(
        status.engine,
        status.fingerprint_version,
        status.state,
        status.mark,
        status.pending,
        [_part_out(one) for one in status.collections],
    )


def _part_out(one: CollectionStatus) -> IndexPartOut:
    part = one.part
    return IndexPartOut(
        collection=one.collection.name,
        fingerprint_version=one.collection.fingerprint_version,
        entries=one.entries,
        indexed=part.entries,
        removed=part.removed,
        segments=part.segments,
        in_memory=part.waiting,
        bytes={"fingerprints": one.fingerprint_bytes, **part.disk},
        capped_bands=one.capped_bands,
        crowded_words=part.crowded_words,
    )


class PluginOut(msgspec.Struct):
    """One plugin: where it comes from, whether it is loaded, and what it offers."""

    name: str
    distribution: str | None
    version: str | None
    status: str
    reason: str | None
    providers: list[str]
    notifiers: list[str]
    sources: list[str]
    surfaces: list[str]
    triggers: list[str]
    actions: list[str]
    specs: dict[str, list[SpecState]]
    """Kind -> how each of its specifications fares, and what it needs."""


def plugin_out(state: PluginState, told: Mapping[str, Sequence[SpecState]]) -> PluginOut:
    """`told` is how the specifications of each kind fare, of all plugins."""
    return PluginOut(
        name=state.name,
        distribution=state.distribution,
        version=state.version,
        status=state.status,
        reason=state.reason,
        providers=list(state.providers),
        notifiers=list(state.notifiers),
        sources=list(state.sources),
        surfaces=list(state.surfaces),
        triggers=list(state.triggers),
        actions=list(state.actions),
        specs={kind: [one for one in specs if one.plugin == state.name] for kind, specs in told.items()},
    )
