"""Power Automate and Logic Apps: a custom connector, as Swagger 2.0 with Microsoft's extensions."""

from __future__ import annotations

from typing import Any, Final

from copyhound.connector_export.catalogue import Described, Json, key_help, pretty
from copyhound.connector_export.shapes import label, plain

API: Final = "/api/v1"
HOST: Final = "copyhound.example.org"
"""Whoever imports the file writes their own server's name there."""
_FORMATS: Final = {"integer": "int64", "number": "double"}
_LONGEST_SUMMARY: Final = 80
_KEY: Final = {"type": "apiKey", "in": "header", "name": "X-API-Key"}


def render(catalogue: Described) -> dict[str, str]:
    """Path within connectors/power-automate -> text."""
    return {"apiDefinition.swagger.json": pretty(swagger(catalogue)), "apiProperties.json": pretty(_properties())}


def swagger(catalogue: Described) -> Json:
    """The Swagger 2.0 document: a webhook trigger for each trigger, an operation for each action and each drop-down."""
    paths: Json = {f"/triggers/{one['key']}/hooks": _trigger(one) for one in catalogue.triggers}
    paths["/hooks/{hook_id}"] = {"delete": _unsubscribe()}
    paths.update({f"/actions/{one['key']}": {"post": _action(one)} for one in catalogue.actions})
    paths.update({_relative(path): {"get": _dropdown(path)} for path in _dropdowns(catalogue)})
    paths["/me"] = {"get": _me()}
    return {
        "swagger": "2.0",
        "info": {
            "title": "Copyhound",
            "description": "Finds copies of your pictures, verifies each, and tells your flows.",
            "version": catalogue.version,
        },
        "host": HOST,
        "basePath": API,
        "schemes": ["https"],
        "consumes": ["application/json"],
        "produces": ["application/json"],
        "securityDefinitions": {"api_key": _KEY},
        "security": [{"api_key": []}],
        "paths": paths,
    }


def operation_id(key: str) -> str:
    """`match_found` -> `MatchFound`."""
    return "".join(word[:1].upper() + word[1:] for word in key.replace("-", "_").split("_"))


def _trigger(one: Json) -> Json:
    body: Json = {
        "type": "object",
        "required": ["target_url", "description"],
        "properties": {
            "target_url": {
                "type": "string",
                "x-ms-summary": "Callback",
                "x-ms-visibility": "internal",
                "x-ms-notification-url": True,
            },
            # nobody sees it in a flow: it is sent because it is required and has a default
            "description": {
                "type": "string",
                "x-ms-summary": "Description",
                "x-ms-visibility": "internal",
                "default": "Power Automate",
            },
        },
    }
    if one["input_schema"]:
        body["properties"]["filter"] = _shape(one["input_schema"], one["dynamic_fields"], "Filter")
    operation = {
        **_head(one, f"On{operation_id(one['key'])}"),
        "x-ms-trigger": "single",
        "x-ms-trigger-hint": f"It answers when it happens: {one['title'].lower()}.",
        "parameters": [_body(body)],
        "responses": {"201": _answer("The subscription; `Location` is where it ends.", _told("id", "status"))},
    }
    event = {"description": f"{one['noun']} event.", "schema": _shape(one["output_schema"])}
    return {"x-ms-notification-content": event, "post": operation}


def _action(one: Json) -> Json:
    body = _body(_shape(one["input_schema"], one["dynamic_fields"]))
    return {
        **_head(one, operation_id(one["key"])),
        "parameters": [body, _once()] if one["scope"] == "write" else [body],
        "responses": {"200": _answer("Done.", _shape(one["output_schema"]))},
    }


def _once() -> Json:
    told = "The same for a repetition of this step and for no other: concat(workflow()['run']['name'], '-search')."
    return {
        "name": "Idempotency-Key",
        "in": "header",
        "type": "string",
        "required": False,
        "description": told,
        "x-ms-summary": "Idempotency key",
        "x-ms-visibility": "advanced",
    }


def _head(one: Json, name: str) -> Json:
    description = str(one["description"]).rstrip(".") + "."
    return {"operationId": name, "summary": one["title"][:_LONGEST_SUMMARY], "description": description}


def _body(schema: Json) -> Json:
    return {"name": "body", "in": "body", "required": True, "schema": schema}


