"""Candidates from our own index: words find pieces, hashes find blurred and shrunk copies of the whole."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from copyhound.domain.collections import Collection, Entry
from copyhound.domain.errors import version_mismatch
from copyhound.domain.ports import IndexHit, IndexRecord
from copyhound.matching import FINGERPRINT_VERSION, query_hashes, version_of
from copyhound.matching.voting import STRONG
from copyhound.plugin_api import Candidate, Query
from copyhound.services.kit import Kit

_log = logging.getLogger(__name__)

SHORT_LIST = 12
MOST = 500
"""A picture has no more copies than this in one collection, as far as one search is concerned."""
MAX_DISTANCE = 31
"""Of 256 bits. Two different pictures differ in 127 bits on average, and hardly ever in less than 80."""
_BATCH = 256
_LOCK_SECONDS = 0.005


class CandidateService:
    """The port `OwnIndex` of the plugin API, and the keeping of the candidate index."""

    def __init__(self, kit: Kit) -> None:
        self._kit = kit
        self._lock = threading.Lock()
        self.capped_bands = 0
        """How many crowded values of hash bands were not read to their end, since the start."""

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[None]:
        # callers come from several event loops, so that no asyncio.Lock will do
        while not self._lock.acquire(blocking=False):
            await asyncio.sleep(_LOCK_SECONDS)
        try:
            yield
        finally:
            self._lock.release()

    async def candidates(self, query: Query, collection: str) -> Sequence[Candidate]:
        """The pictures of a collection that are worth comparing with a query image; best first."""
        found = await self.entries(query.workspace_id, query.fingerprint, collection)
        return [
            Candidate(entry.image_url, entry.pages, entry.width, entry.height, entry_id=entry.id, variant=variant)
            for entry, variant in found
        ]

    async def entries(self, workspace_id: str, fingerprint: bytes, collection: str) -> list[tuple[Entry, int | None]]:
        """The same, as entries, each with the variant of the query that its features were found in, if they were."""
        async with self._kit.units.read() as uow:
            within = await uow.collections.by_name(workspace_id, collection)
        if within is None:
            return []
        if within.fingerprint_version != FINGERPRINT_VERSION:
            raise version_mismatch(within.name, within.fingerprint_version, FINGERPRINT_VERSION)
        await self.catch_up()
        variants = await self._numbers(within, fingerprint)
        async with self._kit.units.read() as uow:
            found = await uow.collections.by_numbers(workspace_id, list(variants))
        by_number = {entry.number: entry for entry in found}
        return [(by_number[number], variant) for number, variant in variants.items() if number in by_number]

    async def _numbers(self, within: Collection, fingerprint: bytes) -> dict[int, int | None]:
        """Entries' numbers, best first, each with its variant; None where only the hash was near."""
        hits = short_list(await self._kit.index.candidates(within.workspace_id, within.id, fingerprint, MOST))
        async with self._kit.units.read() as uow:
            near = await uow.collections.hash_candidates(within, query_hashes(fingerprint), MAX_DISTANCE, MOST)
            self.capped_bands += uow.collections.capped_bands
        return {**dict.fromkeys((number for number, _ in near), None), **{hit.number: hit.variant for hit in hits}}

    async def catch_up(self) -> int:
        """Bring the candidate index up to the SQL change log; how many changes were taken over.

        The index follows the log, so that it can be lost, cut short or rebuilt, and misses nothing.
        """
        taken = 0
        async with self._alone():
            await self._start_anew_if_ahead()
            while changes := await self._next_changes():
                taken += len(changes)
        return taken

    async def _start_anew_if_ahead(self) -> None:
        # the database was restored from a copy, or is another one: what the index knows is not about it
        # in this order: the mark may grow meanwhile, where several servers share an index
        mark = await self._kit.index.mark()
        async with self._kit.units.read() as uow:
            last = await uow.collections.last_change()
        if mark > last:
            await self._kit.index.clear()

    async def _next_changes(self) -> list[int]:
        mark = await self._kit.index.mark()
        async with self._kit.units.read() as uow:
            changes = await uow.collections.changes(mark, _BATCH)
            last = {change.number: change for change in changes}
            alive = [change for change in last.values() if not change.removed]
            stored = await uow.collections.fingerprints([change.number for change in alive])
        # what another version wrote is as good as gone, until it is refreshed and stands in the log again
        fingerprints = {number: one for number, one in stored.items() if version_of(one) == FINGERPRINT_VERSION}
        if not changes:
            return []
        records = [
            IndexRecord(c.number, c.workspace_id, c.collection_id, fingerprints[c.number])
            for c in alive
            if c.number in fingerprints
        ]
        await self._upsert(records)
        await self._kit.index.remove([number for number in last if number not in fingerprints])
        await self._kit.index.set_mark(changes[-1].seq)
        return [change.seq for change in changes]

    async def _upsert(self, records: Sequence[IndexRecord]) -> None:
        try:
            await self._kit.index.upsert(records)
        except ValueError as error:
            if len(records) == 1:
                _log.error(
                    "entry %d is left out of the index, its fingerprint is damaged: %s", records[0].number, error
                )
                return
            for record in records:
                await self._upsert([record])

    async def rebuild(self) -> int:
        """Make the index anew from the stored fingerprints; how many entries it holds then."""
        async with self._alone():
            await self._kit.index.clear()
        await self.catch_up()
        return await self._kit.index.count()


def short_list(hits: Sequence[IndexHit]) -> list[IndexHit]:
    """What is worth verifying: the best (they come first), and of the rest those that are hardly there by chance."""
    return [hit for place, hit in enumerate(hits) if place < SHORT_LIST or hit.score >= STRONG]
