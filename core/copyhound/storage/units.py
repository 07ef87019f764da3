"""The unit of work: one transaction, and every repository in it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from copyhound.domain.ports import JobQueue, JobStore, NewJob
from copyhound.domain.repositories import (
    CollectionRepository,
    DeliveryRepository,
    EventRepository,
    HookRepository,
    ImageRepository,
    IngestRepository,
    ListRepository,
    MatchRepository,
    SearchRepository,
    UnitOfWork,
    UnitOfWorkFactory,
)
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
from copyhound.storage.accounts import Executors, Idempotency, Keys, States, Workspaces
from copyhound.storage.collections import Collections, Ingests
from copyhound.storage.credits import Credits, Limits
from copyhound.storage.database import Database
from copyhound.storage.events import Deliveries, Events, Hooks
from copyhound.storage.figures import Figures
from copyhound.storage.ignores import Ignores
from copyhound.storage.lists import Images, Lists
from copyhound.storage.matches import Matches
from copyhound.storage.notifications import Notifications
from copyhound.storage.reading import Consumers, Feeds, Log
from copyhound.storage.searches import Searches
from copyhound.storage.sending import Sending
from copyhound.storage.tags import Tags

JobStoreFactory = Callable[[AsyncConnection], JobStore]


class UnitJobs:
    """The unit's job queue: what is queued is written when the unit ends, all together."""

    def __init__(self, connection: AsyncConnection, factory: JobStoreFactory) -> None:
        self._connection = connection
        self._factory = factory
        self._queued: list[NewJob] = []

    async def enqueue(
        self,
        job: str,
        *args: Any,
        id: str,
        queue: str = "work",
        delay: float = 0.0,
        partition: str | None = None,
    ) -> None:
        self._queued.append(NewJob(job, args, id, queue, delay, partition))

    async def write(self) -> None:
        """Write what was queued, in the unit's transaction."""
        if self._queued:
            await self._factory(self._connection).add(self._queued)
            self._queued = []


class Unit:
    """Every repository on one connection."""

    def __init__(self, connection: AsyncConnection, factory: JobStoreFactory) -> None:
        self.connection = connection
        self.workspaces: WorkspaceRepository = Workspaces(connection)
        self.keys: KeyRepository = Keys(connection)
        self.lists: ListRepository = Lists(connection)
        self.images: ImageRepository = Images(connection)
        self.searches: SearchRepository = Searches(connection)
        self.matches: MatchRepository = Matches(connection)
        self.events: EventRepository = Events(connection)
        self.log: LogRepository = Log(connection)
        self.feeds: FeedRepository = Feeds(connection)
        self.consumers: ConsumerRepository = Consumers(connection)
        self.hooks: HookRepository = Hooks(connection)
        self.deliveries: DeliveryRepository = Deliveries(connection)
        self.sending: SendingRepository = Sending(connection)
        self.notifications: NotificationRepository = Notifications(connection)
        self.collections: CollectionRepository = Collections(connection)
        self.ingests: IngestRepository = Ingests(connection)
        self.state: StateRepository = States(connection)
        self.idempotency: IdempotencyRepository = Idempotency(connection)
        self.credits: CreditRepository = Credits(connection)
        self.limits: LimitRepository = Limits(connection)
        self.tags: TagRepository = Tags(connection)
        self.ignores: IgnoreRepository = Ignores(connection)
        self.figures: FigureRepository = Figures(connection)
        self.executors: ExecutorRepository = Executors(connection)
        self._jobs = UnitJobs(connection, factory)
        self.jobs: JobQueue = self._jobs

    async def finish(self) -> None:
        """Write what waits for the unit's end."""
        await self._jobs.write()


class Units:
    """Makes units of work: `async with units() as unit`, `async with units.read() as unit`."""

    def __init__(self, database: Database, job_stores: JobStoreFactory) -> None:
        self.database = database
        self._factory = job_stores

    def __call__(self) -> AbstractAsyncContextManager[UnitOfWork]:
        """Read and write; commits at a good end. CopyhoundError unavailable where the database stays busy."""
        return self._write()

    def read(self) -> AbstractAsyncContextManager[UnitOfWork]:
        """Read only; a write in it is refused by the database."""
        return self._read()

    @asynccontextmanager
    async def _write(self) -> AsyncIterator[UnitOfWork]:
        async with self.database.write() as connection:
            unit = Unit(connection, self._factory)
            yield unit
            await unit.finish()

    @asynccontextmanager
    async def _read(self) -> AsyncIterator[UnitOfWork]:
        async with self.database.read() as connection:
            unit = Unit(connection, self._factory)
            yield unit
            await unit.finish()


def _conforms(database: Database, factory: JobStoreFactory) -> UnitOfWorkFactory:
    return Units(database, factory)
