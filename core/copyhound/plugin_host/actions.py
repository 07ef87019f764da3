"""Where the actions of plugins are run, each through its guard, in the event loop of its plugin."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec

from copyhound.domain.errors import CopyhoundError
from copyhound.domain.triggers import ActionRun
from copyhound.domain.workspaces import Caller
from copyhound.plugin_api.types import ActionSpec, NoSettings
from copyhound.plugin_host.catalogue import Catalogue
from copyhound.plugin_host.guard import Guard, PluginFault
from copyhound.plugin_host.homing import HOME
from copyhound.plugin_host.lane import Lane, close_lanes
from copyhound.plugin_host.posts import UNLIMITED, GuardOptions, SpecState
from copyhound.plugin_host.settings import settings_schema
from copyhound.plugin_host.vetting import FaultySpecError

_FAULTS = frozenset({"plugin_failed", "internal_error"})
"""Errors that are the plugin's own; all others are what the action says to its client."""

_log = logging.getLogger(__name__)


class _RaisedError(Exception):
    """What the action raised, by its type alone: its text may hold what its client must not see."""


class ActionDesk:
    """Guards the actions of plugins: from then on the catalogue's `run` of each goes through here.

    The core's own stay as they are.
    """

    def __init__(
        self, catalogue: Catalogue, *, now: Callable[[], datetime], options: GuardOptions | None = None
    ) -> None:
        self._catalogue, self._options = catalogue, options or GuardOptions()
        self._lanes: dict[str, Lane] = {}
        self._guards: dict[str, Guard] = {}
        for key, action in catalogue.actions.items():
            owner = catalogue.owner("action", key)
            if owner is not None:
                lane = self._lanes.setdefault(owner.name, Lane(owner.name, grace=self._options.grace_seconds))
                self._guards[key] = Guard(key, UNLIMITED, lane=lane, now=now, rules=self._options.rules)
                catalogue.actions[key] = msgspec.structs.replace(action, run=_guarded(action, self._guards[key]))

    def states(self) -> list[SpecState]:
        """Every action that a plugin offers, with its health and counters."""
        return [self._state(key, guard) for key, guard in self._guards.items() if key in self._catalogue.actions]

    def close(self) -> None:
        """Stops the plugins' threads."""
        close_lanes(self._lanes.values())

    def _state(self, key: str, guard: Guard) -> SpecState:
        action, owner = self._catalogue.actions[key], self._catalogue.owner("action", key)
        return SpecState(
            name=key,
            title=action.title,
            description=action.description,
            plugin=owner.name if owner else None,
            health=guard.health,
            reason=None if guard.health == "ready" else guard.counters.last_error,
            settings_schema=settings_schema(NoSettings),
            settings={},
            counters=msgspec.structs.replace(guard.counters),
        )


def _guarded(action: ActionSpec, guard: Guard) -> ActionRun:
    async def run(caller: Caller, sent: Any) -> Any:
        home = asyncio.get_running_loop()

        async def call() -> Any:
            HOME.set(home)
            return await _tried(action, caller, sent)

        try:
            answer = await guard.call(call, lambda checked: checked, action.timeout_seconds)
        except PluginFault as fault:
            raise _failed(guard, CopyhoundError("plugin_failed", _told(action.key, fault), **_repeat(fault))) from fault
        if not isinstance(answer, CopyhoundError):
            guard.succeeded()
            return answer
        raise _failed(guard, answer) if answer.code in _FAULTS else answer

    return run


async def _tried(action: ActionSpec, caller: Caller, sent: Any) -> Any:
    """The output, or the error that the action tells its client; either can be written as JSON."""
    try:
        output = await action.run(caller, sent)
    except CopyhoundError as error:
        _written("error", (error.detail, error.extra))
        return error
    except Exception as error:
        _log.exception("the action %s failed", action.key)
        raise _RaisedError(type(error).__name__) from error
    text = _written("output", output)
    try:
        return msgspec.json.decode(text, type=action.output)
    except (msgspec.ValidationError, RecursionError) as error:
        raise FaultySpecError(f"its output is no {action.output.__name__}: {error}") from None


def _written(what: str, value: Any) -> bytes:
    try:
        return msgspec.json.encode(value)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise FaultySpecError(f"its {what} cannot be written as JSON ({type(error).__name__})") from None


def _failed(guard: Guard, error: CopyhoundError) -> CopyhoundError:
    guard.failed(error.detail)
    return error


def _repeat(fault: PluginFault) -> dict[str, bool]:
    return {} if fault.retry else {"retryable": False}


def _told(key: str, fault: PluginFault) -> str:
    if isinstance(fault.__cause__, _RaisedError):
        return f"{key} raised {fault.__cause__}; the log has more."
    return str(fault).encode("utf-8", "replace").decode()
