"""JSON bodies into Structs, strictly: every fault of every field is told."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec
from litestar import Request
from litestar.di import Provide
from msgspec import UNSET

from copyhound.domain.errors import CopyhoundError
from copyhound.http.problems import field_error, refused

T = TypeVar("T", bound=msgspec.Struct)


class JsonBody(Provide):
    """Dependency: the body as an instance of `struct`. The OpenAPI document reads `struct` from here."""

    __slots__ = ("struct",)

    def __init__(self, struct: type[msgspec.Struct]) -> None:
        async def provide(request: Request[Any, Any, Any]) -> Any:
            require_json(request)
            return decode(await small_body(request), struct)

        super().__init__(provide)
        self.struct = struct


async def small_body(request: Request[Any, Any, Any]) -> bytes:
    """The body of a request that carries no pictures: it is let in only up to the smaller limit."""
    most: int = request.app.state["max_body_bytes"]
    if (request.content_length or 0) > most:
        raise CopyhoundError("payload_too_large", f"At most {most} bytes.")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            raise CopyhoundError("payload_too_large", f"At most {most} bytes.")
    return bytes(body)


def require_json(request: Request[Any, Any, Any]) -> None:
    """A body must say that it is JSON: what a foreign page can send without asking is not taken."""
    kind, _ = request.content_type
    if kind != "application/json" and not kind.endswith("+json"):
        raise refused([{"field": "", "message": f"Expected Content-Type application/json, got {kind or 'none'}"}])


def decode(raw: bytes, struct: type[T]) -> T:
    """Raises CopyhoundError `malformed_json`, or `invalid_request` with all faults in `errors`."""
    try:
        return msgspec.json.decode(raw, type=struct)
    except msgspec.ValidationError as error:
        raise refused(_faults(msgspec.json.decode(raw), struct) or [field_error(str(error))]) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise CopyhoundError("malformed_json", f"{str(error) or 'It cannot be read'}.") from None


def _faults(plain: Any, struct: type[msgspec.Struct]) -> list[dict[str, str]]:
    """msgspec stops at the first fault; a client wants all of them, at least of the top level."""
    if not isinstance(plain, dict):
        return []
    fields = {field.encode_name: field for field in msgspec.structs.fields(struct)}
    faults = [{"field": name, "message": "Unknown field"} for name in plain if name not in fields]
    for name, field in fields.items():
        if name not in plain:
            if field.required:
                faults.append({"field": name, "message": "Required field is missing"})
            continue
        try:
            msgspec.convert(plain[name], field.type)
        except msgspec.ValidationError as error:
            faults.append(field_error(str(error), name))
    return faults


def given(value: Any) -> bool:
    """Whether a field of a PATCH was sent."""
    return value is not UNSET
