"""Work of processes that died and did not come back is taken over by those that live."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final

from copyhound.domain.errors import CopyhoundError
from copyhound.domain.repositories import UnitOfWorkFactory

_log: Final = logging.getLogger(__name__)

BEAT_SECONDS: Final = 10.0
DEAD_AFTER: Final = timedelta(seconds=60)

TakeOver = Callable[[str], Awaitable[int]]


class Watchdog:
    """Every process beats (`run`); the leader looks for hearts that stopped (`sweep`)."""

    def __init__(
        self, units: UnitOfWorkFactory, *, executor_id: str, now: Callable[[], datetime], take_over: TakeOver
    ) -> None:
        """`take_over`: as `JobRuntime.take_over`."""
        self._units = units
        self._executor_id = executor_id
        self._now = now
        self._take_over = take_over

    async def run(self, every: float = BEAT_SECONDS) -> None:
        """Beat until cancelled; a database that is away for a while is waited for."""
        while True:
            try:
                await self.beat()
            except CopyhoundError as error:
                _log.warning("no heartbeat: %s", error)
            await asyncio.sleep(every)

    async def beat(self) -> None:
        """Say that this process lives."""
        async with self._units() as uow:
            await uow.executors.beat(self._executor_id, self._now())

    async def sweep(self) -> int:
        """Queue anew what the dead had begun. Answers how many jobs; those of a process that lives are let be."""
        async with self._units.read() as uow:
            dead = await uow.executors.dead(self._now() - DEAD_AFTER)
        taken = 0
        for executor_id in dead:
            if executor_id != self._executor_id:
                taken += await self._bury(executor_id)
        return taken

    async def _bury(self, executor_id: str) -> int:
        taken = await self._take_over(executor_id)
        # forgotten only now: if this process dies before, the next one does it again
        async with self._units() as uow:
            await uow.executors.forget(executor_id)
        _log.warning("process %s is dead: %d of its jobs are queued anew", executor_id, taken)
        return taken
