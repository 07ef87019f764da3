"""Server-sent events: of a list, of a feed, of a search."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Any, Final, cast

import msgspec
from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, PathParameter, QueryParameter
from litestar.response import Stream

from copyhound.domain.workspaces import Caller
from copyhound.http.auth import PUBLIC
from copyhound.http.controllers.feeds import OPEN_HEADERS
from copyhound.http.methods import NO_HEAD
from copyhound.http.problems import refused
from copyhound.services import Services
from copyhound.services.live import Telling, Told

_MEDIA: Final = "text/event-stream"
_EXAMPLE: Final = 'id: 41\nevent: match_found\ndata: {"id":"evt_01","type":"match_found","sequence":41}\n\n'
_FILES: Final = {"files": {_MEDIA: (str, _EXAMPLE)}}
# proxies that gather answers would hold events back
_HEADERS: Final = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
LastEventId = Annotated[
    str | None,
    QueryParameter(
        max_length=20, description="Goes on after this event, for who cannot send the header Last-Event-ID."
    ),
]
Token = Annotated[str, PathParameter(max_length=200, description="A feed's token.")]
Asking = Request[Any, Any, Any]


@get("/lists/{list_id:str}/live", opt=_FILES, tags=["feeds"])
async def watch_list(
    request: Asking,
    services: NamedDependency[Services],
    caller: NamedDependency[Caller],
    list_id: FromPath[str],
    last_event_id: LastEventId = None,
) -> Stream:
    """The events of a list as they happen, as server-sent events: all kinds that name a list."""
    told = await services.live.of_list(caller, list_id, _after(request, last_event_id))
    return Stream(_written(told), media_type=_MEDIA, headers=_HEADERS)


@get("/searches/{search_id:str}/live", opt=_FILES, tags=["feeds"])
async def watch_search(
    request: Asking,
    services: NamedDependency[Services],
    caller: NamedDependency[Caller],
    search_id: FromPath[str],
    last_event_id: LastEventId = None,
) -> Stream:
    """A search as it goes on, as server-sent events: `progress`, what it finds, and `search_complete` as the last.

    204, which tells browsers to stop, for who asks on after that.
    """
    told = await services.live.of_search(caller, search_id, _after(request, last_event_id))
    if told is None:
        return cast(Stream, Response(None, status_code=204))
    return Stream(_written(told), media_type=_MEDIA, headers=_HEADERS)


@get("/feeds/{token:str}/live", opt={**PUBLIC, **NO_HEAD, **_FILES}, tags=["feeds"])
async def watch_feed(
    request: Asking, services: NamedDependency[Services], token: Token, last_event_id: LastEventId = None
) -> Stream:
    """The events of a feed as they happen, for pages: `new EventSource(live_url)` needs no key."""
    feed = await services.feeds.opened(token)
    told = await services.live.of_feed(feed, _after(request, last_event_id))
    return Stream(_written(told), media_type=_MEDIA, headers={**OPEN_HEADERS, **_HEADERS})


def _after(request: Asking, given: str | None) -> int | None:
    last = request.headers.get("last-event-id") or given
    if not last:
        return None
    if last.isascii() and last.isdigit() and len(last) < 19:
        return int(last)
    raise refused([{"field": "Last-Event-ID", "message": "It is not the id of an event of a stream"}])


async def _written(telling: Telling) -> AsyncIterator[bytes]:
    yield b"retry: 3000\n\n"
    async for told in telling:
        yield written(told)


def written(told: Told | None) -> bytes:
    """One message as the event stream has it; a comment where there is nothing to tell."""
    if told is None:
        return b": still here\n\n"
    mark = b"" if told.sequence is None else b"id: %d\n" % told.sequence
    return mark + b"event: %s\ndata: %s\n\n" % (told.kind.encode(), msgspec.json.encode(told.data))
