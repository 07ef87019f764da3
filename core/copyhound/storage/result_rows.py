"""Result rows: each match on each of its pages. Filtered, sorted, counted, grouped by host, streamed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any, Final

import sqlalchemy as sa

from copyhound.domain.matches import HostCount, HostGroup, ImageFacts, MatchFilter, Page, ResultRow
from copyhound.domain.metrics import METRICS, Kind, metric_of, refused
from copyhound.storage.base import CHUNK, Repository
from copyhound.storage.match_filter import Scope, hosts_of, row_conditions
from copyhound.storage.match_rows import match_of
from copyhound.storage.result_columns import COLUMNS, Expression, folded
from copyhound.storage.tables_lists import IMAGES
from copyhound.storage.tables_matches import MATCH_PAGES, MATCHES
from copyhound.storage.types import struct_from, struct_of

Sort = tuple[str, bool]
"""A metric, and whether the largest come first."""
OLDEST: Final[Sort] = ("found_timestamp", False)
"""What comes meanwhile comes last: so pages that are put together hold no row twice."""

_PAGE: Final = {f"of_page_{name}": name for name in Page.__struct_fields__}
_IMAGE: Final = {f"of_image_{name}": name for name in ImageFacts.__struct_fields__}
_JOINED: Final = MATCHES.join(IMAGES, IMAGES.c.id == MATCHES.c.image_id).outerjoin(
    MATCH_PAGES, MATCH_PAGES.c.match_id == MATCHES.c.id
)
_KEY: Final = sa.func.coalesce(MATCH_PAGES.c.url_key, sa.literal(""))
_SHOWN: Final = (
    *MATCHES.c,
    MATCH_PAGES.c.url_key.label("page_key"),
    *(MATCH_PAGES.c[name].label(label) for label, name in _PAGE.items()),
    *(IMAGES.c[name].label(label) for label, name in _IMAGE.items()),
)


class ResultRows(Repository):
    """Result rows in SQL."""

    async def rows(
        self, workspace_id: str, where: MatchFilter, *, sort: Sort = OLDEST, start: int = 0, rows: int = 50
    ) -> list[ResultRow]:
        tables, by = _sorted(workspace_id, where, sort)
        chosen = sa.select(*_SHOWN).select_from(tables).where(*row_conditions(workspace_id, where))
        page = chosen.order_by(*_order(by, sort)).offset(start).limit(rows)
        return [_row_of(row) for row in await self.all_rows(page)]

    async def rows_by_ids(self, workspace_id: str, ids: Sequence[str]) -> list[ResultRow]:
        keys = [tuple(one.split(".", 1)) if "." in one else (one, "") for one in dict.fromkeys(ids)]
        found: list[ResultRow] = []
        for start in range(0, len(keys), CHUNK):
            these = sa.tuple_(MATCHES.c.id, _KEY).in_(keys[start : start + CHUNK])
            mine = sa.select(*_SHOWN).select_from(_JOINED).where(MATCHES.c.workspace_id == workspace_id, these)
            found += [_row_of(row) for row in await self.all_rows(mine.order_by(MATCHES.c.id, _KEY))]
        return found

    async def count_rows(self, workspace_id: str, where: MatchFilter) -> int:
        return int(await self.scalar(_rows(workspace_id, where, sa.func.count())))

    async def count_hosts(self, workspace_id: str, where: MatchFilter) -> int:
        return int(await self.scalar(_rows(workspace_id, where, sa.func.count(COLUMNS["host"].distinct()))))

    async def group_rows(
        self,
        workspace_id: str,
        where: MatchFilter,
        *,
        sort: Sort = OLDEST,
        start: int = 0,
        rows: int = 50,
        each: int = 10,
    ) -> list[HostGroup]:
        tables, by = _sorted(workspace_id, where, sort)
        chosen = sa.select(COLUMNS["host"].label("host"), by.label("by")).select_from(tables)
        every = chosen.where(*row_conditions(workspace_id, where)).subquery("every")
        best = (sa.func.max if sort[1] else sa.func.min)(every.c.by)
        counted = sa.select(every.c.host, sa.func.count().label("number")).group_by(every.c.host)
        ordered = counted.order_by(_directed(best, sort), folded(every.c.host)).offset(start).limit(rows)
        counts = {row.host: row.number for row in await self.all_rows(ordered)}
        docs = await self._first_of(workspace_id, where, sort, list(counts), each)
        return [HostGroup(host, count, tuple(docs.get(host, ()))) for host, count in counts.items()]

    async def _first_of(
        self, workspace_id: str, where: MatchFilter, sort: Sort, hosts: list[str], each: int
    ) -> dict[str, list[ResultRow]]:
        """The first rows of each of these hosts."""
        host, (tables, by) = COLUMNS["host"], _sorted(workspace_id, where, sort)
        place = sa.func.row_number().over(partition_by=host, order_by=_order(by, sort)).label("place")
        ranked = sa.select(MATCHES.c.id, _KEY.label("page_key"), place).select_from(tables).where(host.in_(hosts))
        every = ranked.where(*row_conditions(workspace_id, where)).subquery("ranked")
        this = sa.and_(every.c.id == MATCHES.c.id, every.c.page_key == _KEY)
        first = sa.select(*_SHOWN).select_from(_JOINED.join(every, this)).where(every.c.place <= each)
        found: dict[str, list[ResultRow]] = {}
        for row in map(_row_of, await self.all_rows(first.order_by(every.c.place))):
            found.setdefault(row.host, []).append(row)
        return found

    async def facet(
        self, workspace_id: str, where: MatchFilter, metric: str, *, limit: int = 100
    ) -> list[tuple[Any, int]]:
        if metric_of(metric).kind is Kind.date or metric not in COLUMNS:
            raise refused(f"Results are not counted by {metric}.")
        values = _rows(workspace_id, where, COLUMNS[metric].label("value")).subquery("every").c.value
        number = sa.func.count().label("number")
        counted = sa.select(values, number).where(values.is_not(None)).group_by(values)
        rows = await self.all_rows(counted.order_by(number.desc(), values).limit(limit))
        flag = METRICS[metric].kind is Kind.flag
        return [(bool(row.value) if flag else row.value, row.number) for row in rows]

    async def host_counts(self, workspace_id: str, where: MatchFilter) -> list[HostCount]:
        hosts = hosts_of(Scope(workspace_id, where.list_id)).subquery("hosts")
        host, first = COLUMNS["host"].label("host"), sa.func.min(hosts.c.first_found).label("first_found")
        tables = _JOINED.outerjoin(hosts, _on_its_host(hosts))
        counted = sa.select(host, sa.func.count().label("count"), first).select_from(tables)
        grouped = counted.where(*row_conditions(workspace_id, where)).group_by(COLUMNS["host"]).order_by(first, host)
        return [struct_of(HostCount, row) for row in await self.all_rows(grouped)]

    async def stream_rows(self, workspace_id: str, where: MatchFilter) -> AsyncIterator[ResultRow]:
        order = MATCHES.c.first_seen, MATCHES.c.id, _KEY
        every = _rows(workspace_id, where, *_SHOWN).order_by(*order).limit(CHUNK)
        rows = await self.all_rows(every)
        while rows:
            for row in rows:
                yield _row_of(row)
            if len(rows) < CHUNK:
                return
            last = rows[-1]
            match = sa.literal(last.first_seen, MATCHES.c.first_seen.type), sa.literal(last.id)
            # the first term is for the index, the second for what is left of one match
            rows = await self.all_rows(
                every.where(
                    sa.tuple_(MATCHES.c.first_seen, MATCHES.c.id) >= sa.tuple_(*match),
                    sa.or_(MATCHES.c.id != last.id, sa.literal(last.page_key or "") < _KEY),
                )
            )


def _rows(workspace_id: str, where: MatchFilter, *shown: Any) -> sa.Select[Any]:
    return sa.select(*shown).select_from(_JOINED).where(*row_conditions(workspace_id, where))


def _sorted(workspace_id: str, where: MatchFilter, sort: Sort) -> tuple[sa.FromClause, Expression]:
    """The rows' tables, and the column that they are sorted by."""
    metric = metric_of(sort[0])
    if metric.name == "host_first_found":
        hosts = hosts_of(Scope(workspace_id, where.list_id)).subquery("hosts")
        return _JOINED.outerjoin(hosts, _on_its_host(hosts)), hosts.c.first_found
    if not metric.sortable or metric.name not in COLUMNS:
        raise refused(f"Results are not sorted by {metric.name}.")
    column = COLUMNS[metric.name]
    # texts in the order of their bytes: the same on both databases
    return _JOINED, folded(column) if metric.kind in (Kind.string, Kind.choice) else column


def _on_its_host(hosts: sa.Subquery) -> sa.ColumnElement[bool]:
    return sa.and_(hosts.c.list_id == MATCHES.c.list_id, hosts.c.host == COLUMNS["host"])


def _order(by: Expression, sort: Sort) -> tuple[Expression, ...]:
    return _directed(by, sort), MATCHES.c.id, _KEY


def _directed(column: Expression, sort: Sort) -> Expression:
    return (column.desc() if sort[1] else column.asc()).nulls_last()


def _row_of(row: sa.Row[Any]) -> ResultRow:
    values = row._mapping
    page = None
    if values["page_key"] is not None:
        page = struct_from(Page, {name: values[label] for label, name in _PAGE.items()})
    match = match_of(row, [page] if page else [])
    image = struct_from(ImageFacts, {name: values[label] for label, name in _IMAGE.items()})
    key = values["page_key"]
    return ResultRow(f"{match.id}.{key}" if key else match.id, match, page, image)
