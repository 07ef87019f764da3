"""The OpenAPI documents of the surfaces: whatever Litestar application stands behind one, as its clients see it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from litestar import Litestar
from litestar._openapi.plugin import OpenAPIPlugin
from litestar.openapi import OpenAPIConfig

from copyhound.http.openapi_summaries import phrase
from copyhound.plugin_api import SurfaceSpec

_SCHEMES: Final = {
    "key": {"type": "apiKey", "in": "header", "name": "x-api-key"},
    "bearer": {"type": "http", "scheme": "bearer"},
    "basic": {"type": "http", "scheme": "basic"},
}
"""The ways in which vendors' clients send a key; a surface says which of them are its own."""


def describe_surface(
    app: Litestar,
    *,
    title: str,
    version: str,
    prefix: str = "",
    description: str = "",
    told: Mapping[str, Any] | None = None,
    security: Sequence[str] = (),
) -> dict[str, Any]:
    """The document of a surface's application. `prefix`: where it is mounted; stands before each path.

    `told` and `security`: what `SurfaceSpec` holds of them. The application needs no OpenAPI configuration, and
    is left as it is.
    """
    plugin = OpenAPIPlugin(app)
    plugin._openapi_config = OpenAPIConfig(title=title, version=version, description=description or None)
    plugin._openapi_config.use_handler_docstrings = True
    for route in app.routes:
        plugin.receive_route(route)
    document: dict[str, Any] = plugin.provide_openapi_schema()
    paths = document.get("paths", {})
    for path, item in paths.items():
        for operation in item.values():
            _in_order(path, operation)
    _laid_over(paths, told or {})
    for item in paths.values():
        for operation in item.values():
            operation["summary"] = phrase(operation.get("description", "")) or operation.get("summary", "")
    document["paths"] = {f"{prefix}{path}" if path != "/" else prefix or "/": item for path, item in paths.items()}
    document.setdefault("components", {})["securitySchemes"] = {name: _SCHEMES[name] for name in security or _SCHEMES}
    document["security"] = [{name: []} for name in security or _SCHEMES]
    return document


def _in_order(path: str, operation: dict[str, Any]) -> None:
    """Litestar's order of parameters differs from process to process: by their place in the path, then by name."""
    if parameters := operation.get("parameters"):
        parameters.sort(
            key=lambda one: (path.find(f"{{{one['name']}}}") if one["in"] == "path" else 10_000, one["name"])
        )


def _laid_over(paths: dict[str, Any], told: Mapping[str, Any]) -> None:
    for key, given in told.items():
        method, path = key.lower().split(" ", 1)[0], key.partition(" ")[2]
        item = paths.setdefault(path, {})
        if given is None:
            item.pop(method, None)
        else:
            own = [one for one in item.get(method, {}).get("parameters", ()) if one["in"] == "path"]
            item[method] = {**item.get(method, {}), **given, "parameters": [*own, *given.get("parameters", ())]}
        if not item:
            del paths[path]


def documents(surfaces: Iterable[tuple[SurfaceSpec, Any]]) -> dict[str, dict[str, Any]]:
    """`<surface>-<version>` -> document, of every surface whose application is Litestar's."""
    found: dict[str, dict[str, Any]] = {}
    for spec, app in surfaces:
        if not isinstance(app, Litestar):
            continue
        versions = {one.prefix: one.version for one in spec.versions}
        for prefix in (f"/{one.strip('/')}" for one in spec.prefixes):
            version = versions.get(prefix, prefix.strip("/").replace("/", "-"))
            found[f"{spec.name}-{version}"] = describe_surface(
                app,
                title=spec.title,
                version=version,
                prefix=prefix,
                description=spec.description,
                told=spec.openapi,
                security=spec.security,
            )
    return found
