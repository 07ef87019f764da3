"""What stands around every request, found route or not: its id, its log line, its figures, safe headers."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Container, Mapping
from datetime import UTC, date, datetime
from typing import Any, Final

import msgspec
import structlog
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

from copyhound.domain.errors import CopyhoundError
from copyhound.domain.ids import new_id
from copyhound.http.lifecycle import Journal
from copyhound.http.methods import with_head
from copyhound.http.metrics import Metrics
from copyhound.http.problems import MEDIA_TYPE, problem, problem_headers

_REQUEST_ID: Final = re.compile(rb"[A-Za-z0-9._:-]{1,128}")
_ABSOLUTE: Final = re.compile(r"^https?://[^/]*", re.IGNORECASE)
"""Of a request target in absolute form, as clients send it that take us for a proxy: all before the path."""
_OPENED: Final = re.compile(r"^(/+feeds/)[^/]+")
"""A feed's token in a path: who reads it may read the feed."""
_SAFE: Final = {
    b"x-content-type-options": b"nosniff",
    b"x-frame-options": b"DENY",
    b"referrer-policy": b"no-referrer",
    b"content-security-policy": b"default-src 'none'; frame-ancestors 'none'",
    b"cross-origin-resource-policy": b"same-site",
}
log = structlog.get_logger("copyhound.http.access")


class Shell:
    """Wraps the whole application. `surfaces` maps a path prefix to the ASGI application that answers there.

    `openable`: the paths at which HEAD is done as GET is.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        surfaces: Mapping[str, ASGIApp],
        allowed_hosts: tuple[str, ...],
        docs: str,
        metrics: Metrics,
        journal: Journal,
        openable: Container[str] = (),
        clock: Callable[[], float] = time.perf_counter,
        today: Callable[[], date] = lambda: datetime.now(UTC).date(),
    ) -> None:
        self._app, self._docs, self._metrics, self._clock = app, docs, metrics, clock
        self._journal, self._openable, self._today = journal, openable, today
        self._surfaces = sorted(surfaces.items(), key=lambda item: -len(item[0]))
        self._allowed = tuple(host.lower() for host in allowed_hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        await self._http(scope, receive, send)

    async def _http(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        if not scope["path"].startswith("/"):
            scope["path"] = _ABSOLUTE.sub("", scope["path"]) or "/"
        scope["state"] = state = {**scope.get("state", {}), "request_id": _request_id(scope)}
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=state["request_id"])
        started, path = self._clock(), scope["path"]
        used = self._journal.table.of(scope["method"], path)
        exchange = Exchange(state["request_id"], send, self._journal.headers(used, self._today()))
        try:
            await self._dispatch(scope, receive, exchange.send)
        finally:
            self._journal.count(used, exchange.status)
            self._told(scope, path, exchange.status, self._clock() - started)

    async def _dispatch(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        if not self._host_allowed(scope):
            await self._refuse(scope, send)
            return
        # clients that put a base URL and a path together often double the slash between them
        path = "/" + scope["path"].lstrip("/")
        for prefix, surface in self._surfaces:
            if path == prefix or path.startswith(f"{prefix}/"):
                inner: Any = {**scope, "path": path[len(prefix) :] or "/"}
                try:
                    await surface(inner, receive, send)
                finally:
                    _learn(scope, inner, prefix)
                return
        await self._own(scope, receive, send, openable=path in self._openable)

    async def _own(self, scope: HTTPScope, receive: Receive, send: Send, *, openable: bool) -> None:
        """Our own application, which knows no HEAD."""
        if not openable:
            await self._app(scope, receive, send)
            return
        head = scope["method"] == "HEAD"
        inner: Any = {**scope, "method": "GET" if head else scope["method"]}
        try:
            await self._app(inner, receive, with_head(send, bodiless=head))
        finally:
            _learn(scope, inner, "")

    def _host_allowed(self, scope: HTTPScope) -> bool:
        if not self._allowed:
            return True
        host = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"host"), "")
        name = re.sub(r":\d+$", "", host).lower()
        return any(name == one or (one.startswith("*.") and name.endswith(one[1:])) for one in self._allowed)

    async def _refuse(self, scope: HTTPScope, send: Send) -> None:
        error = CopyhoundError("invalid_request", "This server does not answer for that host.")
        body = msgspec.json.encode(problem(error, docs=self._docs, request_id=scope["state"]["request_id"]))
        headers = {"content-type": MEDIA_TYPE, "content-length": str(len(body)), **problem_headers(error)}
        raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": error.status, "headers": raw})
        await send({"type": "http.response.body", "body": body, "more_body": False})

    def _told(self, scope: HTTPScope, path: str, status: int, seconds: float) -> None:
        route = scope.get("path_template") or "other"
        self._metrics.answered(scope["method"], str(route), status, seconds)
        caller = scope.get("user")
        # never the query: links carry signatures in it
        log.info(
            "request",
            method=scope["method"],
            path=_OPENED.sub(r"\1...", path)[:500],
            status=status,
            ms=round(seconds * 1000, 1),
            key_id=getattr(caller, "key_id", None),
        )


def _learn(scope: HTTPScope, inner: Any, prefix: str) -> None:
    """What a surface found out about a request, for the log and the figures."""
    scope["user"] = inner.get("user")
    if template := inner.get("path_template"):
        scope["path_template"] = f"{prefix}{template}".rstrip("/") or "/"


class Exchange:
    """One answer on its way out: takes note of its status, adds the headers that all answers have."""

    def __init__(self, request_id: str, send: Send, more: list[tuple[bytes, bytes]]) -> None:
        self.status = 0
        self._request_id, self._send, self._more = request_id, send, more

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = [*message.get("headers", ()), (b"x-request-id", self._request_id.encode()), *self._more]
            present = {name.lower() for name, _ in headers}
            headers += [item for item in _SAFE.items() if item[0] not in present]
            message["headers"] = headers
        await self._send(message)


def _request_id(scope: HTTPScope) -> str:
    given: bytes = next((value for name, value in scope["headers"] if name == b"x-request-id"), b"")
    return given.decode() if _REQUEST_ID.fullmatch(given) else new_id("req")
