"""Asks TinEye, or any server that speaks its API, and tells its answers as candidates."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final

import httpx
import msgspec

from copyhound.plugin_api import (
    Answer,
    Candidate,
    Context,
    Outcome,
    Page,
    ProviderError,
    ProviderLimits,
    ProviderSpec,
    Query,
    read_json,
    retry_after,
)
from copyhound_tineye.scaling import scale_upload
from copyhound_tineye.settings import ProviderSettings
from copyhound_tineye.wire import DATE, Backlink, ErrorReply, SearchReply, TinEyeMatch

_PATIENCE: Final = 60.0
_OK: Final = 200
_FAILED: Final = (400, 404, 500)
"""Statuses whose body says what was wrong."""
_PICTURE: Final = (
    "no_signature", "too simple", "cannot identify", "couldn't identify", "animation", "missing url", "download url",
)  # fmt: skip
"""What TinEye's sentences have in common when it is the picture, or its address, that is wrong."""
_OUTCOMES: Final = {401: Outcome.blocked, 403: Outcome.blocked, 402: Outcome.quota, 429: Outcome.quota}


async def search(query: Query, context: Context) -> Answer:
    """The matches of TinEye for one image, by upload, or by address where the settings say so."""
    settings: ProviderSettings = context.settings
    if settings.send_urls and query.source_url is not None:
        try:
            return _answer(await _by_url(query.source_url, settings, context))
        except ProviderError as error:
            if error.outcome is not Outcome.invalid_image:
                raise
            context.log.info("the picture itself is sent, since its address was refused: %s", error.reason)
    return _answer(await _by_upload(query, settings, context))


async def _by_url(url: str, settings: ProviderSettings, context: Context) -> httpx.Response:
    fields = {"image_url": url, **_fields(settings)}
    return await context.http.get(_address(settings), params=fields, headers=_headers(settings), timeout=_PATIENCE)


async def _by_upload(query: Query, settings: ProviderSettings, context: Context) -> httpx.Response:
    data = await asyncio.to_thread(scale_upload, query.data)
    return await context.http.post(
        _address(settings),
        data=_fields(settings),
        files={"image_upload": ("image.jpg", data, "application/octet-stream")},
        headers=_headers(settings),
        timeout=_PATIENCE,
    )


def _address(settings: ProviderSettings) -> str:
    return f"{settings.base_url.rstrip('/')}/search/"


def _headers(settings: ProviderSettings) -> dict[str, str]:
    return {"x-api-key": settings.api_key, "accept": "application/json"}


def _fields(settings: ProviderSettings) -> dict[str, str]:
    return {"offset": "0", "limit": str(settings.max_matches), "sort": "score", "order": "desc"}


def _answer(response: httpx.Response) -> Answer:
    _refuse(response)
    reply = read_json(response, SearchReply)
    if reply.code != _OK:
        raise _failure(reply.code, reply.messages, response)
    found = tuple(candidate for match in reply.results.matches for candidate in _candidates(match))
    return Answer(Outcome.answered if found else Outcome.no_match, found, units_spent=1)


def _refuse(response: httpx.Response) -> None:
    """Raises ProviderError where the body is one of TinEye's errors, whatever status it came with."""
    try:
        error = msgspec.json.decode(response.content, type=ErrorReply)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return
    if error.code != _OK:
        raise _failure(error.code, error.messages, response)


def _failure(code: int, messages: Iterable[str], response: httpx.Response) -> ProviderError:
    told = " ".join(message for message in messages if message != "API_ERROR") or "no reason"
    reason, lowered = f"TinEye answered {code}: {told:.300}", told.lower()
    if code in _FAILED and any(sign in lowered for sign in _PICTURE):
        return ProviderError(Outcome.invalid_image, reason)
    outcome = _OUTCOMES.get(code, Outcome.transient)
    return ProviderError(outcome, reason, retry_after=retry_after(response))


def _candidates(match: TinEyeMatch) -> list[Candidate]:
    """One for each address at which the found picture stands, with its pages."""
    pages: dict[str, list[Page]] = {}
    for link in match.backlinks:
        pages.setdefault(link.url, []).extend(_page(link))
    known: dict[str, Any] = {"width": match.width or None, "height": match.height or None}
    return [Candidate(url, tuple(found), provider_score=match.score, **known) for url, found in pages.items() if url]


def _page(link: Backlink) -> list[Page]:
    if not link.backlink:
        return []
    return [Page(link.backlink, first_seen=_moment(link.crawl_date))]


def _moment(date: str | None) -> datetime | None:
    try:
        return datetime.strptime(date or "", DATE).replace(tzinfo=UTC)
    except ValueError:
        return None


TINEYE = ProviderSpec(
    name="tineye",
    title="TinEye",
    description="Asks TinEye's API, or another server that speaks it; needs a key.",
    search=search,
    settings=ProviderSettings,
    limits=ProviderLimits(timeout_seconds=_PATIENCE, concurrency=4, max_bytes=75 * 2**20),
    accepts=("bytes",),
    default=False,
    homepage="https://services.tineye.com/TinEyeAPI",
)
