"""Web apps of other origins: they ask first (preflight), and read answers only where the headers allow it."""

from __future__ import annotations

from typing import Final

from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

_HEADERS: Final = b"x-api-key, content-type, x-mime-type, x-requested-with, cache-control, authorization"
_METHODS: Final = b"GET, POST, PUT, PATCH, DELETE, OPTIONS"
_KEPT_SECONDS: Final = b"600"
_EXPOSED: Final = b"x-request-id, retry-after, content-disposition, deprecation, sunset"


class OtherOrigins:
    """Answers preflights of allowed origins, and adds what lets their scripts read answers, errors included.

    Keys travel in a header or in the address, never in cookies: so that any origin may be allowed.
    """

    def __init__(self, app: ASGIApp, allowed: tuple[str, ...]) -> None:
        self._app = app
        self._all = "*" in allowed
        self._allowed = frozenset(origin.rstrip("/").lower() for origin in allowed)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP or (origin := _header(scope, b"origin")) is None:
            await self._app(scope, receive, send)
            return
        allowed = self._headers(origin)
        if scope["method"] == "OPTIONS" and _header(scope, b"access-control-request-method") is not None:
            await _answer_preflight(allowed, send)
            return

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *allowed]
            await send(message)

        await self._app(scope, receive, sending)

    def _headers(self, origin: bytes) -> list[tuple[bytes, bytes]]:
        """Nothing but Vary for an origin that is not allowed: the browser then keeps the answer to itself."""
        if self._all:
            return [(b"access-control-allow-origin", b"*"), (b"access-control-expose-headers", _EXPOSED)]
        if origin.decode("latin-1").lower() not in self._allowed:
            return [(b"vary", b"Origin")]
        told = [(b"access-control-allow-origin", origin), (b"access-control-expose-headers", _EXPOSED)]
        return [*told, (b"vary", b"Origin")]


def _header(scope: HTTPScope, name: bytes) -> bytes | None:
    return next((value for key, value in scope["headers"] if key == name), None)


async def _answer_preflight(allowed: list[tuple[bytes, bytes]], send: Send) -> None:
    headers = [
        *allowed,
        (b"access-control-allow-methods", _METHODS),
        (b"access-control-allow-headers", _HEADERS),
        (b"access-control-max-age", _KEPT_SECONDS),
        (b"content-length", b"0"),
    ]
    await send({"type": "http.response.start", "status": 204, "headers": headers})
    await send({"type": "http.response.body", "body": b"", "more_body": False})
