"""Schedules by the hour and the weekday, and quiet hours: nothing is lost in them, and nothing is told twice."""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest

from copyhound.domain.notifications import DigestSchedule, Notification, NotificationChanges, QuietHours
from copyhound.services.notifications_schedule import released

from ..fixtures.findings import a_list, find
from ..fixtures.houses import Home, home
from ..fixtures.notifying import by_post, domains, run_job, turned
from ..fixtures.receiver import Answer, Receiver

NIGHT: Final = QuietHours("22:00", "07:00")
HOURLY: Final = DigestSchedule(hours=1)


@pytest.fixture
async def idle(tmp_path: Path, sqlite_url: str) -> AsyncIterator[Home]:
    """A house where jobs are queued and never run: the test runs them. It is Monday, 12:00 UTC."""
    async with home(tmp_path / "idle", sqlite_url, work=False) as opened:
        yield opened


@pytest.fixture
def queued(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, float]]:
    """Id and delay of each job that is queued."""
    made: list[tuple[str, float]] = []

    async def enqueue(self: Any, job: str, *args: Any, id: str, queue: str, delay: float = 0.0) -> None:
        made.append((id, delay))

    monkeypatch.setattr("copyhound.storage.units.UnitJobs.enqueue", enqueue)
    return made


def utc(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC)


async def now(house: Home, notification: Notification) -> Notification:
    return await house.services.notifications.get(house.caller, notification.id)


async def slots(house: Home, notification: Notification, count: int) -> list[datetime]:
    """When the notification is due, that many times."""
    times = []
    for _ in range(count):
        times.append((await now(house, notification)).next_at)
        house.clock.time = times[-1]
        await house.services.notifying.send_due()
    return times


async def through_the_night(house: Home, notification: Notification, summer: Any) -> None:
    """Something is found each hour, and what is due is told, from 12:00 to 09:00."""
    for hour in range(21):
        await find(house, summer, f"https://shop{hour}.com/a.jpg")
        if await turned(house, hours=1):
            await run_job(house, notification)


async def test_every_hour(idle: Home, receiver: Receiver) -> None:
    """Each hour is one message with what came since the last."""
    made = await by_post(idle, receiver, schedule=HOURLY)
    assert made.next_at == utc(2, 13)
    await through_the_night(idle, made, await a_list(idle))
    assert domains(receiver) == [[f"shop{hour}.com"] for hour in range(21)]


async def test_a_night_comes_in_one_message(idle: Home, receiver: Receiver) -> None:
    """What falls due in quiet hours goes out at their end, all of it, once; by day all is as ever."""
    made = await by_post(idle, receiver, schedule=HOURLY, quiet_hours=NIGHT)
    await through_the_night(idle, made, await a_list(idle))
    told = domains(receiver)
    assert [len(message) for message in told] == [1] * 9 + [10, 1, 1]
    assert sorted(name for message in told for name in message) == sorted(f"shop{hour}.com" for hour in range(21))


async def test_a_slot_in_the_night_keeps_its_days(idle: Home, receiver: Receiver) -> None:
    """Due each evening at 23:00, it goes out each morning; none is skipped, and no day has two."""
    made = await by_post(idle, receiver, schedule=DigestSchedule(at="23:00"), quiet_hours=NIGHT)
    assert (made.slot_at, made.next_at) == (utc(2, 23), utc(3, 7))
    assert await slots(idle, made, 4) == [utc(day, 7) for day in (3, 4, 5, 6)]
    weekly = DigestSchedule(days=7, at="23:00")
    other = await by_post(idle, receiver, schedule=weekly, quiet_hours=NIGHT)
    assert await slots(idle, other, 3) == [utc(day, 7) for day in (7, 14, 21)]


async def test_days_of_the_week(idle: Home, receiver: Receiver) -> None:
    """Only on those that are named, at the time of day; by the hour on those alone."""
    twice = await by_post(idle, receiver, schedule=DigestSchedule(weekdays=("fri", "mon"), at="18:00"))
    assert await slots(idle, twice, 4) == [utc(day, 18) for day in (2, 6, 9, 13)]
    both = await by_post(idle, receiver, schedule=DigestSchedule(weekdays=("sun",), hours=8, at="09:30"))
    assert await slots(idle, both, 4) == [utc(15, 1, 30), utc(15, 9, 30), utc(15, 17, 30), utc(22, 1, 30)]


async def test_what_is_found_late_waits_for_the_end(idle: Home, receiver: Receiver) -> None:
    """A server that was down at the time, and is back in quiet hours, sends nothing before they end."""
    made = await by_post(idle, receiver, schedule=DigestSchedule(at="21:00"), quiet_hours=NIGHT)
    await find(idle, await a_list(idle), "https://one.example.com/a.jpg")
    assert await turned(idle, hours=11) == 0
    held = await now(idle, made)
    assert (held.slot_at, held.next_at, held.last_slot_at) == (utc(2, 21), utc(3, 7), None)
    assert await turned(idle, hours=8) == 1
    assert (await now(idle, made)).next_at == utc(4, 21)


