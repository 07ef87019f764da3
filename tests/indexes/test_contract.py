"""What every adapter of CandidateIndex does alike; brute force says what is right."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from copyhound.domain.ports import CandidateIndex, IndexHit, IndexRecord
from copyhound.indexes import BruteForceIndex, EmbeddedIndex
from copyhound.indexes.scoring import idf, unit


@pytest.fixture(params=["brute", "embedded"])
async def index(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[CandidateIndex]:
    made: CandidateIndex = BruteForceIndex() if request.param == "brute" else EmbeddedIndex(tmp_path / "index")
    yield made
    await made.close()


@pytest.fixture
async def both(tmp_path: Path) -> AsyncIterator[tuple[BruteForceIndex, EmbeddedIndex]]:
    embedded = EmbeddedIndex(tmp_path / "index", tidy_after=150)
    yield BruteForceIndex(), embedded
    await embedded.close()


def record(number: int, words: dict[int, float], workspace: str = "ws_1", collection: str = "col_1") -> IndexRecord:
    return IndexRecord(number, workspace, collection, words)


def some_words(rng: random.Random, vocabulary: int = 400, count: int = 30) -> dict[int, float]:
    """Words as pictures have them: a few stand in many pictures, most in few."""
    return {int(vocabulary * rng.random() ** 2): rng.uniform(0.2, 2.0) for _ in range(count)}


def numbers(hits: list[IndexHit]) -> list[int]:
    return [hit.number for hit in hits]


async def test_an_empty_index_has_nothing(index: CandidateIndex) -> None:
    """An empty index counts 0, stands at mark 0 and finds nothing."""
    assert await index.count() == 0
    assert await index.mark() == 0
    assert await index.candidates("ws_1", "col_1", [{1: 1.0}], 10) == []


async def test_score_is_the_weighted_dot_product(index: CandidateIndex) -> None:
    """The score is the sum of query weight, idf and entry weight, with both weights at length 1."""
    await index.upsert([record(1, {7: 3.0, 8: 4.0}), record(2, {8: 1.0}), record(3, {9: 5.0})])
    hits = await index.candidates("ws_1", "col_1", [{7: 1.0, 8: 1.0}], 10)
    half = 0.5**0.5
    assert numbers(hits) == [1, 2]
    assert hits[0].score == pytest.approx(half * idf(3, 1) * 0.6 + half * idf(3, 2) * 0.8, rel=1e-5)
    assert hits[1].score == pytest.approx(half * idf(3, 2), rel=1e-5)


async def test_rare_words_weigh_more(index: CandidateIndex) -> None:
    """A picture that shares a rare word comes before one that shares a frequent word."""
    await index.upsert([record(n, {1: 1.0, 100 + n: 1.0}) for n in range(1, 40)])
    hits = await index.candidates("ws_1", "col_1", [{1: 1.0, 105: 1.0}], 3)
    assert hits[0].number == 5
    assert hits[0].score > 3 * hits[1].score


async def test_only_entries_that_share_a_word_are_found(index: CandidateIndex) -> None:
    """What shares no word is no candidate."""
    await index.upsert([record(1, {1: 1.0}), record(2, {2: 1.0})])
    assert numbers(await index.candidates("ws_1", "col_1", [{2: 1.0, 3: 1.0}], 10)) == [2]


async def test_nothing_crosses_workspace_or_collection(index: CandidateIndex) -> None:
    """A query sees the entries of its own workspace and collection alone, and only they move its scores."""
    await index.upsert([record(1, {1: 1.0}), record(2, {2: 1.0})])
    before = await index.candidates("ws_1", "col_1", [{1: 1.0}], 10)
    await index.upsert([record(10 + n, {1: 1.0}, workspace="ws_2") for n in range(20)])
    await index.upsert([record(40 + n, {1: 1.0}, collection="col_2") for n in range(20)])
    after = await index.candidates("ws_1", "col_1", [{1: 1.0}], 100)
    assert numbers(after) == [1]
    assert after[0].score == pytest.approx(before[0].score, rel=1e-5)
    assert len(await index.candidates("ws_2", "col_1", [{1: 1.0}], 100)) == 20
    assert await index.candidates("ws_2", "col_2", [{1: 1.0}], 100) == []


async def test_variants_are_united(index: CandidateIndex) -> None:
    """Each entry comes once, with the score and number of the variant that found it best."""
    await index.upsert([record(1, {1: 1.0, 2: 1.0}), record(2, {3: 1.0}), record(3, {4: 1.0})])
    hits = await index.candidates("ws_1", "col_1", [{1: 1.0, 9: 1.0}, {}, {3: 1.0}, {1: 1.0, 2: 1.0}], 10)
    assert {hit.number: hit.variant for hit in hits} == {1: 3, 2: 2}
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


async def test_limit_cuts_the_worst(index: CandidateIndex) -> None:
    """At most `limit` candidates come, and they are the best."""
    await index.upsert([record(n, {1: float(n), 2: 5.0}) for n in range(1, 30)])
    everything = await index.candidates("ws_1", "col_1", [{1: 1.0}], 100)
    assert await index.candidates("ws_1", "col_1", [{1: 1.0}], 4) == everything[:4]
    assert numbers(everything)[:4] == [29, 28, 27, 26]


async def test_upsert_replaces(index: CandidateIndex) -> None:
    """An entry written again stands where and with what it was written last."""
    await index.upsert([record(1, {1: 1.0}), record(1, {2: 1.0}), record(2, {2: 1.0})])
    await index.upsert([record(2, {2: 1.0}, collection="col_2")])
    assert await index.count() == 2
    assert await index.candidates("ws_1", "col_1", [{1: 1.0}], 10) == []
    assert numbers(await index.candidates("ws_1", "col_1", [{2: 1.0}], 10)) == [1]
    assert numbers(await index.candidates("ws_1", "col_2", [{2: 1.0}], 10)) == [2]


async def test_remove_takes_out(index: CandidateIndex) -> None:
    """What was removed is found no more, and removing what is not there harms nothing."""
    await index.upsert([record(n, {1: 1.0}) for n in range(1, 6)])
    await index.remove([2, 4, 99])
    await index.remove([])
    assert await index.count() == 3
    assert sorted(numbers(await index.candidates("ws_1", "col_1", [{1: 1.0}], 10))) == [1, 3, 5]


async def test_an_entry_without_words_is_counted_only(index: CandidateIndex) -> None:
    """An entry without words counts, and is never a candidate; a query without words finds nothing."""
    await index.upsert([record(1, {}), record(2, {5: 1.0})])
    assert await index.count() == 2
    assert await index.candidates("ws_1", "col_1", [{}], 10) == []
    assert numbers(await index.candidates("ws_1", "col_1", [{5: 1.0}], 10)) == [2]


async def test_clear_empties_and_resets_the_mark(index: CandidateIndex) -> None:
    """After clear there is nothing, the mark is 0, and the index can be filled again."""
    await index.upsert([record(1, {1: 1.0})])
    await index.set_mark(7)
    assert await index.mark() == 7
    await index.clear()
    assert (await index.count(), await index.mark()) == (0, 0)
    await index.upsert([record(2, {1: 1.0})])
    assert numbers(await index.candidates("ws_1", "col_1", [{1: 1.0}], 10)) == [2]


async def test_two_event_loops_share_it(index: CandidateIndex) -> None:
    """An index may be called from more than one event loop at the same time."""

    def other_loop() -> None:
        asyncio.run(index.upsert([record(n, {1: 1.0}) for n in range(100, 200)]))

    await asyncio.gather(asyncio.to_thread(other_loop), *(index.upsert([record(n, {1: 1.0})]) for n in range(1, 50)))
    assert await index.count() == 149


@pytest.mark.parametrize("seed", range(6))
async def test_rankings_agree(both: tuple[BruteForceIndex, EmbeddedIndex], seed: int) -> None:
    """Whatever was written, replaced and removed, the embedded engine ranks as brute force does."""
    rng = random.Random(seed)
    for _ in range(6):
        records = [
            record(rng.randrange(300), some_words(rng), rng.choice(["ws_1", "ws_2"]), rng.choice(["col_1", "col_2"]))
            for _ in range(80)
        ]
        gone = [rng.randrange(300) for _ in range(25)]
        for index in both:
            await index.upsert(records)
            await index.remove(gone)
        await agree(both, rng)
    await both[1].optimise()
    await agree(both, rng)


async def agree(both: tuple[BruteForceIndex, EmbeddedIndex], rng: random.Random) -> None:
    brute, embedded = both
    assert await brute.count() == await embedded.count()
    variants = [some_words(rng, count=40) for _ in range(4)]
    for workspace in ("ws_1", "ws_2"):
        right = await brute.candidates(workspace, "col_1", variants, 1000)
        found = await embedded.candidates(workspace, "col_1", variants, 1000)
        assert {h.number: h.variant for h in found} == {h.number: h.variant for h in right}
        assert [h.score for h in found] == pytest.approx([h.score for h in right], rel=1e-4)


def test_unit_has_length_one() -> None:
    """Weights are brought to length 1; nothing stays nothing, and what is not positive is left out."""
    assert unit({1: 3.0, 2: 4.0, 3: 0.0, 4: -1.0}) == pytest.approx({1: 0.6, 2: 0.8})
    assert unit({}) == {}
