"""A MatchFilter as SQL conditions."""

from __future__ import annotations

import msgspec
import sqlalchemy as sa

from copyhound.domain.matches import MatchFilter
from copyhound.storage.tables_lists import LOOKUPS, SEARCHES
from copyhound.storage.tables_matches import MATCHES
from copyhound.storage.types import like_literal

_EQUAL = ("list_id", "image_id", "status", "decision", "domain", "host", "match_type")


def conditions(workspace_id: str, where: MatchFilter) -> list[sa.ColumnElement[bool]]:
    """Always bound to the workspace."""
    found: list[sa.ColumnElement[bool]] = [MATCHES.c.workspace_id == workspace_id]
    for name in _EQUAL:
        value = getattr(where, name)
        if value is not None:
            found.append(MATCHES.c[name] == str(value))
    if not where.include_small:
        found.append(MATCHES.c.small.is_(False))
    if where.provider is not None:
        found.append(holds(MATCHES.c.providers, where.provider))
    if where.search_id is not None:
        found.append(_of_search(workspace_id, where.search_id))
    return found + _ranges(where)


def holds(column: sa.ColumnElement[object], value: str) -> sa.ColumnElement[bool]:
    """Whether a JSON array of strings holds `value`."""
    quoted = like_literal(msgspec.json.encode(value).decode())
    return sa.cast(column, sa.Text).like(f"%{quoted}%", escape="\\")


def _ranges(where: MatchFilter) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = []
    if where.min_confidence is not None:
        found.append(MATCHES.c.confidence >= where.min_confidence)
    if where.min_score is not None:
        found.append(MATCHES.c.score >= where.min_score)
    if where.found_after is not None:
        found.append(MATCHES.c.first_seen >= where.found_after)
    if where.found_before is not None:
        found.append(MATCHES.c.first_seen < where.found_before)
    return found


def _of_search(workspace_id: str, search_id: str) -> sa.ColumnElement[bool]:
    """Matches of the images that it looked for, looked at since it began and not first found after it ended."""
    this = SEARCHES.c.id == search_id, SEARCHES.c.workspace_id == workspace_id
    looked_for = sa.exists().where(LOOKUPS.c.search_id == search_id, LOOKUPS.c.image_id == MATCHES.c.image_id)
    in_time = sa.exists().where(
        *this,
        # our own index saw a copy when it was crawled, perhaps long before: then the comparison is what is new
        sa.or_(MATCHES.c.last_seen >= SEARCHES.c.created_at, MATCHES.c.verified_at >= SEARCHES.c.created_at),
        sa.or_(SEARCHES.c.completed_at.is_(None), MATCHES.c.first_seen <= SEARCHES.c.completed_at),
    )
    return sa.and_(looked_for, in_time)
