"""Notifications that are due are sent.

Each due time is a slot, claimed by moving it on; what was told is kept as a sequence number of the event log, moved on
when it was sent. So two servers tell once, and what could not be sent is told with the next one. Only the job of the
slot that was claimed last tells, and no slot is claimed while it does: none tells what another one tells already.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

import msgspec

from copyhound.domain.errors import CopyhoundError
from copyhound.domain.ids import new_id
from copyhound.domain.notifications import CheckedTarget, Digest, Notification
from copyhound.domain.repositories import UnitOfWork
from copyhound.plugin_api import Notice
from copyhound.services.kit import Kit
from copyhound.services.notifications_digest import gather, newest_event
from copyhound.services.notifications_ends import ALL_GONE
from copyhound.services.notifications_pictures import pictures_of
from copyhound.services.notifications_rendering import render
from copyhound.services.notifications_schedule import next_slot, released

NOTIFY: Final = "notify"
NOTIFICATIONS: Final = "notifications"
DELAYS: Final = (0.0, 60.0, 600.0, 3600.0)
"""Seconds before attempt 1, 2, 3, 4: three retries, all within the day."""
_BATCH: Final = 100
_LEASE: Final = timedelta(minutes=5)
"""How long a job that died keeps the next slot waiting; longer than any notifier takes."""
_log = logging.getLogger(__name__)


class Notifiers(Protocol):
    """The notifiers, behind their guard (`plugin_host`)."""

    def known(self, name: str) -> bool:
        """Whether anybody offers it."""

    def target_of(self, notifier: str, values: Mapping[str, Any]) -> CheckedTarget:
        """Raises CopyhoundError `plugin_unknown`, `settings_invalid`."""

    async def notify(self, notifier: str, notice: Notice, target: Mapping[str, Any], *, workspace_id: str) -> None:
        """Tells one target, once. Raises CopyhoundError."""


class NotifyingService:
    """What the clock and the jobs do with notifications."""

    def __init__(self, kit: Kit, notifiers: Notifiers) -> None:
        self._kit, self._notifiers = kit, notifiers
        self._looked_at: datetime | None = None

    async def send_due(self) -> int:
        """Queue what is due and has something new to tell; how many were queued here."""
        queued = 0
        await self._follow_the_clock()
        while True:
            async with self._kit.units.read() as uow:
                due = await uow.notifications.due(self._kit.now(), _BATCH)
            queued += sum([await self._claim(notification) for notification in due])
            if len(due) < _BATCH:
                return queued

    async def _follow_the_clock(self) -> None:
        """Where the clock was put back, what is due every so many hours is due by what it shows now."""
        before, now = self._looked_at, self._kit.now()
        self._looked_at = now
        if before is not None and before <= now:
            return
        async with self._kit.units.read() as uow:
            ahead = await uow.notifications.ahead(now)
        for one in ahead:
            if one.schedule.hours is not None:  # what is told once a day was told today already
                await self._put_back(one, now)

    async def _put_back(self, notification: Notification, now: datetime) -> None:
        slot_at = self._following(notification, now)
        times = {"slot_at": slot_at, "next_at": _released(notification, slot_at), "last_slot_at": now}
        async with self._kit.units() as uow:
            found = await uow.notifications.get(notification.workspace_id, notification.id)
            if found is not None and found.next_at == notification.next_at and times["next_at"] < found.next_at:
                await uow.notifications.save(msgspec.structs.replace(found, **times))

    async def _claim(self, notification: Notification) -> bool:
        due_at, now = notification.next_at, self._kit.now()
        if (quiet_until := _released(notification, now)) > now:
            async with self._kit.units() as uow:
                await uow.notifications.hold(notification.id, due_at, quiet_until)
            return False
        # the same slot comes again when the clock is put back, and is another one then
        slot_at, slot = self._following(notification, now), f"{due_at.isoformat()}/{new_id('slot')}"
        times = {"slot_at": slot_at, "next_at": _released(notification, slot_at)}
        async with self._kit.units() as uow:
            if not await uow.notifications.claim_slot(notification.id, due_at, at=now, slot=slot, **times):
                return False
            until = await newest_event(uow, notification.workspace_id, new_domains_only=notification.new_domains_only)
            if until <= notification.after or not notification.active:
                return False
            await self._queue(uow, notification, slot, until, 1)
        return True

    def _following(self, notification: Notification, now: datetime) -> datetime:
        try:
            return next_slot(self._kit, notification, notification.slot_at or notification.next_at, now)
        except CopyhoundError as error:
            # a time zone that is no more must not hold up what else is due
            _log.error("%s has a schedule that cannot be kept: %s", notification.id, error)
            return now + timedelta(days=1)

    async def _queue(
        self, uow: UnitOfWork, notification: Notification, slot: str, until: int, number: int, held: str = ""
    ) -> datetime | None:
        """When the attempt is made; None where the next slot comes before it."""
        now = self._kit.now()
        at = _released(notification, now + timedelta(seconds=DELAYS[number - 1]))
        if (number > 1 or held) and at >= notification.next_at:
            return None  # the next slot tells it: two at once would tell the same
        arguments = (notification.workspace_id, notification.id, slot, until, number)
        job_id = f"{NOTIFY}:{notification.id}:{slot}:{number}{held}"
        delay = (at - now).total_seconds()
        await uow.jobs.enqueue(NOTIFY, *arguments, id=job_id, queue=NOTIFICATIONS, delay=delay)
        return at

    async def send(self, workspace_id: str, notification_id: str, slot: str, until: int, number: int) -> dict[str, Any]:
        """The job's first step: tell what is new, once. {} where there is nothing to do."""
        now = self._kit.now()
        async with self._kit.units() as uow:
            found = await uow.notifications.get(workspace_id, notification_id)
            if found is None or not _is_for(found, slot, until):
                return {}
            if not found.active:  # paused meanwhile: the first slot after that tells it
                await uow.notifications.save(msgspec.structs.replace(found, retry_at=None))
                return {}
            if _released(found, now) > now:
                return {"quiet": True}
            await uow.notifications.save(msgspec.structs.replace(found, busy_until=now + _LEASE))
        async with self._kit.units.read() as uow:
            digest, reached = await gather(self._kit, uow, found, until)
        error = await tell(self._kit, self._notifiers, found, digest) if digest.domains else None
        return {"after": reached, "sent": bool(digest.domains) and error is None, "error": error}

    async def settle(
        self, workspace_id: str, notification_id: str, slot: str, until: int, number: int, answer: dict[str, Any]
    ) -> None:
        """The job's second step: keep what was told, or queue the next attempt."""
        if not answer:
            return
        async with self._kit.units() as uow:
            # read again, and held: it may have been changed or deleted while the receiver thought
            found = await uow.notifications.get(workspace_id, notification_id)
            if found is None or not _is_for(found, slot, until):
                return
            if answer.get("quiet"):
                retry_at = await self._queue(uow, found, slot, until, number, f":{self._kit.now():%Y%m%d}")
                await uow.notifications.save(msgspec.structs.replace(found, retry_at=retry_at))
                return
            error = answer["error"]
            if error is None:
                sent = self._kit.now() if answer["sent"] else found.last_sent_at
                told = {"after": answer["after"], "last_sent_at": sent, "last_error": _still(found, None)}
                await uow.notifications.save(msgspec.structs.replace(found, busy_until=None, retry_at=None, **told))
                return
            again = found.active and number < len(DELAYS)
            retry_at = await self._queue(uow, found, slot, until, number + 1) if again else None
            failed = {"last_error": _still(found, error), "retry_at": retry_at}
            await uow.notifications.save(msgspec.structs.replace(found, busy_until=None, **failed))
        _log.warning("attempt %d of %s failed: %s", number, notification_id, error)

    async def broke(
        self, workspace_id: str, notification_id: str, slot: str, until: int, number: int, reason: str
    ) -> None:
        """The job itself broke: it counts as an attempt that failed."""
        answer = {"after": 0, "sent": False, "error": reason}
        await self.settle(workspace_id, notification_id, slot, until, number, answer)


