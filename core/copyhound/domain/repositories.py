"""The repositories that a unit of work offers. `storage` implements them; every one is bound to a workspace
by its arguments, and nothing of another workspace is ever answered.

Cursors are opaque strings made by the repository (keyset paging, newest first)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Any, Protocol, TypeVar

from copyhound.domain.collections import Collection, Entry, IndexChange, Ingest, NewEntry
from copyhound.domain.events import Event, NewEvent
from copyhound.domain.hooks import Attempt, Delivery, Hook, Subscriber, WantedHooks
from copyhound.domain.lists import Image, ImageList
from copyhound.domain.matches import HostCount, HostGroup, Match, MatchFilter, ResultRow
from copyhound.domain.paging import PageOf as PageOf
from copyhound.domain.ports import JobQueue
from copyhound.domain.repositories_accounts import (
    CreditRepository,
    ExecutorRepository,
    IdempotencyRepository,
    KeyRepository,
    LimitRepository,
    StateRepository,
    WorkspaceRepository,
)
from copyhound.domain.repositories_reading import ConsumerRepository, FeedRepository, LogRepository
from copyhound.domain.repositories_sending import NotificationRepository, SendingRepository
from copyhound.domain.repositories_sorting import FigureRepository, IgnoreRepository, TagRepository
from copyhound.domain.searches import Lookup, Outcome, Search

T = TypeVar("T")


class ListRepository(Protocol):
    """Lists, and when they are due."""

    async def add(self, item: ImageList) -> ImageList:
        """The same, with its number; or the one of that id that is there."""

    async def by_number(self, workspace_id: str, number: int) -> ImageList | None: ...
    async def get(self, workspace_id: str, list_id: str) -> ImageList | None: ...
    async def labelled(self, workspace_id: str, label: str) -> ImageList | None:
        """The newest of this label, case-insensitively; others who ask so wait until the transaction ends."""

    async def save(self, item: ImageList) -> None: ...
    async def delete(self, workspace_id: str, list_id: str) -> list[str]:
        """Delete it with all its data (events stay); the blob keys that nothing uses any more."""

    async def page(
        self, workspace_id: str, *, label: str | None, exact: bool = False, cursor: str | None, limit: int
    ) -> PageOf:
        """`label`: only lists whose label contains it, with `exact` those that have it; case-insensitively."""

    async def due(self, now: datetime, limit: int) -> list[ImageList]:
        """Monitored lists of all workspaces with next_run_at <= now, oldest first."""

    async def claim_slot(self, list_id: str, slot: datetime, next_run_at: datetime | None) -> bool:
        """Move next_run_at on, only if it still is `slot`; sets last_run_at. False: somebody else did."""

    async def add_domain(self, list_id: str, domain: str) -> bool:
        """Remember a domain of the list; True where it was new."""


class ImageRepository(Protocol):
    """The images of lists."""

    async def add(self, images: Sequence[Image]) -> list[Image]:
        """The same, with their numbers. All of one workspace."""

    async def by_number(self, workspace_id: str, number: int) -> Image | None: ...
    async def get(self, workspace_id: str, image_id: str) -> Image | None: ...
    async def save(self, image: Image) -> None: ...
    async def of_list(self, workspace_id: str, list_id: str, *, cursor: str | None, limit: int) -> PageOf:
        """Oldest first, as they were added."""

    async def by_ids(self, workspace_id: str, image_ids: Sequence[str]) -> list[Image]:
        """In the order asked; those that are gone are left out."""

    async def ids_of_list(self, workspace_id: str, list_id: str) -> list[str]: ...
    async def unused_blobs(self, workspace_id: str, keys: Sequence[str]) -> list[str]:
        """Those of `keys` that nothing in the workspace uses."""

    async def guard_blobs(self, workspace_id: str, *, alone: bool = False) -> None:
        """Until the transaction ends, nobody runs `alone` beside it, or nobody at all where it is itself `alone`."""

    async def delete(self, workspace_id: str, image_id: str) -> list[str]:
        """Delete it with its matches; the blob keys that nothing uses any more."""


class SearchRepository(Protocol):
    """Searches and their lookups."""

    async def add(self, search: Search, lookups: Sequence[Lookup]) -> bool:
        """False where a search of that id is there already (nothing is written)."""

    async def get(self, workspace_id: str, search_id: str) -> Search | None: ...
    async def page(self, workspace_id: str, *, list_id: str | None, cursor: str | None, limit: int) -> PageOf: ...
    async def lookup(self, lookup_id: str) -> Lookup | None: ...
    async def lookups(self, search_id: str, *, image_id: str | None = None) -> list[Lookup]: ...
    async def end_lookup(self, lookup: Lookup) -> bool:
        """Write how it ended, once: False where it had an outcome already."""

    async def end_image(self, search_id: str, image_id: str, outcome: Outcome, reason: str, at: datetime) -> None:
        """End all open lookups of an image."""

    async def complete_if_done(self, search_id: str, at: datetime) -> bool:
        """Mark it complete if no lookup is open; True for the one caller who did it."""

    async def outcome_counts(self, search_id: str) -> dict[str, int]:
        """Outcome (or "open") -> lookups."""


class MatchRepository(Protocol):
    """Found copies, their pages, their history, and when they are due for another look."""

    async def get(self, workspace_id: str, match_id: str) -> Match | None: ...
    async def find(self, image_id: str, image_url: str) -> Match | None:
        """Locks the row where the database can, so that two merges of one match don't lose pages."""

    async def add(self, match: Match) -> bool:
        """False where a match of that image and image_url is there already."""

    async def save(self, match: Match) -> None:
        """Everything but its pages' first_seen: pages are united with what is there."""

    async def page(
        self, workspace_id: str, where: MatchFilter, *, cursor: str | None, limit: int, sort: str = "-first_seen"
    ) -> PageOf:
        """`sort`: first_seen, last_seen, confidence or score; a leading minus for descending."""

    def stream(self, workspace_id: str, where: MatchFilter) -> AsyncIterator[Match]:
        """All of them, in constant memory."""

    async def count(self, workspace_id: str, where: MatchFilter) -> int: ...
    async def rows(
        self, workspace_id: str, where: MatchFilter, *, sort: tuple[str, bool] = ..., start: int = 0, rows: int = 50
    ) -> list[ResultRow]:
        """Each match on each of its pages; a match without known page is one row. `sort`: a metric, and whether the
        largest come first; what has no value comes last, the rest is ordered by id. By default the oldest first:
        what comes meanwhile comes last. CopyhoundError invalid_request for what is not sorted by."""

    async def rows_by_ids(self, workspace_id: str, ids: Sequence[str]) -> list[ResultRow]:
        """Those that are there, by `ResultRow.id`; ordered by it."""

    async def count_rows(self, workspace_id: str, where: MatchFilter) -> int: ...
    async def count_hosts(self, workspace_id: str, where: MatchFilter) -> int:
        """How many hosts the rows have: the groups of `group_rows`."""

    async def group_rows(
        self,
        workspace_id: str,
        where: MatchFilter,
        *,
        sort: tuple[str, bool] = ...,
        start: int = 0,
        rows: int = 50,
        each: int = 10,
    ) -> list[HostGroup]:
        """The rows by host. `start` and `rows` count hosts; `each`: how many rows of a host at most. Hosts are in the
        order of their first row."""

    async def facet(
        self, workspace_id: str, where: MatchFilter, metric: str, *, limit: int = 100
    ) -> list[tuple[Any, int]]:
        """How many rows there are of each value of a metric, the most first; no row without a value counts."""

    async def host_counts(self, workspace_id: str, where: MatchFilter) -> list[HostCount]:
        """Every host of the rows, in the order in which it was found first."""

    def stream_rows(self, workspace_id: str, where: MatchFilter) -> AsyncIterator[ResultRow]:
        """All rows in constant memory, in the order in which their matches were found."""

    async def due_checks(self, now: datetime, limit: int) -> list[Match]:
        """Matches of monitored lists, of all workspaces, with next_check_at <= now."""

    async def claim_check(self, match_id: str, slot: datetime, next_check_at: datetime | None) -> bool: ...
    async def add_check(self, match_id: str, at: datetime, result: str, detail: str | None) -> None:
        """A line of its history: found, verified, removed, returned, unreachable ..."""

    async def checks(self, match_id: str) -> list[dict[str, Any]]: ...


