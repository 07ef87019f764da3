"""Each of TinEye's methods, over the use cases."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, Final

import msgspec
from litestar import Request, Response

from copyhound.plugin_api import Balance, Caller, CopyhoundError, Scope, UseCases
from copyhound.plugin_api import Bundle as Credits
from copyhound_tineye import sandbox
from copyhound_tineye.answers import begin, indent, rendered, stats
from copyhound_tineye.auth import SANDBOX, Door, need_scope
from copyhound_tineye.errors import Refusal
from copyhound_tineye.links import Links
from copyhound_tineye.pictures import doubled
from copyhound_tineye.requests import Sent, picture_of, read_options, read_query, read_sent
from copyhound_tineye.results import tell
from copyhound_tineye.searching import Searcher, base_url_of
from copyhound_tineye.settings import TinEyeSettings
from copyhound_tineye.wire import (
    MOMENT,
    Bundle,
    CountReply,
    Matches,
    Remaining,
    RemainingReply,
    SearchReply,
    SearchStats,
)

Work = Callable[[Request[Any, Any, Any], Caller, Sent], Awaitable[msgspec.Struct]]
_OK: Final = 200
_WEB: Final = "web"
_UNLIMITED: Final = Bundle(1_000_000_000, "2000-01-01 00:00:00 UTC", "2099-12-31 23:59:59 UTC")
"""What a workspace has that nobody meters."""
_CACHED: Final = {"Cache-Control": "public, max-age=86400", "Cross-Origin-Resource-Policy": "cross-origin"}


class Desk:
    """Answers requests."""

    def __init__(self, use_cases: UseCases, settings: TinEyeSettings) -> None:
        self._use_cases, self._settings = use_cases, settings
        self._door = Door(use_cases, settings)
        self._links = Links(use_cases, settings.link_days)
        self._searcher = Searcher(use_cases, settings, self._links)

    async def answer(self, request: Request[Any, Any, Any], resource: str, work: Work) -> Response[bytes]:
        """Lets the caller in, holds one of its places, and renders what `work` has made."""
        begin(request)
        if self._settings.https_only and request.scope["scheme"] != "https":
            raise Refusal(403, "Please use HTTPS.")
        caller = await self._door.by_header(request)
        sent = None
        if caller is None:  # a signature is over the form, too
            sent = await read_sent(request)
            caller = await self._door.by_signature(request, resource, sent)
        async with self._use_cases.limits.place(caller, "tineye", most=self._settings.concurrent):
            sent = sent or await read_sent(request)
            if sent.pretty:
                indent(request)
            return rendered(request, await work(request, caller, sent))

    async def search(self, request: Request[Any, Any, Any], caller: Caller, sent: Sent) -> SearchReply:
        """`search`."""
        need_scope(caller, Scope.write)
        options, picture = read_options(sent), picture_of(sent)
        if caller is SANDBOX:
            found = sandbox.matches(base_url_of(self._use_cases, self._settings))
            messages: list[str] = []
        else:
            found, messages = await self._searcher.search(caller, picture)
        told = tell(found, options)
        when = stats(request, self._use_cases.now())
        totals = SearchStats(when.timestamp, when.query_time, **told.totals)
        return SearchReply(totals, _OK, messages, Matches(told.matches))

    async def image_count(self, request: Request[Any, Any, Any], caller: Caller, sent: Sent) -> CountReply:
        """`image_count`: pictures in the collection `web`."""
        need_scope(caller, Scope.read)
        count = sandbox.COUNT if caller is SANDBOX else await self._count(caller)
        return CountReply(stats(request, self._use_cases.now()), _OK, [], count)

    async def _count(self, caller: Caller) -> int:
        try:
            return int(await self._use_cases.collections.count(caller, _WEB))
        except CopyhoundError as error:
            if error.code == "not_found":
                return 0
            raise

    async def remaining_searches(self, request: Request[Any, Any, Any], caller: Caller, sent: Sent) -> RemainingReply:
        """`remaining_searches`: the bundles that can be searched with now."""
        need_scope(caller, Scope.read)
        bundles = sandbox.BUNDLES if caller is SANDBOX else _bundles(await self._use_cases.credits.balance(caller))
        remaining = Remaining(bundles, sum(bundle.remaining_searches for bundle in bundles))
        return RemainingReply(stats(request, self._use_cases.now()), _OK, [], remaining)

    async def overlay(self, request: Request[Any, Any, Any], match_id: str) -> Response[bytes]:
        """The match on the left and the search image laid onto it on the right, each as large as the match."""
        begin(request)
        if self._settings.sandbox and (made := sandbox.overlay(match_id)):
            return _picture(request, made)
        seen = self._links.open("overlay", match_id, read_query(request).get("k"))
        pair = await self._use_cases.matches.overlay(seen.workspace_id, seen.match_id)
        return _picture(request, await asyncio.to_thread(doubled, pair, seen.width, seen.height))

    async def result(self, request: Request[Any, Any, Any], match_id: str) -> Response[bytes]:
        """What is kept of the found picture."""
        begin(request)
        if self._settings.sandbox and (made := sandbox.picture(match_id)):
            return _picture(request, made)
        seen = self._links.open("result", match_id, read_query(request).get("k"))
        return _picture(request, await self._use_cases.matches.picture(seen.workspace_id, seen.match_id))


def _bundles(balance: Balance) -> list[Bundle]:
    if not balance.metered:
        return [_UNLIMITED]
    return [_bundle(credits) for credits in balance.bundles if credits.remaining > 0]


def _bundle(credits: Credits) -> Bundle:
    return Bundle(credits.remaining, _moment(credits.starts_at), _moment(credits.expires_at))


def _moment(moment: datetime) -> str:
    return moment.strftime(MOMENT)


def _picture(request: Request[Any, Any, Any], data: bytes) -> Response[bytes]:
    """A JPEG that any page may show and any cache may keep; 304 where the client has it."""
    etag = f'"{hashlib.sha256(data).hexdigest()[:32]}"'
    headers = {**_CACHED, "ETag": etag}
    if etag in request.headers.get("if-none-match", ""):
        return Response(b"", status_code=304, headers=headers, media_type="image/jpeg")
    return Response(data, headers=headers, media_type="image/jpeg")
