"""Filters of hooks, pollers and feeds: written one way, and refused where they could hold nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Final, TypeVar

import msgspec

from copyhound.domain.errors import CopyhoundError
from copyhound.domain.hosts import domain_of, host_of
from copyhound.domain.pictures import MatchType
from copyhound.domain.triggers import FILTER_FIELDS, Trigger
from copyhound.net.addresses import ascii_host
from copyhound.services.kit import Desk

Percent = Annotated[float, msgspec.Meta(ge=0, le=100)]
Text = TypeVar("Text", bound=str)
_MOST_NAMED: Final = 100
"""Of each kind, in a filter: all are looked up, lists even while nothing else is written."""


class HookFilter(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Which events a hook is told of. What is left out lets all through; all that is given must hold."""

    list_ids: tuple[str, ...] = ()
    """Only of these lists."""
    min_confidence: Percent | None = None
    """Only matches as sure as this."""
    min_score: Percent | None = None
    """Only copies that were changed as little as this."""
    match_types: tuple[MatchType, ...] = ()
    """Only matches of these types."""
    domains: tuple[str, ...] = ()
    """Only copies on these registrable domains, such as example.com."""
    providers: tuple[str, ...] = ()
    """Only what one of these providers found, or is about."""


class Filters:
    """Checks filters against what is offered. `triggers` may be filled later: it is read at each call."""

    def __init__(self, triggers: Mapping[str, Trigger], desk: Desk) -> None:
        self._triggers, self._desk = triggers, desk

    def checked(self, where: HookFilter, triggers: Iterable[str], within: str = "filter.") -> HookFilter:
        """The filter, its domains as events carry them, each name once and in order.

        CopyhoundError invalid_request for too many names; else with `errors`, each field named with `within` before it.
        """
        for named in (where.list_ids, where.domains, where.providers):
            if len(set(named)) > _MOST_NAMED:
                raise CopyhoundError("invalid_request", f"A filter names at most {_MOST_NAMED} of a kind.")
        errors = self._vain(msgspec.to_builtins(where), triggers, within)
        domains = []
        for number, value in enumerate(where.domains):
            try:
                domains.append(registrable(value))
            except ValueError:
                wrong = f"{value[:100]!r} is neither a domain, a host nor an address"
                errors.append({"field": f"{within}domains[{number}]", "message": wrong})
        for number, name in enumerate(where.providers):
            if not self._desk.known(name):
                wrong = f"There is no provider {name[:100]!r}; see GET /providers"
                errors.append({"field": f"{within}providers[{number}]", "message": wrong})
        _refuse(errors)
        return msgspec.structs.replace(
            where,
            list_ids=_once(where.list_ids),
            match_types=_once(where.match_types),
            domains=_once(domains),
            providers=_once(where.providers),
        )

    def hold(self, where: Mapping[str, Any], triggers: Iterable[str]) -> None:
        """CopyhoundError invalid_request where a field of a kept filter says nothing of any of the triggers."""
        _refuse(self._vain(where, triggers, "filter."))

    def _vain(self, where: Mapping[str, Any], triggers: Iterable[str], within: str) -> list[dict[str, str]]:
        keys = tuple(triggers)
        useful = frozenset[str]().union(*(self._fields(key) for key in keys))
        wrong = f"It does not apply to {', '.join(keys)}"
        return [{"field": f"{within}{name}", "message": wrong} for name in where if name not in useful]

    def _fields(self, key: str) -> frozenset[str]:
        trigger = self._triggers.get(key)
        if trigger is None:  # of a plugin that is not loaded now: nobody knows
            return FILTER_FIELDS
        return frozenset(trigger.filter.__struct_fields__ if trigger.filter else ())


def registrable(text: str) -> str:
    """The registrable domain of a domain, a host or an address, as events carry it. Raises ValueError for none.

    >>> registrable("https://Shop.Example.com/a"), registrable("EXAMPLE.com"), registrable("localhost")
    ('example.com', 'example.com', 'localhost')
    """
    text = text.strip()
    host = host_of(text if "://" in text else f"http://{text}")
    if ":" in host:
        return host
    return domain_of(ascii_host(host))


def _once(names: Iterable[Text]) -> tuple[Text, ...]:
    return tuple(sorted(set(names)))


def _refuse(errors: list[dict[str, str]]) -> None:
    if errors:
        detail = f"{errors[0]['field']}: {errors[0]['message']}."
        raise CopyhoundError("invalid_request", detail, errors=errors)
