"""Found copies and their history."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from copyhound.domain.errors import CopyhoundError
from copyhound.domain.hosts import host_of
from copyhound.domain.matches import Match, MatchFilter, Page
from copyhound.domain.paging import PageOf, items_of
from copyhound.storage.base import CHUNK, EVENTS_LOCK, Order, chunks
from copyhound.storage.match_filter import conditions
from copyhound.storage.match_rows import match_of, match_row, page_of, page_rows
from copyhound.storage.result_rows import ResultRows
from copyhound.storage.tables_lists import LISTS
from copyhound.storage.tables_matches import MATCH_CHECKS, MATCH_PAGES, MATCHES
from copyhound.storage.types import url_key

_SORTABLE = ("first_seen", "last_seen", "confidence", "score")
ORDERS = {
    sign + name: Order(f"matches{sign}{name}", MATCHES.c[name], MATCHES.c.id, down=sign == "-")
    for name in _SORTABLE
    for sign in ("", "-")
}


class Matches(ResultRows):
    """Matches, pages and history in SQL."""

    async def get(self, workspace_id: str, match_id: str) -> Match | None:
        return await self._held(
            sa.select(MATCHES).where(MATCHES.c.id == match_id, MATCHES.c.workspace_id == workspace_id)
        )

    async def find(self, image_id: str, image_url: str) -> Match | None:
        this = MATCHES.c.image_id == image_id, MATCHES.c.url_key == url_key(image_url)
        return await self._held(sa.select(MATCHES).where(*this))

    async def add(self, match: Match) -> bool:
        if await self.insert_new(MATCHES, match_row(match)) is None:
            return False
        await self._unite(match, match.first_seen)
        return True

    async def save(self, match: Match) -> None:
        mine = MATCHES.c.id == match.id, MATCHES.c.workspace_id == match.workspace_id
        if await self.run(sa.update(MATCHES).where(*mine).values(match_row(match))):
            await self._unite(match, match.last_seen)

    async def page(
        self, workspace_id: str, where: MatchFilter, *, cursor: str | None, limit: int, sort: str = "-first_seen"
    ) -> PageOf:
        if sort not in ORDERS:
            raise CopyhoundError(
                "invalid_request", f"Matches are not sorted by {sort!r}; by one of {', '.join(ORDERS)}."
            )
        order = ORDERS[sort]
        statement = sa.select(MATCHES).where(*conditions(workspace_id, where))
        rows = await self.all_rows(order.apply(statement, cursor, limit))
        return PageOf(await self._matches(rows[:limit]), order.cursor(rows, limit))

    def stream(self, workspace_id: str, where: MatchFilter) -> AsyncIterator[Match]:
        return items_of(lambda cursor: self.page(workspace_id, where, cursor=cursor, limit=CHUNK))

    async def count(self, workspace_id: str, where: MatchFilter) -> int:
        counted = sa.select(sa.func.count()).select_from(MATCHES).where(*conditions(workspace_id, where))
        return int(await self.scalar(counted))

    async def due_checks(self, now: datetime, limit: int) -> list[Match]:
        joined = MATCHES.join(LISTS, LISTS.c.id == MATCHES.c.list_id)
        due = sa.select(MATCHES).select_from(joined).where(LISTS.c.monitored.is_(True), MATCHES.c.next_check_at <= now)
        return await self._matches(
            await self.all_rows(due.order_by(MATCHES.c.next_check_at, MATCHES.c.id).limit(limit))
        )

    async def claim_check(self, match_id: str, slot: datetime, next_check_at: datetime | None) -> bool:
        still = MATCHES.c.id == match_id, MATCHES.c.next_check_at == slot
        return bool(await self.run(sa.update(MATCHES).where(*still).values(next_check_at=next_check_at)))

    async def add_check(self, match_id: str, at: datetime, result: str, detail: str | None) -> None:
        workspace = sa.select(MATCHES.c.workspace_id).where(MATCHES.c.id == match_id).scalar_subquery()
        line = {"match_id": match_id, "workspace_id": workspace, "at": at, "result": result, "detail": detail}
        await self.run(sa.insert(MATCH_CHECKS).values(line))

    async def checks(self, match_id: str) -> list[dict[str, Any]]:
        shown = MATCH_CHECKS.c.at, MATCH_CHECKS.c.result, MATCH_CHECKS.c.detail
        rows = await self.all_rows(
            sa.select(*shown).where(MATCH_CHECKS.c.match_id == match_id).order_by(MATCH_CHECKS.c.id)
        )
        return [dict(row._mapping) for row in rows]

    async def _held(self, statement: sa.Select[Any]) -> Match | None:
        if self.locking:
            # the log's lock before the row's: what merges into a match may append an event about it
            await self.lock(EVENTS_LOCK)
        found = await self._matches(await self.all_rows(self.held(statement)))
        return found[0] if found else None

    async def _matches(self, rows: Sequence[sa.Row[Any]]) -> list[Match]:
        pages: dict[str, list[Page]] = {}
        for chunk in chunks([row.id for row in rows]):
            query = sa.select(MATCH_PAGES).where(MATCH_PAGES.c.match_id.in_(chunk))
            for page in await self.all_rows(query.order_by(MATCH_PAGES.c.first_seen, MATCH_PAGES.c.url)):
                pages.setdefault(page.match_id, []).append(page_of(page))
        return [match_of(row, pages.get(row.id, [])) for row in rows]

    async def _unite(self, match: Match, seen: datetime) -> None:
        owner = {"match_id": match.id, "workspace_id": match.workspace_id}
        pages = [{**row, "host": host_of(row["url"])} for row in page_rows(match.pages, seen)]
        await self.unite_pages(MATCH_PAGES, owner, pages)
