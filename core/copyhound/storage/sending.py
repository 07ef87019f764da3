"""Deliveries, hooks and attempts, many in one statement."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cache
from typing import Any, TypeVar

import msgspec
import sqlalchemy as sa

from copyhound.domain.events import Event
from copyhound.domain.hooks import Attempt, Delivery, Hook
from copyhound.storage.base import Repository, chunks, upsert_into
from copyhound.storage.tables_events import ATTEMPTS, DELIVERIES, EVENTS, HOOKS
from copyhound.storage.types import row_of, struct_of

S = TypeVar("S", bound=msgspec.Struct)
_LOG_KEYS = ("delivery_id", "number")


class Sending(Repository):
    """What sending needs, in SQL."""

    async def deliveries(self, ids: Collection[str]) -> list[Delivery]:
        return await self._of(Delivery, DELIVERIES, ids)

    async def hooks(self, ids: Collection[str]) -> list[Hook]:
        return await self._of(Hook, HOOKS, ids)

    async def events(self, ids: Collection[str]) -> list[Event]:
        found: list[Event] = []
        for chunk in chunks(sorted(ids)):
            found += [struct_of(Event, row) for row in await self.all_rows(_of_ids(EVENTS, chunk))]
        return found

    async def _of(self, kind: type[S], table: sa.Table, ids: Collection[str]) -> list[S]:
        # in one order everywhere: two who hold many of the same rows never wait for each other
        found: list[S] = []
        for chunk in chunks(sorted(ids)):
            statement = self.held(_of_ids(table, chunk).order_by(table.c.id))
            found += [struct_of(kind, row) for row in await self.all_rows(statement)]
        return found

    async def add_deliveries(self, deliveries: Sequence[Delivery]) -> list[Delivery]:
        added: set[str] = set()
        for chunk in chunks(deliveries):
            rows = [row_of(one, DELIVERIES) for one in chunk]
            statement = self.upsert(DELIVERIES).on_conflict_do_nothing().returning(DELIVERIES.c.id)
            added |= set((await self.connection.execute(statement, rows)).scalars())
        return [one for one in deliveries if one.id in added]

    async def add_attempts(self, attempts: Sequence[tuple[str, Attempt]]) -> None:
        rows = [row_of(attempt, ATTEMPTS, workspace_id=workspace_id) for workspace_id, attempt in attempts]
        if rows:
            await self.connection.execute(_log(self.connection.dialect.name), rows)

    async def save_deliveries(self, deliveries: Sequence[Delivery]) -> None:
        await self._save(DELIVERIES, deliveries)

    async def save_hooks(self, hooks: Sequence[Hook]) -> None:
        await self._save(HOOKS, hooks)

    async def _save(self, table: sa.Table, items: Sequence[Any]) -> None:
        rows = [row_of(item, table, its_id=item.id) for item in sorted(items, key=lambda item: str(item.id))]
        if rows:
            await self.connection.execute(sa.update(table).where(table.c.id == sa.bindparam("its_id")), rows)


def _of_ids(table: sa.Table, ids: Sequence[str]) -> sa.Select[Any]:
    return sa.select(table).where(table.c.id.in_(ids))


@cache
def _log(dialect: str) -> sa.Insert:
    insert = upsert_into(dialect, ATTEMPTS)
    told = [name for name in Attempt.__struct_fields__ if name not in _LOG_KEYS]
    logged: sa.Insert = insert.on_conflict_do_update(
        index_elements=_LOG_KEYS, set_={name: insert.excluded[name] for name in told}
    )
    return logged
