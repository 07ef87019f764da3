"""A house with the MCP surface, a third-party plugin with actions, and a client that speaks the protocol by hand."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import msgspec

from copyhound.cli.app import make_app
from copyhound.domain.workspaces import ALL_SCOPES, Scope, Workspace
from copyhound.plugin_api import ActionSpec, Caller, UseCases, hookimpl

from ..fixtures.houses import Home, home

OLD = "2025-11-25"
NEW = "2026-07-28"


class Greet(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the third-party action takes."""

    name: str


class Greeted(msgspec.Struct, frozen=True):
    """What it answers."""

    id: str
    text: str


async def _greet(caller: Caller, wanted: Greet) -> Greeted:
    if wanted.name == "nobody":
        raise RuntimeError("secret inside")
    return Greeted(caller.workspace_id, f"Hello {wanted.name}")


@hookimpl
def copyhound_actions(use_cases: UseCases) -> Sequence[ActionSpec]:
    """`greet`, as another author might write it."""
    sample = {"id": "1", "text": "Hello you"}
    return [
        ActionSpec(
            key="greet",
            title="Greet",
            noun="Greeting",
            description="Says hello.",
            input=Greet,
            output=Greeted,
            sample=sample,
            run=_greet,
            scope="read",
        )
    ]


GREETER = ("greeter", SimpleNamespace(copyhound_actions=copyhound_actions))


@dataclass
class Agent:
    """The surface, and keys by name."""

    home: Home
    app: Any
    keys: dict[str, str]
    numbers: Any = field(default_factory=lambda: count(1))

    def client(self, base: str = "http://127.0.0.1:8000", **headers: str) -> httpx.AsyncClient:
        """A client of the whole application."""
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app), base_url=base, headers=headers, timeout=60, trust_env=False
        )

    async def post(
        self, message: Any, *, key: str | None = "all", base: str = "http://127.0.0.1:8000", **more: str
    ) -> Any:
        """One message, as any client sends it; the HTTP answer."""
        headers = {"Accept": "application/json, text/event-stream", "MCP-Protocol-Version": OLD}
        if key is not None:
            headers["Authorization"] = f"Bearer {self.keys.get(key, key)}"
        headers |= {name.replace("_", "-"): value for name, value in more.items()}
        async with self.client(base) as client:
            return await client.post("/mcp", json=message, headers=headers)

    async def ask(self, method: str, *, key: str | None = "all", **params: Any) -> dict[str, Any]:
        """A request, without any handshake before it; the JSON-RPC answer."""
        message = {"jsonrpc": "2.0", "id": next(self.numbers), "method": method, "params": params}
        answer = await self.post(message, key=key)
        told: dict[str, Any] = answer.json()
        assert told["id"] == message["id"], told
        return told

    async def result(self, method: str, *, key: str | None = "all", **params: Any) -> dict[str, Any]:
        """The result of a request that must have one."""
        told = await self.ask(method, key=key, **params)
        assert "error" not in told, told
        result: dict[str, Any] = told["result"]
        return result

    async def tool(self, called: str, *, key: str | None = "all", **arguments: Any) -> dict[str, Any]:
        """What a tool answers."""
        return await self.result("tools/call", key=key, name=called, arguments=arguments)

    async def read(self, uri: str, *, key: str | None = "all") -> Any:
        """What a JSON resource holds."""
        (content,) = (await self.result("resources/read", key=key, uri=uri))["contents"]
        assert (content["uri"], content["mimeType"]) == (uri, "application/json")
        return msgspec.json.decode(content["text"])

    async def native(self, path: str) -> Any:
        """What the native API answers to the same key."""
        async with self.client(**{"X-API-Key": self.keys["all"]}) as client:
            answer = await client.get(f"/api/v1{path}")
        assert answer.status_code == 200, answer.text
        return answer.json()


@asynccontextmanager
async def agent(folder: Path, **settings: Any) -> AsyncIterator[Agent]:
    """Open a house with keys: `all`, `read`, `write`, and `other` of another workspace."""
    plugins: dict[str, Any] = {"plugins": {"mcp": settings}} if settings else {}
    async with home(folder, compute={"workers": 1}, extra_plugins=[GREETER], **plugins) as opened:
        services = opened.services
        async with services.kit.units() as uow:
            await uow.workspaces.add(Workspace("ws_other", "other", services.kit.now()))
        mine = opened.caller.workspace_id
        made: dict[str, tuple[str, tuple[Scope, ...]]] = {
            "all": (mine, ALL_SCOPES),
            "read": (mine, (Scope.read,)),
            "write": (mine, (Scope.write,)),
            "other": ("ws_other", ALL_SCOPES),
        }
        keys = {name: (await services.keys.create(space, name, scopes))[1] for name, (space, scopes) in made.items()}
        yield Agent(opened, make_app(opened.house), keys)
