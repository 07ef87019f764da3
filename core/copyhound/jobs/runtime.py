"""Running durable jobs: DBOS, once in a process, on its own event loop."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sqlite3
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import ClassVar, Final

from dbos import DBOS, DBOSConfig, WorkflowStatus

from copyhound.jobs.definitions import QUEUES, JobDefinition, Lane, register
from copyhound.jobs.idling import look_where_work_waits
from copyhound.jobs.queue import APP_NAME, APP_VERSION, sqlite_file, system_url

_log: Final = logging.getLogger(__name__)
_PAGE: Final = 500
_LISTENER_SECONDS: Final = 0.1
_LOOK_SECONDS: Final = 0.05
_QUIET_LOOKS: Final = 4
_MIND_SECONDS: Final = 30.0


class JobRuntime:
    """Takes jobs from the queues and runs them. `start` it once per process; after `stop` it may be started again."""

    _dbos: ClassVar[DBOS | None] = None
    """There is one in a process."""

    def __init__(
        self,
        database_url: str,
        *,
        executor_id: str,
        jobs: Mapping[str, JobDefinition],
        queues: Mapping[str, Lane] = QUEUES,
        drain_seconds: int = 5,
    ) -> None:
        """`executor_id` is stable: a process that comes back under it takes up what it had begun.

        `drain_seconds`: how long `stop` waits for jobs that run; what does not end
        in time is done again at the next start.
        """
        self.executor_id = executor_id
        self._url = system_url(database_url)
        self._jobs = jobs
        self._queues = queues
        self._drain_seconds = drain_seconds
        self._stranded: set[str] = set()

    async def start(self) -> None:
        """Make or migrate the tables, take up what this executor had begun, and listen to the queues."""
        # in a thread without an event loop, so that DBOS makes a loop of its own and jobs don't delay requests
        await asyncio.to_thread(self._launch)

    async def stop(self) -> None:
        """Take no more jobs, let those that run end for a while, and let go of the database."""
        await asyncio.to_thread(self._destroy)

    async def take_over(self, executor_id: str) -> int:
        """Queue anew what another executor began and never ended. Answers how many jobs."""
        return await asyncio.to_thread(self._take_over, executor_id)

    async def mind(self, every: float = _MIND_SECONDS) -> None:
        """Queue stranded jobs anew, again and again, until cancelled."""
        while True:
            await asyncio.sleep(every)
            try:
                await self.take_up()
            except Exception as error:  # the database is away: next time
                _log.warning("stranded jobs could not be looked for: %s", error)

    async def take_up(self) -> int:
        """Queue anew what this process had begun, nobody runs, and was so at the last call, too: what came of it could
        not be written, as on a full disk. Answers how many jobs."""
        return await asyncio.to_thread(self._take_up)

    async def forget(self, before: datetime) -> int:
        """Delete the records of jobs that ended before then. Answers how many. Their ids are free again."""
        return await asyncio.to_thread(self._forget, before)

    @staticmethod
    async def migrate(database_url: str) -> None:
        """Make or migrate the tables of the queues, without running anything."""
        _quiet()
        _set_wal(database_url)
        await asyncio.to_thread(DBOS.migrate, system_url(database_url))

    def _launch(self) -> None:
        _quiet()
        _set_wal(self._url)
        config = DBOSConfig(
            name=APP_NAME,
            system_database_url=self._url,
            application_version=APP_VERSION,
            executor_id=self.executor_id,
            enable_otlp=False,
            log_level="WARNING",
            # nobody listens, but the listener is waited for when it stops
            notification_listener_polling_interval_sec=_LISTENER_SECONDS,
        )
        for name, definition in self._jobs.items():
            register(name, definition)
        JobRuntime._dbos = DBOS(config=config)
        DBOS.launch()
        look_where_work_waits(JobRuntime._dbos, tuple(self._queues))
        for queue, lane in self._queues.items():
            DBOS.register_queue(
                queue,
                worker_concurrency=lane.places,
                partition_worker_concurrency=lane.each,
                polling_interval_sec=lane.poll_seconds,
            )

    def _destroy(self) -> None:
        dbos, JobRuntime._dbos = JobRuntime._dbos, None
        if dbos is None:
            return  # another runtime of this process has ended it
        # DBOS itself would look once a second, and for the first time after one
        for stop in dbos.background_thread_stop_events:
            stop.set()
        self._drain()
        # a job that is cut off would else wait for a database that is gone, and the process for the job
        dbos._sys_db._retry_connection_errors = False
        DBOS.destroy(destroy_registry=True)

    def _drain(self) -> None:
        """Wait until nothing has run for a moment: a job may just have been taken when the queues stopped."""
        ends, quiet = time.monotonic() + self._drain_seconds, 0
        while quiet < _QUIET_LOOKS and time.monotonic() < ends:
            time.sleep(_LOOK_SECONDS)
            quiet = 0 if _pending(self.executor_id) else quiet + 1

    def _take_over(self, executor_id: str) -> int:
        taken = 0
        while pending := _pending(executor_id):
            _queue_anew(pending)
            taken += len(pending)
        return taken

    def _take_up(self) -> int:
        if (dbos := JobRuntime._dbos) is None:
            return 0
        # asked first: what ends meanwhile is no longer pending when it is looked at
        running = set(dbos._active_workflows_set.activeList())
        lost = [one for one in _pending(self.executor_id, limit=None) if one.workflow_id not in running]
        again = [one for one in lost if one.workflow_id in self._stranded]
        self._stranded = {one.workflow_id for one in lost} - {one.workflow_id for one in again}
        if again:
            _queue_anew(again)
            _log.warning("%d jobs whose end could not be written are queued anew", len(again))
        return len(again)

    def _forget(self, before: datetime) -> int:
        forgotten = 0
        while ended := _ended(before):
            DBOS.delete_workflows([workflow.workflow_id for workflow in ended])
            forgotten += len(ended)
        return forgotten


def _ended(before: datetime) -> list[WorkflowStatus]:
    return DBOS.list_workflows(
        status=["SUCCESS", "ERROR", "CANCELLED"],
        completed_before=before.isoformat(),
        limit=_PAGE,
        load_input=False,
        load_output=False,
    )


def _pending(executor_id: str, limit: int | None = _PAGE) -> list[WorkflowStatus]:
    return DBOS.list_workflows(
        status="PENDING", executor_id=executor_id, limit=limit, load_input=False, load_output=False
    )


def _queue_anew(workflows: Sequence[WorkflowStatus]) -> None:
    by_queue: dict[str | None, list[str]] = {}
    for workflow in workflows:
        by_queue.setdefault(workflow.queue_name, []).append(workflow.workflow_id)
    for queue, ids in by_queue.items():
        DBOS.resume_workflows(ids, queue_name=queue)


def _quiet() -> None:
    """DBOS logs through our handlers, and only what matters; with a handler there it adds none of its own."""
    logger = logging.getLogger("dbos")
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())
    logger.setLevel(logging.WARNING)
    logger.addFilter(_not_said_already)


def _not_said_already(record: logging.LogRecord) -> bool:
    # our steps have logged these, with less of a traceback
    return not str(record.msg).startswith(("Exception encountered in asynchronous workflow", "Step being automatic"))


def _set_wal(database_url: str) -> None:
    # before DBOS opens the file: it leaves the mode alone, and the default one is two to three times slower
    file = sqlite_file(database_url)
    if file is not None:
        with contextlib.closing(sqlite3.connect(file, timeout=10)) as connection:
            connection.execute("pragma journal_mode=wal")
