"""Runs of a source into a collection: durable, resumable, told as they go."""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncIterator, Mapping
from typing import Any, Protocol

import msgspec

from copyhound.domain.collections import Collection, Ingest, IngestStatus, Refusal
from copyhound.domain.errors import OURS, CopyhoundError
from copyhound.domain.ids import new_id
from copyhound.domain.repositories import PageOf
from copyhound.domain.workspaces import Caller, Scope
from copyhound.matching import is_entry
from copyhound.plugin_api import Lead, Progress, SourceItem, SourceSpec
from copyhound.services.candidates import CandidateService
from copyhound.services.collections import CollectionService
from copyhound.services.kit import Kit
from copyhound.services.refreshing import remake
from copyhound.services.source_state import state_scope

INGEST = "ingest"
INGESTS = "ingests"
_TELL_SECONDS = 0.5
_REFUSALS_KEPT = 100
_log = logging.getLogger(__name__)


class Sources(Protocol):
    """The sources, behind their guard (`plugin_host`)."""

    def spec(self, name: str) -> SourceSpec:
        """CopyhoundError plugin_unknown."""

    def settings(self, name: str, values: Mapping[str, Any]) -> msgspec.Struct:
        """The settings, whole and valid. CopyhoundError settings_invalid."""

    def run_source(
        self, name: str, settings: Mapping[str, Any], *, workspace_id: str, target: str
    ) -> AsyncIterator[SourceItem | Lead | Progress]:
        """`target` names the state that the source goes on from. Goes on after an item only when it was taken."""


class IngestService:
    """Runs of sources, as clients see them, and as the job that does one."""

    def __init__(
        self, kit: Kit, sources: Sources, collections: CollectionService, candidates: CandidateService
    ) -> None:
        self._kit, self._sources = kit, sources
        self._collections, self._candidates = collections, candidates

    async def start(self, caller: Caller, collection: str, source: str, settings: dict[str, Any]) -> Ingest:
        """Queue a run of a source into a collection."""
        if self._sources.spec(source).reads_server_files and Scope.operator not in caller.scopes:
            raise CopyhoundError("forbidden", f"The source {source!r} reads the server's files: it needs operator.")
        checked = msgspec.to_builtins(self._sources.settings(source, settings))
        if isinstance(checked.get("url"), str):
            self._kit.check_url(checked["url"])  # what can be told at once is not left to the run
        within = await self._collections.ensure(caller.workspace_id, collection)
        ingest = Ingest(
            id=new_id("ingest"),
            workspace_id=caller.workspace_id,
            collection_id=within.id,
            collection_name=within.name,
            source=source,
            settings=checked,
            status=IngestStatus.queued,
            created_at=self._kit.now(),
        )
        async with self._kit.units() as uow:
            await uow.ingests.add(ingest)
            await uow.jobs.enqueue(INGEST, ingest.id, id=f"ingest:{ingest.id}", queue=INGESTS)
        return ingest

    async def get(self, caller: Caller, ingest_id: str) -> Ingest:
        async with self._kit.units.read() as uow:
            found = await uow.ingests.get(caller.workspace_id, ingest_id)
        if found is None:
            raise CopyhoundError("not_found", f"There is no ingest {ingest_id}.")
        return found

    async def page(self, caller: Caller, *, cursor: str | None = None, limit: int = 50) -> PageOf:
        async with self._kit.units.read() as uow:
            return await uow.ingests.page(caller.workspace_id, cursor=cursor, limit=limit)

    async def run(self, ingest_id: str) -> None:
        """Run it to its end. Started again after a crash, it goes on where its source's state stands.

        Raises trouble of ours, for the job to try again.
        """
        async with self._kit.units.read() as uow:
            ingest = await uow.ingests.by_id(ingest_id)
        if ingest is None or ingest.finished_at is not None:
            return
        run = _Run(self._kit, self._collections, ingest)
        try:
            items = self._sources.run_source(
                ingest.source, ingest.settings, workspace_id=ingest.workspace_id, target=state_scope(ingest)
            )
            async for item in items:
                await run.take(item)
        except CopyhoundError as error:
            if error.code in OURS:
                await run.save()
                raise
            await run.end(IngestStatus.failed, f"{error.code}: {error.detail}")
        else:
            await run.end(IngestStatus.complete, None)
        await self._candidates.catch_up()

    async def failed(self, ingest_id: str, reason: str) -> None:
        """The job broke for good. What was indexed stays, and a new run goes on from there."""
        async with self._kit.units() as uow:
            ingest = await uow.ingests.by_id(ingest_id)
            if ingest is not None and ingest.finished_at is None:
                now = self._kit.now()
                ended = msgspec.structs.replace(ingest, status=IngestStatus.failed, finished_at=now, note=reason)
                await uow.ingests.save(ended)


