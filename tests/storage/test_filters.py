"""Filters in SQL: what the database lets through is what the filter means."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from copyhound.domain.filter_meaning import holds, values_of
from copyhound.domain.filters import And, Filter, Not, Or, filter_json, parse_filter
from copyhound.domain.matches import Decision, Match, MatchFilter, MatchStatus, Page, ResultRow, Verification
from copyhound.domain.matches import VerificationState as State
from copyhound.domain.metrics import METRICS, Kind
from copyhound.storage import Units

from .makers import AT, W1, W2, a_list, a_lookup, a_match, a_search, an_image, at, compared

TEXTS = ["Sale", "sale 50%", "a_b", "ab", "a\\b", "Été", "été", "", "%", "x" * 300]
HOSTS = ["shop.example", "Blog.example", "shop.example.org"]
"""Few, so that they meet."""
VERIFIED = Verification(State.verified, AT, compared(90, 80))
NOT_ASKED = Verification(State.unchecked, AT, None, "not_asked: The search was made without verification.")
FAILED = Verification(State.unchecked, AT, None, "fetch_failed: No answer.")

some_pages = st.lists(
    st.builds(
        Page,
        url=st.builds(
            "{}://{}/{}".format, st.sampled_from(["https", "http"]), st.sampled_from(HOSTS), st.sampled_from(TEXTS)
        ),
        title=st.sampled_from([*TEXTS, None]),
        first_seen=st.integers(-3, 3).map(at),
        last_seen=st.just(at(9)),
        language=st.sampled_from(["en", "fr", None]),
        description=st.sampled_from([*TEXTS, None]),
        width_on_page=st.sampled_from([None, 0, 100, 300]),
        height_on_page=st.sampled_from([None, 0, 100]),
    ),
    max_size=3,
    unique_by=lambda page: page.url,
)
some_matches = st.lists(
    st.builds(
        lambda pages, verification, status, size, found, image, decision, providers: a_match(
            pages=tuple(pages),
            verification=verification,
            status=status,
            width=size,
            height=size,
            first_seen=found,
            image_id=f"image_{image}",
            list_id=f"list_{image}",
            decision=decision,
            providers=tuple(providers),
        ),
        some_pages,
        st.sampled_from([VERIFIED, NOT_ASKED, FAILED]),
        st.sampled_from(MatchStatus),
        st.sampled_from([None, 100, 300]),
        st.integers(-2, 2).map(at),
        st.sampled_from([1, 2]),
        st.sampled_from(Decision),
        st.sets(st.sampled_from(["index", "tineye", "in"])),
    ),
    max_size=4,
)


def some_value(name: str, operator: str) -> st.SearchStrategy[Any]:
    """JSON values of a condition, near to what the rows hold."""
    metric = METRICS[name]
    texts = st.sampled_from(
        [one for one in TEXTS if one]
        + ["EXAMPLE", "https:", "index", "p", "image_1", "/", "*", "s*e", "http", *HOSTS, "example"]
    )
    times = st.integers(-3, 3).map(lambda seconds: at(seconds).isoformat())
    if metric.kind is Kind.date:
        pairs = st.tuples(times, times).map(sorted).map(" TO ".join)
        return pairs if operator == "between" else times
    if metric.kind is Kind.flag:
        return st.lists(st.sampled_from([True, False, None]), min_size=1)
    one: st.SearchStrategy[Any] = texts
    if metric.kind is Kind.choice:
        one = st.sampled_from(metric.choices)
    elif metric.ids and operator not in ("gt", "lt"):
        one = st.sampled_from([0, 1, 2, "image_1", "image_2"])
    elif metric.kind is Kind.number:
        one = st.sampled_from([0, 1, 80, 90, 99.5, 100, 300, 2**53])
    return st.lists(one, min_size=1, max_size=3) if operator in ("in", "opt", "glob") else one


def one_condition(key: str, raw: Any) -> Filter:
    return parse_filter({key: raw})


conditions = st.one_of(
    *[
        st.builds(one_condition, st.just(f"{metric.name}-{operator}"), some_value(metric.name, operator))
        for metric in METRICS.values()
        if metric.kind is not Kind.tags
        for operator in metric.operators
    ]
)
filters: st.SearchStrategy[Filter] = st.recursive(
    conditions,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda parts: And(tuple(parts))),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: Or(tuple(parts))),
        inner.map(Not),
    ),
    max_leaves=5,
)


@pytest.fixture
async def two_images(units: Units) -> Units:
    """Two lists with an image each, and a search that began at AT for the first one."""
    async with units() as unit:
        for number in (1, 2):
            await unit.lists.add(a_list(f"list_{number}"))
            await unit.images.add([an_image(f"image_{number}", list_id=f"list_{number}")])
        await unit.searches.add(a_search(created_at=AT), [a_lookup()])
    return units


async def stored(units: Units, matches: Sequence[Match]) -> list[ResultRow]:
    """In place of all matches that are there: these. Their rows."""
    async with units() as unit:
        await unit.matches.connection.exec_driver_sql("DELETE FROM matches")  # type: ignore[attr-defined]
        for number, match in enumerate(matches):
            named = msgspec.structs.replace(match, id=f"match_{number}", image_url=f"https://p.example/{number}.jpg")
            assert await unit.matches.add(named)
    async with units.read() as unit:
        return await unit.matches.rows(W1, MatchFilter(include_small=True), rows=1000)


def meanings(rows: Sequence[ResultRow]) -> list[dict[str, Any]]:
    """The values of every metric, for the one search that began at AT."""
    first: dict[tuple[str, str], datetime] = {}
    for row in rows:
        key = (row.match.list_id, row.host)
        first[key] = min(first.get(key, row.found_at), row.found_at)
    return [
        {
            **values_of(row),
            "host_first_found": first[row.match.list_id, row.host],
            "search_timestamp": AT if row.match.image_id == "image_1" and row.match.first_seen >= AT else None,
        }
        for row in rows
    ]


@settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(matches=some_matches, trees=st.lists(filters, min_size=6, max_size=6))
async def test_sql_lets_through_what_the_filter_means(
    two_images: Units, matches: list[Match], trees: list[Filter]
) -> None:
    """Rows, and matches with one such row, are those that the evaluation of the tree in Python lets through."""
    rows = await stored(two_images, matches)
    told = meanings(rows)
    async with two_images.read() as unit:
        for tree in trees:
            meant = {row.id for row, values in zip(rows, told, strict=True) if holds(tree, values)}
            where = MatchFilter(filter=tree)
            assert {row.id for row in await unit.matches.rows(W1, where, rows=1000)} == meant, filter_json(tree)
            assert await unit.matches.count_rows(W1, where) == len(meant)
            page = await unit.matches.page(W1, where, cursor=None, limit=100)
            assert {match.id for match in page.items} == {one.partition(".")[0] for one in meant}, filter_json(tree)
            assert await unit.matches.rows(W2, where) == []
