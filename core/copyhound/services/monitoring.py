"""What the clock calls: search the lists that are due, look again at the matches that are due.

Each due time is a slot; ids carry it, and moving the due time on is the claim. So two servers, or a clock that
fires twice, do it once."""

from __future__ import annotations

from datetime import timedelta

import msgspec

from copyhound.domain.errors import CopyhoundError
from copyhound.domain.ids import derived_id
from copyhound.domain.lists import Image, ImageList
from copyhound.domain.matches import Match, MatchStatus, Verification, VerificationState
from copyhound.domain.searches import Outcome, SearchKind
from copyhound.services.credits import MONITOR_KEY, reserve
from copyhound.services.events import EventService
from copyhound.services.kit import Desk, Kit
from copyhound.services.merging import Merging
from copyhound.services.searches import begin, new_search
from copyhound.services.verifying import Verifying

RECHECK = "recheck"
RECHECKS = "rechecks"
_BATCH = 100
_GONE = frozenset({404, 410})
_RETRY = timedelta(hours=6)
_NO_CREDITS = "insufficient_credits: The list was due, and there were not enough credits for all its images."


class MonitoringService:
    """Monitored lists and their matches, again and again."""

    def __init__(self, kit: Kit, desk: Desk, verifying: Verifying, merging: Merging, events: EventService) -> None:
        self._kit, self._desk, self._events = kit, desk, events
        self._verifying, self._merging = verifying, merging

    async def run_due_lists(self) -> int:
        """Begin a search of every monitored list that is due; how many were begun here."""
        async with self._kit.units.read() as uow:
            due = await uow.lists.due(self._kit.now(), _BATCH)
        begun = [await self._search_due(in_list) for in_list in due]
        return sum(begun)

    async def _search_due(self, in_list: ImageList) -> bool:
        assert in_list.next_run_at is not None
        assert in_list.schedule is not None
        slot, now = in_list.next_run_at, self._kit.now()
        # the next one after now, not after the slot: what was missed while we were down is made up for once
        following = self._kit.calendar.next_after(in_list.schedule, now, slot)
        async with self._kit.units() as uow:
            if not await uow.lists.claim_slot(in_list.id, slot, following):
                return False
            image_ids = await uow.images.ids_of_list(in_list.workspace_id, in_list.id)
            search = new_search(
                in_list.workspace_id,
                in_list.id,
                in_list.providers or tuple(self._desk.ready()),
                image_ids,
                self._kit,
                kind=SearchKind.monitor,
                search_id=derived_id("search", in_list.id, slot.isoformat()),
            )
            if not await begin(uow, search, image_ids):
                return False
            if not await reserve(uow, self._events, search, image_ids, MONITOR_KEY, MONITOR_KEY):
                for image_id in image_ids:
                    await uow.searches.end_image(search.id, image_id, Outcome.quota, _NO_CREDITS, now)
            return True

    async def run_due_checks(self) -> int:
        """Queue a recheck of every match that is due; how many were queued here."""
        now = self._kit.now()
        async with self._kit.units.read() as uow:
            due = await uow.matches.due_checks(now, _BATCH)
        queued = 0
        for match in due:
            assert match.next_check_at is not None
            slot = match.next_check_at
            async with self._kit.units() as uow:
                if not await uow.matches.claim_check(match.id, slot, self._merging.next_check()):
                    continue
                job_id = f"recheck:{match.id}:{slot.isoformat()}"
                await uow.jobs.enqueue(
                    RECHECK, match.workspace_id, match.id, slot.isoformat(), id=job_id, queue=RECHECKS
                )
                queued += 1
        return queued

    async def recheck(self, workspace_id: str, match_id: str, slot: str) -> None:
        """Look whether a match's picture is still at its address, and still the same one."""
        async with self._kit.units.read() as uow:
            match = await uow.matches.get(workspace_id, match_id)
            image = await uow.images.get(workspace_id, match.image_id) if match else None
            in_list = await uow.lists.get(workspace_id, match.list_id) if match else None
        if match is None or image is None or in_list is None:
            return
        try:
            verification, why = await self._look(in_list, image, match)
        except CopyhoundError as error:
            await self._unreachable(match, error)
            return
        async with self._kit.units() as uow:
            # read again, and locked: a search may have merged into it meanwhile
            current = await uow.matches.find(match.image_id, match.image_url)
            if current is None:
                return
            if verification is not None:
                await self._merging.seen(uow, in_list, image, current, verification)
            elif current.status is MatchStatus.online:
                await self._merging.removed(uow, in_list, image, current, why)
            else:
                await uow.matches.add_check(match.id, self._kit.now(), "absent", why)

    async def _look(self, in_list: ImageList, image: Image, match: Match) -> tuple[Verification | None, str]:
        """(its verification now, "") or (None, why it is gone). Raises what may pass."""
        try:
            side = await self._verifying.fetch(match.image_url)
        except CopyhoundError as error:
            if error.code == "fetch_failed" and error.extra.get("http_status") in _GONE:
                return None, f"The address answers {error.extra['http_status']}."
            if error.code.startswith("image_") or error.code == "not_an_image":
                return None, f"There is no such picture any more: {error.code}."
            raise
        reduced = await self._kit.blobs.get(image.reduced_blob) if image.reduced_blob else None
        comparison = await self._verifying.compare(image, reduced, side)
        if comparison is None or comparison.confidence < in_list.min_confidence:
            return None, "Another picture is at the address now."
        return Verification(VerificationState.verified, self._kit.now(), comparison), ""

    async def _unreachable(self, match: Match, error: CopyhoundError) -> None:
        """Not an answer: nothing is said of the match, and it is looked at again sooner."""
        now = self._kit.now()
        async with self._kit.units() as uow:
            current = await uow.matches.find(match.image_id, match.image_url)
            if current is None:
                return
            sooner = msgspec.structs.replace(current, next_check_at=now + _RETRY)
            await uow.matches.save(sooner)
            await uow.matches.add_check(match.id, now, "unreachable", f"{error.code}: {error.detail}")
