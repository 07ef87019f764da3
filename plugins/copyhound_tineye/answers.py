"""Answers: always an object of four keys, whose code is the HTTP status."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException

from copyhound.plugin_api import CopyhoundError
from copyhound_tineye.errors import Refusal, refusal_of
from copyhound_tineye.requests import read_query
from copyhound_tineye.settings import TinEyeSettings
from copyhound_tineye.wire import ClassicErrorReply, ErrorReply, Stats

_INDENT: Final = 4
_BEGAN: Final = "tineye_began"
_PRETTY: Final = "tineye_pretty"
_log = logging.getLogger("copyhound.tineye")


def begin(request: Request[Any, Any, Any]) -> None:
    """Takes the time at which a request came."""
    _notes(request)[_BEGAN] = time.perf_counter()


def indent(request: Request[Any, Any, Any]) -> None:
    """Whatever is answered, its JSON is to be indented."""
    _notes(request)[_PRETTY] = True


def _notes(request: Request[Any, Any, Any]) -> dict[str, Any]:
    state: dict[str, Any] = request.scope.setdefault("state", {})
    return state


def seconds(request: Request[Any, Any, Any]) -> float:
    """How long it has taken so far."""
    now = time.perf_counter()
    return now - float(_notes(request).get(_BEGAN, now))


def stats(request: Request[Any, Any, Any], now: datetime) -> Stats:
    """When, and how long it took."""
    return Stats(f"{now.timestamp():.2f}", f"{seconds(request):.2f}")


def rendered(
    request: Request[Any, Any, Any], body: msgspec.Struct, code: int = 200, headers: dict[str, str] | None = None
) -> Response[bytes]:
    """A body as JSON, indented where that was asked for."""
    raw = msgspec.json.encode(body)
    if _notes(request).get(_PRETTY) or read_query(request).pretty:
        raw = msgspec.json.format(raw, indent=_INDENT)
    return Response(raw, status_code=code, media_type="application/json", headers=headers or {})


def exception_handlers(
    settings: TinEyeSettings, now: Callable[[], datetime]
) -> dict[int | type[Exception], Callable[[Request[Any, Any, Any], Any], Response[bytes]]]:
    """What makes TinEye's answers of failures, ours and the framework's."""
    classic = settings.errors == "classic"

    def told(request: Request[Any, Any, Any], refusal: Refusal) -> Response[bytes]:
        code, messages = refusal.told(classic=classic)
        old = ClassicErrorReply(stats(request, now()), code, messages)
        return rendered(request, old if classic else ErrorReply(code, messages), code, refusal.headers)

    def known(request: Request[Any, Any, Any], error: CopyhoundError) -> Response[bytes]:
        refusal = refusal_of(error)
        if refusal.code == 500:
            _log.error("request failed: %s", error)
        return told(request, refusal)

    def framework(request: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
        if error.status_code >= 500:
            return unknown(request, error)
        return told(request, _of_framework(error))

    def unknown(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
        _log.error("request failed", exc_info=error)
        return told(request, refusal_of(CopyhoundError("internal_error")))

    return {Refusal: told, CopyhoundError: known, HTTPException: framework, Exception: unknown}


def _of_framework(error: HTTPException) -> Refusal:
    code = error.status_code
    if code == 404:
        return refusal_of(CopyhoundError("not_found"))
    if code == 405:
        return Refusal(405, "This method is not allowed here.", allow=(error.headers or {}).get("allow", ""))
    if code == 413 or error.detail == "Request Entity Too Large":  # of too many parts, Litestar says 400
        return refusal_of(CopyhoundError("payload_too_large"))
    return Refusal(code, "The request cannot be read.")
