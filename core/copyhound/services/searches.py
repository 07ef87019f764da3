"""Start a search, and tell how far it is."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import defaultdict
from datetime import timedelta

import msgspec

from copyhound.domain.errors import CopyhoundError
from copyhound.domain.ids import derived_id, new_id
from copyhound.domain.lists import Image, ImageList
from copyhound.domain.repositories import PageOf, UnitOfWork
from copyhound.domain.searches import (
    ImageProgress,
    Lookup,
    Search,
    SearchKind,
    SearchProgress,
    SearchRequest,
    lookup_id,
)
from copyhound.domain.workspaces import Caller
from copyhound.services.blobs import drop_blobs, keep_blobs
from copyhound.services.credits import reserve
from copyhound.services.events import EventService
from copyhound.services.images import ImageIntake, bytes_of
from copyhound.services.kit import Desk, Kit
from copyhound.services.lookups import LookupService

SEARCH = "search"
_POLL_SECONDS = 0.1
_KEY_LIFE = timedelta(days=1)
_INLINE_AT_ONCE = 4
_log = logging.getLogger(__name__)


class SearchService:
    """Searches, as clients see them."""

    def __init__(self, kit: Kit, desk: Desk, intake: ImageIntake, lookups: LookupService, events: EventService) -> None:
        self._kit, self._desk, self._intake = kit, desk, intake
        self._lookups, self._events = lookups, events

    async def start(self, caller: Caller, request: SearchRequest, *, wait: float = 0.0) -> Search:
        """Start a search: rows and queued work in one transaction.

        With `wait` it is done inline for so many seconds; the queued work takes over after them.
        Raises CopyhoundError for all that can be seen at once; then nothing is stored.
        """
        if request.list_id is not None and (request.list_label or request.list_key) is not None:
            raise CopyhoundError("invalid_request", "list_id names a list that has its label: send one of both.")
        providers = self.choose_providers(request.providers)
        search_id = derived_id("search", caller.workspace_id, request.key) if request.key else new_id("search")
        async with self._kit.units.read() as uow:
            if (begun := await uow.searches.get(caller.workspace_id, search_id)) is not None:
                if request.keep_key or self._kit.now() - begun.created_at < _KEY_LIFE:
                    return begun
                search_id = new_id("search")
            await self._list_for(uow, caller, request)
        images = await self._intake.take(caller.workspace_id, request.images)
        try:
            async with self._kit.units() as uow:
                in_list = await self._list_for(uow, caller, request)
                if in_list.number == 0:
                    in_list = await uow.lists.add(in_list)
                images = [msgspec.structs.replace(image, list_id=in_list.id) for image in images]
                images = await uow.images.add(images)
                search = new_search(
                    caller.workspace_id,
                    in_list.id,
                    providers,
                    images,
                    self._kit,
                    verify=request.verify,
                    search_id=search_id,
                )
                image_ids = [image.id for image in images]
                if not await begin(uow, search, image_ids, delay=wait):
                    raise CopyhoundError("idempotency_in_flight")  # its twin was quicker: nothing of this one stays
                await self._pay(uow, search, image_ids, caller, request.surface)
                await keep_blobs(self._kit, uow, caller.workspace_id, bytes_of(images, request.images))
        except BaseException:
            await drop_blobs(self._kit, caller.workspace_id, [key for one in images if (key := one.original_blob)])
            raise
        if wait > 0:
            await self._inline(search, [image.id for image in images], wait)
        return search

    async def repeat(
        self, caller: Caller, list_id: str, *, verify: bool = True, key: str | None = None, surface: str = "native"
    ) -> Search:
        """Search all images of a list again, with the list's providers. CopyhoundError not_found, no_image."""
        search_id = derived_id("search", caller.workspace_id, key) if key else None
        async with self._kit.units() as uow:
            in_list = await uow.lists.get(caller.workspace_id, list_id)
            if in_list is None:
                raise CopyhoundError("not_found", f"There is no list {list_id}.")
            image_ids = await uow.images.ids_of_list(caller.workspace_id, list_id)
            if not image_ids:
                raise CopyhoundError("no_image", "The list has no images.")
            providers = self.choose_providers(in_list.providers)
            search = new_search(
                caller.workspace_id, list_id, providers, image_ids, self._kit, verify=verify, search_id=search_id
            )
            if await begin(uow, search, image_ids):
                await self._pay(uow, search, image_ids, caller, surface)
        return search

    async def _pay(self, uow: UnitOfWork, search: Search, image_ids: list[str], caller: Caller, surface: str) -> None:
        if not await reserve(uow, self._events, search, image_ids, caller.key_id, surface):
            needed = len(image_ids)
            told = f"{needed} credits are needed, and fewer are left."
            raise CopyhoundError("insufficient_credits", told, needed=needed)

    def choose_providers(self, asked: tuple[str, ...]) -> tuple[str, ...]:
        """The providers that a search asks: those named, else those asked by default."""
        for name in asked:
            if not self._desk.known(name):
                raise CopyhoundError("plugin_unknown", f"There is no provider {name!r}.", provider=name)
        chosen = tuple(dict.fromkeys(asked)) or tuple(self._desk.ready())
        if not chosen:
            raise CopyhoundError("plugin_unknown", "No provider is ready.")
        return chosen

    async def _list_for(self, uow: UnitOfWork, caller: Caller, request: SearchRequest) -> ImageList:
        if request.list_id is not None:
            found = await uow.lists.get(caller.workspace_id, request.list_id)
            if found is None:
                raise CopyhoundError("not_found", f"There is no list {request.list_id}.")
            return found
        now = self._kit.now()
        label = request.list_label or f"Search of {now:%Y-%m-%d %H:%M}"
        list_id = new_id("list")
        if request.list_key is not None:
            list_id = derived_id("list", caller.workspace_id, request.list_key)
            if (found := await uow.lists.get(caller.workspace_id, list_id)) is not None:
                return found
        return ImageList(id=list_id, workspace_id=caller.workspace_id, label=label, created_at=now)

    async def _inline(self, search: Search, image_ids: list[str], seconds: float) -> None:
        places = asyncio.Semaphore(_INLINE_AT_ONCE)

        async def one(image_id: str) -> None:
            async with places:
                await self._one(search, image_id)

        try:
            async with asyncio.timeout(seconds), asyncio.TaskGroup() as group:
                for image_id in image_ids:
                    group.create_task(one(image_id))
        except TimeoutError:
            pass  # the queued work takes over
        except ExceptionGroup as error:  # the search is stored: the queued work takes over here too
            _log.warning("search %s is left to its jobs: %s", search.id, error.exceptions[0])

    async def _one(self, search: Search, image_id: str) -> None:
        await self._lookups.prepare(search.workspace_id, search.id, image_id, queue=False)

        async def ask(provider: str) -> None:
            address = (search.workspace_id, search.id, image_id, provider)
            await self._lookups.settle(*address, await self._lookups.ask(*address))

        async with asyncio.TaskGroup() as group:  # side by side: a slow provider holds up only itself
            for provider in search.providers:
                group.create_task(ask(provider))

    async def wait(self, caller: Caller, search_id: str, seconds: float) -> SearchProgress:
        """The progress as soon as the search is complete, or after so many seconds."""
        deadline = time.monotonic() + seconds
        while not (await self._search(caller, search_id)).complete and time.monotonic() < deadline:
            await asyncio.sleep(_POLL_SECONDS)  # another process may be doing it: only the database knows
        return await self.progress(caller, search_id)

    async def _search(self, caller: Caller, search_id: str) -> Search:
        async with self._kit.units.read() as uow:
            return await _get(uow, caller, search_id)

    async def progress(self, caller: Caller, search_id: str) -> SearchProgress:
        async with self._kit.units.read() as uow:
            search = await _get(uow, caller, search_id)
            lookups = await uow.searches.lookups(search_id)
            images = await uow.images.by_ids(caller.workspace_id, list(dict.fromkeys(row.image_id for row in lookups)))
            outcomes = await uow.searches.outcome_counts(search_id)
        by_image: dict[str, list[Lookup]] = defaultdict(list)
        for lookup in lookups:
            by_image[lookup.image_id].append(lookup)
        told = [ImageProgress(i.id, i.name, i.error_code, i.error_detail, by_image[i.id]) for i in images]
        return SearchProgress(search, outcomes, told)

    async def page(
        self, caller: Caller, *, list_id: str | None = None, cursor: str | None = None, limit: int = 50
    ) -> PageOf:
        async with self._kit.units.read() as uow:
            return await uow.searches.page(caller.workspace_id, list_id=list_id, cursor=cursor, limit=limit)


