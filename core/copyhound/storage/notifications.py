"""Notifications in SQL."""

from __future__ import annotations

from datetime import datetime

import msgspec
import sqlalchemy as sa

from copyhound.domain.notifications import Notification
from copyhound.domain.repositories import PageOf
from copyhound.storage.base import Order, Repository
from copyhound.storage.tables_notifications import NOTIFICATIONS
from copyhound.storage.types import row_of, struct_of

_NEWEST = Order("notifications", NOTIFICATIONS.c.created_at, NOTIFICATIONS.c.id, down=True)


class Notifications(Repository):
    """Notifications in SQL; their numbers are counted by the database, and none is used twice."""

    async def add(self, notification: Notification) -> Notification:
        row = row_of(notification, NOTIFICATIONS)
        del row["number"]
        number = await self.scalar(sa.insert(NOTIFICATIONS).values(row).returning(NOTIFICATIONS.c.number))
        return msgspec.structs.replace(notification, number=number)

    async def get(self, workspace_id: str, notification_id: str) -> Notification | None:
        return await self._one(*_is(workspace_id, notification_id))

    async def by_number(self, workspace_id: str, number: int) -> Notification | None:
        if not 0 < number < 2**63:
            return None
        return await self._one(NOTIFICATIONS.c.number == number, NOTIFICATIONS.c.workspace_id == workspace_id)

    async def _one(self, *where: sa.ColumnElement[bool]) -> Notification | None:
        row = await self.one_row(self.held(sa.select(NOTIFICATIONS).where(*where)))
        return struct_of(Notification, row) if row else None

    async def save(self, notification: Notification) -> None:
        row = row_of(notification, NOTIFICATIONS)
        mine = _is(notification.workspace_id, notification.id)
        await self.run(sa.update(NOTIFICATIONS).where(*mine).values(row))

    async def delete(self, workspace_id: str, notification_id: str) -> bool:
        return bool(await self.run(sa.delete(NOTIFICATIONS).where(*_is(workspace_id, notification_id))))

    async def page(self, workspace_id: str, *, cursor: str | None, limit: int) -> PageOf:
        statement = sa.select(NOTIFICATIONS).where(NOTIFICATIONS.c.workspace_id == workspace_id)
        rows = await self.all_rows(_NEWEST.apply(statement, cursor, limit))
        return PageOf([struct_of(Notification, row) for row in rows[:limit]], _NEWEST.cursor(rows, limit))

    async def due(self, now: datetime, limit: int) -> list[Notification]:
        statement = sa.select(NOTIFICATIONS).where(NOTIFICATIONS.c.next_at <= now, _free(now))
        rows = await self.all_rows(statement.order_by(NOTIFICATIONS.c.next_at, NOTIFICATIONS.c.id).limit(limit))
        return [struct_of(Notification, row) for row in rows]

    async def ahead(self, now: datetime) -> list[Notification]:
        last = sa.func.coalesce(NOTIFICATIONS.c.last_slot_at, NOTIFICATIONS.c.created_at)
        rows = await self.all_rows(sa.select(NOTIFICATIONS).where(last > now).order_by(NOTIFICATIONS.c.id))
        return [struct_of(Notification, row) for row in rows]

    async def claim_slot(
        self, notification_id: str, due_at: datetime, *, slot_at: datetime, next_at: datetime, at: datetime, slot: str
    ) -> bool:
        still = NOTIFICATIONS.c.id == notification_id, NOTIFICATIONS.c.next_at == due_at, _free(at)
        moved = {
            "slot_at": slot_at,
            "next_at": next_at,
            "last_slot_at": at,
            "telling": slot,
            "busy_until": None,
            "retry_at": None,
        }
        return bool(await self.run(sa.update(NOTIFICATIONS).where(*still).values(moved)))

    async def hold(self, notification_id: str, due_at: datetime, until: datetime) -> bool:
        still = NOTIFICATIONS.c.id == notification_id, NOTIFICATIONS.c.next_at == due_at
        slot_at = sa.func.coalesce(NOTIFICATIONS.c.slot_at, NOTIFICATIONS.c.next_at)
        return bool(await self.run(sa.update(NOTIFICATIONS).where(*still).values(next_at=until, slot_at=slot_at)))


def _free(now: datetime) -> sa.ColumnElement[bool]:
    return sa.or_(NOTIFICATIONS.c.busy_until.is_(None), NOTIFICATIONS.c.busy_until <= now)


def _is(workspace_id: str, notification_id: str) -> tuple[sa.ColumnElement[bool], ...]:
    return NOTIFICATIONS.c.id == notification_id, NOTIFICATIONS.c.workspace_id == workspace_id