async def test_quiet_hours_that_are_taken_away_let_go(idle: Home, receiver: Receiver) -> None:
    """What they held is due at once; the other way round, what was due is held."""
    made = await by_post(idle, receiver, schedule=HOURLY, quiet_hours=NIGHT)
    await find(idle, await a_list(idle), "https://one.example.com/a.jpg")
    await turned(idle, hours=9)
    assert await turned(idle, hours=4) == 0
    service = idle.services.notifications
    loud = await service.update(idle.caller, made.id, NotificationChanges(quiet_hours=None))
    assert loud.next_at <= idle.clock()
    quiet = await service.update(idle.caller, made.id, NotificationChanges(quiet_hours=NIGHT))
    assert quiet.next_at == utc(3, 7)
    await service.update(idle.caller, made.id, NotificationChanges(quiet_hours=None))
    assert await turned(idle) == 1


async def test_an_attempt_waits_for_the_end_too(
    idle: Home, receiver: Receiver, queued: list[tuple[str, float]]
) -> None:
    """A job that runs late, and one that is to be tried again, are put off to the end of the quiet hours."""
    receiver.will(Answer(503))
    made = await by_post(idle, receiver, schedule=DigestSchedule(at="21:30"), quiet_hours=NIGHT)
    await find(idle, await a_list(idle), "https://one.example.com/a.jpg")
    assert await turned(idle, hours=9.5) == 1
    idle.clock.turn(minutes=29.5)
    await run_job(idle, made)
    assert queued[-1][0].endswith(":2")
    assert queued[-1][1] == 9 * 3600 + 30
    idle.clock.turn(hours=1)
    assert await run_job(idle, made, 2) == {"quiet": True}
    assert queued[-1][1] == 8 * 3600 + 30
    assert len({id for id, _ in queued}) == 3
    assert len(receiver.requests) == 1
    idle.clock.time = utc(3, 7)
    assert (await run_job(idle, made, 2))["sent"]
    assert await run_job(idle, made, 2) == {}
    assert len(receiver.requests) == 2


async def test_no_attempt_is_made_beside_the_next_slot(
    idle: Home, receiver: Receiver, queued: list[tuple[str, float]]
) -> None:
    """An attempt that would come when it is due again is left to that; so is a job of a slot that is over."""
    receiver.will(*[Answer(503)] * 3)
    made, summer = await by_post(idle, receiver, schedule=HOURLY), await a_list(idle)
    await find(idle, summer, "https://one.example.com/a.jpg")
    await turned(idle, hours=1)
    newest = (await idle.events("new_domain_found"))[-1]["sequence"]
    job = idle.caller.workspace_id, made.id, (await now(idle, made)).telling or "", newest
    for number in (1, 2, 3):
        await idle.services.notifying.settle(*job, number, await idle.services.notifying.send(*job, number))
    assert [delay for _, delay in queued] == [0.0, 60.0, 600.0]
    await find(idle, summer, "https://two.example.org/a.jpg")
    assert await turned(idle, hours=1) == 1
    assert await idle.services.notifying.send(*job, 3) == {}
    await run_job(idle, made)
    assert domains(receiver)[-1] == ["example.com", "example.org"]


async def test_no_slot_is_claimed_while_one_is_told(idle: Home, receiver: Receiver) -> None:
    """A receiver that thinks into the next slot delays it; what it was told is not told again."""
    thinking = asyncio.Event()
    receiver.will(Answer(wait=thinking))
    made, summer = await by_post(idle, receiver, schedule=HOURLY), await a_list(idle)
    await find(idle, summer, "https://one.example.com/a.jpg")
    idle.clock.time = utc(2, 13, 59)
    await turned(idle)
    telling = asyncio.create_task(run_job(idle, made))
    await receiver.wait_for(1)
    await find(idle, summer, "https://two.example.org/a.jpg")
    assert await turned(idle, minutes=1) == 0
    thinking.set()
    await telling
    assert await turned(idle) == 1
    await run_job(idle, made)
    assert domains(receiver) == [["example.com"], ["example.org"]]


async def test_a_job_that_died_delays_the_next_slot_and_no_more(idle: Home, receiver: Receiver) -> None:
    """After five minutes the next slot tells what nobody knows to be told."""
    made = await by_post(idle, receiver, schedule=HOURLY)
    await find(idle, await a_list(idle), "https://one.example.com/a.jpg")
    idle.clock.time = utc(2, 13, 59)
    await turned(idle)
    await run_job(idle, made, settle=False)
    assert (await turned(idle, minutes=4), await turned(idle, minutes=1)) == (0, 1)


