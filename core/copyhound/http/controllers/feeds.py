"""Feeds: made and revoked with a key, read without one."""

from __future__ import annotations

import hashlib
from typing import Annotated, Any, Final

import msgspec
from litestar import Controller, Request, Response, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, PathParameter

from copyhound.domain.errors import CopyhoundError
from copyhound.domain.feeds import Feed
from copyhound.domain.workspaces import Caller
from copyhound.http.auth import PUBLIC
from copyhound.http.bodies import JsonBody
from copyhound.http.idempotency import Made, Once
from copyhound.http.wire.common import Items, shaped
from copyhound.http.wire.feeds import FeedIn, FeedMade, FeedOut
from copyhound.services import Services
from copyhound.services.feeds_formats import atom, json_feed

_FORMATS: Final = {
    "json": (json_feed, "application/feed+json; charset=utf-8"),
    "atom": (atom, "application/atom+xml; charset=utf-8"),
}
_FILES: Final = {
    "application/feed+json": (str, '{"version":"https://jsonfeed.org/version/1.1","title":"Posters","items":[]}'),
    "application/atom+xml": (str, '<feed xmlns="http://www.w3.org/2005/Atom"><title>Posters</title></feed>'),
}
OPEN_HEADERS: Final = {
    "Cache-Control": "private, max-age=60",
    "X-Robots-Tag": "noindex",
    # the address is the permission: a page that knows it may read it, wherever the page is from
    "Access-Control-Allow-Origin": "*",
    "Cross-Origin-Resource-Policy": "cross-origin",
}
File = Annotated[str, PathParameter(max_length=200, description="A feed's token, then .json or .atom.")]


class FeedController(Controller):
    """A feed shows the events of a list to feed readers."""

    path = "/feeds"
    tags = ("feeds",)

    @post("/", dependencies={"sent": JsonBody(FeedIn)})
    async def create_feed(
        self,
        services: NamedDependency[Services],
        caller: NamedDependency[Caller],
        once: NamedDependency[Once],
        sent: NamedDependency[FeedIn],
    ) -> Response[FeedMade]:
        """Make a feed. Its addresses need no key, cannot be guessed, and are told this once."""

        async def make() -> Made:
            feed, token = await services.feeds.create(
                caller, sent.list_id, sent.triggers, sent.filter, sent.description
            )
            headers = {"Location": f"{services.kit.public_url}/api/v1/feeds/{feed.id}", "Cache-Control": "no-store"}
            return Made(_made(feed, f"{services.kit.public_url}/feeds/{token}"), 201, headers)

        return await once(sent, make)

    @get("/")
    async def list_feeds(
        self,
        services: NamedDependency[Services],
        caller: NamedDependency[Caller],
        list_id: FromQuery[str | None] = None,
    ) -> Items[FeedOut]:
        """Feeds, newest first; of one list, or of all."""
        return Items([shaped(FeedOut, feed) for feed in await services.feeds.all(caller, list_id)])

    @get("/{feed_id:str}")
    async def get_feed(
        self, services: NamedDependency[Services], caller: NamedDependency[Caller], feed_id: FromPath[str]
    ) -> FeedOut:
        """One feed."""
        return shaped(FeedOut, await services.feeds.get(caller, feed_id))

    @delete("/{feed_id:str}")
    async def delete_feed(
        self, services: NamedDependency[Services], caller: NamedDependency[Caller], feed_id: FromPath[str]
    ) -> None:
        """Revoke its addresses at once; 204 also where it is gone already."""
        await services.feeds.delete(caller, feed_id)


@get("/feeds/{file:str}", opt={**PUBLIC, "files": _FILES}, media_type="application/feed+json", tags=["feeds"])
async def read_feed(
    request: Request[Any, Any, Any], services: NamedDependency[Services], file: File
) -> Response[bytes]:
    """A feed, as JSON Feed 1.1 (`.json`) or Atom (`.atom`), with an ETag: 304 where the reader has it."""
    token, _, kind = file.rpartition(".")
    if kind not in _FORMATS:
        raise CopyhoundError("not_found", "A feed ends in .json or .atom.")
    write, media = _FORMATS[kind]
    body = write(await services.feeds.document(token), f"{services.kit.public_url}/feeds/{file}")
    headers = {"ETag": f'"{hashlib.sha256(body).hexdigest()[:32]}"', **OPEN_HEADERS}
    if _known(request.headers.get("if-none-match", ""), headers["ETag"]):
        return Response(b"", status_code=304, headers=headers, media_type=media)
    return Response(body, headers=headers, media_type=media)


def _known(asked: str, etag: str) -> bool:
    return asked.strip() == "*" or etag in [one.strip().removeprefix("W/") for one in asked.split(",")]


def _made(feed: Feed, address: str) -> FeedMade:
    told = msgspec.structs.asdict(shaped(FeedOut, feed))
    return FeedMade(**told, json_url=f"{address}.json", atom_url=f"{address}.atom", live_url=f"{address}/live")
