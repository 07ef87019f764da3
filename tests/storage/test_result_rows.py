"""Result rows: a match on each of its pages, sorted, cut into pages, grouped, counted, streamed."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from copyhound.domain.errors import CopyhoundError
from copyhound.domain.filter_meaning import values_of
from copyhound.domain.filters import parse_filter
from copyhound.domain.matches import (
    Match,
    MatchFilter,
    Page,
    ResultRow,
)
from copyhound.domain.metrics import METRICS
from copyhound.storage import Units
from copyhound.storage import result_rows as result_rows_module
from copyhound.storage.match_filter import EXTENSIONS
from copyhound.storage.tables_matches import MATCH_PAGES

from .found_rows import BARE, HOME, HOME_ROW, MATCHES, POST, POST_ROW, SAVED_ROW, name
from .makers import AT, W1, W2, a_match, at


async def test_a_row_is_a_match_on_a_page(found: Units) -> None:
    """With the facts of the match, the page and the image; a match without a page stands at its own address."""
    async with found.read() as unit:
        rows = {name(row): row for row in await unit.matches.rows(W1, MatchFilter())}
        again = await unit.matches.rows_by_ids(W1, [row.id for row in rows.values()] + ["m9", "m1.x", "."])
        assert await unit.matches.rows_by_ids(W2, [row.id for row in rows.values()]) == []
    assert sorted(again, key=name) == [rows[key] for key in sorted(rows)]
    home, bare = rows[HOME_ROW], rows[BARE]
    assert home.page == HOME
    assert home.match == msgspec.structs.replace(MATCHES[0], pages=(HOME,))
    assert (home.url, home.host, home.protocol, home.found_at) == (HOME.url, "a.example", "https:", at(1))
    assert rows[POST_ROW].found_at == at(5)
    assert (bare.page, bare.url, bare.host) == (None, "https://c.example/2.png", "c.example")
    assert (bare.image.id, bare.image.name, bare.image.number) == ("image_2", "boat.jpg", 2)
    assert (home.verified, bare.verified, rows[SAVED_ROW].verified) == (True, None, False)
    assert [rows[key].verified_status for key in (HOME_ROW, BARE, SAVED_ROW)] == ["online", "error", "offline"]


async def test_a_match_is_let_through_with_one_row(found: Units) -> None:
    """Two conditions on pages must hold on one and the same page."""
    async with found.read() as unit:
        for condition, ids in [
            ({"language-eql": "en", "host-eql": "a.example"}, ["m1"]),
            ({"language-eql": "fr", "host-eql": "a.example"}, []),
            ({"host-eql": "c.example"}, ["m2"]),
            ({"not": {"language-eql": "en"}}, ["m1", "m2", "m3"]),
            ({"confidence-gt": 90}, ["m1"]),
        ]:
            where = MatchFilter(filter=parse_filter(condition))
            page = await unit.matches.page(W1, where, cursor=None, limit=9)
            assert sorted(match.id for match in page.items) == ids, condition
            assert await unit.matches.count(W1, where) == len(ids)
            assert sorted([match.id async for match in unit.matches.stream(W1, where)]) == ids


async def test_what_is_small_is_left_out_unless_asked(found: Units) -> None:
    """Rows follow the other conditions of a MatchFilter, too."""
    async with found.read() as unit:
        assert await unit.matches.count_rows(W1, MatchFilter()) == 4
        assert await unit.matches.count_rows(W1, MatchFilter(include_small=True)) == 5
        assert await unit.matches.count_rows(W1, MatchFilter(image_id="image_2")) == 1
        assert await unit.matches.count_rows(W2, MatchFilter()) == 0
        assert await unit.matches.count_rows(W1, MatchFilter(list_id="list_x")) == 0


@pytest.mark.parametrize("metric", [one.name for one in METRICS.values() if one.sortable])
@pytest.mark.parametrize("down", [False, True])
async def test_every_metric_sorts_both_ways(found: Units, metric: str, down: bool) -> None:
    """What has no value comes last; what is equal is in the order of ids; pages put together are the whole."""
    async with found.read() as unit:
        whole = await unit.matches.rows(W1, MatchFilter(), sort=(metric, down))
        pages = [
            row
            for start in range(5)
            for row in await unit.matches.rows(W1, MatchFilter(), sort=(metric, down), start=start, rows=1)
        ]
    assert pages == whole
    assert len({row.id for row in whole}) == 4
    values = {row.id: _value(row, metric) for row in whole}
    known = [row for row in whole if values[row.id] is not None]
    assert whole[: len(known)] == known
    wanted = sorted(known, key=lambda row: row.id)
    wanted.sort(key=lambda row: values[row.id], reverse=down)
    assert known == wanted


def _value(row: ResultRow, metric: str) -> Any:
    """The value in Python, for sorting."""
    searched = at(2) if row.image.id == "image_2" else at(0)
    first = {"a.example": at(1), "b.example": at(5), "c.example": at(3)}[row.host]
    values = {**values_of(row), "search_timestamp": searched, "host_first_found": first, "image_id": row.image.number}
    value = values[metric]
    return value.lower() if isinstance(value, str) else value


async def test_the_default_order_is_the_oldest_first(found: Units) -> None:
    """What is found while somebody reads page after page comes last, so that nothing is read twice."""
    seen: list[str] = []
    for start in range(6):
        async with found() as unit:
            seen += [row.id for row in await unit.matches.rows(W1, MatchFilter(), start=start, rows=1)]
            if start < 2:
                await unit.matches.add(a_match(f"new{start}", pages=(), first_seen=at(20 + start), host="n.example"))
    assert len(seen) == len(set(seen)) == 6


async def test_fifty_rows_are_a_page(found: Units) -> None:
    """Unless more or fewer are asked for: the 51st row stands on the second page."""
    pages = tuple(Page(f"https://f.example/{number:02}", None, AT, AT) for number in range(47))
    async with found() as unit:
        await unit.matches.add(a_match("m5", pages=pages, first_seen=at(30)))
    async with found.read() as unit:
        first = await unit.matches.rows(W1, MatchFilter())
        second = await unit.matches.rows(W1, MatchFilter(), start=50)
        whole = await unit.matches.rows(W1, MatchFilter(), rows=1000)
    assert (len(first), len(second)) == (50, 1)
    assert [*first, *second] == whole


async def test_sort_page_and_filter_combine(found: Units) -> None:
    """The page is cut out of the sorted rows that the filter lets through."""
    where = MatchFilter(list_id="list_1", filter=parse_filter({"protocol-eql": "https", "image_id-in": "1,2"}))
    async with found.read() as unit:
        every = [
            name(row)
            for start in range(4)
            for row in await unit.matches.rows(W1, where, sort=("url", True), start=start, rows=1)
        ]
    assert every == [BARE, SAVED_ROW, HOME_ROW]


@pytest.mark.parametrize("metric", ["tag", "provider", "price", "id; DROP TABLE matches"])
async def test_other_sorts_are_refused(found: Units, metric: str) -> None:
    """A sort that there is not is an error, before anything is asked."""
    async with found.read() as unit:
        with pytest.raises(CopyhoundError, match=r"sorted by|no metric"):
            await unit.matches.rows(W1, MatchFilter(), sort=(metric, False))


async def test_rows_are_grouped_by_host(found: Units) -> None:
    """Hosts are in the order of their first row, counted whole, shown in part, and paged as groups."""
    async with found.read() as unit:
        where = MatchFilter()
        groups = await unit.matches.group_rows(W1, where, each=1)
        assert [(one.host, one.count, [name(row) for row in one.rows]) for one in groups] == [
            ("a.example", 2, [HOME_ROW]),
            ("c.example", 1, [BARE]),
            ("b.example", 1, [POST_ROW]),
        ]
        down = await unit.matches.group_rows(W1, where, sort=("found_timestamp", True))
        assert [(one.host, [name(row) for row in one.rows]) for one in down] == [
            ("a.example", [SAVED_ROW, HOME_ROW]),
            ("b.example", [POST_ROW]),
            ("c.example", [BARE]),
        ]
        for sort in [("host_first_found", True), ("title", False), ("verified", False)]:
            paged = [
                group
                for start in range(4)
                for group in await unit.matches.group_rows(W1, where, sort=sort, start=start, rows=1)
            ]
            assert paged == await unit.matches.group_rows(W1, where, sort=sort)
            assert {one.host for one in paged} == {"a.example", "b.example", "c.example"}
        assert await unit.matches.count_hosts(W1, where) == 3
        french = MatchFilter(filter=parse_filter({"language-eql": "fr"}))
        assert [one.host for one in await unit.matches.group_rows(W1, french)] == ["b.example"]


async def test_facets_count_rows(found: Units) -> None:
    """The values of a metric with their numbers, the most first; a date or a tag has none."""
    async with found.read() as unit:
        assert await unit.matches.facet(W1, MatchFilter(), "language") == [("en", 1), ("fr", 1)]
        assert await unit.matches.facet(W1, MatchFilter(), "host", limit=1) == [("a.example", 2)]
        assert await unit.matches.facet(W1, MatchFilter(), "verified") == [(True, 2), (False, 1)]
        assert await unit.matches.facet(W1, MatchFilter(), "protocol") == [("https:", 3), ("http:", 1)]
        status = await unit.matches.facet(W1, MatchFilter(), "verified_status_code")
        assert status == [("online", 2), ("error", 1), ("offline", 1)]
        for metric in ("found_timestamp", "tag", "provider", "price"):
            with pytest.raises(CopyhoundError):
                await unit.matches.facet(W1, MatchFilter(), metric)


async def test_hosts_are_counted_from_when_they_were_found_first(found: Units) -> None:
    """A filter narrows the count, never the time at which the list's first copy on a host was found."""
    async with found.read() as unit:
        every = await unit.matches.host_counts(W1, MatchFilter(list_id="list_1"))
        assert [(one.host, one.count, one.first_found) for one in every] == [
            ("a.example", 2, at(1)),
            ("c.example", 1, at(3)),
            ("b.example", 1, at(5)),
        ]
        saved = MatchFilter(filter=parse_filter({"url-ends": "saved"}))
        narrowed = await unit.matches.host_counts(W1, saved)
        assert [(one.host, one.count, one.first_found) for one in narrowed] == [("a.example", 1, at(1))]


