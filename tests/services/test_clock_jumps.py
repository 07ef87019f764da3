"""The wall clock is put back or forward by two hours: nothing is lost, comes twice, or waits for longer."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from copyhound.domain.hooks import DeliveryStatus
from copyhound.domain.notifications import DigestSchedule
from copyhound.services.hooks import HookFilter

from ..fixtures.findings import a_list, find
from ..fixtures.houses import Home, TestClock, home
from ..fixtures.notifying import by_post, domains, run_job, turned
from ..fixtures.receiver import Answer, Receiver
from ..fixtures.telling import attempt, deliveries, happen, logged, present, subscribed

Queued = tuple[str, float, tuple[Any, ...]]


@pytest.fixture
async def today(tmp_path: Path) -> AsyncIterator[Home]:
    """The same in the present: receivers refuse old signatures."""
    async with home(tmp_path / "today", clock=TestClock(present()), work=False) as opened:
        yield opened


@pytest.fixture
def queued(monkeypatch: pytest.MonkeyPatch) -> list[Queued]:
    """Id, delay and arguments of each job that is queued."""
    made: list[Queued] = []

    async def enqueue(self: Any, job: str, *args: Any, id: str, delay: float = 0.0, **_: Any) -> None:
        made.append((id, delay, args))

    monkeypatch.setattr("copyhound.storage.units.UnitJobs.enqueue", enqueue)
    return made


def utc(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC)


async def due_at(house: Home, notification_id: str) -> datetime:
    return (await house.services.notifications.get(house.caller, notification_id)).next_at


async def test_an_hourly_notification_follows_a_clock_that_is_put_back(
    idle: Home, receiver: Receiver, queued: list[Queued]
) -> None:
    """What is due each hour is due within the hour again, its slots that come again too; each domain is told once."""
    made, summer = await by_post(idle, receiver, schedule=DigestSchedule(hours=1)), await a_list(idle)
    told = []
    for hour, shown in enumerate((13, 14, 12, 13, 14, 15)):
        if shown == 12:  # it was 14:00
            idle.clock.time = utc(2, 12) - timedelta(minutes=30)
            assert await turned(idle) == 0
            assert await due_at(idle, made.id) == utc(2, 12)
        domain = f"shop{hour}.com"
        await find(idle, summer, f"https://{domain}/a.jpg")
        idle.clock.time = utc(2, shown)
        assert await turned(idle) == 1
        await run_job(idle, made)
        told.append([domain])
    assert domains(receiver) == told
    assert len({job_id for job_id, *_ in queued}) == len(told)


async def test_a_daily_notification_is_told_once_on_a_day_that_begins_twice(idle: Home, receiver: Receiver) -> None:
    """Put forward past its time it comes once; put back before its time it does not come again on that day."""
    made, summer = await by_post(idle, receiver, schedule=DigestSchedule(at="13:00")), await a_list(idle)
    for number in range(2):
        await find(idle, summer, f"https://shop{number}.com/a.jpg")
        assert await turned(idle, hours=2) == 1 - number
        if not number:
            await run_job(idle, made)
            idle.clock.turn(hours=-2)
            assert (await turned(idle), await due_at(idle, made.id)) == (0, utc(3, 13))
    idle.clock.time = utc(3, 13)
    assert await turned(idle) == 1
    await run_job(idle, made)
    assert domains(receiver) == [["shop0.com"], ["shop1.com"]]


async def test_a_new_notification_follows_a_clock_that_is_put_back(idle: Home, receiver: Receiver) -> None:
    """Also where it was never due yet."""
    made = await by_post(idle, receiver, schedule=DigestSchedule(hours=1))
    assert await due_at(idle, made.id) == utc(2, 13)
    idle.clock.turn(hours=-2, minutes=30)
    await turned(idle)
    assert await due_at(idle, made.id) == utc(2, 11)


@pytest.mark.parametrize("hours", [-2, 2])
async def test_a_delivery_goes_on_after_the_clock_jumps(
    today: Home, receiver: Receiver, queued: list[Queued], hours: int
) -> None:
    """A retry waits for as long as its table says, from the clock as it is; what was made is not made again."""
    receiver.will(Answer(503), Answer(503))
    hook, _ = await subscribed(today, receiver.url)
    event_id = await happen(today)
    (delivery,) = await deliveries(today)
    await attempt(today, delivery.id, 1)
    today.clock.turn(hours=hours)
    for number in (2, 2, 3, 1, 3):
        await attempt(today, delivery.id, number, slow=True)
    after = (await deliveries(today))[0]
    assert (after.status, after.attempts, after.delivered_at) == (DeliveryStatus.delivered, 3, today.clock())
    assert [(one.number, one.status_code) for one in await logged(today, delivery.id)] == [(1, 503), (2, 503), (3, 200)]
    assert [request.headers["webhook-id"] for request in receiver.requests] == [event_id] * 3
    ids = [job_id for job_id, *_ in queued]
    assert ids == [f"{delivery.id}:{number}" for number in (1, 2, 3)]
    for (_, delay, _), (least, most) in zip(queued, ((0, 0), (4, 6), (240, 360)), strict=True):
        assert least <= delay <= most
    woken = await today.services.hooks.get(today.caller, hook.id)
    assert (woken.failing_since, woken.last_success_at) == (None, today.clock())


async def test_what_was_told_ahead_of_the_clock_is_not_lost_to_a_new_hook(
    today: Home, receiver: Receiver, queued: list[Queued]
) -> None:
    """A hook that is made after the clock was put back hears, from a `sequence` on, of what was told before that."""
    await happen(today)
    first = (await today.events("match_found"))[0]["sequence"]
    later = [await happen(today) for _ in range(2)]
    today.clock.turn(hours=-2)
    hook, _, _ = await today.services.hooks.create(
        today.caller, receiver.url, ("match_found",), HookFilter(), since=first
    )
    assert hook.created_at == today.clock()
    replay = next(arguments for job_id, _, arguments in queued if job_id.startswith("recovery"))
    await today.services.recovery.run(*replay)
    assert sorted(one.event_id for one in await deliveries(today)) == sorted(later)
