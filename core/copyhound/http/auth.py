"""Who is asking, and may they: one guard before every handler; what is not marked public needs a key."""

from __future__ import annotations

from typing import Any, Final

import structlog
from litestar.connection import ASGIConnection
from litestar.handlers.base import BaseRouteHandler

from copyhound.domain.errors import CopyhoundError
from copyhound.domain.workspaces import Caller, Scope
from copyhound.services import Services

PUBLIC: Final = {"public": True}
"""Handler option: answers without a key."""
SIGNED: Final = {"signed": True}
"""Handler option: a signed link (`workspace`, `expires`, `signature`) does instead of a key."""
READS: Final = {"scope": Scope.read}
"""Handler option: changes nothing although it is a POST."""
ADMIN: Final = {"scope": Scope.admin}
OPERATOR: Final = {"scope": Scope.operator}

Connection = ASGIConnection[Any, Any, Any, Any]


class KeyGuard:
    """Sets the connection's user to the `Caller`, or raises `unauthorized` or `forbidden`."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def __call__(self, connection: Connection, handler: BaseRouteHandler) -> None:
        if handler.opt.get("public"):
            return
        caller = await self._caller(connection, handler)
        connection.scope["user"] = caller
        structlog.contextvars.bind_contextvars(workspace_id=caller.workspace_id)
        require(caller, handler.opt.get("scope") or _scope_of(str(connection.scope.get("method", "POST"))))

    async def _caller(self, connection: Connection, handler: BaseRouteHandler) -> Caller:
        plain = key_of(connection)
        if plain is None and handler.opt.get("signed") and "signature" in connection.query_params:
            return self._by_link(connection)
        if plain is None:
            raise CopyhoundError("unauthorized", "No API key was sent.")
        return await self._services.keys.check(plain)

    def _by_link(self, connection: Connection) -> Caller:
        query = connection.query_params
        workspace_id, expires = query.get("workspace", ""), query.get("expires", "")
        match_id = str(connection.path_params.get("match_id", ""))
        in_range = expires.isascii() and expires.isdigit() and len(expires) <= 10
        if in_range and self._services.matches.overlay_allowed(
            workspace_id, match_id, int(expires), query["signature"]
        ):
            return Caller(workspace_id, "link", (Scope.read,))
        raise CopyhoundError("unauthorized", "This link is wrong, or it has expired.")


def key_of(connection: Connection) -> str | None:
    """The key as it was sent, from either header; None where there is none."""
    if key := connection.headers.get("x-api-key"):
        return key.strip()
    kind, _, token = connection.headers.get("authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" and token.strip() else None


def require(caller: Caller, scope: Scope | str) -> None:
    """Raises CopyhoundError `forbidden` unless the caller's key has the scope."""
    if scope not in caller.scopes:
        raise CopyhoundError("forbidden", f"This needs a key with the scope {str(scope)!r}.", scope=str(scope))


def _scope_of(method: str) -> Scope:
    return Scope.read if method in ("GET", "HEAD", "OPTIONS") else Scope.write
