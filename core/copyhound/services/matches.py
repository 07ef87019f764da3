"""Matches, as people and automations read and decide them."""

from __future__ import annotations

from typing import Any

import msgspec

from copyhound.domain.errors import CopyhoundError
from copyhound.domain.matches import Decision, Match, MatchFilter
from copyhound.domain.repositories import PageOf
from copyhound.domain.workspaces import Caller
from copyhound.services.kit import Kit
from copyhound.services.links import overlay_link_holds, signed_overlay_url

VIEWS = ("pair", "difference")
SORTS = ("first_seen", "last_seen", "confidence", "score")


class MatchService:
    """Matches: read, looked at, decided."""

    def __init__(self, kit: Kit) -> None:
        self._kit = kit

    async def page(
        self,
        caller: Caller,
        where: MatchFilter,
        *,
        cursor: str | None = None,
        limit: int = 50,
        sort: str = "-first_seen",
    ) -> PageOf:
        if sort.removeprefix("-") not in SORTS:
            raise CopyhoundError("invalid_request", f"sort is one of {', '.join(SORTS)}, with or without a minus.")
        async with self._kit.units.read() as uow:
            await self._must_exist(uow, caller, where)
            return await uow.matches.page(caller.workspace_id, where, cursor=cursor, limit=limit, sort=sort)

    async def count(self, caller: Caller, where: MatchFilter) -> int:
        async with self._kit.units.read() as uow:
            return await uow.matches.count(caller.workspace_id, where)

    async def _must_exist(self, uow: Any, caller: Caller, where: MatchFilter) -> None:
        if where.list_id is not None and await uow.lists.get(caller.workspace_id, where.list_id) is None:
            raise CopyhoundError("not_found", f"There is no list {where.list_id}.")

    async def get(self, caller: Caller, match_id: str) -> Match:
        return await self._match(caller.workspace_id, match_id)

    async def _match(self, workspace_id: str, match_id: str) -> Match:
        async with self._kit.units.read() as uow:
            found = await uow.matches.get(workspace_id, match_id)
        if found is None:
            raise CopyhoundError("not_found", f"There is no match {match_id}.")
        return found

    async def history(self, caller: Caller, match_id: str) -> list[dict[str, Any]]:
        """Every check of a match, oldest first."""
        await self.get(caller, match_id)
        async with self._kit.units.read() as uow:
            return await uow.matches.checks(match_id)

    async def decide(self, caller: Caller, match_id: str, decision: Decision, note: str | None = None) -> Match:
        """Keep what a person says of a match. It sticks: later searches don't change it."""
        async with self._kit.units() as uow:
            match = await uow.matches.get(caller.workspace_id, match_id)
            if match is None:
                raise CopyhoundError("not_found", f"There is no match {match_id}.")
            decided = msgspec.structs.replace(match, decision=decision, note=note, decided_at=self._kit.now())
            await uow.matches.save(decided)
        return decided

    def overlay_url(self, match: Match) -> str | None:
        """Absolute, signed, expiring; None where nothing was compared."""
        if match.verification.comparison is None:
            return None
        return signed_overlay_url(self._kit, match.workspace_id, match.id)

    def overlay_allowed(self, workspace_id: str, match_id: str, expires: int, signature: str) -> bool:
        return overlay_link_holds(self._kit, workspace_id, match_id, expires, signature)

    async def overlay(self, workspace_id: str, match_id: str, view: str = "pair") -> bytes:
        """A JPEG: left half the match, right half the image aligned to it; or their difference."""
        if view not in VIEWS:
            raise CopyhoundError("invalid_request", f"view is one of {', '.join(VIEWS)}.")
        match = await self._match(workspace_id, match_id)
        comparison = match.verification.comparison
        async with self._kit.units.read() as uow:
            image = await uow.images.get(workspace_id, match.image_id)
        if comparison is None or match.reduced_blob is None or image is None or image.reduced_blob is None:
            raise CopyhoundError("not_found", "Nothing of this match was kept that could be laid over the image.")
        made: bytes = await self._kit.compute.run(
            "overlay",
            await self._kit.blobs.get(match.reduced_blob),
            await self._kit.blobs.get(image.reduced_blob),
            comparison.matrix,
            (match.width, match.height),
            (image.width, image.height),
            view,
        )
        return made

    async def picture(self, workspace_id: str, match_id: str) -> bytes:
        """A JPEG of what is kept of the found picture. CopyhoundError not_found where nothing is."""
        match = await self._match(workspace_id, match_id)
        if match.reduced_blob is None:
            raise CopyhoundError("not_found", "No copy of this picture was kept.")
        return await self._kit.blobs.get(match.reduced_blob)

    async def thumbnail(self, caller: Caller, match_id: str) -> bytes:
        """A small JPEG of the found picture."""
        match = await self._match(caller.workspace_id, match_id)
        if match.reduced_blob is None:
            raise CopyhoundError("not_found", "No copy of this picture was kept.")
        made: bytes = await self._kit.compute.run("thumbnail", await self._kit.blobs.get(match.reduced_blob))
        return made
