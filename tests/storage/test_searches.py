from __future__ import annotations

import asyncio

import msgspec
import pytest

from copyhound.domain.searches import Outcome
from copyhound.storage import Units

from .makers import AT, W1, a_lookup, a_search, an_image, at, list_with_image


async def _started(units: Units, providers: tuple[str, ...] = ("index", "tineye")) -> None:
    async with units() as unit:
        await list_with_image(unit)
        await unit.images.add([an_image("image_2")])
        lookups = [a_lookup(image_id=image, provider=one) for image in ("image_2", "image_1") for one in providers]
        assert await unit.searches.add(a_search(), lookups)


async def test_a_search_is_added_once(units: Units) -> None:
    """A second one of that id writes nothing, its lookups included."""
    await _started(units, ("index",))
    async with units() as unit:
        assert not await unit.searches.add(a_search(verify=False), [a_lookup(provider="other")])
        assert await unit.searches.get(W1, "search_1") == a_search()
        assert [lookup.image_id for lookup in await unit.searches.lookups("search_1")] == ["image_2", "image_1"]
        assert await unit.searches.lookups("search_1", image_id="image_1") == [a_lookup()]
        assert await unit.searches.lookup("lookup:search_1:image_1:index") == a_lookup()
        assert await unit.searches.lookup("lookup:search_1:image_1:other") is None


async def test_a_lookup_ends_once(units: Units) -> None:
    """Of several who end it at the same time one is believed."""
    await _started(units)

    async def end(number: int) -> bool:
        async with units() as unit:
            return await unit.searches.end_lookup(a_lookup(outcome=Outcome.answered, candidates=number, ended_at=AT))

    won = await asyncio.gather(*[end(number) for number in range(4)])
    assert sorted(won) == [False, False, False, True]
    async with units.read() as unit:
        lookup = await unit.searches.lookup(a_lookup().id)
    assert lookup == a_lookup(outcome=Outcome.answered, candidates=won.index(True), ended_at=AT)


async def test_ending_an_image_ends_its_open_lookups_only(units: Units) -> None:
    """What had ended before keeps its outcome."""
    await _started(units)
    async with units() as unit:
        await unit.searches.end_lookup(a_lookup(outcome=Outcome.no_match, ended_at=AT))
        await unit.searches.end_image("search_1", "image_1", Outcome.invalid_image, "image_truncated: Cut.", at(1))
        assert await unit.searches.outcome_counts("search_1") == {"open": 2, "no_match": 1, "invalid_image": 1}
        ended = await unit.searches.lookup(a_lookup(provider="tineye").id)
    assert ended is not None
    assert (ended.outcome, ended.reason, ended.ended_at) == (Outcome.invalid_image, "image_truncated: Cut.", at(1))


async def test_a_search_with_an_open_lookup_does_not_complete(units: Units) -> None:
    """It completes with its last lookup, once, and never again."""
    await _started(units, ("index",))
    async with units() as unit:
        assert not await unit.searches.complete_if_done("search_1", AT)
        for image in ("image_1", "image_2"):
            await unit.searches.end_lookup(a_lookup(image_id=image, outcome=Outcome.no_match, ended_at=AT))
        assert await unit.searches.complete_if_done("search_1", at(5))
        assert not await unit.searches.complete_if_done("search_1", at(6))
        assert await unit.searches.get(W1, "search_1") == a_search(completed_at=at(5))
        assert not await unit.searches.complete_if_done("search_none", at(6))


@pytest.mark.parametrize("attempt", range(5))
async def test_last_lookups_that_end_together_complete_once(units: Units, attempt: int) -> None:
    """Neither nobody nor two see the end when the last lookups end in transactions side by side."""
    await _started(units)
    gate = asyncio.Barrier(4) if units.database.backend == "postgresql" else None

    async def end(image: str, provider: str) -> bool:
        async with units() as unit:
            ended = a_lookup(image_id=image, provider=provider, outcome=Outcome.no_match, ended_at=AT)
            await unit.searches.end_lookup(ended)
            if gate is not None:
                await gate.wait()  # all four have ended theirs, and none has committed
            return await unit.searches.complete_if_done("search_1", at(1))

    pairs = [(image, one) for image in ("image_1", "image_2") for one in ("index", "tineye")]
    assert sorted(await asyncio.gather(*[end(*pair) for pair in pairs])) == [False, False, False, True]


async def test_searches_are_paged_by_list(units: Units) -> None:
    """Newest first; with `list_id` those of that list only."""
    async with units() as unit:
        await list_with_image(unit)
        await unit.lists.add(msgspec.structs.replace((await unit.lists.due(at(99), 1))[0], id="list_2"))
        for number in range(4):
            await unit.searches.add(a_search(f"s{number}", list_id=f"list_{number % 2 + 1}", created_at=at(number)), [])
        every = await unit.searches.page(W1, list_id=None, cursor=None, limit=3)
        rest = await unit.searches.page(W1, list_id=None, cursor=every.cursor, limit=3)
        second = await unit.searches.page(W1, list_id="list_2", cursor=None, limit=3)
    assert [search.id for search in every.items + rest.items] == ["s3", "s2", "s1", "s0"]
    assert [search.id for search in second.items] == ["s3", "s1"]