class EventRepository(Protocol):
    """The append-only log."""

    async def hold(self) -> None:
        """Nobody else appends until the unit ends, so that sequence numbers grow in the order of commits."""

    async def append(self, events: Sequence[NewEvent], at: datetime) -> list[Event | None]:
        """Held. None for those whose id is in the log already, or comes twice."""

    async def get(self, workspace_id: str, event_id: str) -> Event | None: ...
    async def newest(self, workspace_id: str, trigger: str, limit: int) -> list[Event]: ...
    async def after(self, workspace_id: str, trigger: str, sequence: int, limit: int) -> list[Event]:
        """Oldest first, all with a sequence greater than `sequence`."""

    async def between(
        self, workspace_id: str, triggers: Sequence[str], since: datetime, until: datetime, sequence: int, limit: int
    ) -> list[Event]:
        """Those of a span of time, its ends included; in the order of `after`."""


class HookRepository(Protocol):
    """Subscriptions."""

    async def add(self, hook: Hook, dedupe_key: str) -> Hook:
        """The one that is there where the dedupe key (workspace, URL, triggers, filter) is taken."""

    async def get(self, workspace_id: str, hook_id: str) -> Hook | None: ...
    async def save(self, hook: Hook, dedupe_key: str | None = None) -> bool:
        """False, and nothing saved, where another hook has that key. None: it keeps the key it has."""

    async def delete(self, workspace_id: str, hook_id: str) -> bool: ...
    async def page(self, workspace_id: str, wanted: WantedHooks, *, cursor: str | None, limit: int) -> PageOf: ...
    async def subscribed(self, workspace_id: str, trigger: str, now: datetime) -> list[Subscriber]:
        """The active ones, oldest first."""

    async def lists_stay(self, workspace_id: str) -> None:
        """Until the unit ends, no list is deleted behind a filter that is checked in it. Before any hook is held."""

    async def lists_go(self, workspace_id: str) -> None:
        """Wait for those who check filters; whoever checks one later finds the lists as this unit leaves them."""


