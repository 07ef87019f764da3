"""Every failure as a problem of RFC 9457 (`application/problem+json`), with a stable code."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException

from copyhound.domain.errors import CopyhoundError
from copyhound.domain.faults import explained

MEDIA_TYPE: Final = "application/problem+json"
_REALM: Final = 'Bearer realm="copyhound"'
_CODES: Final = {
    400: "invalid_request",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    413: "payload_too_large",
    429: "too_many_requests",
    503: "unavailable",
}
_PLACE: Final = re.compile(r" - at `(?:key` in `)?\$\.?(.*)`$")
_LEFT: Final = "client disconnected prematurely"
"""Litestar's words for a client that is gone before its body was there: it calls that a fault of the server."""
log = structlog.get_logger("copyhound.http")


def problem(error: CopyhoundError, *, docs: str, request_id: str) -> dict[str, Any]:
    """The members of a problem; the error's own `extra` comes last and never hides the standard ones."""
    return {
        **msgspec.to_builtins(error.extra, str_keys=True, enc_hook=str),
        "type": f"{docs}/errors#{error.code}",
        "title": error.kind.title,
        "status": error.status,
        "detail": error.detail,
        "code": error.code,
        "hint": error.hint,
        "retryable": error.retryable,
        "request_id": request_id,
    }


def problem_headers(error: CopyhoundError) -> dict[str, str]:
    """The headers that go with a problem: `Retry-After` and `WWW-Authenticate` among them."""
    headers = {"Cache-Control": "no-store"}
    if error.status == 401:
        headers["WWW-Authenticate"] = _REALM
    if (seconds := error.extra.get("retry_after")) is not None:
        headers["Retry-After"] = str(max(1, round(float(seconds))))
    elif error.retryable and error.status in (409, 429, 503):
        headers["Retry-After"] = "1"
    return headers


def refused(errors: list[dict[str, str]]) -> CopyhoundError:
    """An `invalid_request` that names each field and what is wrong with it."""
    first = errors[0]
    detail = f"{first['field']}: {first['message']}" if first["field"] else first["message"]
    return CopyhoundError("invalid_request", detail if detail.endswith(".") else f"{detail}.", errors=errors)


def field_error(text: str, within: str = "") -> dict[str, str]:
    """`{field, message}` of a message of msgspec, which ends in a JSON path."""
    found = _PLACE.search(text)
    place = found.group(1) if found else ""
    message = text[: found.start()] if found else text
    inner = place if not within or not place or place.startswith("[") else f".{place}"
    return {"field": within + inner, "message": message}


def _parameter_fault(request: Request[Any, Any, Any], told: Mapping[str, Any]) -> dict[str, str]:
    """`{field, message}` of a parameter; of one that has its choices, with these."""
    key, message = str(told.get("key", "")), str(told.get("message", ""))
    handler = request.scope.get("route_handler")
    asking = [handler, *handler.resolve_dependencies().values()] if handler else []
    found = [one.parsed_fn_signature.parameters[key] for one in asking if key in one.parsed_fn_signature.parameters]
    return {"field": key, "message": explained(message, found[0].annotation) if found else message}


def _of_litestar(request: Request[Any, Any, Any], exc: HTTPException) -> CopyhoundError:
    if isinstance(exc, ValidationException) and isinstance(exc.extra, list):
        return refused([_parameter_fault(request, one) for one in exc.extra])
    if exc.detail == "Request Entity Too Large":  # too many parts: Litestar says 400
        return CopyhoundError("payload_too_large")
    if exc.detail == _LEFT:
        return CopyhoundError("invalid_request", "The connection was closed before the body was there.")
    code = _CODES.get(exc.status_code, "internal_error" if exc.status_code >= 500 else "invalid_request")
    return CopyhoundError(code, exc.detail if code == "invalid_request" and exc.detail else None)


class Problems:
    """Exception handlers that answer with problems. `docs` is the manual's absolute address."""

    def __init__(self, docs: str) -> None:
        self._docs = docs

    @property
    def handlers(self) -> dict[int | type[Exception], Any]:
        return {CopyhoundError: self.known, HTTPException: self.framework, Exception: self.unknown}

    def known(self, request: Request[Any, Any, Any], exc: CopyhoundError) -> Response[bytes]:
        return self._answer(request, exc)

    def framework(self, request: Request[Any, Any, Any], exc: HTTPException) -> Response[bytes]:
        """Litestar's own: routes, methods, parameters, sizes."""
        if exc.status_code >= 500 and exc.detail != _LEFT:
            return self.unknown(request, exc)
        headers = {"Allow": exc.headers.get("allow", "")} if exc.status_code == 405 and exc.headers else {}
        return self._answer(request, _of_litestar(request, exc), headers)

    def unknown(self, request: Request[Any, Any, Any], exc: Exception) -> Response[bytes]:
        """What nobody foresaw: logged with its trace, told without."""
        log.error("request failed", exc_info=exc, path=request.scope.get("path_template"))
        return self._answer(request, CopyhoundError("internal_error"))

    def _answer(
        self, request: Request[Any, Any, Any], error: CopyhoundError, headers: Mapping[str, str] | None = None
    ) -> Response[bytes]:
        request_id = request.scope.get("state", {}).get("request_id", "")
        return Response(
            msgspec.json.encode(problem(error, docs=self._docs, request_id=request_id)),
            status_code=error.status,
            media_type=MEDIA_TYPE,
            headers={**problem_headers(error), **(headers or {})},
        )
