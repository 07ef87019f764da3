"""Matches and their pages, between rows and Structs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa

from copyhound.domain.matches import Match, Page
from copyhound.storage.tables_matches import MATCHES
from copyhound.storage.types import clean, row_of, struct_from, struct_of, url_key


def page_rows(pages: Sequence[Page], seen: datetime) -> list[dict[str, Any]]:
    """Rows of pages, each URL once; times that are not given are `seen`. Sorted, so that locks are taken in order."""
    rows = {url_key(page.url): _page_row(page, seen) for page in pages}
    return [rows[key] for key in sorted(rows)]


def _page_row(page: Page, seen: datetime) -> dict[str, Any]:
    return {
        "url_key": url_key(page.url),
        "url": clean(page.url),
        "title": None if page.title is None else clean(page.title),
        "first_seen": page.first_seen or seen,
        "last_seen": page.last_seen or seen,
        "language": None if page.language is None else clean(page.language),
        "description": None if page.description is None else clean(page.description),
        "width_on_page": page.width_on_page,
        "height_on_page": page.height_on_page,
    }


def page_of(row: sa.Row[Any]) -> Page:
    """A page from a row of match_pages or entry_pages."""
    return struct_of(Page, row)


def match_row(match: Match) -> dict[str, Any]:
    """A match as a row, without its pages."""
    verification = match.verification
    comparison = verification.comparison
    return row_of(
        match,
        MATCHES,
        url_key=url_key(match.image_url),
        verification_state=verification.state.value,
        verified_at=verification.at,
        reason=verification.reason,
        comparison=msgspec.to_builtins(comparison),
        confidence=comparison.confidence if comparison else None,
        score=comparison.score if comparison else None,
        match_type=comparison.match_type.value if comparison else None,
    )


def match_of(row: sa.Row[Any], pages: list[Page]) -> Match:
    """A match from a row, with the pages given."""
    values = row._mapping
    verification = {
        "state": values["verification_state"],
        "at": values["verified_at"],
        "comparison": values["comparison"],
        "reason": values["reason"],
    }
    bare = struct_from(Match, values, pages=(), verification=verification)
    return msgspec.structs.replace(bare, pages=tuple(pages))