class DeliveryRepository(Protocol):
    """Deliveries and their attempts."""

    async def add(self, delivery: Delivery) -> bool: ...
    async def get(self, workspace_id: str, delivery_id: str) -> Delivery | None: ...
    async def by_id(self, delivery_id: str) -> Delivery | None: ...
    async def save(self, delivery: Delivery) -> None: ...
    async def page(
        self, workspace_id: str, *, hook_id: str | None, status: str | None, cursor: str | None, limit: int
    ) -> PageOf: ...
    async def undelivered(
        self, workspace_id: str, hook_id: str, *, since: datetime, until: datetime, cursor: str | None, limit: int
    ) -> PageOf:
        """Those made in a span of time, its ends included, that failed or have failed so far; oldest first, held."""

    async def attempts(self, delivery_id: str) -> list[Attempt]: ...
    async def last_attempts(self, workspace_id: str, delivery_ids: Sequence[str]) -> list[Attempt]:
        """The latest attempt of each that has any, in one query."""


class CollectionRepository(Protocol):
    """Collections, their entries, hashes in bands, and the log that the candidate indexes follow."""

    capped_bands: int
    """How many crowded values of hash bands were not read to their end, in this unit of work."""

    async def ensure(self, workspace_id: str, name: str, at: datetime, fingerprint_version: int = 1) -> Collection:
        """The one of that name, as it is; made where there is none."""

    async def by_name(self, workspace_id: str, name: str) -> Collection | None: ...
    async def all(self, workspace_id: str) -> list[Collection]: ...
    async def of_all_workspaces(self) -> list[Collection]: ...
    async def put_entry(self, collection: Collection, entry: NewEntry, at: datetime) -> tuple[Entry, bool]:
        """Add, or update the one with that image_url: pages united, last_seen moved; a changed picture (sha256)
        replaces fingerprint, hash, bands. Writes hash bands and the change log. (entry, True where it was new)
        CopyhoundError index_version_mismatch where the collection holds fingerprints of another version."""

    async def outdated(self, fingerprint_version: int) -> list[Collection]:
        """The collections of all workspaces that hold another version than this one."""

    async def replace_fingerprint(
        self, collection: Collection, entry: Entry, fingerprint: bytes, hash256: bytes
    ) -> None:
        """Of the same picture, in another version: with its bands, and a line in the change log."""

    async def set_version(self, collection: Collection, fingerprint_version: int) -> None:
        """Say what all its entries are in now."""

    async def touch_entry(
        self, collection: Collection, image_url: str, pages: Sequence[Any], at: datetime
    ) -> int | None:
        """Seen again unchanged (HTTP 304): unite pages, move last_seen. Its number; None where there is none."""

    async def by_ids(self, workspace_id: str, ids: Sequence[str]) -> list[Entry]:
        """Those that are there, each once, in the order asked for."""

    async def by_numbers(self, workspace_id: str, numbers: Sequence[int]) -> list[Entry]:
        """The same, by number."""

    async def entries(
        self, collection: Collection, *, image_url: str | None, cursor: str | None, limit: int
    ) -> PageOf: ...
    async def addresses(self, collection: Collection, offset: int, limit: int) -> list[str]:
        """The image_urls of entries, in the order in which they were first added."""

    async def count(self, collection: Collection) -> int: ...
    async def remove_entries(self, collection: Collection, *, prefix: str) -> tuple[int, list[str]]:
        """All whose image_url starts with `prefix`; (how many, blob keys nothing uses any more)."""

    async def remove_entry(self, collection: Collection, entry_id: str) -> tuple[bool, list[str]]: ...
    async def hash_candidates(
        self, collection: Collection, hashes: Sequence[bytes], max_distance: int, limit: int
    ) -> list[tuple[int, int]]:
        """(entry number, smallest distance), nearest first. The first hash is that of the picture as it stands:
        nothing is missed up to distance 23; for the other ones up to 11."""

    async def changes(self, after: int, limit: int) -> list[IndexChange]:
        """The change log, of all workspaces."""

    async def last_change(self) -> int: ...
    async def pending(self, after: int) -> int:
        """How many changes there are after one."""

    async def count_all(self) -> int:
        """The entries of all collections of all workspaces."""

    async def fingerprint_bytes(self, collection: Collection) -> int:
        """What the fingerprints of a collection take."""

    async def fingerprints(self, numbers: Sequence[int]) -> dict[int, bytes]: ...


