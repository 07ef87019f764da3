from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Sequence
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from copyhound.domain.errors import CopyhoundError
from copyhound.domain.ports import NewJob
from copyhound.domain.workspaces import Workspace
from copyhound.storage import Database, Units
from copyhound.storage import database as database_module
from copyhound.storage.migrations import METADATA

from .makers import AT, W1, W2, a_list


async def test_a_unit_commits_at_a_good_end(units: Units) -> None:
    """What a unit wrote is there for the next one."""
    async with units() as unit:
        await unit.lists.add(a_list())
    async with units.read() as unit:
        assert await unit.lists.get(W1, "list_1") == a_list()


async def test_a_unit_rolls_back_on_an_error(units: Units) -> None:
    """Nothing of a unit that raised is kept, and the error comes out as it was."""

    async def fail() -> None:
        async with units() as unit:
            await unit.lists.add(a_list())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    async with units.read() as unit:
        assert await unit.lists.get(W1, "list_1") is None


async def test_a_cancelled_unit_rolls_back_and_frees_the_database(units: Units) -> None:
    """A task that is cancelled inside a unit leaves neither rows nor a lock behind."""
    inside = asyncio.Event()

    async def hang() -> None:
        async with units() as unit:
            await unit.lists.add(a_list())
            inside.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(hang())
    await inside.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with units() as unit:
        await unit.lists.add(a_list("list_2"))
    async with units.read() as unit:
        assert await unit.lists.get(W1, "list_1") is None
        assert await unit.lists.get(W1, "list_2") is not None


async def test_a_reading_unit_cannot_write(units: Units) -> None:
    """The database itself refuses a write in a unit that only reads."""
    with pytest.raises(DBAPIError):
        async with units.read() as unit:
            await unit.lists.add(a_list())


async def test_a_writing_connection_writes_after_a_reading_one(units: Units) -> None:
    """Being read-only does not stick to a connection."""
    for number in range(5):
        async with units.read() as unit:
            await unit.lists.get(W1, "list_1")
        async with units() as unit:
            await unit.lists.add(a_list(f"list_{number}"))


async def test_a_reader_is_not_kept_waiting_by_a_writer(units: Units) -> None:
    """While a unit writes, another one reads what was there before."""
    async with units() as writer:
        await writer.lists.add(a_list())
        async with units.read() as reader:
            assert await reader.lists.get(W1, "list_1") is None


async def test_fifty_writers_at_once_all_succeed(units: Units) -> None:
    """Writers queue; none is turned away."""

    async def write(number: int) -> None:
        async with units() as unit:
            await unit.lists.add(a_list(f"list_{number:02}"))

    await asyncio.gather(*[write(number) for number in range(50)])
    async with units.read() as unit:
        page = await unit.lists.page(W1, label=None, cursor=None, limit=100)
    assert len(page.items) == 50


class RowStore:
    """A store of jobs that writes on the unit's own connection."""

    made = 0

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection
        type(self).made += 1

    async def add(self, jobs: Sequence[NewJob]) -> None:
        text = sa.text("INSERT INTO executors (id, beat_at) VALUES (:id, '2026-01-01 00:00:00')")
        await self._connection.execute(text, [{"id": job.id} for job in jobs])


async def test_queued_jobs_share_the_units_fate(database: Database) -> None:
    """What is queued is written when its unit ends, together, and only where there is any; it is gone with its unit."""
    RowStore.made = 0
    units = Units(database, RowStore)

    async def fail() -> None:
        async with units() as unit:
            await unit.jobs.enqueue("job", id="lost")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    async with units() as unit:
        await unit.jobs.enqueue("job", id="kept_1")
        await unit.jobs.enqueue("job", id="kept_2")
    async with units() as unit:
        await unit.workspaces.add(Workspace(W2, "other", AT))
    async with units.read() as unit:
        assert await unit.executors.dead(AT) == ["kept_1", "kept_2"]
    assert RowStore.made == 1


async def test_jobs_are_not_queued_by_a_unit_that_reads(database: Database) -> None:
    """What is queued in a unit that only reads is refused by the database, not lost in silence."""

    async def queue_while_reading() -> None:
        async with Units(database, RowStore).read() as unit:
            await unit.jobs.enqueue("job", id="lost")

    with pytest.raises(DBAPIError, match=r"read-?only"):
        await queue_while_reading()


async def test_another_event_loop_has_connections_of_its_own(units: Units) -> None:
    """The same Units works on the loop of another thread, and disposing here closes that loop's connections too."""

    async def elsewhere() -> None:
        async with units() as unit:
            await unit.lists.add(a_list("list_elsewhere"))

    await asyncio.to_thread(asyncio.run, elsewhere())
    async with units() as unit:
        await unit.lists.add(a_list())
        assert await unit.lists.get(W1, "list_elsewhere") is not None


async def test_a_database_can_be_used_again_after_dispose(units: Units) -> None:
    """Disposing closes connections; the next unit opens new ones."""
    async with units() as unit:
        await unit.lists.add(a_list())
    await units.database.dispose()
    async with units.read() as unit:
        assert await unit.lists.get(W1, "list_1") is not None


async def test_a_database_that_stays_busy_is_unavailable(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A writer that waited too long for another process gets the retryable `unavailable`."""
    monkeypatch.setattr(database_module, "BUSY_SECONDS", 0.05)
    database = Database(sqlite_url)
    other = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        with pytest.raises(CopyhoundError) as caught:
            async with database.write():
                pytest.fail("it must not get here")
    finally:
        other.close()
        await database.dispose()
    assert (caught.value.code, caught.value.retryable) == ("unavailable", True)


async def test_a_server_that_is_not_there_is_unavailable() -> None:
    """A refused connection is the retryable `unavailable`."""
    database = Database("postgresql://postgres@127.0.0.1:1/nothing")
    with pytest.raises(CopyhoundError, match="unavailable"):
        async with database.read():
            pytest.fail("it must not get here")
    await database.dispose()


def test_wal_is_set_before_anyone_else_opens_the_file(tmp_path: Path) -> None:
    """Making a Database makes its folder and file, in WAL mode."""
    Database(f"sqlite:///{tmp_path}/deep/new.db")
    with sqlite3.connect(tmp_path / "deep" / "new.db") as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


@pytest.mark.parametrize("which", ["write", "read"])
async def test_sqlite_connections_are_durable_and_checked(sqlite_url: str, which: str) -> None:
    """synchronous=FULL, foreign keys on, ten seconds of patience."""
    database = Database(sqlite_url)
    async with getattr(database, which)() as connection:
        found = [
            (await connection.exec_driver_sql(f"PRAGMA {name}")).scalar()
            for name in ("synchronous", "foreign_keys", "busy_timeout", "journal_mode")
        ]
    await database.dispose()
    assert found == [2, 1, 10_000, "wal"]


@pytest.mark.parametrize("url", ["mysql://x/y", "sqlite://", "sqlite:///:memory:"])
def test_other_databases_are_refused(url: str) -> None:
    """Only SQLite in a file and PostgreSQL are databases of ours."""
    with pytest.raises(CopyhoundError, match="settings_invalid"):
        Database(url)


def test_every_table_carries_the_workspace() -> None:
    """All but those that belong to no workspace, bands (bound by their collection), and what is bound to a key."""
    without = {table.name for table in METADATA.sorted_tables if "workspace_id" not in table.c}
    assert without == {"workspaces", "executors", "hash_bands", "windows", "places", "nonces"}
