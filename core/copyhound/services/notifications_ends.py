"""Notifications whose lists are gone."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from copyhound.domain.errors import CopyhoundError
from copyhound.domain.notifications import Notification
from copyhound.domain.paging import items_of
from copyhound.domain.repositories import UnitOfWork
from copyhound.services.hook_ends import all_gone

ALL_GONE: Final = "All of its lists are deleted: name others in list_ids, then set active to true."
_PAGE: Final = 200


async def pause_without_lists(uow: UnitOfWork, workspace_id: str, list_id: str) -> None:
    """A list is gone: pause the notifications that told of it and of no other list that is there.

    All notifications of the workspace are read for it. Whoever makes or changes one meanwhile is waited for by
    `HookRepository.lists_go`, which comes first.
    """
    for notification_id in await _telling(uow, workspace_id, list_id):
        found = await uow.notifications.get(workspace_id, notification_id)
        if found is not None and await all_gone(uow, workspace_id, found.list_ids):
            paused = msgspec.structs.replace(found, active=False, last_error=ALL_GONE, retry_at=None)
            await uow.notifications.save(paused)


async def with_lists(uow: UnitOfWork, before: Notification, changed: Notification) -> Notification:
    """A changed notification, without the error where it has lists again.

    CopyhoundError conflict where it shall go on and all of its lists are gone.
    """
    if changed.active and not before.active and await all_gone(uow, changed.workspace_id, changed.list_ids):
        raise CopyhoundError("conflict", ALL_GONE)
    cured = changed.last_error == ALL_GONE and changed.list_ids != before.list_ids
    cleared: dict[str, Any] = {"last_error": None} if cured else {}
    return msgspec.structs.replace(changed, **cleared)


async def _telling(uow: UnitOfWork, workspace_id: str, list_id: str) -> list[str]:
    notifications = items_of(lambda cursor: uow.notifications.page(workspace_id, cursor=cursor, limit=_PAGE))
    return [one.id async for one in notifications if list_id in one.list_ids]
