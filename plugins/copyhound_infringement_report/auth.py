"""Who is asking: a key in X-API-Key, or in the query for links that a browser follows."""

from __future__ import annotations

from typing import Any, Final

from litestar.connection import ASGIConnection
from litestar.handlers.base import BaseRouteHandler

from copyhound.plugin_api import CopyhoundError, Scope
from copyhound_infringement_report.reading import Office

OPEN: Final = {"open": True}
"""Handler option: answers without a key."""
WRITES: Final = {"scope": Scope.write}
"""Handler option: changes something although it is a GET."""
READS: Final = {"scope": Scope.read}
"""Handler option: changes nothing although it is a POST."""
_NAME: Final = "infringement_report"

Connection = ASGIConnection[Any, Any, Any, Any]


class KeyGuard:
    """Sets the connection's user to the `Caller`. CopyhoundError unauthorized, forbidden, too_many_requests."""

    def __init__(self, office: Office) -> None:
        self._office = office

    async def __call__(self, connection: Connection, handler: BaseRouteHandler) -> None:
        if handler.opt.get("open"):
            return
        key = connection.headers.get("x-api-key") or connection.query_params.get("api_key") or ""
        if not key.strip():
            raise CopyhoundError("unauthorized", "No API key was sent: it goes into X-API-Key.")
        caller = await self._office.uses.keys.check(key.strip())
        connection.scope["user"] = caller
        reading = connection.scope.get("method") in ("GET", "HEAD")
        scope = handler.opt.get("scope") or (Scope.read if reading else Scope.write)
        if scope not in caller.scopes:
            raise CopyhoundError("forbidden", f"This needs a key with the scope {str(scope)!r}.")
        # the service documents no limit: only what a key is held to counts
        await self._office.uses.limits.count(caller, _NAME, most=0, seconds=60)
