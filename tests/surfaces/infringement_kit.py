"""An open house with Infringement.Report's API in front, and what its clients ask."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, cast

import httpx
import msgspec

from copyhound.bootstrap import _UseCases
from copyhound.cli.app import make_app
from copyhound.domain.matches import Match, MatchStatus, Page, Verification, VerificationState
from copyhound.domain.workspaces import ALL_SCOPES, Caller, Scope, Workspace
from copyhound.plugin_api import UseCases
from copyhound_infringement_report.reading import Office
from copyhound_infringement_report.settings import InfringementReportSettings
from copyhound_infringement_report.surface import make_app as make_surface

from ..fixtures.houses import Home, TestClock, home, until
from ..storage.makers import AT, a_list, a_match, an_image, at

HOST = "http://copyhound.test"


@dataclass
class Counter:
    """A house, a key, and a client of the surface."""

    home: Home
    http: httpx.AsyncClient
    key: str

    async def ask(self, method: str, path: str, *, key: str | None = "", **options: Any) -> httpx.Response:
        """Any request; without a version in its path to 3.0. The own key, unless another or None is given."""
        url = path if path.startswith(("/2.0", "/3.0")) else f"/3.0{path}"
        headers = dict(options.pop("headers", {}))
        if key is not None:
            headers["X-Api-Key"] = key or self.key
        return await self.http.request(method, url, headers=headers, **options)

    async def result(self, method: str, path: str, **options: Any) -> Any:
        """`result` of a request that must go well."""
        answer = await self.ask(method, path, **options)
        assert answer.status_code == 200, answer.text
        body = answer.json()
        assert (body["status"], body["code"]) == (True, 100), body
        return body.get("result")

    async def docs(self, query: str = "", *, list_id: int = 1, **options: Any) -> list[dict[str, Any]]:
        """The documents of a query."""
        found = await self.result("GET", f"/list/{list_id}/query?{query}", **options)
        docs: list[dict[str, Any]] = found["query_result"]["docs"]
        return docs

    async def done(self, list_id: int) -> dict[str, Any]:
        """A list, as soon as nothing of it is searched any more, as clients poll it."""

        async def finished() -> dict[str, Any] | None:
            found: dict[str, Any] = await self.result("GET", f"/list/{list_id}")
            return found if found["search_in_progress"] == 0 else None

        found = await until(finished, "the search")
        assert found is not None
        return found

    async def new_key(self, *scopes: Scope, workspace: str = "") -> str:
        owner = workspace or self.home.caller.workspace_id
        return (await self.home.services.keys.create(owner, "more", scopes or ALL_SCOPES))[1]

    async def elsewhere(self) -> str:
        """The key of another workspace."""
        async with self.home.services.kit.units() as uow:
            await uow.workspaces.add(Workspace("ws_elsewhere", "elsewhere", AT))
        return await self.new_key(workspace="ws_elsewhere")

    async def keep(self, *matches: Match) -> None:
        """Put list 1 with image 1 there, if it is not, and matches."""
        caller = self.home.caller
        async with self.home.services.kit.units() as uow:
            if await uow.lists.get(caller.workspace_id, "list_1") is None:
                await uow.lists.add(a_list(workspace_id=caller.workspace_id, monitored=False, schedule=None))
                await uow.images.add([an_image(workspace_id=caller.workspace_id)])
            for match in matches:
                await uow.matches.add(msgspec.structs.replace(match, workspace_id=caller.workspace_id))

    def office(self, **settings: Any) -> Office:
        """What version 3.0 stands on, with other settings."""
        uses = _UseCases(self.home.house.services, self.home.house.settings)
        return Office(cast(UseCases, uses), InfringementReportSettings(**settings), 3)

    def surface(self, **settings: Any) -> Any:
        """The application of version 3.0 alone, with other settings."""
        return make_surface(self.office(**settings))


@asynccontextmanager
async def counter(
    folder: Path,
    database_url: str | None = None,
    *,
    work: bool = False,
    extra: Sequence[tuple[str, Any]] = (),
    clock: TestClock | None = None,
    plugins: dict[str, Any] | None = None,
    **settings: Any,
) -> AsyncIterator[Counter]:
    """The surface in a house of its own; `settings` are those of [plugins.infringement_report]."""
    given = {
        "plugins": {**(plugins or {}), "infringement_report": settings},
        "extra_plugins": extra,
        "log": {"level": "error"},
        "public_url": HOST,
    }
    async with home(folder, database_url, clock=clock, work=work, **given) as opened:
        transport = httpx.ASGITransport(make_app(opened.house), raise_app_exceptions=False)
        _, key = await opened.services.keys.create(opened.caller.workspace_id, "infringement report", ALL_SCOPES)
        async with httpx.AsyncClient(transport=transport, base_url=HOST, timeout=60) as client:
            yield Counter(opened, client, key)


def moment(number: int) -> datetime:
    """When a result was found: whole seconds, as documents tell them."""
    return at(number).replace(microsecond=0)


def found(number: int, **changes: Any) -> Match:
    """A match on one page; each with other values, to be told apart by every metric."""
    host = changes.pop("host", f"host{number}.example")
    page = Page(
        url=f"{changes.pop('protocol', 'https:')}//{host}/page/{number}",
        title=changes.pop("title", f"Title {number}"),
        first_seen=moment(number),
        last_seen=moment(number),
        language=changes.pop("language", "en"),
        description=changes.pop("description", f"About {number}"),
        width_on_page=changes.pop("width_on_page", 100 + number),
        height_on_page=changes.pop("height_on_page", 50 + number),
    )
    standard = {
        "pages": (page,),
        "image_url": f"https://cdn{number}.example/{number}.jpg",
        "host": f"cdn{number}.example",
        "first_seen": moment(number),
        "last_seen": moment(number),
        "width": 1000 + number,
        "height": 500 + number,
    }
    return a_match(f"match_{number:05}", **{**standard, **changes})


def unchecked(reason: str = "not_asked: The search was made without verification.") -> Verification:
    return Verification(VerificationState.unchecked, AT, None, reason)


GONE = MatchStatus.removed


def as_json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


def caller_of(workspace: str) -> Caller:
    return Caller(workspace, "key_test", ALL_SCOPES)
