"""The clock and its duties."""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime, timedelta, tzinfo
from typing import Self

import pytest
from apscheduler.schedulers import base

from copyhound.jobs import clock as clock_module
from copyhound.jobs.clock import Duty, JobClock


async def test_duties_run_at_once_and_again() -> None:
    """A duty is done when the clock starts, and again at its interval."""
    runs = asyncio.Semaphore(0)

    async def duty() -> None:
        runs.release()

    clock = JobClock({"lists": Duty(0.02, duty)})
    await clock.start()
    async with asyncio.timeout(10):
        for _ in range(3):
            await runs.acquire()
    await clock.stop()


async def test_slow_duty_is_never_run_twice_at_a_time() -> None:
    """A duty that takes longer than its interval is not begun again while it runs."""
    at_work, most = 0, 0
    other = asyncio.Semaphore(0)

    async def slow() -> None:
        nonlocal at_work, most
        at_work += 1
        most = max(most, at_work)
        await asyncio.Event().wait()

    async def quick() -> None:
        other.release()

    clock = JobClock({"slow": Duty(0.01, slow), "quick": Duty(0.01, quick)})
    await clock.start()
    async with asyncio.timeout(10):
        for _ in range(10):
            await other.acquire()
    await clock.stop()
    assert most == 1


async def test_failing_duty_is_logged_and_harms_no_other(caplog: pytest.LogCaptureFixture) -> None:
    """An error in a duty is logged with its name; the duty is tried again, and others go on."""
    broken, fine = asyncio.Semaphore(0), asyncio.Semaphore(0)

    async def fails() -> None:
        broken.release()
        raise OSError("no database")

    async def works() -> None:
        fine.release()

    clock = JobClock({"checks": Duty(0.02, fails), "lists": Duty(0.02, works)})
    with caplog.at_level(logging.ERROR):
        await clock.start()
        async with asyncio.timeout(10):
            for _ in range(2):
                await broken.acquire()
                await fine.acquire()
        await clock.stop()
    assert "the duty checks failed" in caplog.text
    assert await clock.tick("checks") is False
    assert await clock.tick("lists") is True


async def test_a_duty_that_is_cut_short_is_no_failure(caplog: pytest.LogCaptureFixture) -> None:
    """Stopping the clock while a duty runs ends the duty, and logs nothing."""
    begun, ended = asyncio.Event(), asyncio.Event()

    async def slow() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    clock = JobClock({"slow": Duty(60, slow)})
    async with asyncio.timeout(10):
        await clock.start()
        await begun.wait()
        await clock.stop()
        await ended.wait()
        for _ in range(3):
            await asyncio.sleep(0)  # the scheduler's own callback runs after the duty's end
    assert caplog.records == []


async def test_stopped_clock_stands_still_and_may_start_again() -> None:
    """After stop no duty is begun; a clock that leads again starts again; stopping twice is quiet."""
    runs: list[int] = []
    ran = asyncio.Event()

    async def duty() -> None:
        runs.append(1)
        ran.set()

    clock = JobClock({"lists": Duty(3600, duty)})
    for expected in (1, 2):
        ran.clear()
        await clock.start()
        await asyncio.wait_for(ran.wait(), 10)
        await clock.stop()
        await clock.stop()
        assert len(runs) == expected


@pytest.mark.parametrize("hours", [-2, 2])
async def test_duties_go_on_when_the_wall_clock_jumps(monkeypatch: pytest.MonkeyPatch, hours: int) -> None:
    """Put back or forward by two hours, it keeps no duty waiting for longer than its interval."""
    shift = timedelta(0)

    class Wall(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Self:
            return super().now(tz) + shift

    monkeypatch.setattr(base, "datetime", Wall)
    monkeypatch.setattr(clock_module, "datetime", Wall)
    runs = asyncio.Semaphore(0)

    async def duty() -> None:
        runs.release()

    clock = JobClock({"lists": Duty(0.05, duty)})
    await clock.start()
    async with asyncio.timeout(15):
        for _ in range(2):
            await runs.acquire()
        shift = timedelta(hours=hours)
        for _ in range(10):
            await runs.acquire()
    await clock.stop()
