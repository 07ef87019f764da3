"""Answers, good and bad, in the envelope of Infringement.Report."""

from __future__ import annotations

import logging
from typing import Any, Final

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException

from copyhound.plugin_api import CopyhoundError
from copyhound_infringement_report.wire import GOOD

_log = logging.getLogger(__name__)
_JSON: Final = "application/json"
_AS_IT_IS: Final = frozenset({400, 401, 403, 404, 405, 429, 500, 502, 503, 504})
"""Statuses that stay; all others are for a person to read, whose app shows the text of a 403 alone."""
_MISSING: Final = {404: "There is nothing at this address.", 405: "This method is not allowed here."}

AnyRequest = Request[Any, Any, Any]


def good(result: Any = msgspec.UNSET, **beside: Any) -> Response[bytes]:
    """`{status: true, code: 100, result}`, and what else stands beside them."""
    body = {"status": True, "code": GOOD, **beside}
    if result is not msgspec.UNSET:
        body["result"] = result
    return Response(msgspec.json.encode(body), media_type=_JSON)


def bad(status: int, error: str, code: int, kind: str, headers: dict[str, str] | None = None) -> Response[bytes]:
    """`{status: false, error, code}`, with our own name of the error."""
    body = {"status": False, "code": code, "error": error, "error_code": kind}
    return Response(msgspec.json.encode(body), status_code=status, media_type=_JSON, headers=headers or {})


def refuse(error: CopyhoundError) -> Response[bytes]:
    """An error of ours. 402, 409, 413 and 422 go as 403: `code` holds what it was."""
    headers = {}
    if (wait := error.extra.get("retry_after")) is not None:
        headers["Retry-After"] = str(max(1, round(wait)))
    status = error.status if error.status in _AS_IT_IS else 403
    return bad(status, error.detail, error.status, error.code, headers)


def _told(_: AnyRequest, error: CopyhoundError) -> Response[bytes]:
    return refuse(error)


def _http(_: AnyRequest, error: HTTPException) -> Response[bytes]:
    """What the framework refuses by itself."""
    status = error.status_code
    if status >= 500:
        return _broken(_, error)
    kind = {404: "not_found", 405: "method_not_allowed", 413: "payload_too_large"}.get(status, "invalid_request")
    shown = _MISSING.get(status) or ("The body is too large." if status == 413 else "The request cannot be read.")
    headers = {name: value for name, value in (error.headers or {}).items() if name.lower() == "allow"}
    return bad(status if status in _AS_IT_IS else 403, shown, status, kind, headers)


def _broken(_: AnyRequest, error: Exception) -> Response[bytes]:
    _log.error("a request to Infringement.Report's surface broke", exc_info=error)
    return bad(500, "Something broke on our side.", 500, "internal_error")


HANDLERS: Final[dict[Any, Any]] = {CopyhoundError: _told, HTTPException: _http, Exception: _broken}
