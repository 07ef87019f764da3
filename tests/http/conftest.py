"""The API over real services on SQLite; pictures are worked on in this process, jobs are only recorded."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib import resources
from pathlib import Path
from types import SimpleNamespace
from typing import Annotated, Any, cast

import httpx
import msgspec
import pytest
import structlog
from litestar import Litestar
from litestar.testing import AsyncTestClient

from copyhound import matching
from copyhound.delivery.sign import new_secret
from copyhound.domain.deliveries import SendResult
from copyhound.domain.errors import CopyhoundError
from copyhound.domain.repositories import UnitOfWorkFactory
from copyhound.domain.workspaces import ALL_SCOPES, Scope, Workspace
from copyhound.http.app import create_app
from copyhound.http.settings import HttpSettings
from copyhound.indexes import BruteForceIndex
from copyhound.jobs.calendar import WallCalendar
from copyhound.net.policy import NetPolicy, check_url
from copyhound.plugin_api import (
    Answer,
    Candidate,
    Notice,
    NotifierSpec,
    Outcome,
    Progress,
    ProviderSpec,
    SourceSpec,
    hookimpl,
)
from copyhound.plugin_host.catalogue import Catalogue
from copyhound.plugin_host.desk import NotifierDesk, ProviderDesk
from copyhound.plugin_host.sources import SourceDesk
from copyhound.plugin_host.trial import MemoryState
from copyhound.services import Services
from copyhound.services.actions import builtin_actions
from copyhound.services.kit import Kit, ServiceLimits
from copyhound.services.triggers import TRIGGERS
from copyhound.storage import Database, FolderBlobs, KeyFileBox, Units

structlog.configure(processors=[structlog.processors.format_exc_info, structlog.processors.LogfmtRenderer()])
PUBLIC_URL = "http://copyhound.test"


class InlineCompute:
    """The real functions on pictures, in this process."""

    async def run(self, function: str, *args: Any, **options: Any) -> Any:
        return getattr(matching, function)(*args, **options)


class FakeWeb:
    """Addresses and what they answer; nothing is dialled."""

    def __init__(self) -> None:
        self.pictures: dict[str, bytes] = {}

    async def fetch(self, url: str, **_: Any) -> Any:
        if url not in self.pictures:
            raise CopyhoundError("url_unresolved", f"{url} does not resolve.")
        return SimpleNamespace(status=200, headers={}, body=self.pictures[url], url=url)


class FakeSender:
    """Takes note of what would be sent."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str, dict[str, Any]]] = []

    async def send(
        self,
        url: str,
        secrets: Sequence[bytes],
        event_id: str,
        body: bytes,
        now: datetime,
        *,
        content_type: str = "application/json",
    ) -> SendResult:
        self.sent.append((url, event_id, msgspec.json.decode(body)))
        return SendResult(duration_ms=7, status_code=204)

    async def unsubscribe(self, url: str) -> None:
        self.sent.append((url, "unsubscribe", {}))


class FolderSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    path: str
    token: Annotated[str, msgspec.Meta(extra_json_schema={"x-secret": True})] = ""


async def find_own(query: Any, context: Any) -> Answer:
    """The own index as a provider."""
    found: tuple[Candidate, ...] = tuple(await context.index.candidates(query, "web"))
    return Answer(Outcome.answered if found else Outcome.no_match, found)


async def run_nothing(settings: Any, context: Any) -> AsyncIterator[Any]:
    """A source without pictures."""
    yield Progress(note="empty")


