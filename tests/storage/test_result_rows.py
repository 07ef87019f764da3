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
    Decision,
    Match,
    MatchFilter,
    MatchStatus,
    Page,
    ResultRow,
    Verification,
    VerificationState,
)
from copyhound.domain.metrics import METRICS
from copyhound.storage import Units
from copyhound.storage import result_rows as result_rows_module
from copyhound.storage.match_filter import EXTENSIONS
from copyhound.storage.tables_matches import MATCH_PAGES

from .makers import AT, W1, W2, a_list, a_lookup, a_match, a_search, an_image, at, compared

HOME = Page("https://a.example/home", "Big SALE", at(1), at(9), "en", "Shoes, 50% off", 300, 200)
POST = Page("http://b.example/post", "A post", at(5), at(9), "fr", "Bags", 100, 80)
SAVED = Page("https://a.example/saved", None, at(7), at(9))
FAILED = Verification(VerificationState.unchecked, AT, None, "fetch_failed: No answer.")


def checked(confidence: float, score: float) -> Verification:
    return Verification(VerificationState.verified, AT, compared(confidence, score))


MATCHES = [
    a_match("m1", image_url="https://a.example/1.jpg", host="a.example", pages=(HOME, POST), width=640, height=480,
            first_seen=at(1), verification=checked(95, 70), providers=("index", "tineye"), domain="a.example"),
    a_match("m2", image_url="https://c.example/2.png", host="c.example", pages=(), width=100, height=90,
            first_seen=at(3), verification=FAILED, image_id="image_2", domain="c.example"),
    a_match("m3", image_url="https://cdn.example/3.jpg", host="cdn.example", pages=(SAVED,), width=None, height=None,
            first_seen=at(2), status=MatchStatus.removed, decision=Decision.allowed, verification=checked(60, 90)),
    a_match("m4", image_url="https://d.example/4.jpg", host="d.example", pages=(), first_seen=at(4), small=True),
]  # fmt: skip
"""Rows by page: m1 on home and post, m2 without a page, m3 on saved; m4 shares only something small."""
HOME_ROW, POST_ROW, BARE, SAVED_ROW = "home", "post", "m2", "saved"


@pytest.fixture
async def found(units: Units) -> Units:
    """Two images of one list, their matches, and searches that began at 0 and at 2 seconds."""
    async with units() as unit:
        await unit.lists.add(a_list())
        await unit.images.add([an_image(), an_image("image_2", name="boat.jpg")])
        await unit.searches.add(a_search("search_1", created_at=at(0)), [a_lookup("search_1")])
        await unit.searches.add(a_search("search_2", created_at=at(2)), [a_lookup("search_2", "image_2")])
        # one that found nothing new
        await unit.searches.add(a_search("search_3", created_at=at(6)), [a_lookup("search_3")])
        for match in MATCHES:
            assert await unit.matches.add(match)
    return units


def name(row: ResultRow) -> str:
    return row.page.url.rpartition("/")[2] if row.page else row.match.id


async def let_through(units: Units, condition: dict[str, Any]) -> list[str]:
    async with units.read() as unit:
        rows = await unit.matches.rows(W1, MatchFilter(list_id="list_1", filter=parse_filter(condition)))
    return sorted(map(name, rows))


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


