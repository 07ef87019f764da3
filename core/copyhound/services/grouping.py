"""Doing for many in one go what each would do alone: what comes while one go is under way waits for the next, and that
for a moment, so that more come along: most of what a go costs is the same for one as for ten."""

from __future__ import annotations

import asyncio
import contextvars
import weakref
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, Generic, TypeVar

Item = TypeVar("Item")
Answer = TypeVar("Answer")

_COMPANY_SECONDS: Final = 0.05
"""Where some have come while a go was under way, more will: they wait so long for these."""


class Grouped(Generic[Item, Answer]):
    """`await grouped(item)` is this item's answer of `work(items)`. Nobody waits for company: a lone item goes at once.

    Where the work of many fails, it is done for each alone, so that one bad item spoils no other.
    """

    def __init__(
        self, work: Callable[[Sequence[Item]], Awaitable[Sequence[Answer | Exception]]], most: int = 100
    ) -> None:
        """`work` answers in the order of its items; `most` items at a time. It may answer the first ones only: the
        others come with the next go. An exception among the answers is raised to whose item it is."""
        self._work, self._most = work, most
        self._queues: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, _Queue] = weakref.WeakKeyDictionary()

    async def __call__(self, item: Item) -> Answer:
        loop = asyncio.get_running_loop()
        queue = self._queues.setdefault(loop, _Queue())
        future: asyncio.Future[Answer] = loop.create_future()
        queue.waiting.append((item, future))
        if queue.task is None or queue.task.done():
            # in a context of its own: it works for many jobs, not for the one that came first
            queue.task = loop.create_task(self._run(queue), context=contextvars.Context())
        return await future

    async def _run(self, queue: _Queue) -> None:
        while queue.waiting:
            done = await self._do(queue.waiting[: self._most])
            del queue.waiting[:done]
            if 0 < len(queue.waiting) < self._most:
                await asyncio.sleep(_COMPANY_SECONDS)

    async def _do(self, group: Sequence[tuple[Item, asyncio.Future[Answer]]]) -> int:
        """How many of them were answered."""
        try:
            answers = await self._work([item for item, _ in group])
        except Exception as error:
            if len(group) > 1:
                for one in group:
                    await self._do([one])
            elif not group[0][1].done():
                group[0][1].set_exception(error)
            return len(group)
        for (_, future), answer in zip(group, answers, strict=False):
            if future.done():  # whoever asked has gone
                continue
            if isinstance(answer, Exception):
                future.set_exception(answer)
            else:
                future.set_result(answer)
        return len(answers)


class _Queue:
    """What waits on one event loop."""

    def __init__(self) -> None:
        self.waiting: list[tuple[Any, asyncio.Future[Any]]] = []
        self.task: asyncio.Task[None] | None = None
