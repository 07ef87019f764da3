"""The connection to the database: an engine for every running event loop, the same code for both databases."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import threading
import weakref
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from copyhound.domain.errors import CopyhoundError
from copyhound.storage.sqlite_connection import connect

BUSY_SECONDS = 10.0
"""How long a writer waits for another one."""

_DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg", "postgres": "postgresql+asyncpg"}
_RETRYABLE_STATES = {"40001", "40P01", "55P03", "57P01", "57P03", "08006", "08003", "08001"}
_DISK_FULL_STATE = "53100"
_NO_TEXT_STATES = {"22021", "22P05"}
_NO_PARENT_STATE, _NO_PARENT_WORDS = "23503", "FOREIGN KEY constraint failed"
"""That a row belongs to one which is not there: PostgreSQL's code, and SQLite's words."""
_FULL = "The disk is full: the database cannot be written. Make room on it."
_SICK = {
    "database or disk is full": _FULL,
    "disk I/O error": "The disk that the database lies on fails, or is full.",
    "unable to open database file": "The database file cannot be opened: check its folder, and who may write there.",
    "file is not a database": "The database file is not a database: put it aside, or restore a backup.",
    "disk image is malformed": "The database file is damaged: restore a backup.",
}
"""What SQLite says of its file and the disk, and what we say."""
_READ_ONLY = {"readonly database": "The database cannot be written: its file, folder or disk is read-only."}


class _Engines:
    """What one event loop uses. On SQLite writers have an engine of their own, and queue at `lock`."""

    def __init__(self, url: sa.URL, *, foreign_keys: bool = True) -> None:
        self.foreign_keys = foreign_keys
        self.sqlite = url.get_backend_name() == "sqlite"
        self.lock = asyncio.Lock()
        self.threads: weakref.WeakSet[Any] = weakref.WeakSet()
        self.writer = self._sqlite(url, read_only=False) if self.sqlite else _postgres(url)
        self.reader = self._sqlite(url, read_only=True) if self.sqlite else self.writer

    def _sqlite(self, url: sa.URL, *, read_only: bool) -> AsyncEngine:
        pool = {"pool_size": 5 if read_only else 2, "max_overflow": 20, "pool_timeout": 30}
        engine = create_async_engine(url, **_json(), **pool, connect_args={"async_creator_fn": connect})
        begin = "BEGIN" if read_only else "BEGIN IMMEDIATE"

        @sa.event.listens_for(engine.sync_engine, "connect")
        def prepare(connection: Any, record: Any) -> None:
            connection.isolation_level = None  # so that our own BEGIN is the one that counts
            cursor = connection.cursor()
            for pragma in sqlite_pragmas(read_only=read_only, foreign_keys=self.foreign_keys):
                cursor.execute(pragma)
            cursor.close()
            self.threads.add(connection.driver_connection)

        @sa.event.listens_for(engine.sync_engine, "begin")
        def start(connection: sa.Connection) -> None:
            connection.exec_driver_sql(begin)

        return engine

    async def close(self) -> None:
        await self.writer.dispose()
        if self.reader is not self.writer:
            await self.reader.dispose()

    def abandon(self) -> list[asyncio.Future[Any]]:
        """Let go of connections whose event loop is gone; their threads would keep the process alive. Their ends."""
        for engine in {self.writer, self.reader}:
            engine.sync_engine.dispose(close=False)
        ends = []
        for connection in list(self.threads):
            with contextlib.suppress(Exception):
                ends.append(connection.stop())
        return [end for end in ends if end is not None]


class Database:
    """One database by its URL: `sqlite:///path` or `postgresql://...`. Usable from any event loop.

    >>> Database("sqlite://")
    Traceback (most recent call last):
    ...
    copyhound.domain.errors.CopyhoundError: settings_invalid: SQLite needs a file.
    """

    def __init__(self, url: str) -> None:
        parsed = sa.make_url(url)
        backend = parsed.get_backend_name()
        if backend not in _DRIVERS:
            raise CopyhoundError("settings_invalid", f"The database must be SQLite or PostgreSQL, not {backend}.")
        self.backend = "sqlite" if backend == "sqlite" else "postgresql"
        self.plain_url = parsed.set(drivername=self.backend).render_as_string(hide_password=False)
        """The URL without a driver, for others who open the same database."""
        self._url = parsed.set(drivername=_DRIVERS[backend])
        self._engines: dict[asyncio.AbstractEventLoop, _Engines] = {}
        self._guard = threading.Lock()
        if self.backend == "sqlite":
            self._set_wal()

    def _set_wal(self) -> None:
        # before anyone else opens the file: the mode stays with it
        if not self._url.database or self._url.database == ":memory:":
            raise CopyhoundError("settings_invalid", "SQLite needs a file.")
        path = Path(self._url.database)
        path.parent.mkdir(parents=True, exist_ok=True)
        with _translated(), contextlib.closing(sqlite3.connect(path, timeout=BUSY_SECONDS)) as connection:
            connection.execute("PRAGMA journal_mode=WAL")

    def _here(self) -> _Engines:
        loop = asyncio.get_running_loop()
        with self._guard:
            if loop not in self._engines:
                self._forget_closed_loops()
                self._engines[loop] = _Engines(self._url)
            return self._engines[loop]

    def _forget_closed_loops(self) -> None:
        for loop in [loop for loop in self._engines if loop.is_closed()]:
            self._engines.pop(loop).abandon()

    def engine(self) -> AsyncEngine:
        """The writing engine of the running event loop."""
        return self._here().writer

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """A connection in a transaction that commits at a good end. Writers are serialised on SQLite."""
        engines = self._here()
        with _translated():
            async with _turn(engines), _connected(engines.writer) as connection:
                await connection.begin()
                yield connection
                await connection.commit()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A connection in a transaction that cannot write."""
        engines = self._here()
        with _translated(reading=True):
            async with _connected(engines.reader) as connection:
                if not engines.sqlite:
                    await connection.execution_options(postgresql_readonly=True)
                await connection.begin()
                yield connection

    @asynccontextmanager
    async def schema_change(self) -> AsyncIterator[AsyncConnection]:
        """A connection of its own in a transaction that may rebuild tables: SQLite checks no foreign keys in it."""
        engine = _Engines(self._url, foreign_keys=False).writer
        try:
            with _translated():
                async with _connected(engine) as connection, connection.begin():
                    yield connection
        finally:
            await engine.dispose()

    async def dispose(self) -> None:
        """Close the connections of every event loop."""
        with self._guard:
            every = list(self._engines.items())
            self._engines.clear()
        here = asyncio.get_running_loop()
        for loop, engines in every:
            if loop is here:
                await engines.close()
            elif loop.is_running():
                await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(engines.close(), loop))
            else:
                ends = engines.abandon()
                if ends:
                    # a thread that ends after this loop would complain; one that is dead already never answers
                    await asyncio.wait(ends, timeout=1)


