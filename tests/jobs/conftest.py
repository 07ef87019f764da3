"""Jobs that run in this process, or in another one that may be killed."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from .jobs_kit import WORKER, House, StartWorker, Worker


@contextlib.asynccontextmanager
async def _house(url: str) -> AsyncIterator[House]:
    made = House(url)
    try:
        yield made
    finally:
        await made.close()


@pytest.fixture
async def house(database_url: str) -> AsyncIterator[House]:
    """A house on either database."""
    async with _house(database_url) as made:
        yield made


@pytest.fixture
async def sqlite_house(sqlite_url: str) -> AsyncIterator[House]:
    async with _house(sqlite_url) as made:
        yield made


@pytest.fixture
async def postgres_house(postgres_url: str) -> AsyncIterator[House]:
    async with _house(postgres_url) as made:
        yield made


@pytest.fixture
async def start_worker(tmp_path: Path) -> AsyncIterator[StartWorker]:
    """Workers in processes of their own, which leave their marks in tmp_path; killed at the end."""
    workers: list[Worker] = []

    async def start(url: str, executor_id: str, role: str = "jobs") -> Worker:
        arguments = (str(WORKER), url, executor_id, str(tmp_path), role)
        process = await asyncio.create_subprocess_exec(sys.executable, *arguments, stdout=asyncio.subprocess.PIPE)
        workers.append(Worker(process))
        assert process.stdout is not None
        async with asyncio.timeout(60):
            assert (await process.stdout.readline()).strip() == b"ready"
        return workers[-1]

    yield start
    for worker in workers:
        await worker.kill()
