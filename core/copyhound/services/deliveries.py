"""One event for one hook, until it is taken or given up. Each attempt is a short durable job of its own."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any

import msgspec

from copyhound.domain.deliveries import (
    Sender,
    SendResult,
    Verdict,
    VerdictKind,
    failing_since,
    next_attempt,
    take_slot,
)
from copyhound.domain.errors import CopyhoundError
from copyhound.domain.events import Event, NewEvent, envelope
from copyhound.domain.hooks import Attempt, Delivery, DeliveryStatus, Hook, HookStatus
from copyhound.domain.ids import derived_id
from copyhound.domain.repositories import PageOf, UnitOfWork
from copyhound.domain.workspaces import Caller
from copyhound.services.events import DELIVER, DELIVERIES, EventService
from copyhound.services.kit import Kit
from copyhound.services.recovering import highest_number
from copyhound.services.rendering import rendered
from copyhound.services.secrets import open_secrets

_log = logging.getLogger(__name__)
_LATE = timedelta(seconds=30)


class DeliveryService:
    """Deliveries: attempted, told of, sent again."""

    def __init__(self, kit: Kit, sender: Sender, events: EventService) -> None:
        self._kit, self._sender, self._events = kit, sender, events

    async def attempt(self, delivery_id: str, number: int, manual: bool = False, slot: str | None = None) -> None:
        """Send once, log it, and queue what follows. Run again after a crash, it sends again with the same id.

        `slot`: the moment that a hook with a rate had free for it, once it has waited for that.
        """
        async with self._kit.units.read() as uow:
            delivery = await uow.deliveries.by_id(delivery_id)
            if delivery is None or _settled(delivery, number, manual=manual):
                return
            hook = await uow.hooks.get(delivery.workspace_id, delivery.hook_id)
            event = await uow.events.get(delivery.workspace_id, delivery.event_id)
        if hook is None or event is None or (hook.status is not HookStatus.active and not manual):
            if not manual:
                await self._drop(delivery_id, number)
            return
        now = self._kit.now()
        if hook.max_per_minute and not _in_time(slot, now) and await self._waits(delivery_id, number, now, manual):
            return
        result = await self._send(hook, event, now)
        async with self._kit.units() as uow:
            await self._settle(uow, delivery_id, number, result, now, manual=manual)

    async def _send(self, hook: Hook, event: Event, now: datetime) -> SendResult:
        body, content_type = rendered(self._kit, hook, envelope(event))
        secrets = [secret.encode() for secret in open_secrets(self._kit, hook)]
        return await self._sender.send(hook.target_url, secrets, event.id, body, now, content_type=content_type)

    async def _waits(self, delivery_id: str, number: int, now: datetime, manual: bool) -> bool:
        """Take the hook's next free moment. False where that is now; else the attempt is queued for it."""
        async with self._kit.units() as uow:
            delivery = await uow.deliveries.by_id(delivery_id)
            hook = await uow.hooks.get(delivery.workspace_id, delivery.hook_id) if delivery else None
            if delivery is None or hook is None or hook.max_per_minute is None:
                return False
            slot, following = take_slot(hook.next_slot_at, hook.max_per_minute, now)
            await uow.hooks.save(msgspec.structs.replace(hook, next_slot_at=following))
            if slot <= now:
                return False
            if not manual:
                await uow.deliveries.save(msgspec.structs.replace(delivery, next_attempt_at=slot))
            await self._queue_slot(uow, delivery_id, number, manual=manual, slot=slot, now=now)
        return True

    async def _queue_slot(
        self, uow: UnitOfWork, delivery_id: str, number: int, *, manual: bool, slot: datetime, now: datetime
    ) -> None:
        at = slot.isoformat()
        wait = (slot - now).total_seconds()
        job_id = f"{delivery_id}:{number}:{at}"
        await uow.jobs.enqueue(DELIVER, delivery_id, number, manual, at, id=job_id, queue=DELIVERIES, delay=wait)

    async def _drop(self, delivery_id: str, number: int) -> None:
        async with self._kit.units() as uow:
            delivery = await uow.deliveries.by_id(delivery_id)
            if delivery is not None and not _settled(delivery, number, manual=False):
                ended = msgspec.structs.replace(delivery, status=DeliveryStatus.failed, next_attempt_at=None)
                await uow.deliveries.save(ended)

    async def _settle(
        self, uow: UnitOfWork, delivery_id: str, number: int, result: SendResult, now: datetime, *, manual: bool
    ) -> None:
        # read again, and locked: the hook may have been deleted or changed while the receiver thought
        delivery = await uow.deliveries.by_id(delivery_id)
        if delivery is None:
            return
        await uow.deliveries.add_attempt(
            Attempt(delivery_id, number, now, result.duration_ms, manual, result.status_code, result.error, result.body)
        )
        hook = await uow.hooks.get(delivery.workspace_id, delivery.hook_id)
        if hook is None:
            return
        if not result.ok:
            _log.warning("attempt %d of %s failed: %s", number, delivery_id, result.error or result.status_code)
        position = number - delivery.base
        # a recovery has begun anew meanwhile: this one counts as sent by hand
        manual = manual or position < 1
        verdict = next_attempt(
            result, delivery_id=delivery_id, number=max(1, position), now=now, failing_since=hook.failing_since
        )
        await self._note_on_hook(uow, hook, result, verdict, now)
        await self._go_on(uow, delivery, number, verdict, now, manual=manual)

    async def _note_on_hook(
        self, uow: UnitOfWork, hook: Hook, result: SendResult, verdict: Verdict, now: datetime
    ) -> None:
        since = failing_since(result, hook.failing_since, now)
        noted = msgspec.structs.replace(
            hook, failing_since=since, last_success_at=now if result.ok else hook.last_success_at
        )
        if verdict.ends_hook and hook.status is HookStatus.active:
            noted = msgspec.structs.replace(noted, status=HookStatus.disabled, status_reason=verdict.reason)
            await self._tell_disabled(uow, noted, now)
        if noted != hook:
            await uow.hooks.save(noted)

    async def _tell_disabled(self, uow: UnitOfWork, hook: Hook, now: datetime) -> None:
        payload: dict[str, Any] = msgspec.to_builtins(
            {
                "hook_id": hook.id,
                "target_url": hook.target_url,
                "triggers": hook.triggers,
                "reason": hook.status_reason,
                "failing_since": hook.failing_since,
            }
        )
        _log.warning("hook %s is disabled: %s", hook.id, hook.status_reason)
        event_id = derived_id("evt", "hook_disabled", hook.id, now.isoformat())
        await self._events.append(uow, NewEvent(event_id, hook.workspace_id, "hook_disabled", payload))

    async def _go_on(
        self, uow: UnitOfWork, delivery: Delivery, number: int, verdict: Verdict, now: datetime, *, manual: bool
    ) -> None:
        attempts = delivery.attempts if manual else max(delivery.attempts, number - delivery.base)
        if verdict.kind is VerdictKind.delivered:
            done = msgspec.structs.replace(
                delivery, status=DeliveryStatus.delivered, attempts=attempts, delivered_at=now, next_attempt_at=None
            )
            await uow.deliveries.save(done)
        elif manual:
            return  # a resend that fails changes nothing of the automatic attempts
        elif verdict.kind is VerdictKind.retry:
            at = now + timedelta(seconds=verdict.delay)
            await uow.deliveries.save(msgspec.structs.replace(delivery, attempts=attempts, next_attempt_at=at))
            await self._queue(uow, delivery.id, number + 1, verdict.delay)
        else:
            ended = msgspec.structs.replace(
                delivery, status=DeliveryStatus.failed, attempts=attempts, next_attempt_at=None
            )
            await uow.deliveries.save(ended)

    async def _queue(self, uow: UnitOfWork, delivery_id: str, number: int, delay: float) -> None:
        job_id = f"{delivery_id}:{number}"
        await uow.jobs.enqueue(DELIVER, delivery_id, number, id=job_id, queue=DELIVERIES, delay=delay)

    async def attempt_failed(self, delivery_id: str, number: int, *rest: object) -> None:
        """The job itself broke, not the receiver: it counts as an attempt that failed, and the next one is queued."""
        manual = bool(rest and rest[0] is True)
        result = SendResult(0, error=str(rest[-1]) if rest else None)
        async with self._kit.units() as uow:
            await self._settle(uow, delivery_id, number, result, self._kit.now(), manual=manual)

    async def page(
        self,
        caller: Caller,
        *,
        hook_id: str | None = None,
        status: str | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> PageOf:
        async with self._kit.units.read() as uow:
            return await uow.deliveries.page(
                caller.workspace_id, hook_id=hook_id, status=status, cursor=cursor, limit=limit
            )

    async def get(self, caller: Caller, delivery_id: str) -> Delivery:
        async with self._kit.units.read() as uow:
            return await _get(uow, caller, delivery_id)

    async def attempts(self, caller: Caller, delivery_id: str) -> list[Attempt]:
        """Every request of a delivery, oldest first."""
        async with self._kit.units.read() as uow:
            await _get(uow, caller, delivery_id)
            return await uow.deliveries.attempts(delivery_id)

    async def resend(self, caller: Caller, delivery_id: str) -> Delivery:
        """Send it once more, now, with the same `webhook-id`; logged as a manual attempt."""
        async with self._kit.units() as uow:
            delivery = await _get(uow, caller, delivery_id)
            # numbered after the automatic ones, which go on as they were
            number = await highest_number(uow, delivery) + 1
            job_id = f"{delivery_id}:{number}"
            await uow.jobs.enqueue(DELIVER, delivery_id, number, True, id=job_id, queue=DELIVERIES)
        return delivery


def _settled(delivery: Delivery, number: int, *, manual: bool) -> bool:
    done = delivery.base + delivery.attempts
    return not manual and (delivery.status is not DeliveryStatus.pending or done >= number)


def _in_time(slot: str | None, now: datetime) -> bool:
    # after a standstill all that waited would go out at once
    return slot is not None and now - datetime.fromisoformat(slot) <= _LATE


async def _get(uow: UnitOfWork, caller: Caller, delivery_id: str) -> Delivery:
    found = await uow.deliveries.get(caller.workspace_id, delivery_id)
    if found is None:
        raise CopyhoundError("not_found", f"There is no delivery {delivery_id}.")
    return found
