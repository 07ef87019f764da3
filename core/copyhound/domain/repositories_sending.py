"""What sending reads and writes for many deliveries at once, whosever they are; and notifications."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from copyhound.domain.events import Event
from copyhound.domain.hooks import Attempt, Delivery, Hook
from copyhound.domain.notifications import Notification
from copyhound.domain.paging import PageOf


class SendingRepository(Protocol):
    """Many rows in one statement. Ids are unique over all workspaces; unknown ones are left out of the answers."""

    async def deliveries(self, ids: Collection[str]) -> list[Delivery]:
        """Held until the unit ends, in the order of their ids."""

    async def hooks(self, ids: Collection[str]) -> list[Hook]:
        """Held until the unit ends, in the order of their ids."""

    async def events(self, ids: Collection[str]) -> list[Event]: ...
    async def add_deliveries(self, deliveries: Sequence[Delivery]) -> list[Delivery]:
        """Those that were not there before."""

    async def add_attempts(self, attempts: Sequence[tuple[str, Attempt]]) -> None:
        """With the workspace of each. The same delivery and number again overwrites."""

    async def save_deliveries(self, deliveries: Sequence[Delivery]) -> None: ...
    async def save_hooks(self, hooks: Sequence[Hook]) -> None:
        """Each keeps its dedupe key."""


class NotificationRepository(Protocol):
    """Notifications, and when they are due."""

    async def add(self, notification: Notification) -> Notification:
        """The same, with its number."""

    async def get(self, workspace_id: str, notification_id: str) -> Notification | None:
        """Held until the unit ends, so that it may be changed and saved."""

    async def by_number(self, workspace_id: str, number: int) -> Notification | None: ...
    async def save(self, notification: Notification) -> None: ...
    async def delete(self, workspace_id: str, notification_id: str) -> bool: ...
    async def page(self, workspace_id: str, *, cursor: str | None, limit: int) -> PageOf: ...
    async def due(self, now: datetime, limit: int) -> list[Notification]:
        """Those of all workspaces with next_at <= now that nobody is telling, oldest first."""

    async def ahead(self, now: datetime) -> list[Notification]:
        """Those that were due last, or made, after `now`: the clock was put back since."""

    async def claim_slot(
        self, notification_id: str, due_at: datetime, *, slot_at: datetime, next_at: datetime, at: datetime, slot: str
    ) -> bool:
        """Move it on, only if next_at still is `due_at` and nobody is telling; sets last_slot_at to `at`, telling to
        `slot`. False: somebody else did."""

    async def hold(self, notification_id: str, due_at: datetime, until: datetime) -> bool:
        """Put next_at off to `until`, only if it still is `due_at`; the slot stays unclaimed."""
