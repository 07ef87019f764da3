"""What a receiver missed, sent again: deliveries that failed, and events that were never tried."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from copyhound.domain.deliveries import MAX_ATTEMPTS
from copyhound.domain.errors import CopyhoundError
from copyhound.domain.events import Event
from copyhound.domain.hooks import Delivery, DeliveryStatus, Hook, delivery_id, is_active
from copyhound.domain.ids import new_id
from copyhound.domain.repositories import UnitOfWork
from copyhound.domain.workspaces import Caller
from copyhound.services.events import passes, queue_deliveries
from copyhound.services.hooks import get_hook
from copyhound.services.kit import Kit
from copyhound.services.lanes import queue_attempt

RECOVER: Final = "recover"
REPLAYED: Final = timedelta(days=30)
"""How far back a new hook may ask for what was told before it was there."""
_OVERLAP: Final = timedelta(days=1)
"""As far as the clock may have been put back; what is sent already is left out."""
_LATER: Final = timedelta(seconds=2)
_BATCH: Final = 200
"""Rows in one transaction: others write between two of them."""


class Recovery(msgspec.Struct, frozen=True):
    """A span of time whose events are sent again; JSON-ready, as jobs keep it."""

    id: str
    workspace_id: str
    hook_id: str
    since: datetime
    until: datetime
    failed: bool
    """True: deliveries that failed. False: events that were never tried."""


class RecoveryService:
    """Queues again what a hook missed, in batches, as durable work."""

    def __init__(self, kit: Kit) -> None:
        self._kit = kit

    async def start(
        self, caller: Caller, hook_id: str, since: datetime, until: datetime | None = None, *, failed: bool
    ) -> Recovery:
        """Begin with what was delivered (`failed`) or told since then. CopyhoundError conflict: it is disabled."""
        now = self._kit.now()
        span = Recovery(new_id("recovery"), caller.workspace_id, hook_id, since, until or now, failed)
        if span.until < since:
            raise CopyhoundError("invalid_request", "`until` is before `since`.")
        async with self._kit.units() as uow:
            hook = await get_hook(uow, caller, hook_id)
            if not is_active(hook, now):
                raise CopyhoundError("conflict", "The hook is disabled: enable it first.")
            await self._go_on(uow, span, "")
        return span

    async def replay(self, uow: UnitOfWork, hook: Hook, since: datetime | int) -> None:
        """In the transaction that makes or wakes a hook: send what was told since a time or a sequence, of the last
        30 days. What it has been sent already is left out. CopyhoundError invalid_request: that is to come."""
        now = self._kit.now()
        if isinstance(since, datetime) and since > now:
            raise CopyhoundError("invalid_request", "`since` is in the future.")
        after, begin = (since, now - REPLAYED) if isinstance(since, int) else (0, max(since, now - REPLAYED))
        # events that are being told now may know nothing of the hook yet
        span = Recovery(new_id("recovery"), hook.workspace_id, hook.id, begin, now + _OVERLAP, failed=False)
        delay = _LATER.total_seconds()
        await uow.jobs.enqueue(RECOVER, msgspec.to_builtins(span), str(after), id=f"{span.id}:", delay=delay)

    async def _go_on(self, uow: UnitOfWork, span: Recovery, cursor: str) -> None:
        await uow.jobs.enqueue(RECOVER, msgspec.to_builtins(span), cursor, id=f"{span.id}:{cursor}")

    async def run(self, asked: dict[str, Any], cursor: str) -> None:
        """One batch, and the job of the next one, in one transaction. Run again after a crash, it does nothing more."""
        span = msgspec.convert(asked, Recovery)
        # not held: attempts hold their delivery first, and then the hook
        async with self._kit.units.read() as uow:
            hook = await uow.hooks.get(span.workspace_id, span.hook_id)
        if hook is None or not is_active(hook, self._kit.now()):
            return
        async with self._kit.units() as uow:
            batch = self._failed if span.failed else self._untried
            further = await batch(uow, hook, span, cursor)
            if further:
                await self._go_on(uow, span, further)

    async def _failed(self, uow: UnitOfWork, hook: Hook, span: Recovery, cursor: str) -> str | None:
        page = await uow.deliveries.undelivered(
            hook.workspace_id, hook.id, since=span.since, until=span.until, cursor=cursor or None, limit=_BATCH
        )
        for delivery in page.items:
            await self._restart(uow, hook, delivery)
        return page.cursor

    async def _untried(self, uow: UnitOfWork, hook: Hook, span: Recovery, cursor: str) -> str | None:
        after = int(cursor or 0)
        events = await uow.events.between(hook.workspace_id, hook.triggers, span.since, span.until, after, _BATCH)
        for event in events:
            if passes(hook.filter, event):
                await self._replay(uow, hook, event)
        return str(events[-1].sequence) if len(events) == _BATCH else None

    async def _replay(self, uow: UnitOfWork, hook: Hook, event: Event) -> None:
        delivery = await uow.deliveries.by_id(delivery_id(event.id, hook.id))
        if delivery is None:
            await queue_deliveries(self._kit, uow, [(event, hook)])
        elif delivery.status is DeliveryStatus.failed and not await uow.deliveries.attempts(delivery.id):
            await self._restart(uow, hook, delivery)

    async def _restart(self, uow: UnitOfWork, hook: Hook, delivery: Delivery) -> None:
        """Begin the ten attempts anew; a job of the series before finds itself settled."""
        now = self._kit.now()
        # above every number that a resend may have taken already
        base = await highest_number(uow, delivery) + 1
        anew = msgspec.structs.replace(
            delivery, status=DeliveryStatus.pending, attempts=0, base=base, next_attempt_at=now
        )
        await uow.deliveries.save(anew)
        await queue_attempt(uow, anew, base + 1, slow=hook.failing_since is not None)


async def highest_number(uow: UnitOfWork, delivery: Delivery) -> int:
    """The highest number that the attempts of a delivery have, or that its present series can come to."""
    numbers = [attempt.number for attempt in await uow.deliveries.attempts(delivery.id)]
    return max([delivery.base + MAX_ATTEMPTS, *numbers])
