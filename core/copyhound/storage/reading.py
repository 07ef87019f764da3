"""Those who read the log of events: in both directions, as feeds, by name."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from copyhound.domain.events import Event
from copyhound.domain.feeds import Consumer, Feed
from copyhound.storage.base import Repository
from copyhound.storage.tables_events import EVENTS
from copyhound.storage.tables_feeds import CONSUMERS, FEEDS
from copyhound.storage.types import row_of, struct_of

_KEY = ("workspace_id", "trigger", "name")


class Log(Repository):
    """The event log in SQL, to be read."""

    async def after(
        self, workspace_id: str, triggers: Sequence[str], sequence: int, limit: int, *, list_id: str | None = None
    ) -> list[Event]:
        wanted = _wanted(workspace_id, triggers, list_id).where(EVENTS.c.sequence > sequence)
        return await self._events(wanted.order_by(EVENTS.c.sequence).limit(limit))

    async def before(
        self,
        workspace_id: str,
        triggers: Sequence[str],
        sequence: int | None,
        limit: int,
        *,
        list_id: str | None = None,
    ) -> list[Event]:
        wanted = _wanted(workspace_id, triggers, list_id)
        if sequence is not None:
            wanted = wanted.where(EVENTS.c.sequence < sequence)
        return await self._events(wanted.order_by(EVENTS.c.sequence.desc()).limit(limit))

    async def until(self, workspace_id: str, trigger: str, at: datetime) -> int:
        mine = EVENTS.c.workspace_id == workspace_id, EVENTS.c.trigger == trigger
        first = await self.scalar(sa.select(sa.func.min(EVENTS.c.sequence)).where(*mine, EVENTS.c.created_at >= at))
        return int(first) - 1 if first is not None else await self.last()

    async def last(self) -> int:
        return int(await self.scalar(sa.select(sa.func.max(EVENTS.c.sequence))) or 0)

    async def _events(self, statement: sa.Select[Any]) -> list[Event]:
        return [struct_of(Event, row) for row in await self.all_rows(statement)]


class Feeds(Repository):
    """Feeds in SQL."""

    async def add(self, feed: Feed) -> None:
        await self.insert(FEEDS, [row_of(feed, FEEDS)])

    async def get(self, workspace_id: str, feed_id: str) -> Feed | None:
        return await self._one(FEEDS.c.workspace_id == workspace_id, FEEDS.c.id == feed_id)

    async def by_token(self, token_hash: str) -> Feed | None:
        return await self._one(FEEDS.c.token_hash == token_hash)

    async def _one(self, *where: sa.ColumnElement[bool]) -> Feed | None:
        row = await self.one_row(sa.select(FEEDS).where(*where))
        return struct_of(Feed, row) if row else None

    async def of_workspace(self, workspace_id: str, list_id: str | None) -> list[Feed]:
        mine = sa.select(FEEDS).where(FEEDS.c.workspace_id == workspace_id)
        if list_id is not None:
            mine = mine.where(FEEDS.c.list_id == list_id)
        rows = await self.all_rows(mine.order_by(FEEDS.c.created_at.desc(), FEEDS.c.id.desc()))
        return [struct_of(Feed, row) for row in rows]

    async def count(self, workspace_id: str) -> int:
        counted = sa.select(sa.func.count()).select_from(FEEDS).where(FEEDS.c.workspace_id == workspace_id)
        return int(await self.scalar(counted) or 0)

    async def delete(self, workspace_id: str, feed_id: str) -> bool:
        this = FEEDS.c.workspace_id == workspace_id, FEEDS.c.id == feed_id
        return bool(await self.run(sa.delete(FEEDS).where(*this)))


class Consumers(Repository):
    """Pollers in SQL."""

    async def get(self, workspace_id: str, trigger: str, name: str) -> Consumer | None:
        if self.locking:  # also where there is no row to lock yet
            await self.lock_text(f"consumer:{workspace_id}:{trigger}:{name}")
        row = await self.one_row(self.held(sa.select(CONSUMERS).where(*_is(workspace_id, trigger, name))))
        return struct_of(Consumer, row) if row else None

    async def put(self, consumer: Consumer) -> None:
        row = row_of(consumer, CONSUMERS)
        changed = {name: value for name, value in row.items() if name not in _KEY}
        insert = self.upsert(CONSUMERS).values(row)
        await self.run(insert.on_conflict_do_update(index_elements=list(_KEY), set_=changed))

    async def of_trigger(self, workspace_id: str, trigger: str) -> list[Consumer]:
        mine = CONSUMERS.c.workspace_id == workspace_id, CONSUMERS.c.trigger == trigger
        rows = await self.all_rows(sa.select(CONSUMERS).where(*mine).order_by(CONSUMERS.c.name))
        return [struct_of(Consumer, row) for row in rows]

    async def count(self, workspace_id: str) -> int:
        counted = sa.select(sa.func.count()).select_from(CONSUMERS).where(CONSUMERS.c.workspace_id == workspace_id)
        return int(await self.scalar(counted) or 0)

    async def delete(self, workspace_id: str, trigger: str, name: str) -> bool:
        return bool(await self.run(sa.delete(CONSUMERS).where(*_is(workspace_id, trigger, name))))


def _wanted(workspace_id: str, triggers: Sequence[str], list_id: str | None) -> sa.Select[Any]:
    mine = sa.select(EVENTS).where(EVENTS.c.workspace_id == workspace_id, EVENTS.c.trigger.in_(triggers))
    return mine if list_id is None else mine.where(EVENTS.c.list_id == list_id)


def _is(workspace_id: str, trigger: str, name: str) -> tuple[sa.ColumnElement[bool], ...]:
    return CONSUMERS.c.workspace_id == workspace_id, CONSUMERS.c.trigger == trigger, CONSUMERS.c.name == name
