"""The filter language: what is read, what is refused, and that nothing else happens."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copyhound.domain.errors import CopyhoundError
from copyhound.domain.filter_meaning import holds
from copyhound.domain.filters import (
    EVERYTHING,
    MAX_DEPTH,
    And,
    Condition,
    Filter,
    Not,
    Or,
    conditions_of,
    filter_json,
    filter_of_pairs,
    joined,
    parse_filter,
    read_filter,
)
from copyhound.domain.matches import Decision, MatchStatus
from copyhound.domain.metrics import METRICS, OPERATOR_MEANINGS, Kind

DOCUMENTED = {
    **{
        name: {"eql", "cont", "starts", "ends"}
        for name in ("title", "language", "description", "url", "host", "protocol", "image_url")
    },
    **{
        name: {"gt", "lt", "eql"}
        for name in ("image_width", "image_height", "image_width_on_page", "image_height_on_page", "image_id")
    },
    **{name: {"before", "after", "between"} for name in ("found_timestamp", "search_timestamp", "host_first_found")},
}
"""The vendor's table, and what its app has beside it."""
VALUES: dict[Kind, Any] = {
    Kind.string: "ex",
    Kind.number: 7,
    Kind.date: "2017-10-01T01:01:01Z",
    Kind.flag: [True],
    Kind.tags: ["a"],
}


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc,arg-type]


def value_for(name: str, operator: str) -> Any:
    metric = METRICS[name]
    one = metric.choices[0] if metric.choices else VALUES[metric.kind]
    if operator == "between":
        return f"{one} TO {one}"
    return [one] if operator in ("in", "opt") and not isinstance(one, list) else one


def refusal(value: Any) -> str:
    with pytest.raises(CopyhoundError) as error:
        read_filter(value) if isinstance(value, str) else parse_filter(value)
    assert error.value.code == "invalid_request"
    assert error.value.detail is not None
    return error.value.detail


def test_a_filter_is_metric_operator_and_value() -> None:
    """The documents' example means: the host contains domain.com."""
    assert read_filter('{"host-cont":"domain.com"}') == Condition("host", "cont", "domain.com")


def test_every_documented_metric_has_its_operators() -> None:
    """Each pair of the documents' table is read; so is each that we add."""
    for name, operators in DOCUMENTED.items():
        assert operators <= set(METRICS[name].operators), name
    for metric in METRICS.values():
        for operator in metric.operators:
            assert parse_filter({f"{metric.name}-{operator}": value_for(metric.name, operator)})


def test_several_keys_all_hold() -> None:
    """Two keys are joined by and."""
    both = parse_filter({"host-cont": "ex", "image_width-gt": 100})
    assert both == And((Condition("host", "cont", "ex"), Condition("image_width", "gt", 100)))
    assert holds(both, {"host": "ex.com", "image_width": 101})
    assert not holds(both, {"host": "ex.com", "image_width": 100})


def test_and_or_not_nest_freely() -> None:
    """The tree is that of the JSON, and may stand beside plain keys."""
    tree = parse_filter(
        {"host-cont": "ex", "or": [{"language-eql": "en"}, {"not": {"and": [{"title-cont": "a"}, {"url-cont": "b"}]}}]}
    )
    assert tree == And(
        (
            Condition("host", "cont", "ex"),
            Or(
                (
                    Condition("language", "eql", "en"),
                    Not(And((Condition("title", "cont", "a"), Condition("url", "cont", "b")))),
                )
            ),
        )
    )
    assert [one.metric for one in conditions_of(tree)] == ["host", "language", "title", "url"]


def test_an_unknown_metric_or_operator_is_named() -> None:
    """The error says which one is not known, and which are."""
    assert "'hostt'" in refusal({"hostt-cont": "a"})
    assert "image_width_on_page" in refusal({"hostt-cont": "a"})
    told = refusal({"image_width-cont": "a"})
    assert "'cont'" in told
    assert "gt" in told
    assert "'between'" in refusal({"title-between": "a TO b"})
    assert "'host'" in refusal({"host": "a"})


def test_pairs_are_read_as_a_query_gives_them() -> None:
    """Numbers, lists and times come as texts."""
    tree = filter_of_pairs(
        {"host-cont": "ex.com", "image_width-gt": "100", "language-in": "en, fr", "verified-in": "true,null"}
    )
    assert tree == And(
        (
            Condition("host", "cont", "ex.com"),
            Condition("image_width", "gt", 100),
            Condition("language", "in", ("en", "fr")),
            Condition("verified", "in", (True, None)),
        )
    )
    assert filter_of_pairs({}) == EVERYTHING
    assert filter_of_pairs([("host-cont", "a"), ("host-cont", "b")]) == And(
        (Condition("host", "cont", "a"), Condition("host", "cont", "b"))
    )