ALL = [BARE, HOME_ROW, POST_ROW, SAVED_ROW]
COMPARED: dict[str, list[tuple[dict[str, Any], list[str]]]] = {
    "title": [
        ({"title-starts": "sale"}, []),
        ({"title-ends": "big"}, []),
        ({"title-eql": "big sale"}, [HOME_ROW]),
        ({"title-cont": "pos"}, [POST_ROW]),
        ({"title-starts": "Big"}, [HOME_ROW]),
        ({"title-ends": "sale"}, [HOME_ROW]),
        ({"title-ncont": "SALE"}, [BARE, POST_ROW, SAVED_ROW]),
    ],
    "language": [
        ({"language-starts": "n"}, []),
        ({"language-ends": "e"}, []),
        ({"language-eql": "fr"}, [POST_ROW]),
        ({"language-cont": "n"}, [HOME_ROW]),
        ({"language-starts": "f"}, [POST_ROW]),
        ({"language-ends": "r"}, [POST_ROW]),
        ({"language-in": "en,fr"}, [HOME_ROW, POST_ROW]),
    ],
    "description": [
        ({"description-starts": "50%"}, []),
        ({"description-ends": "shoes"}, []),
        ({"description-eql": "bags"}, [POST_ROW]),
        ({"description-cont": "0%"}, [HOME_ROW]),
        ({"description-cont": "S%o"}, []),
        ({"description-cont": "_"}, []),
        ({"description-starts": "shoes"}, [HOME_ROW]),
        ({"description-ends": "off"}, [HOME_ROW]),
    ],
    "url": [
        ({"url-starts": "a.example"}, []),
        ({"url-ends": "home/"}, []),
        ({"url-eql": "https://a.example/home"}, [HOME_ROW]),
        ({"url-cont": "example/2"}, [BARE]),
        ({"url-starts": "http://b."}, [POST_ROW]),
        ({"url-ends": "saved"}, [SAVED_ROW]),
    ],
    "host": [
        ({"host-starts": "example"}, []),
        ({"host-ends": "a."}, []),
        ({"host-eql": "a.example"}, [HOME_ROW, SAVED_ROW]),
        ({"host-cont": "c."}, [BARE]),
        ({"host-starts": "b"}, [POST_ROW]),
        ({"host-ends": "a.example"}, [HOME_ROW, SAVED_ROW]),
        ({"host-glob": "*.example"}, ALL),
        ({"host-glob": "?.example"}, []),
    ],
    "protocol": [
        ({"protocol-starts": "ttp"}, []),
        ({"protocol-ends": "https"}, []),
        ({"protocol-eql": "http:"}, [POST_ROW]),
        ({"protocol-cont": "s"}, [BARE, HOME_ROW, SAVED_ROW]),
        ({"protocol-starts": "https"}, [BARE, HOME_ROW, SAVED_ROW]),
        ({"protocol-ends": "p:"}, [POST_ROW]),
    ],
    "image_url": [
        ({"image_url-starts": "cdn"}, []),
        ({"image_url-ends": ".pn"}, []),
        ({"image_url-eql": "https://c.example/2.png"}, [BARE]),
        ({"image_url-cont": "cdn"}, [SAVED_ROW]),
        ({"image_url-starts": "https://a."}, [HOME_ROW, POST_ROW]),
        ({"image_url-ends": ".png"}, [BARE]),
    ],
    "image_width": [
        ({"image_width-gt": 100}, [HOME_ROW, POST_ROW]),
        ({"image_width-lt": 101}, [BARE]),
        ({"image_width-lt": 100}, []),
        ({"image_width-eql": "100"}, [BARE]),
        ({"image_width-ne": 100}, [HOME_ROW, POST_ROW, SAVED_ROW]),
    ],
    "image_height": [
        ({"image_height-gt": 90}, [HOME_ROW, POST_ROW]),
        ({"image_height-lt": 480}, [BARE]),
        ({"image_height-eql": 480}, [HOME_ROW, POST_ROW]),
    ],
    "image_width_on_page": [
        ({"image_width_on_page-gt": 100}, [HOME_ROW]),
        ({"image_width_on_page-lt": 300}, [POST_ROW]),
        ({"image_width_on_page-eql": 300}, [HOME_ROW]),
    ],
    "image_height_on_page": [
        ({"image_height_on_page-gt": 80}, [HOME_ROW]),
        ({"image_height_on_page-lt": 200}, [POST_ROW]),
        ({"image_height_on_page-eql": 80}, [POST_ROW]),
    ],
    "image_id": [
        ({"image_id-eql": 2}, [BARE]),
        ({"image_id-gt": 1}, [BARE]),
        ({"image_id-lt": 2}, [HOME_ROW, POST_ROW, SAVED_ROW]),
        ({"image_id-eql": "image_2"}, [BARE]),
        ({"image_id-in": "image_2,1"}, ALL),
    ],
    "found_timestamp": [
        ({"found_timestamp-before": at(3).isoformat()}, [HOME_ROW]),
        ({"found_timestamp-after": at(3).isoformat()}, [POST_ROW, SAVED_ROW]),
        ({"found_timestamp-between": f"{at(3).isoformat()} TO {at(5).isoformat()}"}, [BARE, POST_ROW]),
    ],
    "search_timestamp": [
        ({"search_timestamp-before": at(2).isoformat()}, [HOME_ROW, POST_ROW, SAVED_ROW]),
        ({"search_timestamp-after": at(0).isoformat()}, [BARE]),
        ({"search_timestamp-between": f"{at(0).isoformat()} TO {at(2).isoformat()}"}, ALL),
    ],
    "host_first_found": [
        ({"host_first_found-before": at(2).isoformat()}, [HOME_ROW, SAVED_ROW]),
        ({"host_first_found-after": at(3).isoformat()}, [POST_ROW]),
        ({"host_first_found-between": f"{at(1).isoformat()} TO {at(3).isoformat()}"}, [BARE, HOME_ROW, SAVED_ROW]),
    ],
    "verified": [
        ({"verified-in": "true"}, [HOME_ROW, POST_ROW]),
        ({"verified-in": "false"}, [SAVED_ROW]),
        ({"verified-in": "null"}, [BARE]),
        ({"verified-in": "true,false,null"}, ALL),
    ],
    "verified_status_code": [
        ({"verified_status_code-opt": "online"}, [HOME_ROW, POST_ROW]),
        ({"verified_status_code-opt": "offline"}, [SAVED_ROW]),
        ({"verified_status_code-opt": "error"}, [BARE]),
    ],
    "confidence": [({"confidence-gt": 60}, [HOME_ROW, POST_ROW]), ({"confidence-eql": 60}, [SAVED_ROW])],
    "score": [({"score-lt": 70.5}, [HOME_ROW, POST_ROW]), ({"score-in": "90"}, [SAVED_ROW])],
    "match_type": [({"match_type-eql": "partial"}, [HOME_ROW, POST_ROW, SAVED_ROW]), ({"match_type-eql": "full"}, [])],
    "status": [({"status-eql": "removed"}, [SAVED_ROW]), ({"status-ne": "removed"}, [BARE, HOME_ROW, POST_ROW])],
    "decision": [({"decision-in": "allowed,infringing"}, [SAVED_ROW])],
    "provider": [({"provider-eql": "tineye"}, [HOME_ROW, POST_ROW]), ({"provider-ne": "tineye"}, [BARE, SAVED_ROW])],
    "domain": [({"domain-eql": "c.example"}, [BARE]), ({"domain-cont": "example"}, ALL)],
}


@pytest.mark.parametrize("metric", sorted(COMPARED))
async def test_each_metric_is_compared(found: Units, metric: str) -> None:
    """Every documented operator lets through the rows that it should, on both databases."""
    for condition, rows in COMPARED[metric]:
        assert await let_through(found, condition) == sorted(rows), condition


def test_every_metric_has_such_a_test() -> None:
    """But for tags, which stand in tables of their own."""
    assert set(COMPARED) == set(METRICS) - {"tag"}


async def test_trees_are_compiled(found: Units) -> None:
    """And, or, not, alone and nested; not is the exact complement, also of what has no value."""
    either = {"or": [{"language-eql": "fr"}, {"and": [{"host-eql": "a.example"}, {"title-cont": "sale"}]}]}
    assert await let_through(found, either) == [HOME_ROW, POST_ROW]
    assert await let_through(found, {"not": either}) == [BARE, SAVED_ROW]
    assert await let_through(found, {"image_width-gt": 50, "language-eql": "en"}) == [HOME_ROW]
    assert await let_through(found, {"and": []}) == sorted(ALL)
    assert await let_through(found, {"not": {}}) == []


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
