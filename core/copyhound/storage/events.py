"""The log of events, hooks, deliveries and their attempts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from copyhound.domain.events import Event, NewEvent
from copyhound.domain.hooks import Attempt, Delivery, DeliveryStatus, Hook, HookStatus, Subscriber, WantedHooks
from copyhound.domain.repositories import PageOf
from copyhound.storage.base import EVENTS_LOCK, Order, Repository, chunks
from copyhound.storage.match_filter import holds
from copyhound.storage.tables_events import ATTEMPTS, DELIVERIES, EVENTS, HOOKS
from copyhound.storage.types import row_of, struct_of

_NEWEST_HOOK = Order("hooks", HOOKS.c.created_at, HOOKS.c.id, down=True)
_OLDEST_DELIVERY = Order("undelivered", DELIVERIES.c.created_at, DELIVERIES.c.id, down=False)
_NEWEST_DELIVERY = Order("deliveries", DELIVERIES.c.created_at, DELIVERIES.c.id, down=True)


class Events(Repository):
    """The event log in SQL."""

    def __init__(self, connection: AsyncConnection) -> None:
        super().__init__(connection)
        self._mine = False

    async def hold(self) -> None:
        if not self._mine:
            await self.lock(EVENTS_LOCK)
            self._mine = True

    async def append(self, events: Sequence[NewEvent], at: datetime) -> list[Event | None]:
        await self.hold()
        insert = self.upsert(EVENTS).on_conflict_do_nothing(index_elements=["id"]).returning(EVENTS)
        new: dict[str, Event] = {}
        for chunk in chunks(events):
            rows = [row_of(event, EVENTS, created_at=at) for event in chunk]
            made = (await self.connection.execute(insert, rows)).all()
            new |= {row.id: struct_of(Event, row) for row in made}
        return [new.pop(event.id, None) for event in events]

    async def get(self, workspace_id: str, event_id: str) -> Event | None:
        row = await self.one_row(
            sa.select(EVENTS).where(EVENTS.c.id == event_id, EVENTS.c.workspace_id == workspace_id)
        )
        return struct_of(Event, row) if row else None

    async def newest(self, workspace_id: str, trigger: str, limit: int) -> list[Event]:
        mine = EVENTS.c.workspace_id == workspace_id, EVENTS.c.trigger == trigger
        return await self._events(sa.select(EVENTS).where(*mine).order_by(EVENTS.c.sequence.desc()).limit(limit))

    async def after(self, workspace_id: str, trigger: str, sequence: int, limit: int) -> list[Event]:
        mine = EVENTS.c.workspace_id == workspace_id, EVENTS.c.trigger == trigger, EVENTS.c.sequence > sequence
        return await self._events(sa.select(EVENTS).where(*mine).order_by(EVENTS.c.sequence).limit(limit))

    async def between(
        self, workspace_id: str, triggers: Sequence[str], since: datetime, until: datetime, sequence: int, limit: int
    ) -> list[Event]:
        mine = EVENTS.c.workspace_id == workspace_id, EVENTS.c.trigger.in_(triggers), EVENTS.c.sequence > sequence
        statement = sa.select(EVENTS).where(*mine, EVENTS.c.created_at.between(since, until))
        return await self._events(statement.order_by(EVENTS.c.sequence).limit(limit))

    async def _events(self, statement: sa.Select[Any]) -> list[Event]:
        return [struct_of(Event, row) for row in await self.all_rows(statement)]


class Hooks(Repository):
    """Hooks in SQL."""

    async def add(self, hook: Hook, dedupe_key: str) -> Hook:
        same = HOOKS.c.workspace_id == hook.workspace_id, HOOKS.c.dedupe_key == dedupe_key
        insert = self.upsert(HOOKS).values(row_of(hook, HOOKS, dedupe_key=dedupe_key))
        made = insert.on_conflict_do_nothing(index_elements=["workspace_id", "dedupe_key"]).returning(HOOKS)
        kept = self.held(sa.select(HOOKS).where(*same))
        while True:  # the one that was there may be deleted before it is held
            row = await self.one_row(made) or await self.one_row(kept)
            if row is not None:
                return struct_of(Hook, row)

    async def get(self, workspace_id: str, hook_id: str) -> Hook | None:
        row = await self.one_row(self.held(sa.select(HOOKS).where(*_is_hook(workspace_id, hook_id))))
        return struct_of(Hook, row) if row else None

    async def save(self, hook: Hook, dedupe_key: str | None = None) -> bool:
        row = row_of(hook, HOOKS)
        if dedupe_key is not None:
            await self.lock_text(dedupe_key)
            same = HOOKS.c.workspace_id == hook.workspace_id, HOOKS.c.dedupe_key == dedupe_key
            if await self.scalar(sa.select(HOOKS.c.id).where(*same, HOOKS.c.id != hook.id)):
                return False
            row["dedupe_key"] = dedupe_key
        try:
            return bool(await self.run(sa.update(HOOKS).where(*_is_hook(hook.workspace_id, hook.id)).values(row)))
        except sa.exc.IntegrityError:  # one that was being added has come first
            return False

    async def delete(self, workspace_id: str, hook_id: str) -> bool:
        return bool(await self.run(sa.delete(HOOKS).where(*_is_hook(workspace_id, hook_id))))

    async def page(self, workspace_id: str, wanted: WantedHooks, *, cursor: str | None, limit: int) -> PageOf:
        statement = sa.select(HOOKS).where(HOOKS.c.workspace_id == workspace_id)
        if wanted.target_url is not None:
            statement = statement.where(HOOKS.c.target_url == wanted.target_url)
        if wanted.trigger is not None:
            statement = statement.where(holds(HOOKS.c.triggers, wanted.trigger))
        if wanted.status is not None:
            statement = statement.where(_has_status(wanted.status, wanted.now))
        rows = await self.all_rows(_NEWEST_HOOK.apply(statement, cursor, limit))
        return PageOf([struct_of(Hook, row) for row in rows[:limit]], _NEWEST_HOOK.cursor(rows, limit))

    async def subscribed(self, workspace_id: str, trigger: str, now: datetime) -> list[Subscriber]:
        active = HOOKS.c.workspace_id == workspace_id, _has_status(HookStatus.active, now)
        told = sa.select(HOOKS.c.id, HOOKS.c.filter, HOOKS.c.failing_since)
        statement = told.where(*active, holds(HOOKS.c.triggers, trigger)).order_by(HOOKS.c.created_at, HOOKS.c.id)
        return [Subscriber(row.id, row.filter, row.failing_since) for row in await self.all_rows(statement)]

    async def lists_stay(self, workspace_id: str) -> None:
        await self.lock_text(f"filters:{workspace_id}", shared=True)

    async def lists_go(self, workspace_id: str) -> None:
        await self.lock_text(f"filters:{workspace_id}")


class Deliveries(Repository):
    """Deliveries and attempts in SQL."""

    async def add(self, delivery: Delivery) -> bool:
        return await self.insert_new(DELIVERIES, row_of(delivery, DELIVERIES)) is not None

    async def get(self, workspace_id: str, delivery_id: str) -> Delivery | None:
        delivery = await self.by_id(delivery_id)
        return delivery if delivery and delivery.workspace_id == workspace_id else None

    async def by_id(self, delivery_id: str) -> Delivery | None:
        row = await self.one_row(self.held(sa.select(DELIVERIES).where(DELIVERIES.c.id == delivery_id)))
        return struct_of(Delivery, row) if row else None

    async def save(self, delivery: Delivery) -> None:
        mine = DELIVERIES.c.id == delivery.id, DELIVERIES.c.workspace_id == delivery.workspace_id
        await self.run(sa.update(DELIVERIES).where(*mine).values(row_of(delivery, DELIVERIES)))

    async def page(
        self, workspace_id: str, *, hook_id: str | None, status: str | None, cursor: str | None, limit: int
    ) -> PageOf:
        statement = sa.select(DELIVERIES).where(DELIVERIES.c.workspace_id == workspace_id)
        if hook_id is not None:
            statement = statement.where(DELIVERIES.c.hook_id == hook_id)
        if status is not None:
            statement = statement.where(DELIVERIES.c.status == status)
        rows = await self.all_rows(_NEWEST_DELIVERY.apply(statement, cursor, limit))
        return PageOf([struct_of(Delivery, row) for row in rows[:limit]], _NEWEST_DELIVERY.cursor(rows, limit))

    async def undelivered(
        self, workspace_id: str, hook_id: str, *, since: datetime, until: datetime, cursor: str | None, limit: int
    ) -> PageOf:
        mine = DELIVERIES.c.workspace_id == workspace_id, DELIVERIES.c.hook_id == hook_id
        failing = sa.and_(DELIVERIES.c.status == DeliveryStatus.pending.value, DELIVERIES.c.attempts > 0)
        status = sa.or_(DELIVERIES.c.status == DeliveryStatus.failed.value, failing)
        statement = sa.select(DELIVERIES).where(*mine, DELIVERIES.c.created_at.between(since, until), status)
        rows = await self.all_rows(self.held(_OLDEST_DELIVERY.apply(statement, cursor, limit)))
        return PageOf([struct_of(Delivery, row) for row in rows[:limit]], _OLDEST_DELIVERY.cursor(rows, limit))

    async def attempts(self, delivery_id: str) -> list[Attempt]:
        statement = sa.select(ATTEMPTS).where(ATTEMPTS.c.delivery_id == delivery_id).order_by(ATTEMPTS.c.number)
        return [struct_of(Attempt, row) for row in await self.all_rows(statement)]

    async def last_attempts(self, workspace_id: str, delivery_ids: Sequence[str]) -> list[Attempt]:
        asked = ATTEMPTS.c.workspace_id == workspace_id, ATTEMPTS.c.delivery_id.in_(delivery_ids)
        # a resend has a higher number than the automatic attempts that come after it
        latest = sa.func.row_number().over(
            partition_by=ATTEMPTS.c.delivery_id, order_by=(ATTEMPTS.c.at.desc(), ATTEMPTS.c.number.desc())
        )
        ranked = sa.select(ATTEMPTS, latest.label("place")).where(*asked).subquery()
        columns = [ranked.c[column.name] for column in ATTEMPTS.c]
        rows = await self.all_rows(sa.select(*columns).where(ranked.c.place == 1))
        return [struct_of(Attempt, row) for row in rows]


def _has_status(status: HookStatus, now: datetime | None) -> sa.ColumnElement[bool]:
    expired = sa.and_(HOOKS.c.expires_at.is_not(None), HOOKS.c.expires_at <= now) if now else sa.false()
    active = sa.and_(HOOKS.c.status == HookStatus.active.value, sa.not_(expired))
    return active if status is HookStatus.active else sa.not_(active)


def _is_hook(workspace_id: str, hook_id: str) -> tuple[sa.ColumnElement[bool], ...]:
    return HOOKS.c.id == hook_id, HOOKS.c.workspace_id == workspace_id
