"""The public API, whether a server runs on the data folder or not.

Where one runs, it is asked over loopback: it owns the index. Where none runs, the house is opened
here, and the same API is asked in this process.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final, TypeVar

import httpx

from copyhound.cli.app import make_app
from copyhound.cli.support import HINTS, Failure, opened, show_first_key

if TYPE_CHECKING:
    from copyhound.settings import Settings

T = TypeVar("T")
_POLL_SECONDS: Final = 0.25


class Api:
    """JSON in, JSON out. An error answer ends the command with its detail and hint."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    async def call(self, method: str, path: str, **arguments: Any) -> Any:
        """The answer's JSON; None where it has no body."""
        answer = await self._http.request(method, path, **arguments)
        if answer.is_error:
            raise _failure(answer)
        return answer.json() if answer.content else None

    async def all(self, path: str, **params: Any) -> AsyncIterator[dict[str, Any]]:
        """The items of every page."""
        cursor: str | None = None
        while True:
            page = await self.call("GET", path, params={**params, **({"cursor": cursor} if cursor else {})})
            for item in page["items"]:
                yield item
            cursor = page.get("cursor")
            if not cursor:
                return

    async def until(self, path: str, ended: Callable[[Any], bool], tell: Callable[[Any], None]) -> Any:
        """Ask again and again until it has ended; `tell` sees each answer."""
        while True:
            answer = await self.call("GET", path)
            tell(answer)
            if ended(answer):
                return answer
            await asyncio.sleep(_POLL_SECONDS)


def _failure(answer: httpx.Response) -> Failure:
    try:
        problem = answer.json()
        return Failure(f"{problem['detail']} [{problem['code']}]", HINTS.get(problem["code"], problem.get("hint")))
    except (ValueError, KeyError, TypeError):
        return Failure(f"The server answered {answer.status_code} to {answer.request.method} {answer.request.url.path}")


@asynccontextmanager
async def open_api(settings: Settings, *, work: bool) -> AsyncIterator[Api]:
    """The API of the server that runs on the data folder, or of the house opened here.

    `work`: whether durable work must get done, so that the house opened here runs jobs.
    """
    from copyhound import bootstrap
    from copyhound.logs import configure_logs

    configure_logs("warning", settings.log.format)
    url = bootstrap.running_server(settings)
    if url is not None:
        key = await bootstrap.local_key(settings)
        async with _client(key, base_url=f"{url}/api/v1") as http:
            yield Api(http)
        return
    async with opened(settings, work=work) as house:
        first = await house.services.keys.bootstrap()
        if first is not None:
            show_first_key(first)
        key = first or await bootstrap.local_key(settings)
        transport = httpx.ASGITransport(app=make_app(house))
        async with _client(key, base_url="http://127.0.0.1/api/v1", transport=transport) as http:
            yield Api(http)


def _client(key: str, **options: Any) -> httpx.AsyncClient:
    return httpx.AsyncClient(headers={"X-API-Key": key}, timeout=120, trust_env=False, **options)


def with_api(settings: Settings, use: Callable[[Api], Awaitable[T]], *, work: bool = False) -> T:
    """Call `use` with the API open; `work` where it waits for durable work."""

    async def run() -> T:
        async with open_api(settings, work=work) as api:
            return await use(api)

    return run_async(run())


def run_async(work: Coroutine[Any, Any, T]) -> T:
    """Run it on an event loop of its own, to its end."""
    return asyncio.run(work)
