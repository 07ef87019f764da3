"""The use cases as actions have them: called in the plugin's event loop, done on the core's own."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import inspect
from collections.abc import AsyncIterator, Callable
from contextvars import ContextVar
from typing import Any, Final

import msgspec

from copyhound.plugin_host.contexts import run_on

HOME: Final[ContextVar[asyncio.AbstractEventLoop | None]] = ContextVar("copyhound_home", default=None)
"""The core's event loop, in a call that runs on another one."""
_PLAIN: Final = (str, int, float, bytes, msgspec.Struct)


class AtHome:
    """Something of the core's. Where `HOME` is set, what its methods await is awaited there."""

    def __init__(self, thing: Any) -> None:
        self._thing = thing

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._thing, name)
        if inspect.isroutine(value):
            return _homed(value)
        return value if value is None or isinstance(value, _PLAIN) else AtHome(value)

    def __call__(self, *args: Any, **named: Any) -> Any:
        return _homed(self._thing)(*args, **named)

    def state(self, workspace_id: str, scope: str) -> Any:
        """`UseCases.state`: the one thing with methods that a use case answers."""
        return AtHome(self._thing.state(workspace_id, scope))


def _homed(method: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(method)
    def call(*args: Any, **named: Any) -> Any:
        home = HOME.get()
        given = method(*args, **named)
        return given if home is None else _brought(home, given)

    return call


def _brought(home: asyncio.AbstractEventLoop, given: Any) -> Any:
    if inspect.iscoroutine(given):
        return _awaited(home, given)
    if hasattr(given, "__anext__"):
        return _items(home, given)
    if hasattr(given, "__aenter__"):
        return _entered(home, given)
    return given


async def _awaited(home: asyncio.AbstractEventLoop, given: Any) -> Any:
    return _brought(home, await run_on(home, given))


async def _items(home: asyncio.AbstractEventLoop, given: Any) -> AsyncIterator[Any]:
    end = object()

    async def following() -> Any:
        return await anext(given, end)

    try:
        while (item := await run_on(home, following())) is not end:
            yield item
    finally:
        if hasattr(given, "aclose"):
            await run_on(home, _closed(given))


async def _closed(given: Any) -> None:
    await given.aclose()


@contextlib.asynccontextmanager
async def _entered(home: asyncio.AbstractEventLoop, given: Any) -> AsyncIterator[Any]:
    async with contextlib.AsyncExitStack() as stack:

        async def leave(*raised: Any) -> Any:
            return await run_on(home, given.__aexit__(*raised))

        entered = await run_on(home, given.__aenter__())
        stack.push_async_exit(leave)
        yield entered
