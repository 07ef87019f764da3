"""What all surfaces have in common: nothing answers without a key, and nothing crosses a workspace."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
from litestar import Litestar
from litestar.routes import HTTPRoute

from copyhound.cli.app import make_app

from ..fixtures.houses import home

OPEN = {
    ("POST", "/v3/account/login/api"): "where a key becomes a token",
    ("GET", "/v3/miscellaneous/supported-file-types"): "the same for everybody",
    ("GET", "/v3/miscellaneous/ocr-languages-list"): "the same for everybody",
    ("GET", "/v3/release-logs.json"): "the same for everybody",
    ("POST", "/3.0/login"): "where an e-mail address and a key become a session",
    ("POST", "/2.0/login"): "where an e-mail address and a key become a session",
    ("GET", "/rest/overlay/{query_hash}/{match_id}"): "a signed link",
    ("GET", "/rest/result/{match_id}"): "a signed link",
    ("GET", "/3.0/picture/{kind}/{workspace_id}/{thing_id}"): "a signed link",
    ("GET", "/2.0/picture/{kind}/{workspace_id}/{thing_id}"): "a signed link",
}
"""(method, path) -> why it looks at no key. Signed links answer 404 unless their signature holds."""
MATCHENGINE = [f"/matchengine/shop/rest/{name}/" for name in ("add", "search", "compare", "delete", "count", "list")]


def routes(prefix: str, app: Litestar) -> Iterator[tuple[str, str]]:
    """(method, path template) of every route of a surface."""
    for route in app.routes:
        if isinstance(route, HTTPRoute):
            for handler in route.route_handlers:
                for method in handler.http_methods:
                    if method != "OPTIONS" and prefix != "/matchengine":  # its one route is told apart below
                        yield str(method), prefix + route.path_format.rstrip("/")


async def test_every_route_of_every_surface_refuses_without_a_key(tmp_path: Path) -> None:
    """Without a key all routes of all surfaces answer 401, but for a listed few; links need their signature."""
    answered: dict[tuple[str, str], int] = {}
    seen = 0
    async with home(tmp_path, work=False) as at_home:
        surfaces = at_home.house.catalogue.surfaces.values()
        app = make_app(at_home.house)
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://copyhound.test") as client:
            for surface in surfaces:
                table: Any = surface.make_app()
                found = [one for prefix in surface.prefixes for one in routes(prefix, table)]
                for method, path in found if isinstance(table, Litestar) else ():
                    seen += 1
                    status = await refused(client, method, re.sub(r"\{[^}]*\}", "12", path))
                    if status not in (401, 403):
                        answered[(method, path)] = status
            for path in MATCHENGINE:
                assert await refused(client, "GET", path) == 401, path
    unlisted = {one: status for one, status in answered.items() if one not in OPEN}
    assert not unlisted
    assert seen > 40
    assert not [one for one, status in answered.items() if status in (200, 201) and "signed" in OPEN.get(one, "")]


async def refused(client: httpx.AsyncClient, method: str, path: str) -> int:
    return (await client.request(method, path)).status_code
