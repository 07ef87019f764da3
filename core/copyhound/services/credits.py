"""The credit ledger: what a workspace may search, and what it has searched."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

import msgspec

from copyhound.domain.credits import Balance, Bundle, Charge, ChargeState, UsageDay
from copyhound.domain.errors import CopyhoundError
from copyhound.domain.events import NewEvent
from copyhound.domain.ids import derived_id, new_id
from copyhound.domain.repositories import UnitOfWork
from copyhound.domain.searches import Search
from copyhound.domain.workspaces import Caller
from copyhound.services.events import EventService
from copyhound.services.kit import Kit

_LOW = 4
"""A workspace is told when one in so many of its credits is left."""
MONITOR_KEY = "monitor"
"""Stands for the key where a list's schedule began a search."""


class CreditService:
    """Bundles, the balance, and usage by day."""

    def __init__(self, kit: Kit) -> None:
        self._kit = kit

    async def balance(self, caller: Caller) -> Balance:
        """What the caller's workspace may still search."""
        async with self._kit.units.read() as uow:
            metered = await uow.credits.metered(caller.workspace_id)
            bundles = await uow.credits.bundles(caller.workspace_id, self._kit.now())
        return Balance(metered, sum(bundle.remaining for bundle in bundles), tuple(bundles))

    async def bundles(self, workspace_id: str) -> list[Bundle]:
        """All that were ever granted, the first to end first. CopyhoundError not_found."""
        async with self._kit.units.read() as uow:
            await _must_exist(uow, workspace_id)
            return await uow.credits.bundles(workspace_id)

    async def grant(
        self, workspace_id: str, credits: int, *, starts_at: datetime, expires_at: datetime, note: str | None = None
    ) -> Bundle:
        """Give a workspace credits; from the first bundle on it is metered.

        CopyhoundError not_found, or invalid_request where it would end before it begins.
        """
        if expires_at <= starts_at:
            raise CopyhoundError("invalid_request", "expires_at must be after starts_at.")
        now = self._kit.now()
        bundle = Bundle(new_id("bundle"), workspace_id, credits, credits, starts_at, expires_at, now, note)
        async with self._kit.units() as uow:
            await _must_exist(uow, workspace_id)
            await uow.credits.grant(bundle)
        return bundle

    async def usage(self, caller: Caller, start: date, end: date) -> list[UsageDay]:
        """What each day took, both days included, oldest first. CopyhoundError invalid_request where reversed."""
        if end < start:
            raise CopyhoundError("invalid_request", "The last day is before the first one.")
        async with self._kit.units.read() as uow:
            return await uow.credits.usage(caller.workspace_id, start, end)


async def reserve(
    uow: UnitOfWork, events: EventService, search: Search, image_ids: Sequence[str], key_id: str, surface: str
) -> bool:
    """One credit for each image of a search that begins now; False, and nothing taken, where there are not enough.

    Who has a quarter of its credits left or less is told so, once for the same bundles.
    """
    taken = await uow.credits.reserve(
        [
            Charge(
                id=f"charge:{search.id}:{image_id}",
                workspace_id=search.workspace_id,
                search_id=search.id,
                image_id=image_id,
                list_id=search.list_id,
                key_id=key_id,
                surface=surface,
                state=ChargeState.reserved,
                at=search.created_at,
            )
            for image_id in image_ids
        ]
    )
    if taken:
        await _tell_low(uow, events, search.workspace_id, search.created_at)
    return taken


async def _tell_low(uow: UnitOfWork, events: EventService, workspace_id: str, now: datetime) -> None:
    running = [one for one in await uow.credits.bundles(workspace_id) if one.starts_at <= now < one.expires_at]
    remaining, granted = sum(one.remaining for one in running), sum(one.granted for one in running)
    if not running or remaining * _LOW > granted:
        return
    ends = max(one.expires_at for one in running)
    payload = msgspec.to_builtins({"remaining": remaining, "granted": granted, "expires_at": ends})
    event_id = derived_id("evt", "credits_low", *(one.id for one in running))
    await events.append(uow, NewEvent(event_id, workspace_id, "credits_low", payload))


async def _must_exist(uow: UnitOfWork, workspace_id: str) -> None:
    if await uow.workspaces.get(workspace_id) is None:
        raise CopyhoundError("not_found", f"There is no workspace {workspace_id}.")
