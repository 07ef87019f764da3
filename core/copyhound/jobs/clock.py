"""The clock: a few fixed duties at intervals, in the leader only. Work itself goes through the queues."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from apscheduler.jobstores.memory import MemoryJobStore
from apscheduler.schedulers.asyncio import AsyncIOScheduler

_log: Final = logging.getLogger(__name__)


@dataclass(frozen=True)
class Duty:
    """Something to do every so many seconds. Doing it twice, or late, is harmless."""

    every: float
    run: Callable[[], Awaitable[Any]]


class JobClock:
    """APScheduler with its jobs in memory: `start` and `stop` it as leadership comes and goes."""

    def __init__(self, duties: Mapping[str, Duty]) -> None:
        self._duties = duties
        self._scheduler: AsyncIOScheduler | None = None

    async def start(self) -> None:
        """Do every duty now, and then at its interval, on the running event loop."""
        logging.getLogger("apscheduler").setLevel(logging.WARNING)
        scheduler = AsyncIOScheduler(
            jobstores={"default": MemoryJobStore()},
            timezone=UTC,
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )
        for name, duty in self._duties.items():
            scheduler.add_job(
                self.tick, "interval", (name,), id=name, seconds=duty.every, next_run_time=datetime.now(UTC)
            )
        scheduler.start()
        self._scheduler = scheduler

    async def stop(self) -> None:
        """Start nothing more. Quiet where it does not run."""
        if self._scheduler is not None:
            self._scheduler.shutdown(wait=False)
            self._scheduler = None

    async def tick(self, name: str) -> bool:
        """Do one duty now. Whether it went well; an error is logged and the next tick tries again."""
        try:
            await self._duties[name].run()
        except asyncio.CancelledError:
            return False  # cut short by `stop`; the scheduler would log it as a failure
        except Exception:
            _log.exception("the duty %s failed", name)
            return False
        return True
