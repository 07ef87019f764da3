"""An open house with the Copyleaks surface, and its callers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx

from copyhound.cli.app import make_app
from copyhound.domain.workspaces import ALL_SCOPES, ApiKey, Scope
from copyhound.plugin_api import Answer, Outcome, ProviderLimits, ProviderSpec, hookimpl

from ..fixtures.houses import Home, TestClock, home

EMAIL = "you@example.com"
REQUEST_ID = "ticket-1"


@dataclass
class Desk:
    """A house, a key and its token, and a client of the surface."""

    home: Home
    http: httpx.AsyncClient
    key: ApiKey
    plain: str
    token: str = ""

    @property
    def auth(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}", "X-Request-ID": REQUEST_ID}

    async def login(self, key: str, email: str = EMAIL) -> httpx.Response:
        headers = {"X-Request-ID": REQUEST_ID}
        return await self.http.post("/v3/account/login/api", json={"email": email, "key": key}, headers=headers)

    async def token_of(self, key: str) -> str:
        answer = await self.login(key)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])

    async def check(
        self,
        data: bytes | None,
        scan_id: str = "my-scan-1",
        filename: str | None = "my-photo.jpg",
        headers: dict[str, str] | None = None,
        **fields: str,
    ) -> httpx.Response:
        """A check as the documents show it; None leaves the picture or the name out."""
        files = {"image": ("upload.jpg", data, "image/jpeg")} if data is not None else {"other": ("o", b"o")}
        form = {**({"filename": filename} if filename is not None else {}), **fields}
        return await self.http.post(
            f"/v1/image-plagiarism-detector/{scan_id}/check",
            files=files,
            data=form,
            headers=self.auth if headers is None else headers,
        )

    async def get(self, path: str, **options: Any) -> httpx.Response:
        self.home.clock.turn(seconds=1)  # it stands still, and ten in a second are allowed
        return await self.http.get(path, headers=self.auth, **options)

    async def grant(self, credits: int) -> None:
        """Credits for a month, from now on."""
        now = self.home.clock()
        await self.home.services.credits.grant(
            self.home.caller.workspace_id, credits, starts_at=now, expires_at=now + timedelta(days=30)
        )

    async def left(self) -> int:
        return (await self.home.services.credits.balance(self.home.caller)).remaining

    async def searches(self) -> list[Any]:
        return (await self.home.services.searches.page(self.home.caller)).items

    async def new_key(self, *scopes: Scope) -> tuple[ApiKey, str]:
        return await self.home.services.keys.create(self.home.caller.workspace_id, "another", scopes or ALL_SCOPES)


@asynccontextmanager
async def desk(
    folder: Path,
    extra: Sequence[tuple[str, Any]] = (),
    *,
    clock: TestClock | None = None,
    database_url: str | None = None,
    **settings: Any,
) -> AsyncIterator[Desk]:
    """The surface in a house of its own; `settings` are those of [plugins.copyleaks]."""
    plugins = {"copyleaks": settings}
    async with home(
        folder, database_url, clock=clock, plugins=plugins, extra_plugins=extra, log={"level": "error"}
    ) as opened:
        transport = httpx.ASGITransport(make_app(opened.house), raise_app_exceptions=False)
        key, plain = await opened.services.keys.create(opened.caller.workspace_id, "copyleaks", ALL_SCOPES)
        async with httpx.AsyncClient(transport=transport, base_url="http://copyhound.test", timeout=60) as client:
            made = Desk(opened, client, key, plain)
            made.token = await made.token_of(plain)
            yield made


class Acme:
    """A provider whose answers tests choose: a plugin."""

    def __init__(self, *answers: Answer | Any, name: str = "acme") -> None:
        self.asked = 0
        self.name = name
        self._answers = list(answers)

    @hookimpl
    def copyhound_providers(self) -> list[ProviderSpec]:
        return [
            ProviderSpec(
                self.name, "Acme", "Tests.", self._search, default=False, limits=ProviderLimits(retries=0),
            )
        ]  # fmt: skip

    async def _search(self, query: Any, context: Any) -> Answer:
        self.asked += 1
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if not isinstance(answer, Answer):
            await answer()
            return Answer(Outcome.no_match)
        return answer
