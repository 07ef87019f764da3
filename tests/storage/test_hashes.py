from __future__ import annotations

import random
import sqlite3

import pytest
import sqlalchemy as sa
import structlog.testing
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.dialects import sqlite

from copyhound.domain.collections import Collection, NewEntry
from copyhound.domain.repositories import UnitOfWork
from copyhound.storage import Units, hashes
from copyhound.storage.collections import Collections
from copyhound.storage.hashes import BANDS, HASH_BYTES, bands_of, nearest, probes_of, tokens_of

from .makers import AT, W2, an_entry, web

HASHES = st.binary(min_size=HASH_BYTES, max_size=HASH_BYTES)


def flipped(hash256: bytes, bits: set[int]) -> bytes:
    """`hash256` with some of its 256 bits turned."""
    value = int.from_bytes(hash256, "big")
    for bit in bits:
        value ^= 1 << bit
    return value.to_bytes(HASH_BYTES, "big")


@given(hash256=HASHES, bits=st.sets(st.integers(0, 255), max_size=31))
@settings(max_examples=300, deadline=None)
def test_hashes_within_31_bits_share_a_probe(hash256: bytes, bits: set[int]) -> None:
    """However the turned bits lie, one band differs in at most one of them."""
    stored = set(tokens_of(flipped(hash256, bits)))
    assert any(stored & set(tokens) for tokens in probes_of(hash256, 31))
    assert len(bits) >= BANDS or any(stored & set(tokens) for tokens in probes_of(hash256, len(bits)))


def test_the_worst_case_is_still_found() -> None:
    """31 bits spread as evenly as can be: two in each band but one."""
    zero = bytes(HASH_BYTES)
    bits = {band * 16 + at for band in range(16) for at in (3, 9)} - {3}
    assert len(bits) == 31
    assert sum(len(tokens) for tokens in probes_of(zero, 31)) == 272
    assert any(set(tokens_of(flipped(zero, bits))) & set(tokens) for tokens in probes_of(zero, 31))


@pytest.mark.parametrize("size", [0, 31, 33])
def test_only_256_bits_are_a_hash(size: int) -> None:
    """Anything else is a mistake of the caller."""
    with pytest.raises(ValueError, match="32 bytes"):
        bands_of(bytes(size))


async def _filled(unit: UnitOfWork, stored: list[bytes]) -> tuple[Collection, list[int]]:
    collection = await web(unit)
    numbers = []
    for at, hash256 in enumerate(stored):
        entry, _ = await unit.collections.put_entry(collection, an_entry(f"e{at}", hash256=hash256), AT)
        numbers.append(entry.number)
    return collection, numbers


async def test_candidates_are_those_of_brute_force(units: Units) -> None:
    """For many queries near and far, with one hash and with several, at every distance up to 31."""
    chance = random.Random(7)
    base = [chance.randbytes(HASH_BYTES) for _ in range(12)]
    stored = [flipped(one, set(chance.sample(range(256), chance.randrange(40)))) for one in base for _ in range(5)]
    async with units() as unit:
        collection, numbers = await _filled(unit, stored)
    known = list(zip(numbers, stored, strict=True))
    async with units.read() as unit:
        for _ in range(40):
            origin = chance.choice(base)
            query = [flipped(origin, set(chance.sample(range(256), chance.randrange(20))))]
            query += [chance.choice(base)] * chance.randrange(2)
            distance = chance.choice([0, 5, 15, 16, 24, 31])
            found = await unit.collections.hash_candidates(collection, query, distance, 1000)
            assert found == nearest(known, query, distance, 1000)


async def test_the_nearest_come_first_up_to_the_limit(units: Units) -> None:
    """Each entry once, with its smallest distance."""
    zero = bytes(HASH_BYTES)
    async with units() as unit:
        collection, numbers = await _filled(unit, [flipped(zero, set(range(n))) for n in (9, 3, 0, 40)])
        found = await unit.collections.hash_candidates(collection, [zero, flipped(zero, {0, 1, 2})], 31, 2)
        assert found == [(numbers[1], 0), (numbers[2], 0)]
        assert await unit.collections.hash_candidates(collection, [], 31, 2) == []


async def test_candidates_stay_in_their_collection(units: Units) -> None:
    """The same hash in another collection, or in another workspace's, is not found."""
    entry: NewEntry = an_entry()
    async with units() as unit:
        mine = await web(unit)
        for other in (await unit.collections.ensure(mine.workspace_id, "known", AT), await web(unit, W2)):
            await unit.collections.put_entry(other, entry, AT)
        assert await unit.collections.hash_candidates(mine, [entry.hash256], 31, 10) == []


async def test_a_crowded_band_is_cut_and_reported(units: Units, monkeypatch: pytest.MonkeyPatch) -> None:
    """More entries than the cap under one value: the search goes on with some of them, and says so."""
    monkeypatch.setattr(hashes, "BAND_CAP", 4)
    hashes._probe.cache_clear()
    zero = bytes(HASH_BYTES)
    try:
        async with units() as unit:
            collection, _ = await _filled(unit, [zero] * 6)
            repository = unit.collections
            assert isinstance(repository, Collections)
            with structlog.testing.capture_logs() as logs:
                found = await repository.hash_candidates(collection, [zero], 15, 10)
    finally:
        hashes._probe.cache_clear()
    assert len(found) >= 4
    assert repository.bands.capped == BANDS
    assert [(log["event"], log["bands"]) for log in logs] == [("hash_bands_capped", BANDS)]


def test_sqlite_walks_no_whole_collection(sqlite_url: str) -> None:
    """The plan of the search touches only rows that the probes name."""
    plans: list[str] = []
    statements: list[sa.SelectBase] = [hashes._probe("sqlite"), hashes._read("sqlite")]
    with sqlite3.connect(sqlite_url.removeprefix("sqlite:///")) as connection:
        for statement in statements:
            compiled = statement.compile(dialect=sqlite.dialect())
            blanks = ["[]"] * len(compiled.positiontup or ())
            plans += [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {compiled}", blanks)]
    tables = [plan for plan in plans if "hash_bands" in plan or "entries" in plan]
    assert len(tables) == BANDS + 1
    assert all("SEARCH" in plan and ("collection=? AND token=?" in plan or "rowid=?" in plan) for plan in tables)
