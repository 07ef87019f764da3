"""The work behind a search: one lookup for each image and provider, each ending in exactly one outcome.

Every method is the body of a durable job and may run again: what was done is seen, and not done twice.
"""

from __future__ import annotations

from typing import Any

import msgspec

from copyhound.domain.errors import OURS, CopyhoundError
from copyhound.domain.events import NewEvent
from copyhound.domain.ids import derived_id
from copyhound.domain.lists import Image
from copyhound.domain.matches import MatchFilter
from copyhound.domain.repositories import UnitOfWork
from copyhound.domain.searches import Lookup, Outcome, Search, lookup_id
from copyhound.plugin_api import Answer, Query
from copyhound.services.blobs import drop_blobs, keep_blobs
from copyhound.services.events import EventService
from copyhound.services.images import ImageIntake, is_ready
from copyhound.services.kit import Desk, Kit
from copyhound.services.merging import Merging
from copyhound.services.payloads import search_payload
from copyhound.services.provider_health import ProviderHealth
from copyhound.services.verifying import Verified, Verifying

PREPARE = "prepare"
PICTURES = "pictures"
LOOKUP = "lookup"
LOOKUPS = "lookups"
_PAID = (Outcome.answered, Outcome.no_match)


class LookupService:
    """Fan a search out, prepare its images, ask the providers, settle what they answered."""

    def __init__(
        self, kit: Kit, desk: Desk, intake: ImageIntake, verifying: Verifying, merging: Merging, events: EventService
    ) -> None:
        self._health = ProviderHealth(kit, desk, events)
        self._kit, self._desk, self._intake = kit, desk, intake
        self._verifying, self._merging, self._events = verifying, merging, events

    async def fan_out(self, workspace_id: str, search_id: str) -> None:
        """Queue the preparing of each image that still has open lookups; a search without any is complete."""
        async with self._kit.units() as uow:
            search = await uow.searches.get(workspace_id, search_id)
            if search is None or search.complete:
                return
            open_images = {row.image_id for row in await uow.searches.lookups(search_id) if row.outcome is None}
            for image_id in sorted(open_images):
                job_id = f"prepare:{search_id}:{image_id}"
                await uow.jobs.enqueue(
                    PREPARE, workspace_id, search_id, image_id, id=job_id, queue=PICTURES, partition=search_id
                )
            await self._complete_if_done(uow, search)

    async def prepare(self, workspace_id: str, search_id: str, image_id: str, *, queue: bool = True) -> None:
        """Fetch and decode an image that was not yet, then queue its lookups; or end them with the reason.

        One whose reduced copy was damaged since is decoded anew, where its file is still there.
        """
        async with self._kit.units.read() as uow:
            search = await uow.searches.get(workspace_id, search_id)
            image = await uow.images.get(workspace_id, image_id)
        if search is None or image is None:
            return
        if (not is_ready(image) or await self._intake.is_worn(image)) and not await self._load(search, image):
            return
        async with self._kit.units() as uow:
            for provider in search.providers if queue else ():
                await self._queue_lookup(uow, workspace_id, search_id, image_id, provider)

    async def _load(self, search: Search, image: Image) -> bool:
        """Whether the image can be searched; where not, its lookups have ended with the reason.

        Raises trouble of ours, for the job to try again.
        """
        try:
            loaded, blobs = await self._intake.load(image)
        except CopyhoundError as error:
            if error.code in OURS:
                raise
            await self._end_image(search, image, error)
            return False
        async with self._kit.units() as uow:
            there = await uow.images.get(image.workspace_id, image.id) is not None
            if there:
                await uow.images.save(loaded)
                await keep_blobs(self._kit, uow, image.workspace_id, blobs)
        if not there:  # its list was deleted meanwhile
            await drop_blobs(self._kit, image.workspace_id, [key for key, _ in blobs if key])
        return there

    async def _queue_lookup(
        self, uow: UnitOfWork, workspace_id: str, search_id: str, image_id: str, provider: str
    ) -> None:
        await uow.jobs.enqueue(
            LOOKUP,
            workspace_id,
            search_id,
            image_id,
            provider,
            id=lookup_id(search_id, image_id, provider),
            queue=LOOKUPS,
            partition=f"{search_id}:{provider}",
        )

    async def _end_image(self, search: Search, image: Image, error: CopyhoundError) -> None:
        outcome = Outcome.transient if error.retryable else Outcome.invalid_image
        async with self._kit.units() as uow:
            now = self._kit.now()
            await uow.searches.end_image(search.id, image.id, outcome, _reason(error), now)
            await uow.images.save(msgspec.structs.replace(image, error_code=error.code, error_detail=error.detail))
            await self._complete_if_done(uow, search)

    async def ask(self, workspace_id: str, search_id: str, image_id: str, provider: str) -> dict[str, Any]:
        """Ask a provider for an image; its Answer, JSON-ready. Raises nothing of the provider's making."""
        async with self._kit.units.read() as uow:
            lookup = await uow.searches.lookup(lookup_id(search_id, image_id, provider))
            image = await uow.images.get(workspace_id, image_id)
        if lookup is None or lookup.outcome is not None or image is None or image.fingerprint is None:
            return _builtins(Answer(Outcome.skipped, reason="The lookup was settled, or its image is gone."))
        assert image.original_blob is not None
        query = Query(
            workspace_id=workspace_id,
            image_id=image.id,
            name=image.name,
            sha256=image.sha256 or "",
            format=image.format or "",
            width=image.width or 0,
            height=image.height or 0,
            data=await self._kit.blobs.get(image.original_blob),
            fingerprint=image.fingerprint,
            source_url=image.source_url,
        )
        return _builtins(await self._desk.search(provider, query))

    async def settle(
        self, workspace_id: str, search_id: str, image_id: str, provider: str, answer: dict[str, Any]
    ) -> None:
        """Compare what a provider gave, merge what holds into the matches, and end the lookup: one transaction."""
        given = msgspec.convert(answer, Answer)
        async with self._kit.units.read() as uow:
            search = await uow.searches.get(workspace_id, search_id)
            image = await uow.images.get(workspace_id, image_id)
            lookup = await uow.searches.lookup(lookup_id(search_id, image_id, provider))
            in_list = await uow.lists.get(workspace_id, search.list_id) if search else None
        if search is None or image is None or in_list is None or lookup is None or lookup.outcome is not None:
            return
        verified = await self._verifying.candidates(
            image, given.candidates, verify=search.verify, least=in_list.min_confidence
        )
        async with self._kit.units() as uow:
            for found in verified.believed:
                await self._merging.found(uow, in_list, image, provider, found)
            ended = self._ended(lookup, given, verified)
            if await uow.searches.end_lookup(ended):
                await self._health.note(uow, ended)
                if ended.outcome in _PAID:
                    await uow.credits.settle(search_id, image_id, self._kit.now())
                await self._complete_if_done(uow, search)
            kept = [(found.reduced_blob, found.reduced) for found in verified.believed]
            await keep_blobs(self._kit, uow, workspace_id, kept)

    def _ended(self, lookup: Lookup, answer: Answer, verified: Verified) -> Lookup:
        outcome = answer.outcome
        if outcome is Outcome.answered and not verified.believed:
            outcome = Outcome.no_match
        return msgspec.structs.replace(
            lookup,
            outcome=outcome,
            reason=answer.reason,
            candidates=len(answer.candidates),
            matches=len(verified.believed),
            rejected=verified.rejected,
            units_spent=answer.units_spent,
            ended_at=self._kit.now(),
        )

    async def fan_out_failed(self, workspace_id: str, search_id: str, reason: str) -> None:
        """The job broke for good: what is open of the search ends as transient, so that it still ends."""
        async with self._kit.units.read() as uow:
            image_ids = {row.image_id for row in await uow.searches.lookups(search_id) if row.outcome is None}
        for image_id in sorted(image_ids):
            await self.prepare_failed(workspace_id, search_id, image_id, reason)

    async def prepare_failed(self, workspace_id: str, search_id: str, image_id: str, reason: str) -> None:
        """The job broke for good: the image's lookups end as transient, so that the search still ends."""
        async with self._kit.units() as uow:
            search = await uow.searches.get(workspace_id, search_id)
            if search is not None:
                await uow.searches.end_image(search_id, image_id, Outcome.transient, reason, self._kit.now())
                await self._complete_if_done(uow, search)

    async def lookup_failed(self, workspace_id: str, search_id: str, image_id: str, provider: str, reason: str) -> None:
        """The same for one lookup."""
        async with self._kit.units() as uow:
            search = await uow.searches.get(workspace_id, search_id)
            lookup = await uow.searches.lookup(lookup_id(search_id, image_id, provider))
            if search is None or lookup is None:
                return
            if await uow.searches.end_lookup(
                self._ended(lookup, Answer(Outcome.transient, reason=reason), Verified([], 0))
            ):
                await self._complete_if_done(uow, search)

    async def _complete_if_done(self, uow: UnitOfWork, search: Search) -> None:
        now = self._kit.now()
        if not await uow.searches.complete_if_done(search.id, now):
            return
        await uow.credits.refund_search(search.id, now)  # of the images for which no provider had an answer
        in_list = await uow.lists.get(search.workspace_id, search.list_id)
        if in_list is None:
            return
        in_all = MatchFilter(list_id=search.list_id, include_small=True)
        new = msgspec.structs.replace(in_all, found_after=search.created_at)
        payload = search_payload(
            search,
            in_list,
            await uow.searches.outcome_counts(search.id),
            await uow.matches.count(search.workspace_id, in_all),
            await uow.matches.count(search.workspace_id, new),
            now,
        )
        event_id = derived_id("evt", "search_complete", search.id)
        event = NewEvent(event_id, search.workspace_id, "search_complete", payload, search.list_id)
        await self._events.append(uow, event)


def _reason(error: CopyhoundError) -> str:
    return f"{error.code}: {error.detail}"


def _builtins(answer: Answer) -> dict[str, Any]:
    ready: dict[str, Any] = msgspec.to_builtins(answer)
    return ready
