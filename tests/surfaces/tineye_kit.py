"""An open house with the TinEye surface, and its callers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import msgspec

from copyhound.cli.app import make_app
from copyhound.domain.workspaces import ALL_SCOPES, ApiKey, KeyLimits, Scope
from copyhound_tineye.signing import Signed, parse_query, signature_of
from copyhound_tineye.wire import CountReply, RemainingReply, SearchReply

from ..fixtures.houses import Home, TestClock, home

HOST = "http://copyhound.test"
REST = f"{HOST}/rest/"


def strict(struct: type[msgspec.Struct]) -> dict[str, Any]:
    """The JSON Schema of a Struct, all of whose fields must be there, and no others."""
    schema = msgspec.json.schema(struct)
    for one in schema["$defs"].values():
        one["additionalProperties"] = False
        one["required"] = list(one["properties"])
    schema["$defs"]["SearchStats"] = _exact_stats(schema["$defs"].get("SearchStats"))
    schema["$defs"]["Stats"] = _exact_stats(schema["$defs"].get("Stats"))
    return schema


def _exact_stats(stats: dict[str, Any] | None) -> dict[str, Any]:
    for name in ("timestamp", "query_time"):
        if stats:
            stats["properties"][name] = {"type": "string", "pattern": r"^\d+\.\d\d$"}
    return stats or {}


@dataclass
class Counter:
    """A house, a key that signs, and a client of the surface."""

    home: Home
    http: httpx.AsyncClient
    key: ApiKey
    plain: str

    async def get(self, method: str, *, key: str | None = "", **parameters: Any) -> httpx.Response:
        """GET /rest/<method>/ with the key as a header; None for no key."""
        return await self.http.get(f"/rest/{method}/", params=parameters, headers=self._headers(key))

    async def search(self, picture: bytes | str, *, key: str | None = "", **parameters: Any) -> httpx.Response:
        """Search by upload, or by address."""
        if isinstance(picture, str):
            return await self.get("search", key=key, image_url=picture, **parameters)
        files = {"image_upload": ("image.jpg", picture, "image/jpeg")}
        return await self.http.post("/rest/search/", files=files, data=parameters, headers=self._headers(key))

    async def matches(self, picture: bytes | str, **parameters: Any) -> list[dict[str, Any]]:
        """The matches of a search that must go well."""
        answer = await self.search(picture, **parameters)
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["results"]["matches"]
        return found

    def signed(self, method: str, query: str = "", *, nonce: str = "a-nonce-1", **changed: Any) -> dict[str, str]:
        """The four arguments that authenticate a GET, as an old client sends them."""
        date = str(int(self.home.clock().timestamp() + changed.pop("skew", 0)))
        request = Signed("GET", method, date, nonce, parse_query(query))
        made = signature_of(request, changed.pop("secret", self.plain), changed.pop("base", REST))
        return {"api_key": self.key.id, "api_sig": made, "nonce": nonce, "date": date, **changed}

    async def grant(self, searches: int, days: int = 30) -> None:
        now = self.home.clock()
        await self.home.services.credits.grant(
            self.home.caller.workspace_id, searches, starts_at=now, expires_at=now + timedelta(days=days)
        )

    async def left(self) -> int:
        return (await self.home.services.credits.balance(self.home.caller)).remaining

    async def new_key(self, *scopes: Scope, limits: KeyLimits | None = None) -> str:
        workspace = self.home.caller.workspace_id
        made = await self.home.services.keys.create(
            workspace, "more", scopes or ALL_SCOPES, limits=limits or KeyLimits()
        )
        return made[1]

    def _headers(self, key: str | None) -> dict[str, str]:
        return {} if key is None else {"x-api-key": key or self.plain}


@asynccontextmanager
async def counter(
    folder: Path,
    extra: Sequence[tuple[str, Any]] = (),
    *,
    clock: TestClock | None = None,
    plugins: dict[str, Any] | None = None,
    work: bool = False,
    database_url: str | None = None,
    **settings: Any,
) -> AsyncIterator[Counter]:
    """The surface in a house of its own; `settings` are those of [plugins.tineye]."""
    given: dict[str, Any] = {
        "plugins": {**(plugins or {}), "tineye": settings},
        "extra_plugins": extra,
        "log": {"level": "error"},
        "public_url": HOST,
        **({"database_url": database_url} if database_url else {}),
    }
    async with home(folder, clock=clock, work=work, **given) as opened:
        transport = httpx.ASGITransport(make_app(opened.house), raise_app_exceptions=False)
        key, plain = await opened.services.keys.create(opened.caller.workspace_id, "tineye", ALL_SCOPES, signs=True)
        async with httpx.AsyncClient(transport=transport, base_url=HOST, timeout=60) as client:
            yield Counter(opened, client, key, plain)


ERROR_SCHEMA = {
    "type": "object",
    "required": ["code", "messages", "stats", "results"],
    "additionalProperties": False,
    "properties": {
        "code": {"type": "integer", "minimum": 400, "maximum": 599},
        "messages": {"type": "array", "items": {"type": "string"}, "minItems": 1},
        "stats": {
            "type": "object",
            "properties": {name: {"type": "string", "pattern": r"^\d+\.\d\d$"} for name in ("timestamp", "query_time")},
            "additionalProperties": False,
        },
        "results": {"type": "array", "maxItems": 0},
    },
}
"""What every failure looks like, of both generations."""

SCHEMAS: dict[str, dict[str, Any]] = {
    "search": strict(SearchReply),
    "image_count": strict(CountReply),
    "remaining_searches": strict(RemainingReply),
}
"""What the answer of each method looks like."""


def checked(answer: httpx.Response, method: str = "search") -> dict[str, Any]:
    """The body, which fits its schema, whose code is the status."""
    body: dict[str, Any] = answer.json()
    jsonschema.validate(body, SCHEMAS[method] if answer.status_code == 200 else ERROR_SCHEMA)
    assert set(body) == {"stats", "code", "messages", "results"}
    assert body["code"] == answer.status_code
    assert answer.headers["content-type"] == "application/json"
    return body
