"""Notifications: made, changed, and sent when they are due.

Each due time is a slot, claimed by moving it on; what was told is kept as a sequence number of the event log, moved on
when it was sent. So two servers tell once, and what could not be sent is told with the next one.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, Protocol
from zoneinfo import ZoneInfo

import msgspec
from msgspec import UNSET

from copyhound.domain.errors import CopyhoundError
from copyhound.domain.ids import new_id
from copyhound.domain.lists import Schedule
from copyhound.domain.notifications import (
    CheckedTarget,
    Digest,
    DigestSchedule,
    NewNotification,
    Notification,
    NotificationChanges,
)
from copyhound.domain.repositories import PageOf, UnitOfWork
from copyhound.domain.workspaces import Caller
from copyhound.plugin_api import Notice
from copyhound.services.kit import Kit
from copyhound.services.notifications_digest import filter_of, gather, newest_event, sample
from copyhound.services.notifications_rendering import Rendered, render

NOTIFY: Final = "notify"
NOTIFICATIONS: Final = "notifications"
DELAYS: Final = (0.0, 60.0, 600.0, 3600.0)
"""Seconds before attempt 1, 2, 3, 4: three retries, all within the day."""
_BATCH: Final = 100
_MAX_LISTS: Final = 1000
_log = logging.getLogger(__name__)


class Notifiers(Protocol):
    """The notifiers, behind their guard (`plugin_host`)."""

    def target_of(self, notifier: str, values: Mapping[str, Any]) -> CheckedTarget:
        """Raises CopyhoundError `plugin_unknown`, `settings_invalid`."""

    async def notify(self, notifier: str, notice: Notice, target: Mapping[str, Any], *, workspace_id: str) -> None:
        """Tells one target, once. Raises CopyhoundError."""


class Trial(msgspec.Struct, frozen=True):
    """What came of a test message."""

    ok: bool
    error: str | None = None


class NotificationService:
    """Notifications of a workspace."""

    def __init__(self, kit: Kit, notifiers: Notifiers) -> None:
        self._kit, self._notifiers = kit, notifiers

    async def create(self, caller: Caller, new: NewNotification) -> Notification:
        """Tells of what is found from now on; for the first time at the next `at`.

        Raises CopyhoundError invalid_request, plugin_unknown, settings_invalid, url_invalid, url_forbidden.
        """
        now = self._kit.now()
        target = self._target(new.notifier, new.target)
        made = Notification(
            id=new_id("ntf"),
            workspace_id=caller.workspace_id,
            list_ids=_each_once(new.list_ids),
            filter=check_filter(new.filter),
            schedule=new.schedule,
            notifier=new.notifier,
            target=target.shown,
            sealed_target=self._sealed(target),
            format=new.format,
            created_at=now,
            next_at=self._next(new.schedule, None),
            after=0,
        )
        async with self._kit.units() as uow:
            await _lists_exist(uow, caller, made.list_ids)
            after = await newest_event(uow, caller.workspace_id)
            return await uow.notifications.add(msgspec.structs.replace(made, after=after))

    async def get(self, caller: Caller, notification_id: str) -> Notification:
        async with self._kit.units.read() as uow:
            return await _get(uow, caller, notification_id)

    async def by_number(self, caller: Caller, number: int) -> Notification:
        """The same, for interfaces that count."""
        async with self._kit.units.read() as uow:
            found = await uow.notifications.by_number(caller.workspace_id, number)
        if found is None:
            raise CopyhoundError("not_found", f"There is no notification {number}.")
        return found

    async def page(self, caller: Caller, *, cursor: str | None = None, limit: int = 50) -> PageOf:
        async with self._kit.units.read() as uow:
            return await uow.notifications.page(caller.workspace_id, cursor=cursor, limit=limit)

    async def update(self, caller: Caller, notification_id: str, changes: NotificationChanges) -> Notification:
        """Raises as `create` does. A new schedule counts from the last time that it was due: never twice a day."""
        async with self._kit.units() as uow:
            changed = self._changed(await _get(uow, caller, notification_id), changes)
            if changes.list_ids is not UNSET:
                await _lists_exist(uow, caller, changed.list_ids)
            await uow.notifications.save(changed)
        return changed

    def _changed(self, item: Notification, changes: NotificationChanges) -> Notification:
        given: dict[str, Any] = {}
        if changes.list_ids is not UNSET:
            given["list_ids"] = _each_once(changes.list_ids)
        if changes.filter is not UNSET:
            given["filter"] = check_filter(changes.filter)
        if changes.format is not UNSET:
            given["format"] = changes.format
        if changes.schedule is not UNSET and changes.schedule != item.schedule:
            given["schedule"] = changes.schedule
            given["next_at"] = self._next(changes.schedule, item.last_slot_at, item.last_slot_at)
        if changes.notifier is not UNSET or changes.target is not UNSET:
            given |= self._aimed(item, changes)
        return msgspec.structs.replace(item, **given)

    def _aimed(self, item: Notification, changes: NotificationChanges) -> dict[str, Any]:
        notifier = item.notifier if changes.notifier is UNSET else changes.notifier
        target = self._target(notifier, self._opened(item) if changes.target is UNSET else changes.target)
        return {"notifier": notifier, "target": target.shown, "sealed_target": self._sealed(target)}

    async def delete(self, caller: Caller, notification_id: str) -> None:
        """Nothing is sent any more, not even what is being tried again. Raises CopyhoundError not_found."""
        async with self._kit.units() as uow:
            if not await uow.notifications.delete(caller.workspace_id, notification_id):
                raise _missing(notification_id)

    async def preview(self, caller: Caller, notification_id: str) -> Rendered:
        """What would be sent now; nothing is sent, and nothing counts as told."""
        async with self._kit.units.read() as uow:
            found = await _get(uow, caller, notification_id)
            digest, _ = await gather(self._kit, uow, found, await newest_event(uow, caller.workspace_id))
        return render(digest, found.format)

    async def test(self, caller: Caller, notification_id: str) -> Trial:
        """Send a sample now, once; nothing counts as told."""
        found = await self.get(caller, notification_id)
        error = await self._tell(found, sample(self._kit.now()), prefix="Test: ")
        return Trial(error is None, error)

    async def send_due(self) -> int:
        """Queue what is due and has something new to tell; how many were queued here."""
        async with self._kit.units.read() as uow:
            due = await uow.notifications.due(self._kit.now(), _BATCH)
        return sum([await self._claim(notification) for notification in due])

    async def _claim(self, notification: Notification) -> bool:
        slot, now = notification.next_at, self._kit.now()
        async with self._kit.units() as uow:
            following = self._next(notification.schedule, slot, now)
            if not await uow.notifications.claim_slot(notification.id, slot, following, now):
                return False
            until = await newest_event(uow, notification.workspace_id)
            if until <= notification.after:
                return False
            await self._queue(uow, notification, slot.isoformat(), until, 1)
        return True

    async def _queue(self, uow: UnitOfWork, notification: Notification, slot: str, until: int, number: int) -> None:
        arguments = (notification.workspace_id, notification.id, slot, until, number)
        job_id = f"{NOTIFY}:{notification.id}:{slot}:{number}"
        await uow.jobs.enqueue(NOTIFY, *arguments, id=job_id, queue=NOTIFICATIONS, delay=DELAYS[number - 1])

    async def send(self, workspace_id: str, notification_id: str, slot: str, until: int, number: int) -> dict[str, Any]:
        """The job's first step: tell what is new, once. {} where there is nothing to do."""
        async with self._kit.units.read() as uow:
            found = await uow.notifications.get(workspace_id, notification_id)
            if found is None or found.after >= until:
                return {}
            digest, reached = await gather(self._kit, uow, found, until)
        error = await self._tell(found, digest) if digest.domains else None
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
            if found is None or found.after >= until:
                return
            error = answer["error"]
            if error is None:
                sent = self._kit.now() if answer["sent"] else found.last_sent_at
                told = msgspec.structs.replace(found, after=answer["after"], last_sent_at=sent, last_error=None)
                await uow.notifications.save(told)
                return
            await uow.notifications.save(msgspec.structs.replace(found, last_error=error))
            if number < len(DELAYS):
                await self._queue(uow, found, slot, until, number + 1)
        _log.warning("attempt %d of %s failed: %s", number, notification_id, error)

    async def broke(self, *arguments: Any) -> None:
        """The job itself broke: it counts as an attempt that failed."""
        *these, reason = arguments
        await self.settle(*these, {"after": 0, "sent": False, "error": reason})

    async def _tell(self, notification: Notification, digest: Digest, prefix: str = "") -> str | None:
        """Why it could not be told; None where it was."""
        rendered = render(digest, notification.format)
        notice = Notice(
            title=prefix + rendered.title,
            text=prefix + rendered.text,
            events=(),
            id=digest.id,
            html=rendered.html,
            body=rendered.body,
            content_type=rendered.content_type,
        )
        try:
            await self._notifiers.notify(
                notification.notifier, notice, self._opened(notification), workspace_id=notification.workspace_id
            )
        except CopyhoundError as error:
            return f"{error.code}: {error.detail}"
        return None

    def _target(self, notifier: str, values: dict[str, Any]) -> CheckedTarget:
        target = self._notifiers.target_of(notifier, values)
        for url in target.urls:
            self._kit.check_url(url)
        return target

    def _sealed(self, target: CheckedTarget) -> bytes:
        return self._kit.secrets.seal(msgspec.json.encode(target.values))

    def _opened(self, notification: Notification) -> dict[str, Any]:
        opened: dict[str, Any] = msgspec.json.decode(self._kit.secrets.open(notification.sealed_target))
        return opened

    def _next(self, schedule: DigestSchedule, series: datetime | None, told_at: datetime | None = None) -> datetime:
        """When it is due next; not on the day, where it is read, of `told_at`."""
        if not 1 <= schedule.days <= 365:
            raise CopyhoundError("invalid_request", "A notification is sent at most once a day: days is 1 to 365.")
        plain = Schedule(days=schedule.days, at=schedule.at, timezone=schedule.timezone)
        due = self._kit.calendar.next_after(plain, self._kit.now(), series)
        zone = ZoneInfo(schedule.timezone)
        if told_at is not None and due.astimezone(zone).date() == told_at.astimezone(zone).date():
            return self._kit.calendar.next_after(plain, due, series)
        return due


def check_filter(wanted: Any) -> Any:
    """A filter as it is kept. Raises CopyhoundError invalid_request for one that cannot be read."""
    if wanted in (None, "", {}):
        return None
    filter_of(wanted)
    return wanted


def _each_once(list_ids: tuple[str, ...]) -> tuple[str, ...]:
    if len(list_ids) > _MAX_LISTS:
        raise CopyhoundError("invalid_request", f"At most {_MAX_LISTS} lists; name none for all.")
    return tuple(dict.fromkeys(list_ids))


async def _lists_exist(uow: UnitOfWork, caller: Caller, list_ids: tuple[str, ...]) -> None:
    for list_id in list_ids:
        if await uow.lists.get(caller.workspace_id, list_id) is None:
            raise CopyhoundError("invalid_request", f"The notification names a list that is not there: {list_id}.")


async def _get(uow: UnitOfWork, caller: Caller, notification_id: str) -> Notification:
    found = await uow.notifications.get(caller.workspace_id, notification_id)
    if found is None:
        raise _missing(notification_id)
    return found


def _missing(notification_id: str) -> CopyhoundError:
    return CopyhoundError("not_found", f"There is no notification {notification_id}.")
