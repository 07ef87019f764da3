"""A house with the MatchEngine surface, and a client that speaks to it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import httpx

from copyhound.cli.app import make_app
from copyhound.domain.workspaces import ALL_SCOPES, Workspace

from ..fixtures.houses import Home, home

_numbers = count(1)
Envelope = dict[str, Any]


@dataclass
class Engine:
    """The surface, and a collection that no other test uses."""

    home: Home
    app: Any
    keys: dict[str, str]
    collection: str = ""

    def fresh(self) -> Engine:
        """The same with another collection."""
        return Engine(self.home, self.app, self.keys, f"set{next(_numbers)}")

    def client(self, key: str | None = "all", address: str = "127.0.0.1") -> httpx.AsyncClient:
        """A client of this collection, with the key of that name, or another password; None: without any."""
        password = None if key is None else ("me", self.keys.get(key, key))
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app, client=(address, 4711)),
            base_url=f"http://copyhound.test/matchengine/{self.collection}/rest/",
            auth=password,
            timeout=60,
        )

    async def send(self, method: str, path: str, *, key: str | None = "all", **more: Any) -> httpx.Response:
        """One request."""
        async with self.client(key) as client:
            return await client.request(method, path, **more)

    async def call(self, path: str, *, key: str | None = "all", **more: Any) -> Envelope:
        """The envelope that a call is answered with: POST where something is sent, else GET."""
        answer = await self.send("POST" if more else "GET", path, key=key, **more)
        assert answer.status_code == 200, answer.text
        envelope: Envelope = answer.json()
        return envelope

    async def add(self, **pictures: bytes) -> None:
        """Add pictures under the names of the arguments."""
        files = {f"images[{n}]": (name, data) for n, (name, data) in enumerate(pictures.items())}
        envelope = await self.call("add/", files=files)
        assert envelope == {"status": "ok", "error": [], "method": "add", "result": []}

    async def search(self, picture: bytes, **options: Any) -> list[dict[str, Any]]:
        """The results of a search by upload."""
        envelope = await self.call("search/", files={"image": ("query.jpg", picture)}, params=options)
        assert (envelope["status"], envelope["error"], envelope["method"]) == ("ok", [], "search")
        result: list[dict[str, Any]] = envelope["result"]
        return result

    async def names(self) -> list[str]:
        """What `list` answers."""
        return list((await self.call("list/"))["result"])


@asynccontextmanager
async def engine(folder: Path, **settings: Any) -> AsyncIterator[Engine]:
    """Open a house with one worker and keys: `all`, `read`, `write`, and `other` of another workspace."""
    more = (
        {"compute": {"workers": 1}, "plugins": {"matchengine": settings}} if settings else {"compute": {"workers": 1}}
    )
    async with home(folder, **more) as opened:
        services = opened.services
        async with services.kit.units() as uow:
            await uow.workspaces.add(Workspace("ws_other", "other", services.kit.now()))
        mine = opened.caller.workspace_id
        made: dict[str, tuple[str, Any]] = {
            "all": (mine, ALL_SCOPES),
            "read": (mine, ALL_SCOPES[:1]),
            "write": (mine, ALL_SCOPES[1:2]),
            "other": ("ws_other", ALL_SCOPES),
        }
        keys = {name: (await services.keys.create(space, name, scopes))[1] for name, (space, scopes) in made.items()}
        yield Engine(opened, make_app(opened.house), keys).fresh()
