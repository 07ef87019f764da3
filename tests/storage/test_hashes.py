from __future__ import annotations

import random
import sqlite3
from typing import Any

import pytest
import structlog.testing
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.dialects import sqlite

from copyhound.domain.collections import Collection, NewEntry
from copyhound.domain.repositories import UnitOfWork
from copyhound.storage import Units, collections, hashes
from copyhound.storage.hashes import (
    BANDS,
    EXACT_DISTANCE,
    EXACT_DISTANCE_OF_VARIANTS,
    HASH_BYTES,
    bands_of,
    nearest,
    probes_of,
    tokens_of,
)

from .makers import AT, W2, an_entry, web

HASHES = st.binary(min_size=HASH_BYTES, max_size=HASH_BYTES)


def flipped(hash256: bytes, bits: set[int]) -> bytes:
    """`hash256` with some of its 256 bits turned."""
    value = int.from_bytes(hash256, "big")
    for bit in bits:
        value ^= 1 << bit
    return value.to_bytes(HASH_BYTES, "big")


@given(hash256=HASHES, bits=st.sets(st.integers(0, 255), max_size=EXACT_DISTANCE))
@settings(max_examples=300, deadline=None)
def test_hashes_within_23_bits_share_a_token(hash256: bytes, bits: set[int]) -> None:
    """However the turned bits lie, one band differs in at most one of them; within 11 bits, one differs in none."""
    other = set(tokens_of(flipped(hash256, bits)))
    assert other & set(probes_of([hash256], 31))
    assert len(bits) > EXACT_DISTANCE_OF_VARIANTS or other & set(probes_of([hash256], 11))
    assert len(bits) > EXACT_DISTANCE_OF_VARIANTS or other & set(probes_of([bytes(32), hash256], 31))


def test_the_worst_case_is_still_found() -> None:
    """23 bits spread as evenly as can be: two in each band but one."""
    probes = set(probes_of([bytes(HASH_BYTES)], 31))
    two_off = {band << 20 | 0b101 for band in range(BANDS)}
    assert not two_off & probes
    assert {0b100} <= probes
    assert len(probes) == 12 * 21


def test_every_frequency_but_the_mean_and_the_highest_counts() -> None:
    """240 of the 256 bits stand in the bands, each once: the lowest frequencies first, the mean not at all."""
    nothing = tokens_of(bytes(HASH_BYTES))
    changed = [set(tokens_of(flipped(bytes(HASH_BYTES), {255 - at}))) - set(nothing) for at in range(256)]
    assert sum(len(tokens) for tokens in changed) == len(set().union(*changed)) == 240
    assert changed[0] == changed[255] == set()
    assert {token >> 20 for token in changed[1] | changed[16]} == {0}


def test_a_query_looks_under_few_tokens() -> None:
    """Neighbours of the first hash alone, and no token twice."""
    chance = random.Random(3)
    hashes = [chance.randbytes(HASH_BYTES) for _ in range(16)]
    tokens = probes_of([*hashes, hashes[0]], 31)
    assert len(tokens) == len(set(tokens)) <= 12 * 21 + 15 * 12


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
    """As far as the bands are exact, for many queries near and far; beyond, nothing that is not there is found."""
    chance = random.Random(7)
    base = [chance.randbytes(HASH_BYTES) for _ in range(12)]
    stored = [flipped(one, set(chance.sample(range(256), chance.randrange(40)))) for one in base for _ in range(5)]
    async with units() as unit:
        collection, numbers = await _filled(unit, stored)
    known = list(zip(numbers, stored, strict=True))
    async with units.read() as unit:
        for _ in range(40):
            origin, other = chance.sample(base, 2)
            query = [flipped(origin, set(chance.sample(range(256), chance.randrange(20))))]
            distance = chance.choice([0, 5, 11, 12, EXACT_DISTANCE])
            found = await unit.collections.hash_candidates(collection, query, distance, 1000)
            assert found == nearest(known, query, distance, 1000)
            found = await unit.collections.hash_candidates(collection, [other, *query], 11, 1000)
            assert found == nearest(known, [other, *query], 11, 1000)
            found = await unit.collections.hash_candidates(collection, [other, *query], 31, 1000)
            assert set(found) <= set(nearest(known, [other, *query], 31, 1000))


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
    """More entries than the cap under one value: the search goes on with the first of them, and says so."""
    monkeypatch.setattr(hashes, "BAND_CAP", 4)
    zero = bytes(HASH_BYTES)
    async with units() as unit:
        collection, numbers = await _filled(unit, [zero] * 6)
        with structlog.testing.capture_logs() as logs:
            found = await unit.collections.hash_candidates(collection, [zero], 11, 10)
        assert [number for number, _ in found] == numbers[:5]
        assert unit.collections.capped_bands == BANDS
    assert [(log["event"], log["bands"]) for log in logs] == [("hash_bands_capped", BANDS)]


async def test_a_crowd_hides_no_picture_that_differs_from_it(units: Units, monkeypatch: pytest.MonkeyPatch) -> None:
    """An entry behind a crowded value is found under its other bands."""
    monkeypatch.setattr(hashes, "BAND_CAP", 4)
    chance = random.Random(5)
    mine = chance.randbytes(HASH_BYTES)
    crowd = [flipped(mine, set(chance.sample(range(128), 60))) for _ in range(50)]
    async with units() as unit:
        collection, numbers = await _filled(unit, [*crowd, mine])
        assert await unit.collections.hash_candidates(collection, [mine], 31, 10) == [(numbers[-1], 0)]
        assert unit.collections.capped_bands


async def test_those_with_most_in_common_are_checked_first(units: Units, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many share a band with it, the hashes of a bounded number of entries are read."""
    monkeypatch.setattr(collections, "CHECKED", 3)
    zero = bytes(HASH_BYTES)
    async with units() as unit:
        collection, numbers = await _filled(unit, [flipped(zero, set(range(100, 100 + n))) for n in (30, 20, 10, 0)])
        found = await unit.collections.hash_candidates(collection, [zero], 31, 10)
    assert found == [(numbers[3], 0), (numbers[2], 10), (numbers[1], 20)]


def test_sqlite_walks_no_whole_collection(sqlite_url: str) -> None:
    """The plan of the search touches only rows that the probes name."""
    statements: list[Any] = [hashes._probe("sqlite"), hashes._read("sqlite")]
    plans: list[str] = []
    with sqlite3.connect(sqlite_url.removeprefix("sqlite:///")) as connection:
        for statement in statements:
            compiled = statement.compile(dialect=sqlite.dialect())
            blanks = ["[]"] * len(compiled.positiontup or ())
            plans += [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {compiled}", blanks)]
    tables = [plan for plan in plans if "hash_bands" in plan or "entries" in plan]
    assert len(tables) == 2
    assert all("SEARCH" in plan and ("collection=? AND token=?" in plan or "rowid=?" in plan) for plan in tables)
