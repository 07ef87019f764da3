"""Queueing durable work in the transaction of the rows that it is about."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from dbos import DBOSClient, EnqueueOptions
from sqlalchemy.ext.asyncio import AsyncConnection

from copyhound.domain.ports import NewJob

APP_NAME: Final = "copyhound"
APP_VERSION: Final = "1"
"""Pinned: DBOS recovers work of its own version only. Change it with a drained queue, or never; steps are only added
at the end of a job, never reordered."""

_STATUS: Final = (
    "workflow_uuid",
    "status",
    "name",
    "queue_name",
    "queue_partition_key",
    "priority",
    "recovery_attempts",
    "serialization",
    "delay_until_epoch_ms",
    "application_name",
)
_INPUT: Final = "workflow_uuid", "inputs"


def system_url(database_url: str) -> str:
    """The address of our database as DBOS, which is synchronous inside, takes it."""
    url = sa.make_url(database_url)
    return url.set(drivername=url.get_backend_name()).render_as_string(hide_password=False)


def sqlite_file(database_url: str) -> Path | None:
    """The file behind a SQLite address; None for any other database."""
    url = sa.make_url(database_url)
    return Path(url.database) if url.get_backend_name() == "sqlite" and url.database else None


class DbosJobs:
    """Makes stores that are bound to a connection: `DbosJobs(url)(connection)` is a `JobStore`. One per process.

    Needs no running `JobRuntime`, on any event loop; only the tables, which `JobRuntime.migrate` makes.
    """

    def __init__(self, database_url: str) -> None:
        self._url = system_url(database_url)
        self._client: DBOSClient | None = None
        self._lock = threading.Lock()

    def __call__(self, connection: AsyncConnection) -> BoundJobs:
        return BoundJobs(self._opened(), connection)

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


class BoundJobs:
    """Implements `copyhound.domain.ports.JobStore`: what is added runs if, and only if, the connection commits.

    DBOS's own `enqueue_in_transaction` takes two statements for each job, compiled anew. This is two for all of them,
    on tables of DBOS that are not its public API; a test compares the rows of both.
    """

    def __init__(self, client: DBOSClient, connection: AsyncConnection) -> None:
        self._client = client
        self._connection = connection

    async def add(self, jobs: Sequence[NewJob]) -> None:
        await self._connection.run_sync(self._insert, [self._status(job) for job in jobs])

    def _status(self, job: NewJob) -> dict[str, Any]:
        options = EnqueueOptions(workflow_name=job.name, queue_name=job.queue, workflow_id=job.id)
        if job.delay > 0:
            options["delay_seconds"] = job.delay
        if job.partition is not None:
            options["queue_partition_key"] = job.partition
        _, status = self._client._build_enqueue_status(options, *job.args)
        return {**status, "recovery_attempts": 0}

    def _insert(self, connection: sa.Connection, statuses: Sequence[Mapping[str, Any]]) -> None:
        system = self._client._sys_db
        system._apply_caller_schema(connection)
        for table, columns in (system.tables.workflow_status, _STATUS), (system.tables.workflow_input, _INPUT):
            insert = system.dialect.insert(table).on_conflict_do_nothing(index_elements=["workflow_uuid"])
            connection.execute(insert, [{name: status[name] for name in columns} for status in statuses])
