"""Writes the API's types for TypeScript from the OpenAPI document: of each shape, and of each operation."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from copyhound.client_export import class_name

Json = Mapping[str, Any]

_SCALARS: Final = {"string": "string", "integer": "number", "number": "number", "boolean": "boolean", "null": "null"}
_HEAD: Final = "// The Copyhound API's types. Written by `make schemas` from the OpenAPI document, never by hand.\n"


def types(document: Json) -> bytes:
    """The file `copyhound.d.ts`."""
    shapes = [_shape(name, schema) for name, schema in sorted(document["components"]["schemas"].items())]
    named = sorted(
        (str(operation["operationId"]), method, path, operation)
        for path, item in document["paths"].items()
        for method, operation in item.items()
    )
    operations = [line for one in named for line in _operation(*one)]
    index = ["/** Every operation, by its name: its method, its path, and what it takes and answers. */"]
    return "\n".join([_HEAD, *shapes, *index, "export interface Operations {", *operations, "}", ""]).encode()


def _shape(name: str, schema: Json) -> str:
    comment = f"/** {_plain(schema.get('description', ''))} */\n" if schema.get("description") else ""
    if "properties" not in schema:
        return f"{comment}export type {class_name(name)} = {_type(schema)};\n"
    return f"{comment}export interface {class_name(name)} {{\n{_fields(schema, '  ')}}}\n"


def _fields(schema: Json, margin: str) -> str:
    required = set(schema.get("required", ()))
    lines = (
        f"{margin}{_name(name)}{'' if name in required else '?'}: {_type(part)};\n"
        for name, part in schema["properties"].items()
    )
    return "".join(lines)


def _type(schema: Any) -> str:
    if not isinstance(schema, Mapping):
        return "unknown"
    if "$ref" in schema:
        return class_name(schema["$ref"].rpartition("/")[2])
    if choices := schema.get("anyOf") or schema.get("oneOf"):
        return " | ".join(dict.fromkeys(_type(one) for one in choices))
    if "enum" in schema:
        return " | ".join(json.dumps(value) for value in schema["enum"])
    kind = schema.get("type")
    if kind == "array":
        return _array(schema)
    if kind == "object":
        return f"Record<string, {_type(schema.get('additionalProperties'))}>"
    if isinstance(kind, list):
        return " | ".join(_SCALARS.get(one, "unknown") for one in kind)
    return _SCALARS.get(str(kind), "unknown")


def _array(schema: Json) -> str:
    if "prefixItems" in schema:
        return f"[{', '.join(_type(one) for one in schema['prefixItems'])}]"
    return f"Array<{_type(schema.get('items'))}>"


def _operation(name: str, method: str, path: str, operation: Json) -> Iterator[str]:
    yield f"  /** {_plain(operation.get('description', name))} */"
    yield f"  {_name(name)}: {{"
    yield f"    method: {json.dumps(method.upper())};"
    yield f"    path: {json.dumps(path)};"
    for place in ("path", "query"):
        found = [one for one in operation.get("parameters", ()) if one["in"] == place]
        fields = [f"{_name(one['name'])}{'' if one.get('required') else '?'}: {_type(one['schema'])}" for one in found]
        if fields:
            yield f"    {'parameters' if place == 'path' else 'query'}: {{ {'; '.join(fields)} }};"
    if body := operation.get("requestBody"):
        yield f"    body: {_type(body['content']['application/json']['schema'])};"
    yield f"    answer: {_answer(operation)};"
    yield "  };"


def _answer(operation: Json) -> str:
    kinds = [
        _type(answer["content"]["application/json"]["schema"]) if "application/json" in answer["content"] else "Blob"
        for status, answer in operation["responses"].items()
        if status.startswith("2") and answer.get("content")
    ]
    return " | ".join(dict.fromkeys(kinds)) or "void"


def _name(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z_]\w*", name) else json.dumps(name)


def _plain(text: str) -> str:
    return " ".join(text.replace("*/", "* /").split())