class _Run:
    """One run's counts, and what is written of it."""

    def __init__(self, kit: Kit, collections: CollectionService, ingest: Ingest) -> None:
        self._kit, self._collections = kit, collections
        self._ingest = msgspec.structs.replace(ingest, status=IngestStatus.running)
        self._within = Collection(ingest.collection_id, ingest.workspace_id, ingest.collection_name, ingest.created_at)
        self._told = 0.0

    async def take(self, item: SourceItem | Lead | Progress) -> None:
        match item:
            case SourceItem():
                await self._index(item)
            case Lead():
                await self._seen_again(item)
            case Progress():
                self._ingest = msgspec.structs.replace(self._ingest, pages=item.pages, note=item.note)
        if time.monotonic() - self._told > _TELL_SECONDS:
            await self.save()

    async def _seen_again(self, lead: Lead) -> None:
        async with self._kit.units() as uow:
            number = await uow.collections.touch_entry(self._within, lead.image_url, lead.pages, self._kit.now())
            kept = await uow.collections.fingerprints([number] if number else [])
        if all(map(is_entry, kept.values())) or (reason := await self._mend(list(kept))) is None:
            self._count(seen=1, updated=int(number is not None))
        else:
            _log.warning("the fingerprint of %s is damaged and cannot be made anew: %s", lead.image_url, reason)
            self._refuse(Refusal(lead.image_url, "index_version_mismatch"))

    async def _mend(self, numbers: list[int]) -> str | None:
        async with self._kit.units.read() as uow:
            entries = await uow.collections.by_numbers(self._within.workspace_id, numbers)
        return await remake(self._kit, self._within, entries[0]) if entries else None

    async def _index(self, item: SourceItem) -> None:
        try:
            _, is_new = await self._collections.index(self._within, item.image_url, item.data, item.pages)
        except CopyhoundError as error:
            if not error.code.startswith(("image_", "not_an_image")):
                raise  # not this picture's fault: the run fails, and can be taken up again
            self._refuse(Refusal(item.image_url, error.code))
            return
        self._count(seen=1, added=int(is_new), updated=int(not is_new))

    def _refuse(self, refusal: Refusal) -> None:
        self._count(seen=1, refused=1)
        if len(self._ingest.refusals) < _REFUSALS_KEPT:
            self._ingest = msgspec.structs.replace(self._ingest, refusals=(*self._ingest.refusals, refusal))

    def _count(self, **more: int) -> None:
        counts = {name: getattr(self._ingest, name) + number for name, number in more.items()}
        self._ingest = msgspec.structs.replace(self._ingest, **counts)

    async def end(self, status: IngestStatus, note: str | None) -> None:
        self._ingest = msgspec.structs.replace(
            self._ingest, status=status, finished_at=self._kit.now(), note=note or self._ingest.note
        )
        await self.save()

    async def save(self) -> None:
        """Write what stands."""
        async with self._kit.units() as uow:
            await uow.ingests.save(self._ingest)
        self._told = time.monotonic()