def test_a_range_of_times_is_inclusive_and_in_order() -> None:
    """The documents' value is read; both ends are let through; a reversed range is refused."""
    tree = parse_filter({"search_timestamp-between": "2017-10-01T01:01:01Z TO 2017-11-01T01:01:01Z"})
    start, end = utc(2017, 10, 1, 1, 1, 1), utc(2017, 11, 1, 1, 1, 1)
    assert tree == Condition("search_timestamp", "between", (start, end))
    assert holds(tree, {"search_timestamp": start})
    assert holds(tree, {"search_timestamp": end})
    assert not holds(tree, {"search_timestamp": None})
    assert "reversed" in refusal({"found_timestamp-between": "2017-11-01 TO 2017-10-01"})


@pytest.mark.parametrize(
    ("operator", "value", "meant"),
    [
        ("before", "2017-10-01T01:01:01Z", utc(2017, 10, 1, 1, 1, 1)),
        ("before", "2017-10-01T01:01:01", utc(2017, 10, 1, 1, 1, 1)),
        ("before", "2017-10-01T03:01:01.5+02:00", utc(2017, 10, 1, 1, 1, 1, 500_000)),
        ("before", "2017-10-01T01:01", utc(2017, 10, 1, 1, 1)),
        ("before", "2017-10-01", utc(2017, 10, 1)),
        ("after", "2017-10-01", utc(2017, 10, 1, 23, 59, 59, 999_999)),
        ("between", "2017-10-01 TO 2017-10-01", (utc(2017, 10, 1), utc(2017, 10, 1, 23, 59, 59, 999_999))),
    ],
)
def test_times_are_iso_8601_in_utc(operator: str, value: str, meant: Any) -> None:
    """With Z, with another zone, without one (UTC); a date alone is the whole day."""
    assert parse_filter({f"found_timestamp-{operator}": value}) == Condition("found_timestamp", operator, meant)


@pytest.mark.parametrize(
    "value",
    ["yesterday", "2017-13-01", "01/10/2017", "20171001", "2017-W40", "0001-01-01T00:00:00+23:00", "9999-12-31T99:00",
     "", 5, None, ["2017-10-01"], "2017-10-01 TO 2017-10-02"],
)  # fmt: skip
def test_other_times_are_refused(value: Any) -> None:
    """What is no time, or none that there is, is named with its metric."""
    assert refusal({"found_timestamp-before": value}).startswith("found_timestamp-before: ")


@pytest.mark.parametrize(
    "text", ["host:ex.com", 'title:"a b" AND host:x', "host:[a TO b]", "(a OR b)", "*:*", "q=* NOT b", '"host:ex"']
)
def test_lucene_is_refused_and_says_why(text: str) -> None:
    """The old syntax gets its date and an example of the new one."""
    told = refusal(text)
    assert "Lucene" in told
    assert "1 July 2019" in told
    assert "host-cont" in told


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "7", '{"host-cont":"a"', '{"host-cont":NaN}', "{" * 99_000])
def test_what_is_no_json_object_is_refused(text: str) -> None:
    """However deep, and whatever it is."""
    assert refusal(text)


@pytest.mark.parametrize("text", ["x" * 100_000, "x " * 50_000, "x" + " " * 99_999])
def test_a_long_text_is_refused_in_no_time(text: str) -> None:
    """Reading takes a time that grows with the text, not with its square: that would be minutes."""
    assert refusal(text)


def test_a_key_that_stands_twice_is_refused() -> None:
    """JSON would drop the first of them without a word."""
    assert "'host-cont'" in refusal('{"host-cont":"a","host-cont":"b"}')


def test_size_and_depth_are_limited() -> None:
    """Ten deep, 500 parts and values in all, 2,000 characters a text, 100,000 in all."""
    deep: dict[str, Any] = {"host-cont": "a"}
    for _ in range(9):
        deep = {"not": deep}
    assert parse_filter(deep)
    assert "deep" in refusal({"not": deep})
    assert parse_filter({"host-in": ["a"] * 500})
    assert "500" in refusal({"host-in": ["a"] * 501})
    assert "500" in refusal({"and": [{"host-cont": "a"}] * 251})
    assert parse_filter({"host-cont": "a" * 2000})
    assert "2000" in refusal({"host-cont": "a" * 2001})
    assert "100000" in refusal('{"host-cont":"' + "a" * 100_000 + '"}')
    with pytest.raises(CopyhoundError):
        filter_of_pairs([("host-cont", "a")] * 251)