def _still(notification: Notification, error: str | None) -> str | None:
    """Its lists may have been deleted while it was told: that stays the reason why it is paused."""
    return ALL_GONE if notification.last_error == ALL_GONE and not notification.active else error


async def tell(kit: Kit, notifiers: Notifiers, notification: Notification, digest: Digest) -> str | None:
    """Send a digest, once. Why it could not be told; None where it was."""
    rendered = render(digest, notification.format)
    notice = Notice(
        title=rendered.title,
        text=rendered.text,
        events=(),
        id=digest.id,
        html=rendered.html,
        body=rendered.body,
        content_type=rendered.content_type,
        url=digest.url,
        pictures=await pictures_of(kit, notification.workspace_id, digest) if rendered.html else (),
    )
    target = opened_target(kit, notification)
    try:
        await notifiers.notify(notification.notifier, notice, target, workspace_id=notification.workspace_id)
    except CopyhoundError as error:
        return f"{error.code}: {error.detail}"
    return None


def opened_target(kit: Kit, notification: Notification) -> dict[str, Any]:
    """Whom to tell, with secrets."""
    opened: dict[str, Any] = msgspec.json.decode(kit.secrets.open(notification.sealed_target))
    return opened


def _is_for(notification: Notification, slot: str, until: int) -> bool:
    """Whether the job of a slot has anything to tell: no later slot was claimed, and it was not told already."""
    return notification.after < until and notification.telling in (None, slot)


def _released(notification: Notification, moment: datetime) -> datetime:
    try:
        return released(notification.quiet_hours, notification.schedule, moment)
    except (KeyError, ValueError, OSError):  # a time zone that is no more
        return moment
