"""The descriptors of triggers and actions, and their JSON Schemas."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from copyhound.domain.triggers import Action, Trigger

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def json_schema(struct: type[msgspec.Struct]) -> dict[str, Any]:
    """JSON Schema 2020-12 of a Struct, whole in itself: what it refers to stands in `$defs`."""
    (schema,), components = msgspec.json.schema_components([struct], ref_template="#/$defs/{name}")
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
    """Input field -> where its choices are read."""
    delivery: list[str]


def descriptor(item: Trigger | Action) -> Descriptor:
    """A trigger or an action, with its JSON Schemas, JSON-ready."""
    told = (item.key, item.title, item.noun, item.description)
    if isinstance(item, Action):
        schemas = json_schema(item.input), json_schema(item.output)
        return Descriptor(*told, *schemas, item.sample, item.dynamic_fields, ["call"])
    filter_schema = json_schema(item.filter) if item.filter else None
    return Descriptor(*told, filter_schema, json_schema(item.payload), item.sample, {}, list(item.delivery))
