"""Connections to SQLite that go to their thread and back once a statement.

aiosqlite goes there for the cursor, for the statement, for its rows and for the cursor's end: four changes of threads,
which cost more than most statements do. Rows are all read at once here, as SQLAlchemy reads them anyway.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Iterable
from typing import Any, Self

import aiosqlite


class _Cursor(aiosqlite.Cursor):
    """Made, used and read in one go. It has nothing to close: its rows are read, which ends its statement."""

    def __init__(self, connection: aiosqlite.Connection) -> None:
        self._conn = connection
        self._raw: sqlite3.Cursor | None = None
        self._rows: list[Any] = []

    async def __aenter__(self) -> Self:
        return self

    async def execute(self, sql: str, parameters: Iterable[Any] | None = None) -> Self:
        return await self._done(sqlite3.Cursor.execute, sql, parameters or ())

    async def executemany(self, sql: str, parameters: Iterable[Iterable[Any]]) -> Self:
        return await self._done(sqlite3.Cursor.executemany, sql, parameters)

    async def _done(self, call: Callable[..., Any], sql: str, parameters: Iterable[Any]) -> Self:
        def do() -> tuple[sqlite3.Cursor, list[Any]]:
            raw = connection._conn.cursor()
            call(raw, sql, parameters)
            return raw, raw.fetchall() if raw.description else []

        connection: Any = self._conn
        self._raw, self._rows = await connection._execute(do)
        return self

    async def fetchall(self) -> list[Any]:
        rows, self._rows = self._rows, []
        return rows

    async def close(self) -> None:
        self._rows = []

    @property
    def description(self) -> Any:
        return self._raw.description if self._raw else None

    @property
    def rowcount(self) -> int:
        return self._raw.rowcount if self._raw else -1

    @property
    def lastrowid(self) -> int | None:
        return self._raw.lastrowid if self._raw else None


class _Connection(aiosqlite.Connection):
    def cursor(self) -> Any:
        return _Cursor(self)

    def stop(self) -> asyncio.Future[Any] | None:
        # SQLAlchemy stops a connection whose closing it gave up: nobody would answer a second stop, and its asker waits
        return super().stop() if self._running else None


def connect(*args: Any, **options: Any) -> aiosqlite.Connection:
    """For `create_async_engine(connect_args={"async_creator_fn": connect})`; awaited, it is open."""
    connection = _Connection(lambda: sqlite3.connect(*args, **options), iter_chunk_size=64)
    connection._thread.daemon = True  # as SQLAlchemy has it: one that is left open does not keep the process
    return connection
