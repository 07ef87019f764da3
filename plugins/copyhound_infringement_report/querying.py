"""Queries: results as documents, in pages, by host, with facets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Stream

from copyhound.plugin_api import Caller, HostCount, ImageList, Tag
from copyhound_infringement_report.answers import AnyRequest, good
from copyhound_infringement_report.asking import Asked, check_query, read_query
from copyhound_infringement_report.auth import READS
from copyhound_infringement_report.documents import documents
from copyhound_infringement_report.exporting import exported
from copyhound_infringement_report.reading import Office, body_of
from copyhound_infringement_report.times import iso
from copyhound_infringement_report.wire import GOOD, Document, DocumentList, FlatAnswer, Group, QueryAnswer, QueryResult

_ALWAYS: Final = ("tag", "language")
"""Facets that the official app cannot do without."""
_DAYS: Final = 92
"""A longer time is counted by months."""


class QueryController(Controller):
    """Queries."""

    path = "/list/{list_id:str}/query"

    @get("/")
    async def query(
        self, request: AnyRequest, office: NamedDependency[Office], list_id: FromPath[str]
    ) -> Response[bytes] | Stream:
        """The results of a list: filtered, sorted, in pages of 50 (`rows`, at most 1000; `start`)."""
        return await _answer(request, office, list_id, {})

    @post("/", status_code=200, opt=READS)
    async def query_by_body(
        self, request: AnyRequest, office: NamedDependency[Office], list_id: FromPath[str]
    ) -> Response[bytes] | Stream:
        """The same, with filters and parameters in a JSON body."""
        return await _answer(request, office, list_id, await body_of(request))


async def _answer(request: AnyRequest, office: Office, list_id: str, body: dict[str, Any]) -> Response[bytes] | Stream:
    caller: Caller = request.user
    within = await office.list_of(caller, list_id)
    asked = read_query(office, request.query_params, body, within)
    if asked.output != "json":
        await check_query(office, caller, asked)
        return exported(office, caller, within, asked, asked.output)
    if office.version < 3:
        found = await _page(office, caller, within, asked)
        body_bytes = msgspec.json.encode(FlatAnswer(True, GOOD, within.number, found))
        return Response(body_bytes, media_type="application/json")
    return good(await _shaped(office, caller, within, asked))


async def _page(office: Office, caller: Caller, within: ImageList, asked: Asked) -> list[Document]:
    rows = await office.uses.results.rows(caller, asked.where, sort=asked.sort, start=asked.start, rows=asked.rows)
    return await documents(office, caller, within, rows, thumbnails=asked.thumbnails)


async def _shaped(office: Office, caller: Caller, within: ImageList, asked: Asked) -> QueryAnswer:
    still = await office.uses.results.open_images(caller, within.id)
    tags = await office.uses.tags.tags(caller, within.id)
    found = await (_by_host if asked.by_host else _flat)(office, caller, within, asked)
    counts = await office.uses.results.host_counts(caller, asked.where) if asked.dates else []
    return QueryAnswer(
        found,
        {"list_id": within.number, "list_label": within.label, "search_in_progress": still},
        [tag_wire(tag) for tag in tags],
        {"facet_fields": await _facets(office, caller, asked)},
        {"host_first_found_range": {"buckets": buckets(counts)}},
    )


async def _flat(office: Office, caller: Caller, within: ImageList, asked: Asked) -> QueryResult:
    docs = await _page(office, caller, within, asked)
    total = await office.uses.results.count(caller, asked.where)
    return QueryResult(matches=total, numFound=total, start=asked.start, docs=docs)


async def _by_host(office: Office, caller: Caller, within: ImageList, asked: Asked) -> QueryResult:
    groups = await office.uses.results.groups(caller, asked.where, sort=asked.sort, start=asked.start, rows=asked.rows)
    rows = [row for group in groups for row in group.rows]
    every = iter(await documents(office, caller, within, rows, thumbnails=asked.thumbnails))
    total = await office.uses.results.count(caller, asked.where)
    hosts = await office.uses.results.count_hosts(caller, asked.where)
    shown = [
        Group(groupValue=group.host, doclist=DocumentList(numFound=group.count, docs=[next(every) for _ in group.rows]))
        for group in groups
    ]
    return QueryResult(matches=total, ngroups=hosts, groups=shown)


async def _facets(office: Office, caller: Caller, asked: Asked) -> dict[str, list[Any]]:
    """Flat lists, as Solr has them: value, count, value, count."""
    wanted = dict.fromkeys([*(_ALWAYS if asked.by_host else ()), *asked.facets])
    found: dict[str, list[Any]] = {name: [] for name in _ALWAYS}
    for name in wanted:
        counts = await office.uses.results.facet(caller, asked.where, name)
        found[name] = [one for pair in counts for one in pair]
    return found


def tag_wire(tag: Tag) -> dict[str, Any]:
    """A tag as clients see it."""
    return {
        "tag_id": tag.key,
        "tag_label": tag.label,
        "colour": tag.colour,
        "state": tag.state.value,
        "alias_of": tag.alias_of,
    }


def buckets(counts: Sequence[HostCount]) -> list[dict[str, Any]]:
    """How many results were on hosts found first on each day, or in each month of a longer time."""
    if not counts:
        return []
    firsts = [one.first_found.astimezone(UTC) for one in counts]
    by_day = (max(firsts) - min(firsts)).days <= _DAYS
    results: Counter[datetime] = Counter()
    hosts: Counter[datetime] = Counter()
    for first, one in zip(firsts, counts, strict=True):
        begin = datetime(first.year, first.month, first.day if by_day else 1, tzinfo=UTC)
        results[begin] += one.count
        hosts[begin] += 1
    return [{"val": iso(day), "count": results[day], "unique_hosts": hosts[day]} for day in sorted(results)]
