"""JSON Schemas in an older dialect: what we write is 2020-12, what is told may be draft 7."""

from __future__ import annotations

from typing import Any, Final, Literal

Dialect = Literal["2020-12", "draft-07"]
DRAFT_07: Final = "http://json-schema.org/draft-07/schema#"
_RENAMED: Final[dict[str, str]] = {
    "$defs": "definitions",
    "dependentSchemas": "dependencies",
    "dependentRequired": "dependencies",
}
_UNKNOWN: Final = frozenset(
    {
        "unevaluatedProperties",
        "unevaluatedItems",
        "minContains",
        "maxContains",
        "$anchor",
        "$dynamicAnchor",
        "$dynamicRef",
        "$vocabulary",
        "deprecated",
        "contentSchema",
    }
)
"""Left out: without them a schema takes more, never less."""
_MAPS: Final = frozenset({"properties", "patternProperties", "$defs", "definitions", "dependentSchemas"})
_VALUES: Final = frozenset({"const", "enum", "default", "examples", "example", "required", "dependentRequired"})


def draft_07(schema: dict[str, Any]) -> dict[str, Any]:
    """The same in draft 7: it takes what the schema takes. The schema is left as it is.

    >>> draft_07({"$ref": "#/$defs/A", "default": 1, "$defs": {"A": {}}})["allOf"]
    [{'$ref': '#/definitions/A'}]
    """
    return {"$schema": DRAFT_07, **_part(schema)}


def _part(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_part(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    found: dict[str, Any] = {}
    key: str
    for key, value in schema.items():
        if key not in _UNKNOWN and key != "$schema":
            _put(found, _RENAMED.get(key, key), _inner(key, value))
    return _alone(_tuples(found))


def _put(found: dict[str, Any], key: str, value: Any) -> None:
    """`dependencies` comes of two keywords."""
    found[key] = {**found[key], **value} if key == "dependencies" and key in found else value


def _inner(key: str, value: Any) -> Any:
    if key in _VALUES:
        return value
    if key in _MAPS:
        return {name: _part(one) for name, one in value.items()}
    if key == "$ref":
        return value.replace("#/$defs/", "#/definitions/")
    return _part(value)


def _tuples(schema: dict[str, Any]) -> dict[str, Any]:
    """What 2020-12 calls prefixItems and items, draft 7 calls items and additionalItems."""
    if "prefixItems" not in schema:
        return schema
    rest = {"additionalItems": schema["items"]} if "items" in schema else {}
    others = {key: value for key, value in schema.items() if key not in ("prefixItems", "items")}
    return {**others, "items": schema["prefixItems"], **rest}


def _alone(schema: dict[str, Any]) -> dict[str, Any]:
    """In draft 7 a reference hides everything beside it, but not what stands beside an allOf."""
    beside = schema.keys() - {"$ref"}
    if "$ref" not in schema or not beside:
        return schema
    others = {key: schema[key] for key in schema if key in beside}
    return {**others, "allOf": [*others.get("allOf", ()), {"$ref": schema["$ref"]}]}
