"""Queues that have nothing waiting cost next to nothing.

DBOS looks into each queue ten times a second, with three statements each time: a tenth of a core of a server that does
nothing. So one statement asks for all queues where something waits, and only those are looked into. This leans on two
methods of DBOS's system database that are not its public API; a test says when they are gone.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import Any, Final

from dbos import DBOS, Queue
from sqlalchemy import CompoundSelect, exists, literal, select, union_all

_FRESH_SECONDS: Final = 0.05
"""Half of how often the quickest queue is looked into: nothing waits longer for this."""


class _Waiting:
    """Names of the queues where something waits, asked once for all of them."""

    def __init__(self, dbos: DBOS, queues: Sequence[str]) -> None:
        self._engine = dbos._sys_db.engine
        self._statement = _statement(dbos, queues)
        self._ours = frozenset(queues)
        self._lock = threading.Lock()
        self._names: frozenset[str] = frozenset()
        self._fresh_until = 0.0

    def scopes(self, queue_name: str) -> list[str | None]:
        """DBOS's answer to where it looks for work of a queue: everywhere, which is one place, or nowhere."""
        if queue_name not in self._ours:
            return [None]
        with self._lock:
            if time.monotonic() >= self._fresh_until:
                with self._engine.connect() as connection:
                    self._names = frozenset(name for (name,) in connection.execute(self._statement))
                self._fresh_until = time.monotonic() + _FRESH_SECONDS
            return [None] if queue_name in self._names else []


def look_where_work_waits(dbos: DBOS, queues: Sequence[str]) -> None:
    """Let a launched DBOS look into these queues only while something waits in them. Their settings are read once."""
    system, known = dbos._sys_db, dict[str, Queue]()
    read = system.get_queue

    def settings(name: str, **of: Any) -> Queue | None:
        if name not in known:
            if (found := read(name, **of)) is None:
                return None
            known[name] = found
        return known[name]

    system.dequeue_scopes = _Waiting(dbos, queues).scopes  # type: ignore[method-assign]
    system.get_queue = settings  # type: ignore[method-assign]


def _statement(dbos: DBOS, queues: Sequence[str]) -> CompoundSelect[Any]:
    jobs = dbos._sys_db.tables.workflow_status
    return union_all(
        *(
            select(literal(queue)).where(
                exists(select(literal(1)).where(jobs.c.queue_name == queue, jobs.c.status == "ENQUEUED"))
            )
            for queue in queues
        )
    )
