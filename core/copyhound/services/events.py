"""Events are appended in the transaction that makes them true; deliveries are queued in it too."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from copyhound.domain.events import Event, NewEvent
from copyhound.domain.hooks import Delivery, DeliveryStatus, Hook, Subscriber, delivery_id
from copyhound.domain.hosts import domain_of
from copyhound.domain.repositories import UnitOfWork
from copyhound.services.kit import Kit
from copyhound.services.lanes import queue_attempt

_CHUNK: Final = 500
_MANY: Final = 200
"""Deliveries in one transaction, after which no further event goes into it."""


class EventService:
    """Appends events."""

    def __init__(self, kit: Kit) -> None:
        self._kit = kit

    async def append(self, uow: UnitOfWork, event: NewEvent) -> Event | None:
        """Append, and queue a delivery for each hook whose filter lets it through. None: it was there already."""
        return (await self.append_first(uow, [event]))[0]

    async def append_first(self, uow: UnitOfWork, events: Sequence[NewEvent]) -> list[Event | None]:
        """The same for many, in a few statements. It ends early where many deliveries come together: others want to
        write, too."""
        now = self._kit.now()
        await uow.events.hold()
        wanted: list[list[Subscriber]] = []
        subscribed: dict[tuple[str, str], list[Subscriber]] = {}
        for event in events:
            if sum(map(len, wanted)) >= _MANY:
                break
            of = event.workspace_id, event.trigger
            if of not in subscribed:
                subscribed[of] = await uow.hooks.subscribed(*of, now)
            wanted.append([hook for hook in subscribed[of] if passes(hook.filter, event)])
        appended = await uow.events.append(events[: len(wanted)], now)
        told = [(new, hook) for new, hooks in zip(appended, wanted, strict=True) if new for hook in hooks]
        await queue_deliveries(self._kit, uow, told)
        return appended


async def queue_deliveries(kit: Kit, uow: UnitOfWork, told: Sequence[tuple[Event, Hook | Subscriber]]) -> None:
    """A delivery of each event to its hook, and its first attempt, in the caller's transaction."""
    failing = {hook.id for _, hook in told if hook.failing_since is not None}
    now = kit.now()
    for delivery in await uow.sending.add_deliveries([_delivery(event, hook.id, now) for event, hook in told]):
        await queue_attempt(uow, delivery, 1, slow=delivery.hook_id in failing)


def _delivery(event: Event, hook_id: str, now: datetime) -> Delivery:
    return Delivery(
        id=delivery_id(event.id, hook_id),
        workspace_id=event.workspace_id,
        hook_id=hook_id,
        event_id=event.id,
        trigger=event.trigger,
        status=DeliveryStatus.pending,
        attempts=0,
        created_at=now,
        next_attempt_at=now,
    )


def passes(wanted: dict[str, Any], event: NewEvent | Event) -> bool:
    """Whether a hook's filter (`HookFilter`, checked when it was made) lets an event through."""
    payload = event.payload
    if (list_ids := wanted.get("list_ids")) and event.list_id not in list_ids:
        return False
    for key in ("min_confidence", "min_score"):
        bound = wanted.get(key)
        value = payload.get(key.removeprefix("min_"))
        if bound is not None and value is not None and value < bound:
            return False
    if (types := wanted.get("match_types")) and payload.get("match_type", types[0]) not in types:
        return False
    if (domains := wanted.get("domains")) and "domain" in payload and _domain(payload) not in domains:
        return False
    providers = wanted.get("providers")
    told = payload.get("providers") or ([payload["provider"]] if "provider" in payload else [])
    return not (providers and told and not set(providers) & set(told))


def _domain(payload: dict[str, Any]) -> str:
    """As filters have it: an event of a plugin may tell a host."""
    return domain_of(str(payload["domain"]).lower())


async def newest_passing(
    uow: UnitOfWork,
    workspace_id: str,
    triggers: Sequence[str],
    wanted: dict[str, Any],
    limit: int,
    *,
    scanned: int,
    list_id: str | None = None,
) -> list[Event]:
    """The newest events that a filter lets through, newest first. It looks at `scanned` events, or a few more."""
    chunk = _CHUNK if wanted else limit
    found: list[Event] = []
    before: int | None = None
    for _ in range(0, scanned, chunk):
        seen = await uow.log.before(workspace_id, triggers, before, chunk, list_id=list_id)
        found += [event for event in seen if passes(wanted, event)]
        if len(seen) < chunk or len(found) >= limit:
            break
        before = seen[-1].sequence
    return found[:limit]
