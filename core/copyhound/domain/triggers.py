"""Descriptors of what an automation can wait for (triggers) and do (actions)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from copyhound.domain.workspaces import Caller


class Trigger(msgspec.Struct, frozen=True):
    """The only place where a trigger is described. `payload` is a Struct; its JSON Schema is exported."""

    key: str
    title: str
    noun: str
    description: str
    payload: type[msgspec.Struct]
    sample: dict[str, Any]
    filter: type[msgspec.Struct] | None = None
    delivery: tuple[str, ...] = ("webhook", "poll")


ActionRun = Callable[[Caller, Any], Awaitable[Any]]
"""Takes the decoded input Struct, answers an output Struct."""


class Action(msgspec.Struct, frozen=True):
    """The only place where an action is described."""

    key: str
    title: str
    noun: str
    description: str
    input: type[msgspec.Struct]
    output: type[msgspec.Struct]
    sample: dict[str, Any]
    run: ActionRun
    scope: str = "write"
    dynamic_fields: dict[str, str] = {}
    """Input field -> where its choices are read, such as /api/v1/lists."""
