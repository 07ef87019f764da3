"""The descriptors of triggers and actions, and their JSON Schemas."""

from __future__ import annotations

from typing import Any, Final, Literal

import msgspec

from copyhound.domain.triggers import Action, AntiExample, Trigger
from copyhound.http.wire.dialects import Dialect, draft_07
from copyhound.http.wire.field_docs import describe

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def json_schema(struct: type[msgspec.Struct]) -> dict[str, Any]:
    """JSON Schema 2020-12 of a Struct, whole in itself: what it refers to stands in `$defs`."""
    (schema,), components = msgspec.json.schema_components([struct], ref_template="#/$defs/{name}")
    describe(components, [struct])
    name = schema.get("$ref", "").rpartition("/")[2]
    top = components.pop(name) if name in components and not _refers(components, name) else schema
    return {"$schema": DIALECT, **top, **({"$defs": components} if components else {})}


def _refers(components: dict[str, Any], name: str) -> bool:
    return f'"#/$defs/{name}"'.encode() in msgspec.json.encode(components)


class Descriptor(msgspec.Struct):
    """What an automation needs to know of a trigger or an action; every adapter is made from this."""

    key: str
    title: str
    noun: str
    description: str
    input_schema: dict[str, Any] | None
    """Of a trigger: a hook's filter. Of an action: what it takes."""
    output_schema: dict[str, Any]
    """Of a trigger: its events. Of an action: what it answers."""
    sample: dict[str, Any]
    dynamic_fields: dict[str, str]
    """Input field -> where its choices are read: an address that takes `q`, `cursor` and `limit`."""
    delivery: list[str]
    """webhook and poll: a trigger. call: an action."""
    kind: Literal["trigger", "do", "find"]
    """find: an action that only looks; its output has `items`, empty where nothing is found."""
    creates: str | None
    """Of an action that finds: the action that makes what was not found."""
    scope: str
    """What a key must be allowed to. Of a trigger: to poll it, and for its samples; subscribing needs `write`."""
    examples: list[dict[str, Any]]
    """Of a trigger: further events. Of an action: inputs."""
    anti_examples: list[AntiExample]
    """What does not fit the schema, each with its reason."""


def descriptor(item: Trigger | Action, dialect: Dialect = "2020-12") -> Descriptor:
    """A trigger or an action, with its JSON Schemas, JSON-ready."""
    action = item if isinstance(item, Action) else None
    taken = item.input if isinstance(item, Action) else item.filter
    given = item.output if isinstance(item, Action) else item.payload
    return Descriptor(
        key=item.key,
        title=item.title,
        noun=item.noun,
        description=item.description,
        input_schema=_in(dialect, json_schema(taken)) if taken else None,
        output_schema=_in(dialect, json_schema(given)),
        sample=item.sample,
        dynamic_fields=item.dynamic_fields,
        delivery=["call"] if isinstance(item, Action) else list(item.delivery),
        kind=action.kind if action else "trigger",
        creates=action.creates if action else None,
        scope=action.scope if action else "read",
        examples=list(item.examples),
        anti_examples=list(item.anti_examples),
    )


def _in(dialect: Dialect, schema: dict[str, Any]) -> dict[str, Any]:
    return draft_07(schema) if dialect == "draft-07" else schema
