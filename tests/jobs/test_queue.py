"""Queueing in a transaction."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy.exc import DBAPIError

from copyhound.jobs.definitions import JobDefinition, Lane
from copyhound.jobs.queue import sqlite_file, system_url

from .jobs_kit import House, until


class Ran:
    """Remembers what ran."""

    def __init__(self) -> None:
        self.keys: list[str] = []

    async def __call__(self, key: str) -> None:
        self.keys.append(key)


async def test_commit_runs_once_and_rollback_never(house: House) -> None:
    """What was queued in a transaction that was rolled back never runs; what was committed runs once."""
    ran = Ran()
    await house.start(search=JobDefinition(ran))

    async def change_of_mind() -> None:
        async with house.queue() as queue:
            await queue.enqueue("search", "rolled back", id="search:1")
            raise RuntimeError("changed my mind")

    with pytest.raises(RuntimeError, match="changed my mind"):
        await change_of_mind()
    async with house.queue() as queue:
        await queue.enqueue("search", "committed", id="search:2")
    await until(lambda: ran.keys)
    # the id of the first is free still, so it left no trace
    async with house.queue() as queue:
        await queue.enqueue("search", "last", id="search:1")
    await until(lambda: "last" in ran.keys)
    assert ran.keys == ["committed", "last"]


async def test_same_id_runs_once(house: House) -> None:
    """An id is done once: in the same transaction, in another one, and after it was done."""
    ran = Ran()
    await house.start(search=JobDefinition(ran))
    async with house.queue() as queue:
        await queue.enqueue("search", "first", id="search:1")
        await queue.enqueue("search", "again", id="search:1")
    async with house.queue() as queue:
        await queue.enqueue("search", "again", id="search:1")
    await until(lambda: ran.keys)
    async with house.queue() as queue:
        await queue.enqueue("search", "again", id="search:1")
        await queue.enqueue("search", "last", id="search:2")
    await until(lambda: "last" in ran.keys)
    assert ran.keys == ["first", "last"]


async def test_a_row_that_fails_takes_the_job_along(house: House) -> None:
    """A job that was queued before something went wrong in the transaction is gone with it."""
    ran = Ran()
    await house.start(search=JobDefinition(ran))

    async def broken_transaction() -> None:
        async with house.database.write() as connection:
            await house.jobs(connection).enqueue("search", "lost", id="search:1")
            await connection.exec_driver_sql("insert into nonsense values (1)")

    with pytest.raises(DBAPIError, match="nonsense"):
        await broken_transaction()
    async with house.queue() as queue:
        await queue.enqueue("search", "last", id="search:2")
    await until(lambda: ran.keys)
    assert ran.keys == ["last"]


async def test_delayed_job_holds_no_place(sqlite_house: House) -> None:
    """In a queue with one place, a job that waits for its time lets those that are due go first."""
    ran = Ran()
    await sqlite_house.start(queues={"deliveries": Lane(1)}, deliver=JobDefinition(ran))
    async with sqlite_house.queue() as queue:
        await queue.enqueue("deliver", "tomorrow", id="d:1", queue="deliveries", delay=86400)
        await queue.enqueue("deliver", "now", id="d:2", queue="deliveries")
    await until(lambda: ran.keys)
    async with sqlite_house.queue() as queue:
        await queue.enqueue("deliver", "in a moment", id="d:3", queue="deliveries", delay=0.2)
    await until(lambda: len(ran.keys) == 2)
    assert ran.keys == ["now", "in a moment"]


async def test_queueing_from_several_loops(house: House) -> None:
    """The same queue works on the loop of requests and on that of another thread."""
    ran = Ran()
    await house.start(search=JobDefinition(ran))

    async def put(key: str) -> None:
        async with house.queue() as queue:
            await queue.enqueue("search", key, id=key)

    async def elsewhere() -> None:
        await put("there")
        await house.database.engine().dispose()

    await asyncio.gather(put("here"), asyncio.to_thread(asyncio.run, elsewhere()))
    await until(lambda: len(ran.keys) == 2)
    assert set(ran.keys) == {"here", "there"}


async def test_job_queues_the_next_one_on_its_own_loop(house: House) -> None:
    """A job queues further work in its own transaction, as each attempt of a delivery does."""
    ran = Ran()

    async def first(key: str) -> None:
        async with house.queue() as queue:
            await queue.enqueue("second", key, id=f"second:{key}")

    await house.start(first=JobDefinition(first), second=JobDefinition(ran))
    async with house.queue() as queue:
        await queue.enqueue("first", "x", id="first:x")
    await until(lambda: ran.keys)
    assert ran.keys == ["x"]


def test_addresses_of_databases() -> None:
    """Drivers are left out of the address that DBOS gets; passwords are not."""
    assert system_url("postgresql+asyncpg://me:se%40cret@db/x") == "postgresql://me:se%40cret@db/x"
    assert system_url("sqlite+aiosqlite:////tmp/a.db") == "sqlite:////tmp/a.db"
    assert str(sqlite_file("sqlite:////tmp/a.db")) == "/tmp/a.db"
    assert sqlite_file("postgresql://db/x") is None
