"""Who leads, and who takes over."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator

import asyncpg

from copyhound.jobs.leader import Leader

from .jobs_kit import StartWorker


class Candidate:
    """A process that stands for leader, as events."""

    def __init__(self, url: str) -> None:
        self.leader = Leader(url, check_seconds=0.05)
        self.leads = asyncio.Event()
        self.lost = asyncio.Event()

    async def won(self) -> None:
        self.lost.clear()
        self.leads.set()

    async def gone(self) -> None:
        self.leads.clear()
        self.lost.set()


@contextlib.asynccontextmanager
async def standing(url: str) -> AsyncIterator[Candidate]:
    candidate = Candidate(url)
    task = asyncio.create_task(candidate.leader.run(candidate.won, candidate.gone))
    yield candidate
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def test_one_leads_and_the_other_follows(database_url: str) -> None:
    """Of two candidates one leads; when it steps down, it says so, and the other one leads."""
    async with contextlib.AsyncExitStack() as second_round:
        async with standing(database_url) as first:
            await asyncio.wait_for(first.leads.wait(), 10)
            second = await second_round.enter_async_context(standing(database_url))
            rejected = Leader(database_url)
            assert await rejected._lock.take() is False
            await rejected._lock.release()
            assert not second.leads.is_set()
        assert first.lost.is_set()
        assert first.leader.leads is False
        await asyncio.wait_for(second.leads.wait(), 10)


async def test_takes_over_from_a_killed_leader(database_url: str, start_worker: StartWorker) -> None:
    """kill -9 of the leader's process: another one leads within five seconds."""
    worker = await start_worker(database_url, "w1", "leader")
    async with standing(database_url) as candidate:
        rival = Leader(database_url)
        assert await rival._lock.take() is False
        await rival._lock.release()
        assert not candidate.leads.is_set()
        killed = time.monotonic()
        await worker.kill()
        await asyncio.wait_for(candidate.leads.wait(), 10)
        assert time.monotonic() - killed < 5


async def test_lost_connection_ends_leadership(postgres_url: str) -> None:
    """A leader whose connection is cut knows that it leads no longer, and stands again."""
    async with standing(postgres_url) as candidate:
        await asyncio.wait_for(candidate.leads.wait(), 10)
        connection = await asyncpg.connect(postgres_url)
        await connection.execute(
            "select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and granted"
        )
        await connection.close()
        await asyncio.wait_for(candidate.lost.wait(), 10)
        await asyncio.wait_for(candidate.leads.wait(), 10)


async def test_database_that_is_away_is_waited_for() -> None:
    """Where the database does not answer, nobody leads, and the candidate goes on standing."""
    async with standing("postgresql://nobody@127.0.0.1:1/none") as candidate:
        assert await candidate.leader._lock.take() is False
        assert not candidate.leads.is_set()
