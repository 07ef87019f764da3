"""Calls that wait for one another, instead of being refused."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager


class Queues:
    """One queue a subject, in this process: first come, first served. A subject that nobody waits for is forgotten."""

    def __init__(self) -> None:
        self._places: dict[Hashable, asyncio.Semaphore] = {}
        self._users = Counter[Hashable]()

    @asynccontextmanager
    async def place(self, subject: Hashable, most: int) -> AsyncIterator[None]:
        """Hold one of `most` places of a subject; 0: there is no end of places."""
        if most == 0:
            yield
            return
        key = (subject, most)
        self._users[key] += 1
        try:
            async with self._places.setdefault(key, asyncio.Semaphore(most)):
                yield
        finally:
            self._users[key] -= 1
            if not self._users[key]:
                del self._users[key], self._places[key]
