"""One event for one hook, until it is taken or given up. Each attempt is a short durable job of its own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from copyhound.domain.deliveries import Sender, SendResult, take_slot
from copyhound.domain.errors import CopyhoundError
from copyhound.domain.events import Event, envelope
from copyhound.domain.hooks import Attempt, Delivery, DeliveryStatus, Hook, TriedDelivery, is_active, tried
from copyhound.domain.repositories import PageOf, UnitOfWork
from copyhound.domain.workspaces import Caller
from copyhound.services.events import EventService
from copyhound.services.grouping import Grouped
from copyhound.services.kit import Kit
from copyhound.services.lanes import QuickWay, queue_attempt
from copyhound.services.recovering import highest_number
from copyhound.services.rendering import rendered
from copyhound.services.secrets import open_secrets
from copyhound.services.settling import Outcome, Settling

_LATE = timedelta(seconds=30)


class _Task(msgspec.Struct, frozen=True):
    """One attempt that is to be made, and what it needs."""

    delivery: Delivery
    hook: Hook
    event: Event
    number: int
    manual: bool
    slot: str | None
    slow: bool


class DeliveryService:
    """Deliveries: attempted, told of, sent again."""

    def __init__(self, kit: Kit, sender: Sender, events: EventService) -> None:
        self._kit, self._sender = kit, sender
        self._quick_way = QuickWay()
        self._found = Grouped(self._find)
        self._move = Grouped(self._move_all)
        self._drop = Grouped(self._drop_all)
        self._write = Grouped(Settling(kit, events))

    async def attempt(
        self, delivery_id: str, number: int, manual: bool = False, slot: str | None = None, slow: bool = False
    ) -> Outcome | None:
        """Send once; what came of it is for `settle`. None where nothing was sent, or not yet. Run again after a crash,
        it sends again with the same id.

        `slot`: the moment that a hook with a rate had free for it, once it has waited for that. `slow`: it runs on the
        slow way, in a place of its hook's own.
        """
        delivery, hook, event = await self._found(delivery_id)
        if delivery is None or _settled(delivery, number, manual=manual):
            return None
        if hook is None or event is None or (not manual and not is_active(hook, self._kit.now())):
            if not manual:
                await self._drop((delivery_id, number))
            return None
        at = self._kit.now()
        result = await self._sent(_Task(delivery, hook, event, number, manual, slot, slow), at)
        return None if result is None else Outcome(delivery_id, number, result, at, manual, hook.target_url)

    async def settle(self, *attempt: Any) -> None:
        """Log what came of an attempt, the last of the arguments, and queue what follows. Again and again where that
        fails: nothing is sent here."""
        outcome: Outcome | None = attempt[-1]
        if outcome is not None:
            await self._write(outcome)

    async def _find(self, ids: Sequence[str]) -> list[tuple[Delivery | None, Hook | None, Event | None]]:
        async with self._kit.units.read() as uow:
            deliveries = {one.id: one for one in await uow.sending.deliveries(set(ids))}
            hooks = {one.id: one for one in await uow.sending.hooks({one.hook_id for one in deliveries.values()})}
            events = {one.id: one for one in await uow.sending.events({one.event_id for one in deliveries.values()})}
        found = [deliveries.get(one) for one in ids]
        return [(one, hooks.get(one.hook_id), events.get(one.event_id)) if one else (None, None, None) for one in found]

    async def _sent(self, task: _Task, now: datetime) -> SendResult | None:
        """What came of it; None where it was queued for later, or for the slow way."""
        if task.slow:
            return await self._in_turn(task, now)
        if task.hook.failing_since is None or task.manual:
            async with self._quick_way.open_to(task.hook) as free:
                if free:
                    return await self._in_turn(task, now)
        await self._move(task)
        return None

    async def _move_all(self, tasks: Sequence[_Task]) -> list[None]:
        """To the slow way, where each waits for a place of its hook's own."""
        async with self._kit.units() as uow:
            for task in tasks:
                await queue_attempt(
                    uow, task.delivery, task.number, slow=True, manual=task.manual, slot=task.slot, moved=True
                )
        return [None] * len(tasks)

    async def _in_turn(self, task: _Task, now: datetime) -> SendResult | None:
        if task.hook.max_per_minute and not _in_time(task.slot, now) and await self._waits(task, now):
            return None
        body, content_type = rendered(self._kit, task.hook, envelope(task.event))
        secrets = [secret.encode() for secret in open_secrets(self._kit, task.hook)]
        send = self._sender.send
        return await send(task.hook.target_url, secrets, task.event.id, body, now, content_type=content_type)

    async def _waits(self, task: _Task, now: datetime) -> bool:
        """Take the hook's next free moment. False where that is now; else the attempt is queued for it."""
        async with self._kit.units() as uow:
            delivery = await uow.deliveries.by_id(task.delivery.id)
            hook = await uow.hooks.get(delivery.workspace_id, delivery.hook_id) if delivery else None
            if delivery is None or hook is None or hook.max_per_minute is None:
                return False
            slot, following = take_slot(hook.next_slot_at, hook.max_per_minute, now)
            await uow.hooks.save(msgspec.structs.replace(hook, next_slot_at=following))
            if slot <= now:
                return False
            if not task.manual:
                await uow.deliveries.save(msgspec.structs.replace(delivery, next_attempt_at=slot))
            await queue_attempt(
                uow,
                delivery,
                task.number,
                slow=task.slow,
                manual=task.manual,
                slot=slot.isoformat(),
                delay=(slot - now).total_seconds(),
            )
        return True

    async def _drop_all(self, attempts: Sequence[tuple[str, int]]) -> list[None]:
        """End deliveries whose hook is disabled or gone."""
        numbers = dict(attempts)
        async with self._kit.units() as uow:
            held = await uow.sending.deliveries(numbers)
            pending = [one for one in held if not _settled(one, numbers[one.id], manual=False)]
            change = {"status": DeliveryStatus.failed, "next_attempt_at": None}
            await uow.sending.save_deliveries([msgspec.structs.replace(one, **change) for one in pending])
        return [None] * len(attempts)

    async def attempt_failed(self, delivery_id: str, number: int, *rest: object) -> None:
        """The job itself broke, not the receiver: it counts as an attempt that failed, and the next one is queued."""
        manual = bool(rest and rest[0] is True)
        result = SendResult(0, error=str(rest[-1]) if rest else None)
        await self._write(Outcome(delivery_id, number, result, self._kit.now(), manual))

    async def page(
        self,
        caller: Caller,
        *,
        hook_id: str | None = None,
        status: str | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> PageOf:
        """Newest first, each with what came of its last attempt."""
        async with self._kit.units.read() as uow:
            page = await uow.deliveries.page(
                caller.workspace_id, hook_id=hook_id, status=status, cursor=cursor, limit=limit
            )
            return PageOf(await _tried(uow, caller, page.items), page.cursor)

    async def get(self, caller: Caller, delivery_id: str) -> TriedDelivery:
        """With what came of its last attempt. CopyhoundError not_found."""
        async with self._kit.units.read() as uow:
            return (await _tried(uow, caller, [await _get(uow, caller, delivery_id)]))[0]

    async def attempts(self, caller: Caller, delivery_id: str) -> list[Attempt]:
        """Every request of a delivery, oldest first."""
        async with self._kit.units.read() as uow:
            await _get(uow, caller, delivery_id)
            return await uow.deliveries.attempts(delivery_id)

    async def resend(self, caller: Caller, delivery_id: str) -> tuple[TriedDelivery, int]:
        """Send it once more, now, with the same `webhook-id`; logged as a manual attempt, of the number told.

        One that was asked for and is not logged yet is not queued again: the number is the same.
        CopyhoundError conflict: its hook is gone.
        """
        async with self._kit.units() as uow:
            delivery = await _get(uow, caller, delivery_id)
            if await uow.hooks.get(caller.workspace_id, delivery.hook_id) is None:
                raise CopyhoundError("conflict", f"Its hook {delivery.hook_id} is gone: there is nobody to send it to.")
            # numbered after the automatic ones, which go on as they were
            number = await highest_number(uow, delivery) + 1
            await queue_attempt(uow, delivery, number, slow=False, manual=True)
            return (await _tried(uow, caller, [delivery]))[0], number


def _settled(delivery: Delivery, number: int, *, manual: bool) -> bool:
    done = delivery.base + delivery.attempts
    return not manual and (delivery.status is not DeliveryStatus.pending or done >= number)


def _in_time(slot: str | None, now: datetime) -> bool:
    # after a standstill all that waited would go out at once
    return slot is not None and now - datetime.fromisoformat(slot) <= _LATE


async def _tried(uow: UnitOfWork, caller: Caller, deliveries: Sequence[Delivery]) -> list[TriedDelivery]:
    ids = [one.id for one in deliveries]
    last = {one.delivery_id: one for one in await uow.deliveries.last_attempts(caller.workspace_id, ids)}
    return [tried(one, last.get(one.id)) for one in deliveries]


async def _get(uow: UnitOfWork, caller: Caller, delivery_id: str) -> Delivery:
    found = await uow.deliveries.get(caller.workspace_id, delivery_id)
    if found is None:
        raise CopyhoundError("not_found", f"There is no delivery {delivery_id}.")
    return found
