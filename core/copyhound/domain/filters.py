"""The filter language: conditions on metrics, joined by and, or and not. Parsed once into an immutable tree."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import msgspec

from copyhound.domain.errors import CopyhoundError
from copyhound.domain.metrics import MAX_VALUES, plain_value, read_value, refused

MAX_DEPTH: Final = 10
MAX_CHARACTERS: Final = 100_000
# bounded repetition: a text of the greatest length is read in no time, whatever is in it
_LUCENE: Final = re.compile(r"\w\s{0,9}:|\b(AND|OR|NOT)\b|[*()\[\]\"]")
_SUNSET: Final = (
    "This is no JSON filter. Lucene queries ended on 1 July 2019; "
    'send a JSON object, such as {"host-cont": "domain.com"}.'
)


class Condition(msgspec.Struct, frozen=True, tag=True):
    """One metric compared with a value; `value` is a metrics.Value, as read_value gives it."""

    metric: str
    operator: str
    value: Any


class And(msgspec.Struct, frozen=True, tag=True):
    """All parts hold; with no parts, anything does."""

    parts: tuple[Filter, ...]


class Or(msgspec.Struct, frozen=True, tag=True):
    """At least one part holds."""

    parts: tuple[Filter, ...]


class Not(msgspec.Struct, frozen=True, tag=True):
    """The part does not hold. Its exact complement: what has no value is in one of both."""

    part: Filter


Filter = And | Or | Not | Condition

EVERYTHING: Final = And(())


def read_filter(text: str | bytes) -> Filter:
    """A filter from the text of a JSON object. CopyhoundError invalid_request says what is wrong; Lucene is refused.

    >>> read_filter('{"host-cont": "domain.com"}')
    Condition(metric='host', operator='cont', value='domain.com')
    """
    if len(text) > MAX_CHARACTERS:
        raise refused(f"The filter is longer than {MAX_CHARACTERS} characters.")
    try:
        value = json.loads(text, object_pairs_hook=_once_each, parse_constant=_no_constant)
    except CopyhoundError:
        raise
    except (ValueError, RecursionError):
        shown = text if isinstance(text, str) else text.decode("utf-8", "replace")
        lucene = not shown.lstrip().startswith(("{", "[")) and _LUCENE.search(shown)
        raise refused(_SUNSET if lucene else "The filter is not valid JSON.") from None
    return parse_filter(value)


def parse_filter(value: Any) -> Filter:
    """A filter from a decoded JSON object: keys `metric-operator`, `and`, `or`, `not`; several keys all hold.

    CopyhoundError invalid_request names an unknown metric or operator, or what else is wrong.
    """
    if isinstance(value, str):
        raise refused(_SUNSET)
    return _Parser().object(value, 1)


def filter_of_pairs(pairs: Mapping[str, str] | Iterable[tuple[str, str]]) -> Filter:
    """A filter from pairs such as `filter[host-cont]=ex.com` gives: ("host-cont", "ex.com"); all hold.

    >>> filter_of_pairs([("language-in", "en,fr")])
    Condition(metric='language', operator='in', value=('en', 'fr'))
    """
    parser = _Parser()
    items = list(pairs.items() if isinstance(pairs, Mapping) else pairs)
    parser.count(len(items))
    return joined(*[parser.condition(key, value) for key, value in items])


def joined(*filters: Filter | None) -> Filter:
    """A filter that lets through what all of them let through; None lets through everything.

    CopyhoundError invalid_request where together they hold more than one filter may.
    """
    parts = tuple(one for one in filters if one is not None and one != EVERYTHING)
    whole = parts[0] if len(parts) == 1 else And(parts)
    if _weight(whole) > MAX_VALUES:
        raise _too_much()
    return whole


def filter_json(tree: Filter) -> dict[str, Any]:
    """A filter as JSON has it: parse_filter gives the same tree back."""
    if isinstance(tree, Condition):
        return {f"{tree.metric}-{tree.operator}": plain_value(tree.value)}
    if isinstance(tree, Not):
        return {"not": filter_json(tree.part)}
    return {"and" if isinstance(tree, And) else "or": [filter_json(part) for part in tree.parts]}


def conditions_of(tree: Filter) -> Iterable[Condition]:
    """Every condition in a filter."""
    if isinstance(tree, Condition):
        yield tree
    else:
        for part in (tree.part,) if isinstance(tree, Not) else tree.parts:
            yield from conditions_of(part)


def _weight(tree: Filter) -> int:
    """Parts and values, counted as the parser does."""
    if isinstance(tree, Condition):
        return len(tree.value) if isinstance(tree.value, tuple) else 1
    if isinstance(tree, Not):
        return _weight(tree.part)
    return len(tree.parts) + sum(_weight(part) for part in tree.parts)


def _too_much() -> CopyhoundError:
    return refused(f"The filter holds more than {MAX_VALUES} parts and values.")


class _Parser:
    """Parses one filter, and counts how much there is of it."""

    def __init__(self) -> None:
        self._left = MAX_VALUES
        self._joins: dict[str, Callable[[Any, int], Filter]] = {"and": self._and, "or": self._or, "not": self._not}

    def object(self, value: Any, depth: int) -> Filter:
        if not isinstance(value, dict):
            raise refused('A filter is a JSON object, such as {"host-cont": "domain.com"}.')
        if len(value) > 1:
            # several keys are an "and", and weigh as much
            depth += 1
            self.count(len(value))
        if depth > MAX_DEPTH:
            raise refused(f"The filter is nested more than {MAX_DEPTH} deep.")
        parts = [self._part(key, inner, depth) for key, inner in value.items()]
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def condition(self, key: str, raw: Any) -> Condition:
        metric, dash, operator = key.rpartition("-")
        if not dash:
            raise refused(f"The key {key[:60]!r} is not [metric]-[operator], such as host-cont; nor and, or, not.")
        value = read_value(metric, operator, raw)
        self.count(len(value) if isinstance(value, tuple) else 1)
        return Condition(metric, operator, value)

    def _part(self, key: Any, value: Any, depth: int) -> Filter:
        if not isinstance(key, str):
            raise refused("The keys of a filter are texts.")
        join = self._joins.get(key)
        return join(value, depth + 1) if join else self.condition(key, value)

    def _and(self, value: Any, depth: int) -> Filter:
        return And(self._parts("and", value, depth))

    def _or(self, value: Any, depth: int) -> Filter:
        parts = self._parts("or", value, depth)
        if not parts:
            raise refused("or needs at least one filter.")
        return Or(parts)

    def _not(self, value: Any, depth: int) -> Filter:
        return Not(self.object(value, depth))

    def _parts(self, name: str, value: Any, depth: int) -> tuple[Filter, ...]:
        if not isinstance(value, list):
            raise refused(f"{name} takes a list of filters.")
        self.count(len(value))
        return tuple(self.object(one, depth) for one in value)

    def count(self, more: int) -> None:
        self._left -= more
        if self._left < 0:
            raise _too_much()


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of JSON; a key that stands twice would silently lose a condition."""
    found = dict(pairs)
    if len(found) != len(pairs):
        twice = next(key for key, times in Counter(key for key, _ in pairs).items() if times > 1)
        raise refused(f"The key {twice[:60]!r} stands twice; join them by and.")
    return found


def _no_constant(name: str) -> float:
    raise refused(f"{name} is no JSON.")
