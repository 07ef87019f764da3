"""The OpenAPI 3.1 document: routes and parameters as Litestar sees them, every shape from its msgspec Struct."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, get_args, get_origin

import msgspec
from litestar import Litestar, get
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.openapi import OpenAPIConfig
from litestar.response import Response, Stream
from litestar.routes import HTTPRoute

from copyhound import __version__
from copyhound.domain.triggers import Action, Trigger
from copyhound.http.auth import PUBLIC
from copyhound.http.openapi_automation import called, webhooks
from copyhound.http.openapi_summaries import phrase
from copyhound.http.uploads import PicturesBody
from copyhound.http.wire.common import Problem
from copyhound.http.wire.field_docs import describe

TITLE: Final = "Copyhound"
_REF: Final = "#/components/schemas/{name}"
_REFERENCE: Final = re.compile(r'"#/components/schemas/([^"]+)"')
# printable, and no space at either end: HTTP takes that away
_VISIBLE: Final = r"!-~\u00a1-\u00ac\u00ae-\u00ff"
_KEY_PATTERN: Final = f"^[{_VISIBLE}]([ {_VISIBLE}]*[{_VISIBLE}])?$"
_KEY_PARAMETER: Final = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": _KEY_PATTERN},
    "description": "The same request under the same key is done once, and answered the same for a day.",
}
_SCHEMES: Final = {
    "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    "bearer": {"type": "http", "scheme": "bearer"},
}


class Document:
    """The document as JSON, made when it is first asked for."""

    def __init__(self, describe: Callable[[], dict[str, Any]]) -> None:
        self._describe = describe
        self._made: bytes | None = None

    def text(self) -> bytes:
        if self._made is None:
            self._made = msgspec.json.encode(self._describe(), order="sorted")
        return self._made


@get(["/schema", "/schema/openapi.json"], opt=PUBLIC, include_in_schema=False)
async def get_openapi(openapi: NamedDependency[Document]) -> Response[bytes]:
    """This API, for machines."""
    return Response(openapi.text(), media_type="application/vnd.oai.openapi+json")


CONFIG: Final = OpenAPIConfig(
    title=TITLE,
    version=__version__,
    use_handler_docstrings=True,
    operation_id_creator=lambda handler, method, path: handler.handler_name,
)


def document(app: Litestar, triggers: Iterable[Trigger], actions: Iterable[Action]) -> dict[str, Any]:
    """Litestar's document of `app`, with our shapes: what refuses unknown fields says so."""
    base: dict[str, Any] = app.openapi_schema.to_schema()
    operations = list(_operations(app, base))
    triggers, actions = list(triggers), list(actions)
    wanted = {kind for handler, _ in operations for kind in _kinds(handler)} | {Problem}
    types = [*sorted(wanted, key=str), *(trigger.payload for trigger in triggers)]
    types += [struct for action in actions for struct in (action.input, action.output)]
    schemas, components = msgspec.json.schema_components(types, ref_template=_REF)
    describe(components, types)
    known = dict(zip(types, schemas, strict=True))
    for handler, operation in operations:
        _amend(handler, operation, known)
    base["webhooks"] = webhooks(triggers, known, components)
    base["paths"] |= called(actions, known, base["paths"])
    own = base.pop("components", {}).get("schemas", {})
    base["components"] = {
        "schemas": _needed(base, {**own, **components}),
        "securitySchemes": _SCHEMES,
    }
    base["security"] = [{name: []} for name in _SCHEMES]
    return base


def _tidied(operation: dict[str, Any]) -> None:
    operation["summary"] = phrase(operation.get("description", "")) or operation["operationId"]
    for parameter in (operation, *operation.get("parameters", ())):
        for flag in ("deprecated", "allowEmptyValue", "allowReserved"):
            if parameter.get(flag) is False:
                del parameter[flag]


