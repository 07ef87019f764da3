"""Hooks that fail or crowd are sent to on a way of their own; the others don't wait for them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
import sqlalchemy as sa

from copyhound.domain.hooks import DeliveryStatus
from copyhound.services.grouping import Grouped
from copyhound.services.lanes import Gates, QuickWay

from ..fixtures.houses import Home, home
from ..fixtures.receiver import Answer, Receiver
from ..fixtures.telling import attempt, attempted, deliveries, happen, subscribed


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[Home]:
    async with home(tmp_path / "data", work=False) as opened:
        yield opened


async def queued(house: Home) -> list[tuple[str, str | None]]:
    """(number of the attempt and what else its id tells, partition) of all that is queued, oldest first."""
    async with house.house.database.read() as connection:
        found = await connection.execute(sa.text("select workflow_uuid, queue_partition_key from workflow_status"))
    return [(row[0].partition("hook_")[2].partition(":")[2], row[1]) for row in found]


async def test_a_failing_hook_is_sent_to_on_the_slow_way(house: Home, receiver: Receiver) -> None:
    """Its retries and what happens later wait in a partition of their own; once it has answered well, no longer."""
    receiver.will(Answer(500))
    hook, _ = await subscribed(house, receiver.url)
    await happen(house)
    await attempted(house)
    await happen(house)
    assert await queued(house) == [("1", None), ("2", hook.id), ("1", hook.id)]
    first, second = await deliveries(house)
    await attempt(house, second.id, 1, slow=True)
    await happen(house)
    assert (await queued(house))[-1] == ("1", None)
    await attempt(house, first.id, 2)
    assert [one.status for one in await deliveries(house)][:2] == [DeliveryStatus.delivered] * 2


async def test_what_was_queued_before_a_hook_failed_is_moved(house: Home, receiver: Receiver) -> None:
    """An attempt on the quick way to a hook that fails by now is not made there, but queued on the slow way, once."""
    receiver.will(Answer(500))
    hook, _ = await subscribed(house, receiver.url)
    for _ in range(2):
        await happen(house)
    first, second = await deliveries(house)
    await attempt(house, first.id, 1)
    for _ in range(2):
        await attempt(house, second.id, 1)
    assert len(receiver.requests) == 1
    assert await queued(house) == [("1", None), ("1", None), ("2", hook.id), ("1:slow", hook.id)]
    await attempt(house, second.id, 1, False, None, True)
    assert len(receiver.requests) == 2


async def test_a_request_beside_many_that_hang_is_refused_at_once() -> None:
    """Where as many as may are under way and none ends, the next one is told so; when one has ended, it may go."""
    gates = Gates(under_way=2, patience=30.0, stuck=0.0)
    release = asyncio.Event()

    async def hang() -> None:
        async with gates.through("hook_1") as free:
            assert free
            await release.wait()

    hanging = [asyncio.create_task(hang()) for _ in range(2)]
    await asyncio.sleep(0)
    async with gates.through("hook_1") as third, gates.through("hook_2") as other:
        assert (third, other) == (False, True)
    release.set()
    await asyncio.gather(*hanging)
    async with gates.through("hook_1") as again:
        assert again


async def test_new_hooks_that_hang_leave_room_for_those_that_answered(
    house: Home, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beyond their share, what is for hooks that never answered goes the slow way; one that has answered is sent to."""
    sending, letting_go = house.services.deliveries, asyncio.Event()
    monkeypatch.setattr(sending, "_quick_way", QuickWay(Gates(under_way=2, patience=30.0, stuck=0.0)))
    proven, _ = await subscribed(house, receiver.at("/proven"), "search_complete")
    await happen(house, "search_complete")
    await attempted(house)
    receiver.will(*[Answer(wait=letting_go)] * 2)
    for name in "abc":
        await subscribed(house, receiver.at(f"/{name}"))
    await happen(house)
    first, second, third = [one.id for one in await deliveries(house) if one.hook_id != proven.id]
    hanging = [asyncio.create_task(attempt(house, one, 1)) for one in (first, second)]
    await receiver.wait_for(3)
    await attempt(house, third, 1)
    assert (await queued(house))[-1][0] == "1:slow"
    await happen(house, "search_complete")
    (fresh,) = [one for one in await deliveries(house) if one.hook_id == proven.id and not one.attempts]
    await attempt(house, fresh.id, 1)
    assert receiver.requests[-1].path == "/proven"
    letting_go.set()
    await asyncio.gather(*hanging)
    assert len(receiver.requests) == 4


