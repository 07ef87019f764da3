"""We believe no provider: every candidate is compared with the image by our own matching."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime

import msgspec

from copyhound.domain.collections import Entry
from copyhound.domain.errors import OURS, CopyhoundError
from copyhound.domain.lists import Image
from copyhound.domain.matches import Page, Verification, VerificationState
from copyhound.domain.pictures import Comparison, PictureFacts
from copyhound.matching import Other, Prepared
from copyhound.plugin_api import Candidate
from copyhound.services.images import fetch_picture, is_ready
from copyhound.services.kit import Kit

_AT_ONCE = 8
TOGETHER = 40
"""Comparisons in one task."""
SMALL_SHARE = 4.0
"""Percent of both pictures: below it, only a logo or a line of text is in common."""


class Found(msgspec.Struct, frozen=True):
    """A candidate that is to be kept as a match."""

    image_url: str
    pages: tuple[Page, ...]
    verification: Verification
    width: int | None
    height: int | None
    entry_id: str | None
    reduced_blob: str | None
    seen_at: datetime | None = None
    """When it was last seen at its address, where that is not now (our own index)."""
    facts: PictureFacts | None = None
    """Of the file; None where it was not looked at."""
    reduced: bytes | None = None
    """What `reduced_blob` names."""

    @property
    def small(self) -> bool:
        seen = self.verification.comparison
        return seen is not None and max(seen.query_share, seen.match_share) < SMALL_SHARE


class Verified(msgspec.Struct, frozen=True):
    """Which candidates of a lookup are believed, and how many are not."""

    believed: list[Found]
    rejected: int
    """Candidates that are other pictures."""


class Side(msgspec.Struct, frozen=True):
    """A found picture, ready to be compared."""

    fingerprint: bytes
    reduced: bytes | None
    reduced_blob: str | None
    facts: PictureFacts
    seen_at: datetime | None = None
    variant: int | None = None


class Verifying:
    """Compares candidates with an image."""

    def __init__(self, kit: Kit) -> None:
        self._kit = kit

    async def candidates(
        self, image: Image, candidates: Sequence[Candidate], *, verify: bool, least: float
    ) -> Verified:
        """Those that hold, in the order given. What could not be fetched is kept as unchecked, with the reason.

        Raises CopyhoundError where our own index's could not be compared by trouble of ours: they are asked again.
        """
        places = asyncio.Semaphore(_AT_ONCE)
        reduced = await self._kept(image.reduced_blob) if candidates else None
        own = await self._own(image, reduced, candidates)

        async def one(candidate: Candidate) -> Found | None:
            if candidate.entry_id is not None:
                side, comparison = own[candidate.entry_id]
                return await self._found(image, candidate, side, comparison, least=least)
            async with places:
                return await self._one(image, reduced, candidate, verify=verify, least=least)

        results = await asyncio.gather(*(one(candidate) for candidate in candidates))
        believed = [found for found in results if found is not None]
        return Verified(believed, rejected=len(results) - len(believed))

    async def _own(
        self, image: Image, reduced: bytes | None, candidates: Sequence[Candidate]
    ) -> dict[str, tuple[Side | None, Comparison | CopyhoundError | None]]:
        """Candidates of our own index with their comparisons, made in one task; no side for entries removed since."""
        own = {one.entry_id: one for one in candidates if one.entry_id is not None}
        entries = await self._entries(image, list(own))
        copies = await self._kit.blobs.get_those_left([one.reduced_blob for one in entries if one.reduced_blob])
        sides: dict[str, Side | None] = dict.fromkeys(own)
        # without its copy geometry decides alone
        sides |= {one.id: _side(one, copies.get(one.reduced_blob or ""), own[one.id].variant) for one in entries}
        there = {entry_id: side for entry_id, side in sides.items() if side is not None}
        compared = await self._each(image, reduced, list(there.values()))
        comparisons = dict(zip(there, compared, strict=True))
        return {entry_id: (side, comparisons.get(entry_id)) for entry_id, side in sides.items()}

    async def _each(
        self, image: Image, reduced: bytes | None, sides: Sequence[Side]
    ) -> list[Comparison | CopyhoundError | None]:
        """All comparisons at once; where that fails, one by one, so that only what is to blame has the error."""
        try:
            return list(await self._compare(image, reduced, sides)) if sides else []
        except CopyhoundError as error:
            if error.code in OURS:
                raise
            if len(sides) == 1:
                return [error]
        return [one for side in sides for one in await self._each(image, reduced, [side])]

    async def _one(
        self, image: Image, reduced: bytes | None, candidate: Candidate, *, verify: bool, least: float
    ) -> Found | None:
        if not verify:
            return self._unchecked(candidate, "not_asked: The search was made without verification.")
        try:
            side = await self.fetch(candidate.image_url)
            comparison = await self.compare(image, reduced, side)
        except CopyhoundError as error:
            return self._unchecked(candidate, f"{error.code}: {error.detail}")
        return await self._found(image, candidate, side, comparison, least=least)

    async def _found(
        self,
        image: Image,
        candidate: Candidate,
        side: Side | None,
        comparison: Comparison | CopyhoundError | None,
        *,
        least: float,
    ) -> Found | None:
        if isinstance(comparison, CopyhoundError):
            return self._unchecked(candidate, f"{comparison.code}: {comparison.detail}")
        if side is None or comparison is None or comparison.confidence < least:
            return None
        return Found(
            candidate.image_url,
            candidate.pages,
            Verification(VerificationState.verified, self._kit.now(), comparison),
            side.facts.width,
            side.facts.height,
            candidate.entry_id,
            side.reduced_blob
            or (await self._kit.blobs.put(image.workspace_id, side.reduced) if side.reduced else None),
            side.seen_at,
            side.facts,
            side.reduced,
        )

    async def compare(self, image: Image, reduced: bytes | None, side: Side) -> Comparison | None:
        """Our own comparison of an image with a found picture; None where they are different pictures."""
        return (await self._compare(image, reduced, [side]))[0]

    async def _compare(self, image: Image, reduced: bytes | None, sides: Sequence[Side]) -> list[Comparison | None]:
        fingerprint = image.fingerprint
        if not is_ready(image) and image.original_blob is not None:  # of another version, and not searched since
            data = await self._kit.blobs.get(image.original_blob)
            prepared: Prepared = await self._kit.compute.run("prepare_query", data, self._kit.limits.picture)
            fingerprint, reduced = prepared.fingerprint, prepared.reduced
        others = [Other(side.fingerprint, side.reduced, side.facts, side.variant) for side in sides]
        return await compare_with(self._kit, fingerprint or b"", reduced, facts_of(image), others)

    async def _entries(self, image: Image, ids: Sequence[str]) -> list[Entry]:
        """Those that were not removed since."""
        if not ids:
            return []
        async with self._kit.units.read() as uow:
            return await uow.collections.by_ids(image.workspace_id, ids)

    async def _kept(self, key: str | None) -> bytes | None:
        """A reduced copy; None where none was kept or it is lost: then geometry decides alone."""
        try:
            return await self._kit.blobs.get(key) if key else None
        except CopyhoundError:
            return None

    async def fetch(self, image_url: str) -> Side:
        """A found picture from the web, fetched and fingerprinted as an entry would be."""
        data = await fetch_picture(self._kit, image_url)
        prepared: Prepared = await self._kit.compute.run("prepare_entry", data, self._kit.limits.picture)
        return Side(prepared.fingerprint, prepared.reduced, None, prepared.facts)

    def _unchecked(self, candidate: Candidate, reason: str) -> Found:
        verification = Verification(VerificationState.unchecked, self._kit.now(), None, reason)
        return Found(
            candidate.image_url,
            candidate.pages,
            verification,
            candidate.width,
            candidate.height,
            candidate.entry_id,
            None,
        )


def _side(entry: Entry, reduced: bytes | None, variant: int | None) -> Side:
    """What is kept of an entry, and the variant of the query that it was found as."""
    return Side(entry.fingerprint, reduced, entry.reduced_blob, facts_of(entry), entry.last_seen, variant)


async def compare_with(
    kit: Kit,
    fingerprint: bytes,
    reduced: bytes | None,
    facts: PictureFacts,
    others: Sequence[Other],
    *,
    together: int = TOGETHER,
) -> list[Comparison | None]:
    """Our own comparisons of one query with several pictures, in their order; side by side, `together` in each task."""

    async def some(part: Sequence[Other]) -> list[Comparison | None]:
        compared: list[Comparison | None] = await kit.compute.run("compare_all", fingerprint, reduced, facts, part)
        return compared

    # dealt out like cards: the likeliest come first, and take longest
    tasks = -(-len(others) // together)
    dealt = await asyncio.gather(*(some(others[first::tasks]) for first in range(tasks)))
    return [dealt[place % tasks][place // tasks] for place in range(len(others))]


def facts_of(picture: Image | Entry) -> PictureFacts:
    """What is kept of a decoded picture's file."""
    return PictureFacts(
        picture.format or "", picture.width or 0, picture.height or 0, picture.bytes or 0, picture.sha256 or ""
    )
