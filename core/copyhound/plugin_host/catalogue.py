"""What all plugins offer, by name; built once, at start."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec

from copyhound.plugin_api.types import (
    ActionSpec,
    NotifierSpec,
    ProviderSpec,
    SourceSpec,
    SurfaceSpec,
    TriggerSpec,
    UseCases,
)
from copyhound.plugin_host.emitting import own
from copyhound.plugin_host.homing import AtHome
from copyhound.plugin_host.loader import Found, Loaded, PluginState, discover, load
from copyhound.plugin_host.vetting import KINDS, FaultySpecError, vet

_WITH_USE_CASES: Final = ("surface", "action")
CORE: Final = "copyhound"


class Claim(msgspec.Struct, frozen=True):
    """A plugin's wish to offer a specification under a name (a surface's prefix counts as one)."""

    kind: str
    name: str
    plugin: PluginState
    spec: Any


class Catalogue:
    """Every specification that is offered, and the state of every plugin that was found."""

    def __init__(self) -> None:
        self.plugins: list[PluginState] = []
        self.providers: dict[str, ProviderSpec] = {}
        self.notifiers: dict[str, NotifierSpec] = {}
        self.sources: dict[str, SourceSpec] = {}
        self.surfaces: dict[str, SurfaceSpec] = {}
        self.triggers: dict[str, TriggerSpec] = {}
        self.actions: dict[str, ActionSpec] = {}
        self._owners: dict[tuple[str, str], PluginState] = {}

    @classmethod
    def build(
        cls,
        *,
        use_cases: UseCases | None,
        only: Sequence[str] | None = None,
        disabled: Sequence[str] = (),
        extra: Sequence[tuple[str, Any]] = (),
        builtin_triggers: Iterable[TriggerSpec] = (),
        builtin_actions: Iterable[ActionSpec] = (),
    ) -> Catalogue:
        """Loads all plugins that are installed, each on its own; never raises for a plugin's sake.

        `only` and `disabled` are names of entry points; `extra` are (name, module) pairs that need no entry point.
        Without `use_cases`, the hooks that take them are not called.
        """
        self = cls()
        self.triggers.update({trigger.key: trigger for trigger in builtin_triggers})
        self.actions.update({action.key: action for action in builtin_actions})
        found = discover(extra)
        self.plugins = [one.state for one in found]
        _disable(found, only, disabled)
        _refuse_twins(found)
        self._offer(
            _unique([claim for one in found for claim in _claims(one, self._cases(use_cases, one), self._taken())])
        )
        return self

    def failed_later(self, name: str, reason: str) -> None:
        """A plugin turned out to be broken after start (its surface's app was refused): withdraw all it offers."""
        for state in self.plugins:
            if state.name == name:
                _fail(state, reason)
        for (kind, spec_name), owner in list(self._owners.items()):
            if owner.name == name:
                del self._owners[kind, spec_name]
                self._table(kind).pop(spec_name, None)

    def owner(self, kind: str, name: str) -> PluginState | None:
        """The plugin that offers a specification; None for the core's own."""
        return self._owners.get((kind, name))

    def _cases(self, use_cases: UseCases | None, found: Found) -> UseCases | None:
        return None if use_cases is None else own(use_cases, self, found.state.name)

    def _taken(self) -> frozenset[tuple[str, str]]:
        return frozenset({("trigger", key) for key in self.triggers} | {("action", key) for key in self.actions})

    def _offer(self, claims: Iterable[Claim]) -> None:
        for claim in claims:
            self._table(claim.kind)[claim.name] = claim.spec
            self._owners[claim.kind, claim.name] = claim.plugin
            names = getattr(claim.plugin, f"{claim.kind}s")
            setattr(claim.plugin, f"{claim.kind}s", (*names, claim.name))

    def _table(self, kind: str) -> dict[str, Any]:
        table: dict[str, Any] = getattr(self, f"{kind}s")
        return table


def _disable(found: Iterable[Found], only: Sequence[str] | None, disabled: Sequence[str]) -> None:
    for one in found:
        if one.state.name in disabled or (only is not None and one.state.name not in only):
            one.state.status = "disabled"
            one.state.reason = "it is turned off in the settings"


def _refuse_twins(found: Sequence[Found]) -> None:
    by_name: dict[str, list[PluginState]] = {}
    for one in found:
        if one.state.status == "loaded":
            by_name.setdefault(one.state.name, []).append(one.state)
    for name, states in by_name.items():
        if len(states) > 1:
            makers = " and ".join(sorted(state.distribution or "an object given by hand" for state in states))
            for state in states:
                _fail(state, f"the plugin name {name} is claimed by {makers}")


def _claims(found: Found, use_cases: UseCases | None, taken: frozenset[tuple[str, str]]) -> list[Claim]:
    """All that one plugin wants to offer: everything, or nothing where any of it is faulty."""
    if found.state.status != "loaded":
        return []
    loaded = load(found)
    if loaded is None:
        return []
    try:
        claims = [claim for kind in KINDS for claim in _claims_of(loaded, kind, use_cases)]
        _refuse_own(claims, taken)
    except FaultySpecError as error:
        _fail(found.state, str(error))
        return []
    return claims


def _claims_of(loaded: Loaded, kind: str, use_cases: UseCases | None) -> list[Claim]:
    hook = f"copyhound_{kind}s"
    if hook not in loaded.state.hooks or (kind in _WITH_USE_CASES and use_cases is None):
        return []
    # a surface is served by the core's event loop, an action has one of its plugin's
    given = AtHome(use_cases) if kind == "action" else use_cases
    arguments = {"use_cases": given} if kind in _WITH_USE_CASES else {}
    return [Claim(kind, vet(kind, spec), loaded.state, spec) for spec in loaded.specs(hook, **arguments)]


def _refuse_own(claims: Iterable[Claim], taken: frozenset[tuple[str, str]]) -> None:
    seen: set[tuple[str, str]] = set()
    for claim in claims:
        key = (claim.kind, claim.name)
        if key in taken:
            raise FaultySpecError(f"the {claim.kind} {claim.name} is {CORE}'s own")
        if key in seen:
            raise FaultySpecError(f"it offers the {claim.kind} {claim.name} twice")
        seen.add(key)


def _unique(claims: Sequence[Claim]) -> list[Claim]:
    """The claims that nobody else makes. Who claims what another claims is told so, on both sides."""
    rivals: dict[tuple[str, str], dict[str, PluginState]] = {}
    for claim in claims:
        for key in _keys(claim):
            rivals.setdefault(key, {})[claim.plugin.name] = claim.plugin
    clashes = {key: states for key, states in rivals.items() if len(states) > 1}
    kept = [claim for claim in claims if not any(key in clashes for key in _keys(claim))]
    for (kind, name), states in sorted(clashes.items()):
        for state in states.values():
            _clash(state, f"the {kind} {name} is claimed by {' and '.join(sorted(states))}", kept)
    return kept


def _keys(claim: Claim) -> list[tuple[str, str]]:
    prefixes = claim.spec.prefixes if claim.kind == "surface" else ()
    return [(claim.kind, claim.name), *(("prefix", prefix) for prefix in prefixes)]


def _clash(state: PluginState, reason: str, kept: Iterable[Claim]) -> None:
    state.reason = f"{state.reason}; {reason}" if state.reason else reason
    if not any(claim.plugin is state for claim in kept):
        state.status = "failed"


def _fail(state: PluginState, reason: str) -> None:
    state.status, state.reason = "failed", reason
    for kind in KINDS:
        setattr(state, f"{kind}s", ())