async def test_a_request_waits_for_one_that_ends_soon() -> None:
    """Where requests end, the next one waits for its place."""
    gates = Gates(under_way=1, patience=30.0, stuck=30.0)
    release = asyncio.Event()

    async def go() -> bool:
        async with gates.through("hook_1") as free:
            await release.wait()
            return free

    going = [asyncio.create_task(go()) for _ in range(5)]
    await asyncio.sleep(0)
    release.set()
    assert await asyncio.gather(*going) == [True] * 5


async def test_what_comes_meanwhile_is_done_together() -> None:
    """A lone item goes at once; all that come while it is under way are one group, and each gets its own answer."""
    groups: list[list[int]] = []
    release = asyncio.Event()

    async def double(items: Sequence[int]) -> list[int]:
        groups.append(list(items))
        await release.wait()
        return [2 * item for item in items]

    grouped = Grouped(double, most=3)
    asked = [asyncio.create_task(grouped(number)) for number in range(1)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    asked += [asyncio.create_task(grouped(number)) for number in range(1, 6)]
    await asyncio.sleep(0)
    release.set()
    assert await asyncio.gather(*asked) == [0, 2, 4, 6, 8, 10]
    assert groups == [[0], [1, 2, 3], [4, 5]]


async def test_where_one_has_come_more_are_waited_for() -> None:
    """After a go that others came during, the next one lets a moment pass, so that it has more of them."""
    groups: list[list[int]] = []
    release = asyncio.Event()

    async def same(items: Sequence[int]) -> Sequence[int]:
        groups.append(list(items))
        await release.wait()
        return items

    grouped = Grouped(same)
    first = asyncio.create_task(grouped(1))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    second = asyncio.create_task(grouped(2))
    await asyncio.sleep(0)
    release.set()
    await first
    assert (await grouped(3), await second) == (3, 2)
    assert groups == [[1], [2, 3]]


async def test_what_is_left_over_comes_with_the_next_go() -> None:
    """Work may answer the first of its items only; the others are asked for again, in their order."""
    groups: list[list[int]] = []

    async def two(items: Sequence[int]) -> list[int]:
        groups.append(list(items))
        return [2 * item for item in items[:2]]

    grouped = Grouped(two)
    assert await asyncio.gather(*(grouped(number) for number in range(5))) == [0, 2, 4, 6, 8]
    assert groups == [[0, 1, 2, 3, 4], [2, 3, 4], [4]]


async def test_a_bad_item_spoils_no_other() -> None:
    """Where a group fails, each is done alone, and only the bad one's asker hears of it."""

    async def inverse(items: Sequence[int]) -> list[float]:
        return [1 / item for item in items]

    grouped = Grouped(inverse)
    answers = await asyncio.gather(*(grouped(number) for number in (4, 0, 2)), return_exceptions=True)
    assert (answers[0], answers[2]) == (0.25, 0.5)
    assert isinstance(answers[1], ZeroDivisionError)


async def test_a_burst_for_one_that_hangs_keeps_no_other_waiting(at_both_homes: Home, receiver: Receiver) -> None:
    """Sixty events for a receiver that hangs, and then one for a healthy one: it comes before any of them has ended."""
    house, letting_go = at_both_homes, asyncio.Event()
    receiver.will(*[Answer(wait=letting_go)] * 60)
    hanging, _ = await subscribed(house, receiver.url)
    async with Receiver() as healthy:
        await subscribed(house, healthy.url, "search_complete")
        for _ in range(60):
            await happen(house)
        await receiver.wait_for(1)
        await happen(house, "search_complete")
        await healthy.wait_for(1, 60)
        ended = [one for one in await deliveries(house) if one.hook_id == hanging.id and one.attempts]
        letting_go.set()
        assert not ended
        came = await receiver.wait_for(60, 60)
    assert len({request.headers["webhook-id"] for request in came}) == 60
