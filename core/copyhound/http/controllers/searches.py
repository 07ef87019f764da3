"""Start searches, and see how far they are."""

from __future__ import annotations

import time
from typing import Annotated, Any

import msgspec
from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter

from copyhound.domain.matches import MatchFilter
from copyhound.domain.searches import Search, SearchRequest
from copyhound.domain.workspaces import Caller
from copyhound.http.idempotency import Made, Once
from copyhound.http.paging import Cursor, Limit
from copyhound.http.uploads import PicturesBody, Sent, fingerprint, limit_count
from copyhound.http.wire.common import Items, items
from copyhound.http.wire.matches import match_out
from copyhound.http.wire.searches import (
    ProgressOut,
    ResultOut,
    SearchIn,
    SearchOut,
    progress_out,
    result_out,
    search_out,
)
from copyhound.services import Services

Wait = Annotated[
    float,
    QueryParameter(ge=0, le=60, schema_extra={"minimum": 0}, description="Seconds to hold on for the result."),
]
_MATCHES_SHOWN = 200


class SearchController(Controller):
    """A search looks for the copies of one or hundreds of pictures."""

    path = "/searches"
    tags = ("searches",)

    @post(
        "/",
        dependencies={"sent": PicturesBody(SearchIn, split=("providers",))},
        status_code=202,
        opt={"also": {200: ResultOut}},
    )
    async def start_search(
        self,
        services: NamedDependency[Services],
        caller: NamedDependency[Caller],
        once: NamedDependency[Once],
        sent: NamedDependency[Sent],
        wait: Wait = 0.0,
    ) -> Response[SearchOut]:
        """Start a search: 202 at once. With `wait`, 200 and the result where it is complete in time."""
        asked = _request(sent, services.kit.limits.images_per_search)
        given = [asked.list_id, asked.list_label, asked.providers, asked.verify], fingerprint(asked.images)
        # also when this process dies before its answer is kept, a repetition finds the search that was begun
        asked = msgspec.structs.replace(asked, key=once.same(given))

        async def make() -> Made:
            deadline = time.monotonic() + wait
            async with services.limits.place(caller, "native", most=0):
                search = await services.searches.start(caller, asked, wait=wait)
                return await _answer(services, caller, search, wait, deadline)

        return await once(given, make)

    @get("/")
    async def list_searches(
        self,
        services: NamedDependency[Services],
        caller: NamedDependency[Caller],
        list_id: FromQuery[str | None] = None,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Items[SearchOut]:
        """Searches, newest first."""
        page = await services.searches.page(caller, list_id=list_id, cursor=cursor, limit=limit)
        return items(page, search_out)

    @get("/{search_id:str}")
    async def get_search(
        self, services: NamedDependency[Services], caller: NamedDependency[Caller], search_id: FromPath[str]
    ) -> ProgressOut:
        """How far a search is: each image at each provider, how it ended and why."""
        return progress_out(await services.searches.progress(caller, search_id))


def _request(sent: Sent, most: int) -> SearchRequest:
    fields: SearchIn = sent.fields
    images = sent.pictures("images", fields.images)
    limit_count(images, most)
    return SearchRequest(images, fields.list_id, fields.list_label, fields.providers, fields.verify)


async def _answer(services: Services, caller: Caller, search: Search, wait: float, deadline: float) -> Made:
    headers = {"Location": f"{services.kit.public_url}/api/v1/searches/{search.id}"}
    if wait <= 0:
        return Made(search_out(search), 202, headers)
    progress = await services.searches.wait(caller, search.id, max(0.0, deadline - time.monotonic()))
    if not progress.search.complete:
        return Made(progress_out(progress), 202, headers)
    return Made(await _result(services, caller, progress), 200, headers)


async def _result(services: Services, caller: Caller, progress: Any) -> ResultOut:
    where = MatchFilter(list_id=progress.search.list_id, search_id=progress.search.id)
    found = await services.matches.page(caller, where, limit=_MATCHES_SHOWN)
    shaped = [match_out(match, services.matches, services.kit.public_url) for match in found.items]
    return result_out(progress, shaped, found.cursor)
