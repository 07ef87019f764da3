"""What each metric is in SQL: for a match, one of its pages or none, and its image."""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import GenericFunction

from copyhound.domain.matches import NOT_ASKED
from copyhound.storage.tables_lists import IMAGES, LOOKUPS, SEARCHES
from copyhound.storage.tables_matches import MATCH_PAGES, MATCHES

Expression = sa.ColumnElement[Any]


class folded(GenericFunction[str]):  # noqa: N801 - named as it is called in SQL
    """With the letters A-Z made small, and nothing else: alike on both databases."""

    type = sa.String()
    inherit_cache = True


@compiles(folded, "postgresql")
def _folded_by_postgres(element: folded, compiler: Any, **options: Any) -> str:
    return f'lower(({compiler.process(element.clauses, **options)}) COLLATE "C")'


@compiles(folded)
def _folded_elsewhere(element: folded, compiler: Any, **options: Any) -> str:
    return f"lower({compiler.process(element.clauses, **options)})"


class place(GenericFunction[int]):  # noqa: N801 - named as it is called in SQL
    """Where a text begins in another, from 1; 0 where it does not."""

    type = sa.Integer()
    inherit_cache = True


@compiles(place, "postgresql")
def _place_in_postgres(element: place, compiler: Any, **options: Any) -> str:
    return f"strpos({compiler.process(element.clauses, **options)})"


@compiles(place)
def _place_elsewhere(element: place, compiler: Any, **options: Any) -> str:
    return f"instr({compiler.process(element.clauses, **options)})"


def host_in(matches: Any, pages: Any) -> Expression:
    """The host of a row of these tables."""
    return sa.func.coalesce(pages.c.host, matches.c.host)


def found_in(matches: Any, pages: Any) -> Expression:
    """When the row of these tables was found."""
    later = pages.c.first_seen > matches.c.first_seen
    return sa.case((later, pages.c.first_seen), else_=matches.c.first_seen)


_URL: Final = sa.func.coalesce(MATCH_PAGES.c.url, MATCHES.c.image_url)
_GONE: Final = MATCHES.c.status == "removed"
_SEEN: Final = MATCHES.c.verification_state == "verified"
_ASKED: Final = sa.or_(MATCHES.c.reason.is_(None), sa.func.substr(MATCHES.c.reason, 1, len(NOT_ASKED)) != NOT_ASKED)
NUMBER: Final = sa.select(IMAGES.c.number).where(IMAGES.c.id == MATCHES.c.image_id).correlate(MATCHES).scalar_subquery()
"""Of the image that was found."""
_SEARCHED: Final = (
    sa.select(sa.func.max(SEARCHES.c.created_at))
    .select_from(SEARCHES.join(LOOKUPS, LOOKUPS.c.search_id == SEARCHES.c.id))
    .where(LOOKUPS.c.image_id == MATCHES.c.image_id, SEARCHES.c.created_at <= MATCHES.c.first_seen)
    .correlate(MATCHES)
    .scalar_subquery()
)

COLUMNS: Final[dict[str, Expression]] = {
    "title": MATCH_PAGES.c.title,
    "language": MATCH_PAGES.c.language,
    "description": MATCH_PAGES.c.description,
    "url": _URL,
    "host": host_in(MATCHES, MATCH_PAGES),
    "protocol": sa.func.substr(_URL, 1, place(_URL, sa.literal(":"))),
    "image_url": MATCHES.c.image_url,
    "image_width": MATCHES.c.width,
    "image_height": MATCHES.c.height,
    "image_width_on_page": MATCH_PAGES.c.width_on_page,
    "image_height_on_page": MATCH_PAGES.c.height_on_page,
    "image_id": NUMBER,
    "found_timestamp": found_in(MATCHES, MATCH_PAGES),
    "search_timestamp": _SEARCHED,
    "verified": sa.case((_GONE, sa.literal(0)), (_SEEN, sa.literal(1)), else_=sa.null()),
    "verified_status_code": sa.case(
        (_GONE, sa.literal("offline")), (_SEEN, sa.literal("online")), (_ASKED, sa.literal("error")), else_=sa.null()
    ),
    "confidence": MATCHES.c.confidence,
    "score": MATCHES.c.score,
    "match_type": MATCHES.c.match_type,
    "status": MATCHES.c.status,
    "decision": MATCHES.c.decision,
    "domain": MATCHES.c.domain,
}
"""Of every metric but host_first_found, provider and tag, which are no single column of the row."""

OF_PAGE: Final = frozenset(
    ("title", "language", "description", "url", "host", "protocol", "image_width_on_page", "image_height_on_page")
) | {"found_timestamp", "host_first_found"}
"""The metrics whose value may be another one on each page of a match."""
