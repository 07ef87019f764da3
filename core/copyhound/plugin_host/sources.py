"""Runs sources: what a source gives comes over one by one, checked, from the source's own event loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any, Final, Unpack

import msgspec

from copyhound.domain.errors import CopyhoundError
from copyhound.plugin_api.types import Lead, Progress, SourceItem, SourceSpec
from copyhound.plugin_host.answers import is_web_url, tidy_pages, typed
from copyhound.plugin_host.catalogue import Catalogue
from copyhound.plugin_host.contexts import run_on
from copyhound.plugin_host.lane import Lane
from copyhound.plugin_host.posts import UNLIMITED, Bench, DeskParts, Post, SpecState
from copyhound.plugin_host.settings import read_settings
from copyhound.plugin_host.vetting import FaultySpecError, brief, need

Item = SourceItem | Lead | Progress
IDLE_SECONDS: Final = 600.0
_LONGEST_RUN: Final = 30 * 86400.0
_SCHEMES: Final = ("http", "https", "file")


class _End(msgspec.Struct):
    error: CopyhoundError | None


class SourceDesk:
    """Runs sources, each in its lane."""

    def __init__(self, catalogue: Catalogue, *, idle_seconds: float = IDLE_SECONDS, **parts: Unpack[DeskParts]) -> None:
        """`idle_seconds`: a source that gives nothing for so long is given up."""
        self._catalogue = catalogue
        self._idle = idle_seconds
        runnable = {name: _Runnable(spec) for name, spec in catalogue.sources.items()}
        self._bench = Bench("source", runnable, _unlimited, catalogue, parts)

    def known(self, name: str) -> bool:
        """Whether anybody offers it."""
        return name in self._bench.posts

    def spec(self, name: str) -> SourceSpec:
        """Raises `plugin_unknown`."""
        return self._bench.post(name).spec.source

    def settings(self, name: str, values: Mapping[str, Any]) -> msgspec.Struct:
        """What a run would be given, checked. Raises `plugin_unknown`, `settings_invalid`."""
        # no look-ups: they come from a client, who must not read our environment
        return read_settings("settings", self.spec(name).settings, values, lookup=False)

    async def run_source(
        self, name: str, settings: Mapping[str, Any], *, workspace_id: str, target: str
    ) -> AsyncIterator[Item]:
        """All that a source gives, checked; `target` is the collection's id. Close it to stop the source.

        Raises `plugin_unknown`, `settings_invalid`, `plugin_failed`, and what the source tells as a CopyhoundError.
        """
        chosen = self.settings(name, settings)
        post = self._bench.post(name)
        home = asyncio.get_running_loop()
        queue: asyncio.Queue[Any] = asyncio.Queue()

        async def pump() -> None:
            opened = self._bench.context(name, chosen, home=home, workspace_id=workspace_id, target=target)
            async with opened as context:
                stream = post.spec.source.run(chosen, context)
                need(hasattr(stream, "__aiter__"), "run must be an async generator function")
                async for item in stream:
                    await run_on(home, _handed_over(queue, item))

        driver = asyncio.create_task(_drive(post, pump, queue))
        try:
            while not isinstance(item := await self._next(post.lane, queue), _End):
                if (checked := _checked(name, item)) is not None:
                    yield checked
                queue.task_done()
            if item.error is not None:
                raise item.error
        finally:
            driver.cancel()

    def states(self) -> list[SpecState]:
        """Every source that is offered, with its counters (one call is one run)."""
        return [self._state(post) for post in self._bench.posts.values()]

    def close(self) -> None:
        """Stops the sources' threads."""
        self._bench.close()

    async def _next(self, lane: Lane, queue: asyncio.Queue[Any]) -> Any:
        try:
            async with asyncio.timeout(self._idle):
                return await queue.get()
        except TimeoutError:
            await lane.replace_if_stuck()
            raise _failed(f"{lane.name} gave nothing for {self._idle:g} seconds") from None

    def _state(self, post: Post[_Runnable]) -> SpecState:
        owner = self._catalogue.owner("source", post.spec.name)
        state = post.state(owner.name if owner else None)
        state.settings_schema = msgspec.json.schema(post.spec.source.settings)
        return state


class _Runnable(msgspec.Struct, frozen=True):
    """A source, seen as something without standing settings: it gets them with each run."""

    source: SourceSpec

    @property
    def name(self) -> str:
        return self.source.name

    @property
    def title(self) -> str:
        return self.source.title

    @property
    def description(self) -> str:
        return self.source.description

    @property
    def settings(self) -> type[msgspec.Struct]:
        return _Nothing


class _Nothing(msgspec.Struct):
    pass


def _unlimited(_: _Runnable) -> Any:
    return UNLIMITED


async def _drive(post: Post[_Runnable], pump: Callable[[], Awaitable[None]], queue: asyncio.Queue[Any]) -> None:
    counters, error = post.guard.counters, None
    counters.calls += 1
    try:
        (await post.lane.run(pump, _LONGEST_RUN)).result()
        post.guard.succeeded()
    except asyncio.CancelledError:
        raise
    except CopyhoundError as told:
        error = told
    except FaultySpecError as lie:
        error = _failed(f"{post.spec.name} broke its contract: {lie}")
    except BaseException as raised:
        error = _failed(f"{post.spec.name} raised {brief(raised)}")
    if error is not None:
        post.guard.failed(error.detail)
    await queue.put(_End(error))


async def _handed_over(queue: asyncio.Queue[Any], item: Any) -> None:
    """Returns when the item was dealt with: a source writes in its state what is done when it is asked on."""
    await queue.put(item)
    await queue.join()


def _failed(reason: str) -> CopyhoundError:
    return CopyhoundError("plugin_failed", reason)


def _checked(name: str, item: Any) -> Item | None:
    """The item, tidied; None where its address cannot be used. Raises `plugin_failed` for another type."""
    try:
        if isinstance(item, Progress):
            return typed(item)
        if isinstance(item, Lead):
            lead = typed(item)
            return msgspec.structs.replace(lead, pages=tidy_pages(lead.pages)) if _usable(lead.image_url) else None
        need(isinstance(item, SourceItem), f"it gave {type(item).__name__}, not SourceItem, Lead or Progress")
        need(isinstance(item.data, bytes), "a SourceItem's data must be bytes")
        lead = typed(Lead(item.image_url, item.pages))
    except FaultySpecError as error:
        raise _failed(f"{name} broke its contract: {error}") from error
    return msgspec.structs.replace(item, pages=tidy_pages(lead.pages)) if _usable(lead.image_url) else None


def _usable(url: str) -> bool:
    return is_web_url(url, _SCHEMES)
