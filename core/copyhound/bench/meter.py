"""CPU time of a process and its workers, told apart for tasks that run side by side."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Final

_SCHEDULED: Final = 2
"""Kind of clock, in Linux's numbering of other processes' clocks: all that its threads ran."""


class Meter:
    """Reads how much CPU this process and its workers use. Where no system clock tells (elsewhere than on Linux),
    `kind` is "wall" and the plain clock is read instead.

    Each second of CPU is shared out evenly among the tasks that are under way while it passes: their sum is what was
    spent. With one task at a time, it is exactly that task's.
    """

    def __init__(self, workers: Callable[[], Iterable[int]]) -> None:
        self._workers = workers
        self._seen: dict[int, float] = {}
        self._open: dict[object, float] = {}
        self.total = 0.0
        self.kind = "cpu" if self._readable() else "wall"
        self._last = self._clock()

    @contextmanager
    def task(self, book: Callable[[float], None]) -> Iterator[None]:
        """A task under way; `book` is called with its seconds at its end."""
        self._share_out()
        token = object()
        self._open[token] = 0.0
        try:
            yield
        finally:
            self._share_out()
            book(self._open.pop(token))

    def read(self) -> float:
        """All that was spent since this meter was made, seconds."""
        self._share_out()
        return self.total

    def _share_out(self) -> None:
        spent = self._spent()
        self.total += spent
        for token in self._open:
            self._open[token] += spent / len(self._open)

    def _spent(self) -> float:
        now = self._clock()
        spent, self._last = now - self._last, now
        return spent if self.kind == "wall" else spent + sum(map(self._spent_by, list(self._workers())))

    def _spent_by(self, pid: int) -> float:
        try:
            now = _cpu_of(pid)
        except OSError:
            return 0.0  # it has ended: what it did since the last look is not counted
        before, self._seen[pid] = self._seen.get(pid, 0.0), now
        return now - before if now >= before else now  # less than before: another process has got the number

    def _clock(self) -> float:
        return time.process_time() if self.kind == "cpu" else time.perf_counter()

    @staticmethod
    def _readable() -> bool:
        try:
            return _cpu_of(os.getpid()) >= 0
        except (OSError, AttributeError, OverflowError):
            return False


def _cpu_of(pid: int) -> float:
    """Seconds of CPU that a process has used. OSError where there is none of that number."""
    return time.clock_gettime((~pid << 3) | _SCHEDULED)
