"""Who runs the clock: one process per database, another within seconds when it dies."""

from __future__ import annotations

import asyncio
import fcntl
import logging
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final, Protocol

from copyhound.jobs.queue import sqlite_file, system_url

_log: Final = logging.getLogger(__name__)

Change = Callable[[], Awaitable[Any]]


class _Lock(Protocol):
    async def take(self) -> bool: ...
    async def held(self) -> bool: ...
    async def release(self) -> None: ...


class Leader:
    """Stands for election as long as `run` runs. Two leaders for a moment are harmless: duties are idempotent."""

    def __init__(self, database_url: str, *, check_seconds: float = 1.0) -> None:
        file = sqlite_file(database_url)
        self._lock: _Lock = _advisory_lock(system_url(database_url)) if file is None else _FileLock(file)
        self._check_seconds = check_seconds
        self.leads = False

    async def run(self, on_lead: Change, on_lose: Change) -> None:
        """Until cancelled: `on_lead` when this process becomes the leader, `on_lose` when it no longer is."""
        try:
            while True:
                if self.leads and not await self._lock.held():
                    await self._lose(on_lose)
                elif not self.leads and await self._lock.take():
                    self.leads = True
                    _log.info("this process leads: its clock runs")
                    await on_lead()
                await asyncio.sleep(self._check_seconds)
        finally:
            if self.leads:
                await self._lose(on_lose)
            await self._lock.release()

    async def _lose(self, on_lose: Change) -> None:
        self.leads = False
        await self._lock.release()
        _log.info("this process leads no longer")
        await on_lose()


def _advisory_lock(url: str) -> _Lock:
    from copyhound.jobs.advisory_lock import AdvisoryLock  # its driver is loaded where there is a PostgreSQL

    return AdvisoryLock(url)


class _FileLock:
    """A lock beside a SQLite file; the system lets go of it when the process dies."""

    def __init__(self, database: Path) -> None:
        self._path = database.with_name(database.name + ".leader")
        self._file: int | None = None

    async def take(self) -> bool:
        file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(file)
            return False
        self._file = file
        return True

    async def held(self) -> bool:
        return self._file is not None

    async def release(self) -> None:
        if self._file is not None:
            os.close(self._file)
        self._file = None
