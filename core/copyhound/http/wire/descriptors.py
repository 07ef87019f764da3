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


def descriptor(item: Trigger | Action) -> dict[str, Any]:
    """What an automation needs to know of a trigger or an action; every adapter is made from this."""
    told = {"key": item.key, "title": item.title, "noun": item.noun, "description": item.description}
    if isinstance(item, Trigger):
        return {
            **told,
            "input_schema": json_schema(item.filter) if item.filter else None,
            "output_schema": json_schema(item.payload),
            "sample": item.sample,
            "dynamic_fields": {},
            "delivery": list(item.delivery),
        }
    return {
        **told,
        "input_schema": json_schema(item.input),
        "output_schema": json_schema(item.output),
        "sample": item.sample,
        "dynamic_fields": item.dynamic_fields,
        "delivery": ["call"],
    }
