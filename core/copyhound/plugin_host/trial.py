"""Runs one specification with the real guard and nothing else around it; for the tests of plugins."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Coroutine, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, Final, Protocol, TypeVar

import httpx
import msgspec

from copyhound.plugin_api.hookspecs import hookimpl
from copyhound.plugin_api.limits import limit_answers
from copyhound.plugin_api.types import Answer, Candidate, Notice, NotifierSpec, ProviderSpec, Query, TriggerSpec
from copyhound.plugin_host.catalogue import Catalogue
from copyhound.plugin_host.desk import NotifierDesk, ProviderDesk
from copyhound.plugin_host.guard import GuardRules
from copyhound.plugin_host.loader import PluginState
from copyhound.plugin_host.posts import DeskParts, GuardOptions

T = TypeVar("T")
_MAX_ANSWER: Final = 1024 * 1024
_GRACE: Final = 0.2


class RunNotifier(Protocol):
    """Lets a notifier tell one target. Raises CopyhoundError as the core would see it."""

    def __call__(
        self,
        spec: NotifierSpec,
        notice: Notice,
        *,
        target: Mapping[str, Any],
        settings: Mapping[str, Any] | None = None,
    ) -> None: ...


class MemoryState:
    """A plugin's state that lives as long as the object."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}

    async def get(self, key: str) -> Any | None:
        return self.values.get(key)

    async def put(self, items: Mapping[str, Any]) -> None:
        self.values.update(items)

    async def delete(self, keys: Sequence[str] | None = None) -> None:
        for key in list(self.values) if keys is None else keys:
            self.values.pop(key, None)

    async def scan(self, prefix: str = "", limit: int = 1000) -> dict[str, Any]:
        chosen = sorted(key for key in self.values if key.startswith(prefix))[:limit]
        return {key: self.values[key] for key in chosen}


class EmptyIndex:
    """An own index with nothing in it."""

    async def candidates(self, query: Query, collection: str) -> Sequence[Candidate]:
        return ()


def installed(name: str) -> PluginState:
    """What Copyhound makes of an installed plugin. Raises LookupError where there is none of that name."""
    states = Catalogue.build(use_cases=None).plugins
    for state in states:
        if state.name == name:
            return state
    raise LookupError(f"There is no plugin {name}; installed are {', '.join(state.name for state in states)}.")


def try_provider(
    spec: ProviderSpec,
    picture: bytes,
    *,
    settings: Mapping[str, Any] | None = None,
    format: str = "JPEG",
    source_url: str | None = None,
    timeout_seconds: float | None = None,
    retries: int | None = None,
    triggers: Sequence[TriggerSpec] = (),
    events: list[dict[str, Any]] | None = None,
) -> Answer:
    """Asks a provider, with its limits or tighter ones. Raises AssertionError where the specification is faulty.

    What it emits of its `triggers` is appended to `events`.
    """
    changes = {"timeout_seconds": timeout_seconds, "retries": retries}
    limits = msgspec.structs.replace(spec.limits, **{key: value for key, value in changes.items() if value is not None})
    catalogue = _alone("provider", msgspec.structs.replace(spec, limits=limits), triggers)
    desk = ProviderDesk(catalogue, **_parts(spec.name, settings, events))
    digest = hashlib.sha256(picture).hexdigest()
    query = Query("ws_test", "img_test", "picture", digest, format, 64, 48, picture, b"", source_url)
    try:
        return _run(desk.search(spec.name, query))
    finally:
        desk.close()


def try_notifier(
    spec: NotifierSpec, notice: Notice, *, target: Mapping[str, Any], settings: Mapping[str, Any] | None = None
) -> None:
    """Lets a notifier tell. Raises CopyhoundError where it fails, AssertionError where its specification is faulty."""
    desk = NotifierDesk(_alone("notifier", spec), **_parts(spec.name, settings))
    try:
        _run(desk.notify(spec.name, notice, target, workspace_id="ws_test"))
    finally:
        desk.close()


def _alone(kind: str, spec: ProviderSpec | NotifierSpec, triggers: Sequence[TriggerSpec] = ()) -> Catalogue:
    def offer() -> list[Any]:
        return [spec]

    def trigger() -> list[TriggerSpec]:
        return list(triggers)

    plugin = SimpleNamespace(**{f"copyhound_{kind}s": hookimpl(offer), "copyhound_triggers": hookimpl(trigger)})
    catalogue = Catalogue.build(use_cases=None, only=["under_test"], extra=[("under_test", plugin)])
    state = next(state for state in catalogue.plugins if state.name == "under_test")
    assert state.status == "loaded", f"The {kind} is faulty: {state.reason}"
    return catalogue


def _parts(name: str, settings: Mapping[str, Any] | None, events: list[dict[str, Any]] | None = None) -> DeskParts:
    rules = GuardRules(backoff_seconds=0, max_wait_seconds=0)
    state = MemoryState()
    return {
        "plugin_settings": {name: dict(settings or {})},
        "http_factory": lambda: limit_answers(httpx.AsyncClient(trust_env=False, timeout=30), _MAX_ANSWER),
        "state_factory": lambda plugin, workspace_id, target: state,
        "index": EmptyIndex(),
        "triggers": KeptEvents([] if events is None else events),
        "now": lambda: datetime.now(UTC),
        "options": GuardOptions(rules=rules, grace_seconds=_GRACE),
    }


class KeptEvents:
    """`TriggerUseCases` that append to a list."""

    def __init__(self, events: list[dict[str, Any]]) -> None:
        self._events = events
        self._seen: set[tuple[str, str]] = set()

    async def emit(
        self, workspace_id: str, trigger: str, fields: Mapping[str, Any], *, key: str | None = None, **_: Any
    ) -> str | None:
        if key is not None and (trigger, key) in self._seen:
            return None
        self._seen.add((trigger, key or f"without key {len(self._seen)}"))
        self._events.append({"type": trigger, **msgspec.to_builtins(fields)})
        return f"evt_test_{len(self._events)}"


def _run(work: Coroutine[Any, Any, T]) -> T:
    # in a thread of its own, so that async tests may use it too
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()
