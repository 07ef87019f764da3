"""Events as they happen, for pages that are open: of a list, of a feed, of a search."""

from __future__ import annotations

import asyncio
import time
import weakref
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import msgspec

from copyhound.domain.errors import CopyhoundError
from copyhound.domain.events import Event, envelope
from copyhound.domain.feeds import Feed
from copyhound.domain.ids import derived_id
from copyhound.domain.repositories import UnitOfWork
from copyhound.domain.searches import Search
from copyhound.domain.triggers import Trigger
from copyhound.domain.workspaces import Caller
from copyhound.services.events import passes
from copyhound.services.feeds import reader
from copyhound.services.kit import Kit

_OF_SEARCHES: Final = ("match_found", "new_domain_found", "search_complete")
_CHUNK: Final = 100
_MOST: Final = 100


class Told(msgspec.Struct, frozen=True):
    """One message. `sequence` is where a reader goes on who was cut off; None for what is told anew."""

    kind: str
    data: dict[str, Any]
    sequence: int | None = None


Telling = AsyncIterator[Told | None]
"""None: nothing new, still here."""


class _Stream:
    """A stream that is counted from the moment that it is asked for, until it ends, is closed or is let go of."""

    def __init__(self, among: Counter[str], workspace_id: str) -> None:
        among[workspace_id] += 1
        self.leave = weakref.finalize(self, among.subtract, (workspace_id,))
        self.telling: AsyncGenerator[Told | None] | None = None

    def __aiter__(self) -> _Stream:
        return self

    async def __anext__(self) -> Told | None:
        if self.telling is None:
            raise StopAsyncIteration
        try:
            return await anext(self.telling)
        except BaseException:
            self.leave()
            raise

    async def aclose(self) -> None:
        """It tells no more, and its place is free."""
        self.leave()
        if self.telling is not None:
            await self.telling.aclose()


class Tail:
    """Whether the log has grown. The database is asked twice a second at most, however many listen."""

    def __init__(self, kit: Kit, every: float = 0.5) -> None:
        self._kit, self._every = kit, every
        self._last, self._asked = 0, -every
        self._asking = asyncio.Lock()

    async def last(self) -> int:
        """The greatest sequence, at most `every` seconds old."""
        async with self._asking:
            if time.monotonic() - self._asked >= self._every:
                async with self._kit.units.read() as uow:
                    self._last = await uow.log.last()
                self._asked = time.monotonic()
        return self._last

    async def beyond(self, sequence: int, seconds: float) -> None:
        """Return when the log has grown beyond `sequence`, or after so many seconds."""
        ends = time.monotonic() + seconds
        while (left := ends - time.monotonic()) > 0 and await self.last() <= sequence:
            await asyncio.sleep(min(self._every, left))


