"""Found copies: read, look at, decide."""

from __future__ import annotations

import hashlib
from typing import Any, Literal

from litestar import Controller, Request, Response, get, patch
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

from copyhound.domain.matches import MatchFilter
from copyhound.domain.workspaces import Caller
from copyhound.http.auth import SIGNED
from copyhound.http.bodies import JsonBody, given
from copyhound.http.paging import Cursor, Limit, Sort
from copyhound.http.wire.common import Items, items, shaped
from copyhound.http.wire.matches import HistoryLine, MatchChanges, MatchOut, match_out
from copyhound.services import Services

_CACHED = "private, max-age=86400"
_LINKED = "cross-origin"
"""Whoever holds a signed link may show the picture: a webmail's page is another site."""


class MatchController(Controller):
    """A match is a found copy: one address for one image."""

    path = "/matches"
    tags = ("matches",)

    @get("/")
    async def list_matches(
        self,
        services: NamedDependency[Services],
        caller: NamedDependency[Caller],
        where: NamedDependency[MatchFilter],
        sort: FromQuery[Sort] = "-first_seen",
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Items[MatchOut]:
        """The matches of all lists."""
        return await match_page(services, caller, where, cursor, limit, sort)

    @get("/{match_id:str}")
    async def get_match(
        self, services: NamedDependency[Services], caller: NamedDependency[Caller], match_id: FromPath[str]
    ) -> MatchOut:
        """One match."""
        return match_out(await services.matches.get(caller, match_id), services.matches, services.kit.public_url)

    @patch("/{match_id:str}", dependencies={"sent": JsonBody(MatchChanges)})
    async def decide_match(
        self,
        services: NamedDependency[Services],
        caller: NamedDependency[Caller],
        match_id: FromPath[str],
        sent: NamedDependency[MatchChanges],
    ) -> MatchOut:
        """Keep what a person says of a match. It sticks."""
        match = await services.matches.get(caller, match_id)
        decision = sent.decision if given(sent.decision) else match.decision
        note = sent.note if given(sent.note) else match.note
        decided = await services.matches.decide(caller, match_id, decision, note)  # type: ignore[arg-type]
        return match_out(decided, services.matches, services.kit.public_url)

    @get("/{match_id:str}/history")
    async def get_match_history(
        self, services: NamedDependency[Services], caller: NamedDependency[Caller], match_id: FromPath[str]
    ) -> Items[HistoryLine]:
        """Every check of a match, oldest first."""
        return Items([shaped(HistoryLine, line) for line in await services.matches.history(caller, match_id)])

    @get("/{match_id:str}/overlay", opt=SIGNED, media_type="image/jpeg")
    async def get_overlay(
        self,
        request: Request[Any, Any, Any],
        services: NamedDependency[Services],
        caller: NamedDependency[Caller],
        match_id: FromPath[str],
        view: FromQuery[Literal["pair", "difference"]] = "pair",
    ) -> Response[bytes]:
        """Copy and image as a JPEG: left half the copy, right half the image aligned to it; or their difference."""
        return picture(request, await services.matches.overlay(caller.workspace_id, match_id, view))

    @get("/{match_id:str}/thumbnail", opt=SIGNED, media_type="image/jpeg")
    async def get_thumbnail(
        self,
        request: Request[Any, Any, Any],
        services: NamedDependency[Services],
        caller: NamedDependency[Caller],
        match_id: FromPath[str],
    ) -> Response[bytes]:
        """A small JPEG of the found copy."""
        return picture(request, await services.matches.thumbnail(caller, match_id))


async def match_page(
    services: Services, caller: Caller, where: MatchFilter, cursor: str | None, limit: int, sort: str
) -> Items[MatchOut]:
    """One page of matches, shaped for clients."""
    page = await services.matches.page(caller, where, cursor=cursor, limit=limit, sort=sort)
    return items(page, lambda match: match_out(match, services.matches, services.kit.public_url))


def picture(request: Request[Any, Any, Any], data: bytes) -> Response[bytes]:
    """A JPEG with an ETag; 304 where the client has it."""
    etag = f'"{hashlib.sha256(data).hexdigest()[:32]}"'
    headers = {"ETag": etag, "Cache-Control": _CACHED}
    if "signature" in request.query_params:
        headers["Cross-Origin-Resource-Policy"] = _LINKED
    if etag in request.headers.get("if-none-match", ""):
        return Response(b"", status_code=304, headers=headers, media_type="image/jpeg")
    return Response(data, headers=headers, media_type="image/jpeg")
