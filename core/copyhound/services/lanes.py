"""Two ways for attempts: hooks that fail or crowd are sent to beside the others, and hold up only themselves."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from copyhound.domain.hooks import Delivery, Hook
from copyhound.domain.repositories import UnitOfWork

DELIVER: Final = "deliver"
DELIVERIES: Final = "deliveries"
SLOW_DELIVERIES: Final = "slow_deliveries"
"""Each hook has a few places of its own in it."""
_UNDER_WAY: Final = 20
_NEWCOMERS: Final = 150
"""Of the 300 places of the quick way."""
_PATIENCE: Final = 2.0
_STUCK: Final = 1.0


async def queue_attempt(
    uow: UnitOfWork,
    delivery: Delivery,
    number: int,
    *,
    slow: bool,
    manual: bool = False,
    slot: str | None = None,
    delay: float = 0.0,
    moved: bool = False,
) -> None:
    """Queue one attempt, in `delay` seconds. `moved`: it was on the quick way before, under another id."""
    job_id = ":".join([delivery.id, str(number), *([slot] if slot else []), *(["slow"] if moved else [])])
    queue, partition = (SLOW_DELIVERIES, delivery.hook_id) if slow else (DELIVERIES, None)
    await uow.jobs.enqueue(
        DELIVER, delivery.id, number, manual, slot, slow, id=job_id, queue=queue, partition=partition, delay=delay
    )


class Gates:
    """How many requests to each hook are under way at a time on the quick way, in this process."""

    def __init__(self, under_way: int = _UNDER_WAY, patience: float = _PATIENCE, stuck: float = _STUCK) -> None:
        """More than `under_way` wait for `patience` seconds, but not where none has ended for `stuck` seconds."""
        self._under_way, self._patience, self._stuck = under_way, patience, stuck
        self._gates: dict[tuple[int, str], _Gate] = {}

    @asynccontextmanager
    async def through(self, hook_id: str) -> AsyncIterator[bool]:
        """Whether a request may go out, within `async with`; else there are too many that the hook does not end."""
        key = id(asyncio.get_running_loop()), hook_id
        gate = self._gates.setdefault(key, _Gate(self._under_way))
        gate.visitors += 1
        try:
            if not await self._entered(gate):
                yield False
                return
            try:
                yield True
            finally:
                gate.leave()
        finally:
            gate.visitors -= 1
            if not gate.visitors:
                self._gates.pop(key, None)

    async def _entered(self, gate: _Gate) -> bool:
        if not gate.places.locked():
            return await gate.places.acquire()
        if time.monotonic() - gate.moved_at > self._stuck:
            return False
        try:
            async with asyncio.timeout(self._patience):
                return await gate.places.acquire()
        except TimeoutError:
            return False


class QuickWay:
    """Who may go on the quick way: not too many to one hook, and of those to hooks that never answered 2xx no more than
    half of the places, so that many new ones which hang leave room for the others."""

    def __init__(self, newcomers: Gates | None = None) -> None:
        self._hooks, self._newcomers = Gates(), newcomers or Gates(_NEWCOMERS, patience=_STUCK)

    @asynccontextmanager
    async def open_to(self, hook: Hook) -> AsyncIterator[bool]:
        """Whether a request may go out, within `async with`."""
        async with self._hooks.through(hook.id) as free:
            if not free or hook.last_success_at is not None:
                yield free
                return
            async with self._newcomers.through("") as room:
                yield room


class _Gate:
    def __init__(self, places: int) -> None:
        self.places = asyncio.Semaphore(places)
        self.visitors = 0
        self.moved_at = time.monotonic()

    def leave(self) -> None:
        self.moved_at = time.monotonic()
        self.places.release()