@pytest.mark.parametrize("chunk", [1, 2, 3, 100])
async def test_all_rows_are_streamed_once(found: Units, monkeypatch: pytest.MonkeyPatch, chunk: int) -> None:
    """In pieces of any size: each row once, those of one match and of one moment included."""
    monkeypatch.setattr(result_rows_module, "CHUNK", chunk)
    pages = tuple(Page(f"https://e.example/{number}", None, AT, AT) for number in range(5))
    async with found() as unit:
        await unit.matches.add(a_match("m5", pages=pages, first_seen=at(1)))
    async with found.read() as unit:
        streamed = [row.id async for row in unit.matches.stream_rows(W1, MatchFilter())]
        assert sorted(streamed) == sorted(row.id for row in await unit.matches.rows(W1, MatchFilter()))
        english = MatchFilter(filter=parse_filter({"language-in": "en,fr"}))
        assert [name(row) async for row in unit.matches.stream_rows(W1, english)] != []
        assert [row async for row in unit.matches.stream_rows(W2, MatchFilter())] == []
    assert len(streamed) == 9


async def test_streaming_skips_no_rows_to_go_on(found: Units, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each piece begins after the last row's key, so that the last one costs as much as the first."""
    monkeypatch.setattr(result_rows_module, "CHUNK", 2)
    statements: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *more: Any) -> None:
        statements.append(statement)

    async with found.read() as unit:
        engine = unit.matches.connection.engine.sync_engine  # type: ignore[attr-defined]
        sa.event.listen(engine, "before_cursor_execute", note)
        streamed = [row async for row in unit.matches.stream_rows(W1, MatchFilter())]
        sa.event.remove(engine, "before_cursor_execute", note)
    reads = [one for one in statements if one.startswith("SELECT")]
    assert (len(streamed), len(reads)) == (4, 3)
    assert [one for one in reads[1:] if "(matches.first_seen, matches.id) >=" not in one] == []


