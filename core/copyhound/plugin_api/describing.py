"""How a surface describes what its handlers read by themselves: parts of OpenAPI operations, laid over Litestar's.

SurfaceSpec(..., openapi={"GET /search": operation("Search.", query("limit", "At most so many.", type="integer"))})
"""

from __future__ import annotations

from typing import Any, Final

Part = dict[str, Any]

FILE: Final[Part] = {"type": "string", "format": "binary"}
"""A file in a form."""


def query(name: str, description: str, **schema: Any) -> Part:
    """A query parameter; a text unless the schema says otherwise. `required=True`: it must be there."""
    required = bool(schema.pop("required", False))
    schema.setdefault("type", "string")
    return {"name": name, "in": "query", "required": required, "description": description, "schema": schema}


def path(name: str, description: str) -> Part:
    """A part of the path, where Litestar does not know it."""
    return {"name": name, "in": "path", "required": True, "description": description, "schema": {"type": "string"}}


def header(name: str, description: str, **schema: Any) -> Part:
    """A header."""
    return {**query(name, description, **schema), "in": "header"}


def form(*required: str, **fields: Part) -> Part:
    """The body of a request as a form with files."""
    return _body("multipart/form-data", required, fields)


def sent(*required: str, **fields: Part) -> Part:
    """The body of a request as JSON."""
    return _body("application/json", required, fields)


def raw() -> Part:
    """The body of a request as the bytes of a file."""
    return {"required": True, "content": {"application/octet-stream": {"schema": FILE}}}


def operation(
    description: str, *parameters: Part, body: Part | None = None, name: str | None = None, open: bool = False
) -> Part:
    """What is told of an operation. `name`: its operationId, needed where Litestar has no handler for it alone.
    `open`: it needs no key.
    """
    told: Part = {"description": description, "parameters": list(parameters)}
    if body is not None:
        told["requestBody"] = body
    if name is not None:
        told |= {"operationId": name, "responses": {"200": {"description": "The answer, in the vendor's shape."}}}
    if open:
        told["security"] = []
    return told


def _body(media: str, required: tuple[str, ...], fields: dict[str, Part]) -> Part:
    schema: Part = {"type": "object", "properties": fields}
    if required:
        schema["required"] = list(required)
    return {"required": True, "content": {media: {"schema": schema}}}
