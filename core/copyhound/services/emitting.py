"""Events of the triggers that plugins add: checked, appended to the same log, delivered by the same rules."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from copyhound.domain.errors import CopyhoundError
from copyhound.domain.events import Event, EventBase, NewEvent, envelope
from copyhound.domain.ids import derived_id, new_id
from copyhound.domain.repositories import UnitOfWork
from copyhound.domain.triggers import Trigger
from copyhound.services.events import EventService
from copyhound.services.grouping import Grouped
from copyhound.services.kit import Kit
from copyhound.services.triggers import TRIGGERS

Home = tuple[str, str | None]
"""The workspace and the list that an event is of."""

_MOST_BYTES: Final = 20_000
"""Standard Webhooks asks for bodies below this."""


def _refused(why: str) -> CopyhoundError:
    """What is wrong with an event stays wrong: sending it again is no help."""
    return CopyhoundError("plugin_failed", why, retryable=False)


class TriggerService:
    """Lets plugins tell what happened. `triggers` may be filled later: it is read at each call."""

    def __init__(self, kit: Kit, events: EventService, triggers: Mapping[str, Trigger]) -> None:
        self._kit, self._events, self._triggers = kit, events, triggers
        self._append = Grouped(self._append_first)

    async def emit(
        self,
        workspace_id: str,
        trigger: str,
        fields: Mapping[str, Any],
        *,
        key: str | None = None,
        list_id: str | None = None,
    ) -> str | None:
        """Append an event, and queue its deliveries; its id. None where one of that `key` was emitted before.

        CopyhoundError not_found; plugin_failed where the event is not of the trigger's payload, or the trigger is ours.
        """
        payload = self._checked(trigger, fields, workspace_id)
        event_id = new_id("evt") if key is None else derived_id("evt", trigger, workspace_id, key)
        event = await self._append(NewEvent(event_id, workspace_id, trigger, payload, list_id))
        return event.id if event else None

    async def _append_first(self, events: Sequence[NewEvent]) -> list[Event | CopyhoundError | None]:
        """In one transaction: what plugins tell while one is under way goes into the next."""
        async with self._kit.units() as uow:
            gone = await _gone(uow, {_home(event) for event in events})
            wanted = [event for event in events if _home(event) not in gone]
            appended = deque(await self._events.append_first(uow, wanted))
            answers: list[Event | CopyhoundError | None] = []
            for event in events:
                wrong = gone.get(_home(event))
                if wrong is None and not appended:
                    break  # the rest comes with the next go
                answers.append(wrong or appended.popleft())
            return answers

    def _checked(self, trigger: str, fields: Mapping[str, Any], workspace_id: str) -> dict[str, Any]:
        described = self._triggers.get(trigger)
        if described is None or trigger in TRIGGERS:
            raise _refused(f"There is no trigger {trigger!r} of a plugin.")
        try:
            payload: dict[str, Any] = msgspec.to_builtins(dict(fields))
        except TypeError as error:
            raise _refused(f"{trigger}: the event is no JSON: {error}") from None
        if taken := sorted(payload.keys() & set(EventBase.__struct_fields__)):
            raise _refused(f"{trigger}: {', '.join(taken)} is put in by the core.")
        whole = envelope(Event(1, "evt", workspace_id, trigger, payload, self._kit.now()))
        try:
            msgspec.convert(whole, described.payload)
        except msgspec.ValidationError as error:
            raise _refused(f"{trigger}: the event does not fit its payload: {error}") from None
        if len(msgspec.json.encode(whole)) > _MOST_BYTES:
            raise _refused(f"{trigger}: an event has at most {_MOST_BYTES} bytes.")
        return payload


def _home(event: NewEvent) -> Home:
    return event.workspace_id, event.list_id


async def _gone(uow: UnitOfWork, homes: set[Home]) -> dict[Home, CopyhoundError]:
    """Those that are not there, and what to say of them."""
    gone: dict[Home, CopyhoundError] = {}
    spaces = {space for space, _ in homes}
    there = {space for space in spaces if await uow.workspaces.get(space) is not None}
    for workspace_id, list_id in homes:
        if workspace_id not in there:
            gone[workspace_id, list_id] = CopyhoundError("not_found", f"There is no workspace {workspace_id}.")
        elif list_id is not None and await uow.lists.get(workspace_id, list_id) is None:
            gone[workspace_id, list_id] = CopyhoundError("not_found", f"There is no list {list_id}.")
    return gone
