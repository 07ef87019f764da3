"""What becomes of the work of processes that died."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from copyhound.domain.errors import CopyhoundError
from copyhound.domain.repositories import UnitOfWork
from copyhound.jobs.definitions import JobDefinition
from copyhound.jobs.watchdog import DEAD_AFTER, Watchdog
from copyhound.storage import Units

from .jobs_kit import House, StartWorker, until

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Estate:
    """Stands for the runtime: remembers whose work was taken over."""

    def __init__(self) -> None:
        self.taken: list[str] = []
        self.broken = False

    async def take_over(self, executor_id: str) -> int:
        if self.broken:
            raise CopyhoundError("unavailable")
        self.taken.append(executor_id)
        return 3


def watchdog(units: Units, estate: Estate, executor_id: str = "me", now: datetime = NOW) -> Watchdog:
    return Watchdog(units, executor_id=executor_id, now=lambda: now, take_over=estate.take_over)


async def beats(units: Units, **ages: float) -> None:
    async with units() as uow:
        for executor_id, seconds in ages.items():
            await uow.executors.beat(executor_id, NOW - timedelta(seconds=seconds))


async def test_only_the_dead_are_taken_over_and_once(units: Units) -> None:
    """Who has not beaten for more than a minute is dead, is taken over, and is forgotten; others are let be."""
    estate = Estate()
    await beats(units, dead=61, asleep=59, lively=0, me=500)
    assert await watchdog(units, estate).sweep() == 3
    assert await watchdog(units, estate).sweep() == 0
    assert estate.taken == ["dead"]


async def test_a_heartbeat_keeps_alive(units: Units) -> None:
    """A process that beats is not dead until a minute after."""
    estate = Estate()
    await watchdog(units, estate, "other").beat()
    assert await watchdog(units, estate, now=NOW + DEAD_AFTER).sweep() == 0
    assert await watchdog(units, estate, now=NOW + DEAD_AFTER + timedelta(seconds=1)).sweep() == 3


async def test_failed_take_over_is_done_again(units: Units) -> None:
    """Where taking over fails, the dead are not forgotten."""
    estate = Estate()
    await beats(units, dead=61)
    estate.broken = True
    with pytest.raises(CopyhoundError):
        await watchdog(units, estate).sweep()
    estate.broken = False
    await watchdog(units, estate).sweep()
    assert estate.taken == ["dead"]


class FailsOnce:
    """Units of work over a database that is away at first."""

    def __init__(self, units: Units) -> None:
        self.units = units
        self.calls = 0
        self.came_back = asyncio.Event()

    @contextlib.asynccontextmanager
    async def _write(self) -> AsyncIterator[UnitOfWork]:
        self.calls += 1
        if self.calls == 1:
            raise CopyhoundError("unavailable")
        async with self.units() as uow:
            yield uow
        self.came_back.set()

    def __call__(self) -> Any:
        return self._write()

    def read(self) -> Any:
        return self.units.read()


async def test_heart_goes_on_when_the_database_is_away(units: Units) -> None:
    """A database that does not answer for a while does not stop the heart."""
    shaky = FailsOnce(units)
    dog = Watchdog(shaky, executor_id="me", now=lambda: NOW, take_over=Estate().take_over)
    task = asyncio.create_task(dog.run(every=0.01))
    await asyncio.wait_for(shaky.came_back.wait(), 10)
    task.cancel()
    async with units.read() as uow:
        assert await uow.executors.dead(NOW + timedelta(seconds=1)) == ["me"]


def marks(file: Path) -> int:
    return len(file.read_text().splitlines()) if file.exists() else 0


async def test_survivor_finishes_what_the_dead_began(house: House, start_worker: StartWorker, tmp_path: Path) -> None:
    """A process is killed for good in the middle of a lookup: another one settles it, without asking again."""
    settled: list[tuple[str, str]] = []

    async def ask(key: str) -> dict[str, str]:
        raise AssertionError("asked again")

    async def settle(key: str, answer: dict[str, str]) -> None:
        settled.append((key, answer["by"]))

    units = Units(house.database, house.jobs)
    await house.runtime_tables()
    worker = await start_worker(house.database.plain_url, "w1")
    async with units() as uow:
        await uow.jobs.enqueue("lookup", "a", id="lookup:a")
        await uow.jobs.enqueue("lookup", "b", id="lookup:b")
        await uow.executors.beat("w1", NOW - timedelta(seconds=61))
    await until(lambda: marks(tmp_path / "settling") == 2)
    await worker.kill()
    runtime = await house.start("w2", lookup=JobDefinition(ask, settle))
    dog = Watchdog(units, executor_id="w2", now=lambda: NOW, take_over=runtime.take_over)
    assert await dog.sweep() == 2
    await until(lambda: len(settled) == 2)
    assert sorted(settled) == [("a", "w1"), ("b", "w1")]
    assert await runtime.take_over("w1") == 0
