"""What sending reads and writes for many deliveries at once, whosever they are."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

from copyhound.domain.events import Event
from copyhound.domain.hooks import Attempt, Delivery, Hook


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
