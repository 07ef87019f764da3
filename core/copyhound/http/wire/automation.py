"""Triggers, actions, hooks and deliveries."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from copyhound.domain.hooks import DeliveryStatus, Hook, HookFormat, HookPayload, HookStatus, TriedDelivery
from copyhound.http.wire.common import Instant, shaped
from copyhound.services.hooks import HookFilter, PerMinute, TargetUrl, TriggerKeys

Sequence = Annotated[int, msgspec.Meta(ge=0, lt=2**53)]
Description = Annotated[str, msgspec.Meta(max_length=500)]


class EventsOut(msgspec.Struct):
    """Events after a cursor, oldest first. Keep `cursor`: it never expires, and asks for what comes next."""

    items: list[dict[str, Any]]
    """As webhooks have them."""
    cursor: str
    """Asks for what comes next; it never expires."""
    more: bool
    """There is more to be had at once."""


class HookIn(msgspec.Struct, forbid_unknown_fields=True):
    """A subscription. The same target, triggers and filter again give the hook that is there."""

    target_url: TargetUrl
    """Where events are posted to; it need not answer yet."""
    triggers: TriggerKeys
    """Keys of `GET /triggers`."""
    filter: HookFilter = HookFilter()
    """Which events; what is left out lets all through."""
    description: Description | None = None
    """A note of your own."""
    payload: HookPayload = HookPayload.full
    """`thin`: the envelope and the ids alone."""
    format: HookFormat = HookFormat.flat
    """`cloudevents`: CloudEvents 1.0 in structured mode, the flat body in `data`."""
    max_per_minute: PerMinute | None = None
    """Requests that the target takes in a minute, sent evenly spread; null: as they come."""
    expires_at: Instant | None = None
    """Nothing more is sent from then on, unless it is subscribed again before; null: it never expires."""
    since: Instant | Sequence | None = None
    """Also send what was told since this time or after this `sequence`, of the last 30 days."""
    reverse_unsubscribe: bool = False
    """Send one DELETE to the target when the hook is deleted here or disabled for its failures, as Zapier takes it."""


class HookOut(msgspec.Struct):
    """A hook, without its secret."""

    id: str
    """The hook's id."""
    target_url: str
    """Where events are posted to."""
    triggers: list[str]
    """What it is told of."""
    filter: dict[str, Any]
    """Which of their events."""
    description: str | None
    """A note of your own."""
    status: HookStatus
    """Whether it is told of events."""
    status_reason: str | None
    """Why it is disabled; of an active hook, which of its triggers are not offered now; null: all is well."""
    failing_since: Instant | None
    """When the first failure since the last success was."""
    last_success_at: Instant | None
    """When an event was taken last."""
    created_at: Instant
    """When it was made."""
    payload: HookPayload
    """How much of an event is sent."""
    format: HookFormat
    """The shape of what is sent."""
    max_per_minute: int | None
    """Requests that the target takes in a minute; null: as they come."""
    expires_at: Instant | None
    """When it expires; null: never."""
    expiration_date: Instant | None
    """The same as `expires_at`, by the name that Zapier looks for."""
    reverse_unsubscribe: bool
    """Whether the target is sent a DELETE when the hook is dropped."""


class HookMade(HookOut):
    """A hook as it is answered when it is made: with its secret."""

    secret: str
    """Signs what is sent (Standard Webhooks). Read it again at GET /hooks/{id}/secret."""


def hook_made(hook: Hook, secret: str) -> HookMade:
    """A hook as it is answered when it is made."""
    return HookMade(**msgspec.structs.asdict(shaped(HookOut, hook)), secret=secret)


class SecretOut(msgspec.Struct):
    """A hook's secret."""

    secret: str
    """Signs what is sent (Standard Webhooks)."""


class RotatedOut(msgspec.Struct):
    """A hook's new secret."""

    secret: str
    """Signs what is sent from now on."""
    previous_until: Instant
    """Until then each delivery is signed with the secret before this one, too."""


class SpanIn(msgspec.Struct, forbid_unknown_fields=True):
    """A span of time, its ends included."""

    since: Instant
    """The beginning."""
    until: Instant | None = None
    """Left out: until now."""


class SpanOut(msgspec.Struct):
    """What is sent again: it is queued in the background, and shows in /deliveries."""

    hook_id: str
    """Whose it is."""
    since: Instant
    """The beginning."""
    until: Instant
    """The end."""


class DeliveryOut(msgspec.Struct):
    """One event for one hook."""

    id: str
    """The delivery's id."""
    hook_id: str
    """The hook it is for."""
    event_id: str
    """The event it is of."""
    trigger: str
    """The event's trigger."""
    status: DeliveryStatus
    """How far it is."""
    attempts: int
    """How often it was tried by itself."""
    created_at: Instant
    """When it was queued."""
    next_attempt_at: Instant | None
    """When it is tried next."""
    delivered_at: Instant | None
    """When it was taken."""
    last_attempt_at: Instant | None
    """When it was sent last, by itself or by hand; null: not yet."""
    last_status_code: int | None
    """What was answered then; null where no answer came."""
    last_error: str | None
    """Why none came."""


class ResentOut(DeliveryOut):
    """A delivery that is sent once more, as it is before."""

    attempt_number: int
    """What GET /deliveries/{id}/attempts will call it; asked for again before it was made, it is the same one."""


def resent(delivery: TriedDelivery, number: int) -> ResentOut:
    """What a resend is answered with."""
    return ResentOut(**msgspec.structs.asdict(shaped(DeliveryOut, delivery)), attempt_number=number)


class AttemptOut(msgspec.Struct):
    """One HTTP request."""

    number: int
    """Which attempt it was; those by hand count from 11."""
    at: Instant
    """When it was made."""
    duration_ms: int
    """How long it took."""
    manual: bool
    """Whether it was asked for by hand."""
    status_code: int | None
    """The receiver's answer; null where none came."""
    error: str | None
    """Why none came."""
    response_body: str | None
    """The beginning of the answer."""
