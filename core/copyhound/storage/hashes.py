"""Hashes in SQL: of 256 bits, 240 as 12 bands of 20 bits, and a row for each band of each entry.

A query's first hash, the picture as it stands, is looked up with all neighbours of one bit: nothing is missed up to
distance 23. Its other ones (turned, mirrored, negative) are looked up as they are: up to distance 11. Decision 16 has
what that finds of real copies, and what it costs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cache
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from copyhound.domain.collections import Collection
from copyhound.storage.base import Repository
from copyhound.storage.tables_collections import ENTRIES, HASH_BANDS
from copyhound.storage.types import Json

HASH_BYTES = 32
SIDE = 16
"""A hash is the signs of SIDE x SIDE frequencies, the lowest one first."""
BANDS = 12
BAND_BITS = 20
EXACT_DISTANCE = 2 * BANDS - 1
EXACT_DISTANCE_OF_VARIANTS = BANDS - 1
BAND_CAP = 256
"""At most so many entries are read under one value of a band: the first ones. Flat pictures crowd a few values."""
CHECKED = 4000
"""Of so many entries at most the hashes are read and compared: those with most bands in common."""

_MASK = (1 << BAND_BITS) - 1
_ON_SQLITE = """
    SELECT asked.value AS token, found.value AS number FROM json_each(:tokens) AS asked, json_each((
        SELECT json_group_array(number) FROM (
            SELECT number FROM hash_bands WHERE collection = :collection AND token = asked.value
            ORDER BY number LIMIT :most))) AS found"""
_ON_POSTGRES = """
    SELECT asked.token, found.number FROM unnest(:tokens) AS asked(token) CROSS JOIN LATERAL (
        SELECT number FROM hash_bands WHERE collection = :collection AND token = asked.token
        ORDER BY number LIMIT :most) AS found"""


class Probed(msgspec.Struct, frozen=True):
    """What stands under the tokens of a query."""

    numbers: list[int]
    """Those with most tokens in common first, then by number."""
    capped: int
    """How many tokens held more entries than were read."""


@cache
def _order() -> list[int]:
    """Where each bit of a hash goes: low frequencies first, as they are the steadiest; the mean itself is left out."""
    cells = sorted((row + column, max(row, column), row, column) for row in range(SIDE) for column in range(SIDE))
    return [row * SIDE + column for _, _, row, column in cells[1 : 1 + BANDS * BAND_BITS]]


@cache
def _spread() -> list[list[int]]:
    """For each byte of a hash, and each value of it: its bits where they go."""
    last = BANDS * BAND_BITS - 1
    goes = {bit: 1 << (last - at) for at, bit in enumerate(_order())}
    return [
        [sum(goes.get(byte * 8 + bit, 0) for bit in range(8) if value >> (7 - bit) & 1) for value in range(256)]
        for byte in range(HASH_BYTES)
    ]


def bands_of(hash256: bytes) -> list[int]:
    """The 12 values of 20 bits. ValueError where it is not a hash of 256 bits."""
    if len(hash256) != HASH_BYTES:
        raise ValueError(f"A hash has {HASH_BYTES} bytes, not {len(hash256)}.")
    bits = sum(table[value] for table, value in zip(_spread(), hash256, strict=True))
    return [bits >> at & _MASK for at in range((BANDS - 1) * BAND_BITS, -1, -BAND_BITS)]


def tokens_of(hash256: bytes) -> list[int]:
    """What an entry is stored under: band * 2**20 + value."""
    return [band << BAND_BITS | value for band, value in enumerate(bands_of(hash256))]


def probes_of(hashes: Sequence[bytes], max_distance: int) -> list[int]:
    """The tokens to look under, each once: of the first hash also those that differ in one bit.

    Below distance 12 one band must be equal: no neighbours needed.
    """
    flips = [0] if max_distance < BANDS else [0, *(1 << bit for bit in range(BAND_BITS))]
    first = [token ^ flip for one in hashes[:1] for token in tokens_of(one) for flip in flips]
    return list(dict.fromkeys(first + [token for one in hashes[1:] for token in tokens_of(one)]))


@cache
def _probe(dialect: str) -> sa.TextClause:
    """Rows of (token, number): what stands under each of the tokens in a collection, the first `most` of each."""
    if dialect == "postgresql":
        many = sa.bindparam("tokens", type_=postgresql.ARRAY(sa.Integer))
        return sa.text(_ON_POSTGRES).bindparams(many)
    # one parameter for all the integers: an IN list of hundreds costs more than the search itself
    return sa.text(_ON_SQLITE).bindparams(sa.bindparam("tokens", type_=Json))


@cache
def _read(dialect: str) -> sa.Select[Any]:
    # coalesce hides the collection from SQLite's planner, which would rather walk the whole collection
    in_collection = sa.func.coalesce(ENTRIES.c.collection_id, "") == sa.bindparam("id")
    mine = in_collection, ENTRIES.c.workspace_id == sa.bindparam("workspace")
    if dialect == "postgresql":
        asked = ENTRIES.c.number == sa.any_(sa.bindparam("numbers", type_=postgresql.ARRAY(sa.BigInteger)))
    else:
        values = sa.func.json_each(sa.bindparam("numbers", type_=Json)).table_valued("value", name="asked")
        asked = ENTRIES.c.number.in_(sa.select(values.c.value))
    return sa.select(ENTRIES.c.number, ENTRIES.c.hash256).where(*mine, asked)


class HashBands(Repository):
    """The table of bands."""

    async def probe(self, collection: int, hashes: Sequence[bytes], max_distance: int) -> Probed:
        """Entries that share a band with one of `hashes`, in one statement."""
        asked = {"tokens": probes_of(hashes, max_distance), "collection": collection, "most": BAND_CAP + 1}
        rows = (await self.connection.execute(_probe(self.connection.dialect.name), asked)).all()
        sizes = Counter(token for token, _ in rows)
        shared = Counter(number for _, number in rows)
        numbers = sorted(shared, key=lambda number: (-shared[number], number))
        return Probed(numbers, sum(size > BAND_CAP for size in sizes.values()))

    async def hashes(self, collection: Collection, numbers: Sequence[int]) -> list[tuple[int, bytes]]:
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
