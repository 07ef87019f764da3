"""Collections and their entries, hash bands and change log included."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa
import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from copyhound.domain.collections import Collection, Entry, IndexChange, Ingest, NewEntry
from copyhound.domain.errors import CopyhoundError, version_mismatch
from copyhound.domain.ids import new_id
from copyhound.domain.matches import Page
from copyhound.domain.repositories import PageOf
from copyhound.storage.base import CHANGES_LOCK, CHUNK, Order, Repository, chunks
from copyhound.storage.hashes import CHECKED, HashBands, nearest
from copyhound.storage.lists import unused_blobs
from copyhound.storage.match_rows import page_of, page_rows
from copyhound.storage.tables_collections import (
    COLLECTIONS,
    ENTRIES,
    ENTRY_PAGES,
    FINGERPRINTS,
    INDEX_CHANGES,
    INGESTS,
)
from copyhound.storage.types import row_of, struct_from, struct_of, url_key

_NEWEST_ENTRY = Order("entries", ENTRIES.c.first_seen, ENTRIES.c.id, down=True)
_NEWEST_INGEST = Order("ingests", INGESTS.c.created_at, INGESTS.c.id, down=True)
_WITH_FINGERPRINT = ENTRIES.join(FINGERPRINTS, FINGERPRINTS.c.number == ENTRIES.c.number)
_ADD_ENTRY = sa.insert(ENTRIES).returning(ENTRIES.c.number)
_log = structlog.get_logger()


class Collections(Repository):
    """Collections, entries, hash bands and the change log in SQL."""

    def __init__(self, connection: AsyncConnection) -> None:
        super().__init__(connection)
        self.bands = HashBands(connection)
        self.capped_bands = 0

    async def ensure(self, workspace_id: str, name: str, at: datetime, fingerprint_version: int = 1) -> Collection:
        found = await self.by_name(workspace_id, name)
        if found is None:
            new = Collection(new_id("col"), workspace_id, name, at, fingerprint_version)
            insert = self.upsert(COLLECTIONS).values(row_of(new, COLLECTIONS))
            await self.run(insert.on_conflict_do_nothing(index_elements=["workspace_id", "name"]))
            found = await self.by_name(workspace_id, name) or new
        return found

    async def by_name(self, workspace_id: str, name: str) -> Collection | None:
        mine = COLLECTIONS.c.workspace_id == workspace_id, COLLECTIONS.c.name == name
        row = await self.one_row(sa.select(COLLECTIONS).where(*mine))
        return struct_of(Collection, row) if row else None

    async def all(self, workspace_id: str) -> list[Collection]:
        mine = sa.select(COLLECTIONS).where(COLLECTIONS.c.workspace_id == workspace_id).order_by(COLLECTIONS.c.name)
        return [struct_of(Collection, row) for row in await self.all_rows(mine)]

    async def of_all_workspaces(self) -> list[Collection]:
        rows = await self.all_rows(sa.select(COLLECTIONS).order_by(COLLECTIONS.c.number))
        return [struct_of(Collection, row) for row in rows]

    async def put_entry(self, collection: Collection, entry: NewEntry, at: datetime) -> tuple[Entry, bool]:
        # first of all: whoever waits for it holds no row that its owner could want
        await self.lock(CHANGES_LOCK)
        old = await self._old(collection, entry)
        new = old["number"] is None
        row = await (self._insert if new else self._update)(collection, old, entry, at)
        pages = page_rows(entry.pages, at)
        await self._unite(collection, row["number"], pages)
        if new:
            return _entry(row, entry.fingerprint, [msgspec.convert(page, Page) for page in pages]), True
        stood = await self._pages([row["number"]])
        return _entry(row, entry.fingerprint, stood.get(row["number"], [])), False

    async def _old(self, collection: Collection, entry: NewEntry) -> dict[str, Any]:
        """What is there of that image_url (all None where nothing is), `short`: the collection's number."""
        this = sa.and_(*_in(collection), ENTRIES.c.url_key == url_key(entry.image_url))
        same = FINGERPRINTS.c.fingerprint == entry.fingerprint
        joined = COLLECTIONS.outerjoin(_WITH_FINGERPRINT, this)
        about = COLLECTIONS.c.number.label("short"), COLLECTIONS.c.fingerprint_version
        query = sa.select(ENTRIES, same.label("same"), *about).select_from(joined)
        row = await self.one_row(query.where(*_is(collection)))
        if row is None:
            raise CopyhoundError("not_found", f"There is no collection {collection.name}.")
        if row.fingerprint_version != entry.fingerprint_version:
            raise version_mismatch(collection.name, row.fingerprint_version, entry.fingerprint_version)
        return dict(row._mapping)

    async def _insert(
        self, collection: Collection, old: dict[str, Any], entry: NewEntry, at: datetime
    ) -> dict[str, Any]:
        row = row_of(entry, ENTRIES, id=new_id("entry"), url_key=url_key(entry.image_url), first_seen=at, last_seen=at)
        row |= {"workspace_id": collection.workspace_id, "collection_id": collection.id}
        row["number"] = number = (await self.connection.execute(_ADD_ENTRY, row)).scalar_one()
        owner = {"number": number, "workspace_id": collection.workspace_id}
        await self.insert(FINGERPRINTS, [{**owner, "fingerprint": entry.fingerprint}])
        await self.bands.write(old["short"], number, entry.hash256)
        await self._log_changes(collection, [number], removed=False)
        return row

    async def _update(
        self, collection: Collection, old: dict[str, Any], entry: NewEntry, at: datetime
    ) -> dict[str, Any]:
        number, unchanged = old["number"], old["same"] and old["sha256"] == entry.sha256
        changes: dict[str, Any] = {"last_seen": max(at, old["last_seen"])}
        if unchanged:
            changes["reduced_blob"] = entry.reduced_blob or old["reduced_blob"]
        else:
            changes |= row_of(entry, ENTRIES)
        await self.run(sa.update(ENTRIES).where(ENTRIES.c.number == number).values(changes))
        if not unchanged:
            await self._put_fingerprint(collection, old, entry.fingerprint, entry.hash256)
        return old | changes

    async def _put_fingerprint(
        self, collection: Collection, old: dict[str, Any], fingerprint: bytes, hash256: bytes
    ) -> None:
        number = old["number"]
        print_of = sa.update(FINGERPRINTS).where(FINGERPRINTS.c.number == number)
        await self.run(print_of.values(fingerprint=fingerprint))
        await self.bands.erase(old["short"], [(number, old["hash256"])])
        await self.bands.write(old["short"], number, hash256)
        await self._log_changes(collection, [number], removed=False)

    async def outdated(self, fingerprint_version: int) -> list[Collection]:
        return [one for one in await self.of_all_workspaces() if one.fingerprint_version != fingerprint_version]

    async def replace_fingerprint(
        self, collection: Collection, entry: Entry, fingerprint: bytes, hash256: bytes
    ) -> None:
        await self.lock(CHANGES_LOCK)
        short = await self._short(collection)
        hashed = sa.update(ENTRIES).where(*_in(collection), ENTRIES.c.number == entry.number).values(hash256=hash256)
        if await self.run(hashed):
            old = {"number": entry.number, "hash256": entry.hash256, "short": short}
            await self._put_fingerprint(collection, old, fingerprint, hash256)

    async def set_version(self, collection: Collection, fingerprint_version: int) -> None:
        new = {"fingerprint_version": fingerprint_version}
        await self.run(sa.update(COLLECTIONS).where(*_is(collection)).values(**new))

    async def touch_entry(
        self, collection: Collection, image_url: str, pages: Sequence[Page], at: datetime
    ) -> int | None:
        this = *_in(collection), ENTRIES.c.url_key == url_key(image_url)
        number = await self.scalar(sa.update(ENTRIES).where(*this).values(last_seen=at).returning(ENTRIES.c.number))
        if number is None:
            return None
        await self._unite(collection, number, page_rows(pages, at))
        return int(number)

    async def by_ids(self, workspace_id: str, ids: Sequence[str]) -> list[Entry]:
        found = {entry.id: entry for entry in await self._chosen(workspace_id, ENTRIES.c.id, ids)}
        return [found[one] for one in dict.fromkeys(ids) if one in found]

    async def by_numbers(self, workspace_id: str, numbers: Sequence[int]) -> list[Entry]:
        found = {entry.number: entry for entry in await self._chosen(workspace_id, ENTRIES.c.number, numbers)}
        return [found[one] for one in dict.fromkeys(numbers) if one in found]

    async def _chosen(
        self, workspace_id: str, column: sa.ColumnElement[Any], values: Sequence[str] | Sequence[int]
    ) -> list[Entry]:
        here = ENTRIES.c.workspace_id == workspace_id
        parts = [await self._entries([here, column.in_(chunk)]) for chunk in chunks(list(dict.fromkeys(values)))]
        return [entry for part in parts for entry in part]

    async def entries(self, collection: Collection, *, image_url: str | None, cursor: str | None, limit: int) -> PageOf:
        statement = (
            sa.select(ENTRIES, FINGERPRINTS.c.fingerprint).select_from(_WITH_FINGERPRINT).where(*_in(collection))
        )
        if image_url is not None:
            statement = statement.where(ENTRIES.c.url_key == url_key(image_url))
        rows = await self.all_rows(_NEWEST_ENTRY.apply(statement, cursor, limit))
        return PageOf(await self._complete(rows[:limit]), _NEWEST_ENTRY.cursor(rows, limit))

    async def addresses(self, collection: Collection, offset: int, limit: int) -> list[str]:
        here = sa.select(ENTRIES.c.image_url).where(*_in(collection))
        in_order = here.order_by(ENTRIES.c.first_seen, ENTRIES.c.number).offset(offset).limit(limit)
        return [row.image_url for row in await self.all_rows(in_order)]

    async def count(self, collection: Collection) -> int:
        return int(await self.scalar(sa.select(sa.func.count()).select_from(ENTRIES).where(*_in(collection))))

    async def remove_entries(self, collection: Collection, *, prefix: str) -> tuple[int, list[str]]:
        begins = sa.func.substr(ENTRIES.c.image_url, 1, len(prefix)) == prefix
        removed, blobs = 0, set()
        while True:
            number, keys = await self._remove(collection, begins)
            removed += number
            blobs |= keys
            if number < CHUNK:
                return removed, await unused_blobs(self, collection.workspace_id, blobs)

    async def remove_entry(self, collection: Collection, entry_id: str) -> tuple[bool, list[str]]:
        number, blobs = await self._remove(collection, ENTRIES.c.id == entry_id)
        return bool(number), await unused_blobs(self, collection.workspace_id, blobs)

    async def hash_candidates(
        self, collection: Collection, hashes: Sequence[bytes], max_distance: int, limit: int
    ) -> list[tuple[int, int]]:
        if not hashes:
            return []
        probed = await self.bands.probe(await self._short(collection), hashes, max_distance)
        self.capped_bands += probed.capped
        if probed.capped:
            _log.warning("hash_bands_capped", collection=collection.id, bands=probed.capped)
        stored = await self.bands.hashes(collection, probed.numbers[:CHECKED])
        return nearest(stored, hashes, max_distance, limit)

    async def changes(self, after: int, limit: int) -> list[IndexChange]:
        statement = sa.select(INDEX_CHANGES).where(INDEX_CHANGES.c.seq > after).order_by(INDEX_CHANGES.c.seq)
        return [struct_of(IndexChange, row) for row in await self.all_rows(statement.limit(limit))]

    async def last_change(self) -> int:
        return int(await self.scalar(sa.select(sa.func.max(INDEX_CHANGES.c.seq))) or 0)

    async def pending(self, after: int) -> int:
        later = INDEX_CHANGES.c.seq > after
        return int(await self.scalar(sa.select(sa.func.count()).select_from(INDEX_CHANGES).where(later)))

    async def count_all(self) -> int:
        return int(await self.scalar(sa.select(sa.func.count()).select_from(ENTRIES)))

    async def fingerprint_bytes(self, collection: Collection) -> int:
        taken = sa.func.coalesce(sa.func.sum(sa.func.length(FINGERPRINTS.c.fingerprint)), 0)
        return int(await self.scalar(sa.select(taken).select_from(_WITH_FINGERPRINT).where(*_in(collection))))

    async def fingerprints(self, numbers: Sequence[int]) -> dict[int, bytes]:
        found: dict[int, bytes] = {}
        for chunk in chunks(numbers):
            query = sa.select(FINGERPRINTS.c.number, FINGERPRINTS.c.fingerprint).where(FINGERPRINTS.c.number.in_(chunk))
            found.update({row.number: row.fingerprint for row in await self.all_rows(query)})
        return found

    async def _short(self, collection: Collection) -> int:
        number = await self.scalar(sa.select(COLLECTIONS.c.number).where(*_is(collection)))
        if number is None:
            raise CopyhoundError("not_found", f"There is no collection {collection.name}.")
        return int(number)

    async def _unite(self, collection: Collection, number: int, pages: Sequence[dict[str, Any]]) -> None:
        await self.unite_pages(ENTRY_PAGES, {"number": number, "workspace_id": collection.workspace_id}, pages)

    async def _log_changes(self, collection: Collection, numbers: Sequence[int], *, removed: bool) -> None:
        owner = {"workspace_id": collection.workspace_id, "collection_id": collection.id, "removed": removed}
        await self.insert(INDEX_CHANGES, [{**owner, "number": number} for number in numbers])

    async def _remove(self, collection: Collection, which: sa.ColumnElement[bool]) -> tuple[int, set[str | None]]:
        """Remove at most CHUNK entries; how many, and their blob keys."""
        await self.lock(CHANGES_LOCK)
        columns = ENTRIES.c.number, ENTRIES.c.hash256, ENTRIES.c.reduced_blob
        rows = await self.all_rows(sa.select(*columns).where(*_in(collection), which).limit(CHUNK))
        if not rows:
            return 0, set()
        numbers = [row.number for row in rows]
        await self.bands.erase(await self._short(collection), [(row.number, row.hash256) for row in rows])
        await self.run(sa.delete(ENTRIES).where(ENTRIES.c.number.in_(numbers)))
        await self._log_changes(collection, numbers, removed=True)
        return len(rows), {row.reduced_blob for row in rows}

    async def _entries(self, where: list[sa.ColumnElement[bool]]) -> list[Entry]:
        statement = sa.select(ENTRIES, FINGERPRINTS.c.fingerprint).select_from(_WITH_FINGERPRINT)
        return await self._complete(await self.all_rows(statement.where(*where)))

    async def _complete(self, rows: Sequence[sa.Row[Any]]) -> list[Entry]:
        pages = await self._pages([row.number for row in rows])
        return [_entry(dict(row._mapping), row.fingerprint, pages.get(row.number, [])) for row in rows]

    async def _pages(self, numbers: Sequence[int]) -> dict[int, list[Page]]:
        pages: dict[int, list[Page]] = {}
        for chunk in chunks(numbers):
            query = sa.select(ENTRY_PAGES).where(ENTRY_PAGES.c.number.in_(chunk))
            for row in await self.all_rows(query.order_by(ENTRY_PAGES.c.first_seen, ENTRY_PAGES.c.url)):
                pages.setdefault(row.number, []).append(page_of(row))
        return pages


