"""Hosts that are left out."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from copyhound.domain.tags import IgnoredHost
from copyhound.storage.base import Repository
from copyhound.storage.tables_tags import IGNORED_HOSTS
from copyhound.storage.types import like_literal, row_of, struct_of


def ignored(workspace_id: str, list_id: sa.ColumnElement[Any], host: sa.ColumnElement[Any]) -> Any:
    """Whether a host is left out of a list, or of all lists of its workspace."""
    return (
        sa.exists()
        .where(
            IGNORED_HOSTS.c.workspace_id == workspace_id,
            sa.or_(IGNORED_HOSTS.c.list_id.is_(None), IGNORED_HOSTS.c.list_id == list_id),
            host.like(IGNORED_HOSTS.c.pattern, escape="\\"),
        )
        .correlate_except(IGNORED_HOSTS)
    )


class Ignores(Repository):
    """Ignored hosts in SQL."""

    async def add(self, item: IgnoredHost) -> IgnoredHost:
        same = _mine(item.workspace_id, item.list_id), IGNORED_HOSTS.c.host == item.host
        pattern = like_literal(item.host).replace("*", "%")
        row = row_of(item, IGNORED_HOSTS, scope=item.list_id or "", pattern=pattern)
        insert = self.upsert(IGNORED_HOSTS).values(row)
        await self.run(insert.on_conflict_do_nothing(index_elements=["workspace_id", "scope", "host"]))
        kept = await self.one_row(sa.select(IGNORED_HOSTS).where(*same))
        return struct_of(IgnoredHost, kept) if kept else item

    async def of_list(self, workspace_id: str, list_id: str | None) -> list[IgnoredHost]:
        mine = sa.select(IGNORED_HOSTS).where(_mine(workspace_id, list_id))
        return [struct_of(IgnoredHost, row) for row in await self.all_rows(mine.order_by(IGNORED_HOSTS.c.host))]

    async def remove(self, workspace_id: str, list_id: str | None, ignore_id: str) -> bool:
        this = sa.delete(IGNORED_HOSTS).where(_mine(workspace_id, list_id), IGNORED_HOSTS.c.id == ignore_id)
        return bool(await self.run(this))

    async def counts(self, workspace_id: str) -> dict[str | None, int]:
        counted = sa.select(IGNORED_HOSTS.c.list_id, sa.func.count().label("number"))
        mine = counted.where(IGNORED_HOSTS.c.workspace_id == workspace_id).group_by(IGNORED_HOSTS.c.list_id)
        return {row.list_id: row.number for row in await self.all_rows(mine)}


def _mine(workspace_id: str, list_id: str | None) -> sa.ColumnElement[bool]:
    return sa.and_(IGNORED_HOSTS.c.workspace_id == workspace_id, IGNORED_HOSTS.c.scope == (list_id or ""))
