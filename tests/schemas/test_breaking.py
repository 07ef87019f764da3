"""The comparer: each kind of break is found, each harmless change is left alone."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from copyhound.breaking import breaks
from copyhound_schemas import read_openapi

BASE: dict[str, Any] = {
    "openapi": "3.1.0",
    "security": [{"key": []}],
    "components": {
        "schemas": {
            "Kind": {"enum": ["big", "small"]},
            "In": {
                "type": "object",
                "additionalProperties": False,
                "required": ["name"],
                "properties": {
                    "name": {"type": "string", "minLength": 1, "maxLength": 100},
                    "kind": {"$ref": "#/components/schemas/Kind"},
                    "size": {"type": "number", "maximum": 100, "default": 50},
                    "tags": {"type": "array", "items": {"type": "string"}, "maxItems": 5},
                    "note": {"anyOf": [{"type": "string"}, {"type": "null"}]},
                    "more": {"type": "object", "additionalProperties": {"type": "string"}},
                    "inner": {"anyOf": [{"$ref": "#/components/schemas/In"}, {"type": "null"}]},
                },
            },
            "Out": {
                "type": "object",
                "required": ["id", "kind", "count"],
                "properties": {
                    "id": {"type": "string"},
                    "kind": {"$ref": "#/components/schemas/Kind"},
                    "count": {"type": "integer"},
                    "place": {"type": "array", "prefixItems": [{"type": "number"}, {"type": "number"}]},
                    "parent": {"anyOf": [{"$ref": "#/components/schemas/Out"}, {"type": "null"}]},
                    "items": {"type": "array", "items": {"$ref": "#/components/schemas/Out"}},
                },
            },
        }
    },
    "paths": {
        "/things/{thing_id}": {
            "post": {
                "operationId": "make",
                "parameters": [
                    {"name": "thing_id", "in": "path", "required": True, "schema": {"type": "string"}},
                    {"name": "sort", "in": "query", "required": False, "schema": {"enum": ["up", "down"]}},
                    {"name": "limit", "in": "query", "required": False, "schema": {"type": "integer", "maximum": 9}},
                ],
                "requestBody": {
                    "required": True,
                    "content": {
                        "application/json": {"schema": {"$ref": "#/components/schemas/In"}},
                        "multipart/form-data": {"schema": {"type": "object"}},
                    },
                },
                "responses": {
                    "201": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Out"}}}},
                    "default": {"content": {"application/problem+json": {"schema": {"type": "object"}}}},
                },
            }
        },
        "/open": {"get": {"operationId": "look", "security": [], "responses": {"200": {}}}},
    },
    "webhooks": {
        "happened": {
            "post": {
                "operationId": "happened",
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Out"}}}},
            }
        }
    },
}
MAKE = ("paths", "/things/{thing_id}", "post")
BODY = (*MAKE, "requestBody")
IN = ("components", "schemas", "In")
OUT = ("components", "schemas", "Out")
GONE = object()
ANY_OF = {"anyOf": [{"type": "string"}, {"type": "integer"}]}


def changed(*changes: tuple[tuple[Any, ...], Any]) -> dict[str, Any]:
    """The document with a value set, or taken away, at each path."""
    document = copy.deepcopy(BASE)
    for path, value in changes:
        at: Any = document
        for part in path[:-1]:
            at = at[part]
        if value is GONE:
            del at[path[-1]]
        else:
            at[path[-1]] = value
    return document


BREAKS: dict[str, tuple[tuple[Any, ...], Any, str]] = {
    "path gone": (("paths", "/open"), GONE, "GET /open is gone"),
    "method gone": ((*MAKE,), GONE, "POST /things/{} is gone"),
    "operationId": ((*MAKE, "operationId"), "create", "the operationId make is now create"),
    "key needed": (("paths", "/open", "get", "security"), [{"key": []}], "needs a key now"),
    "parameter gone": (
        (*MAKE, "parameters", 1),
        BASE["paths"][MAKE[1]]["post"]["parameters"][0],
        "sort (query) is gone",
    ),
    "parameter required": ((*MAKE, "parameters", 1, "required"), True, "sort (query): is required now"),
    "parameter's value gone": ((*MAKE, "parameters", 1, "schema", "enum"), ["up"], "the value 'down' is no longer"),
    "parameter narrower": ((*MAKE, "parameters", 2, "schema", "maximum"), 5, "maximum 9 is now 5"),
    "parameter's type": ((*MAKE, "parameters", 0, "schema", "type"), "integer", "string is no longer taken"),
    "body gone": (BODY, GONE, "takes no body any more"),
    "media type gone": ((*BODY, "content", "multipart/form-data"), GONE, "multipart/form-data is gone"),
    "request field gone": ((*IN, "properties", "note"), GONE, "the field note is gone"),
    "request field required": ((*IN, "required"), ["name", "kind"], "the field kind is required now"),
    "request field's type": ((*IN, "properties", "size", "type"), "integer", "number is no longer taken"),
    "request field no longer null": ((*IN, "properties", "note"), {"type": "string"}, "null is no longer taken"),
    "request value gone": (("components", "schemas", "Kind", "enum"), ["big"], "the value 'small' is no longer taken"),
    "request only certain values": ((*IN, "properties", "name", "enum"), ["x"], "only certain values"),
    "request longer at least": ((*IN, "properties", "name", "minLength"), 2, "minLength 1 is now 2"),
    "request shorter at most": ((*IN, "properties", "name", "maxLength"), 50, "maxLength 100 is now 50"),
    "request new limit": ((*IN, "properties", "size", "minimum"), 1, "minimum none is now 1"),
    "request fewer items": ((*IN, "properties", "tags", "maxItems"), 4, "maxItems 5 is now 4"),
    "request items differ": ((*IN, "properties", "tags", "uniqueItems"), True, "items must differ"),
    "request pattern": ((*IN, "properties", "name", "pattern"), "^a", "pattern none is now ^a"),
    "request format": ((*IN, "properties", "name", "format"), "uri", "format none is now uri"),
    "request item's type": ((*IN, "properties", "tags", "items", "type"), "integer", "tags[]: string is no longer"),
    "request default": ((*IN, "properties", "size", "default"), 60, "the default 50 is now 60"),
    "request further fields' type": (
        (*IN, "properties", "more", "additionalProperties"),
        {"type": "integer"},
        "more.*",
    ),
    "request further fields refused": ((*IN, "properties", "more", "additionalProperties"), False, "refused now"),
    "answer gone": ((*MAKE, "responses", "201"), GONE, "the answer 201 is gone"),
    "error's shape gone": ((*MAKE, "responses", "default", "content"), {}, "application/problem+json is gone"),
    "answer's field gone": ((*OUT, "properties", "count"), GONE, "the field count is gone"),
    "answer's field may be missing": ((*OUT, "required"), ["id", "kind"], "the field count may be missing now"),
    "answer's field wider": ((*OUT, "properties", "count", "type"), "number", "number may be answered now"),
    "answer's field's type": ((*OUT, "properties", "id", "type"), "integer", "integer may be answered now"),
    "answer's field null": (
        (*OUT, "properties", "id"),
        {"anyOf": [{"type": "string"}, {"type": "null"}]},
        "null may be",
    ),
    "answer's field of two types": ((*OUT, "properties", "id"), ANY_OF, "integer may be answered now"),
    "answer's tuple": ((*OUT, "properties", "place", "prefixItems", 1, "type"), "string", "place[1]: string may be"),
    "webhook gone": (("webhooks", "happened"), GONE, "the webhook POST happened is gone"),
    "webhook's field gone": ((*OUT, "properties", "id"), GONE, "webhook POST happened: the field id is gone"),
}


@pytest.mark.parametrize("name", sorted(BREAKS))
def test_a_break_is_found(name: str) -> None:
    """Each kind of break is told in a sentence of its own."""
    path, value, expected = BREAKS[name]
    found = breaks(BASE, changed((path, value)))
    assert any(expected in sentence for sentence in found), found


HARMLESS: dict[str, tuple[tuple[Any, ...], Any]] = {
    "new path": (("paths", "/new"), {"get": {"operationId": "new", "responses": {}}}),
    "new method": (("paths", "/open", "post"), {"operationId": "new", "responses": {}}),
    "new webhook": (("webhooks", "other"), {"post": {}}),
    "no key needed": ((*MAKE, "security"), []),
    "new optional parameter": ((*MAKE, "parameters", 3), None),
    "parameter takes more": ((*MAKE, "parameters", 2, "schema", "maximum"), 99),
    "parameter's new value": ((*MAKE, "parameters", 1, "schema", "enum"), ["up", "down", "left"]),
    "parameter takes anything": ((*MAKE, "parameters", 1, "schema"), {"type": "string"}),
    "body optional": ((*BODY, "required"), False),
    "new media type": ((*BODY, "content", "text/csv"), {"schema": {}}),
    "new optional field": ((*IN, "properties", "extra"), {"type": "string"}),
    "field optional": ((*IN, "required"), []),
    "field wider": ((*IN, "properties", "name"), ANY_OF),
    "field longer": ((*IN, "properties", "name", "maxLength"), 200),
    "limit gone": ((*IN, "properties", "size", "maximum"), GONE),
    "further fields taken": ((*IN, "additionalProperties"), True),
    "new value": (("components", "schemas", "Kind", "enum"), ["big", "small", "middle"]),
    "new answer": ((*MAKE, "responses", "202"), {"description": "Later."}),
    "answer's new field": ((*OUT, "properties", "extra"), {"type": "string"}),
    "answer's field always there": ((*OUT, "required"), ["id", "kind", "count", "place"]),
    "answer's field narrower": ((*OUT, "properties", "id", "maxLength"), 20),
    "answer never null": ((*OUT, "properties", "parent"), {"$ref": "#/components/schemas/Out"}),
    "texts": ((*MAKE, "summary"), "Another text."),
    "component renamed": ((*OUT, "properties", "kind"), {"enum": ["big", "small"]}),
}


@pytest.mark.parametrize("name", sorted(HARMLESS))
def test_a_harmless_change_is_let_through(name: str) -> None:
    """What old clients never notice is no break."""
    path, value = HARMLESS[name]
    if name == "new optional parameter":
        new = copy.deepcopy(BASE)
        more = {"name": "more", "in": "query", "required": False, "schema": {"type": "string"}}
        new["paths"][MAKE[1]]["post"]["parameters"].append(more)
    else:
        new = changed((path, value))
    assert new != BASE
    assert breaks(BASE, new) == []


def test_a_new_parameter_that_is_required_breaks() -> None:
    """Clients that do not send it are refused."""
    new = copy.deepcopy(BASE)
    new["paths"][MAKE[1]]["post"]["parameters"].append({"name": "more", "in": "query", "required": True, "schema": {}})
    assert breaks(BASE, new) == ["POST /things/{}: the new parameter more (query) is required"]


def test_a_body_that_becomes_required_breaks() -> None:
    """An operation that took no body, and one that could do without, may not ask for one."""
    asked = changed((("paths", "/open", "get", "requestBody"), {"required": True, "content": {}}))
    assert breaks(BASE, asked) == ["GET /open: a body is required now"]
    assert breaks(changed(((*BODY, "required"), False)), BASE) == ["POST /things/{}: a body is required now"]


def test_further_fields_that_were_taken_may_not_be_refused() -> None:
    """A request whose unknown fields were ignored stays one."""
    before = changed(((*IN, "additionalProperties"), GONE))
    assert any("further fields are refused now" in one for one in breaks(before, BASE))


def test_a_path_s_parameter_may_be_called_something_else() -> None:
    """The name of a path's parameter is in no request."""
    new = copy.deepcopy(BASE)
    new["paths"] = {path.replace("thing_id", "id"): item for path, item in new["paths"].items()}
    new["paths"]["/things/{id}"]["post"]["parameters"][0]["name"] = "id"
    assert breaks(BASE, new) == []


def test_our_own_document_compared_with_itself() -> None:
    """The whole document of the native API has no break with itself, and has each where an operation goes."""
    document = read_openapi()
    assert breaks(document, document) == []
    for path in document["paths"]:
        rest = {**document, "paths": {key: item for key, item in document["paths"].items() if key != path}}
        assert len(breaks(document, rest)) == len(document["paths"][path]), path
