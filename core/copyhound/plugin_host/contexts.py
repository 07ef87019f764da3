"""What a plugin's call is given. Everything of the core's is used on the core's own event loop."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol, TypeVar

import httpx
import msgspec

from copyhound.plugin_api.limits import limit_answers
from copyhound.plugin_api.types import Candidate, Context, Emit, OwnIndex, Query, StateStore

T = TypeVar("T")
HttpFactory = Callable[[], httpx.AsyncClient]
"""A new guarded client, bound to the event loop that it is called on; closed after the call."""


class StateFactory(Protocol):
    """Where plugins keep their state."""

    def __call__(self, plugin: str, workspace_id: str, target: str) -> StateStore:
        """The values of one specification in one workspace, for one target (a collection's id, or empty)."""


async def run_on(loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, T]) -> T:
    """Does `work` on another event loop of the process, and waits for it."""
    if loop is asyncio.get_running_loop():
        return await work
    try:
        done = asyncio.run_coroutine_threadsafe(work, loop)
    except RuntimeError:  # the loop is closed
        work.close()
        raise
    return await asyncio.wrap_future(done)


class _HomeState:
    """A state store that is used from another event loop than it lives on."""

    def __init__(self, store: StateStore, home: asyncio.AbstractEventLoop) -> None:
        self._store = store
        self._home = home

    async def get(self, key: str) -> Any | None:
        return await run_on(self._home, self._store.get(key))

    async def put(self, items: Mapping[str, Any]) -> None:
        await run_on(self._home, self._store.put(dict(items)))

    async def delete(self, keys: Sequence[str] | None = None) -> None:
        await run_on(self._home, self._store.delete(None if keys is None else list(keys)))

    async def scan(self, prefix: str = "", limit: int = 1000) -> dict[str, Any]:
        return await run_on(self._home, self._store.scan(prefix, limit))


class _HomeIndex:
    """The own index for one workspace alone; remembers which entries it gave."""

    def __init__(self, index: OwnIndex, home: asyncio.AbstractEventLoop, workspace_id: str, given: set[str]) -> None:
        self._index = index
        self._home = home
        self._workspace_id = workspace_id
        self._given = given

    async def candidates(self, query: Query, collection: str) -> Sequence[Candidate]:
        bound = msgspec.structs.replace(query, workspace_id=self._workspace_id)
        found = await run_on(self._home, _collect(self._index, bound, collection))
        self._given.update(candidate.entry_id for candidate in found if candidate.entry_id is not None)
        return found


async def _collect(index: OwnIndex, query: Query, collection: str) -> Sequence[Candidate]:
    return await index.candidates(query, collection)


class Contexts:
    """Makes contexts. One per process; `http_factory` is called on the plugin's loop, the rest on the caller's."""

    def __init__(
        self,
        *,
        http_factory: HttpFactory,
        state_factory: StateFactory,
        index: OwnIndex,
        now: Callable[[], datetime],
        logger: logging.Logger | None = None,
    ) -> None:
        self.now = now
        self._http_factory = http_factory
        self._state_factory = state_factory
        self._index = index
        self._logger = logger or logging.getLogger("copyhound.plugins")

    @contextlib.asynccontextmanager
    async def open(
        self,
        plugin: str,
        settings: Any,
        *,
        home: asyncio.AbstractEventLoop,
        workspace_id: str,
        emit: Emit,
        target: str = "",
        given: set[str] | None = None,
    ) -> AsyncIterator[Context]:
        """A context for one call, to be used in the plugin's loop. Entries given by the own index go to `given`."""
        entries = set() if given is None else given
        async with limit_answers(self._http_factory()) as http:
            yield Context(
                settings=settings,
                http=http,
                log=self._logger.getChild(plugin),
                now=self.now,
                state=_HomeState(self._state_factory(plugin, workspace_id, target), home),
                index=_HomeIndex(self._index, home, workspace_id, entries),
                emit=emit,
            )
