"""We believe no provider: every candidate is compared with the image by our own matching."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime

import msgspec

from copyhound.domain.collections import Entry
from copyhound.domain.errors import CopyhoundError
from copyhound.domain.lists import Image
from copyhound.domain.matches import Page, Verification, VerificationState
from copyhound.domain.pictures import Comparison, PictureFacts
from copyhound.matching import Prepared
from copyhound.plugin_api import Candidate
from copyhound.services.images import fetch_picture, is_ready
from copyhound.services.kit import Kit

_AT_ONCE = 8
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
        """Those that hold, in the order given. What could not be fetched is kept as unchecked, with the reason."""
        places = asyncio.Semaphore(_AT_ONCE)
        reduced = await self._kept(image.reduced_blob) if candidates else None

        async def one(candidate: Candidate) -> Found | None:
            async with places:
                return await self._one(image, reduced, candidate, verify=verify, least=least)

        results = await asyncio.gather(*(one(candidate) for candidate in candidates))
        believed = [found for found in results if found is not None]
        return Verified(believed, rejected=len(results) - len(believed))

    async def _one(
        self, image: Image, reduced: bytes | None, candidate: Candidate, *, verify: bool, least: float
    ) -> Found | None:
        if not verify and candidate.entry_id is None:
            return self._unchecked(candidate, "not_asked: The search was made without verification.")
        try:
            side = await self._side(image.workspace_id, candidate)
        except CopyhoundError as error:
            if error.code == "not_found":
                return None  # the entry was removed since
            return self._unchecked(candidate, f"{error.code}: {error.detail}")
        try:
            comparison = await self.compare(image, reduced, side)
        except CopyhoundError as error:
            return self._unchecked(candidate, f"{error.code}: {error.detail}")
        if comparison is None or comparison.confidence < least:
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
        )

    async def compare(self, image: Image, reduced: bytes | None, side: Side) -> Comparison | None:
        """Our own comparison of an image with a found picture; None where they are different pictures."""
        fingerprint = image.fingerprint
        if not is_ready(image) and image.original_blob is not None:  # of another version, and not searched since
            data = await self._kit.blobs.get(image.original_blob)
            prepared: Prepared = await self._kit.compute.run("prepare_query", data, self._kit.limits.picture)
            fingerprint, reduced = prepared.fingerprint, prepared.reduced
        result: Comparison | None = await self._kit.compute.run(
            "compare",
            fingerprint,
            side.fingerprint,
            reduced,
            side.reduced,
            query_facts=facts_of(image),
            match_facts=side.facts,
            variant=side.variant,
        )
        return result

    async def _side(self, workspace_id: str, candidate: Candidate) -> Side:
        if candidate.entry_id is None:
            return await self.fetch(candidate.image_url)
        async with self._kit.units.read() as uow:
            entry = await uow.collections.entry(workspace_id, candidate.entry_id)
        if entry is None:
            raise CopyhoundError("not_found")
        reduced = await self._kept(entry.reduced_blob)
        return Side(entry.fingerprint, reduced, entry.reduced_blob, facts_of(entry), entry.last_seen, candidate.variant)

    async def _kept(self, key: str | None) -> bytes | None:
        """A reduced copy; None where none was kept or it is lost: then geometry decides alone."""
        try:
            return await self._kit.blobs.get(key) if key else None
        except CopyhoundError:
            return None

    async def fetch(self, image_url: str) -> Side:
        """A found picture from the web, fetched and fingerprinted."""
        data = await fetch_picture(self._kit, image_url)
        prepared: Prepared = await self._kit.compute.run("prepare_query", data, self._kit.limits.picture)
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


def facts_of(picture: Image | Entry) -> PictureFacts:
    """What is kept of a decoded picture's file."""
    return PictureFacts(
        picture.format or "", picture.width or 0, picture.height or 0, picture.bytes or 0, picture.sha256 or ""
    )
