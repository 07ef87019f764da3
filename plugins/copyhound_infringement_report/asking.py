"""What a query asks for: filters in every way in which they are sent, order, page, facets."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec
from litestar.datastructures import MultiDict

from copyhound.plugin_api import Caller, CopyhoundError, ImageList, MatchFilter
from copyhound_infringement_report.reading import Office, count_in, text_of, yes

DEFAULT_ROWS: Final = 50
MOST_ROWS: Final = 1000
_MOST_START: Final = 100_000_000
_JSON_NAMES: Final = ("filters", "filter")
_PAIR: Final = re.compile(r"filters?\[([^\]]{1,100})\]")
_TAG: Final = re.compile(r"tag\[([a-z]{1,10})\]")
_QUOTED: Final = re.compile(r'"([^"]*)"')
_EVERYTHING: Final = ("", "*", "*:*")
_Q_HOST: Final = re.compile(r'host:"?([A-Za-z0-9._-]{1,253})"?')
_PARAMETERS: Final = frozenset(
    ("sort", "rows", "start", "group_by", "facet", "use_ignore_lists", "date_range", "extend_thumbnails")
) | {"output", "q", "format", "list_id", "api_key"}
_SUNSET: Final = (
    "Lucene queries ended on 1 July 2019. Send filters as JSON, such as "
    'filters={"host-cont":"domain.com"}; q only takes host:domain.com.'
)

Sort = tuple[str, bool]
OLDEST: Final[Sort] = ("found_timestamp", False)


class Asked(msgspec.Struct, frozen=True):
    """A query, read."""

    where: MatchFilter
    sort: Sort
    start: int
    rows: int
    by_host: bool
    facets: tuple[str, ...]
    dates: bool
    thumbnails: bool
    output: str
    most: int | None = None
    """`rows` where they were told; a file without holds all."""


def read_query(
    office: Office, params: MultiDict[Any], body: Mapping[str, Any], within: ImageList, *, most: int = MOST_ROWS
) -> Asked:
    """A query from its address and its body. CopyhoundError invalid_request names what is wrong."""
    given = {**params, **{name: value for name, value in body.items() if name in _PARAMETERS}}
    where = MatchFilter(
        list_id=within.id,
        filter=office.uses.results.filter(*_filters(params, body)),
        without_ignored=yes(given, "use_ignore_lists", True),
    )
    output = str(given.get("output") or "json").lower()
    rows = count_in(given, "rows", DEFAULT_ROWS, most if output == "json" else _MOST_START)
    return Asked(
        where=where,
        sort=read_sort(given.get("sort")),
        start=count_in(given, "start", 0, _MOST_START),
        rows=rows,
        by_host=_one_of(given, "group_by", ("host",)),
        facets=_facets(params, given),
        dates=_one_of(given, "date_range", ("host_first_found",)),
        thumbnails=yes(given, "extend_thumbnails", False),
        output=output,
        most=rows if "rows" in given else None,
    )


async def check_query(office: Office, caller: Caller, asked: Asked) -> None:
    """CopyhoundError invalid_request for an order or a facet that there is not: a file has begun when it is read."""
    nothing = msgspec.structs.replace(asked.where, image_id="")
    await office.uses.results.rows(caller, nothing, sort=asked.sort, rows=0)
    for name in asked.facets:
        await office.uses.results.facet(caller, nothing, name)


def read_sort(text: Any) -> Sort:
    """`metric asc` or `metric desc`; the metric alone means asc."""
    if text in (None, ""):
        return OLDEST
    metric, *direction = text_of(text, "sort", 100).split()[:3] or [""]
    if direction not in ([], ["asc"], ["desc"]):
        raise CopyhoundError("invalid_request", "sort is a metric and asc or desc, such as found_timestamp desc.")
    return metric, direction == ["desc"]


def filter_of_q(text: Any) -> dict[str, Any] | None:
    """The only queries of old that are still read: everything, and one host."""
    q = text_of(text, "q").strip()
    if q in _EVERYTHING:
        return None
    if (found := _Q_HOST.fullmatch(q)) is None:
        raise CopyhoundError("invalid_request", _SUNSET)
    return {"host-eql": found[1]}


def _filters(params: MultiDict[Any], body: Mapping[str, Any]) -> Iterable[str | dict[str, Any]]:
    for name, value in params.multi_items():
        if name in _JSON_NAMES:
            if str(value).strip():
                yield str(value)
        elif pair := _PAIR.fullmatch(name):
            yield {pair[1]: value}
        elif tag := _TAG.fullmatch(name):
            yield _tag_filter(tag[1], str(value))
    yield from _body_filters(body)
    if (q := body.get("q", params.get("q"))) is not None and (by_host := filter_of_q(q)) is not None:
        yield by_host


def _body_filters(body: Mapping[str, Any]) -> Iterable[str | dict[str, Any]]:
    """A body holds `filters`, or is itself the filter, beside other parameters."""
    for name in _JSON_NAMES:
        if body.get(name):
            yield body[name] if isinstance(body[name], (str, dict)) else {name: body[name]}
    # what is no parameter is a condition, or a slip that must not go unseen
    own = {name: value for name, value in body.items() if name not in _PARAMETERS and name not in _JSON_NAMES}
    if own:
        yield own


def _tag_filter(operator: str, value: str) -> dict[str, Any]:
    """`tag[eql]=approved`; `tag[ne]=("approved" OR "trash")` means: none of them."""
    tags = _QUOTED.findall(value) or [one.strip() for one in value.split(",") if one.strip()]
    if operator in ("eql", "in"):
        return {"tag-in": tags}
    if operator == "ne":
        return {"not": {"tag-in": tags}}
    raise CopyhoundError("invalid_request", f"tag[{operator}] is not known: there are tag[eql], tag[in] and tag[ne].")


def _one_of(given: Mapping[str, Any], name: str, known: tuple[str, ...]) -> bool:
    value = given.get(name)
    if value in (None, ""):
        return False
    if value not in known:
        raise CopyhoundError("invalid_request", f"{name} is {' or '.join(known)}.")
    return True


def _facets(params: MultiDict[Any], given: Mapping[str, Any]) -> tuple[str, ...]:
    named = params.getall("facet") if "facet" in params else [given.get("facet") or ""]
    texts = [one for value in named for one in (value if isinstance(value, list) else str(value).split(","))]
    return tuple(dict.fromkeys(str(text).strip() for text in texts if str(text).strip()))[:20]
