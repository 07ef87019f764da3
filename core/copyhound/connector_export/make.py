"""Make: a custom app, as Make's editor for local development keeps it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from copyhound.connector_export.catalogue import Described, Json, key_help, pretty
from copyhound.connector_export.shapes import label, plain

API: Final = "/api/v1"
CONNECTION: Final = "copyhound"
_TYPES: Final = {"string": "text", "integer": "integer", "number": "number", "boolean": "boolean"}
_NO_SERVER: Final = "This address is no Copyhound server."
_LOG: Final = {"sanitize": ["request.headers.x-api-key"]}
_PROBLEM: Final = "[{{statusCode}}] {{body.detail}} {{body.hint}}"
_ERROR: Final = {
    "type": "RuntimeError",
    "message": _PROBLEM,
    "401": {"type": "InvalidAccessTokenError", "message": _PROBLEM},
    "403": {"type": "InvalidAccessTokenError", "message": _PROBLEM},
    "400": {"type": "DataError", "message": _PROBLEM},
    "429": {"type": "RateLimitError", "message": _PROBLEM},
    "503": {"type": "ConnectionError", "message": _PROBLEM},
}
_BASE: Final = {
    "baseUrl": f"{{{{connection.base_url}}}}{API}",
    "headers": {"X-API-Key": "{{connection.api_key}}"},
    "response": {"error": _ERROR},
    "log": _LOG,
}
_TEST: Final = {
    "url": f"{{{{parameters.base_url}}}}{API}/me",
    "headers": {"X-API-Key": "{{parameters.api_key}}"},
    "response": {
        "metadata": {"type": "text", "value": "{{body.name}}"},
        "valid": {"condition": "{{body.workspace}}", "type": "DataError", "message": _NO_SERVER},
        "error": _ERROR | {"404": {"type": "DataError", "message": _NO_SERVER}},
    },
    "log": _LOG,
}
_ASKED: Final = [
    {
        "name": "base_url",
        "type": "url",
        "label": "Server",
        "required": True,
        "help": "https://copyhound.example.org, without /docs and what follows it in the browser",
    },
    {
        "name": "api_key",
        "type": "password",
        "label": "API key",
        "required": True,
        "editable": True,
        "help": key_help("make"),
    },
]


def render(catalogue: Described) -> dict[str, str]:
    """Path within connectors/make -> text."""
    found: dict[str, Any] = {
        "general/base.iml.json": _BASE,
        "connections/copyhound/communication.iml.json": _TEST,
        "connections/copyhound/parameters.iml.json": _ASKED,
    }
    components: Json = {"connection": {CONNECTION: _connection()}, "webhook": {}, "module": {}, "rpc": {}}
    parts = (*_triggers(catalogue), *_actions(catalogue), *_dropdowns(catalogue))
    for kind, name, about, codes in parts:
        place = f"{kind}s/{name}"
        files = {code: f"{place}/{code}.iml.json" for code in codes}
        components[kind][name] = {**about, "codeFiles": files}
        found.update({files[code]: value for code, value in codes.items()})
    found["makecomapp.json"] = {
        "fileVersion": 1,
        "generalCodeFiles": {"base": "general/base.iml.json", "readme": "README.md"},
        "components": components,
        "origins": [],
    }
    return {path: pretty(value) for path, value in found.items()}


def name_of(key: str) -> str:
    """`match_found` -> `matchFound`: Make's names have no underscores."""
    first, *rest = key.replace("-", "_").split("_")
    return first + "".join(word[:1].upper() + word[1:] for word in rest)


Part = tuple[str, str, Json, Json]
"""Kind of component, its name, what the manifest says of it, its files."""


def _connection() -> Json:
    at = "connections/copyhound"
    files = {"communication": f"{at}/communication.iml.json", "parameters": f"{at}/parameters.iml.json"}
    return {"label": "Copyhound", "connectionType": "basic", "codeFiles": files}


