"""Our own index: collections of pictures that are searched."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Sequence
from typing import NamedTuple

from copyhound.domain.collections import Collection, Entry, EntryMatch, Kept, Looked, NewEntry, Weighed
from copyhound.domain.errors import CopyhoundError, version_mismatch
from copyhound.domain.matches import Page
from copyhound.domain.pictures import Comparison, EditKind, Matrix
from copyhound.domain.repositories import PageOf, UnitOfWork
from copyhound.domain.workspaces import Caller
from copyhound.matching import FINGERPRINT_VERSION, Other, Prepared, entry_hash
from copyhound.services.blobs import drop_blobs, keep_blobs
from copyhound.services.candidates import CandidateService, Rebuilt
from copyhound.services.images import fetch_picture
from copyhound.services.kit import Kit
from copyhound.services.matches import VIEWS
from copyhound.services.source_state import forget_sources
from copyhound.services.verifying import TOGETHER, compare_with, facts_of

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_FIRST = 2
"""So many entries of the nearest hashes are compared at once."""
_TASKS = 3
"""For two processes: one of them takes longer, for a match costs as much as several others."""
_AT_LEAST = 4
"""Comparisons in one task: for fewer it does not pay to unpack the query again."""


class _Near(NamedTuple):
    """The entries whose hashes are near a query's: all their numbers, and the nearest themselves."""

    numbers: list[int]
    first: list[tuple[Entry, int | None]]


