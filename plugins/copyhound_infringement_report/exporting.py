"""Exports: all results of a list in one answer, streamed."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any, Final

import msgspec
from litestar import Controller, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Stream

from copyhound.plugin_api import Caller, CopyhoundError, ImageList, ResultRow
from copyhound_infringement_report.answers import AnyRequest
from copyhound_infringement_report.asking import OLDEST, Asked, check_query, read_query
from copyhound_infringement_report.documents import documents
from copyhound_infringement_report.reading import Office
from copyhound_infringement_report.wire import Document

_AT_ONCE: Final = 500
_PIECE: Final = 65_536
_TYPES: Final = {"csv": "text/csv", "json": "application/json", "jsonl": "application/jsonl"}
_LEFT_OUT: Final = ("user_id", "search_timestamp")
COLUMNS: Final = tuple(name for name in Document.__struct_fields__ if name not in _LEFT_OUT)
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")

Pieces = AsyncIterator[bytes]


class ExportController(Controller):
    """Exports."""

    @get("/list/{list_id:str}/export")
    async def export_list(self, request: AnyRequest, office: NamedDependency[Office], list_id: FromPath[str]) -> Stream:
        """All results of a list as `format=csv`, `json` or `jsonl`, with the filters of a query."""
        return await _answer(request, office, list_id)

    @get("/export")
    async def export(self, request: AnyRequest, office: NamedDependency[Office]) -> Stream:
        """The same; `list_id` names the list."""
        return await _answer(request, office, request.query_params.get("list_id", ""))


async def _answer(request: AnyRequest, office: Office, list_id: str) -> Stream:
    caller: Caller = request.user
    within = await office.list_of(caller, list_id)
    params = request.query_params
    asked = read_query(office, params, {}, within, most=100_000_000)
    await check_query(office, caller, asked)
    return exported(office, caller, within, asked, str(params.get("format") or params.get("output") or "csv").lower())


def exported(office: Office, caller: Caller, within: ImageList, asked: Asked, format: str) -> Stream:
    """All that a query finds, as a file. CopyhoundError invalid_request for an unknown format."""
    if format not in _TYPES:
        raise CopyhoundError("invalid_request", f"format is one of {', '.join(_TYPES)}.")
    name = f"list-{within.number}-results.{format}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    pieces = _gathered(_WRITERS[format](_documents(office, caller, within, asked)))
    return Stream(pieces, media_type=_TYPES[format], headers=headers)


async def _documents(office: Office, caller: Caller, within: ImageList, asked: Asked) -> AsyncIterator[Document]:
    """Some hundreds at once, so that memory stays flat."""
    waiting: list[ResultRow] = []
    async for row in _rows(office, caller, asked):
        waiting.append(row)
        if len(waiting) == _AT_ONCE:
            for document in await documents(office, caller, within, waiting, thumbnails=asked.thumbnails):
                yield document
            waiting.clear()
    for document in await documents(office, caller, within, waiting, thumbnails=asked.thumbnails):
        yield document


async def _rows(office: Office, caller: Caller, asked: Asked) -> AsyncIterator[ResultRow]:
    """In the order in which they were found; page by page where another order, or a part, was asked for."""
    if (asked.sort, asked.start, asked.most) == (OLDEST, 0, None):
        async for row in office.uses.results.stream(caller, asked.where):
            yield row
        return
    start, left = asked.start, sys.maxsize if asked.most is None else asked.most
    while left:
        count = min(left, _AT_ONCE)
        page = await office.uses.results.rows(caller, asked.where, sort=asked.sort, start=start, rows=count)
        for row in page:
            yield row
        if len(page) < count:
            return
        start, left = start + count, left - count


async def _gathered(pieces: Pieces) -> Pieces:
    """Fewer, larger pieces: each is sent by itself."""
    waiting = bytearray()
    async for piece in pieces:
        waiting += piece
        if len(waiting) >= _PIECE:
            yield bytes(waiting)
            waiting.clear()
    if waiting:
        yield bytes(waiting)


async def _csv(found: AsyncIterator[Document]) -> Pieces:
    yield _line(COLUMNS)
    async for document in found:
        plain = msgspec.to_builtins(document)
        yield _line(safe_cell(plain.get(name)) for name in COLUMNS)


async def _json(found: AsyncIterator[Document]) -> Pieces:
    separator = b"["
    async for document in found:
        yield separator + msgspec.json.encode(document)
        separator = b",\n"
    yield b"[]" if separator == b"[" else b"]"


async def _jsonl(found: AsyncIterator[Document]) -> Pieces:
    async for document in found:
        yield msgspec.json.encode(document) + b"\n"


_WRITERS: Final[dict[str, Callable[[AsyncIterator[Document]], Pieces]]] = {"csv": _csv, "json": _json, "jsonl": _jsonl}


def safe_cell(value: Any) -> Any:
    """A text that a spreadsheet would take for a formula gets a leading apostrophe.

    >>> safe_cell("=1+1")
    "'=1+1"
    """
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        value = " ".join(str(one) for one in value)
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def _line(cells: Iterable[Any]) -> bytes:
    line = io.StringIO()
    csv.writer(line).writerow(cells)
    return line.getvalue().encode()
