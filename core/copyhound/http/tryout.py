"""`/docs/try`: every operation can be read and tried in the browser. All that it loads comes from this server.

Swagger UI's files lie in the package, compressed, with their licences.
"""

from __future__ import annotations

import gzip
import html
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import resources
from typing import Annotated, Any, Final

import msgspec
from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.params import PathParameter

from copyhound.domain.errors import CopyhoundError
from copyhound.http.auth import PUBLIC
from copyhound.http.openapi_surfaces import documents
from copyhound.plugin_api import SurfaceSpec

FILES: Final = {
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
    "page.js": "text/javascript",
    "LICENSE": "text/plain",
    "LICENSES.txt": "text/plain",
    "NOTICE": "text/plain",
}
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_STYLE: Final = (
    "body{margin:0}nav{font:16px/1.55 system-ui,sans-serif;padding:.6rem 1.2rem;display:flex;flex-wrap:wrap;"
    "gap:.2rem 1rem}"
)
Name = Annotated[str, PathParameter(description="Name of a file or a document.")]


class SurfaceDocuments:
    """The surfaces' OpenAPI documents, by name; each made when it is first asked for."""

    def __init__(self, surfaces: Iterable[tuple[SurfaceSpec, Any]]) -> None:
        self._surfaces = tuple(surfaces)
        self._made: Mapping[str, bytes] | None = None

    def all(self) -> Mapping[str, bytes]:
        """`<surface>-<version>` -> JSON."""
        if self._made is None:
            found = documents(self._surfaces)
            self._made = {name: msgspec.json.encode(one, order="sorted") for name, one in sorted(found.items())}
        return self._made

    def titles(self) -> Mapping[str, str]:
        """`<surface>-<version>` -> what people call it: as its vendor does, with the version where two share a name."""
        told = {name: msgspec.json.decode(one)["info"] for name, one in self.all().items()}
        often = Counter(info["title"] for info in told.values())
        return {
            name: info["title"] if often[info["title"]] == 1 else f"{info['title']} {info['version']}"
            for name, info in told.items()
        }


@get("/docs/try", opt=PUBLIC, media_type="text/html", include_in_schema=False)
async def get_tryout(surface_documents: NamedDependency[SurfaceDocuments]) -> Response[str]:
    """The page."""
    headers = {"Content-Security-Policy": _POLICY, "Cache-Control": "public, max-age=300"}
    return Response(_page(surface_documents.titles()), media_type="text/html", headers=headers)


@get("/docs/try/{name:str}", opt=PUBLIC, include_in_schema=False)
async def get_tryout_file(request: Request[Any, Any, Any], name: Name) -> Response[bytes]:
    """What the page loads."""
    if name not in FILES:
        raise CopyhoundError("not_found", f"There is no file {name!r}.")
    packed = "gzip" in request.headers.get("accept-encoding", "")
    headers = {"Cache-Control": "public, max-age=3600", "Vary": "Accept-Encoding"}
    if packed:
        headers["Content-Encoding"] = "gzip"
    body = _packed(name) if packed else gzip.decompress(_packed(name))
    return Response(body, media_type=FILES[name], headers=headers)


@get("/schema/surfaces/{name:str}", opt=PUBLIC, include_in_schema=False)
async def get_surface_openapi(name: Name, surface_documents: NamedDependency[SurfaceDocuments]) -> Response[bytes]:
    """A surface's API, for machines."""
    text = surface_documents.all().get(name)
    if text is None:
        raise CopyhoundError("not_found", f"There is no surface {name!r} that has a document.")
    return Response(text, media_type="application/vnd.oai.openapi+json")


HANDLERS: Final[list[Any]] = [get_tryout, get_tryout_file, get_surface_openapi]


@cache
def _packed(name: str) -> bytes:
    folder = resources.files("copyhound.http") / "swagger"
    packed = folder / f"{name}.gz"
    return packed.read_bytes() if packed.is_file() else gzip.compress((folder / name).read_bytes(), mtime=0)


def _page(surfaces: Mapping[str, str]) -> str:
    links = ['<a href="/docs">Manual</a>', '<a href="/docs/try">Copyhound</a>']
    escaped = [(html.escape(name), html.escape(title)) for name, title in surfaces.items()]
    links += [f'<a data-api="{name}" href="/docs/try?api={name}">{title}</a>' for name, title in escaped]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Try the API - Copyhound</title>'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f'<link rel="icon" href="data:,"><link rel="stylesheet" href="/docs/try/swagger-ui.css"><style>{_STYLE}</style>'
        f'</head><body><nav>{"".join(links)}</nav><main id="ui"></main>'
        '<script src="/docs/try/swagger-ui-bundle.js"></script><script src="/docs/try/page.js"></script></body></html>'
    )
