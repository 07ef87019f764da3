"""The catalogue as connectors are rendered from it: the descriptors that the API gives, as plain JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from importlib.metadata import version
from typing import Any, cast

import msgspec

from copyhound.domain.triggers import Action, Trigger
from copyhound.http.wire.descriptors import descriptor
from copyhound.plugin_api import UseCases
from copyhound.plugin_host.catalogue import Catalogue
from copyhound.plugin_host.unbound import Unbound
from copyhound.services.actions import Actions, builtin_actions
from copyhound.services.triggers import TRIGGERS

Json = dict[str, Any]


class Described(msgspec.Struct, frozen=True):
    """Triggers and actions as `GET /api/v1/triggers` and `/actions` describe them, and Copyhound's version."""

    triggers: tuple[Json, ...]
    actions: tuple[Json, ...]
    version: str


def built_in() -> Described:
    """What Copyhound itself has: connectors/ in the repository is rendered from this."""
    return described(TRIGGERS.values(), builtin_actions(cast(Actions, Unbound())))


def installed(extra: Sequence[tuple[str, Any]] = ()) -> Described:
    """Also what the plugins add that are installed here; `extra` are (name, plugin) pairs beside them."""
    catalogue = Catalogue.build(
        extra=extra,
        use_cases=cast(UseCases, Unbound()),
        builtin_triggers=TRIGGERS.values(),
        builtin_actions=builtin_actions(cast(Actions, Unbound())),
    )
    return described(catalogue.triggers.values(), catalogue.actions.values())


def described(triggers: Iterable[Trigger], actions: Iterable[Action]) -> Described:
    """The descriptors, JSON-ready."""
    found: tuple[Trigger | Action, ...] = (*triggers, *actions)
    told = [msgspec.to_builtins(descriptor(one)) for one in found]
    waited = tuple(one for one in told if "call" not in one["delivery"])
    return Described(waited, tuple(one for one in told if "call" in one["delivery"]), version("copyhound"))


def key_help(platform: str) -> str:
    """Where a key comes from, for the people who connect a platform; commands between backticks.

    The scopes are named: without them a key may make further keys, and this one is kept in somebody's cloud.
    """
    return (
        f"A key with the scopes read and write. On the server, in Copyhound's folder, `.venv/bin/copyhound keys create "
        f"{platform} --scope read --scope write` makes one; so does POST /api/v1/keys, asked with a key that has the "
        "scope admin."
    )


def pretty(value: Any) -> str:
    """JSON as people read it, in the order it has, with a newline at its end."""
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"
