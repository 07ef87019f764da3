"""A misspelt query parameter is told, not ignored: a filter that filters nothing would answer too much."""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec
from litestar.connection import ASGIConnection
from litestar.handlers.base import BaseRouteHandler

from copyhound.http.openapi import Document
from copyhound.http.problems import refused

_LINK: Final = frozenset({"workspace", "expires", "signature"})
_TYPED: Final = re.compile(r":[a-z]+}")


class KnownQuery:
    """Raises `invalid_request` for query parameters that the route does not have, by its OpenAPI description."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._known: dict[tuple[str, str], frozenset[str]] = {}

    async def __call__(self, connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
        given = set(connection.query_params)
        if not given:
            return
        known = self._of(connection)
        if handler.opt.get("signed"):
            given -= _LINK
        if known is not None and (unknown := sorted(given - known)):
            raise refused([{"field": name, "message": "Unknown query parameter"} for name in unknown])

    def _of(self, connection: ASGIConnection[Any, Any, Any, Any]) -> frozenset[str] | None:
        if not self._known:
            self._known = _described(msgspec.json.decode(self._document.text()))
        path = _TYPED.sub("}", str(connection.scope.get("path_template", ""))).rstrip("/") or "/"
        return self._known.get((path, str(connection.scope.get("method", "GET")).lower()))


def _described(document: dict[str, Any]) -> dict[tuple[str, str], frozenset[str]]:
    return {
        (path.rstrip("/") or "/", method): frozenset(
            one["name"] for one in operation.get("parameters", ()) if one["in"] == "query"
        )
        for path, item in document["paths"].items()
        for method, operation in item.items()
    }
