"""The polling twin of every trigger: the log read from a cursor, or from where the server knows a poller to be."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from copyhound.domain.errors import CopyhoundError
from copyhound.domain.events import Event, envelope
from copyhound.domain.feeds import Consumer
from copyhound.domain.repositories import UnitOfWork
from copyhound.domain.workspaces import Caller
from copyhound.services.events import newest_passing, passes
from copyhound.services.hook_ends import lists_exist
from copyhound.services.hook_filters import Filters, HookFilter
from copyhound.services.kit import Kit

_CHUNK: Final = 500
_SCANNED: Final = 20_000
_MOST: Final = 10_000
_NOTED_EVERY: Final = timedelta(minutes=1)


class Asked(msgspec.Struct, frozen=True):
    """What a poller asks for. Without `after` it begins where its `consumer` is, else at `since`, else at the start.

    `again`: asking acknowledges nothing, only `after` does; so that it can be repeated.
    """

    trigger: str
    limit: int
    where: HookFilter = HookFilter()
    after: int | None = None
    since: datetime | None = None
    consumer: str | None = None
    again: bool = False


class Polled(msgspec.Struct, frozen=True):
    """Events, oldest first; all up to the sequence number `until` has been read."""

    events: list[dict[str, Any]]
    until: int
    more: bool


class PollingService:
    """Reads the log for pollers, and keeps how far they are."""

    def __init__(self, kit: Kit, filters: Filters) -> None:
        self._kit, self._filters = kit, filters

    async def read(self, caller: Caller, asked: Asked) -> Polled:
        """CopyhoundError invalid_request for a filter that names a list that is not there, or could hold nothing."""
        where = self._filters.checked(asked.where, (asked.trigger,), within="")
        asked = msgspec.structs.replace(asked, where=where)
        if asked.consumer is not None:
            return await self._read_as(caller, asked, asked.consumer)
        async with self._kit.units.read() as uow:
            return await _scan(uow, caller, asked, await _start(uow, caller, asked))

    async def newest(self, caller: Caller, trigger: str, limit: int, where: HookFilter) -> list[dict[str, Any]]:
        """The newest events that the filter lets through, newest first, of the last 20,000. Raises as `read` does."""
        where = self._filters.checked(where, (trigger,), within="")
        wanted: dict[str, Any] = msgspec.to_builtins(where)
        async with self._kit.units.read() as uow:
            await lists_exist(uow, caller.workspace_id, where.list_ids, "list_ids")
            found = await newest_passing(
                uow, caller.workspace_id, (trigger,), wanted, limit, scanned=_SCANNED, list_id=_only(where)
            )
        return [envelope(event) for event in found]

    async def _read_as(self, caller: Caller, asked: Asked, name: str) -> Polled:
        now = self._kit.now()
        async with self._kit.units() as uow:
            kept = await uow.consumers.get(caller.workspace_id, asked.trigger, name)
            if kept is None and await uow.consumers.count(caller.workspace_id) >= _MOST:
                raise CopyhoundError("conflict", f"There are {_MOST} consumers already. Forget some.")
            begin = await _start(uow, caller, asked) if kept is None else _goes_on(kept, asked)
            begin = min(begin, await uow.log.last())  # from beyond the end nothing would ever be told
            polled = await _scan(uow, caller, asked, begin)
            given = kept.given if kept is not None and asked.after is None else begin
            if not polled.events and given <= begin:  # nothing was given that could be lost: whoever asks again goes on
                begin = polled.until
            # a poller that finds nothing new is noted once in a while
            stands = kept is not None and (kept.acknowledged, kept.given) == (begin, polled.until)
            if kept is None or not stands or now - kept.asked_at >= _NOTED_EVERY:
                consumer = Consumer(caller.workspace_id, asked.trigger, name, begin, polled.until, now)
                await uow.consumers.put(consumer)
        return polled

    async def consumers(self, caller: Caller, trigger: str) -> list[Consumer]:
        """By name."""
        async with self._kit.units.read() as uow:
            return await uow.consumers.of_trigger(caller.workspace_id, trigger)

    async def forget(self, caller: Caller, trigger: str, name: str) -> None:
        """Quiet where there is none."""
        async with self._kit.units() as uow:
            await uow.consumers.delete(caller.workspace_id, trigger, name)


def _goes_on(kept: Consumer, asked: Asked) -> int:
    """Where a known poller begins: all before it is acknowledged."""
    if asked.after is not None:
        return asked.after
    return kept.acknowledged if asked.again else kept.given


async def _start(uow: UnitOfWork, caller: Caller, asked: Asked) -> int:
    if asked.after is not None:
        return asked.after
    if asked.since is not None:
        return await uow.log.until(caller.workspace_id, asked.trigger, asked.since)
    return 0


async def _scan(uow: UnitOfWork, caller: Caller, asked: Asked, after: int) -> Polled:
    await lists_exist(uow, caller.workspace_id, asked.where.list_ids, "list_ids")
    wanted: dict[str, Any] = msgspec.to_builtins(asked.where)
    only = _only(asked.where)
    found: list[Event] = []
    for _ in range(_SCANNED // _CHUNK):
        seen = await uow.log.after(caller.workspace_id, (asked.trigger,), after, _CHUNK, list_id=only)
        for event in seen:
            after = event.sequence
            if passes(wanted, event):
                found.append(event)
            if len(found) == asked.limit:
                return _polled(found, after, more=event is not seen[-1] or len(seen) == _CHUNK)
        if len(seen) < _CHUNK:
            return _polled(found, after, more=False)
    return _polled(found, after, more=True)


def _only(where: HookFilter) -> str | None:
    """The one list that a filter names: the database then reads its events alone."""
    return where.list_ids[0] if len(where.list_ids) == 1 else None


def _polled(found: list[Event], until: int, *, more: bool) -> Polled:
    return Polled([envelope(event) for event in found], until, more)