def _triggers(catalogue: Described) -> Iterator[Part]:
    for one in catalogue.triggers:
        name = name_of(one["key"])
        asked = list(_fields(one["input_schema"] or {}, one["dynamic_fields"]))
        wanted = {field["name"]: f"{{{{parameters.{field['name']}}}}}" for field in asked}
        attach = {
            "url": f"/triggers/{one['key']}/hooks",
            "method": "POST",
            "body": {"target_url": "{{webhook.url}}", "description": "Make"} | ({"filter": wanted} if wanted else {}),
            "response": {"data": {"externalHookId": "{{body.id}}"}},
        }
        codes = {
            "communication": {"output": "{{body}}"},
            "parameters": asked,
            "attach": attach,
            "detach": {"url": "/hooks/{{webhook.externalHookId}}", "method": "DELETE"},
        }
        yield "webhook", name, {"label": one["title"], "webhookType": "web", "connection": CONNECTION}, codes
        told = {"interface": list(_fields(one["output_schema"])), "samples": one["sample"]}
        about = {"label": one["title"], "description": one["description"], "moduleType": "instant_trigger"}
        yield "module", f"watch{name[:1].upper()}{name[1:]}", {**about, "webhook": name}, {"communication": {}, **told}


def _actions(catalogue: Described) -> Iterator[Part]:
    for one in catalogue.actions:
        asked = list(_fields(one["input_schema"], one["dynamic_fields"]))
        body = {field["name"]: f"{{{{parameters.{field['name']}}}}}" for field in asked}
        finds = one.get("kind") == "find"
        answer = {"iterate": "{{body.items}}", "output": "{{item}}"} if finds else {"output": "{{body}}"}
        output = plain(one["output_schema"])
        shown = output["properties"]["items"]["items"] if finds else output
        codes = {
            "communication": {"url": f"/actions/{one['key']}", "method": "POST", "body": body, "response": answer},
            "mappableParams": asked,
            "interface": list(_fields(shown)),
            "samples": next(iter(one["sample"]["items"]), {}) if finds else one["sample"],
        }
        about = {"label": one["title"], "description": one["description"], "connection": CONNECTION}
        yield "module", name_of(one["key"]), {**about, "moduleType": "search" if finds else "action"}, codes


def _dropdowns(catalogue: Described) -> Iterator[Part]:
    paths = {path for one in (*catalogue.triggers, *catalogue.actions) for path in one["dynamic_fields"].values()}
    for path in sorted(paths):
        communication = {
            "url": path.removeprefix(API),
            "qs": {"limit": 200},
            "response": {"iterate": "{{body.items}}", "output": {"label": "{{item.name}}", "value": "{{item.id}}"}},
            "pagination": {"qs": {"cursor": "{{body.cursor}}"}, "condition": "{{body.cursor}}"},
        }
        title = f"Choices of {label(path.rpartition('/')[2]).lower()}"
        yield "rpc", _rpc(path), {"label": title, "connection": CONNECTION}, {"communication": communication}


def _rpc(path: str) -> str:
    return name_of("_".join(path.removeprefix(API).strip("/").split("/")))


def _fields(schema: Json, dynamic: Json | None = None) -> Iterator[Json]:
    whole = plain(schema)
    for name, part in whole.get("properties", {}).items():
        about = {"name": name, "label": label(name), "required": name in whole.get("required", ())}
        if part.get("description"):
            about["help"] = part["description"]
        if (default := part.get("default")) not in (None, [], {}):
            about["default"] = default
        yield about | _kind(part, (dynamic or {}).get(name))


def _kind(part: Json, choices: str | None) -> Json:
    each = part.get("items", {}) if part.get("type") == "array" else part
    several = {"multiple": True} if each is not part else {}
    if choices:
        return {"type": "select", "options": f"rpc://{_rpc(choices)}", **several}
    if "enum" in each:
        return {"type": "select", "options": [{"label": str(one), "value": one} for one in each["enum"]], **several}
    if several:
        spec = list(_fields(each)) if each.get("properties") else {"type": _TYPES.get(each.get("type", ""), "any")}
        return {"type": "array", "spec": spec}
    if part.get("properties"):
        return {"type": "collection", "spec": list(_fields(part))}
    if part.get("format") == "date-time":
        return {"type": "date"}
    bounds = {"min": part.get("minimum"), "max": part.get("maximum")}
    checked = {name: value for name, value in bounds.items() if value is not None}
    return {"type": _TYPES.get(part.get("type", ""), "any")} | ({"validate": checked} if checked else {})
