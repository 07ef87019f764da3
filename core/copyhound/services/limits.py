"""How often, and how many at once: exact over all processes, changed without a restart."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from copyhound.domain.errors import CopyhoundError
from copyhound.domain.ids import new_id
from copyhound.domain.workspaces import Caller
from copyhound.services.kit import Kit

_PLACE_LIFE = timedelta(minutes=2)
_PLACE_WAIT = 1.0


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
            who, own = subject.key_id, subject.limits
            most = most if own.requests is None else own.requests
            seconds = seconds if own.seconds is None else own.seconds
        if most == 0:
            return
        async with self._kit.units() as uow:
            wait = await uow.limits.count(f"{name}:{who}:{seconds}", seconds, most, self._kit.now())
        if wait:
            told = f"At most {most} requests in {seconds} seconds are allowed."
            raise CopyhoundError("too_many_requests", told, retry_after=wait)

    @asynccontextmanager
    async def place(self, caller: Caller, name: str, *, most: int) -> AsyncIterator[None]:
        """Hold one of `most` places of the caller's key under `name` for as long as the block runs; 0: any number.

        Raises CopyhoundError too_many_requests where all are taken. Those of a process that died come free again
        after two minutes.
        """
        most = most if caller.limits.concurrent is None else caller.limits.concurrent
        if most == 0:
            yield
            return
        place_id, now = new_id("place"), self._kit.now()
        async with self._kit.units() as uow:
            free = await uow.limits.take_place(f"{name}:{caller.key_id}", place_id, most, now, now + _PLACE_LIFE)
        if not free:
            told = f"At most {most} requests at once are allowed."
            raise CopyhoundError("too_many_requests", told, retry_after=_PLACE_WAIT)
        try:
            yield
        finally:
            async with self._kit.units() as uow:
                await uow.limits.leave_place(place_id)

    async def forget(self) -> None:
        """Drop what has ended; called by the clock."""
        async with self._kit.units() as uow:
            await uow.limits.forget(self._kit.now())