@pytest.mark.parametrize(
    "condition",
    [
        {"image_width-gt": "wide"}, {"image_width-gt": True}, {"image_width-gt": None}, {"image_width-gt": 1e999},
        {"image_width-gt": 2**53 + 1}, {"image_width-in": []}, {"image_width-in": "1,x"}, {"image_id-gt": "image_1"},
        {"title-cont": ""}, {"title-cont": " "}, {"title-cont": 5}, {"title-cont": "a\x00"}, {"title-cont": "\ud800"},
        {"title-in": []}, {"title-in": ["a", ["b"]]}, {"status-eql": "gone"}, {"verified-in": "yes"},
        {"verified-in": []}, {"verified_status_code-opt": "ok"}, {"verified-in": [[True]]}, {"or": []},
        {"or": {}}, {"and": "a"}, {"not": []}, {"not": "a"}, {"and": [[]]}, {"": "a"}, {"-": "a"}, {"and": [None]},
    ],
)  # fmt: skip
def test_values_that_mean_nothing_are_refused(condition: dict[str, Any]) -> None:
    """Each with an error, none with an answer that nobody asked for."""
    assert refusal(condition)


def test_the_choices_are_those_of_the_entities() -> None:
    """Status and decision are what a match can have."""
    assert METRICS["status"].choices == tuple(MatchStatus)
    assert METRICS["decision"].choices == tuple(Decision)


def test_filters_are_joined_without_empty_ones() -> None:
    """None and everything take nothing away."""
    one, two = Condition("host", "cont", "a"), Condition("host", "cont", "b")
    assert joined(None, one, EVERYTHING) == one
    assert joined(one, two) == And((one, two))
    assert joined() == EVERYTHING
    assert holds(EVERYTHING, {})


@pytest.mark.parametrize(
    ("operator", "wanted", "yes", "no"),
    [
        ("eql", "a_c", ["A_c"], ["abc", "a_cd", None]),
        ("ne", "a", ["b", None], ["A"]),
        ("cont", "50%", ["at 50% off"], ["at 50 off", None]),
        ("ncont", "50%", ["50 off", None], ["50% off"]),
        ("starts", "_a", ["_ab"], ["ba", "x_a", None]),
        ("ends", "%", ["50%"], ["50", "%5", None]),
        ("in", ["a", "b"], ["A", "b"], ["c", None]),
        ("glob", "*reg*.com", ["myreggae.com", "reg.com"], ["reg.com.au", "rexcom", None]),
        ("glob", ["a*", "b"], ["ab", "b"], ["bb"]),
    ],
)
def test_what_text_operators_mean(operator: str, wanted: Any, yes: list[Any], no: list[Any]) -> None:
    """Literal texts, no wildcards but in glob; A-Z and a-z are the same; what has no value is in one of both."""
    tree = parse_filter({f"title-{operator}": wanted})
    assert [holds(tree, {"title": value}) for value in (*yes, *no)] == [True] * len(yes) + [False] * len(no)
    assert [holds(Not(tree), {"title": value}) for value in (*yes, *no)] == [False] * len(yes) + [True] * len(no)


@pytest.mark.parametrize(
    ("operator", "wanted", "let_through"),
    [
        ("gt", 100, [101]),
        ("lt", 100, [99]),
        ("eql", 100, [100]),
        ("ne", 100, [99, 101, None]),
        ("in", "99,101", [99, 101]),
    ],
)
def test_what_number_operators_mean(operator: str, wanted: Any, let_through: list[Any]) -> None:
    """gt and lt are strict; lt is less than, whatever the documents' table of operators calls it."""
    tree = parse_filter({f"image_width-{operator}": wanted})
    assert [one for one in (99, 100, 101, None) if holds(tree, {"image_width": one})] == let_through


def test_before_and_after_leave_out_the_time_itself() -> None:
    """Both are exclusive."""
    moment = utc(2017, 10, 1)
    for operator in ("before", "after"):
        tree = parse_filter({f"found_timestamp-{operator}": "2017-10-01T00:00:00Z"})
        assert not holds(tree, {"found_timestamp": moment})
    assert holds(parse_filter({"found_timestamp-after": "2017-09-30T23:59:59Z"}), {"found_timestamp": moment})


def test_a_protocol_may_be_named_without_its_colon() -> None:
    """https and https: are the same."""
    assert parse_filter({"protocol-eql": "https"}) == parse_filter({"protocol-eql": "https:"})
    assert parse_filter({"protocol-starts": "http"}) == Condition("protocol", "starts", "http")


def test_an_image_is_named_by_number_or_id() -> None:
    """Both mean the same image."""
    values = {"image_id": "image_x", "image_number": 12}
    assert holds(parse_filter({"image_id-eql": "12"}), values)
    assert holds(parse_filter({"image_id-eql": "image_x"}), values)
    assert holds(parse_filter({"image_id-in": "image_y,12"}), values)
    assert holds(parse_filter({"image_id-lt": 13}), values)
    assert not holds(parse_filter({"image_id-ne": 12}), values)


