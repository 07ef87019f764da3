"""Descriptors of what an automation can wait for (triggers) and do (actions)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final, Literal

import msgspec

from copyhound.domain.workspaces import Caller

FILTER_FIELDS: Final = frozenset({"list_ids", "min_confidence", "min_score", "match_types", "domains", "providers"})
"""What a hook's filter may hold. A trigger's filter is of these."""


class AntiExample(msgspec.Struct, frozen=True):
    """What is refused, and why: neither its JSON Schema nor its Struct takes it."""

    value: dict[str, Any]
    reason: str


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
    dynamic_fields: dict[str, str] = {}
    """Field of the filter -> where its choices are read, such as /api/v1/choices/lists."""
    examples: tuple[dict[str, Any], ...] = ()
    """Further events, beside the sample."""
    anti_examples: tuple[AntiExample, ...] = ()


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
    """Input field -> where its choices are read, such as /api/v1/choices/lists."""
    kind: Literal["do", "find"] = "do"
    """`find` only reads: its output has `items`, which is empty where nothing is found."""
    creates: str | None = None
    """Of one that finds: the action that makes what was not found, for "find or create"."""
    examples: tuple[dict[str, Any], ...] = ()
    """Inputs."""
    anti_examples: tuple[AntiExample, ...] = ()
    """What it refuses as input."""
    timeout_seconds: float = 30.0
    """A plugin's action that takes longer is cancelled; at most 120."""
