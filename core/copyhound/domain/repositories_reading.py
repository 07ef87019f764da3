"""Repositories of those who read the log of events."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from copyhound.domain.events import Event
from copyhound.domain.feeds import Consumer, Feed


class LogRepository(Protocol):
    """The log, read forward and backward. `list_id` None: the events of all lists, and those of none."""

    async def after(
        self, workspace_id: str, triggers: Sequence[str], sequence: int, limit: int, *, list_id: str | None = None
    ) -> list[Event]:
        """Oldest first, all with a sequence greater than `sequence`."""

    async def before(
        self,
        workspace_id: str,
        triggers: Sequence[str],
        sequence: int | None,
        limit: int,
        *,
        list_id: str | None = None,
    ) -> list[Event]:
        """Newest first, all with a sequence smaller than `sequence`; None: from the end."""

    async def until(self, workspace_id: str, trigger: str, at: datetime) -> int:
        """The sequence after which the events of `at` and later come."""

    async def last(self) -> int:
        """The greatest sequence, of all workspaces; 0 where there is none."""


class FeedRepository(Protocol):
    """Feeds; they go with their list."""

    async def add(self, feed: Feed) -> None: ...
    async def get(self, workspace_id: str, feed_id: str) -> Feed | None: ...
    async def by_token(self, token_hash: str) -> Feed | None: ...
    async def of_workspace(self, workspace_id: str, list_id: str | None) -> list[Feed]:
        """Newest first; of one list, or of all."""

    async def count(self, workspace_id: str) -> int: ...
    async def delete(self, workspace_id: str, feed_id: str) -> bool: ...


class ConsumerRepository(Protocol):
    """Pollers by name."""

    async def get(self, workspace_id: str, trigger: str, name: str) -> Consumer | None:
        """Others who ask for it wait until the unit ends."""

    async def put(self, consumer: Consumer) -> None: ...
    async def of_trigger(self, workspace_id: str, trigger: str) -> list[Consumer]: ...
    async def count(self, workspace_id: str) -> int: ...
    async def delete(self, workspace_id: str, trigger: str, name: str) -> bool: ...
