"""What a filter means, for one row: the same as its SQL."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from copyhound.domain.filters import And, Condition, Filter, Not
from copyhound.domain.matches import ResultRow
from copyhound.domain.metrics import METRICS, Kind, folded

NUMBER_OF_IMAGE: Final = "image_number"
"""The value that `image_id` is compared with where it is asked for by number."""


def holds(tree: Filter, values: Mapping[str, Any]) -> bool:
    """Whether a row is let through. `values`: metric -> text, number, time, bool, tuple of texts (provider, tag) or
    None; `image_number` beside `image_id`.

    >>> from copyhound.domain.filters import parse_filter
    >>> holds(parse_filter({"title-cont": "SALE"}), {"title": "Summer sale"})
    True
    """
    if isinstance(tree, Condition):
        return _condition(tree, values)
    if isinstance(tree, Not):
        return not holds(tree.part, values)
    parts = (holds(part, values) for part in tree.parts)
    return all(parts) if isinstance(tree, And) else any(parts)


def values_of(row: ResultRow) -> dict[str, Any]:
    """What `holds` takes, of a row. Without search_timestamp, host_first_found and tag: they stand elsewhere."""
    match, page, comparison = row.match, row.page, row.match.verification.comparison
    return {
        "title": page.title if page else None,
        "language": page.language if page else None,
        "description": page.description if page else None,
        "url": row.url,
        "host": row.host,
        "protocol": row.protocol,
        "image_url": match.image_url,
        "image_width": match.width,
        "image_height": match.height,
        "image_width_on_page": page.width_on_page if page else None,
        "image_height_on_page": page.height_on_page if page else None,
        "image_id": match.image_id,
        NUMBER_OF_IMAGE: row.image.number,
        "found_timestamp": row.found_at,
        "verified": row.verified,
        "verified_status_code": row.verified_status,
        "confidence": comparison.confidence if comparison else None,
        "score": comparison.score if comparison else None,
        "match_type": comparison.match_type.value if comparison else None,
        "status": match.status.value,
        "decision": match.decision.value,
        "provider": match.providers,
        "domain": match.domain,
    }


def _condition(condition: Condition, values: Mapping[str, Any]) -> bool:
    metric, wanted = METRICS[condition.metric], condition.value
    value = values.get(metric.name)
    if metric.ids:
        return _numbered(condition, value, values.get(NUMBER_OF_IMAGE))
    if isinstance(value, tuple) or metric.kind is Kind.tags:
        return _any_of(condition, value or ())
    if metric.kind is Kind.flag:
        return value in tuple(wanted)
    if metric.kind is Kind.string:
        value, wanted = _fold(value), _fold(wanted)
    return _OPERATORS[condition.operator](value, wanted)


def _numbered(condition: Condition, own_id: Any, number: Any) -> bool:
    wanted = condition.value if isinstance(condition.value, tuple) else (condition.value,)
    if condition.operator in ("gt", "lt"):
        return _OPERATORS[condition.operator](number, condition.value)
    found = any((own_id if isinstance(one, str) else number) == one for one in wanted)
    return found != (condition.operator == "ne")


def _any_of(condition: Condition, value: tuple[str, ...]) -> bool:
    wanted = condition.value if isinstance(condition.value, tuple) else (condition.value,)
    return bool(set(_fold(value)) & set(_fold(wanted))) != (condition.operator == "ne")


def _fold(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(_fold(one) for one in value)
    return folded(value) if isinstance(value, str) else value


def _glob(value: str, patterns: tuple[str, ...]) -> bool:
    return any(_fits(value, one) for one in patterns)


def _fits(value: str, pattern: str) -> bool:
    """Each part as early as can be: in linear time, which a regular expression does not promise."""
    first, *middle = pattern.split("*")
    if not middle:
        return value == pattern
    last, at = middle.pop(), len(first)
    if not value.startswith(first):
        return False
    for part in middle:
        at = value.find(part, at) + len(part)
        if at < len(part):
            return False
    return len(value) - at >= len(last) and value.endswith(last)


def _known(test: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    """What has no value is not let through."""
    return lambda value, wanted: value is not None and test(value, wanted)


_OPERATORS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "eql": _known(lambda value, wanted: value == wanted),
    "ne": lambda value, wanted: value != wanted,
    "cont": _known(lambda value, wanted: wanted in value),
    "ncont": lambda value, wanted: value is None or wanted not in value,
    "starts": _known(lambda value, wanted: value.startswith(wanted)),
    "ends": _known(lambda value, wanted: value.endswith(wanted)),
    "in": _known(lambda value, wanted: value in wanted),
    "opt": _known(lambda value, wanted: value in wanted),
    "glob": _known(_glob),
    "gt": _known(lambda value, wanted: value > wanted),
    "lt": _known(lambda value, wanted: value < wanted),
    "before": _known(lambda value, wanted: value < wanted),
    "after": _known(lambda value, wanted: value > wanted),
    "between": _known(lambda value, wanted: wanted[0] <= value <= wanted[1]),
}
