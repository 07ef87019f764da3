"""A search of TinEye's: one of our own, in the day's list, answered within a deadline."""

from __future__ import annotations

import time
from typing import Final

from copyhound.plugin_api import (
    Caller,
    CopyhoundError,
    ImageInput,
    Lookup,
    Match,
    MatchFilter,
    Outcome,
    SearchProgress,
    SearchRequest,
    UseCases,
)
from copyhound_tineye.errors import BUSY, Refusal, over_quota
from copyhound_tineye.links import Links
from copyhound_tineye.results import Teller, hash_of
from copyhound_tineye.settings import TinEyeSettings
from copyhound_tineye.wire import TinEyeMatch

_GOOD: Final = (Outcome.answered, Outcome.no_match)
_AT_ONCE: Final = 200
_MOST: Final = 10_000
_RETRY_SECONDS: Final = 5.0
_MINUTE: Final = 60


class Searcher:
    """Searches, and reads what was found."""

    def __init__(self, use_cases: UseCases, settings: TinEyeSettings, links: Links) -> None:
        self._use_cases, self._settings = use_cases, settings
        self._teller = Teller(settings, links, base_url_of(use_cases, settings))

    async def search(self, caller: Caller, picture: ImageInput) -> tuple[list[TinEyeMatch], list[str]]:
        """(all matches, warnings). Refusal where the picture is to blame, or nobody could answer in time."""
        await self._count(caller)
        progress = await self._ended(caller, picture)
        image = progress.images[0]
        if image.error_code is not None:
            raise CopyhoundError(image.error_code, image.error_detail)
        warnings = _warnings(image.lookups)
        if len(warnings) == len(image.lookups):
            if picture.url is not None and not await self._is_fetched(caller, image.image_id):
                raise CopyhoundError("fetch_timeout")
            raise Refusal(503, BUSY, *warnings, retry_after=_RETRY_SECONDS)
        matches = await self._matches(caller, image.image_id)
        (looked_for,) = await self._use_cases.lists.images_by_ids(caller, [image.image_id])
        query_hash = hash_of(looked_for.sha256)
        return [self._teller.match(match, query_hash) for match in matches], warnings

    async def _count(self, caller: Caller) -> None:
        try:
            limits = self._use_cases.limits
            await limits.count(caller, "tineye searches", most=self._settings.per_minute, seconds=_MINUTE)
        except CopyhoundError as error:
            raise over_quota(error, self._use_cases.now()) from error

    async def _ended(self, caller: Caller, picture: ImageInput) -> SearchProgress:
        deadline, patience = time.monotonic() + self._settings.deadline_seconds, self._settings.deadline_seconds
        day = f"{self._use_cases.now():%Y-%m-%d}"
        asked = SearchRequest(
            (picture,),
            list_key=f"tineye:{day}",
            list_label=f"TinEye {day}",
            providers=self._settings.providers,
            surface="tineye",
        )
        search = await self._use_cases.searches.start(caller, asked, wait=patience)
        return await self._use_cases.searches.wait(caller, search.id, max(0.0, deadline - time.monotonic()))

    async def _is_fetched(self, caller: Caller, image_id: str) -> bool:
        (image,) = await self._use_cases.lists.images_by_ids(caller, [image_id])
        return bool(image.sha256)

    async def _matches(self, caller: Caller, image_id: str) -> list[Match]:
        """All of them, those with only a logo in common too, best score first."""
        where = MatchFilter(image_id=image_id, include_small=True)
        found: list[Match] = []
        cursor = None
        while len(found) < _MOST:
            page = await self._use_cases.matches.page(caller, where, sort="-score", limit=_AT_ONCE, cursor=cursor)
            found += page.items
            cursor = page.cursor
            if cursor is None:
                break
        return found


def base_url_of(use_cases: UseCases, settings: TinEyeSettings) -> str:
    """Where the surface is for its clients, with a slash at its end."""
    known = settings.public_urls
    return f"{known[0].rstrip('/') if known else use_cases.public_url + '/rest'}/"


def _warnings(lookups: list[Lookup]) -> list[str]:
    """What each provider could not say, in a sentence."""
    failed = [lookup for lookup in lookups if lookup.outcome not in _GOOD]
    return [f"{one.provider}: {one.reason or one.outcome or 'it has not answered yet'}" for one in failed]
