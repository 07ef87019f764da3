"""Hashes in SQL: 256 bits as 16 bands of 16 bits. Two hashes that differ in at most 31 bits have a band in which
they differ in at most one, so probing each band and its 16 one-bit neighbours misses nothing up to there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from copyhound.domain.collections import Collection
from copyhound.storage.base import Repository
from copyhound.storage.tables_collections import ENTRIES, HASH_BANDS
from copyhound.storage.types import Json

BANDS = 16
BAND_BITS = 16
HASH_BYTES = BANDS * BAND_BITS // 8
EXACT_DISTANCE = 2 * BANDS - 1
BAND_CAP = 10_000
"""At most so many entries are read for one band of one hash: flat pictures crowd a few values."""


def bands_of(hash256: bytes) -> list[int]:
    """The 16 values of 16 bits. ValueError where it is not a hash of 256 bits."""
    if len(hash256) != HASH_BYTES:
        raise ValueError(f"A hash has {HASH_BYTES} bytes, not {len(hash256)}.")
    return [int.from_bytes(hash256[at : at + 2], "big") for at in range(0, HASH_BYTES, 2)]


def tokens_of(hash256: bytes) -> list[int]:
    """What an entry is stored under: band * 65536 + value."""
    return [band << BAND_BITS | value for band, value in enumerate(bands_of(hash256))]


def probes_of(hash256: bytes, max_distance: int) -> list[list[int]]:
    """The tokens to look under, band by band. Up to distance 15 one band must be equal: no neighbours needed."""
    flips = [0] if max_distance < BANDS else [0, *(1 << bit for bit in range(BAND_BITS))]
    return [[token ^ flip for flip in flips] for token in tokens_of(hash256)]


@cache
def _probe(dialect: str) -> sa.CompoundSelect[Any]:
    """Rows of (number, band): what stands under the tokens b0 ... b15 of a collection, capped band by band."""
    parts = [
        sa.select(
            sa.select(HASH_BANDS.c.number, sa.literal(band).label("band"))
            .where(HASH_BANDS.c.collection == sa.bindparam("collection"))
            .where(_within(dialect, HASH_BANDS.c.token, f"b{band}"))
            .limit(BAND_CAP + 1)
            .subquery()
        )
        for band in range(BANDS)
    ]
    return sa.union_all(*parts)


@cache
def _read(dialect: str) -> sa.Select[Any]:
    # coalesce hides the collection from SQLite's planner, which would rather walk the whole collection
    in_collection = sa.func.coalesce(ENTRIES.c.collection_id, "") == sa.bindparam("id")
    mine = in_collection, ENTRIES.c.workspace_id == sa.bindparam("workspace")
    numbers = _within(dialect, ENTRIES.c.number, "numbers")
    return sa.select(ENTRIES.c.number, ENTRIES.c.hash256).where(*mine, numbers)


def _within(dialect: str, column: sa.Column[int], name: str) -> sa.ColumnElement[bool]:
    # one parameter for all the integers: an IN list of hundreds costs more than the search itself
    if dialect == "postgresql":
        return column == sa.any_(sa.bindparam(name, type_=postgresql.ARRAY(sa.BigInteger)))
    values = sa.func.json_each(sa.bindparam(name, type_=Json)).table_valued("value", name=f"each_{name}")
    return column.in_(sa.select(values.c.value))


class HashBands(Repository):
    """The table of bands. `capped` counts the bands that held more entries than were read, so far."""

    capped = 0

    async def numbers(self, collection: int, hash256: bytes, max_distance: int) -> set[int]:
        """Numbers of the entries that share a band, nearly."""
        tokens = {f"b{band}": tokens for band, tokens in enumerate(probes_of(hash256, max_distance))}
        statement = _probe(self.connection.dialect.name)
        rows = (await self.connection.execute(statement, {"collection": collection, **tokens})).all()
        sizes = Counter(row.band for row in rows)
        self.capped += sum(size > BAND_CAP for size in sizes.values())
        return {row.number for row in rows}

    async def hashes(self, collection: Collection, numbers: set[int]) -> list[tuple[int, bytes]]:
        """The stored hashes of entries."""
        asked = {"id": collection.id, "workspace": collection.workspace_id, "numbers": sorted(numbers)}
        rows = await self.connection.execute(_read(self.connection.dialect.name), asked)
        return [(row.number, row.hash256) for row in rows]

    async def write(self, collection: int, number: int, hash256: bytes) -> None:
        rows = [{"collection": collection, "token": token, "number": number} for token in tokens_of(hash256)]
        await self.insert(HASH_BANDS, rows)

    async def erase(self, collection: int, entries: Sequence[tuple[int, bytes]]) -> None:
        """Take entries (number, hash) out of their bands."""
        of_number = HASH_BANDS.c.collection == collection, HASH_BANDS.c.number == sa.bindparam("n")
        statement = sa.delete(HASH_BANDS).where(*of_number, HASH_BANDS.c.token == sa.bindparam("t"))
        rows = [{"n": number, "t": token} for number, hash256 in entries for token in tokens_of(hash256)]
        if rows:
            await self.run(statement, rows)


def nearest(
    stored: Sequence[tuple[int, bytes]], hashes: Sequence[bytes], max_distance: int, limit: int
) -> list[tuple[int, int]]:
    """(number, smallest distance to any of `hashes`), nearest first, then by number."""
    asked = [int.from_bytes(one, "big") for one in hashes]
    near = []
    for number, hash256 in stored:
        bits = int.from_bytes(hash256, "big")
        distance = min((bits ^ one).bit_count() for one in asked)
        if distance <= max_distance:
            near.append((distance, number))
    return [(number, distance) for distance, number in sorted(near)[:limit]]
