"""JSON Schemas as plain as the platforms' own: nothing referred to, no alternatives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

Json = Mapping[str, Any]

NULLABLE: Final = "x-nullable"
"""Stands where a value may be null; Swagger 2.0 and older dialects have no other word for it."""
_TOLD: Final = ("title", "description", "type", "format", "enum", "pattern")
_BOUNDS: Final = ("minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems", "uniqueItems")
_DEEPEST: Final = 12


def plain(schema: Json) -> dict[str, Any]:
    """The schema without `$ref`, `anyOf`, `const` and lists of types. What can't be said so is an empty schema."""
    return _plain(schema, schema.get("$defs") or schema.get("definitions") or {}, 0)


def _plain(schema: Any, defs: Json, depth: int) -> dict[str, Any]:
    if not isinstance(schema, Mapping) or depth > _DEEPEST:
        return {}
    if "$ref" in schema:
        named = defs.get(str(schema["$ref"]).rpartition("/")[2], {})
        return _plain({**named, **{key: value for key, value in schema.items() if key != "$ref"}}, defs, depth + 1)
    if choices := schema.get("anyOf") or schema.get("oneOf"):
        return _one_of(schema, choices, defs, depth)
    found = {key: schema[key] for key in (*_TOLD, *_BOUNDS) if key in schema}
    if isinstance(schema.get("type"), list):
        found.update(_one_type(schema["type"]))
    if "const" in schema:
        found["enum"] = [schema["const"]]
    if "enum" in found:
        found.setdefault("type", "string")
    if schema.get("default") is not None:
        found["default"] = schema["default"]
    if "properties" in schema:
        found["properties"] = {name: _plain(part, defs, depth + 1) for name, part in schema["properties"].items()}
        found["required"] = list(schema.get("required", ()))
    if found.get("type") == "array":
        found["items"] = _plain(schema.get("items"), defs, depth + 1)
    return found


def _one_type(kinds: list[str]) -> dict[str, Any]:
    real = [kind for kind in kinds if kind != "null"]
    return {"type": real[0] if real else "string"} | ({NULLABLE: True} if len(real) < len(kinds) else {})


def _one_of(schema: Json, choices: list[Json], defs: Json, depth: int) -> dict[str, Any]:
    real = [one for one in choices if one.get("type") != "null"]
    around = {key: value for key, value in schema.items() if key not in ("anyOf", "oneOf")}
    parts = [_plain(one, defs, depth + 1) for one in real]
    same = parts[0] if parts and all(one.get("type") == parts[0].get("type") for one in parts) else {}
    null = {NULLABLE: True} if len(real) < len(choices) else {}
    return {**same, **_plain(around, defs, depth + 1), **null}


def fields(schema: Json | None) -> dict[str, dict[str, Any]]:
    """Name -> plain schema, of each property; those that must be given say so in `required: True`."""
    if schema is None:
        return {}
    whole = plain(schema)
    must = set(whole.get("required", ()))
    return {
        name: {**part, "required": name in must} if part.get("type") != "object" else {**part, "must": name in must}
        for name, part in whole.get("properties", {}).items()
    }


def label(name: str) -> str:
    """A field's name for people: `list_id` -> `List`, `min_confidence` -> `Min confidence`."""
    words = name.removesuffix("_id").removesuffix("_ids").replace("_", " ")
    return words[:1].upper() + words[1:]
