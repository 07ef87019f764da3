"""What attempts came to, written down for many at once: one transaction for all that ended while the last one ran."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from copyhound.domain.deliveries import SendResult, Verdict, VerdictKind, failing_since, next_attempt
from copyhound.domain.hooks import Attempt, Delivery, DeliveryStatus, Hook, HookStatus
from copyhound.domain.repositories import UnitOfWork
from copyhound.services.events import EventService
from copyhound.services.hook_ends import tell_disabled
from copyhound.services.kit import Kit
from copyhound.services.lanes import queue_attempt
from copyhound.services.unsubscribing import queue_unsubscribe

_log: Final = logging.getLogger(__name__)


class Outcome(msgspec.Struct, frozen=True):
    """What came of one attempt of a delivery."""

    delivery_id: str
    number: int
    result: SendResult
    at: datetime
    manual: bool = False
    target_url: str | None = None
    """Who answered; None where nobody was asked."""


class Settling:
    """Logs attempts, and what follows from them for the delivery and its hook."""

    def __init__(self, kit: Kit, events: EventService) -> None:
        self._kit, self._events = kit, events

    async def __call__(self, outcomes: Sequence[Outcome]) -> list[None]:
        """All of them, in one transaction."""
        async with self._kit.units() as uow:
            # read again, and held: hooks may have been deleted or changed while their receivers thought
            books = await _Books.opened(uow, outcomes)
            for outcome in outcomes:
                await self._settle(uow, books, outcome)
            await books.save(uow)
        return [None] * len(outcomes)

    async def _settle(self, uow: UnitOfWork, books: _Books, outcome: Outcome) -> None:
        delivery = books.deliveries.get(outcome.delivery_id)
        if delivery is None:
            return
        books.note(outcome)
        hook = books.hooks.get(delivery.hook_id)
        result, number = outcome.result, outcome.number
        if not result.ok:
            _log.warning("attempt %d of %s failed: %s", number, delivery.id, result.error or result.status_code)
        position = number - delivery.base
        # a recovery has begun anew meanwhile: this one counts as sent by hand
        manual = outcome.manual or position < 1
        if hook is None:
            books.deliveries[delivery.id] = _went_on(delivery, number, _last(result), outcome.at, manual=manual)
            return
        moved = outcome.target_url not in {None, hook.target_url}
        if moved:  # what the old address wants is not for the new one, which gets the event in its turn
            result = msgspec.structs.replace(result, status_code=result.status_code if result.ok else None, headers={})
        since = None if manual else hook.failing_since  # whoever sends by hand to try a hook does not end it
        verdict = next_attempt(
            result, delivery_id=delivery.id, number=max(1, position), now=outcome.at, failing_since=since
        )
        if not moved:
            books.hooks[hook.id] = await self._noted(uow, hook, result, verdict, outcome.at)
        books.deliveries[delivery.id] = _went_on(delivery, number, verdict, outcome.at, manual=manual)
        if verdict.kind is VerdictKind.retry and not manual:
            await queue_attempt(uow, delivery, number + 1, slow=True, delay=verdict.delay)

    async def _noted(self, uow: UnitOfWork, hook: Hook, result: SendResult, verdict: Verdict, now: datetime) -> Hook:
        since = failing_since(result, hook.failing_since, now)
        noted = msgspec.structs.replace(
            hook, failing_since=since, last_success_at=now if result.ok else hook.last_success_at
        )
        if verdict.ends_hook and hook.status is HookStatus.active:
            noted = msgspec.structs.replace(noted, status=HookStatus.disabled, status_reason=verdict.reason)
            await tell_disabled(self._events, uow, noted, now)
            if verdict.kind is not VerdictKind.unsubscribe:  # whoever answers 410 knows
                await queue_unsubscribe(uow, noted)
        return noted


def _last(result: SendResult) -> Verdict:
    """What follows where the hook is gone."""
    return Verdict(VerdictKind.delivered if result.ok else VerdictKind.give_up)


def _went_on(delivery: Delivery, number: int, verdict: Verdict, now: datetime, *, manual: bool) -> Delivery:
    """The delivery after an attempt."""
    change: dict[str, Any] = {"next_attempt_at": None}
    if verdict.kind is VerdictKind.delivered:
        change |= {"status": DeliveryStatus.delivered, "delivered_at": now}
    elif manual:
        return delivery  # a resend that fails changes nothing of the automatic attempts
    elif verdict.kind is VerdictKind.retry:
        change["next_attempt_at"] = now + timedelta(seconds=verdict.delay)
    else:
        change["status"] = DeliveryStatus.failed
    attempts = delivery.attempts if manual else max(delivery.attempts, number - delivery.base)
    return msgspec.structs.replace(delivery, attempts=attempts, **change)


class _Books:
    """The rows that outcomes change, as they are and as they were."""

    def __init__(self, deliveries: Sequence[Delivery], hooks: Sequence[Hook]) -> None:
        self.deliveries = {one.id: one for one in deliveries}
        self.hooks = {one.id: one for one in hooks}
        self._before: dict[str, Delivery | Hook] = {**self.deliveries, **self.hooks}
        self._attempts: list[tuple[str, Attempt]] = []

    @classmethod
    async def opened(cls, uow: UnitOfWork, outcomes: Sequence[Outcome]) -> _Books:
        deliveries = await uow.sending.deliveries({outcome.delivery_id for outcome in outcomes})
        return cls(deliveries, await uow.sending.hooks({delivery.hook_id for delivery in deliveries}))

    def note(self, outcome: Outcome) -> None:
        """One more line in the log of attempts."""
        result = outcome.result
        attempt = Attempt(
            outcome.delivery_id,
            outcome.number,
            outcome.at,
            result.duration_ms,
            outcome.manual,
            result.status_code,
            result.error,
            result.body,
        )
        self._attempts.append((self.deliveries[outcome.delivery_id].workspace_id, attempt))

    async def save(self, uow: UnitOfWork) -> None:
        """Write what has changed."""
        await uow.sending.add_attempts(self._attempts)
        await uow.sending.save_hooks([one for one in self.hooks.values() if self._before[one.id] != one])
        await uow.sending.save_deliveries([one for one in self.deliveries.values() if self._before[one.id] != one])
