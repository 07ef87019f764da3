"""Lists and images in figures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from copyhound.domain.figures import ImageFigures, ListFigures
from copyhound.domain.matches import MatchFilter
from copyhound.storage.base import Repository, chunks
from copyhound.storage.match_filter import row_conditions
from copyhound.storage.result_columns import COLUMNS
from copyhound.storage.tables_lists import IMAGES, LOOKUPS, SEARCHES
from copyhound.storage.tables_matches import MATCH_PAGES, MATCHES

_ROWS: Final = MATCHES.outerjoin(MATCH_PAGES, MATCH_PAGES.c.match_id == MATCHES.c.id)
_LOOKED: Final = LOOKUPS.join(SEARCHES, SEARCHES.c.id == LOOKUPS.c.search_id)


class Figures(Repository):
    """Counted in SQL."""

    async def of_lists(self, workspace_id: str, list_ids: Sequence[str]) -> dict[str, ListFigures]:
        found = {list_id: ListFigures() for list_id in list_ids}
        for chunk in chunks(list(found)):
            for statement in _of_lists(workspace_id, chunk):
                for row in await self.all_rows(statement):
                    counted = {name: value for name, value in row._mapping.items() if name != "key"}
                    found[row.key] = msgspec.structs.replace(found[row.key], **counted)
        return found

    async def open_images(self, workspace_id: str, list_id: str) -> int:
        rows = await self.all_rows(_open(workspace_id, [list_id]))
        return sum(int(row.open_images) for row in rows)

    async def of_images(self, workspace_id: str, image_ids: Sequence[str]) -> dict[str, ImageFigures]:
        found = {image_id: ImageFigures() for image_id in image_ids}
        for chunk in chunks(list(found)):
            for statement in _of_images(workspace_id, chunk):
                for row in await self.all_rows(statement):
                    counted = {name: value for name, value in row._mapping.items() if name != "key"}
                    if "open" in counted:
                        counted["open"] = bool(counted["open"])
                    found[row.key] = msgspec.structs.replace(found[row.key], **counted)
        return found


def _of_lists(workspace_id: str, ids: Sequence[str]) -> tuple[sa.Select[Any], ...]:
    mine = IMAGES.c.workspace_id == workspace_id, IMAGES.c.list_id.in_(ids)
    images = sa.select(IMAGES.c.list_id.label("key"), sa.func.count().label("images")).where(*mine)
    of_lists = SEARCHES.c.workspace_id == workspace_id, SEARCHES.c.list_id.in_(ids)
    searched = sa.select(SEARCHES.c.list_id.label("key"), sa.func.max(SEARCHES.c.created_at).label("searched_at"))
    found_images = sa.func.count(MATCHES.c.image_id.distinct()).label("found_images")
    rows = sa.select(MATCHES.c.list_id.label("key"), found_images, *_SEEN_ON).select_from(_ROWS)
    return (
        images.group_by(IMAGES.c.list_id),
        searched.where(*of_lists).group_by(SEARCHES.c.list_id),
        _open(workspace_id, ids),
        rows.where(*_shown(workspace_id), MATCHES.c.list_id.in_(ids)).group_by(MATCHES.c.list_id),
    )


def _open(workspace_id: str, ids: Sequence[str]) -> sa.Select[Any]:
    counted = sa.func.count(LOOKUPS.c.image_id.distinct()).label("open_images")
    of_lists = SEARCHES.c.workspace_id == workspace_id, SEARCHES.c.list_id.in_(ids)
    # only a search that is not complete has open lookups: the long history is not read
    still = SEARCHES.c.completed_at.is_(None), LOOKUPS.c.outcome.is_(None)
    chosen = sa.select(SEARCHES.c.list_id.label("key"), counted).select_from(_LOOKED)
    return chosen.where(*of_lists, *still).group_by(SEARCHES.c.list_id)


def _of_images(workspace_id: str, ids: Sequence[str]) -> tuple[sa.Select[Any], ...]:
    looked = LOOKUPS.c.workspace_id == workspace_id, LOOKUPS.c.image_id.in_(ids)
    times = sa.select(
        LOOKUPS.c.image_id.label("key"),
        sa.func.max(SEARCHES.c.created_at).label("began_at"),
        sa.func.max(LOOKUPS.c.ended_at).label("ended_at"),
        sa.func.max(sa.case((LOOKUPS.c.outcome.is_(None), 1), else_=0)).label("open"),
    )
    rows = sa.select(MATCHES.c.image_id.label("key"), *_SEEN_ON).select_from(_ROWS)
    return (
        times.select_from(_LOOKED).where(*looked).group_by(LOOKUPS.c.image_id),
        rows.where(*_shown(workspace_id), MATCHES.c.image_id.in_(ids)).group_by(MATCHES.c.image_id),
    )


def _shown(workspace_id: str) -> list[sa.ColumnElement[bool]]:
    """What a query without filters shows."""
    return row_conditions(workspace_id, MatchFilter())


_SEEN_ON: Final = (
    sa.func.count(COLUMNS["host"].distinct()).label("hosts"),
    sa.func.count(COLUMNS["url"].distinct()).label("pages"),
)
