"""Result rows: each match on each of its pages. Read by offset, by host, counted; lists and images in figures."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

from copyhound.domain.errors import CopyhoundError
from copyhound.domain.figures import ImageFigures, ListFigures
from copyhound.domain.filters import Filter, joined, parse_filter, read_filter
from copyhound.domain.matches import HostCount, HostGroup, MatchFilter, ResultRow
from copyhound.domain.repositories import UnitOfWork
from copyhound.domain.workspaces import Caller
from copyhound.services.kit import Kit

Sort = tuple[str, bool]
"""A metric, and whether the largest come first."""
OLDEST: Sort = ("found_timestamp", False)


class ResultService:
    """Result rows of a workspace. CopyhoundError not_found for a list that is not there."""

    def __init__(self, kit: Kit) -> None:
        self._kit = kit

    def filter(self, *wanted: str | dict[str, Any]) -> Filter:
        """A filter from JSON, or from its text; all must hold. CopyhoundError invalid_request names what is wrong."""
        return joined(*(read_filter(one) if isinstance(one, str) else parse_filter(one) for one in wanted))

    async def rows(
        self, caller: Caller, where: MatchFilter, *, sort: Sort = OLDEST, start: int = 0, rows: int = 50
    ) -> list[ResultRow]:
        async with self._kit.units.read() as uow:
            await _must_exist(uow, caller, where)
            return await uow.matches.rows(caller.workspace_id, where, sort=sort, start=start, rows=rows)

    async def groups(
        self,
        caller: Caller,
        where: MatchFilter,
        *,
        sort: Sort = OLDEST,
        start: int = 0,
        rows: int = 50,
        each: int = 10,
    ) -> list[HostGroup]:
        """By host; `start` and `rows` count hosts, `each` the rows of one."""
        async with self._kit.units.read() as uow:
            await _must_exist(uow, caller, where)
            return await uow.matches.group_rows(
                caller.workspace_id, where, sort=sort, start=start, rows=rows, each=each
            )

    async def count(self, caller: Caller, where: MatchFilter) -> int:
        async with self._kit.units.read() as uow:
            return await uow.matches.count_rows(caller.workspace_id, where)

    async def count_hosts(self, caller: Caller, where: MatchFilter) -> int:
        """How many hosts the rows have."""
        async with self._kit.units.read() as uow:
            return await uow.matches.count_hosts(caller.workspace_id, where)

    async def facet(self, caller: Caller, where: MatchFilter, metric: str) -> list[tuple[Any, int]]:
        """How many rows there are of each value of a metric; CopyhoundError invalid_request for one that has none."""
        async with self._kit.units.read() as uow:
            if metric == "tag":
                return await uow.tags.facet(caller.workspace_id, where)
            return await uow.matches.facet(caller.workspace_id, where, metric)

    async def host_counts(self, caller: Caller, where: MatchFilter) -> list[HostCount]:
        async with self._kit.units.read() as uow:
            return await uow.matches.host_counts(caller.workspace_id, where)

    async def stream(self, caller: Caller, where: MatchFilter) -> AsyncIterator[ResultRow]:
        """All rows, in constant memory."""
        async with self._kit.units.read() as uow:
            async for row in uow.matches.stream_rows(caller.workspace_id, where):
                yield row

    async def figures(self, caller: Caller, list_ids: Sequence[str]) -> dict[str, ListFigures]:
        """Lists in figures, by id."""
        async with self._kit.units.read() as uow:
            return await uow.figures.of_lists(caller.workspace_id, list_ids)

    async def open_images(self, caller: Caller, list_id: str) -> int:
        """How many images of a list are still looked for: the one figure that is asked for again and again."""
        async with self._kit.units.read() as uow:
            return await uow.figures.open_images(caller.workspace_id, list_id)

    async def image_figures(self, caller: Caller, image_ids: Sequence[str]) -> dict[str, ImageFigures]:
        """Images in figures, by id."""
        async with self._kit.units.read() as uow:
            return await uow.figures.of_images(caller.workspace_id, image_ids)


async def _must_exist(uow: UnitOfWork, caller: Caller, where: MatchFilter) -> None:
    if where.list_id is not None and await uow.lists.get(caller.workspace_id, where.list_id) is None:
        raise CopyhoundError("not_found", f"There is no list {where.list_id}.")
