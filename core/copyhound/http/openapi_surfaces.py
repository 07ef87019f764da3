"""The OpenAPI documents of the surfaces: whatever Litestar application stands behind one, as its clients see it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from litestar import Litestar
from litestar._openapi.plugin import OpenAPIPlugin
from litestar.openapi import OpenAPIConfig
from litestar.routes import HTTPRoute

from copyhound.plugin_api import SurfaceSpec

_SCHEMES: Final = {
    "key": {"type": "apiKey", "in": "header", "name": "x-api-key"},
    "bearer": {"type": "http", "scheme": "bearer"},
    "basic": {"type": "http", "scheme": "basic"},
}
"""The ways in which vendors' clients send a key; which of them a surface takes is on its page of the manual."""


def describe_surface(
    app: Litestar, *, title: str, version: str, prefix: str = "", description: str = ""
) -> dict[str, Any]:
    """The document of a surface's application. `prefix`: where it is mounted; stands before each path.

    The application needs no OpenAPI configuration of its own, and is left as it is. What a handler reads by itself it
    may describe by hand: its option `openapi` (`{"parameters": [...]}`) is laid over its operation.
    """
    plugin = OpenAPIPlugin(app)
    plugin._openapi_config = OpenAPIConfig(title=title, version=version, description=description or None)
    plugin._openapi_config.use_handler_docstrings = True
    for route in app.routes:
        plugin.receive_route(route)
    document: dict[str, Any] = plugin.provide_openapi_schema()
    paths = document.get("paths", {})
    _told_more(app, paths)
    document["paths"] = {f"{prefix}{path}" if path != "/" else prefix or "/": item for path, item in paths.items()}
    document.setdefault("components", {})["securitySchemes"] = _SCHEMES
    document["security"] = [{name: []} for name in _SCHEMES]
    return document


def _told_more(app: Litestar, paths: dict[str, Any]) -> None:
    for route in app.routes:
        for handler in route.route_handlers if isinstance(route, HTTPRoute) else ():
            for method in handler.http_methods:
                operation = paths.get(route.path_format, {}).get(method.lower())
                if operation is not None:
                    operation.update(handler.opt.get("openapi", {}))


def documents(surfaces: Iterable[SurfaceSpec]) -> dict[str, dict[str, Any]]:
    """`<surface>-<version>` -> document, of every surface whose application is Litestar's."""
    found: dict[str, dict[str, Any]] = {}
    for spec in surfaces:
        if not isinstance(spec.app, Litestar):
            continue
        versions = {one.prefix: one.version for one in spec.versions}
        for prefix in (f"/{one.strip('/')}" for one in spec.prefixes):
            version = versions.get(prefix, prefix.strip("/").replace("/", "-"))
            found[f"{spec.name}-{version}"] = describe_surface(
                spec.app, title=spec.title, version=version, prefix=prefix, description=spec.description
            )
    return found
