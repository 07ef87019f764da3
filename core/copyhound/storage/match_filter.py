"""Which matches, and which of their rows, are asked for: as SQL with bound parameters."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, Final

import msgspec
import sqlalchemy as sa
from sqlmodel import UTCDateTime

from copyhound.domain.filters import EVERYTHING, And, Condition, Filter, Not, conditions_of
from copyhound.domain.matches import MatchFilter
from copyhound.domain.metrics import METRICS, Kind, refused
from copyhound.domain.metrics import folded as fold
from copyhound.storage.ignores import ignored
from copyhound.storage.result_columns import COLUMNS, OF_PAGE, Expression, folded, found_in, host_in
from copyhound.storage.tables_lists import LOOKUPS, SEARCHES
from copyhound.storage.tables_matches import MATCH_PAGES, MATCHES
from copyhound.storage.types import like_literal

Sql = sa.ColumnElement[bool]


class Scope(msgspec.Struct, frozen=True):
    """Within what a filter is asked."""

    workspace_id: str
    list_id: str | None = None


EXTENSIONS: Final[dict[str, Callable[[Condition, Scope], Sql]]] = {}
"""Conditions on what stands in tables of others, by metric: SQL on a row of MATCHES and MATCH_PAGES (whose columns
are NULL where no page is known). It must be true or false, never NULL."""

_EQUAL = ("list_id", "image_id", "status", "decision", "domain", "host", "match_type")


def conditions(workspace_id: str, where: MatchFilter) -> list[Sql]:
    """Of matches; always bound to the workspace. A filter is met by a match with one of its rows at least."""
    found = _facts(workspace_id, where)
    if where.filter is not None or where.without_ignored:
        found.append(_met_by_a_row(where, Scope(workspace_id, where.list_id)))
    return found


def row_conditions(workspace_id: str, where: MatchFilter) -> list[Sql]:
    """Of rows: matches joined with their pages."""
    found = _facts(workspace_id, where)
    found.append(_of_row(where, Scope(workspace_id, where.list_id)))
    return found


def compiled(tree: Filter, scope: Scope) -> Sql:
    """A filter on a row of MATCHES and MATCH_PAGES: true or false, never NULL."""
    if isinstance(tree, Condition):
        return _condition(tree, scope)
    if isinstance(tree, Not):
        return sa.not_(compiled(tree.part, scope))
    parts = [compiled(part, scope) for part in tree.parts]
    return sa.and_(sa.true(), *parts) if isinstance(tree, And) else sa.or_(sa.false(), *parts)


def holds(column: sa.ColumnElement[object], value: str) -> Sql:
    """Whether a JSON array of strings holds `value`."""
    quoted = like_literal(msgspec.json.encode(value).decode())
    return sa.cast(column, sa.Text).like(f"%{quoted}%", escape="\\")


def _of_row(where: MatchFilter, scope: Scope) -> Sql:
    found = [] if where.filter is None else [compiled(where.filter, scope)]
    if where.without_ignored:
        found.append(sa.not_(ignored(scope.workspace_id, MATCHES.c.list_id, COLUMNS["host"])))
    return sa.and_(sa.true(), *found)


def _met_by_a_row(where: MatchFilter, scope: Scope) -> Sql:
    met, metrics = _of_row(where, scope), {one.metric for one in conditions_of(where.filter or EVERYTHING)}
    if not where.without_ignored and not metrics & (OF_PAGE | EXTENSIONS.keys()):
        return met
    if "host_first_found" in metrics:
        # found at once for all matches: in a subquery of each match, its own subquery may be run anew each time
        rows = MATCHES.outerjoin(MATCH_PAGES, MATCH_PAGES.c.match_id == MATCHES.c.id)
        within = sa.select(MATCHES.c.id).select_from(rows).where(*_bounds(scope), met)
        return MATCHES.c.id.in_(within.correlate(None))
    alone = sa.select(sa.literal(1).label("one")).subquery("alone")
    joined = alone.outerjoin(MATCH_PAGES, MATCH_PAGES.c.match_id == MATCHES.c.id)
    return sa.select(sa.literal(1)).select_from(joined).where(met).correlate(MATCHES).exists()


def _bounds(scope: Scope) -> list[Sql]:
    bounds: list[Sql] = [MATCHES.c.workspace_id == scope.workspace_id]
    return bounds if scope.list_id is None else [*bounds, MATCHES.c.list_id == scope.list_id]


def _facts(workspace_id: str, where: MatchFilter) -> list[Sql]:
    found: list[Sql] = [MATCHES.c.workspace_id == workspace_id]
    for name in _EQUAL:
        value = getattr(where, name)
        if value is not None:
            found.append(MATCHES.c[name] == str(value))
    if not where.include_small:
        found.append(MATCHES.c.small.is_(False))
    if where.provider is not None:
        found.append(holds(MATCHES.c.providers, where.provider))
    if where.search_id is not None:
        found.append(_of_search(workspace_id, where.search_id))
    return found + _ranges(where)


def _ranges(where: MatchFilter) -> list[Sql]:
    found: list[Sql] = []
    if where.min_confidence is not None:
        found.append(MATCHES.c.confidence >= where.min_confidence)
    if where.min_score is not None:
        found.append(MATCHES.c.score >= where.min_score)
    if where.ids is not None:
        found.append(MATCHES.c.id.in_(where.ids))
    if where.found_after is not None:
        found.append(MATCHES.c.first_seen >= where.found_after)
    if where.found_before is not None:
        found.append(MATCHES.c.first_seen < where.found_before)
    return found


def _of_search(workspace_id: str, search_id: str) -> Sql:
    """Matches of the images that it looked for, looked at since it began and not first found after it ended."""
    this = SEARCHES.c.id == search_id, SEARCHES.c.workspace_id == workspace_id
    looked_for = sa.exists().where(LOOKUPS.c.search_id == search_id, LOOKUPS.c.image_id == MATCHES.c.image_id)
    in_time = sa.exists().where(
        *this,
        # our own index saw a copy when it was crawled, perhaps long before: then the comparison is what is new
        sa.or_(MATCHES.c.last_seen >= SEARCHES.c.created_at, MATCHES.c.verified_at >= SEARCHES.c.created_at),
        sa.or_(SEARCHES.c.completed_at.is_(None), MATCHES.c.first_seen <= SEARCHES.c.completed_at),
    )
    return sa.and_(looked_for, in_time)


def _condition(condition: Condition, scope: Scope) -> Sql:
    metric = condition.metric
    if metric in EXTENSIONS:
        return EXTENSIONS[metric](condition, scope)
    if metric == "host_first_found":
        return _host_first_found(condition, scope)
    if metric == "provider":
        return _provider(condition)
    if metric not in COLUMNS:
        raise refused(f"Results are not filtered by {metric} here.")
    if metric == "image_id":
        return _image(condition)
    if metric == "verified":
        return _verified(condition)
    return _compared(COLUMNS[metric], METRICS[metric].kind, condition.operator, condition.value)


def _compared(column: Expression, kind: Kind, sign: str, value: Any) -> Sql:
    """Two-valued: what has no value meets `ne` and `ncont`, and nothing else."""
    met = _KINDS[kind](column, sign, value)
    return sa.func.coalesce(met, sa.true() if sign in ("ne", "ncont") else sa.false())


def _text(column: Expression, sign: str, value: Any) -> Sql:
    text = folded(column)
    if sign == "in":
        return text.in_([fold(one) for one in value])
    if sign in ("eql", "ne"):
        return _SIGNS[sign](text, sa.literal(fold(value), sa.String))
    if sign == "glob":
        patterns = ("%".join(like_literal(fold(part)) for part in one.split("*")) for one in value)
        return sa.or_(*[text.like(sa.literal(one, sa.String), escape="\\") for one in patterns])
    start, end = _LIKE[sign]
    like = text.like(sa.literal(f"{start}{like_literal(fold(value))}{end}", sa.String), escape="\\")
    return sa.not_(like) if sign == "ncont" else like


def _number(column: Expression, sign: str, value: Any) -> Sql:
    number = sa.cast(column, sa.Double)
    if sign == "in":
        return number.in_([sa.literal(float(one), sa.Double) for one in value])
    return _SIGNS[sign](number, sa.literal(float(value), sa.Double))


def _moment(column: Expression, sign: str, value: Any) -> Sql:
    if sign == "between":
        start, end = (sa.literal(one, UTCDateTime()) for one in value)
        return sa.and_(column >= start, column <= end)
    return _SIGNS[sign](column, sa.literal(value, UTCDateTime()))


def _choice(column: Expression, sign: str, value: Any) -> Sql:
    return column.in_(list(value)) if isinstance(value, tuple) else _SIGNS[sign](column, sa.literal(value, sa.String))


def _verified(condition: Condition) -> Sql:
    column, wanted = COLUMNS["verified"], condition.value
    known = [int(one) for one in wanted if isinstance(one, bool)]
    is_one = sa.func.coalesce(column.in_(known), sa.false()) if known else sa.false()
    return sa.or_(is_one, column.is_(None)) if None in wanted else is_one


def _image(condition: Condition) -> Sql:
    """By number, or by our own id."""
    values = condition.value if isinstance(condition.value, tuple) else (condition.value,)
    if condition.operator in ("gt", "lt"):
        return _compared(COLUMNS["image_id"], Kind.number, condition.operator, condition.value)
    numbers = [one for one in values if not isinstance(one, str)]
    found: list[Sql] = [MATCHES.c.image_id.in_([one for one in values if isinstance(one, str)])]
    if numbers:
        found.append(_compared(COLUMNS["image_id"], Kind.number, "in", numbers))
    met = sa.or_(*found)
    return sa.not_(met) if condition.operator == "ne" else met


def _provider(condition: Condition) -> Sql:
    values = condition.value if isinstance(condition.value, tuple) else (condition.value,)
    met = sa.or_(*[holds(MATCHES.c.providers, fold(str(one))) for one in values])
    return sa.not_(met) if condition.operator == "ne" else met


def hosts_of(scope: Scope) -> sa.Select[Any]:
    """Every host of every list of the scope, and when it was found first: list_id, host, first_found."""
    matches, pages = MATCHES.alias("m"), MATCH_PAGES.alias("p")
    host, found = host_in(matches, pages).label("host"), sa.func.min(found_in(matches, pages)).label("first_found")
    joined = matches.outerjoin(pages, pages.c.match_id == matches.c.id)
    every = sa.select(matches.c.list_id, host, found).select_from(joined)
    every = every.where(matches.c.workspace_id == scope.workspace_id).group_by(matches.c.list_id, host)
    return every if scope.list_id is None else every.where(matches.c.list_id == scope.list_id)


def _host_first_found(condition: Condition, scope: Scope) -> Sql:
    hosts = hosts_of(scope).subquery("hosts")
    met = _moment(hosts.c.first_found, condition.operator, condition.value)
    chosen = sa.select(hosts.c.list_id, hosts.c.host).where(met)
    return sa.tuple_(MATCHES.c.list_id, COLUMNS["host"]).in_(chosen)


_LIKE: Final = {"cont": ("%", "%"), "ncont": ("%", "%"), "starts": ("", "%"), "ends": ("%", "")}
_SIGNS: Final[dict[str, Callable[[Any, Any], Sql]]] = {
    "eql": operator.eq,
    "ne": operator.ne,
    "gt": operator.gt,
    "lt": operator.lt,
    "before": operator.lt,
    "after": operator.gt,
}
_KINDS: Final[dict[Kind, Callable[[Expression, str, Any], Sql]]] = {
    Kind.string: _text,
    Kind.number: _number,
    Kind.date: _moment,
    Kind.choice: _choice,
}
