"""Tells a workspace that a provider is failing, from how its lookups end."""

from __future__ import annotations

from typing import Any

import msgspec

from copyhound.domain.events import NewEvent
from copyhound.domain.ids import derived_id
from copyhound.domain.provider_health import FAILED, QUIET, SUCCEEDED, ProviderTrouble, after_lookup
from copyhound.domain.repositories import UnitOfWork
from copyhound.domain.searches import Lookup
from copyhound.services.events import EventService
from copyhound.services.kit import Desk, Kit

TRIGGER = "provider_failing"
_SCOPE = "core:provider_health"


class ProviderHealth:
    """Keeps count of failed lookups, by workspace and provider. It is kept where all processes see it."""

    def __init__(self, kit: Kit, desk: Desk, events: EventService) -> None:
        self._kit, self._desk, self._events = kit, desk, events

    async def note(self, uow: UnitOfWork, lookup: Lookup) -> None:
        """A lookup has ended, in this transaction."""
        if lookup.outcome not in FAILED | SUCCEEDED:
            return
        before = await self._before(uow, lookup)
        if lookup.outcome in SUCCEEDED and not before.failures:
            return
        # lookups end side by side, and each must count
        await uow.state.hold(lookup.workspace_id, _SCOPE, lookup.provider)
        before = await self._before(uow, lookup)
        now = self._kit.now()
        trouble, tell = after_lookup(before, lookup.outcome, now, open_breaker=self._desk.broken(lookup.provider))
        if trouble != before:
            await uow.state.put(lookup.workspace_id, _SCOPE, {lookup.provider: msgspec.to_builtins(trouble)})
        if tell:
            await self._tell(uow, lookup, trouble)

    async def _before(self, uow: UnitOfWork, lookup: Lookup) -> ProviderTrouble:
        kept = await uow.state.get(lookup.workspace_id, _SCOPE, lookup.provider)
        return msgspec.convert(kept, ProviderTrouble) if kept else ProviderTrouble()

    async def _tell(self, uow: UnitOfWork, lookup: Lookup, trouble: ProviderTrouble) -> None:
        payload: dict[str, Any] = msgspec.to_builtins(
            {
                "provider": lookup.provider,
                "outcome": lookup.outcome,
                "reason": lookup.reason,
                "failures": trouble.failures,
                "failing_since": trouble.since,
            }
        )
        assert trouble.told_at is not None
        # two lookups that end at the same moment make the same id: what is told is told once
        slot = str(trouble.told_at.timestamp() // QUIET.total_seconds())
        event_id = derived_id("evt", TRIGGER, lookup.workspace_id, lookup.provider, slot)
        await self._events.append(uow, NewEvent(event_id, lookup.workspace_id, TRIGGER, payload))
