"""One of many processes holds it, as long as it is connected."""

from __future__ import annotations

import contextlib
import logging
from typing import Final

import asyncpg

_log: Final = logging.getLogger(__name__)
_LOCK_KEY: Final = 0x636F70796803
"""The number of PostgreSQL's advisory lock; any other one would do."""
_KEEPALIVE: Final = {"tcp_keepalives_idle": "2", "tcp_keepalives_interval": "1", "tcp_keepalives_count": "3"}


class AdvisoryLock:
    """A session lock in PostgreSQL, on a connection of its own that must not go through a transaction pooler."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: asyncpg.Connection | None = None

    async def take(self) -> bool:
        """Whether this process has it now."""
        try:
            connection = await self._connected()
            return bool(await connection.fetchval("select pg_try_advisory_lock($1)", _LOCK_KEY, timeout=2))
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            _log.warning("no election: the database does not answer (%s)", type(error).__name__)
            await self.release()
            return False

    async def held(self) -> bool:
        """Whether it is still ours: it is lost with its connection."""
        try:
            return self._connection is not None and await self._connection.fetchval("select 1", timeout=2) == 1
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
            return False

    async def release(self) -> None:
        """Let go of it."""
        if self._connection is not None:
            with contextlib.suppress(OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
                await self._connection.close(timeout=1)
        self._connection = None

    async def _connected(self) -> asyncpg.Connection:
        if self._connection is None or self._connection.is_closed():
            self._connection = await asyncpg.connect(self._url, timeout=3, server_settings=_KEEPALIVE)
        return self._connection
