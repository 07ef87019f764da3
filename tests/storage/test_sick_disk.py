"""A full or read-only disk and a file that is no database are told in a sentence, at the start and later."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from copyhound.domain.errors import CopyhoundError
from copyhound.storage import Database
from copyhound.storage import database as database_module
from copyhound.storage.migrations import upgrade

FILL = "CREATE TABLE much AS SELECT randomblob(100000) AS bytes"


async def written(database: Database, *statements: str) -> None:
    """Run statements in a unit that writes."""
    async with database.write() as connection:
        for statement in statements:
            await connection.exec_driver_sql(statement)


@pytest.fixture
def sqlite(sqlite_url: str) -> Database:
    return Database(sqlite_url)


async def test_a_full_disk_is_told(sqlite: Database) -> None:
    """SQLite finds no room for another page: the unit ends as `unavailable`, and the next one reads as ever."""
    with pytest.raises(CopyhoundError, match="unavailable: The disk is full"):
        await written(sqlite, "PRAGMA max_page_count=1", FILL)
    async with sqlite.read() as connection:
        assert (await connection.execute(sa.text("SELECT count(*) FROM workspaces"))).scalar() == 0
    await sqlite.dispose()


async def test_a_read_only_database_is_told(sqlite: Database) -> None:
    """A write that the disk forbids is `unavailable`; one in a unit that only reads is our own mistake, and stays."""
    with pytest.raises(CopyhoundError, match="unavailable: The database cannot be written"):
        await written(sqlite, "PRAGMA query_only=ON", FILL)
    with pytest.raises(DBAPIError):
        async with sqlite.read() as connection:
            await connection.exec_driver_sql(FILL)
    await sqlite.dispose()


async def test_a_mistake_of_ours_stays_an_error(sqlite: Database) -> None:
    """Wrong SQL is not blamed on the disk."""
    with pytest.raises(DBAPIError):
        async with sqlite.write() as connection:
            await connection.exec_driver_sql("SELECT nothing FROM nowhere")
    await sqlite.dispose()


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    """Garbage in place of the database is refused when it is opened, and left as it is."""
    file = tmp_path / "copyhound.db"
    garbage = os.urandom(9000)
    file.write_bytes(garbage)
    with pytest.raises(CopyhoundError, match="unavailable: The database file is not a database"):
        Database(f"sqlite:///{file}")
    assert file.read_bytes() == garbage


def test_a_file_that_cannot_be_opened_is_told(tmp_path: Path) -> None:
    """A folder in place of the database, or one that may not be entered."""
    with pytest.raises(CopyhoundError, match="unavailable: The database file cannot be opened"):
        Database(f"sqlite:///{tmp_path}")


async def test_a_file_that_turns_bad_is_told_by_the_upgrade(tmp_path: Path) -> None:
    """What is no database any more by the time of the upgrade is told all the same."""
    file = tmp_path / "copyhound.db"
    database = Database(f"sqlite:///{file}")
    file.write_bytes(os.urandom(9000))
    with pytest.raises(CopyhoundError, match="unavailable: The database file is not a database"):
        await upgrade(database)
    await database.dispose()


async def test_a_database_that_does_not_answer_is_told_by_the_upgrade() -> None:
    """A server that is not there is `unavailable` at the start, too."""
    database = Database("postgresql://nobody@127.0.0.1:1/nothing")
    with pytest.raises(CopyhoundError, match="unavailable: The database does not answer"):
        await upgrade(database)
    await database.dispose()


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("disk I/O error", "fails, or is full"),
        ("database disk image is malformed", "damaged"),
        ("attempt to write a readonly database", "read-only"),
        ("database is locked", "busy"),
    ],
)
def test_each_trouble_has_its_sentence(said: str, told: str) -> None:
    """Whether it comes from SQLite itself or through SQLAlchemy."""
    plain = sqlite3.OperationalError(said)
    for error in (plain, DBAPIError("SELECT 1", {}, plain)):
        with pytest.raises(CopyhoundError, match=told), database_module._translated():
            raise error


async def test_a_text_with_nul_is_refused_by_postgres(postgres_url: str) -> None:
    """PostgreSQL keeps no NUL in texts: a client that sends one is told, and nothing is blamed on us."""
    database = Database(postgres_url)
    for statement in ("SELECT CAST(:text AS text)", "SELECT CAST(CAST(:json AS jsonb) ->> 0 AS text)"):
        with pytest.raises(CopyhoundError, match="invalid_request: A text holds the character NUL"):
            await asked(database, sa.text(statement), {"text": "a\0b", "json": '["\\u0000"]'})
    await database.dispose()


async def asked(database: Database, statement: sa.TextClause, values: dict[str, str]) -> None:
    """Ask in a unit that reads."""
    async with database.read() as connection:
        await connection.execute(statement, {name: values[name] for name in statement._bindparams})
