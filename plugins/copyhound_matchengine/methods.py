"""MatchEngine's methods over our own use cases."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from typing import Any, Final, TypeVar

from msgspec import UNSET

from copyhound.plugin_api import (
    Caller,
    Comparison,
    CopyhoundError,
    EditKind,
    Entry,
    EntryMatch,
    Kept,
    Looked,
    Scope,
    UseCases,
)
from copyhound_matchengine.forms import AbsentError, Asked, Given, Options, RefusedError, told
from copyhound_matchengine.overlays import Overlays
from copyhound_matchengine.queues import Queues
from copyhound_matchengine.settings import MatchEngineSettings
from copyhound_matchengine.wire import CompareMatch, Envelope, SearchMatch, fail, ok

_SEARCHED: Final = 10
_LISTED: Final = 20
_LINE: Final = 50.0
"""Of confidence: below it, two pictures are different ones."""
_WAITS: Final = 1200
_WAIT_SECONDS: Final = 0.05
OURS: Final = frozenset(
    {"unavailable", "compute_unavailable", "internal_error", "too_many_requests", "index_version_mismatch"}
)
"""Nothing is wrong with a picture: the call fails as a whole."""
T = TypeVar("T")
Picture = bytes | Entry
Method = Callable[[Caller, str, Asked], Awaitable[Envelope]]


class Methods:
    """One coroutine a method; each answers with an envelope. What is wrong with the whole call is raised."""

    def __init__(self, use_cases: UseCases, settings: MatchEngineSettings) -> None:
        self._collections = use_cases.collections
        self._limits = use_cases.limits
        self._settings, self._queues = settings, Queues()
        self.overlays = Overlays(use_cases, timedelta(minutes=settings.overlay_minutes))
        read, write = Scope.read, Scope.write
        self.known: Final[dict[str, tuple[Scope, Method]]] = {
            "add": (write, self.add),
            "search": (read, self.search),
            "compare": (read, self.compare),
            "delete": (write, self.delete),
            "count": (read, self.count),
            "list": (read, self.list),
            "ping": (read, self.ping),
        }

    async def ping(self, caller: Caller, name: str, asked: Asked) -> Envelope:
        """Nothing but an answer."""
        return ok("ping")

    async def count(self, caller: Caller, name: str, asked: Asked) -> Envelope:
        """How many pictures there are."""
        return ok("count", [await _within(self._collections.count(caller, name))])

    async def list(self, caller: Caller, name: str, asked: Asked) -> Envelope:
        """The filepaths, in the order in which they were added."""
        options = asked.options(_LISTED)
        paths = self._collections.addresses(caller, name, offset=options.offset, limit=options.limit)
        return ok("list", await _within(paths))

    async def add(self, caller: Caller, name: str, asked: Asked) -> Envelope:
        """Index pictures. What is wrong with one harms no other."""
        pictures = asked.pictures()
        if len(pictures) > self._settings.most_pictures:
            raise RefusedError(f"At most {self._settings.most_pictures} images in one call")
        errors = [said for path, given in pictures if (said := await self._add(caller, name, path, given))]
        if len(errors) == len(pictures):
            return fail("add", *errors)
        return Envelope("warn" if errors else "ok", errors, "add", [])

    async def _add(self, caller: Caller, name: str, path: str, given: Given) -> str | None:
        """What is wrong with it."""
        try:
            data = await self._bytes(given)
            async with self._queues.place((caller.workspace_id, name), 1):
                await self._collections.add(caller.workspace_id, name, image_url=path, data=data)
        except CopyhoundError as error:
            if error.code in OURS:
                raise
            return told(given.url or path, error)
        return None

    async def delete(self, caller: Caller, name: str, asked: Asked) -> Envelope:
        """Remove pictures, at once. What is not there is only warned of."""
        paths = [*dict.fromkeys(asked.filepaths())]
        if not paths:
            raise RefusedError("Missing filepath")
        async with self._queues.place((caller.workspace_id, name), 1):
            missing = await _or(paths, self._collections.remove_at(caller, name, paths))
        errors = [f"{path}: Failed to remove from index." for path in missing]
        return Envelope("warn" if errors else "ok", errors, "delete", [])

    async def search(self, caller: Caller, name: str, asked: Asked) -> Envelope:
        """The pictures of the collection that show the same, highest score first. The search is not kept."""
        options = asked.options(_SEARCHED)
        label, picture = await self._picture(caller, name, asked, "")
        looked = await self._looked(caller, name, label, picture, options)
        found = [one for one in looked.matches if _wanted(one.comparison, options)]
        found.sort(key=lambda one: -one.comparison.score)
        page = found[options.offset : options.offset + options.limit]
        key = await self._key(caller, picture, looked.query) if page and options.generate_overlay else None

        def result(one: EntryMatch) -> SearchMatch:
            names, path = (label, one.entry.image_url), one.entry.image_url
            overlay = key and self.overlays.address(caller, name, names, (key, one.entry.id), one.comparison)
            return SearchMatch(
                **_percents(one.comparison),
                filepath=path,
                overlay=overlay or UNSET,
                score_enhanced=one.comparison.confidence if options.enhanced_score else UNSET,
            )

        return ok("search", [result(one) for one in page])

    async def _looked(self, caller: Caller, name: str, label: str, picture: Picture, options: Options) -> Looked:
        """What was found. Raises AbsentError where there is no such collection."""
        try:
            async with self._turn(caller):
                return await self._collections.look(caller, name, picture, mirrored=options.check_horizontal_flip)
        except CopyhoundError as error:
            if error.code == "not_found" and isinstance(picture, bytes):
                raise AbsentError from None
            if error.code in OURS:
                raise
            raise RefusedError(told(label, error)) from None

    async def compare(self, caller: Caller, name: str, asked: Asked) -> Envelope:
        """How two pictures compare; no result where they are different ones."""
        options = asked.options(_SEARCHED)
        first, image = await self._picture(caller, name, asked, "1")
        second, other = await self._picture(caller, name, asked, "2")
        async with self._turn(caller):
            weighed = await self._collections.weigh(image, other)
        seen = weighed.comparison
        if seen is None or seen.confidence < _LINE or not _wanted(seen, options):
            return ok("compare")
        overlay = None
        if options.generate_overlay:
            keys = await self._key(caller, image, weighed.query), await self._key(caller, other, weighed.match)
            overlay = self.overlays.address(caller, name, (first, second), keys, seen)
        result = CompareMatch(
            **_percents(seen),
            filepath=UNSET if isinstance(other, bytes) else second,
            overlay=overlay or UNSET,
            score_enhanced=seen.confidence if options.enhanced_score else UNSET,
        )
        return ok("compare", [result])

    async def _key(self, caller: Caller, picture: Picture, kept: Kept) -> str:
        return await self.overlays.keep(caller, kept) if isinstance(picture, bytes) else picture.id

    @asynccontextmanager
    async def _turn(self, caller: Caller) -> AsyncIterator[None]:
        """One of the places of a key, waited for; of a key with a limit of its own, over all processes."""
        own = caller.limits.concurrent
        async with AsyncExitStack() as held:
            most = self._settings.searches_at_once if own is None else own
            await held.enter_async_context(self._queues.place(caller.key_id, most))
            for waited in range(_WAITS if own else 0):
                try:
                    await held.enter_async_context(self._limits.place(caller, "matchengine", most=most))
                    break
                except CopyhoundError:
                    if waited == _WAITS - 1:
                        raise
                    await asyncio.sleep(_WAIT_SECONDS)
            yield

    async def _picture(self, caller: Caller, name: str, asked: Asked, suffix: str) -> tuple[str, Picture]:
        """(what people call it, its bytes or its entry). Raises RefusedError."""
        if given := asked.picture(suffix):
            try:
                return given.name, await self._bytes(given)
            except CopyhoundError as error:
                raise RefusedError(told(given.name, error)) from None
        path = asked.filepath(suffix)
        if path is None:
            raise RefusedError(f"Missing image{suffix}, url{suffix} or filepath{suffix}")
        try:
            return path, await self._collections.at(caller, name, path)
        except CopyhoundError:
            await _within(self._collections.addresses(caller, name, limit=1))
            raise RefusedError(f"{path}: Failed to find in index.") from None

    async def _bytes(self, given: Given) -> bytes:
        if given.file is not None:
            return await given.file.read()
        return await self._collections.fetch(given.url or "")


async def _within(asked: Awaitable[T]) -> T:
    """Raises AbsentError where there is no such collection."""
    try:
        return await asked
    except CopyhoundError as error:
        if error.code == "not_found":
            raise AbsentError from None
        raise


async def _or(default: T, asked: Awaitable[T]) -> T:
    """`default` where there is no such collection: it is made when the first picture is added."""
    try:
        return await asked
    except CopyhoundError as error:
        if error.code != "not_found":
            raise
        return default


def _wanted(seen: Comparison, options: Options) -> bool:
    mirrored = any(edit.kind is EditKind.mirrored for edit in seen.edits)
    return seen.score >= options.min_score and (options.check_horizontal_flip or not mirrored)


def _percents(seen: Comparison) -> dict[str, Any]:
    return {
        "match_percent": _common(seen.query_share, seen.match_share),
        "score": seen.score,
        "target_overlap_percent": seen.match_share,
        "query_overlap_percent": seen.query_share,
    }


def _common(query: float, match: float) -> float:
    """Of two pictures laid upon each other, how much is in both: percent of all that they cover."""
    if not query or not match:
        return 0.0
    return round(100 / (100 / query + 100 / match - 1), 2)
