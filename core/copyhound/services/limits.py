"""How often, and how many at once: exact over all processes, changed without a restart."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from copyhound.domain.errors import CopyhoundError
from copyhound.domain.ids import new_id
from copyhound.domain.workspaces import Caller
from copyhound.services.kit import Kit

_PLACE_LIFE = timedelta(minutes=2)
_PLACE_WAIT = 1.0
_SECONDS = 900
_log = logging.getLogger(__name__)


class LimitService:
    """Rate limits and requests at once. What a key's own limits say goes before what the surface asks for."""

    def __init__(self, kit: Kit) -> None:
        self._kit = kit

    async def count(self, subject: Caller | str, name: str, *, most: int, seconds: int) -> None:
        """Count a request of `subject` under `name`: at most `most` in a window of `seconds`, 0 for any number.

        Raises CopyhoundError too_many_requests with `retry_after`: the seconds until the window ends.
        """
        who = subject
        if isinstance(subject, Caller):
            if subject.limits.requests is not None:
                return  # counted where the key was checked, over all APIs
            who = subject.key_id
        if most:
            await count_request(self._kit, f"{name}:{who}", most, seconds)

    @asynccontextmanager
    async def place(self, caller: Caller, name: str, *, most: int) -> AsyncIterator[None]:
        """Hold one of `most` places of the caller's key under `name` for as long as the block runs; 0: any number.

        A key with a limit of its own has so many under all names together.

        Raises CopyhoundError too_many_requests where all are taken. Those of a process that died come free again
        after two minutes.
        """
        own = caller.limits.concurrent
        most = most if own is None else own
        if most == 0:
            yield
            return
        place_id, now = new_id("place"), self._kit.now()
        async with self._kit.units() as uow:
            free = await uow.limits.take_place(
                caller.key_id, name, place_id, most, now + _PLACE_LIFE, now=now, among_all=own is not None
            )
        if not free:
            told = f"At most {most} requests at once are allowed."
            raise CopyhoundError("too_many_requests", told, retry_after=_PLACE_WAIT)
        keeping = asyncio.create_task(self._keep(place_id))
        try:
            yield
        finally:
            keeping.cancel()
            async with self._kit.units() as uow:
                await uow.limits.leave_place(place_id)

    async def _keep(self, place_id: str) -> None:
        """Hold a place for longer than its life, for as long as its process lives."""
        while True:
            await asyncio.sleep(_PLACE_LIFE.total_seconds() / 4)
            try:
                async with self._kit.units() as uow:
                    await uow.limits.keep_place(place_id, self._kit.now() + _PLACE_LIFE)
            except CopyhoundError as error:
                _log.warning("a place could not be held on to: %s", error)

    async def forget(self) -> None:
        """Drop what has ended; called by the clock."""
        async with self._kit.units() as uow:
            await uow.limits.forget(self._kit.now())


async def count_request(kit: Kit, subject: str, most: int, seconds: int) -> None:
    """Count a request in the subject's window. CopyhoundError too_many_requests where it is full."""
    async with kit.units() as uow:
        wait = await uow.limits.count(f"{subject}:{seconds}", seconds, most, kit.now())
    if wait:
        told = f"At most {most} requests in {seconds} seconds are allowed."
        raise CopyhoundError("too_many_requests", told, retry_after=wait, limit=most)


async def count_of_key(kit: Kit, caller: Caller) -> None:
    """Count a request of a key that has a limit of its own: one window for all APIs, whatever is asked."""
    most = caller.limits.requests
    if most:
        await count_request(kit, f"key:{caller.key_id}", most, caller.limits.seconds or _SECONDS)
