"""JSON bodies into Structs, strictly: every fault of every field is told."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

import msgspec
from litestar import Request
from litestar.di import Provide
from msgspec import UNSET

from copyhound.domain.errors import CopyhoundError
from copyhound.domain.faults import explained
from copyhound.http.problems import field_error, refused

T = TypeVar("T", bound=msgspec.Struct)
_HALF_PAIR: Final = re.compile(rb"\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])")


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
        value = msgspec.json.decode(raw, type=struct)
    except msgspec.ValidationError as error:
        whole = _whole_numbers(raw, struct)
        if whole is None:
            raise refused(_faults(_plain(raw), struct) or [field_error(explained(str(error), struct))]) from None
        value = whole
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _malformed(raw, error) from None
    for field in msgspec.structs.fields(struct):
        at = getattr(value, field.name)
        if isinstance(at, datetime):
            in_utc(at, field.encode_name)
    return value


def in_utc(at: datetime, field: str) -> datetime:
    """The same instant in UTC. Raises CopyhoundError `invalid_request` where that is before year 1 or after 9999."""
    try:
        return at.astimezone(UTC)
    except (OverflowError, ValueError):
        raise refused([{"field": field, "message": "This time is outside of the years 1 to 9999 in UTC"}]) from None


def _whole_numbers(raw: bytes, struct: type[T]) -> T | None:
    """The body, where nothing but whole numbers with a point were wrong with it: 8.0 is an integer in JSON Schema."""
    plain = _plain(raw)
    try:
        return msgspec.convert(_whole(plain), struct)
    except (msgspec.ValidationError, RecursionError):
        return None


def _whole(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _whole(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_whole(one) for one in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _plain(raw: bytes) -> Any:
    """The body without a shape; None where it cannot be read so."""
    try:
        return msgspec.json.decode(raw)
    except (msgspec.DecodeError, ValueError, RecursionError, OverflowError):
        return None


def _malformed(raw: bytes, error: Exception) -> CopyhoundError:
    if isinstance(error, RecursionError):
        return CopyhoundError("malformed_json", "It is nested too deeply.")
    if isinstance(error, msgspec.DecodeError) and _HALF_PAIR.search(raw):
        return CopyhoundError("malformed_json", "A text holds half a surrogate pair, which is no character.")
    return CopyhoundError("malformed_json", f"{str(error) or 'It cannot be read'}.")


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
            faults.append(field_error(explained(str(error), field.type), name))
    return faults


def given(value: Any) -> bool:
    """Whether a field of a PATCH was sent."""
    return value is not UNSET
