"""Events that plugins tell: a plugin may emit the triggers that it registered itself, and no others."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Protocol, cast

from copyhound.domain.errors import CopyhoundError
from copyhound.plugin_api.types import Emit, UseCases
from copyhound.plugin_api.use_cases import TriggerUseCases
from copyhound.plugin_host.contexts import run_on
from copyhound.plugin_host.loader import PluginState


class Owners(Protocol):
    """Who offers what: a catalogue."""

    def owner(self, kind: str, name: str) -> PluginState | None: ...


def check_owner(owners: Owners, name: str | None, trigger: str) -> None:
    """CopyhoundError plugin_failed where the plugin `name` did not register the trigger."""
    owner = owners.owner("trigger", trigger)
    if owner is None or owner.name != name:
        raise CopyhoundError(
            "plugin_failed",
            f"There is no trigger {trigger!r} of the plugin {name}: it may emit only those that it registers itself.",
            retryable=False,
        )


class OwnTriggers:
    """`TriggerUseCases` for one plugin."""

    def __init__(self, use_cases: UseCases, owners: Owners, plugin: str) -> None:
        self._use_cases, self._owners, self._plugin = use_cases, owners, plugin

    async def emit(self, workspace_id: str, trigger: str, fields: Mapping[str, Any], **more: Any) -> str | None:
        check_owner(self._owners, self._plugin, trigger)
        return await self._use_cases.triggers.emit(workspace_id, trigger, fields, **more)


class OwnUseCases:
    """The use cases as one plugin gets them: `triggers` takes its own alone."""

    def __init__(self, use_cases: UseCases, owners: Owners, plugin: str) -> None:
        self._use_cases = use_cases
        self.triggers = OwnTriggers(use_cases, owners, plugin)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._use_cases, name)


def own(use_cases: UseCases, owners: Owners, plugin: str) -> UseCases:
    """The use cases for the hooks of one plugin."""
    return cast(UseCases, OwnUseCases(use_cases, owners, plugin))


def emit_at_home(
    triggers: TriggerUseCases,
    owners: Owners,
    spec: tuple[str, str],
    *,
    home: asyncio.AbstractEventLoop,
    workspace_id: str,
) -> Emit:
    """`Context.emit` of one call of the specification `spec` (kind, name), to be used in the plugin's loop."""

    async def emit(
        trigger: str, fields: Mapping[str, Any], *, key: str | None = None, list_id: str | None = None
    ) -> str | None:
        plugin = owners.owner(*spec)
        check_owner(owners, plugin.name if plugin else None, trigger)
        emitting = triggers.emit(workspace_id, trigger, dict(fields), key=key, list_id=list_id)
        return await run_on(home, emitting)

    return emit
