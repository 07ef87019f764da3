"""Notifications: who is told of new domains, how often, and what stands in one."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

from copyhound.domain.lists import TimeOfDay

Zone = Annotated[str, msgspec.Meta(max_length=64)]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


class DigestFormat(StrEnum):
    """How a digest is written."""

    htmlsummary = "htmlsummary"
    """A page with a row for each domain and list: thumbnail, copy, page, overlay."""
    textsummary = "textsummary"
    """One line: how many, and which."""
    jsontextsummary = "jsontextsummary"
    """The same line as `message` in JSON."""
    jsonsummary = "jsonsummary"
    """How many, and which, in JSON."""
    jsonfull = "jsonfull"
    """For each image the domains on which it was found, in JSON."""
    json = "json"
    """All that the page tells, for machines."""
    csv = "csv"
    """A row for each image on each domain."""


class DigestSchedule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When a notification is due: every so many days, on days of the week, or every so many hours."""

    days: Annotated[int, msgspec.Meta(ge=1, le=365)] = 1
    at: TimeOfDay = "08:00"
    """Local time of day."""
    timezone: Zone = "UTC"
    """IANA name, such as Europe/Berlin."""
    weekdays: Annotated[tuple[Weekday, ...], msgspec.Meta(max_length=7)] = ()
    """Only on these days of the week; `days` is 1 then."""
    hours: Literal[1, 2, 3, 4, 6, 8, 12] | None = None
    """Every so many hours, counted from `at`, and not once a day; `days` is 1 then."""


class QuietHours(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When nothing is sent. What falls due in them goes out at their end, in one message."""

    start: TimeOfDay = "22:00"
    """Local time of day."""
    end: TimeOfDay = "07:00"
    """Local time of day; of the next day where it is before `start`."""
    timezone: Zone | None = None
    """IANA name; null: that of the schedule."""


class Notification(msgspec.Struct, frozen=True):
    """Who is told of the new domains of some lists."""

    id: str
    workspace_id: str
    list_ids: tuple[str, ...]
    """Empty: all lists, also those that are made later."""
    filter: Any
    """In the filter language, as it was sent; None: all."""
    schedule: DigestSchedule
    notifier: str
    target: dict[str, Any]
    """Whom to tell, as it may be shown: secrets are `***`."""
    sealed_target: bytes
    """Whom to tell, encrypted; only sending opens it."""
    format: DigestFormat
    created_at: datetime
    next_at: datetime
    after: int
    """Sequence number of the last event that was told, or that was there when it was made."""
    number: int = 0
    """For interfaces that count; 0 until it is kept."""
    last_slot_at: datetime | None = None
    """When it was last due, whether or not there was anything to tell."""
    last_sent_at: datetime | None = None
    last_error: str | None = None
    """Why the last attempt failed; None where it did not."""
    quiet_hours: QuietHours | None = None
    slot_at: datetime | None = None
    """When it is due by its schedule; `next_at` is later where that lies in quiet hours."""
    telling: str | None = None
    """The slot that was claimed last: only its job may tell."""
    busy_until: datetime | None = None
    """A job is telling, or died in it; until then no slot is claimed."""
    new_domains_only: bool = True
    """Only domains that are new to a list are told; else every new copy."""
    active: bool = True
    """False: it is paused. Its slots pass, and nothing is told."""
    retry_at: datetime | None = None
    """When what failed, or was held on its way, is tried again; None where it is not."""


class NewNotification(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a notification is made of."""

    notifier: str
    target: dict[str, Any]
    """Whom to tell; each notifier has its own fields."""
    list_ids: tuple[str, ...] = ()
    """Empty: all lists, also those that are made later."""
    filter: Any = None
    """In the filter language: which copies count."""
    schedule: DigestSchedule = DigestSchedule()
    format: DigestFormat = DigestFormat.htmlsummary
    quiet_hours: QuietHours | None = None
    new_domains_only: bool = True
    """False: every new copy is told, also on domains that are known."""
    active: bool = True
    """False: nothing is told before it is set true."""


class NotificationChanges(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What is to be different; what is left out stays. A target is replaced as a whole."""

    notifier: str | UnsetType = UNSET
    target: dict[str, Any] | UnsetType = UNSET
    list_ids: tuple[str, ...] | UnsetType = UNSET
    filter: Any | UnsetType = UNSET
    schedule: DigestSchedule | UnsetType = UNSET
    format: DigestFormat | UnsetType = UNSET
    quiet_hours: QuietHours | None | UnsetType = UNSET
    new_domains_only: bool | UnsetType = UNSET
    active: bool | UnsetType = UNSET


class CheckedTarget(msgspec.Struct, frozen=True):
    """Whom to tell, checked by the notifier that knows it."""

    values: dict[str, Any]
    shown: dict[str, Any]
    """The same, secrets as `***`."""
    urls: tuple[str, ...]
    """The addresses in it that would be visited."""


class FoundCopy(msgspec.Struct, frozen=True):
    """A found copy in a digest."""

    match_id: str
    image_id: str
    image_number: int
    image_name: str
    image_url: str
    """Where the copy lies."""
    page_url: str | None
    page_title: str | None
    confidence: float | None
    score: float | None
    match_type: str | None
    first_seen: datetime
    overlay_url: str | None
    thumbnail_url: str | None


class FoundDomain(msgspec.Struct, frozen=True):
    """A domain that is new to a list, or has new copies, with those on it, best first."""

    domain: str
    list_id: str
    list_label: str
    found_at: datetime
    copies: tuple[FoundCopy, ...]
    list_number: int = 0
    """For interfaces that count."""
    total: int | None = None
    """How many copies are told of it, where they were counted: `copies` has no more than some."""

    @property
    def count(self) -> int:
        """How many copies there are, as far as they were counted."""
        return len(self.copies) if self.total is None else self.total


class Digest(msgspec.Struct, frozen=True):
    """What one notification tells."""

    id: str
    """The same for the same notification and the same happenings."""
    notification_id: str
    domains: tuple[FoundDomain, ...]
    """In the order in which they were found; a domain that is new to two lists is there twice."""
    url: str | None = None
    """A page with all of it, that opens without a key."""
    new_domains_only: bool = True
    """False: it tells every new copy, and `domains` are those on which they are."""
    test: bool = False
    """A sample, and says so wherever its format has room for that."""

    @property
    def names(self) -> list[str]:
        """Each domain once."""
        return list(dict.fromkeys(found.domain for found in self.domains))
