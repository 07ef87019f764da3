"""What every adapter of CandidateIndex does alike; brute force says what is right."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import numpy as np
import pytest
from qdrant_client import AsyncQdrantClient

from copyhound.domain.errors import CopyhoundError
from copyhound.domain.ports import CandidateIndex, IndexHit
from copyhound.indexes import BruteForceIndex, EmbeddedIndex
from copyhound.indexes.qdrant_server import QdrantIndex
from copyhound.matching.fingerprint import Fingerprint

from .synthetic import copy, numbers, picture, record, surely

pytestmark = pytest.mark.filterwarnings("ignore:Payload indexes have no effect")
ADAPTERS = ["brute", "embedded", "qdrant"]


def make(kind: str, folder: Path) -> CandidateIndex:
    """An empty index of a kind."""
    if kind == "brute":
        return BruteForceIndex()
    if kind == "embedded":
        return EmbeddedIndex(folder, flush_after=60)
    return QdrantIndex(lambda: AsyncQdrantClient(":memory:"))


@pytest.fixture(params=ADAPTERS)
async def index(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[CandidateIndex]:
    made = make(request.param, tmp_path / "index")
    yield made
    await made.close()


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(7)


@pytest.fixture
def pictures(rng: np.random.Generator) -> list[Fingerprint]:
    return [picture(rng) for _ in range(30)]


async def test_an_empty_index_has_nothing(index: CandidateIndex, rng: np.random.Generator) -> None:
    """An empty index counts 0, stands at mark 0 and finds nothing."""
    assert await index.count() == 0
    assert await index.mark() == 0
    assert await index.candidates("ws_1", "col_1", picture(rng).query_bytes(), 10) == []


@pytest.mark.parametrize("variant", range(4))
async def test_a_copy_stands_first_in_its_variant(
    index: CandidateIndex, pictures: list[Fingerprint], rng: np.random.Generator, variant: int
) -> None:
    """Part of an entry, turned, sized, mirrored or in negative, finds it first, and in that variant."""
    await index.upsert([record(n, one) for n, one in enumerate(pictures)])
    for wanted in range(0, 30, 5):
        query = copy(pictures[wanted], rng, variant=variant, turn=rng.uniform(0, 6), scale=rng.uniform(0.5, 0.8))
        hits = await index.candidates("ws_1", "col_1", query.query_bytes(), 10)
        assert (hits[0].number, hits[0].variant) == (wanted, variant)
        assert hits[0].score > 3 * hits[1].score


async def test_places_count_for_more_than_words(
    index: CandidateIndex, pictures: list[Fingerprint], rng: np.random.Generator
) -> None:
    """An entry with the same features all in other places stands far behind the one with the same places."""
    moved = msgspec.structs.replace(
        pictures[0], places=rng.permutation(pictures[0].places), angles=rng.permutation(pictures[0].angles)
    )
    others = [record(9 + n, one) for n, one in enumerate(pictures[1:])]
    await index.upsert([record(1, moved), record(2, pictures[0]), *others])
    hits = await index.candidates("ws_1", "col_1", copy(pictures[0], rng, share=0.8).query_bytes(), 10)
    scores = {hit.number: hit.score for hit in hits}
    assert hits[0].number == 2
    assert scores[2] > 3 * scores.get(1, 0)


async def test_each_entry_comes_once_and_best_first(
    index: CandidateIndex, pictures: list[Fingerprint], rng: np.random.Generator
) -> None:
    """No entry is proposed twice, and scores never rise."""
    await index.upsert([record(n, one) for n, one in enumerate(pictures)])
    hits = await index.candidates("ws_1", "col_1", copy(pictures[3], rng).query_bytes(), 100)
    assert len(set(numbers(hits))) == len(hits) > 1
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


async def test_nothing_crosses_workspace_or_collection(
    index: CandidateIndex, pictures: list[Fingerprint], rng: np.random.Generator
) -> None:
    """A query sees the entries of its own workspace and collection alone, and only they move its scores."""
    await index.upsert([record(n, one) for n, one in enumerate(pictures[:10])])
    query = copy(pictures[0], rng).query_bytes()
    before = await index.candidates("ws_1", "col_1", query, 100)
    await index.upsert([record(100 + n, one, workspace="ws_2") for n, one in enumerate(pictures)])
    await index.upsert([record(200 + n, one, collection="col_2") for n, one in enumerate(pictures)])
    after = await index.candidates("ws_1", "col_1", query, 100)
    assert surely(after) == surely(before) != []
    assert {hit.number // 100 for hit in await index.candidates("ws_2", "col_1", query, 100)} == {1}
    assert {hit.number // 100 for hit in await index.candidates("ws_1", "col_2", query, 100)} == {2}
    assert await index.candidates("ws_2", "col_2", query, 100) == []
    assert await index.candidates("ws_3", "col_1", query, 100) == []


async def test_limit_cuts_the_worst(
    index: CandidateIndex, pictures: list[Fingerprint], rng: np.random.Generator
) -> None:
    """At most `limit` candidates come, and they are the best."""
    await index.upsert([record(n, one) for n, one in enumerate(pictures)])
    query = copy(pictures[3], rng).query_bytes()
    everything = await index.candidates("ws_1", "col_1", query, 100)
    few = await index.candidates("ws_1", "col_1", query, 4)
    assert [hit.score for hit in few] == pytest.approx([hit.score for hit in everything[:4]])
    assert few[0] == everything[0]


async def test_upsert_replaces(index: CandidateIndex, pictures: list[Fingerprint], rng: np.random.Generator) -> None:
    """An entry written again stands where and with what it was written last."""
    first, second, third = pictures[:3]
    await index.upsert([record(1, first), record(1, second), record(2, third)])
    await index.upsert([record(2, first, collection="col_2")])
    assert await index.count() == 2
    assert first_of(await index.candidates("ws_1", "col_1", copy(second, rng).query_bytes(), 10)) == 1
    assert first_of(await index.candidates("ws_1", "col_2", copy(first, rng).query_bytes(), 10)) == 2
    assert 2 not in numbers(await index.candidates("ws_1", "col_1", copy(third, rng).query_bytes(), 10))
    await index.upsert([record(1, third)])
    hits = await index.candidates("ws_1", "col_1", copy(third, rng).query_bytes(), 10)
    old = await index.candidates("ws_1", "col_1", copy(second, rng).query_bytes(), 10)
    assert numbers(hits) == [1]
    assert not old or old[0].score < hits[0].score / 3


def first_of(hits: list[IndexHit]) -> int:
    return hits[0].number


async def test_remove_takes_out(index: CandidateIndex, pictures: list[Fingerprint], rng: np.random.Generator) -> None:
    """What was removed is found no more, and removing what is not there harms nothing."""
    await index.upsert([record(n, pictures[0]) for n in range(1, 6)])
    await index.remove([2, 4, 99])
    await index.remove([2])
    await index.remove([])
    assert await index.count() == 3
    hits = await index.candidates("ws_1", "col_1", copy(pictures[0], rng).query_bytes(), 10)
    assert sorted(numbers(hits)) == [1, 3, 5]


async def test_few_features_are_enough(index: CandidateIndex, rng: np.random.Generator) -> None:
    """An entry with five features is found by them; one without any counts, and is never a candidate."""
    small = picture(rng, 5)
    await index.upsert([record(1, small), record(2, picture(rng, 0)), *(record(n, picture(rng)) for n in range(3, 30))])
    await index.upsert([record(30, picture(rng, 0), collection="col_2")])
    assert await index.count() == 30
    hits = await index.candidates("ws_1", "col_1", copy(small, rng, share=1.1).query_bytes(), 100)
    assert hits[0].number == 1
    assert 2 not in numbers(hits)
    assert await index.candidates("ws_1", "col_2", copy(small, rng).query_bytes(), 100) == []
    assert await index.candidates("ws_1", "col_1", query_without_features(rng), 100) == []


def query_without_features(rng: np.random.Generator) -> bytes:
    return msgspec.structs.replace(picture(rng, 0), hashes=(bytes(32),) * 16).query_bytes()


async def test_another_version_is_refused(index: CandidateIndex, pictures: list[Fingerprint]) -> None:
    """A fingerprint of another version is an error on the way in and on the way out, and changes nothing."""
    await index.upsert([record(1, pictures[0])])
    other = msgspec.structs.replace(pictures[0], version=1)
    with pytest.raises(CopyhoundError, match="index_version_mismatch"):
        await index.upsert([record(1, other)])
    with pytest.raises(CopyhoundError, match="index_version_mismatch"):
        await index.candidates("ws_1", "col_1", other.query_bytes(), 10)
    assert numbers(await index.candidates("ws_1", "col_1", pictures[0].query_bytes(), 10)) == [1]


async def test_clear_empties_and_resets_the_mark(
    index: CandidateIndex, pictures: list[Fingerprint], rng: np.random.Generator
) -> None:
    """After clear there is nothing, the mark is 0, and the index can be filled again."""
    await index.upsert([record(1, pictures[0])])
    await index.set_mark(7)
    assert await index.mark() == 7
    await index.clear()
    assert (await index.count(), await index.mark()) == (0, 0)
    await index.upsert([record(2, pictures[0])])
    assert numbers(await index.candidates("ws_1", "col_1", copy(pictures[0], rng).query_bytes(), 10)) == [2]


async def test_two_event_loops_share_it(index: CandidateIndex, pictures: list[Fingerprint]) -> None:
    """An index may be called from more than one event loop at the same time."""

    def other_loop() -> None:
        asyncio.run(index.upsert([record(n, pictures[0]) for n in range(100, 130)]))

    await asyncio.gather(asyncio.to_thread(other_loop), *(index.upsert([record(n, pictures[1])]) for n in range(1, 20)))
    assert await index.count() == 49


@pytest.mark.parametrize("kind", [kind for kind in ADAPTERS if kind != "brute"])
@pytest.mark.parametrize("seed", range(2))
async def test_rankings_agree(kind: str, seed: int, tmp_path: Path) -> None:
    """Whatever was written, replaced and removed, an index ranks as brute force does; also when opened again."""
    rng = np.random.default_rng(seed)
    brute, other = BruteForceIndex(), make(kind, tmp_path / "index")
    base, shown = picture(rng), dict[int, Fingerprint]()
    for turn in range(4):
        some = {int(rng.integers(100)): related(base, rng) for _ in range(35)}
        gone = [int(number) for number in rng.integers(0, 100, 12)]
        records = [record(n, one, collection=f"col_{n % 2}") for n, one in some.items()]
        for index in (brute, other):
            await index.upsert(records)
            await index.remove(gone)
            await index.set_mark(turn + 1)
        shown = {number: one for number, one in (shown | some).items() if number not in gone}
        assert await other.count() == await brute.count() == len(shown)
        await same_copies_first(brute, other, shown, rng)
    if isinstance(other, EmbeddedIndex):
        await other.optimise()
        await agree(brute, other, shown, rng)
        await other.close()
        other = make(kind, tmp_path / "index")
        assert await other.mark() == 4
    await agree(brute, other, shown, rng)
    await other.close()


def related(base: Fingerprint, rng: np.random.Generator) -> Fingerprint:
    """A picture; every third shows some of `base`, so that a query meets many, each with another score."""
    if rng.random() > 0.3:
        return picture(rng)
    return copy(base, rng, turn=rng.uniform(0, 6), scale=rng.uniform(0.4, 0.8), share=rng.uniform(0.1, 0.6))


async def same_copies_first(
    brute: CandidateIndex, other: CandidateIndex, shown: dict[int, Fingerprint], rng: np.random.Generator
) -> None:
    for number in sorted(shown)[5::25]:
        query = copy(shown[number], rng).query_bytes()
        for index in (brute, other):
            assert (await index.candidates("ws_1", f"col_{number % 2}", query, 5))[0].number == number


async def agree(
    brute: CandidateIndex, other: CandidateIndex, shown: dict[int, Fingerprint], rng: np.random.Generator
) -> None:
    for number in sorted(shown)[::12]:
        query = copy(shown[number], rng, variant=number % 4).query_bytes()
        place = ("ws_1", f"col_{number % 2}")
        right = await brute.candidates(*place, query, 1000)
        found = await other.candidates(*place, query, 1000)
        assert [h.score for h in found] == pytest.approx([h.score for h in right], rel=1e-4)
        assert surely(found) == surely(right)
        assert len(found) > 1
