"""Fingerprints that are damaged or of another version are made anew from what is kept. No collection ever holds two
versions in use."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import msgspec

from copyhound.domain.collections import Collection, Entry
from copyhound.domain.errors import CopyhoundError
from copyhound.domain.paging import PageOf, items_of
from copyhound.matching import FINGERPRINT_VERSION, entry_hash, is_entry
from copyhound.services.candidates import CandidateService, LeftOut
from copyhound.services.collections import CollectionService
from copyhound.services.kit import Kit
from copyhound.services.source_state import forget_sources

_PAGE = 200


class Refreshed(msgspec.Struct, frozen=True):
    """What was done. Where `lost` is not empty and was not dropped, its entries are not found, or its collections are
    still refused."""

    version: int
    refreshed: int
    dropped: int
    lost: tuple[LeftOut, ...]
    """Entries whose fingerprint cannot be made anew: their source must fetch the pictures again."""


class RefreshService:
    """Brings collections to the version of the code."""

    def __init__(self, kit: Kit, candidates: CandidateService, collections: CollectionService) -> None:
        self._kit, self._candidates, self._collections = kit, candidates, collections

    async def run(self, *, drop_lost: bool = False, tell: Callable[[int], None] = lambda done: None) -> Refreshed:
        """Bring all collections of all workspaces to this version, from the reduced copies that are kept; damaged
        fingerprints are made anew too.

        What has none is lost; with `drop_lost` it is taken out, so that its source fetches it anew. Run again after
        an interruption, it goes on. `tell` is told how many entries are done. Raises CopyhoundError where all is well
        with the copies but not with us (`unavailable`, `internal_error`); then nothing more is taken out.
        """
        async with self._kit.units.read() as uow:
            collections = await uow.collections.of_all_workspaces()
        done, dropped, lost = 0, 0, []
        for within in collections:
            missing = []
            async for entry in self._entries(within):
                if is_entry(entry.fingerprint):
                    continue
                if (reason := await remake(self._kit, within, entry)) is not None:
                    missing.append((entry, reason))
                else:
                    tell(done := done + 1)
            lost += [LeftOut(within.name, entry.image_url, reason) for entry, reason in missing]
            if drop_lost:
                dropped += await self._drop(within, [entry for entry, _ in missing])
            if drop_lost or not missing:
                async with self._kit.units() as uow:
                    await uow.collections.set_version(within, FINGERPRINT_VERSION)
        await self._candidates.catch_up()
        return Refreshed(FINGERPRINT_VERSION, done, dropped, tuple(lost))

    def _entries(self, within: Collection) -> AsyncIterator[Entry]:
        async def page(cursor: str | None) -> PageOf:
            async with self._kit.units.read() as uow:
                return await uow.collections.entries(within, image_url=None, cursor=cursor, limit=_PAGE)

        return items_of(page)

    async def _drop(self, within: Collection, entries: list[Entry]) -> int:
        for entry in entries:
            await self._collections.drop(within, entry.id)
        if entries:
            async with self._kit.units() as uow:
                await forget_sources(uow, within)
        return len(entries)


async def remake(kit: Kit, within: Collection, entry: Entry) -> str | None:
    """Make an entry's fingerprint anew from its reduced copy; why not, where it cannot be done.

    Raises CopyhoundError where nothing is wrong with the copy: it is to be tried again.
    """
    if entry.reduced_blob is None:
        return "no reduced copy was kept"
    try:
        reduced = await kit.blobs.get(entry.reduced_blob)
        new: bytes = await kit.compute.run("refingerprint", reduced, entry.width, entry.height, kit.limits.picture)
    except CopyhoundError as error:
        if error.retryable:
            raise
        return f"{error.code}: {error.detail}"
    async with kit.units() as uow:
        await uow.collections.replace_fingerprint(within, entry, new, entry_hash(new))
    return None