BERLIN: Final = "Europe/Berlin"


@pytest.mark.parametrize(
    ("quiet", "moment", "until"),
    [
        (NIGHT, utc(2, 21, 59), utc(2, 21, 59)),
        (NIGHT, utc(2, 22), utc(3, 7)),
        (NIGHT, utc(3, 6, 59), utc(3, 7)),
        (NIGHT, utc(3, 7), utc(3, 7)),
        (QuietHours("09:00", "17:00"), utc(2, 12), utc(2, 17)),
        (QuietHours("09:00", "17:00"), utc(2, 8), utc(2, 8)),
        (QuietHours("22:00", "07:00", BERLIN), utc(2, 21), utc(3, 6)),
        (QuietHours("22:00", "07:00", BERLIN), utc(2, 20, 59), utc(2, 20, 59)),
        # the clocks are put forward on the 29th at 02:00, and back on October 25th at 03:00
        (QuietHours("22:00", "07:00", BERLIN), utc(28, 22), utc(29, 5)),
        (QuietHours("22:00", "02:30", BERLIN), utc(28, 22), utc(29, 1)),
        (QuietHours("22:00", "02:30", BERLIN), utc(29, 0, 59), utc(29, 1)),
        (QuietHours("22:00", "02:30", BERLIN), utc(29, 1), utc(29, 1)),
        (QuietHours("22:00", "03:00", BERLIN), utc(28, 22), utc(29, 1)),
        (QuietHours("02:30", "05:00", BERLIN), utc(29, 1), utc(29, 3)),
        (QuietHours("02:10", "02:50", BERLIN), utc(29, 0, 59), utc(29, 0, 59)),
        (
            QuietHours("22:00", "02:30", BERLIN),
            datetime(2026, 10, 25, 1, 10, tzinfo=UTC),
            datetime(2026, 10, 25, 1, 30, tzinfo=UTC),
        ),
        (None, utc(2, 23), utc(2, 23)),
    ],
)
def test_quiet_hours_end_on_the_wall_clock(quiet: QuietHours | None, moment: datetime, until: datetime) -> None:
    """Over midnight, by day, in their own time zone, and when the clocks are changed."""
    assert released(quiet, DigestSchedule(), moment) == until


async def test_quiet_hours_have_the_schedules_zone(idle: Home, receiver: Receiver) -> None:
    """Where they name none."""
    tokyo = DigestSchedule(hours=1, timezone="Asia/Tokyo")
    made = await by_post(idle, receiver, schedule=tokyo, quiet_hours=QuietHours("22:00", "07:00"))
    assert (made.slot_at, made.next_at) == (utc(2, 13), utc(2, 22))


async def started(folder: Path, url: str, time: datetime) -> list[asyncio.subprocess.Process]:
    """Two processes at work on a database, at that time."""
    worker = str(Path(__file__).with_name("due_worker.py"))
    for name in ("one", "two"):
        (folder / name).mkdir()
        shutil.copy(folder / "data" / "secret.key", folder / name)
    pipes: Any = {"stdin": asyncio.subprocess.PIPE, "stdout": asyncio.subprocess.PIPE}
    return [
        await asyncio.create_subprocess_exec(
            sys.executable, worker, str(folder / name), url, name, time.isoformat(), "work", **pipes
        )
        for name in ("one", "two")
    ]


async def test_two_processes_send_each_slot_once(tmp_path: Path, database_url: str, receiver: Receiver) -> None:
    """Two processes that work on one database tell ten notifications that quiet hours held, each of them once."""
    async with home(tmp_path / "data", database_url, work=False) as house:
        summer = await a_list(house)
        made = [await by_post(house, receiver, schedule=HOURLY, quiet_hours=NIGHT) for _ in range(10)]
        for hour in range(3):
            await find(house, summer, f"https://shop{hour}.com/a.jpg")
            house.clock.turn(hours=10 if hour == 0 else 1)
            assert await turned(house) == 0
        both = await started(tmp_path, database_url, utc(3, 7))
        try:
            for process in both:
                assert await process.stdout.readline() == b"ready\n"  # type: ignore[union-attr]
            for process in both:
                process.stdin.write(b"go\n")  # type: ignore[union-attr]
            counts = [int(await process.stdout.readline()) for process in both]  # type: ignore[union-attr]
            assert sum(counts) <= 10  # their own clocks may have been quicker
            await receiver.wait_for(10, 60)
            async with asyncio.timeout(60):
                while any([(await now(house, one)).last_sent_at is None for one in made]):
                    await asyncio.sleep(0.1)
        finally:
            for process in both:
                process.kill()
                await process.wait()
    assert [json.loads(request.body)["new_domains"] for request in receiver.requests] == [3] * 10
    assert len({request.headers["webhook-id"] for request in receiver.requests}) == 10
