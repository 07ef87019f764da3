"""Readers of the log on both databases."""

from __future__ import annotations

import asyncio

import pytest
import sqlalchemy as sa

from copyhound.domain.feeds import Consumer, Feed
from copyhound.storage import Units

from .makers import AT, W1, W2, a_list, an_event, at

MATCH = ["match_found"]


async def _filled(units: Units, count: int = 4) -> None:
    async with units() as unit:
        for number in range(1, count + 1):
            list_id = "list_1" if number % 2 else "list_2"
            await unit.events.append([an_event(f"evt_{number}", list_id=list_id)], at(number))
        await unit.events.append([an_event("evt_other", workspace_id=W2)], at(9))


async def test_the_log_is_read_in_both_directions(units: Units) -> None:
    """Forward oldest first, backward newest first, of one list or of all; never another workspace's."""
    await _filled(units)
    async with units.read() as unit:
        forward = await unit.log.after(W1, MATCH, 0, 9)
        assert [one.id for one in forward] == ["evt_1", "evt_2", "evt_3", "evt_4"]
        second = forward[1].sequence
        assert [one.id for one in await unit.log.after(W1, MATCH, second, 1)] == ["evt_3"]
        assert [one.id for one in await unit.log.after(W1, MATCH, 0, 9, list_id="list_2")] == ["evt_2", "evt_4"]
        assert [one.id for one in await unit.log.before(W1, MATCH, None, 9, list_id="list_1")] == ["evt_3", "evt_1"]
        assert [one.id for one in await unit.log.before(W1, MATCH, second, 9)] == ["evt_1"]
        assert await unit.log.after(W1, ["match_removed"], 0, 9) == []


async def test_a_time_has_its_place_in_the_log(units: Units) -> None:
    """What comes after `until` is of that time or later; later than all: the end of the log."""
    async with units.read() as unit:
        assert (await unit.log.until(W1, "match_found", AT), await unit.log.last()) == (0, 0)
    await _filled(units)
    async with units.read() as unit:
        for seconds, first in ((0.0, "evt_1"), (2.0, "evt_2"), (2.5, "evt_3")):
            place = await unit.log.until(W1, "match_found", at(seconds))
            assert (await unit.log.after(W1, MATCH, place, 1))[0].id == first
        assert await unit.log.until(W1, "match_found", at(99)) == await unit.log.last()


async def test_a_feed_comes_back_as_it_was_added(units: Units) -> None:
    """By id and by the hash of its token, which only one feed has."""
    feed = Feed("feed_1", W1, "list_1", ("match_found", "match_removed"), {"min_score": 5.0}, "hash", AT, "for Ann")
    async with units() as unit:
        await unit.lists.add(a_list())
        await unit.feeds.add(feed)
    async with units.read() as unit:
        assert await unit.feeds.get(W1, "feed_1") == feed
        assert await unit.feeds.by_token("hash") == feed
        assert await unit.feeds.by_token("other") is None
    with pytest.raises(sa.exc.IntegrityError):
        async with units() as unit:
            await unit.feeds.add(Feed("feed_2", W1, "list_1", (), {}, "hash", AT))


async def test_pollers_of_one_name_wait_for_each_other(units: Units) -> None:
    """Of many that ask under one name at once, also for the first time, each goes on after the one before."""

    async def ask() -> int:
        async with units() as unit:
            kept = await unit.consumers.get(W1, "match_found", "zap-1")
            given = kept.given if kept else 0
            await unit.consumers.put(Consumer(W1, "match_found", "zap-1", given, given + 1, AT))
        return given

    assert sorted(await asyncio.gather(*[ask() for _ in range(8)])) == list(range(8))
