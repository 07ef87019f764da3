"""What the candidate index holds, beside what the database has."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from copyhound.domain.collections import Collection
from copyhound.domain.ports import IndexPart
from copyhound.domain.workspaces import Caller
from copyhound.matching import FINGERPRINT_VERSION
from copyhound.services.candidates import CandidateService
from copyhound.services.kit import Kit


class IndexState(StrEnum):
    """How far the index is."""

    ready = "ready"
    """It has followed the log of changes to its end."""
    behind = "behind"
    """Changes wait in the log: the next search reads them first."""
    rebuilding = "rebuilding"
    """It is damaged, or of another database: the next search makes it anew first."""


class CollectionStatus(msgspec.Struct, frozen=True):
    """One collection, in the database and in the index."""

    collection: Collection
    entries: int
    fingerprint_bytes: int
    """What the fingerprints take in the database."""
    part: IndexPart
    capped_bands: int
    """Values of hash bands that searches did not read to their end, since the start."""


class IndexStatus(msgspec.Struct, frozen=True):
    """The whole index, and the collections of one workspace in it."""

    engine: str
    fingerprint_version: int
    """What this Copyhound works with."""
    state: IndexState
    mark: int
    """The last change that the index tells of; 0 where it starts anew."""
    pending: int
    """Changes after that one."""
    collections: tuple[CollectionStatus, ...]


class IndexingService:
    """Tells how the candidate index is."""

    def __init__(self, kit: Kit, candidates: CandidateService) -> None:
        self._kit, self._candidates = kit, candidates

    async def status(self, caller: Caller) -> IndexStatus:
        """As it stands: nothing is brought up to date for it."""
        mark = await self._kit.index.mark()
        async with self._kit.units.read() as uow:
            lost = mark > await uow.collections.last_change()
            pending = await uow.collections.pending(0 if lost else mark)
            found = await uow.collections.all(caller.workspace_id)
            stored = [(await uow.collections.count(one), await uow.collections.fingerprint_bytes(one)) for one in found]
        parts = [await self._part(one, *counted) for one, counted in zip(found, stored, strict=True)]
        state = IndexState.rebuilding if lost else IndexState.behind if pending else IndexState.ready
        engine = self._kit.index.engine
        return IndexStatus(engine, FINGERPRINT_VERSION, state, 0 if lost else mark, pending, tuple(parts))

    async def _part(self, one: Collection, entries: int, fingerprint_bytes: int) -> CollectionStatus:
        part = await self._kit.index.part(one.workspace_id, one.id)
        return CollectionStatus(one, entries, fingerprint_bytes, part, self._candidates.capped[one.id])