class LiveService:
    """Streams of messages. Each ends by itself after a while: its reader comes again, and goes on where it was."""

    def __init__(self, kit: Kit, triggers: Mapping[str, Trigger]) -> None:
        self._kit, self._triggers = kit, triggers
        self._tail = Tail(kit)
        self._open: Counter[str] = Counter()
        self.seconds = 600.0
        self.beat = 15.0
        self.closed = False

    def close(self) -> None:
        """End all streams soon: the server goes down."""
        self.closed = True

    async def of_list(self, caller: Caller, list_id: str, after: int | None) -> Telling:
        """All events of a list from now on, or after a sequence. CopyhoundError not_found, too_many_requests."""
        triggers = tuple(key for key, one in self._triggers.items() if "list_id" in one.payload.__struct_fields__)
        return await self._of_list(caller, list_id, triggers, {}, after)

    async def of_feed(self, feed: Feed, after: int | None) -> Telling:
        """The events of a feed."""
        return await self._of_list(reader(feed), feed.list_id, feed.triggers, feed.filter, after)

    async def _of_list(
        self, caller: Caller, list_id: str, triggers: tuple[str, ...], where: dict[str, Any], after: int | None
    ) -> Telling:
        with self._place(caller) as stream:
            async with self._kit.units.read() as uow:
                if await uow.lists.get(caller.workspace_id, list_id) is None:
                    raise CopyhoundError("not_found", f"There is no list {list_id}.")
                last = await uow.log.last()
                begin = last if after is None else min(after, last)
            stream.telling = self._follow(caller, list_id, triggers, where, begin)
        return stream

    async def of_search(self, caller: Caller, search_id: str, after: int | None) -> Telling | None:
        """A search's progress and finds until its end; None where a reader has been told the end already."""
        with self._place(caller) as stream:
            async with self._kit.units.read() as uow:
                search = await uow.searches.get(caller.workspace_id, search_id)
                if search is None:
                    raise CopyhoundError("not_found", f"There is no search {search_id}.")
                end = await uow.events.get(caller.workspace_id, _end_of(search))
                if end is not None and after is not None and after >= end.sequence:
                    return None
                begin = await _begin_of(uow, search) if after is None else after
                images = {lookup.image_id for lookup in await uow.searches.lookups(search_id)}
            stream.telling = self._search(caller, search, images, begin)
        return stream

    @contextmanager
    def _place(self, caller: Caller) -> Iterator[_Stream]:
        """A stream that has its place already, and loses it where it gets nothing to tell."""
        if self._open[caller.workspace_id] >= _MOST:
            raise CopyhoundError("too_many_requests", f"{_MOST} streams are open at once already.", retry_after=10)
        stream = _Stream(self._open, caller.workspace_id)
        try:
            yield stream
        finally:
            if stream.telling is None:
                stream.leave()

    async def _follow(
        self, caller: Caller, list_id: str, triggers: tuple[str, ...], where: dict[str, Any], after: int
    ) -> AsyncGenerator[Told | None]:
        ends = time.monotonic() + self.seconds
        beat = time.monotonic() + self.beat
        behind = True
        while not self.closed and (behind or time.monotonic() < ends):
            mark = await self._tail.last()
            async with self._kit.units.read() as uow:
                seen = await uow.log.after(caller.workspace_id, triggers, after, _CHUNK, list_id=list_id)
            behind = len(seen) == _CHUNK
            for event in seen:
                after = event.sequence
                if passes(where, event):
                    yield _told(event)
            if behind:
                continue
            if time.monotonic() >= beat:
                if not await self._may_still(caller, list_id):
                    return
                beat = time.monotonic() + self.beat
                yield None
            await self._tail.beyond(mark, min(1.0, self.beat))

    async def _may_still(self, caller: Caller, list_id: str) -> bool:
        """Whether the list, and the key or the feed that opened the stream, are still there."""
        async with self._kit.units.read() as uow:
            if await uow.lists.get(caller.workspace_id, list_id) is None:
                return False
            if caller.key_id.startswith("feed_"):
                return await uow.feeds.get(caller.workspace_id, caller.key_id) is not None
        return await self._key_holds(caller)

    async def _key_holds(self, caller: Caller) -> bool:
        """Whether the key that opened the stream was neither revoked nor has expired."""
        async with self._kit.units.read() as uow:
            key = await uow.keys.by_id(caller.key_id)
        if key is None:
            return True
        return key.revoked_at is None and (key.expires_at is None or key.expires_at > self._kit.now())

    async def _search(
        self, caller: Caller, search: Search, images: set[str], after: int
    ) -> AsyncGenerator[Told | None]:
        ends = time.monotonic() + self.seconds
        beat = time.monotonic() + self.beat
        shown: dict[str, Any] = {}
        while not self.closed and time.monotonic() < ends:
            mark = await self._tail.last()
            async with self._kit.units.read() as uow:
                now = await uow.searches.get(search.workspace_id, search.id)
                outcomes = await uow.searches.outcome_counts(search.id)
                seen = await uow.log.after(search.workspace_id, _OF_SEARCHES, after, _CHUNK, list_id=search.list_id)
            if now is None:
                return
            end: Event | None = None
            for event in seen:
                after = event.sequence
                if event.id == _end_of(search):
                    end = event
                    break
                if event.payload.get("image_id") in images:
                    yield _told(event)
            if len(seen) == _CHUNK and end is None:
                continue
            # after what was found: a page that closes at `complete` has seen it all
            progress = {"search_id": search.id, "complete": now.complete, "outcomes": outcomes}
            if progress != shown:
                shown = progress
                yield Told("progress", progress)
            if end is not None:
                yield _told(end)
                return
            if now.complete:
                return
            if time.monotonic() >= beat:
                if not await self._key_holds(caller):
                    return
                beat = time.monotonic() + self.beat
                yield None
            await self._tail.beyond(mark, min(1.0, self.beat))


async def _begin_of(uow: UnitOfWork, search: Search) -> int:
    """The sequence after which the events of a search come."""
    return min([await uow.log.until(search.workspace_id, key, search.created_at) for key in _OF_SEARCHES])


def _end_of(search: Search) -> str:
    return derived_id("evt", "search_complete", search.id)


def _told(event: Event) -> Told:
    return Told(event.trigger, envelope(event), event.sequence)
