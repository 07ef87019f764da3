"""The credit ledger: one credit for each picture of a search, given back where no provider had an answer."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from copyhound.domain.credits import ChargeState
from copyhound.domain.errors import CopyhoundError
from copyhound.domain.lists import Schedule
from copyhound.domain.searches import ImageInput, Outcome, SearchRequest
from copyhound.services.lists import ListChanges

from ..fixtures import photos
from ..fixtures.houses import Home
from ..fixtures.website import Website


async def grant(home: Home, credits: int, *, days: int = 30) -> str:
    now = home.clock()
    made = await home.services.credits.grant(
        home.caller.workspace_id, credits, starts_at=now, expires_at=now + timedelta(days=days)
    )
    return made.id


async def left(home: Home) -> int:
    return (await home.services.credits.balance(home.caller)).remaining


async def states(home: Home, search_id: str) -> list[ChargeState]:
    async with home.services.kit.units.read() as uow:
        return [charge.state for charge in await uow.credits.charges(search_id)]


async def test_without_bundles_nothing_is_refused_and_all_is_counted(at_home: Home) -> None:
    """A workspace that was never granted credits is not metered, and its usage is told all the same."""
    await at_home.search(photos.photo(1), photos.photo(2))
    balance = await at_home.services.credits.balance(at_home.caller)
    assert (balance.metered, balance.remaining) == (False, 0)
    today = at_home.clock().date()
    (day,) = await at_home.services.credits.usage(at_home.caller, today, today)
    assert (day.day, day.surface, day.settled, day.reserved, day.refunded) == (today, "native", 2, 0, 0)


async def test_an_answered_search_takes_a_credit_for_each_picture(at_both_homes: Home) -> None:
    """Two pictures whose lookups were answered take two credits, on both databases."""
    await grant(at_both_homes, 10)
    progress = await at_both_homes.search(photos.photo(1), photos.photo(2))
    assert await left(at_both_homes) == 8
    assert await states(at_both_homes, progress.search.id) == [ChargeState.settled] * 2
    today = at_both_homes.clock().date()
    (day,) = await at_both_homes.services.credits.usage(at_both_homes.caller, today, today)
    assert (day.settled, day.refunded) == (2, 0)


async def test_a_picture_that_cannot_be_had_costs_nothing(at_home: Home, website: Website) -> None:
    """Of two addresses, one of which has no picture, the one that was searched is paid for."""
    await grant(at_home, 10)
    website.put("/there.jpg", photos.photo(1))
    progress = await at_home.search(f"{website.url}/there.jpg", f"{website.url}/gone.jpg")
    assert await left(at_home) == 9
    assert sorted(await states(at_home, progress.search.id)) == [ChargeState.refunded, ChargeState.settled]


async def test_the_bundle_that_ends_first_is_taken_first(at_home: Home) -> None:
    """Credits come from the bundle that ends first, and a search may take from two."""
    late, early = await grant(at_home, 5, days=60), await grant(at_home, 1, days=30)
    await at_home.search(photos.photo(1), photos.photo(2))
    bundles = await at_home.services.credits.bundles(at_home.caller.workspace_id)
    assert {bundle.id: bundle.remaining for bundle in bundles} == {early: 0, late: 4}


async def test_credits_that_ended_or_have_not_begun_do_not_count(at_home: Home) -> None:
    """Only what has begun and has not ended can be searched with, and the balance shows nothing else."""
    await grant(at_home, 5, days=1)
    at_home.clock.turn(days=2)
    now = at_home.clock()
    await at_home.services.credits.grant(
        at_home.caller.workspace_id, 5, starts_at=now + timedelta(days=1), expires_at=now + timedelta(days=9)
    )
    balance = await at_home.services.credits.balance(at_home.caller)
    assert (balance.metered, balance.remaining, balance.bundles) == (True, 0, ())
    with pytest.raises(CopyhoundError, match="insufficient_credits"):
        await at_home.search(photos.photo(1))


async def test_a_search_that_cannot_be_paid_leaves_nothing(at_home: Home) -> None:
    """With one credit, two pictures are refused with 402: no list, no search, no bytes, and the credit is there."""
    await grant(at_home, 1)
    request = SearchRequest((ImageInput("a", photos.photo(1)), ImageInput("b", photos.photo(2))))
    with pytest.raises(CopyhoundError, match="2 credits are needed") as refused:
        await at_home.services.searches.start(at_home.caller, request)
    assert refused.value.status == 402
    assert await left(at_home) == 1
    assert not (await at_home.services.lists.page(at_home.caller)).items
    assert not (await at_home.services.searches.page(at_home.caller)).items
    assert not [file for file in (at_home.house.settings.folder / "blobs").rglob("*") if file.is_file()]


async def test_parallel_searches_take_no_more_than_there_is(at_both_homes: Home) -> None:
    """Of 30 searches at once, with 10 credits, exactly 10 begin, on both databases."""
    await grant(at_both_homes, 4, days=20)
    await grant(at_both_homes, 6, days=30)

    async def one(number: int) -> bool:
        request = SearchRequest((ImageInput(f"{number}", photos.photo(1)),))
        try:
            await at_both_homes.services.searches.start(at_both_homes.caller, request)
        except CopyhoundError as error:
            if error.code != "insufficient_credits":
                raise
            return False
        return True

    assert sum(await asyncio.gather(*(one(number) for number in range(30)))) == 10
    assert await left(at_both_homes) == 0
    searches = (await at_both_homes.services.searches.page(at_both_homes.caller, limit=50)).items
    ended = [await at_both_homes.services.searches.wait(at_both_homes.caller, search.id, 60) for search in searches]
    assert [image.lookups[0].outcome for progress in ended for image in progress.images] == [Outcome.no_match] * 10


async def test_a_quarter_that_is_left_is_told_once(at_both_homes: Home) -> None:
    """When a quarter of the credits is left an event tells it, and none the next; after a grant it is told again."""
    await grant(at_both_homes, 4, days=20)
    await at_both_homes.search(photos.photo(1), photos.photo(2))
    assert await at_both_homes.events("credits_low") == []
    await at_both_homes.search(photos.photo(3))
    (event,) = await at_both_homes.events("credits_low")
    assert (event["remaining"], event["granted"], event["expires_at"]) == (1, 4, "2026-03-22T12:00:00Z")
    await at_both_homes.search(photos.photo(4))
    assert len(await at_both_homes.events("credits_low")) == 1
    await grant(at_both_homes, 2, days=30)
    await at_both_homes.search(photos.photo(5))
    assert [(one["remaining"], one["granted"]) for one in await at_both_homes.events("credits_low")][1:] == [(1, 6)]


async def test_a_repeated_request_is_paid_once(at_home: Home) -> None:
    """The same key gives the same search, and takes one credit, for ever where it is kept."""
    await grant(at_home, 5)
    request = SearchRequest((ImageInput("a", photos.photo(1)),), key="scan-1", keep_key=True, list_key="scans")
    first = await at_home.services.searches.start(at_home.caller, request, wait=60)
    at_home.clock.turn(days=3)
    again = await at_home.services.searches.start(at_home.caller, request, wait=60)
    assert (again.id, await left(at_home)) == (first.id, 4)


async def test_a_deleted_list_gives_back_what_was_not_searched(at_home: Home) -> None:
    """Credits that are reserved for an open search come back when its list is deleted."""
    await grant(at_home, 5)
    request = SearchRequest((ImageInput("a", url="http://127.0.0.1:1/x.jpg"),))
    search = await at_home.services.searches.start(at_home.caller, request)
    await at_home.services.lists.delete(at_home.caller, search.list_id)
    assert await left(at_home) == 5


async def test_a_due_list_without_credits_says_so(at_home: Home) -> None:
    """A monitored list that cannot be paid ends its lookups as `quota` with the reason: it is not left out silently."""
    await grant(at_home, 1)
    made = await at_home.services.lists.create(at_home.caller, "watched", monitored=True, schedule=Schedule(days=1))
    inputs = [ImageInput(str(number), photos.photo(number)) for number in (1, 2)]
    await at_home.services.lists.add_images(at_home.caller, made.id, inputs)
    at_home.clock.turn(days=2)
    assert await at_home.services.monitoring.run_due_lists() == 1
    (search,) = (await at_home.services.searches.page(at_home.caller, list_id=made.id)).items
    progress = await at_home.services.searches.wait(at_home.caller, search.id, 60)
    assert progress.search.complete
    assert progress.outcomes == {Outcome.quota: 2}
    assert "insufficient_credits" in str(progress.images[0].lookups[0].reason)
    assert await left(at_home) == 1


async def test_one_list_for_each_key(at_both_homes: Home) -> None:
    """Searches with one list key share a list, also when they begin at once; another key has another list."""

    async def start(key: str) -> str:
        request = SearchRequest((ImageInput("a", photos.photo(1)),), list_key=key, list_label="today")
        return (await at_both_homes.services.searches.start(at_both_homes.caller, request)).list_id

    same = await asyncio.gather(*(start("tineye:2026-03-02") for _ in range(5)))
    assert len(set(same)) == 1
    assert await start("tineye:2026-03-03") not in same


async def test_lists_and_images_are_numbered_in_their_workspace(at_both_homes: Home) -> None:
    """Numbers count from 1 without doubles, also when lists are made at once, and find what they name."""
    lists, caller = at_both_homes.services.lists, at_both_homes.caller
    made = await asyncio.gather(*(lists.create(caller, f"list {number}") for number in range(8)))
    assert sorted(one.number for one in made) == list(range(1, 9))
    assert (await lists.by_number(caller, made[3].number)).id == made[3].id
    images = await lists.add_images(
        caller, made[0].id, [ImageInput("a", photos.photo(1)), ImageInput("b", photos.photo(2))]
    )
    assert [image.number for image in images] == [1, 2]
    assert (await lists.image_by_number(caller, 2)).id == images[1].id
    await lists.update(caller, made[0].id, ListChanges(label="new"))
    assert (await lists.get(caller, made[0].id)).number == made[0].number
    with pytest.raises(CopyhoundError, match="not_found"):
        await lists.by_number(caller, 99)
