"""Matches as files: streamed, in constant memory."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator
from typing import Any

import msgspec

from copyhound.domain.errors import CopyhoundError
from copyhound.domain.matches import Match, MatchFilter
from copyhound.domain.workspaces import Caller
from copyhound.services.kit import Kit
from copyhound.services.payloads import comparison_fields

FORMATS = {"csv": "text/csv; charset=utf-8", "json": "application/json", "jsonl": "application/jsonl"}
COLUMNS = (
    "match_id",
    "image_id",
    "image_name",
    "image_url",
    "host",
    "domain",
    "page_url",
    "page_title",
    "pages",
    "providers",
    "status",
    "decision",
    "note",
    "verified",
    "confidence",
    "score",
    "match_type",
    "edits",
    "query_share",
    "match_share",
    "width",
    "height",
    "first_seen",
    "last_seen",
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class ExportService:
    """The matches of a workspace as files."""

    def __init__(self, kit: Kit) -> None:
        self._kit = kit

    async def stream(self, caller: Caller, where: MatchFilter, format: str) -> AsyncIterator[bytes]:
        """The matches in one of FORMATS, in pieces. Raises before the first piece, never after."""
        if format not in FORMATS:
            raise CopyhoundError("invalid_request", f"format is one of {', '.join(FORMATS)}.")
        if where.list_id is not None:
            async with self._kit.units.read() as uow:
                if await uow.lists.get(caller.workspace_id, where.list_id) is None:
                    raise CopyhoundError("not_found", f"There is no list {where.list_id}.")
        rows = self._rows(caller, where)
        return {"csv": _csv, "json": _json, "jsonl": _jsonl}[format](rows)

    async def _rows(self, caller: Caller, where: MatchFilter) -> AsyncIterator[dict[str, Any]]:
        name = ("", "")
        async with self._kit.units.read() as uow:
            async for match in uow.matches.stream(caller.workspace_id, where):
                if name[0] != match.image_id:
                    image = await uow.images.get(caller.workspace_id, match.image_id)
                    name = (match.image_id, image.name if image else "")
                yield export_row(match, name[1])


def export_row(match: Match, image_name: str) -> dict[str, Any]:
    """One match as a flat row, JSON-ready, with the keys of COLUMNS."""
    page = match.pages[0] if match.pages else None
    fields = {
        "match_id": match.id,
        "image_id": match.image_id,
        "image_name": image_name,
        "image_url": match.image_url,
        "host": match.host,
        "domain": match.domain,
        "page_url": page.url if page else None,
        "page_title": page.title if page else None,
        "pages": [page.url for page in match.pages],
        "providers": list(match.providers),
        "status": match.status,
        "decision": match.decision,
        "note": match.note,
        **comparison_fields(match.verification.comparison),
        "width": match.width,
        "height": match.height,
        "first_seen": match.first_seen,
        "last_seen": match.last_seen,
    }
    row: dict[str, Any] = msgspec.to_builtins(fields)
    return row


def safe_cell(value: Any) -> Any:
    """A text that a spreadsheet would take for a formula gets a leading apostrophe.

    >>> safe_cell("=1+1")
    "'=1+1"
    """
    if isinstance(value, list):
        value = " ".join(_plain(item) for item in value)
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def _plain(item: Any) -> str:
    """An edit as `cropped(share=42)`, anything else as it is."""
    if not isinstance(item, dict):
        return str(item)
    kind, *rest = item.items()
    details = ",".join(f"{name}={value:g}" for name, value in rest)
    return f"{kind[1]}({details})" if details else str(kind[1])


async def _csv(rows: AsyncIterator[dict[str, Any]]) -> AsyncIterator[bytes]:
    yield _csv_line(COLUMNS)
    async for row in rows:
        yield _csv_line([safe_cell(row[column]) for column in COLUMNS])


def _csv_line(cells: Any) -> bytes:
    line = io.StringIO()
    csv.writer(line).writerow(cells)
    return line.getvalue().encode()


async def _json(rows: AsyncIterator[dict[str, Any]]) -> AsyncIterator[bytes]:
    separator = b"["
    async for row in rows:
        yield separator + msgspec.json.encode(row)
        separator = b",\n"
    yield b"[]" if separator == b"[" else b"]"


async def _jsonl(rows: AsyncIterator[dict[str, Any]]) -> AsyncIterator[bytes]:
    async for row in rows:
        yield msgspec.json.encode(row) + b"\n"
