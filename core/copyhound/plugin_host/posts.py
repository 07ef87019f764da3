"""One specification at work: its settings, its lane, its guard, and how it is doing."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Any, Final, Generic, NotRequired, Protocol, TypedDict, TypeVar

import msgspec

from copyhound.domain.errors import CopyhoundError
from copyhound.plugin_api.types import Context, Emit, OwnIndex, ProviderLimits, emit_nowhere
from copyhound.plugin_api.use_cases import TriggerUseCases
from copyhound.plugin_host.contexts import Contexts, HttpFactory, StateFactory
from copyhound.plugin_host.emitting import Owners, emit_at_home
from copyhound.plugin_host.guard import Counters, Guard, GuardRules, Health, Sleep
from copyhound.plugin_host.lane import Lane, close_lanes
from copyhound.plugin_host.settings import read_settings, redacted, secret_values, settings_schema

PluginSettings = Mapping[str, Mapping[str, Any]]
"""Specification name -> plain values, as they stand under [plugins.<name>]."""
UNLIMITED: Final = ProviderLimits(concurrency=16, retries=0)
"""For what has no limits of its own."""


class GuardOptions(msgspec.Struct, frozen=True):
    """How calls are guarded; `clock` and `sleep` stand in for the real ones in tests."""

    rules: GuardRules = GuardRules()
    clock: Callable[[], float] = time.monotonic
    sleep: Sleep = asyncio.sleep
    grace_seconds: float = 1.0
    environ: Mapping[str, str] | None = None


class DeskParts(TypedDict):
    """What every desk is made of."""

    plugin_settings: PluginSettings
    http_factory: HttpFactory
    state_factory: StateFactory
    index: OwnIndex
    triggers: NotRequired[TriggerUseCases]
    """Where what plugins emit goes; left out: nowhere."""
    now: Callable[[], datetime]
    logger: NotRequired[logging.Logger | None]
    options: NotRequired[GuardOptions]


class SpecState(msgspec.Struct):
    """How one specification is doing; part of `GET /plugins` and `GET /providers`."""

    name: str
    title: str
    description: str
    plugin: str | None
    """The name of the entry point that it came from."""
    health: Health
    reason: str | None
    settings_schema: dict[str, Any]
    settings: dict[str, Any] | None
    """As they are, secrets redacted; None while they are wrong."""
    counters: Counters
    default: bool = False
    limits: ProviderLimits | None = None
    price_unit: str | None = None
    accepts: tuple[str, ...] = ()
    formats: tuple[str, ...] = ()


class Configurable(Protocol):
    """A specification with settings."""

    @property
    def name(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def description(self) -> str: ...
    @property
    def settings(self) -> type[msgspec.Struct]: ...


S = TypeVar("S", bound=Configurable)


class Post(Generic[S]):
    """One specification with its settings, its lane and its guard. `error` says what is wrong with the settings."""

    def __init__(
        self, spec: S, limits: ProviderLimits, values: Mapping[str, Any], contexts: Contexts, options: GuardOptions
    ) -> None:
        self.spec = spec
        self.settings: msgspec.Struct | None = None
        self.error: str | None = None
        self.lane = Lane(spec.name, grace=options.grace_seconds)
        environ = os.environ if options.environ is None else options.environ
        try:
            self.settings = read_settings(f"plugins.{spec.name}", spec.settings, values, environ)
        except CopyhoundError as error:
            self.error = error.detail
        self.guard = Guard(
            spec.name,
            limits,
            lane=self.lane,
            now=contexts.now,
            secrets=secret_values(self.settings) if self.settings is not None else (),
            rules=options.rules,
            clock=options.clock,
            sleep=options.sleep,
        )

    def state(self, plugin: str | None) -> SpecState:
        """How it is doing; `plugin` is the entry point that it came from."""
        guard = self.guard
        return SpecState(
            name=self.spec.name,
            title=self.spec.title,
            description=self.spec.description,
            plugin=plugin,
            health="misconfigured" if self.error else guard.health,
            reason=self.error or (None if guard.health == "ready" else guard.counters.last_error),
            settings_schema=settings_schema(self.spec.settings),
            settings=None if self.settings is None else redacted(self.settings),
            counters=msgspec.structs.replace(guard.counters),
        )


class Bench(Generic[S]):
    """The posts of all specifications of one kind (provider, notifier, source)."""

    def __init__(
        self, kind: str, specs: Mapping[str, S], limits: Callable[[S], ProviderLimits], owners: Owners, parts: DeskParts
    ) -> None:
        self._kind, self._owners = kind, owners
        self._triggers = parts.get("triggers")
        self._contexts = Contexts(
            http_factory=parts["http_factory"],
            state_factory=parts["state_factory"],
            index=parts["index"],
            now=parts["now"],
            logger=parts.get("logger"),
        )
        options = parts.get("options", GuardOptions())
        values = parts["plugin_settings"]
        self.posts: dict[str, Post[S]] = {
            name: Post(spec, limits(spec), values.get(name, {}), self._contexts, options)
            for name, spec in sorted(specs.items())
        }

    def post(self, name: str) -> Post[S]:
        """Raises `plugin_unknown`."""
        if name not in self.posts:
            raise CopyhoundError("plugin_unknown", f"There is no {self._kind} {name}.")
        return self.posts[name]

    def context(
        self,
        name: str,
        settings: Any,
        *,
        home: asyncio.AbstractEventLoop,
        workspace_id: str,
        target: str = "",
        given: set[str] | None = None,
    ) -> AbstractAsyncContextManager[Context]:
        """What one call of a specification is given; see `Contexts.open`."""
        emit: Emit = emit_nowhere
        if self._triggers is not None:
            emit = emit_at_home(self._triggers, self._owners, (self._kind, name), home=home, workspace_id=workspace_id)
        return self._contexts.open(
            name, settings, home=home, workspace_id=workspace_id, emit=emit, target=target, given=given
        )

    def close(self) -> None:
        """Stops the threads."""
        close_lanes(post.lane for post in self.posts.values())