class CollectionService:
    """Collections: indexed, counted, searched, compared."""

    def __init__(self, kit: Kit, candidates: CandidateService) -> None:
        self._kit, self._candidates = kit, candidates

    async def ensure(self, workspace_id: str, name: str) -> Collection:
        """The collection of that name, made where there is none."""
        if not _NAME.fullmatch(name):
            raise CopyhoundError(
                "invalid_request", "A collection's name has 1 to 63 lower-case letters, digits, - and _."
            )
        async with self._kit.units() as uow:
            return await uow.collections.ensure(workspace_id, name, self._kit.now(), FINGERPRINT_VERSION)

    async def all(self, caller: Caller) -> list[tuple[Collection, int]]:
        async with self._kit.units.read() as uow:
            found = await uow.collections.all(caller.workspace_id)
            return [(collection, await uow.collections.count(collection)) for collection in found]

    async def count(self, caller: Caller, name: str) -> int:
        return (await self.get(caller, name))[1]

    async def get(self, caller: Caller, name: str) -> tuple[Collection, int]:
        """(a collection, how many entries it holds). CopyhoundError not_found."""
        async with self._kit.units.read() as uow:
            found = await _get(uow, caller, name)
            return found, await uow.collections.count(found)

    async def add(
        self, workspace_id: str, name: str, *, image_url: str, data: bytes, pages: Sequence[Page] = ()
    ) -> tuple[Entry, bool]:
        """Index a picture under its address; (entry, whether it is new). Searchable when this returns."""
        prepared = await self._prepare(data)
        collection = await self.ensure(workspace_id, name)
        entry, is_new = await self._put(collection, image_url, prepared, pages)
        await self._candidates.catch_up()
        return entry, is_new

    async def index(
        self, collection: Collection, image_url: str, data: bytes, pages: Sequence[Page]
    ) -> tuple[Entry, bool]:
        """As `add`, for many: searchable after the next `catch_up`."""
        return await self._put(collection, image_url, await self._prepare(data), pages)

    async def _prepare(self, data: bytes) -> Prepared:
        prepared: Prepared = await self._kit.compute.run("prepare_entry", data, self._kit.limits.picture)
        return prepared

    async def _put(
        self, collection: Collection, image_url: str, prepared: Prepared, pages: Sequence[Page]
    ) -> tuple[Entry, bool]:
        workspace_id, facts = collection.workspace_id, prepared.facts
        new = NewEntry(
            image_url=image_url,
            width=facts.width,
            height=facts.height,
            format=facts.format,
            bytes=facts.bytes,
            sha256=facts.sha256,
            fingerprint=prepared.fingerprint,
            hash256=entry_hash(prepared.fingerprint),
            reduced_blob=await self._kit.blobs.put(workspace_id, prepared.reduced),
            pages=tuple(pages),
            fingerprint_version=FINGERPRINT_VERSION,
        )
        async with self._kit.units() as uow:
            entry, is_new = await uow.collections.put_entry(collection, new, self._kit.now())
            await keep_blobs(self._kit, uow, workspace_id, [(new.reduced_blob, prepared.reduced)])
        return entry, is_new

    async def entries(
        self, caller: Caller, name: str, *, image_url: str | None = None, cursor: str | None = None, limit: int = 50
    ) -> PageOf:
        async with self._kit.units.read() as uow:
            within = await _get(uow, caller, name)
            return await uow.collections.entries(within, image_url=image_url, cursor=cursor, limit=limit)

    async def remove(self, caller: Caller, name: str, *, prefix: str) -> int:
        """Remove all entries whose address starts with `prefix` (empty: all); how many."""
        async with self._kit.units() as uow:
            within = await _get(uow, caller, name)
            removed, unused = await uow.collections.remove_entries(within, prefix=prefix)
            await forget_sources(uow, within)
        await drop_blobs(self._kit, caller.workspace_id, unused)
        await self._candidates.catch_up()
        return removed

    async def drop(self, collection: Collection, entry_id: str) -> None:
        """Remove an entry; its source is not told, and the candidate index only at the next `catch_up`."""
        async with self._kit.units() as uow:
            _, unused = await uow.collections.remove_entry(collection, entry_id)
        await drop_blobs(self._kit, collection.workspace_id, unused)

    async def remove_entry(self, caller: Caller, name: str, entry_id: str) -> None:
        async with self._kit.units() as uow:
            within = await _get(uow, caller, name)
            removed, unused = await uow.collections.remove_entry(within, entry_id)
            if not removed:
                raise CopyhoundError("not_found", f"There is no entry {entry_id} in {name}.")
            await forget_sources(uow, within)
        await drop_blobs(self._kit, caller.workspace_id, unused)
        await self._candidates.catch_up()

    async def rebuild(self) -> Rebuilt:
        """Make the candidate index anew from the stored fingerprints; what it holds then, and what is not in it.

        CopyhoundError index_version_mismatch where a collection holds another version: it would be left out.
        """
        async with self._kit.units.read() as uow:
            for other in await uow.collections.outdated(FINGERPRINT_VERSION):
                raise version_mismatch(other.name, other.fingerprint_version, FINGERPRINT_VERSION)
        return await self._candidates.rebuild()

    async def search(self, caller: Caller, name: str, data: bytes, *, least: float = 50) -> list[EntryMatch]:
        """The entries that show the same picture as `data`, surest first; `least` is the lowest confidence that is
        believed. Nothing is kept."""
        return (await self.look(caller, name, data, least=least)).matches

    async def look(
        self, caller: Caller, name: str, picture: bytes | Entry, *, least: float = 50, mirrored: bool = True
    ) -> Looked:
        """The same, for a file or for an entry, and with what is needed to lay the picture over what was found.

        Without `mirrored`, mirrored copies are left out, and the answer is there sooner.
        """
        # who waits is answered sooner in two threads and two processes, for the same work
        named = asyncio.ensure_future(self._named(caller, name))
        within, query, near, _ = await asyncio.gather(
            named, self._query(picture, threads=2), self._near(named, picture), self._candidates.catch_up()
        )
        found = [
            EntryMatch(entry, comparison)
            for entry, comparison in await self._compared(within, query, near, mirrored=mirrored)
            if comparison is not None and comparison.confidence >= least and (mirrored or not is_mirrored(comparison))
        ]
        return Looked(_kept(query), sorted(found, key=lambda match: -match.comparison.confidence))

    async def _near(self, named: Awaitable[Collection], picture: bytes | Entry) -> _Near:
        """What is near by its hash, which is there long before the query's features are."""
        data = picture if isinstance(picture, bytes) else await self._reduced(picture)
        if data is None:
            return _Near([], [])
        hashes: list[bytes] = await self._kit.compute.run("hash_query", data, self._kit.limits.picture)
        within = await named
        numbers = await self._candidates.near(within, hashes)
        return _Near(numbers, await self._candidates.listed(within, dict.fromkeys(numbers[:_FIRST])))

    async def _compared(
        self, within: Collection, query: Prepared, near: _Near, *, mirrored: bool
    ) -> list[tuple[Entry, Comparison | None]]:
        """All candidates. Those of the nearest hashes, as a known picture has one, while the index still looks."""

        async def rest() -> list[tuple[Entry, Comparison | None]]:
            hits = await self._candidates.hits(within, query.fingerprint, mirrored=mirrored)
            variants = {**dict.fromkeys(near.numbers), **{hit.number: hit.variant for hit in hits}}
            chosen = {number: variant for number, variant in variants.items() if number not in near.numbers[:_FIRST]}
            return await self._weighed(query, await self._candidates.listed(within, chosen))

        early, late = await asyncio.gather(self._weighed(query, near.first), rest())
        return early + late

    async def _weighed(
        self, query: Prepared, entries: Sequence[tuple[Entry, int | None]]
    ) -> list[tuple[Entry, Comparison | None]]:
        keys = [entry.reduced_blob for entry, _ in entries if entry.reduced_blob]
        copies = await self._kit.blobs.get_those_left(keys)
        others = [
            Other(entry.fingerprint, copies.get(entry.reduced_blob or ""), facts_of(entry), variant)
            for entry, variant in entries
        ]
        together = min(TOGETHER, max(_AT_LEAST, -(-len(others) // _TASKS)))
        compared = await compare_with(
            self._kit, query.fingerprint, query.reduced, query.facts, others, together=together
        )
        return [(entry, comparison) for (entry, _), comparison in zip(entries, compared, strict=True)]

    async def _named(self, caller: Caller, name: str) -> Collection:
        async with self._kit.units.read() as uow:
            return await _get(uow, caller, name)

    async def _query(self, picture: bytes | Entry, *, threads: int = 1) -> Prepared:
        """A file, or what is kept of an entry, made ready for searching."""
        limits, made = self._kit.limits.picture, None
        if isinstance(picture, bytes):
            made = await self._kit.compute.run("prepare_query", picture, limits, threads=threads)
        elif reduced := await self._reduced(picture):
            made = await self._kit.compute.run("requery", reduced, facts_of(picture), limits)
        else:
            raise CopyhoundError("not_found", f"No copy of {picture.image_url} was kept.")
        prepared: Prepared = made
        return prepared

    async def _reduced(self, entry: Entry) -> bytes | None:
        """None where none was kept, or it was deleted meanwhile: then geometry decides alone."""
        try:
            return await self._kit.blobs.get(entry.reduced_blob) if entry.reduced_blob else None
        except CopyhoundError:
            return None

    async def compare(self, image: bytes, other: bytes) -> Comparison | None:
        """Compare a picture with a found one, as a search would; None where they are different. Nothing is kept."""
        return (await self.weigh(image, other)).comparison

    async def weigh(self, image: bytes | Entry, other: bytes | Entry) -> Weighed:
        """The same, for files and entries, and with what is needed to lay one over the other."""
        one = await self._query(image)
        if isinstance(other, bytes):
            two = await self._prepare(other)
        else:
            two = Prepared(facts_of(other), other.fingerprint, await self._reduced(other) or b"")
        result: Comparison | None = await self._kit.compute.run(
            "compare",
            one.fingerprint,
            two.fingerprint,
            one.reduced,
            two.reduced or None,
            query_facts=one.facts,
            match_facts=two.facts,
        )
        return Weighed(_kept(one), _kept(two), result)

    async def at(self, caller: Caller, name: str, image_url: str) -> Entry:
        """The entry of that address. CopyhoundError not_found."""
        page = await self.entries(caller, name, image_url=image_url, limit=1)
        if not page.items:
            raise CopyhoundError("not_found", f"There is no entry {image_url} in {name}.")
        entry: Entry = page.items[0]
        return entry

    async def addresses(self, caller: Caller, name: str, *, offset: int = 0, limit: int = 50) -> list[str]:
        """The addresses of the entries, in the order in which they were added."""
        async with self._kit.units.read() as uow:
            return await uow.collections.addresses(await _get(uow, caller, name), offset, limit)

    async def remove_at(self, caller: Caller, name: str, image_urls: Sequence[str]) -> list[str]:
        """Remove the entries of these addresses; those of `image_urls` that were not there."""
        missing, dropped = [], []
        async with self._kit.units() as uow:
            within = await _get(uow, caller, name)
            for image_url in image_urls:
                page = await uow.collections.entries(within, image_url=image_url, cursor=None, limit=1)
                if not page.items:
                    missing.append(image_url)
                    continue
                _, unused = await uow.collections.remove_entry(within, page.items[0].id)
                dropped += unused
            await forget_sources(uow, within)
        await drop_blobs(self._kit, caller.workspace_id, dropped)
        await self._candidates.catch_up()
        return missing

    async def fetch(self, url: str) -> bytes:
        """A picture from the web, within our rules of addresses, size and time. CopyhoundErrors of addresses."""
        self._kit.check_url(url)
        return await fetch_picture(self._kit, url)

    async def kept(self, workspace_id: str, entry_id: str) -> Kept:
        """What is kept of an entry. CopyhoundError not_found."""
        async with self._kit.units.read() as uow:
            found = await uow.collections.by_ids(workspace_id, [entry_id])
        reduced = await self._reduced(found[0]) if found else None
        if reduced is None:
            raise CopyhoundError("not_found", f"No copy of the entry {entry_id} is kept.")
        return Kept(reduced, found[0].width, found[0].height)

    async def lay(self, query: Kept, match: Kept, matrix: Matrix, view: str = "pair") -> bytes:
        """A JPEG: left half the match, right half the query aligned to it; or their difference."""
        if view not in VIEWS:
            raise CopyhoundError("invalid_request", f"view is one of {', '.join(VIEWS)}.")
        sizes = (match.width, match.height), (query.width, query.height)
        made: bytes = await self._kit.compute.run("overlay", match.reduced, query.reduced, matrix, *sizes, view)
        return made


def is_mirrored(comparison: Comparison) -> bool:
    """Whether a copy is the other way round."""
    return any(edit.kind is EditKind.mirrored for edit in comparison.edits)


def _kept(prepared: Prepared) -> Kept:
    return Kept(prepared.reduced, prepared.facts.width, prepared.facts.height)


async def _get(uow: UnitOfWork, caller: Caller, name: str) -> Collection:
    found = await uow.collections.by_name(caller.workspace_id, name)
    if found is None:
        raise CopyhoundError("not_found", f"There is no collection {name!r}.")
    return found
