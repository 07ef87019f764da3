"""The door of /mcp: who asks, by which name and with which key. What is behind it speaks the protocol."""

import asyncio
import importlib
import logging
import math
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec
from litestar import Litestar, asgi
from litestar.enums import ScopeType
from litestar.types import HTTPScope, Receive, Scope, Send

from copyhound.plugin_api import Caller, CopyhoundError, UseCases, missing_extra
from copyhound_mcp.settings import McpSettings

_LOCAL: Final = ("127.0.0.1", "localhost", "[::1]")
_INVALID_REQUEST: Final = -32600
_CHALLENGE: Final = 'Bearer realm="Copyhound"'
_log = logging.getLogger(__name__)


def make_app(use_cases: UseCases, settings: McpSettings) -> Litestar:
    """The ASGI application. Without the SDK it answers everything with what to install."""
    door = Door(use_cases, settings)

    # the scope is ours: what the door learns of the caller is logged
    @asgi("/", is_mount=True, copy_scope=False)
    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == ScopeType.HTTP:
            await door(scope, receive, send)

    return Litestar([answer], openapi_config=None, logging_config=None, debug=False)


class Door:
    """Lets in what may ask, one POST at a time; nothing is kept between requests."""

    def __init__(self, use_cases: UseCases, settings: McpSettings) -> None:
        self._use_cases, self._settings = use_cases, settings
        self._hosts, self._origins = allowed(use_cases.public_url, settings)
        self._opened: Any = None
        self._opening = asyncio.Lock()

    async def __call__(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        """Any request below /mcp."""
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        try:
            if refusal := await self._refusal(scope, headers):
                await refusal(send)
                return
            scope["user"] = caller = await self._caller(headers)
            await self._use_cases.limits.count(caller, "mcp", most=0, seconds=60)
            room = await self._room()
        except CopyhoundError as error:
            await _refused(error)(send)
            return
        except Exception:
            _log.exception("the door of MCP failed")
            await _refused(CopyhoundError("internal_error"))(send)
            return
        scope["path_template"] = "/"
        await room.answer(scope, receive, send)

    async def _room(self) -> Any:
        """What speaks the protocol; imported when it is first asked for, for it is large."""
        async with self._opening:
            if self._opened is None:
                try:
                    module = await asyncio.to_thread(importlib.import_module, "copyhound_mcp.serving")
                except ImportError as error:
                    missing = missing_extra("MCP needs", "mcp")
                    _log.warning("%s (%s)", missing, error)
                    raise CopyhoundError("unavailable", missing) from error
                self._opened = module.Room(self._use_cases, self._settings)
        return self._opened

    async def _refusal(self, scope: HTTPScope, headers: dict[str, str]) -> "Reply | None":
        if not matches(headers.get("host", ""), self._hosts):
            told = "This server does not answer by that name: add it to allowed_hosts under [plugins.mcp]."
            return Reply(421, _body(told))
        if "origin" in headers and not matches(headers["origin"], self._origins):
            told = "This page may not ask: add its origin to allowed_origins under [plugins.mcp]."
            return Reply(403, _body(told))
        if scope["path"].strip("/"):
            return Reply(404, _body("There is nothing here: the address ends with /mcp."))
        if scope["method"] != "POST":
            await self._caller(headers)
            return Reply(405, _body("Send POST: nothing is kept between requests."), {"Allow": "POST"})
        return None

    async def _caller(self, headers: dict[str, str]) -> Caller:
        kind, _, token = headers.get("authorization", "").partition(" ")
        bearer = token.strip() if kind.lower() == "bearer" else ""
        plain = headers.get("x-api-key", "").strip() or bearer
        if not plain:
            raise CopyhoundError("unauthorized", "Send an API key: Authorization: Bearer <key>.")
        return await self._use_cases.keys.check(plain)


class Reply:
    """An answer of the door itself: the protocol's error without an id."""

    def __init__(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.status, self.body = status, body
        self.headers = {"Content-Type": "application/json", "Content-Length": str(len(body)), **(headers or {})}

    async def __call__(self, send: Send) -> None:
        raw = [(name.lower().encode(), value.encode("latin-1")) for name, value in self.headers.items()]
        await send({"type": "http.response.start", "status": self.status, "headers": raw})
        await send({"type": "http.response.body", "body": self.body, "more_body": False})


def allowed(public_url: str, settings: McpSettings) -> tuple[list[str], list[str]]:
    """(hosts, origins) by which the server may be asked: its own, this machine's, and those of the settings."""
    own = urlsplit(public_url)
    hosts = [*settings.allowed_hosts, *(host for name in _LOCAL for host in (name, f"{name}:*"))]
    origins = [*settings.allowed_origins, *(f"http://{host}" for name in _LOCAL for host in (name, f"{name}:*"))]
    if own.netloc:
        hosts.append(own.netloc.lower())
        origins.append(f"{own.scheme}://{own.netloc}".lower())
    return hosts, origins


def matches(sent: str, known: list[str]) -> bool:
    """Whether a host or an origin is one of those; `name:*` stands for every port."""
    plain = sent.lower()
    return any(
        plain == one.lower()
        or (one.endswith(":*") and plain.startswith(one[:-1].lower()) and plain[len(one) - 1 :].isdigit())
        for one in known
    )


def _refused(error: CopyhoundError) -> Reply:
    headers = {}
    if error.code == "unauthorized":
        headers["WWW-Authenticate"] = _CHALLENGE
    if "retry_after" in error.extra:
        headers["Retry-After"] = str(math.ceil(error.extra["retry_after"]))
    return Reply(error.status, _body(error.detail, code=error.code, hint=error.kind.hint), headers)


def _body(told: str, **data: Any) -> bytes:
    error = {"code": _INVALID_REQUEST, "message": told, **({"data": data} if data else {})}
    return msgspec.json.encode({"jsonrpc": "2.0", "id": None, "error": error})
