"""What is special about our connections to SQLite."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from copyhound.storage import Database


@pytest.fixture
async def connection(sqlite_url: str) -> AsyncIterator[AsyncConnection]:
    """A connection in a transaction of a migrated SQLite database."""
    database = Database(sqlite_url)
    async with database.write() as opened:
        yield opened
    await database.dispose()


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT id FROM workspaces",
        "INSERT INTO workspaces (id, name, created_at) VALUES ('ws_x', 'x', '2026-01-02') RETURNING id",
        "UPDATE workspaces SET name = 'y'",
    ],
)
async def test_a_statement_goes_to_the_thread_once(
    connection: AsyncConnection, monkeypatch: pytest.MonkeyPatch, statement: str
) -> None:
    """Its cursor, its rows and their end cost no change of threads of their own."""
    raw: Any = (await connection.get_raw_connection()).driver_connection
    execute, gone = raw._execute, []

    async def counted(function: Any, *args: Any) -> Any:
        gone.append(function)
        return await execute(function, *args)

    monkeypatch.setattr(raw, "_execute", counted)
    await connection.execute(sa.text(statement))
    assert len(gone) == 1


async def test_rows_are_those_of_their_own_statement(connection: AsyncConnection) -> None:
    """Statements at the same time on one connection, with rows, counts and errors, come out as one after the other."""
    await connection.execute(sa.text("CREATE TEMP TABLE numbers (n INTEGER PRIMARY KEY)"))
    added = await connection.execute(sa.text("INSERT INTO numbers VALUES (:n)"), [{"n": n} for n in range(50)])
    assert added.rowcount == 50
    asked = [connection.execute(sa.text("SELECT n FROM numbers WHERE n < :most"), {"most": most}) for most in range(9)]
    for most, result in enumerate(await asyncio.gather(*asked)):
        assert list(result.keys()) == ["n"]
        assert result.scalars().all() == list(range(most))
    with pytest.raises(sa.exc.IntegrityError, match="UNIQUE"):
        await connection.execute(sa.text("INSERT INTO numbers VALUES (7)"))
    assert (await connection.execute(sa.text("UPDATE numbers SET n = n + 100"))).rowcount == 50
    assert (await connection.execute(sa.text("SELECT count(*) FROM numbers WHERE n < 100"))).scalar() == 0


async def test_one_that_is_cut_off_again_and_again_is_closed(sqlite_url: str) -> None:
    """A reader who is cancelled until it ends, as by a client that hangs up, leaves no task that waits for ever."""
    database, complaints = Database(sqlite_url), list[dict[str, Any]]()
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
    counting = "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < 3000) SELECT count(*) FROM t"

    async def read() -> None:
        async with database.read() as connection:
            while True:
                await connection.execute(sa.text(counting))

    for steps in range(20):
        reader = asyncio.create_task(read())
        for _ in range(50 + steps):
            await asyncio.sleep(0)
        while not reader.done():
            reader.cancel()
            await asyncio.sleep(0)
    await database.dispose()
    gc.collect()
    assert complaints == []
