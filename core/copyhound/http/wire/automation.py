"""Triggers, actions, hooks and deliveries."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from copyhound.domain.hooks import DeliveryStatus, Hook, HookFormat, HookPayload, HookStatus
from copyhound.http.wire.common import Instant, shaped
from copyhound.services.hooks import HookFilter, PerMinute, TriggerKeys

TargetUrl = Annotated[str, msgspec.Meta(min_length=1, max_length=2000)]
Sequence = Annotated[int, msgspec.Meta(ge=0, lt=2**53)]
Description = Annotated[str, msgspec.Meta(max_length=500)]


class EventsOut(msgspec.Struct):
    """Events after a cursor, oldest first. Keep `cursor`: it never expires, and asks for what comes next."""

    items: list[dict[str, Any]]
    cursor: str
    more: bool
    """There is more to be had at once."""


class HookIn(msgspec.Struct, forbid_unknown_fields=True):
    """A subscription. The same target, triggers and filter again give the hook that is there."""

    target_url: TargetUrl
    triggers: TriggerKeys
    """Keys of `GET /triggers`."""
    filter: HookFilter = HookFilter()
    description: Description | None = None
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
    target_url: str
    triggers: list[str]
    filter: dict[str, Any]
    description: str | None
    status: HookStatus
    status_reason: str | None
    failing_since: Instant | None
    last_success_at: Instant | None
    created_at: Instant
    payload: HookPayload
    format: HookFormat
    max_per_minute: int | None
    expires_at: Instant | None
    expiration_date: Instant | None
    """The same as `expires_at`, by the name that Zapier looks for."""
    reverse_unsubscribe: bool


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


class RotatedOut(msgspec.Struct):
    """A hook's new secret."""

    secret: str
    previous_until: Instant
    """Until then each delivery is signed with the secret before this one, too."""


class SpanIn(msgspec.Struct, forbid_unknown_fields=True):
    """A span of time, its ends included."""

    since: Instant
    until: Instant | None = None
    """Left out: until now."""


class SpanOut(msgspec.Struct):
    """What is sent again: it is queued in the background, and shows in /deliveries."""

    hook_id: str
    since: Instant
    until: Instant


class DeliveryOut(msgspec.Struct):
    """One event for one hook."""

    id: str
    hook_id: str
    event_id: str
    trigger: str
    status: DeliveryStatus
    attempts: int
    created_at: Instant
    next_attempt_at: Instant | None
    delivered_at: Instant | None


class AttemptOut(msgspec.Struct):
    """One HTTP request."""

    number: int
    at: Instant
    duration_ms: int
    manual: bool
    status_code: int | None
    error: str | None
    response_body: str | None