class Ingests(Repository):
    """Ingests in SQL."""

    async def add(self, ingest: Ingest) -> None:
        await self.insert(INGESTS, [row_of(ingest, INGESTS)])

    async def get(self, workspace_id: str, ingest_id: str) -> Ingest | None:
        ingest = await self.by_id(ingest_id)
        return ingest if ingest and ingest.workspace_id == workspace_id else None

    async def by_id(self, ingest_id: str) -> Ingest | None:
        row = await self.one_row(sa.select(INGESTS).where(INGESTS.c.id == ingest_id))
        return struct_of(Ingest, row) if row else None

    async def save(self, ingest: Ingest) -> None:
        mine = INGESTS.c.id == ingest.id, INGESTS.c.workspace_id == ingest.workspace_id
        await self.run(sa.update(INGESTS).where(*mine).values(row_of(ingest, INGESTS)))

    async def page(self, workspace_id: str, *, cursor: str | None, limit: int) -> PageOf:
        statement = sa.select(INGESTS).where(INGESTS.c.workspace_id == workspace_id)
        rows = await self.all_rows(_NEWEST_INGEST.apply(statement, cursor, limit))
        return PageOf([struct_of(Ingest, row) for row in rows[:limit]], _NEWEST_INGEST.cursor(rows, limit))


def _in(collection: Collection) -> tuple[sa.ColumnElement[bool], ...]:
    return ENTRIES.c.collection_id == collection.id, ENTRIES.c.workspace_id == collection.workspace_id


def _is(collection: Collection) -> tuple[sa.ColumnElement[bool], ...]:
    return COLLECTIONS.c.id == collection.id, COLLECTIONS.c.workspace_id == collection.workspace_id


def _entry(values: dict[str, Any], fingerprint: bytes, pages: list[Page]) -> Entry:
    bare = struct_from(Entry, values, fingerprint=fingerprint, pages=())
    return msgspec.structs.replace(bare, pages=tuple(pages))
