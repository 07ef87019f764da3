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
    return described(TRIGGERS.values(), builtin_actions(cast(Actions, _Unbound())))


def installed(extra: Sequence[tuple[str, Any]] = ()) -> Described:
    """Also what the plugins add that are installed here; `extra` are (name, plugin) pairs beside them."""
    catalogue = Catalogue.build(
        extra=extra,
        use_cases=cast(UseCases, _Unbound()),
        builtin_triggers=TRIGGERS.values(),
        builtin_actions=builtin_actions(cast(Actions, _Unbound())),
    )
    return described(catalogue.triggers.values(), catalogue.actions.values())


def described(triggers: Iterable[Trigger], actions: Iterable[Action]) -> Described:
    """The descriptors, JSON-ready."""
    found: tuple[Trigger | Action, ...] = (*triggers, *actions)
    told = [msgspec.to_builtins(descriptor(one)) for one in found]
    waited = tuple(one for one in told if "call" not in one["delivery"])
    return Described(waited, tuple(one for one in told if "call" in one["delivery"]), version("copyhound"))


def pretty(value: Any) -> str:
    """JSON as people read it, in the order it has, with a newline at its end."""
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def resolved(schema: Json, root: Json | None = None) -> Json:
    """The schema with each `$ref` to `$defs` replaced by what it means, and without `$schema` and `$defs`.

    For platforms that know no references. ValueError where a schema refers to itself.
    """
    return cast(Json, _resolved(schema, (root or schema).get("$defs", {}), ()))


def _resolved(part: Any, defs: Json, within: tuple[str, ...]) -> Any:
    if isinstance(part, list):
        return [_resolved(one, defs, within) for one in part]
    if not isinstance(part, dict):
        return part
    kept = {key: value for key, value in part.items() if key not in ("$ref", "$defs", "$schema")}
    found = {key: _resolved(value, defs, within) for key, value in kept.items()}
    if "$ref" not in part:
        return found
    name = part["$ref"].rpartition("/")[2]
    if name in within:
        raise ValueError(f"{name} refers to itself")
    return {**_resolved(defs[name], defs, (*within, name)), **found}


class _Unbound:
    """Stands for the use cases that descriptors are bound to."""

    def __getattr__(self, name: str) -> Any:
        return _Unbound()

    def __call__(self, *_: Any, **__: Any) -> Any:
        return _Unbound()
