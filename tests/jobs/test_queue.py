"""Queueing in a transaction."""

from __future__ import annotations

import asyncio
from typing import Final

import pytest
import sqlalchemy as sa
from dbos import EnqueueOptions
from sqlalchemy.exc import DBAPIError

from copyhound.domain.ports import NewJob
from copyhound.jobs.definitions import JobDefinition, Lane
from copyhound.jobs.queue import sqlite_file, system_url

from .jobs_kit import House, until

_OF_ITS_OWN: Final = {"workflow_uuid", "creator_xid", "created_at", "updated_at", "delay_until_epoch_ms"} | {
    "retention_timestamp"
}


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
            await house.jobs(connection).add([NewJob("search", ("lost",), id="search:1")])
            await connection.exec_driver_sql("insert into nonsense values (1)")

    with pytest.raises(DBAPIError, match="nonsense"):
        await broken_transaction()
    async with house.queue() as queue:
        await queue.enqueue("search", "last", id="search:2")
    await until(lambda: ran.keys)
    assert ran.keys == ["last"]


async def test_the_rows_are_those_of_dbos(house: House) -> None:
    """What is added has the same row in every table as what DBOS's own client queues, but for ids and times."""
    await house.runtime_tables()
    client = house.jobs._opened()
    async with house.database.write() as connection:
        for number, (queue, delay, partition) in enumerate(
            [("work", 0.0, None), ("deliveries", 60.0, None), ("slow_deliveries", 0.0, "hook_1")]
        ):
            job = NewJob("deliver", ("a", number, None, True), f"ours:{number}", queue, delay, partition)
            options = EnqueueOptions(workflow_name=job.name, queue_name=queue, workflow_id=f"dbos:{number}")
            if delay:
                options["delay_seconds"] = delay
            if partition:
                options["queue_partition_key"] = partition
            await connection.run_sync(client.enqueue_in_transaction, options, *job.args)
            await house.jobs(connection).add([job])
    tables = client._sys_db.tables
    for table in tables.workflow_status, tables.workflow_input:
        async with house.database.read() as connection:
            await connection.run_sync(client._sys_db._apply_caller_schema)
            rows = [dict(row._mapping) for row in await connection.execute(sa.select(table))]
        by_id = {row["workflow_uuid"]: {name: row[name] for name in row.keys() - _OF_ITS_OWN} for row in rows}
        assert len(by_id) == 6
        for number in range(3):
            assert by_id[f"ours:{number}"] == by_id[f"dbos:{number}"]
        assert all(row[name] is not None for row in rows for name in row.keys() & {"created_at", "retention_timestamp"})


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
