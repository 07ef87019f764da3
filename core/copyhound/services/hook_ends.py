"""Hooks that are disabled, and who is told of it."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec

from copyhound.domain.errors import CopyhoundError
from copyhound.domain.events import NewEvent
from copyhound.domain.hooks import Hook, HookStatus, WantedHooks
from copyhound.domain.ids import derived_id
from copyhound.domain.paging import items_of
from copyhound.domain.repositories import UnitOfWork
from copyhound.services.events import EventService
from copyhound.services.unsubscribing import queue_unsubscribe

LISTS_GONE: Final = "All lists of its filter are deleted: change the filter, then enable it."
_PAGE: Final = 200
_log: Final = logging.getLogger(__name__)


async def tell_disabled(events: EventService, uow: UnitOfWork, hook: Hook, now: datetime) -> None:
    """Append `hook_disabled`, in the transaction that disables the hook."""
    payload: dict[str, Any] = msgspec.to_builtins(
        {
            "hook_id": hook.id,
            "target_url": hook.target_url,
            "triggers": hook.triggers,
            "reason": hook.status_reason,
            "failing_since": hook.failing_since,
        }
    )
    _log.warning("hook %s is disabled: %s", hook.id, hook.status_reason)
    event_id = derived_id("evt", "hook_disabled", hook.id, now.isoformat())
    await events.append(uow, NewEvent(event_id, hook.workspace_id, "hook_disabled", payload))


async def lists_exist(uow: UnitOfWork, workspace_id: str, list_ids: Iterable[str], field: str) -> None:
    """CopyhoundError invalid_request, with `errors` for the field, where one of the lists is not there."""
    for number, list_id in enumerate(list_ids):
        if await uow.lists.get(workspace_id, list_id) is None:
            wrong = f"There is no list {list_id[:100]!r}"
            errors = [{"field": f"{field}[{number}]", "message": wrong}]
            raise CopyhoundError("invalid_request", f"{field}[{number}]: {wrong}.", errors=errors)


async def lists_gone(uow: UnitOfWork, hook: Hook) -> bool:
    """Whether the hook waits for lists of which none is there any more."""
    return await all_gone(uow, hook.workspace_id, hook.filter.get("list_ids", ()))


async def all_gone(uow: UnitOfWork, workspace_id: str, list_ids: Sequence[str]) -> bool:
    """Whether lists are named, and none of them is there any more."""
    for list_id in list_ids:
        if await uow.lists.get(workspace_id, list_id) is not None:
            return False
    return bool(list_ids)


async def end_without_lists(
    events: EventService, uow: UnitOfWork, workspace_id: str, list_id: str, now: datetime
) -> None:
    """A list is gone: disable the hooks that waited for it and for no other list that is there.

    All active hooks of the workspace are read for it: their filters are JSON, and lists are seldom deleted.
    """
    # whoever made a hook while the list was there has committed; whoever makes one now finds it gone
    await uow.hooks.lists_go(workspace_id)
    for hook_id in await _waiting(uow, workspace_id, list_id, now):
        hook = await uow.hooks.get(workspace_id, hook_id)
        if hook is None or hook.status is not HookStatus.active or not await lists_gone(uow, hook):
            continue
        ended = msgspec.structs.replace(hook, status=HookStatus.disabled, status_reason=LISTS_GONE)
        await uow.hooks.save(ended)
        await tell_disabled(events, uow, ended, now)
        await queue_unsubscribe(uow, ended)


async def _waiting(uow: UnitOfWork, workspace_id: str, list_id: str, now: datetime) -> list[str]:
    wanted = WantedHooks(status=HookStatus.active, now=now)
    hooks = items_of(lambda cursor: uow.hooks.page(workspace_id, wanted, cursor=cursor, limit=_PAGE))
    return [hook.id async for hook in hooks if list_id in hook.filter.get("list_ids", ())]
