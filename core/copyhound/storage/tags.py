"""Tags of lists and of found copies."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from copyhound.domain.filters import Condition
from copyhound.domain.matches import MatchFilter
from copyhound.domain.tags import NO_PAGE, Tag
from copyhound.storage.base import Repository, chunks
from copyhound.storage.match_filter import EXTENSIONS, Scope, row_conditions
from copyhound.storage.tables_matches import MATCH_PAGES, MATCHES
from copyhound.storage.tables_tags import MATCH_TAGS, TAGS
from copyhound.storage.types import row_of, struct_of


def tagged(match_id: sa.ColumnElement[Any], page_key: sa.ColumnElement[Any], tags: Sequence[str]) -> Any:
    """Whether a row (a match on a page; the key is NULL where none is known) has one of `tags`."""
    return sa.exists().where(*_on_row(match_id, page_key), MATCH_TAGS.c.tag.in_(tags)).correlate_except(MATCH_TAGS)


def _on_row(match_id: sa.ColumnElement[Any], page_key: sa.ColumnElement[Any]) -> tuple[sa.ColumnElement[bool], ...]:
    on_page = sa.or_(MATCH_TAGS.c.page_key == NO_PAGE, MATCH_TAGS.c.page_key == page_key)
    return MATCH_TAGS.c.match_id == match_id, on_page


def _condition(condition: Condition, scope: Scope) -> Any:
    """The metric `tag`: `ne` is met by what has no tag as well."""
    wanted = condition.value if isinstance(condition.value, tuple) else (condition.value,)
    has = tagged(MATCHES.c.id, MATCH_PAGES.c.url_key, [str(one) for one in wanted])
    return sa.not_(has) if condition.operator == "ne" else has


EXTENSIONS["tag"] = _condition


class Tags(Repository):
    """Tags in SQL."""

    async def of_list(self, workspace_id: str, list_id: str | None) -> list[Tag]:
        mine = TAGS.c.workspace_id == workspace_id, TAGS.c.scope == (list_id or "")
        rows = await self.all_rows(sa.select(TAGS).where(*mine).order_by(TAGS.c.created_at, TAGS.c.key))
        return [struct_of(Tag, row) for row in rows]

    async def put(self, workspace_id: str, list_id: str | None, tag: Tag, at: datetime) -> None:
        scope = {"workspace_id": workspace_id, "scope": list_id or "", "list_id": list_id, "created_at": at}
        row = row_of(tag, TAGS, **scope)
        changed = {name: row[name] for name in ("label", "colour", "state", "alias_of")}
        insert = self.upsert(TAGS).values(row)
        await self.run(insert.on_conflict_do_update(index_elements=["workspace_id", "scope", "key"], set_=changed))

    async def remove(self, workspace_id: str, list_id: str | None, key: str) -> bool:
        mine = TAGS.c.workspace_id == workspace_id, TAGS.c.scope == (list_id or ""), TAGS.c.key == key
        if not await self.run(sa.delete(TAGS).where(*mine)):
            return False
        await self._take_off(workspace_id, list_id, key)
        return True

    async def _take_off(self, workspace_id: str, list_id: str | None, key: str) -> None:
        given = sa.delete(MATCH_TAGS).where(MATCH_TAGS.c.workspace_id == workspace_id, MATCH_TAGS.c.tag == key)
        if list_id is not None:
            given = given.where(MATCH_TAGS.c.match_id.in_(sa.select(MATCHES.c.id).where(MATCHES.c.list_id == list_id)))
        await self.run(given)

    async def counts(self, workspace_id: str) -> dict[str | None, int]:
        counted = sa.select(TAGS.c.list_id, sa.func.count().label("number"))
        mine = counted.where(TAGS.c.workspace_id == workspace_id).group_by(TAGS.c.list_id)
        return {row.list_id: row.number for row in await self.all_rows(mine)}

    async def of_matches(self, workspace_id: str, match_ids: Sequence[str]) -> dict[tuple[str, str], list[str]]:
        found: dict[tuple[str, str], list[str]] = defaultdict(list)
        for chunk in chunks(list(dict.fromkeys(match_ids))):
            mine = sa.select(MATCH_TAGS).where(
                MATCH_TAGS.c.workspace_id == workspace_id, MATCH_TAGS.c.match_id.in_(chunk)
            )
            for row in await self.all_rows(mine.order_by(MATCH_TAGS.c.tag)):
                found[row.match_id, row.page_key].append(row.tag)
        return dict(found)

    async def facet(self, workspace_id: str, where: MatchFilter) -> list[tuple[str, int]]:
        rows = MATCHES.outerjoin(MATCH_PAGES, MATCH_PAGES.c.match_id == MATCHES.c.id)
        joined = rows.join(MATCH_TAGS, sa.and_(*_on_row(MATCHES.c.id, MATCH_PAGES.c.url_key)))
        number = sa.func.count().label("number")
        counted = sa.select(MATCH_TAGS.c.tag, number).select_from(joined)
        grouped = counted.where(*row_conditions(workspace_id, where)).group_by(MATCH_TAGS.c.tag)
        return [(row.tag, row.number) for row in await self.all_rows(grouped.order_by(number.desc(), MATCH_TAGS.c.tag))]

    async def lists_of(self, workspace_id: str, match_ids: Sequence[str]) -> list[str]:
        found: set[str] = set()
        for chunk in chunks(sorted(set(match_ids))):
            mine = MATCHES.c.workspace_id == workspace_id, MATCHES.c.id.in_(chunk)
            rows = await self.all_rows(sa.select(MATCHES.c.list_id).distinct().where(*mine))
            found |= {row.list_id for row in rows}
        return sorted(found)

    async def give(self, workspace_id: str, rows: Sequence[tuple[str, str]], tag: str | None) -> int:
        wanted = await self._there(workspace_id, rows)
        whole = {match_id for match_id, page_key in wanted if page_key == NO_PAGE}
        await self._clear(list(whole), None)
        await self._spread(workspace_id, sorted({match_id for match_id, _ in wanted} - whole))
        pages = [(match_id, page_key) for match_id, page_key in wanted if match_id not in whole]
        await self._clear([match_id for match_id, _ in pages], pages)
        if tag is not None:
            on = [*((match_id, NO_PAGE) for match_id in sorted(whole)), *pages]
            await self.insert(MATCH_TAGS, [_row(workspace_id, match_id, key, tag) for match_id, key in on])
        return len(wanted)

    async def _there(self, workspace_id: str, rows: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
        """Those of the rows whose match, and whose page where one is named, is there; each once, in order."""
        known = await self._known(workspace_id, [match_id for match_id, _ in rows])
        of_pages = {row for row in rows if row[1] != NO_PAGE and row[0] in known}
        found = {row for row in rows if row[1] == NO_PAGE and row[0] in known}
        on = sa.tuple_(MATCH_PAGES.c.match_id, MATCH_PAGES.c.url_key)
        for chunk in chunks(sorted(of_pages)):
            pages = await self.all_rows(sa.select(MATCH_PAGES.c.match_id, MATCH_PAGES.c.url_key).where(on.in_(chunk)))
            found |= {(row.match_id, row.url_key) for row in pages}
        return sorted(found)

    async def _known(self, workspace_id: str, match_ids: Sequence[str]) -> set[str]:
        found: set[str] = set()
        for chunk in chunks(sorted(set(match_ids))):
            mine = MATCHES.c.workspace_id == workspace_id, MATCHES.c.id.in_(chunk)
            found |= {row.id for row in await self.all_rows(self.held(sa.select(MATCHES.c.id).where(*mine)))}
        return found

    async def _spread(self, workspace_id: str, match_ids: Sequence[str]) -> None:
        """What is on a match as a whole goes onto each of its pages, so that one of them can be told apart."""
        for chunk in chunks(match_ids):
            whole = MATCH_TAGS.c.match_id.in_(chunk), MATCH_TAGS.c.page_key == NO_PAGE
            joined = MATCH_TAGS.join(MATCH_PAGES, MATCH_PAGES.c.match_id == MATCH_TAGS.c.match_id)
            found = sa.select(MATCH_TAGS.c.match_id, MATCH_PAGES.c.url_key, MATCH_TAGS.c.tag)
            rows = await self.all_rows(found.select_from(joined).where(*whole))
            for row in rows:
                await self.insert_new(MATCH_TAGS, _row(workspace_id, row.match_id, row.url_key, row.tag))
            await self.run(sa.delete(MATCH_TAGS).where(*whole))

    async def _clear(self, match_ids: Sequence[str], pages: Sequence[tuple[str, str]] | None) -> None:
        """All tags of matches, or only those of some of their pages."""
        if pages is None:
            for chunk in chunks(match_ids):
                await self.run(sa.delete(MATCH_TAGS).where(MATCH_TAGS.c.match_id.in_(chunk)))
            return
        for part in chunks(pages):
            on = sa.tuple_(MATCH_TAGS.c.match_id, MATCH_TAGS.c.page_key)
            await self.run(sa.delete(MATCH_TAGS).where(on.in_(part)))


def _row(workspace_id: str, match_id: str, page_key: str, tag: str) -> dict[str, str]:
    return {"workspace_id": workspace_id, "match_id": match_id, "page_key": page_key, "tag": tag}