async def test_other_tables_may_add_conditions(found: Units, monkeypatch: pytest.MonkeyPatch) -> None:
    """A condition that an extension compiles meets rows, and matches by their rows; without one it is refused."""
    where = MatchFilter(filter=parse_filter({"tag-in": "home"}))
    monkeypatch.delitem(EXTENSIONS, "tag", raising=False)
    async with found.read() as unit:
        with pytest.raises(CopyhoundError, match="tag"):
            await unit.matches.rows(W1, where)
        monkeypatch.setitem(
            EXTENSIONS, "tag", lambda one, scope: sa.func.coalesce(MATCH_PAGES.c.url.endswith(one.value[0]), sa.false())
        )
        assert [name(row) for row in await unit.matches.rows(W1, where)] == [HOME_ROW]
        assert [match.id async for match in unit.matches.stream(W1, where)] == ["m1"]


async def test_what_a_page_says_is_kept_until_it_says_something_else(found: Units) -> None:
    """Of language, description and size the newest that is known stays."""
    async with found() as unit:
        again = (Page(HOME.url, None, at(9), at(9)), Page(POST.url, None, at(9), at(9), "de", None, 50))
        await unit.matches.save(msgspec.structs.replace(MATCHES[0], pages=again))
        kept: Match | None = await unit.matches.get(W1, "m1")
    assert kept is not None
    assert kept.pages[0] == HOME
    assert kept.pages[1] == msgspec.structs.replace(POST, language="de", width_on_page=50)
