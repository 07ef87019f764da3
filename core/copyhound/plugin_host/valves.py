"""How many at a time, how many a minute, and when not at all; each usable from all event loops of the process."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from typing import Final

_MAX_PAUSE: Final = 3600.0


class Slots:
    """So many at a time, over all event loops of the process."""

    def __init__(self, number: int) -> None:
        self._free = number
        self._lock = threading.Lock()
        self._waiting: deque[tuple[asyncio.AbstractEventLoop, asyncio.Future[None]]] = deque()

    async def __aenter__(self) -> None:
        with self._lock:
            if self._free:
                self._free -= 1
                return
            loop = asyncio.get_running_loop()
            place = loop.create_future()
            self._waiting.append((loop, place))
        try:
            await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled():
                self._release()
            raise

    async def __aexit__(self, *_: object) -> None:
        self._release()

    def _release(self) -> None:
        with self._lock:
            while self._waiting:
                loop, place = self._waiting.popleft()
                try:
                    loop.call_soon_threadsafe(self._grant, place)
                except RuntimeError:  # its loop is closed: nobody waits there any more
                    continue
                return
            self._free += 1

    def _grant(self, place: asyncio.Future[None]) -> None:
        if place.done():
            self._release()
        else:
            place.set_result(None)


class Pace:
    """At most so many calls in any minute."""

    def __init__(self, per_minute: int | None, clock: Callable[[], float]) -> None:
        self._calls: deque[float] = deque(maxlen=per_minute or 1)
        self._per_minute = per_minute
        self._clock = clock
        self._lock = threading.Lock()

    def take(self) -> float:
        """0 when a call may go now (it is counted then), else the seconds to wait."""
        with self._lock:
            now = self._clock()
            if self._per_minute is None:
                return 0.0
            if len(self._calls) == self._per_minute and now - self._calls[0] < 60:
                return 60 - (now - self._calls[0])
            self._calls.append(now)
            return 0.0


class Breaker:
    """Opens after some failures in a row, lets one call through later, closes when that goes well."""

    def __init__(self, failures: int, seconds: float, clock: Callable[[], float]) -> None:
        self._limit = failures
        self._seconds = seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._until: float | None = None
        self.failures = 0

    def admit(self) -> float:
        """0 when a call may go, else the seconds until one may."""
        with self._lock:
            if self._until is None:
                return 0.0
            left = self._until - self._clock()
            if left > 0:
                return left
            self._until = self._clock() + self._seconds  # half open: the others wait for this one
            return 0.0

    def succeeded(self) -> None:
        """Closes it."""
        with self._lock:
            self.failures, self._until = 0, None

    def failed(self) -> None:
        """Counts a failure; opens it when they are too many."""
        with self._lock:
            self.failures += 1
            if self.failures >= self._limit:
                self._until = self._clock() + self._seconds

    def pause(self, seconds: float) -> None:
        """Lets nothing through for a while, because the service asked for it."""
        with self._lock:
            self._until = max(self._until or 0.0, self._clock() + min(seconds, _MAX_PAUSE))

    @property
    def is_open(self) -> bool:
        """Whether calls are turned away now."""
        with self._lock:
            return self._until is not None and self._until > self._clock()