def sqlite_pragmas(*, read_only: bool, foreign_keys: bool = True) -> tuple[str, ...]:
    """What every SQLite connection of ours sets first."""
    return (
        f"PRAGMA busy_timeout={int(BUSY_SECONDS * 1000)}",
        "PRAGMA synchronous=FULL",
        f"PRAGMA foreign_keys={'ON' if foreign_keys else 'OFF'}",
        *(("PRAGMA query_only=ON",) if read_only else ()),
    )


def _postgres(url: sa.URL) -> AsyncEngine:
    settings = {"jit": "off", "timezone": "UTC"}
    return create_async_engine(
        url, **_json(), pool_size=10, max_overflow=10, pool_pre_ping=True, connect_args={"server_settings": settings}
    )


def _json() -> dict[str, Any]:
    return {
        "json_serializer": lambda value: msgspec.json.encode(value).decode(),
        "json_deserializer": msgspec.json.decode,
    }


@asynccontextmanager
async def _turn(engines: _Engines) -> AsyncIterator[None]:
    # a fair queue in this loop: SQLite's own waiting lets late comers overtake
    if not engines.sqlite:
        yield
        return
    try:
        # not `wait_for`: Python 3.11's loses a cancellation that meets the lock's coming free
        async with asyncio.timeout(BUSY_SECONDS):
            await engines.lock.acquire()
    except TimeoutError:
        raise CopyhoundError("unavailable", "The database is busy.") from None
    try:
        yield
    finally:
        engines.lock.release()


@asynccontextmanager
async def _connected(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    async with AsyncExitStack() as stack:
        try:
            connection = await stack.enter_async_context(engine.connect())
        except OSError as error:
            raise CopyhoundError("unavailable", "The database does not answer.") from error
        yield connection


@contextlib.contextmanager
def _translated(*, reading: bool = False) -> Iterator[None]:
    """What goes away by itself, such as a lock or a lost connection, and what the operator has to mend, such as a full
    disk, become `unavailable`. What was deleted between a look and the writing is `not_found`. A unit that only reads,
    and writes, is wrong itself: that stays as it is."""
    try:
        yield
    except PoolTimeout as error:
        raise CopyhoundError("unavailable", "The database is busy.") from error
    except (DBAPIError, sqlite3.Error) as error:
        state = str(getattr(getattr(error, "orig", None), "sqlstate", None))
        if state == _NO_PARENT_STATE or _NO_PARENT_WORDS in str(error):
            raise CopyhoundError("not_found", "What this belongs to has been deleted meanwhile.") from error
        if state in _NO_TEXT_STATES:
            raise CopyhoundError("invalid_request", "A text holds the character NUL, which is not stored.") from error
        if (detail := _reason(error, reading=reading)) is not None:
            raise CopyhoundError("unavailable", detail) from error
        raise


def _reason(error: DBAPIError | sqlite3.Error, *, reading: bool) -> str | None:
    orig = error.orig if isinstance(error, DBAPIError) else error
    said, state = str(orig), str(getattr(orig, "sqlstate", None))
    if isinstance(orig, sqlite3.Error):
        known = _SICK if reading else {**_SICK, **_READ_ONLY}
        if sick := next((told for mark, told in known.items() if mark in said), None):
            return sick
    if state == _DISK_FULL_STATE:
        return _FULL
    lost = isinstance(error, DBAPIError) and error.connection_invalidated
    return "The database is busy." if lost or "database is locked" in said or state in _RETRYABLE_STATES else None