def new_search(
    workspace_id: str,
    list_id: str,
    providers: tuple[str, ...],
    images: list[Image] | list[str],
    kit: Kit,
    *,
    verify: bool = True,
    kind: SearchKind = SearchKind.requested,
    search_id: str | None = None,
) -> Search:
    """A search as an entity, not written yet."""
    return Search(
        id=search_id or new_id("search"),
        workspace_id=workspace_id,
        list_id=list_id,
        kind=kind,
        providers=providers,
        verify=verify,
        created_at=kit.now(),
        image_count=len(images),
    )


async def begin(uow: UnitOfWork, search: Search, image_ids: list[str], *, delay: float = 0.0) -> bool:
    """Write a search with its open lookups, and queue its work. False where it was begun before."""
    lookups = [
        Lookup(lookup_id(search.id, image_id, provider), search.workspace_id, search.id, image_id, provider)
        for image_id in image_ids
        for provider in search.providers
    ]
    if not await uow.searches.add(search, lookups):
        return False
    await uow.jobs.enqueue(SEARCH, search.workspace_id, search.id, id=f"search:{search.id}", delay=delay)
    return True


async def _get(uow: UnitOfWork, caller: Caller, search_id: str) -> Search:
    search = await uow.searches.get(caller.workspace_id, search_id)
    if search is None:
        raise CopyhoundError("not_found", f"There is no search {search_id}.")
    return search
