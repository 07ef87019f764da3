"""What the tests of jobs share: a house of their own, and workers in other processes."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Protocol

from copyhound.domain.ports import JobQueue
from copyhound.jobs.definitions import QUEUES, JobDefinition, Lane
from copyhound.jobs.queue import DbosJobs
from copyhound.jobs.runtime import JobRuntime
from copyhound.storage import Database, Units


class House:
    """One process's share: a runtime with jobs, and transactions to queue in."""

    def __init__(self, url: str) -> None:
        self.database = Database(url)
        self.jobs = DbosJobs(url)
        self.runtime: JobRuntime | None = None

    @contextlib.asynccontextmanager
    async def queue(self) -> AsyncIterator[JobQueue]:
        """A queue in a transaction that commits at a good end."""
        async with Units(self.database, self.jobs)() as unit:
            yield unit.jobs

    async def start(
        self, executor_id: str = "here", queues: dict[str, Lane] | None = None, **jobs: JobDefinition
    ) -> JobRuntime:
        """Run these jobs in this process."""
        lanes = queues or {"work": QUEUES["work"]}
        url = self.database.plain_url
        self.runtime = JobRuntime(url, executor_id=executor_id, jobs=jobs, queues=lanes, drain_seconds=0)
        await self.runtime.start()
        return self.runtime

    async def runtime_tables(self) -> None:
        """The queues' tables, without running anything here."""
        await JobRuntime.migrate(self.database.plain_url)

    async def stop(self) -> None:
        """Stop what runs."""
        if self.runtime is not None:
            await self.runtime.stop()
        self.runtime = None

    async def close(self) -> None:
        """Stop, and let go of the database."""
        await self.stop()
        self.jobs.close()
        await self.database.dispose()


class Worker:
    """job_worker.py in a process of its own."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    async def kill(self) -> None:
        """kill -9, and wait for the end."""
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        await self.process.wait()


class StartWorker(Protocol):
    """Starts a worker and returns once it says that it is ready."""

    def __call__(self, url: str, executor_id: str, role: str = "jobs") -> Awaitable[Worker]: ...


WORKER = Path(__file__).with_name("job_worker.py")


async def until(condition: Callable[[], object], seconds: float = 30) -> None:
    """Wait for something that another thread or process does."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)
