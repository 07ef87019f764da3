"""The composition root: the only module that knows every room."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import logging
import os
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Any, TypeVar, cast

import msgspec

from copyhound import descriptors, memory
from copyhound.compute.pool import ComputePool
from copyhound.delivery.send import WebhookSender
from copyhound.delivery.sign import new_secret
from copyhound.domain.errors import CopyhoundError
from copyhound.domain.extras import install_command
from copyhound.domain.ports import CandidateIndex
from copyhound.domain.repositories import UnitOfWorkFactory
from copyhound.indexes import EmbeddedIndex
from copyhound.jobs.calendar import WallCalendar
from copyhound.jobs.clock import Duty, JobClock
from copyhound.jobs.definitions import JobDefinition, Retry
from copyhound.jobs.ending import cancelled
from copyhound.jobs.leader import Leader
from copyhound.jobs.queue import DbosJobs
from copyhound.jobs.runtime import JobRuntime
from copyhound.jobs.watchdog import Watchdog
from copyhound.matching import Limits
from copyhound.net.outbound import Outbound
from copyhound.net.policy import NetPolicy, check_url
from copyhound.plugin_api import StateStore, UseCases
from copyhound.plugin_api.use_cases import CatalogueUseCases
from copyhound.plugin_host.actions import ActionDesk
from copyhound.plugin_host.catalogue import Catalogue
from copyhound.plugin_host.desk import NotifierDesk, ProviderDesk
from copyhound.plugin_host.settings import read_settings
from copyhound.plugin_host.sources import SourceDesk
from copyhound.services import Services, keys
from copyhound.services.actions import builtin_actions
from copyhound.services.keeping import KeptState
from copyhound.services.kit import Kit, ServiceLimits
from copyhound.services.triggers import TRIGGERS
from copyhound.settings import Settings
from copyhound.storage import Database, FolderBlobs, KeyFileBox, Units
from copyhound.storage.migrations import upgrade

S = TypeVar("S", bound=msgspec.Struct)
_log = logging.getLogger(__name__)
_KEY_FILE = "secret.key"
_KEPT_ANSWER = Retry(attempts=30, longest_wait=30.0)
"""Some twelve minutes: for as long the answer to a webhook is held, rather than the same sent again."""
_SOME_MINUTES = Retry(attempts=20, longest_wait=15.0)
"""For work that nobody else notices where it ends half done: as long as a full disk or a lock may last."""
_LOCAL_KEY_LIFE = timedelta(hours=1)
_DUE_LISTS_SECONDS = 5.0
_DUE_CHECKS_SECONDS = 30.0
_DUE_NOTIFICATIONS_SECONDS = 30.0
_WATCHDOG_SECONDS = 10.0
_FORGET_SECONDS = 3600.0
_JOB_RECORDS_KEPT = timedelta(days=30)


class Announcement(msgspec.Struct, frozen=True):
    """What a server says of itself in the data folder (server.json, or <executor>.json)."""

    url: str
    pid: int


@dataclass(frozen=True)
class House:
    """Everything, put together and open."""

    settings: Settings
    services: Services
    catalogue: Catalogue
    providers: ProviderDesk
    sources: SourceDesk
    notifiers: NotifierDesk
    actions: ActionDesk
    database: Database


class _Later:
    """Stands where something comes that needs what it is handed to."""

    def __init__(self) -> None:
        self._thing: Any = None

    def is_now(self, thing: Any) -> None:
        self._thing = thing

    def __getattr__(self, name: str) -> Any:
        return getattr(self._thing, name)


def now() -> datetime:
    """The time, aware, UTC."""
    return datetime.now(UTC)


@contextlib.asynccontextmanager
async def open_house(
    settings: Settings,
    *,
    work: bool = True,
    clock: Callable[[], datetime] = now,
    extra_plugins: Sequence[tuple[str, Any]] = (),
    compute: ComputePool | None = None,
) -> AsyncIterator[House]:
    """Open the data, load the plugins, and with `work` run jobs and stand for the leader's clock.

    A `compute` pool that is handed in is used and not closed; its limits are its own.
    CopyhoundError data_in_use where another process owns this data folder under this executor id.
    """
    memory.few_arenas()
    descriptors.allow_many()
    async with contextlib.AsyncExitStack() as stack:
        stack.enter_context(_owned(settings))
        database = Database(settings.database)
        stack.push_async_callback(database.dispose)
        await upgrade(database)
        await JobRuntime.migrate(settings.database)
        jobs = DbosJobs(settings.database)
        stack.callback(jobs.close)
        units = cast(UnitOfWorkFactory, Units(database, jobs))
        if compute is None:
            compute = _compute(settings)
            stack.push_async_callback(compute.aclose)
        kit = await _kit(stack, settings, units, clock, compute)
        await _warn_of_new_key(settings, kit)
        house = _furnish(stack, settings, kit, database, extra_plugins)
        if work:
            await _put_to_work(stack, settings, house)
        yield house


def _compute(settings: Settings) -> ComputePool:
    limits = settings.compute
    return ComputePool(
        workers=limits.workers or os.cpu_count() or 1,
        memory_bytes=limits.memory_mb * 2**20,
        task_seconds=limits.task_seconds,
        idle_seconds=limits.idle_seconds,
    )


async def _kit(
    stack: contextlib.AsyncExitStack,
    settings: Settings,
    units: UnitOfWorkFactory,
    clock: Callable[[], datetime],
    compute: ComputePool,
) -> Kit:
    policy = NetPolicy(
        allow_hosts=settings.net.allow_hosts, allow_ports=settings.net.allow_ports, proxy=settings.net.proxy
    )
    outbound = Outbound(policy, user_agent=settings.user_agent)
    stack.push_async_callback(outbound.aclose)
    index = _index(settings)
    stack.push_async_callback(index.close)
    return Kit(
        units=units,
        blobs=FolderBlobs(settings.folder / "blobs"),
        compute=compute,
        outbound=outbound,
        secrets=KeyFileBox(settings.folder / _KEY_FILE),
        calendar=WallCalendar(),
        index=index,
        now=clock,
        check_url=lambda url: check_url(url, policy),
        public_url=settings.url,
        limits=ServiceLimits(
            images_per_search=settings.images.per_search,
            picture=Limits(max_bytes=settings.images.max_bytes, max_pixels=settings.images.max_pixels),
            fetch_seconds=settings.net.fetch_seconds,
            recheck_days=settings.monitoring.recheck_days,
            link_days=settings.monitoring.link_days,
        ),
    )


def _index(settings: Settings) -> CandidateIndex:
    chosen = settings.index
    if chosen.engine == "embedded":
        return EmbeddedIndex(settings.folder / "index" / settings.executor_id)
    if not chosen.qdrant_url:
        raise CopyhoundError("settings_invalid", "index.engine is qdrant, and index.qdrant_url is not set.")
    try:
        from copyhound.indexes.qdrant_server import QdrantIndex
    except ImportError:
        command = install_command("qdrant")
        told = f"index.engine is qdrant, which needs the extra qdrant: `{command}`, then start again."
        raise CopyhoundError("settings_invalid", told) from None
    return QdrantIndex.at(chosen.qdrant_url, chosen.qdrant_api_key, chosen.qdrant_prefix)


def _furnish(
    stack: contextlib.AsyncExitStack,
    settings: Settings,
    kit: Kit,
    database: Database,
    extra_plugins: Sequence[tuple[str, Any]],
) -> House:
    providers, sources, notifiers = _Later(), _Later(), _Later()
    triggers = dict(TRIGGERS)
    outbound = cast(Outbound, kit.outbound)
    services = Services.build(
        kit,
        desk=cast(ProviderDesk, providers),
        sources=cast(SourceDesk, sources),
        notifiers=cast(NotifierDesk, notifiers),
        sender=WebhookSender(outbound, settings.user_agent),
        new_secret=new_secret,
        triggers=triggers,
    )
    use_cases = _UseCases(services, settings)
    catalogue = Catalogue.build(
        use_cases=cast(UseCases, use_cases),
        only=settings.load.only or None,
        disabled=settings.load.disabled,
        extra=extra_plugins,
        builtin_triggers=TRIGGERS.values(),
        builtin_actions=builtin_actions(services.actions),
    )
    triggers.update(catalogue.triggers)
    use_cases.plugins = catalogue
    parts: dict[str, Any] = {
        "plugin_settings": settings.plugins,
        "http_factory": outbound.client,
        "state_factory": lambda plugin, workspace_id, target: KeptState(kit.units, workspace_id, f"{plugin}:{target}"),
        "index": services.candidates,
        "triggers": services.triggers,
        "now": kit.now,
    }
    desks = ProviderDesk(catalogue, **parts), SourceDesk(catalogue, **parts), NotifierDesk(catalogue, **parts)
    actions = ActionDesk(catalogue, now=kit.now)
    for desk in (*desks, actions):
        stack.callback(desk.close)
    for later, made in zip((providers, sources, notifiers), desks, strict=True):
        later.is_now(made)
    return House(settings, services, catalogue, *desks, actions, database)


class _UseCases:
    """The services, and what else a surface may use."""

    def __init__(self, services: Services, settings: Settings) -> None:
        self._services, self._settings = services, settings
        self.public_url = services.kit.public_url
        self.now = services.kit.now
        self.plugins = Catalogue()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._services, name)

    @property
    def catalogue(self) -> CatalogueUseCases:
        from copyhound.http.offering import Offering  # the command line needs none, and is quicker without

        return Offering(self.plugins, self._services.kit)

    def settings(self, name: str, struct: type[S]) -> S:
        return read_settings(f"plugins.{name}", struct, self._settings.plugins.get(name, {}))

    def state(self, workspace_id: str, scope: str) -> StateStore:
        return KeptState(self._services.kit.units, workspace_id, f"surface:{scope}")


async def _warn_of_new_key(settings: Settings, kit: Kit) -> None:
    async with kit.units.read() as uow:
        used_before = await uow.keys.any()
    if used_before and cast(KeyFileBox, kit.secrets).made:
        _log.error(
            "%s was missing and is made anew: hooks made before cannot be signed for until it is put back from a copy",
            settings.folder / _KEY_FILE,
        )


def job_definitions(services: Services) -> dict[str, JobDefinition]:
    """The durable jobs by their stable names."""
    lookups, deliveries, notifying = services.lookups, services.deliveries, services.notifying
    return {
        "search": JobDefinition(lookups.fan_out, failed=lookups.fan_out_failed),
        "prepare": JobDefinition(lookups.prepare, failed=lookups.prepare_failed),
        "lookup": JobDefinition(lookups.ask, settle=lookups.settle, failed=lookups.lookup_failed),
        "deliver": JobDefinition(
            deliveries.attempt,
            settle=deliveries.settle,
            failed=deliveries.attempt_failed,
            settle_retry=_KEPT_ANSWER,
            recorded=False,
        ),
        "recover": JobDefinition(services.recovery.run, retry=_SOME_MINUTES, recorded=False),
        "unsubscribe": JobDefinition(services.unsubscribing.run),
        "recheck": JobDefinition(services.monitoring.recheck),
        "notify": JobDefinition(notifying.send, settle=notifying.settle, failed=notifying.broke),
        "ingest": JobDefinition(services.ingests.run, failed=services.ingests.failed),
    }


async def _put_to_work(stack: contextlib.AsyncExitStack, settings: Settings, house: House) -> None:
    services = house.services
    runtime = JobRuntime(settings.database, executor_id=settings.executor_id, jobs=job_definitions(services))
    watchdog = Watchdog(services.kit.units, executor_id=settings.executor_id, now=now, take_over=runtime.take_over)
    await watchdog.beat()
    await runtime.start()
    stack.push_async_callback(runtime.stop)
    clock = JobClock(
        {
            "due lists": Duty(_DUE_LISTS_SECONDS, services.monitoring.run_due_lists),
            "due rechecks": Duty(_DUE_CHECKS_SECONDS, services.monitoring.run_due_checks),
            "due notifications": Duty(_DUE_NOTIFICATIONS_SECONDS, services.notifying.send_due),
            "watchdog": Duty(_WATCHDOG_SECONDS, watchdog.sweep),
            "ended limits": Duty(_FORGET_SECONDS, services.limits.forget),
            "old job records": Duty(_FORGET_SECONDS, lambda: runtime.forget(now() - _JOB_RECORDS_KEPT)),
        }
    )
    leading = Leader(settings.database).run(clock.start, clock.stop)
    for errand in (leading, watchdog.run(), runtime.mind(), memory.give_back()):
        stack.push_async_callback(cancelled, asyncio.create_task(errand))


@contextlib.contextmanager
def _owned(settings: Settings) -> Any:
    with _opened_lock(settings) as lock:
        if not _locked(lock):
            raise CopyhoundError("data_in_use", f"Another process works on {settings.folder}.")
        try:
            yield
        finally:
            _announcement_file(settings).unlink(missing_ok=True)


def _opened_lock(settings: Settings) -> IO[str]:
    try:
        settings.folder.mkdir(parents=True, exist_ok=True)
        return _lock_file(settings).open("a")
    except OSError as error:
        where = settings.folder
        raise CopyhoundError("unavailable", f"The data folder {where} cannot be written: {error.strerror}.") from error


def _locked(lock: IO[str]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _lock_file(settings: Settings) -> Path:
    return settings.folder / f"{settings.executor_id}.lock"


def _announcement_file(settings: Settings) -> Path:
    return settings.folder / ("server.json" if settings.executor_id == "local" else f"{settings.executor_id}.json")


def announce(settings: Settings) -> None:
    """Say in the data folder that this process serves, and where. Call it once the port is open."""
    file = _announcement_file(settings)
    new = file.with_suffix(".new")
    url = f"http://{settings.host}:{settings.port}"
    new.write_bytes(msgspec.json.encode(Announcement(url, os.getpid())))
    new.replace(file)


def running_server(settings: Settings) -> str | None:
    """The address of the server that owns this data folder; None where none runs."""
    try:
        with _lock_file(settings).open("r") as lock:
            if _locked(lock):
                return None  # nobody holds it: what is announced is left from a crash
        said = msgspec.json.decode(_announcement_file(settings).read_bytes(), type=Announcement)
    except (OSError, msgspec.DecodeError):
        return None
    return said.url


async def local_key(settings: Settings) -> str:
    """A key for this machine's own command line, good for an hour: who may read the data folder may have it."""
    database = Database(settings.database)
    try:
        async with cast(UnitOfWorkFactory, Units(database, DbosJobs(settings.database))).read() as uow:
            workspace = await uow.workspaces.first()
    finally:
        await database.dispose()
    if workspace is None:
        raise CopyhoundError("unavailable", "The server has not made its workspace yet.")
    return keys.local_key(KeyFileBox(settings.folder / _KEY_FILE), workspace.id, now() + _LOCAL_KEY_LIFE)