@given(st.text("ab", max_size=8), st.text("ab*", min_size=1, max_size=8).filter(str.strip))
def test_a_glob_is_a_regular_expression_of_any_text(value: str, pattern: str) -> None:
    """Each * is any text, of any length."""
    meant = re.fullmatch(".*".join(pattern.split("*")), value) is not None
    assert holds(parse_filter({"title-glob": pattern}), {"title": value}) == meant


def test_a_glob_of_many_stars_ends() -> None:
    """No pattern takes longer than its length allows."""
    assert not holds(parse_filter({"title-glob": "*a" * 999 + "*b"}), {"title": "a" * 1999})


TEXT = st.text(min_size=1, max_size=20).filter(lambda text: text.strip() and "\x00" not in text and _storable(text))


def _storable(text: str) -> bool:
    return not any("\ud800" <= one <= "\udfff" for one in text)


def conditions() -> st.SearchStrategy[Filter]:
    def of(name: str, operator: str) -> st.SearchStrategy[Filter]:
        metric = METRICS[name]
        one: st.SearchStrategy[Any] = TEXT
        if metric.kind is Kind.number:
            one = st.integers(-(2**53), 2**53) | st.floats(-1e9, 1e9)
        elif metric.kind is Kind.date:
            one = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30)).map(lambda at: at.isoformat())  # noqa: DTZ001
        elif metric.choices:
            one = st.sampled_from(metric.choices)
        elif metric.kind is Kind.flag:
            one = st.sampled_from([True, False, None])
        if operator in ("in", "opt", "glob"):
            one = st.lists(one, min_size=1, max_size=4)
        elif operator == "between":
            one = st.tuples(one, one).map(sorted).map(" TO ".join)
        return one.map(lambda raw: parse_filter({f"{name}-{operator}": raw}))

    return st.one_of([of(metric.name, operator) for metric in METRICS.values() for operator in metric.operators])


def trees() -> st.SearchStrategy[Filter]:
    def more(inner: st.SearchStrategy[Filter]) -> st.SearchStrategy[Filter]:
        several = st.lists(inner, max_size=3)
        return st.one_of(
            several.map(lambda parts: And(tuple(parts))),
            several.filter(bool).map(lambda parts: Or(tuple(parts))),
            inner.map(Not),
        )

    return st.recursive(conditions(), more, max_leaves=6)


def attempt(read: Callable[[Any], Filter], value: Any) -> Filter | None:
    """The filter; None where it was refused as clients are told. Anything else is raised."""
    try:
        return read(value)
    except CopyhoundError as error:
        if error.code != "invalid_request":
            raise
        return None


@given(trees())
def test_what_is_written_is_read_again(tree: Filter) -> None:
    """A filter printed as JSON text and read is the same filter."""
    again = attempt(read_filter, json.dumps(filter_json(tree)))
    assert again == tree or _depth(tree) > MAX_DEPTH


def _depth(tree: Filter) -> int:
    if isinstance(tree, Condition):
        return 1
    parts = (tree.part,) if isinstance(tree, Not) else tree.parts
    return 1 + max(map(_depth, parts), default=0)


KEYS = [f"{metric.name}-{operator}" for metric in METRICS.values() for operator in OPERATOR_MEANINGS]
SCALARS = ["2017-10-01", "2017-10-01 TO 2017-10-02", "a,b", "true,null", "-", "9" * 5000, "online"]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.sampled_from(SCALARS),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(max_size=8) | st.sampled_from(["and", "or", "not", *KEYS]), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(JSON)
def test_no_json_breaks_the_parser(value: Any) -> None:
    """Whatever JSON there is: a filter, or a CopyhoundError that says what is wrong. So for its text."""
    for tree in (attempt(parse_filter, value), attempt(read_filter, json.dumps(value))):
        assert tree is None or parse_filter(filter_json(tree)) == tree


@given(st.text(max_size=60) | st.binary(max_size=60))
def test_no_text_breaks_the_reader(text: str | bytes) -> None:
    """Any text or bytes is a filter, or is refused."""
    tree = attempt(read_filter, text)
    assert tree is None or text.strip()[:1] in ("{", b"{")


@given(st.dictionaries(st.text(max_size=12) | st.sampled_from(KEYS), st.text(max_size=20) | st.sampled_from(SCALARS)))
def test_no_pairs_break_the_reader(pairs: dict[str, str]) -> None:
    """Any pairs of a query string are a filter with as many conditions, or are refused."""
    tree = attempt(filter_of_pairs, pairs)
    assert tree is None or len(list(conditions_of(tree))) == len(pairs)