def _operations(app: Litestar, base: dict[str, Any]) -> Iterator[tuple[HTTPRouteHandler, dict[str, Any]]]:
    for route in app.routes:
        if not isinstance(route, HTTPRoute):
            continue
        for handler in route.route_handlers:
            for method in handler.http_methods:
                operation = base["paths"].get(route.path_format, {}).get(method.lower())
                if operation is not None:
                    yield handler, operation


def _kinds(handler: HTTPRouteHandler) -> Iterator[Any]:
    if (body := _body(handler)) is not None:
        yield body.struct
    for _, kind in _answers(handler):
        yield kind
    for kind, _ in handler.opt.get("files", {}).values():
        yield kind


def _body(handler: HTTPRouteHandler) -> Any:
    return handler.resolve_dependencies().get("sent")


def _answers(handler: HTTPRouteHandler) -> Iterator[tuple[int, Any]]:
    """(status, type) of the answers in JSON. What is streamed stands in the handler option `files`."""
    kind = handler.parsed_fn_signature.return_type.annotation
    if get_origin(kind) is Response:
        kind = get_args(kind)[0]
    if kind not in (None, type(None), bytes, str, Stream):
        yield handler.status_code, kind
    yield from handler.opt.get("also", {}).items()


def _amend(handler: HTTPRouteHandler, operation: dict[str, Any], known: dict[Any, Any]) -> None:
    _tidied(operation)
    if (body := _body(handler)) is not None:
        operation["requestBody"] = _request_body(body, known[body.struct])
    elif handler.opt.get("any_object"):
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}}
    success = {code: one for code, one in operation["responses"].items() if code.startswith("2")}
    for answer in success.values():
        answer.pop("headers", None)
    for status, kind in _answers(handler):
        success[str(status)] = {"description": "Done.", "content": {"application/json": {"schema": known[kind]}}}
    for answer in success.values() if "files" in handler.opt else ():
        answer["description"] = "A file."
        answer["content"] = {
            media: {"schema": known[kind], "example": example}
            for media, (kind, example) in handler.opt["files"].items()
        }
    failure = {"description": "A problem.", "content": {"application/problem+json": {"schema": known[Problem]}}}
    operation["responses"] = {**success, "default": failure}
    if handler.opt.get("public"):
        operation["security"] = []
    if "once" in handler.parsed_fn_signature.parameters:
        operation.setdefault("parameters", []).append(_KEY_PARAMETER)


def _request_body(body: Any, schema: dict[str, Any]) -> dict[str, Any]:
    content: dict[str, Any] = {"application/json": {"schema": schema}}
    if isinstance(body, PicturesBody):
        file = {"type": "string", "contentMediaType": "application/octet-stream"}
        files = {name: {"type": "array", "items": file} for name in body.files}
        texts = {
            field.encode_name: told
            for field in msgspec.structs.fields(body.struct)
            if field.encode_name not in body.files and (told := _form_field(field.type))
        }
        content["multipart/form-data"] = {
            "schema": {"type": "object", "properties": {**files, **texts}, "additionalProperties": False}
        }
    return {"required": True, "content": content}


def _form_field(kind: Any) -> dict[str, Any] | None:
    """A field as a text of a form; None for what only JSON can hold. Nothing stands for null there."""
    schema = msgspec.json.schema(kind)
    if b"$ref" in msgspec.json.encode(schema):
        return None
    told = [one for one in schema.get("anyOf", [schema]) if one.get("type") != "null"]
    return told[0] if len(told) == 1 else {"anyOf": told}


def _needed(base: dict[str, Any], components: dict[str, Any]) -> dict[str, Any]:
    """The components that are referred to, directly or not."""
    kept: dict[str, Any] = {}
    todo = _REFERENCE.findall(msgspec.json.encode(base).decode())
    while todo:
        name = todo.pop()
        if name not in kept and name in components:
            kept[name] = components[name]
            todo += _REFERENCE.findall(msgspec.json.encode(components[name]).decode())
    return kept