def _told(*names: str) -> Json:
    return {"type": "object", "properties": {name: {"type": "string", "x-ms-summary": label(name)} for name in names}}


def _answer(description: str, schema: Json) -> Json:
    return {"description": description, "schema": schema}


def _unsubscribe() -> Json:
    return {
        "operationId": "DeleteHook",
        "summary": "Unsubscribe",
        "description": "Ends a subscription; also where it has ended already.",
        "x-ms-visibility": "internal",
        "parameters": [
            {"name": "hook_id", "in": "path", "required": True, "type": "string", "x-ms-url-encoding": "single"}
        ],
        "responses": {"204": {"description": "It is gone."}},
    }


def _me() -> Json:
    return {
        "operationId": "GetMe",
        "summary": "Get workspace",
        "description": "Tells whose key this is, to try a connection.",
        "responses": {"200": _answer("The workspace.", _told("id", "name"))},
    }


def _dropdowns(catalogue: Described) -> list[str]:
    return sorted(
        {path for one in (*catalogue.triggers, *catalogue.actions) for path in one["dynamic_fields"].values()}
    )


def _dropdown(path: str) -> Json:
    rows = {"type": "array", "items": _told("id", "name"), "x-ms-summary": "Choices"}
    return {
        "operationId": _dropdown_id(path),
        "summary": f"Choices of {label(path.rpartition('/')[2]).lower()}",
        "description": "Fills a drop-down.",
        "x-ms-visibility": "internal",
        "parameters": [
            {"name": "limit", "in": "query", "type": "integer", "format": "int32", "default": 200, "required": False}
        ],
        "responses": {"200": _answer("The choices.", {"type": "object", "properties": {"items": rows}})},
    }


def _dropdown_id(path: str) -> str:
    return "Choices" + "".join(operation_id(part) for part in _relative(path).split("/") if part != "choices")


def _relative(path: str) -> str:
    return path.removeprefix(API)


def _shape(schema: Json, dynamic: Json | None = None, title: str = "") -> Json:
    found = _ready(plain(schema), title)
    for name, path in (dynamic or {}).items():
        if field := found.get("properties", {}).get(name):
            values = {"operationId": _dropdown_id(path), "value-collection": "items"}
            values |= {"value-path": "id", "value-title": "name"}
            (field.get("items") or field)["x-ms-dynamic-values"] = values
    return found


def _ready(part: Json, title: str = "") -> Json:
    """A plain schema in Swagger 2.0's words; empty `required` is not allowed there."""
    found = {key: value for key, value in part.items() if key not in ("title", "required")}
    if title:
        found["x-ms-summary"] = title
    if found.get("type") in _FORMATS:
        found.setdefault("format", _FORMATS[found["type"]])
    if "properties" in found:
        found["properties"] = _named(found["properties"])
    if "items" in found:
        found["items"] = _ready(found["items"])
    if part.get("required"):
        found["required"] = part["required"]
    return found


def _named(properties: Json) -> Json:
    return {name: _ready(part, label(name)) for name, part in properties.items()}


def _properties() -> Json:
    """What the import of the Swagger file alone can't say: the server's address as part of a connection."""
    connection = {
        "base_url": _parameter(
            "string", "Server", "The address of your Copyhound, such as https://copyhound.example.org, without /docs"
        ),
        "api_key": _parameter("securestring", "API key", key_help("power-automate")),
    }
    return {
        "properties": {
            "connectionParameters": connection,
            "iconBrandColor": "#1f4e5f",
            "capabilities": [],
            "policyTemplateInstances": [
                {
                    "templateId": "dynamichosturl",
                    "title": "The server of the connection",
                    "parameters": {"x-ms-apimTemplateParameter.urlTemplate": f"@connectionParameters('base_url'){API}"},
                }
            ],
            "publisher": "Copyhound",
            "stackOwner": "Copyhound",
        }
    }


def _parameter(kind: str, name: str, description: str) -> Json:
    shown = {"displayName": name, "description": description, "tooltip": description}
    rules: dict[str, Any] = {"constraints": {"required": "true", "clearText": kind == "string", "tabIndex": 2}}
    return {"type": kind, "uiDefinition": {**shown, **rules}}
