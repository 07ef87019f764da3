"""The OpenAPI documents of the surfaces: whatever Litestar application stands behind one, as its clients see it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from litestar import Litestar
from litestar._openapi.plugin import OpenAPIPlugin
from litestar.openapi import OpenAPIConfig

from copyhound.plugin_api import SurfaceSpec


def describe_surface(
    app: Litestar, *, title: str, version: str, prefix: str = "", description: str = ""
) -> dict[str, Any]:
    """The document of a surface's application. `prefix`: where it is mounted; stands before each path.

    The application needs no OpenAPI configuration of its own, and is left as it is.
    """
    plugin = OpenAPIPlugin(app)
    plugin._openapi_config = OpenAPIConfig(title=title, version=version, description=description or None)
    plugin._openapi_config.use_handler_docstrings = True
    for route in app.routes:
        plugin.receive_route(route)
    document: dict[str, Any] = plugin.provide_openapi_schema()
    paths = document.get("paths", {})
    document["paths"] = {f"{prefix}{path}" if path != "/" else prefix or "/": item for path, item in paths.items()}
    return document


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
