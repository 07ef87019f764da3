"""Searches and their lookups."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from copyhound.domain.repositories import PageOf
from copyhound.domain.searches import Lookup, Outcome, Search
from copyhound.storage.base import Order, Repository
from copyhound.storage.tables_lists import LOOKUPS, SEARCHES
from copyhound.storage.types import row_of, struct_of

_NEWEST = Order("searches", SEARCHES.c.created_at, SEARCHES.c.id, down=True)


class Searches(Repository):
    """Searches and lookups in SQL."""

    async def add(self, search: Search, lookups: Sequence[Lookup]) -> bool:
        if await self.insert_new(SEARCHES, row_of(search, SEARCHES)) is None:
            return False
        rows = [row_of(lookup, LOOKUPS, position=position) for position, lookup in enumerate(lookups)]
        await self.insert(LOOKUPS, rows)
        return True

    async def get(self, workspace_id: str, search_id: str) -> Search | None:
        mine = SEARCHES.c.id == search_id, SEARCHES.c.workspace_id == workspace_id
        row = await self.one_row(sa.select(SEARCHES).where(*mine))
        return struct_of(Search, row) if row else None

    async def page(self, workspace_id: str, *, list_id: str | None, cursor: str | None, limit: int) -> PageOf:
        statement = sa.select(SEARCHES).where(SEARCHES.c.workspace_id == workspace_id)
        if list_id is not None:
            statement = statement.where(SEARCHES.c.list_id == list_id)
        rows = await self.all_rows(_NEWEST.apply(statement, cursor, limit))
        return PageOf([struct_of(Search, row) for row in rows[:limit]], _NEWEST.cursor(rows, limit))

    async def lookup(self, lookup_id: str) -> Lookup | None:
        row = await self.one_row(sa.select(LOOKUPS).where(LOOKUPS.c.id == lookup_id))
        return struct_of(Lookup, row) if row else None

    async def lookups(self, search_id: str, *, image_id: str | None = None) -> list[Lookup]:
        statement = sa.select(LOOKUPS).where(LOOKUPS.c.search_id == search_id)
        if image_id is not None:
            statement = statement.where(LOOKUPS.c.image_id == image_id)
        rows = await self.all_rows(statement.order_by(LOOKUPS.c.position))
        return [struct_of(Lookup, row) for row in rows]

    async def end_lookup(self, lookup: Lookup) -> bool:
        still_open = LOOKUPS.c.id == lookup.id, LOOKUPS.c.outcome.is_(None)
        return bool(await self.run(sa.update(LOOKUPS).where(*still_open).values(row_of(lookup, LOOKUPS))))

    async def end_image(self, search_id: str, image_id: str, outcome: Outcome, reason: str, at: datetime) -> None:
        still_open = LOOKUPS.c.search_id == search_id, LOOKUPS.c.image_id == image_id, LOOKUPS.c.outcome.is_(None)
        ended = {"outcome": outcome.value, "reason": reason, "ended_at": at}
        await self.run(sa.update(LOOKUPS).where(*still_open).values(ended))

    async def complete_if_done(self, search_id: str, at: datetime) -> bool:
        # Two transactions that end the last two lookups don't see each other's work: this lock lets the
        # second one look only after the first has committed.
        this = SEARCHES.c.id == search_id, SEARCHES.c.completed_at.is_(None)
        if await self.one_row(sa.select(SEARCHES.c.id).where(*this).with_for_update(key_share=True)) is None:
            return False
        is_open = sa.exists().where(LOOKUPS.c.search_id == search_id, LOOKUPS.c.outcome.is_(None))
        return bool(await self.run(sa.update(SEARCHES).where(*this, ~is_open).values(completed_at=at)))

    async def outcome_counts(self, search_id: str) -> dict[str, int]:
        outcome = sa.func.coalesce(LOOKUPS.c.outcome, "open").label("outcome")
        statement = sa.select(outcome, sa.func.count().label("number")).where(LOOKUPS.c.search_id == search_id)
        return {row.outcome: row.number for row in await self.all_rows(statement.group_by(outcome))}
