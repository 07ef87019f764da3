"""Queueing durable work in the transaction of the rows that it is about."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from dbos import DBOSClient, EnqueueOptions
from sqlalchemy.ext.asyncio import AsyncConnection

APP_NAME: Final = "copyhound"
APP_VERSION: Final = "1"
"""Pinned: DBOS recovers work of its own version only. Change it with a drained queue, or never; steps are only added
at the end of a job, never reordered."""


def system_url(database_url: str) -> str:
    """The address of our database as DBOS, which is synchronous inside, takes it."""
    url = sa.make_url(database_url)
    return url.set(drivername=url.get_backend_name()).render_as_string(hide_password=False)


def sqlite_file(database_url: str) -> Path | None:
    """The file behind a SQLite address; None for any other database."""
    url = sa.make_url(database_url)
    return Path(url.database) if url.get_backend_name() == "sqlite" and url.database else None


class DbosJobs:
    """Makes queues that are bound to a connection: `DbosJobs(url)(connection)` is a `JobQueue`. One per process.

    Needs no running `JobRuntime`, on any event loop; only the tables, which `JobRuntime.migrate` makes.
    """

    def __init__(self, database_url: str) -> None:
        self._url = system_url(database_url)
        self._client: DBOSClient | None = None
        self._lock = threading.Lock()

    def __call__(self, connection: AsyncConnection) -> BoundQueue:
        return BoundQueue(self._opened(), connection)

    def close(self) -> None:
        """Let go of the client; the next call makes another."""
        with self._lock:
            if self._client is not None:
                self._client.destroy()
            self._client = None

    def _opened(self) -> DBOSClient:
        with self._lock:
            if self._client is None:
                # lazy: it only ever writes through connections that are handed in
                self._client = DBOSClient(system_database_url=self._url, application_name=APP_NAME, lazy=True)
            return self._client


class BoundQueue:
    """Implements `copyhound.domain.ports.JobQueue`: what is queued runs if, and only if, the connection commits."""

    def __init__(self, client: DBOSClient, connection: AsyncConnection) -> None:
        self._client = client
        self._connection = connection

    async def enqueue(
        self,
        job: str,
        *args: Any,
        id: str,
        queue: str = "work",
        delay: float = 0.0,
        partition: str | None = None,
    ) -> None:
        """Queue a job by its name; quiet where that id was queued before, in whatever state it is now."""
        options = EnqueueOptions(workflow_name=job, queue_name=queue, workflow_id=id)
        if delay > 0:
            options["delay_seconds"] = delay
        if partition is not None:
            options["queue_partition_key"] = partition
        await self._connection.run_sync(lambda sync: self._client.enqueue_in_transaction(sync, options, *args))
