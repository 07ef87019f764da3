"""The clock: a few fixed duties at intervals, in the leader only. Work itself goes through the queues."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from apscheduler.jobstores.memory import MemoryJobStore
from apscheduler.schedulers.asyncio import AsyncIOScheduler

_LOOK_SECONDS: Final = 1.0
_JUMP_SECONDS: Final = 2.0
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
        self._minding: asyncio.Task[None] | None = None

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
        self._minding = asyncio.create_task(_mind_jumps(scheduler))

    async def stop(self) -> None:
        """Start nothing more. Quiet where it does not run."""
        if self._minding is not None:
            self._minding.cancel()
            self._minding = None
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


async def _mind_jumps(scheduler: AsyncIOScheduler) -> None:
    """Do every duty at once when the wall clock was changed: the scheduler would wait until it shows what it was to."""
    ahead = _ahead()
    while True:
        await asyncio.sleep(_LOOK_SECONDS)
        if abs(_ahead() - ahead) > _JUMP_SECONDS:
            _log.warning("the clock was changed by %.0f seconds: all duties are done now", _ahead() - ahead)
            for job in scheduler.get_jobs():
                job.modify(next_run_time=datetime.now(UTC))
        ahead = _ahead()


def _ahead() -> float:
    """Seconds from a clock that cannot be changed to the wall clock."""
    return datetime.now(UTC).timestamp() - time.monotonic()
