"""Notifications, as clients see them."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import UNSET, UnsetType

from copyhound.domain.notifications import DigestFormat, DigestSchedule, Notification, QuietHours
from copyhound.http.wire.common import Instant, shaped

Notifier = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
ListIds = Annotated[tuple[Annotated[str, msgspec.Meta(max_length=64)], ...], msgspec.Meta(max_length=1000)]


class NotificationIn(msgspec.Struct, forbid_unknown_fields=True):
    """Who is to be told of the new domains, or of all new copies, of some lists."""

    notifier: Notifier
    """`email`, `webhook`, or another of GET /plugins."""
    target: dict[str, Any]
    """Whom to tell, in the notifier's own fields: `{"to": ["me@example.com"]}`, `{"url": "https://..."}`."""
    list_ids: ListIds = ()
    """Empty: all lists, also those that are made later."""
    filter: Any = None
    """In the filter language: which copies count. Null: all."""
    schedule: DigestSchedule = DigestSchedule()
    format: DigestFormat = DigestFormat.htmlsummary
    quiet_hours: QuietHours | None = None
    """When nothing is sent: what falls due in them goes out at their end."""
    new_domains_only: bool = True
    """True: domains on which copies were found for the first time. False: every new copy, also on known domains."""
    active: bool = True
    """False: nothing is told before it is set true; what was found meanwhile comes with the first message then."""


class NotificationChangesIn(msgspec.Struct, forbid_unknown_fields=True):
    """What is to be different; what is left out stays. A target is replaced as a whole."""

    notifier: Notifier | UnsetType = UNSET
    target: dict[str, Any] | UnsetType = UNSET
    list_ids: ListIds | UnsetType = UNSET
    filter: Any | UnsetType = UNSET
    schedule: DigestSchedule | UnsetType = UNSET
    format: DigestFormat | UnsetType = UNSET
    quiet_hours: QuietHours | None | UnsetType = UNSET
    new_domains_only: bool | UnsetType = UNSET
    active: bool | UnsetType = UNSET
    """False pauses it; true lets it tell again, beginning with what was found meanwhile."""


class NotificationOut(msgspec.Struct):
    """A notification; secrets in its target are `***`."""

    id: str
    number: int
    list_ids: list[str]
    filter: Any
    schedule: DigestSchedule
    notifier: str
    target: dict[str, Any]
    format: DigestFormat
    created_at: Instant
    next_at: Instant
    """When it is due next, or the end of the quiet hours after that: sent then, if it is active and anything is new."""
    last_sent_at: Instant | None
    quiet_hours: QuietHours | None
    new_domains_only: bool
    """Whether only new domains are told, or every new copy."""
    last_error: str | None
    """Why the last attempt failed; null where it did not."""
    active: bool
    """False: it is paused."""
    retry_at: Instant | None
    """When what failed is tried again, before `next_at`; null where it waits for `next_at`, or nothing has failed."""


def notification_out(notification: Notification) -> NotificationOut:
    """As it is shown: while it is paused nothing is tried again."""
    out = shaped(NotificationOut, notification)
    return out if out.active else msgspec.structs.replace(out, retry_at=None)


class TrialOut(msgspec.Struct):
    """What came of a test message."""

    ok: bool
    error: str | None


class PreviewOut(msgspec.Struct):
    """What would be sent now."""

    title: str
    text: str
    body: str
    content_type: str
