"""Candidates from our own index: words find pieces, hashes find blurred and shrunk copies of the whole."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import msgspec

from copyhound.domain.collections import Collection, Entry, IndexChange
from copyhound.domain.errors import version_mismatch
from copyhound.domain.ports import IndexHit, IndexRecord
from copyhound.matching import FINGERPRINT_VERSION, is_entry, query_hashes, version_of
from copyhound.matching.voting import STRONG
from copyhound.plugin_api import Candidate, Query
from copyhound.services.kit import Kit

_log = logging.getLogger(__name__)


class LeftOut(msgspec.Struct, frozen=True):
    """An entry of the database that the candidate index cannot take as it is: it is not found by its details."""

    collection: str
    image_url: str
    reason: str


class Rebuilt(msgspec.Struct, frozen=True):
    """What an index holds after it was made anew."""

    entries: int
    expected: int
    """What the database has."""
    left_out: tuple[LeftOut, ...] = ()

    @property
    def whole(self) -> bool:
        """Whether all that the database has is in it."""
        return self.entries == self.expected and not self.left_out


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
        self.capped = Counter[str]()
        """How many crowded values of hash bands were not read to their end, by collection's id, since the start."""
        self._left_out: dict[int, tuple[IndexChange, str]] | None = None

    @property
    def capped_bands(self) -> int:
        """The same, of all collections."""
        return self.capped.total()

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

    async def entries(
        self, workspace_id: str, fingerprint: bytes, collection: str, *, mirrored: bool = True
    ) -> list[tuple[Entry, int | None]]:
        """The same, as entries, each with the variant of the query that its features were found in, if they were.

        Without `mirrored`, mirrored copies are hardly looked for."""
        async with self._kit.units.read() as uow:
            within = await uow.collections.by_name(workspace_id, collection)
        return await self.entries_in(within, fingerprint, mirrored=mirrored) if within else []

    async def entries_in(
        self, within: Collection, fingerprint: bytes, *, mirrored: bool = True
    ) -> list[tuple[Entry, int | None]]:
        """The same, of a collection that was read before."""
        await self.catch_up()
        found, near = await asyncio.gather(
            self.hits(within, fingerprint, mirrored=mirrored), self.near(within, query_hashes(fingerprint))
        )
        return await self.listed(within, {**dict.fromkeys(near), **{hit.number: hit.variant for hit in found}})

    async def hits(self, within: Collection, fingerprint: bytes, *, mirrored: bool = True) -> list[IndexHit]:
        """What the index finds by details and is worth comparing, best first. Nothing is brought up to the log.

        CopyhoundError index_version_mismatch.
        """
        if within.fingerprint_version != FINGERPRINT_VERSION:
            raise version_mismatch(within.name, within.fingerprint_version, FINGERPRINT_VERSION)
        index = self._kit.index
        return short_list(await index.candidates(within.workspace_id, within.id, fingerprint, MOST, mirrored=mirrored))

    async def near(self, within: Collection, hashes: Sequence[bytes]) -> list[int]:
        """Numbers of the entries whose hash of the whole picture is near one of a query's, nearest first."""
        async with self._kit.units.read() as uow:
            near = await uow.collections.hash_candidates(within, hashes, MAX_DISTANCE, MOST)
            self.capped[within.id] += uow.collections.capped_bands
        return [number for number, _ in near]

    async def listed(self, within: Collection, variants: dict[int, int | None]) -> list[tuple[Entry, int | None]]:
        """Numbers with variants as entries with them, in the same order; without those that left meanwhile."""
        async with self._kit.units.read() as uow:
            found = await uow.collections.by_numbers(within.workspace_id, list(variants))
        by_number = {entry.number: entry for entry in found if _comparable(entry)}
        return [(by_number[number], variant) for number, variant in variants.items() if number in by_number]

    async def catch_up(self) -> int:
        """Bring the candidate index up to the SQL change log; how many changes were taken over.

        The index follows the log, so that it can be lost, cut short or rebuilt, and misses nothing.
        """
        taken = 0
        async with self._alone():
            if await self._is_level():
                return 0
            while changes := await self._next_changes():
                taken += len(changes)
        return taken

    async def _is_level(self) -> bool:
        """Whether there is nothing to take over. An index that is ahead of the log is emptied."""
        # in this order: the mark may grow meanwhile, where several servers share an index
        mark = await self._kit.index.mark()
        async with self._kit.units.read() as uow:
            last = await uow.collections.last_change()
        if mark > last:
            # the database was restored from a copy, or is another one: what the index knows is not about it
            await self._kit.index.clear()
        return mark == last

    async def _next_changes(self) -> list[int]:
        mark = await self._kit.index.mark()
        async with self._kit.units.read() as uow:
            changes = await uow.collections.changes(mark, _BATCH)
            last = {change.number: change for change in changes}
            alive = [change for change in last.values() if not change.removed]
            stored = await uow.collections.fingerprints([change.number for change in alive])
        for change in last.values():
            self._note(change, stored.get(change.number))
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

    def _note(self, change: IndexChange, fingerprint: bytes | None) -> None:
        """While it is rebuilt: what cannot be taken."""
        if self._left_out is None:
            return
        version = version_of(fingerprint or b"")
        if change.removed or version == FINGERPRINT_VERSION:
            self._left_out.pop(change.number, None)
        elif fingerprint is not None:
            reason = f"its fingerprint is of version {version}" if version else "its fingerprint is damaged"
            self._left_out[change.number] = (change, reason)

    async def _upsert(self, records: Sequence[IndexRecord]) -> None:
        try:
            await self._kit.index.upsert(records)
        except ValueError as error:
            if len(records) == 1:
                _log.error(
                    "entry %d is left out of the index, its fingerprint is damaged: %s", records[0].number, error
                )
                if self._left_out is not None:
                    one = IndexChange(0, records[0].number, records[0].workspace_id, records[0].collection_id, False)
                    self._left_out[one.number] = (one, f"its fingerprint is damaged: {error}")
                return
            for record in records:
                await self._upsert([record])

    async def rebuild(self) -> Rebuilt:
        """Make the index anew from the stored fingerprints; what it holds then, and what is not in it."""
        async with self._alone():
            await self._kit.index.clear()
        left_out = self._left_out = {}
        try:
            await self.catch_up()
        finally:
            self._left_out = None
        async with self._kit.units.read() as uow:
            expected = await uow.collections.count_all()
        return Rebuilt(await self._kit.index.count(), expected, await self._named(left_out))

    async def _named(self, left_out: dict[int, tuple[IndexChange, str]]) -> tuple[LeftOut, ...]:
        """Those that are still in the database, by collection and address."""
        found: list[LeftOut] = []
        async with self._kit.units.read() as uow:
            for number, (change, reason) in sorted(left_out.items()):
                names = {one.id: one.name for one in await uow.collections.all(change.workspace_id)}
                entries = await uow.collections.by_numbers(change.workspace_id, [number])
                found += [LeftOut(names.get(one.collection_id, ""), one.image_url, reason) for one in entries]
        return tuple(found)


def _comparable(entry: Entry) -> bool:
    """What is near by its hash may have a fingerprint that cannot be read."""
    whole = is_entry(entry.fingerprint)
    if not whole:
        _log.error("entry %d, %s, is left out of a search: its fingerprint is damaged", entry.number, entry.image_url)
    return whole


def short_list(hits: Sequence[IndexHit]) -> list[IndexHit]:
    """What is worth verifying: the best (they come first), and of the rest those that are hardly there by chance."""
    return [hit for place, hit in enumerate(hits) if place < SHORT_LIST or hit.score >= STRONG]
