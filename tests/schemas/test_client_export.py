"""How the typed clients are written from an OpenAPI document."""

from __future__ import annotations

from typing import Any

import pytest

from copyhound.client_export import class_name, models, operations, type_of
from copyhound.typescript_export import types


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": "string"}, "str"),
        ({"type": "string", "format": "date-time"}, "datetime"),
        ({"type": "array", "items": {"$ref": "#/components/schemas/Items_A_"}}, "list[ItemsA]"),
        ({"type": "object", "additionalProperties": {"type": "integer"}}, "dict[str, int]"),
        ({"anyOf": [{"type": "number"}, {"type": "null"}]}, "float | None"),
        ({"oneOf": [{"$ref": "#/components/schemas/A"}, {"$ref": "#/components/schemas/B"}]}, "Any"),
        ({"type": ["string", "null"]}, "str | None"),
        ({"enum": ["a", "b"]}, "Literal['a', 'b']"),
        ({"type": "array", "prefixItems": [{"type": "number"}, {"type": "string"}]}, "tuple[float, str]"),
        ({}, "Any"),
    ],
)
def test_schemas_are_types(schema: dict[str, Any], expected: str) -> None:
    """Each kind of schema has its type in Python."""
    assert type_of(schema) == expected


def test_names_are_names() -> None:
    """Components of generic shapes have names that Python takes."""
    assert class_name("Items_MatchOut_") == "ItemsMatchOut"


DOCUMENT: dict[str, Any] = {
    "components": {
        "schemas": {
            "Kind": {"enum": ["new", "class"], "description": "A kind."},
            "Thing": {
                "description": 'A "thing".',
                "required": ["id"],
                "properties": {
                    "id": {"type": "string"},
                    "from": {"type": "string", "default": "x"},
                    "kind": {"$ref": "#/components/schemas/Kind", "default": "new"},
                    "tags": {"type": "array", "items": {"type": "string"}, "default": []},
                    "note": {"type": "string"},
                },
            },
        }
    },
    "paths": {
        "/things/{thing_id}": {
            "put": {
                "operationId": "put_thing",
                "description": "Put it.",
                "parameters": [
                    {"name": "thing_id", "in": "path", "required": True, "schema": {"type": "string"}},
                    {"name": "dry-run", "in": "query", "schema": {"type": "boolean"}},
                ],
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}},
                "responses": {
                    "200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}}
                },
            }
        },
        "/page": {"get": {"operationId": "page", "responses": {"200": {"content": {"text/html": {}}}}}},
    },
}


def test_structs_are_written() -> None:
    """Fields keep their names and defaults; what need not be sent is UNSET; words of Python get an underscore."""
    text = models(DOCUMENT)
    for line in (
        "    class_ = 'class'",
        "    id: str\n",
        "    from_: str = field(default='x', name='from')",
        "    kind: Kind = Kind('new')",
        "    tags: list[str] = field(default_factory=list)",
        "    note: str | UnsetType = UNSET",
    ):
        assert line in text, text
    compile(text, "models.py", "exec")


def test_methods_are_written() -> None:
    """An operation is a method with its path, its query and its body; a page for people is none."""
    text = operations(DOCUMENT)
    assert (
        "def put_thing(self, thing_id: str, body: models.Thing, *, dry_run: bool | None = None) -> models.Thing:"
        in text
    )
    assert "f\"/things/{quote(thing_id, safe='')}\"" in text
    assert "query={'dry-run': dry_run}" in text
    assert "def page" not in text
    compile(text, "operations.py", "exec")


def test_types_for_typescript_are_written() -> None:
    """Each shape is an interface, each operation has its method, path, parameters, body and answer."""
    text = types(DOCUMENT).decode()
    for part in (
        '/** A kind. */\nexport type Kind = "new" | "class";',
        "export interface Thing {\n  id: string;\n  from?: string;\n  kind?: Kind;\n  tags?: Array<string>;",
        '    method: "PUT";\n    path: "/things/{thing_id}";\n    parameters: { thing_id: string };',
        '    query: { "dry-run"?: boolean };\n    body: Thing;\n    answer: Thing;',
    ):
        assert part in text, text
