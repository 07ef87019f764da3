"""Subscriptions, and what was sent to them."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any, Final

import msgspec

EXPIRED: Final = "It has expired: subscribe again."
PAUSED: Final = "A client has disabled it: enable it when it is to be told again."


class HookStatus(StrEnum):
    """Whether a hook is told of events."""

    active = "active"
    disabled = "disabled"


class HookPayload(StrEnum):
    """How much of an event is sent."""

    full = "full"
    thin = "thin"
    """The envelope, and the ids of what it is about."""


class HookFormat(StrEnum):
    """The shape of what is sent."""

    flat = "flat"
    cloudevents = "cloudevents"
    """CloudEvents 1.0, structured mode."""


class Hook(msgspec.Struct, frozen=True):
    """A subscription of a target URL to triggers."""

    id: str
    workspace_id: str
    target_url: str
    triggers: tuple[str, ...]
    filter: dict[str, Any]
    secret: bytes
    """Encrypted; only delivery opens it."""
    status: HookStatus
    created_at: datetime
    description: str | None = None
    status_reason: str | None = None
    failing_since: datetime | None = None
    last_success_at: datetime | None = None
    payload: HookPayload = HookPayload.full
    format: HookFormat = HookFormat.flat
    max_per_minute: int | None = None
    """Requests that the target takes in a minute, evenly spread; None: as they come."""
    next_slot_at: datetime | None = None
    """When the next request may go out, where `max_per_minute` is set."""
    expires_at: datetime | None = None
    """From then on nothing more is sent; None: it never expires."""
    reverse_unsubscribe: bool = False
    """The target is sent one DELETE when we drop the hook."""

    @property
    def expiration_date(self) -> datetime | None:
        """`expires_at` by the name that Zapier looks for."""
        return self.expires_at


class Subscriber(msgspec.Struct, frozen=True):
    """What telling a hook of an event needs of it: where there are many hooks, each event reads this of all of them."""

    id: str
    filter: dict[str, Any]
    failing_since: datetime | None = None


def is_active(hook: Hook, now: datetime) -> bool:
    """Whether the hook is told of events."""
    return hook.status is HookStatus.active and (hook.expires_at is None or hook.expires_at > now)


def as_of(hook: Hook, now: datetime) -> Hook:
    """The hook as it is shown: one that has expired is disabled."""
    if hook.status is not HookStatus.active or is_active(hook, now):
        return hook
    return msgspec.structs.replace(hook, status=HookStatus.disabled, status_reason=EXPIRED)


class WantedHooks(msgspec.Struct, frozen=True):
    """Which hooks are asked for; all that is given must hold."""

    target_url: str | None = None
    trigger: str | None = None
    status: HookStatus | None = None
    now: datetime | None = None
    """With `status`: a hook that has expired by then counts as disabled."""


class DeliveryStatus(StrEnum):
    """How far a delivery is."""

    pending = "pending"
    delivered = "delivered"
    failed = "failed"
    """All attempts were used up, the receiver wanted no more of it, or the hook is gone."""


class Delivery(msgspec.Struct, frozen=True):
    """One event for one hook."""

    id: str
    workspace_id: str
    hook_id: str
    event_id: str
    trigger: str
    status: DeliveryStatus
    attempts: int
    created_at: datetime
    next_attempt_at: datetime | None = None
    delivered_at: datetime | None = None
    base: int = 0
    """What the numbers of the present series of attempts count from: more than 0 once it was recovered."""


class Attempt(msgspec.Struct, frozen=True):
    """One HTTP request of a delivery."""

    delivery_id: str
    number: int
    at: datetime
    duration_ms: int
    manual: bool = False
    status_code: int | None = None
    error: str | None = None
    response_body: str | None = None
    """Cut to 2 kB."""


class TriedDelivery(Delivery, frozen=True):
    """A delivery with what came of its last attempt; all None where none was made yet."""

    last_attempt_at: datetime | None = None
    last_status_code: int | None = None
    last_error: str | None = None


def tried(delivery: Delivery, last: Attempt | None) -> TriedDelivery:
    """The delivery as it is shown."""
    fields = {name: getattr(delivery, name) for name in Delivery.__struct_fields__}
    if last is None:
        return TriedDelivery(**fields)
    return TriedDelivery(**fields, last_attempt_at=last.at, last_status_code=last.status_code, last_error=last.error)


def delivery_id(event_id: str, hook_id: str) -> str:
    """The id of the delivery of an event to a hook, and of the durable work that does it."""
    return f"delivery:{event_id}:{hook_id}"