class IngestRepository(Protocol):
    """Runs of sources."""

    async def add(self, ingest: Ingest) -> None: ...
    async def get(self, workspace_id: str, ingest_id: str) -> Ingest | None: ...
    async def by_id(self, ingest_id: str) -> Ingest | None: ...
    async def save(self, ingest: Ingest) -> None: ...
    async def page(self, workspace_id: str, *, cursor: str | None, limit: int) -> PageOf: ...


class UnitOfWork(Protocol):
    """One transaction. Commits when its `async with` ends well, else rolls back, queued jobs included.
    Writers are serialised on SQLite (BEGIN IMMEDIATE)."""

    workspaces: WorkspaceRepository
    keys: KeyRepository
    lists: ListRepository
    images: ImageRepository
    searches: SearchRepository
    matches: MatchRepository
    events: EventRepository
    log: LogRepository
    feeds: FeedRepository
    consumers: ConsumerRepository
    hooks: HookRepository
    deliveries: DeliveryRepository
    sending: SendingRepository
    notifications: NotificationRepository
    collections: CollectionRepository
    ingests: IngestRepository
    state: StateRepository
    idempotency: IdempotencyRepository
    credits: CreditRepository
    limits: LimitRepository
    tags: TagRepository
    ignores: IgnoreRepository
    figures: FigureRepository
    executors: ExecutorRepository
    jobs: JobQueue


class UnitOfWorkFactory(Protocol):
    """Works on every event loop (an engine for each)."""

    def __call__(self) -> AbstractAsyncContextManager[UnitOfWork]:
        """Read and write."""

    def read(self) -> AbstractAsyncContextManager[UnitOfWork]:
        """Read only: takes no write lock, never commits."""