class PostTarget(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    url: Annotated[str, msgspec.Meta(extra_json_schema={"format": "uri"})]
    token: Annotated[
        str, msgspec.Meta(pattern="^[^!]*$", extra_json_schema={"x-secret": True}, extra={"says": "No calls"})
    ] = ""


async def post_nothing(notice: Notice, target: Any, context: Any) -> None:
    """A notifier that tells nobody, and fails where the target says so."""
    if "fails" in target.url:
        raise CopyhoundError("fetch_failed", "The target answered with HTTP status 500.")


class TestedPlugin:
    """A provider over the own index, a source that reads the server's files, and a notifier that tells nobody."""

    __test__ = False

    @hookimpl
    def copyhound_providers(self) -> list[ProviderSpec]:
        return [ProviderSpec(name="own", title="Own", description="The own index.", search=find_own)]

    @hookimpl
    def copyhound_notifiers(self) -> list[NotifierSpec]:
        return [NotifierSpec("post", "Post", "Posts.", post_nothing, target=PostTarget)]

    @hookimpl
    def copyhound_sources(self) -> list[SourceSpec]:
        return [
            SourceSpec("files", "Files", "Reads files.", run_nothing, settings=FolderSettings, reads_server_files=True),
            SourceSpec("feed", "Feed", "Reads a feed.", run_nothing),
        ]


@dataclass
class World:
    """Two workspaces, keys of every kind, and the API in front of them."""

    app: Litestar
    client: httpx.AsyncClient
    services: Services
    catalogue: Catalogue
    plugins: dict[str, Any]
    web: FakeWeb
    sender: FakeSender
    admin: str
    writer: str
    reader: str
    other: str

    async def call(self, method: str, path: str, *, key: str | None = "", **arguments: Any) -> httpx.Response:
        """Call a route of /api/v1; as admin unless another key is given, None for no key."""
        headers = dict(arguments.pop("headers", {}))
        if key is not None:
            headers["X-API-Key"] = key or self.admin
        return await self.client.request(method, f"/api/v1{path}", headers=headers, **arguments)


class Later:
    """Stands where a desk comes that needs what it is handed to."""

    thing: Any

    def __getattr__(self, name: str) -> Any:
        return getattr(self.thing, name)


class Stage:
    """The one application of a test process, set anew for each test: making one takes longer than most tests."""

    def __init__(self) -> None:
        self._app: Litestar | None = None

    def app(self, services: Services, catalogue: Catalogue, plugins: dict[str, Any]) -> Litestar:
        """The application over these, and no longer over those of the test before."""
        if self._app is None:
            self._services, self._catalogue, self._plugins = copy(services), copy(catalogue), dict(plugins)
            settings = HttpSettings(max_body_bytes=20_000, max_upload_bytes=3_000_000)
            self._app = create_app(self._services, catalogue=self._catalogue, plugins=self._plugins, settings=settings)
        vars(self._services).update(vars(services))
        vars(self._catalogue).update(vars(catalogue))
        self._plugins.update(plugins)
        return self._app


@pytest.fixture(scope="session")
def stage() -> Stage:
    return Stage()


def furnish(kit: Kit, sender: FakeSender) -> tuple[Services, Catalogue, dict[str, Any]]:
    """Services, catalogue and desks, as bootstrap puts them together."""
    desk, sources, notifiers = Later(), Later(), Later()
    triggers = dict(TRIGGERS)
    services = Services.build(
        kit,
        desk=cast(Any, desk),
        sources=cast(Any, sources),
        notifiers=cast(Any, notifiers),
        sender=sender,
        new_secret=new_secret,
        triggers=triggers,
    )
    catalogue = Catalogue.build(
        use_cases=cast(Any, services),
        only=["tested"],
        extra=[("tested", TestedPlugin())],
        builtin_triggers=TRIGGERS.values(),
        builtin_actions=builtin_actions(services.actions),
    )
    parts: dict[str, Any] = {
        "plugin_settings": {},
        "http_factory": httpx.AsyncClient,
        "state_factory": lambda *_: MemoryState(),
        "index": services.candidates,
        "now": kit.now,
    }
    desk.thing, sources.thing = ProviderDesk(catalogue, **parts), SourceDesk(catalogue, **parts)
    notifiers.thing = NotifierDesk(catalogue, **parts)
    plugins = {"providers": desk.thing, "sources": sources.thing, "notifiers": notifiers.thing}
    return services, catalogue, plugins


def make_kit(database_url: str, folder: Path, jobs: Any, web: FakeWeb) -> tuple[Kit, Database]:
    database = Database(database_url)
    kit = Kit(
        units=cast(UnitOfWorkFactory, Units(database, jobs.factory)),
        blobs=FolderBlobs(folder / "blobs"),
        compute=InlineCompute(),
        outbound=cast(Any, web),
        secrets=KeyFileBox(folder / "secret.key"),
        calendar=WallCalendar(),
        index=BruteForceIndex(),
        now=lambda: datetime.now(UTC),
        check_url=lambda url: check_url(url, NetPolicy()),
        public_url=PUBLIC_URL,
        limits=ServiceLimits(images_per_search=5),
    )
    return kit, database


@pytest.fixture
async def world(sqlite_url: str, tmp_path: Path, recorded_jobs: Any, stage: Stage) -> AsyncIterator[World]:
    """The API with two workspaces; bodies up to 20 kB, uploads up to 3 MB, at most 5 pictures in one request."""
    web, sender = FakeWeb(), FakeSender()
    kit, database = make_kit(sqlite_url, tmp_path, recorded_jobs, web)
    services, catalogue, plugins = furnish(kit, sender)
    admin = await services.keys.bootstrap()
    assert admin is not None
    caller = await services.keys.check(admin)
    async with kit.units() as uow:
        await uow.workspaces.add(Workspace("ws_other", "other", kit.now()))
    _, writer = await services.keys.create(caller.workspace_id, "writer", (Scope.read, Scope.write))
    _, reader = await services.keys.create(caller.workspace_id, "reader", (Scope.read,))
    _, other = await services.keys.create("ws_other", "other", ALL_SCOPES)
    app = stage.app(services, catalogue, plugins)
    async with AsyncTestClient(app, base_url=PUBLIC_URL, raise_server_exceptions=False) as client:
        yield World(app, client, services, catalogue, plugins, web, sender, admin, writer, reader, other)
    for desk in plugins.values():
        desk.close()
    await database.dispose()


@pytest.fixture(scope="session")
def picture() -> bytes:
    """A real photograph, as JPEG."""
    return picture_named("kodak_0001.jpg")


@pytest.fixture(scope="session")
def another_picture() -> bytes:
    """Another photograph."""
    return picture_named("kodak_0005.jpg")


def picture_named(name: str) -> bytes:
    return (resources.files("copyhound.demo") / "pictures" / name).read_bytes()


async def indexed(world: World, data: bytes, url: str = "https://shop.example.com/copy.jpg") -> None:
    """Put a picture into the collection `web`."""
    answer = await world.call("POST", "/collections/web/entries", files={"images": data}, data={"image_urls": url})
    assert answer.status_code == 201, answer.text


async def found(world: World, data: bytes) -> dict[str, Any]:
    """Index a copy, search for it, and answer the search with its one match."""
    await indexed(world, data)
    answer = await world.call("POST", "/searches?wait=30", files={"images": ("mine.jpg", data)})
    assert answer.status_code == 200, answer.text
    result: dict[str, Any] = answer.json()
    assert len(result["matches"]) == 1, result
    return result


def expired() -> datetime:
    return datetime.now(UTC) - timedelta(minutes=1)
