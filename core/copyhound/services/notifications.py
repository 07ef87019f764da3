"""Notifications: made, changed, looked at, tried."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from msgspec import UNSET

from copyhound.domain.errors import CopyhoundError
from copyhound.domain.hosts import reached_by
from copyhound.domain.ids import new_id
from copyhound.domain.notifications import CheckedTarget, NewNotification, Notification, NotificationChanges
from copyhound.domain.repositories import PageOf, UnitOfWork
from copyhound.domain.workspaces import Caller
from copyhound.services.hook_ends import lists_exist
from copyhound.services.kit import Kit
from copyhound.services.limits import LimitService
from copyhound.services.notifications_copies import filter_of
from copyhound.services.notifications_digest import gather, newest_event, sample
from copyhound.services.notifications_ends import with_lists
from copyhound.services.notifications_page import DigestLink, check_link
from copyhound.services.notifications_rendering import Rendered, page_of, render
from copyhound.services.notifications_schedule import changed_due, first_due
from copyhound.services.notifications_sending import Notifiers, opened_target, tell
from copyhound.services.repeating import id_for, is_same

_MAX_LISTS: Final = 1000
HIDDEN: Final = "***"
"""What is shown in place of a secret."""
_MOST_TESTS: Final = 10
"""In a minute and a workspace: whoever is written to need not have asked for it."""


class Trial(msgspec.Struct, frozen=True):
    """What came of a test message."""

    ok: bool
    error: str | None = None


class NotificationService:
    """Notifications of a workspace."""

    def __init__(self, kit: Kit, notifiers: Notifiers, limits: LimitService) -> None:
        self._kit, self._notifiers, self._limits = kit, notifiers, limits

    async def create(self, caller: Caller, new: NewNotification, *, key: str | None = None) -> Notification:
        """Tells of what is found from now on; for the first time at the next `at`.

        With the same `key` within a day: the notification that was made then.
        Raises CopyhoundError invalid_request, plugin_unknown, settings_invalid, url_invalid, url_forbidden.
        """
        now = self._kit.now()
        target = self._target(new.notifier, new.target)
        made = Notification(
            id=id_for("ntf", caller.workspace_id, key),
            workspace_id=caller.workspace_id,
            list_ids=_each_once(new.list_ids),
            filter=check_filter(new.filter),
            schedule=new.schedule,
            notifier=new.notifier,
            target=target.shown,
            sealed_target=self._sealed(target),
            format=new.format,
            created_at=now,
            after=0,
            quiet_hours=new.quiet_hours,
            new_domains_only=new.new_domains_only,
            active=new.active,
            **first_due(self._kit, new.schedule, new.quiet_hours),
        )
        async with self._kit.units() as uow:
            await uow.hooks.lists_stay(caller.workspace_id)
            begun = await uow.notifications.get(caller.workspace_id, made.id) if key is not None else None
            if begun is not None and is_same(begun.created_at, now):
                return begun
            if begun is not None:
                made = msgspec.structs.replace(made, id=new_id("ntf"))
            await lists_exist(uow, caller.workspace_id, made.list_ids, "list_ids")
            after = await newest_event(uow, caller.workspace_id, new_domains_only=False)
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
        """A new schedule counts from the last time that it was due: never twice a day.

        Raises as `create` does, and not_found, secret_needed, and conflict where it shall go on without its lists.
        """
        async with self._kit.units() as uow:
            await uow.hooks.lists_stay(caller.workspace_id)
            before = await _get(uow, caller, notification_id)
            changed = self._changed(before, changes)
            if changes.list_ids is not UNSET:
                await lists_exist(uow, caller.workspace_id, changed.list_ids, "list_ids")
            changed = await with_lists(uow, before, changed)
            await uow.notifications.save(changed)
        return changed

    def _changed(self, item: Notification, changes: NotificationChanges) -> Notification:
        given: dict[str, Any] = {}
        if changes.list_ids is not UNSET:
            given["list_ids"] = _each_once(changes.list_ids)
        if changes.filter is not UNSET:
            given["filter"] = check_filter(changes.filter)
        plain = {name: getattr(changes, name) for name in ("format", "new_domains_only", "active")}
        given |= {name: value for name, value in plain.items() if value is not UNSET}
        schedule = item.schedule if changes.schedule is UNSET else changes.schedule
        quiet = item.quiet_hours if changes.quiet_hours is UNSET else changes.quiet_hours
        if (schedule, quiet) != (item.schedule, item.quiet_hours):
            given |= {"schedule": schedule, "quiet_hours": quiet, **changed_due(self._kit, item, schedule, quiet)}
        if changes.notifier is not UNSET or changes.target is not UNSET:
            given |= self._aimed(item, changes)
        return msgspec.structs.replace(item, **given)

    def _aimed(self, item: Notification, changes: NotificationChanges) -> dict[str, Any]:
        notifier = item.notifier if changes.notifier is UNSET else changes.notifier
        kept = opened_target(self._kit, item)
        given = item.target if changes.target is UNSET else changes.target
        # whoever sends back what was shown keeps the secrets
        hidden = {name for name, value in given.items() if value == HIDDEN and item.target.get(name) == HIDDEN}
        if hidden and notifier != item.notifier and self._notifiers.known(notifier):
            raise _secret_needed(hidden, "another notifier")
        whole = kept if changes.target is UNSET else {**given, **{name: kept[name] for name in hidden}}
        if (notifier, whole) == (item.notifier, kept):
            return {}  # what was taken once stays, though its notifier takes less by now
        target = self._target(notifier, whole)
        if hidden and not _reached(target.urls) <= self._reached_before(notifier, kept):
            raise _secret_needed(hidden, "another address")
        return {"notifier": notifier, "target": target.shown, "sealed_target": self._sealed(target)}

    def _reached_before(self, notifier: str, kept: dict[str, Any]) -> set[tuple[str, str, int | None]]:
        try:
            return _reached(self._notifiers.target_of(notifier, kept).urls)
        except CopyhoundError:  # the notifier does not take any more what it took then
            return set()

    async def delete(self, caller: Caller, notification_id: str) -> None:
        """Nothing is sent any more, not even what is being tried again. Raises CopyhoundError not_found."""
        async with self._kit.units() as uow:
            if not await uow.notifications.delete(caller.workspace_id, notification_id):
                raise _missing(notification_id)

    async def preview(self, caller: Caller, notification_id: str) -> Rendered:
        """What would be sent now; nothing is sent, and nothing counts as told."""
        async with self._kit.units.read() as uow:
            found = await _get(uow, caller, notification_id)
            until = await newest_event(uow, caller.workspace_id, new_domains_only=found.new_domains_only)
            digest, _ = await gather(self._kit, uow, found, until)
        return render(digest, found.format)

    async def opened(self, link: DigestLink, signature: str) -> str:
        """All that a digest told, as a page, for who has its link; copies that are gone since are left out.

        Raises CopyhoundError unauthorized, not_found.
        """
        check_link(self._kit, link, signature)
        async with self._kit.units.read() as uow:
            found = await uow.notifications.get(link.workspace_id, link.notification_id)
            if found is None:
                raise _missing(link.notification_id)
            told = msgspec.structs.replace(found, after=link.after)
            digest, _ = await gather(self._kit, uow, told, link.until)
        return page_of(digest)

    async def test(self, caller: Caller, notification_id: str) -> Trial:
        """Send a sample now, once; nothing counts as told. CopyhoundError too_many_requests: some a minute do."""
        found = await self.get(caller, notification_id)
        await self._limits.count(caller.workspace_id, "notification_test", most=_MOST_TESTS, seconds=60)
        digest = sample(self._kit.now(), new_domains_only=found.new_domains_only)
        error = await tell(self._kit, self._notifiers, found, digest)
        return Trial(error is None, error)

    def _target(self, notifier: str, values: dict[str, Any]) -> CheckedTarget:
        target = self._notifiers.target_of(notifier, values)
        for url in target.urls:
            self._kit.check_url(url)
        return target

    def _sealed(self, target: CheckedTarget) -> bytes:
        return self._kit.secrets.seal(msgspec.json.encode(target.values))


def _reached(urls: tuple[str, ...]) -> set[tuple[str, str, int | None]]:
    return {reached_by(url) for url in urls}


def _secret_needed(names: set[str], where: str) -> CopyhoundError:
    # a key that may write could otherwise have a secret sent to itself that it may not read
    told = f"A kept secret is not sent to {where}: give {', '.join(sorted(names))} of the target anew."
    return CopyhoundError("secret_needed", told)


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


async def _get(uow: UnitOfWork, caller: Caller, notification_id: str) -> Notification:
    found = await uow.notifications.get(caller.workspace_id, notification_id)
    if found is None:
        raise _missing(notification_id)
    return found


def _missing(notification_id: str) -> CopyhoundError:
    return CopyhoundError("not_found", f"There is no notification {notification_id}.")
