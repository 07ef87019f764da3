"""The schema's history, by Alembic; the same for both databases, and run by the program itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from copyhound.storage import (
    tables_accounts,
    tables_collections,
    tables_events,
    tables_lists,
    tables_matches,
    tables_notifications,
)
from copyhound.storage.database import Database
from copyhound.storage.types import Base

if TYPE_CHECKING:
    # loaded where it is needed: most starts find the schema up to date
    from alembic.config import Config
    from alembic.runtime.migration import MigrationContext

METADATA = Base.metadata
TABLE_MODULES = (
    tables_accounts,
    tables_collections,
    tables_events,
    tables_lists,
    tables_matches,
    tables_notifications,
)
VERSION_TABLE = "copyhound_version"

_MIGRATIONS_LOCK = 0x636F_7079_6503
_DIGITS = 4
"""Of a revision: its file's name begins with it."""


async def upgrade(database: Database, revision: str = "head") -> None:
    """Bring the schema up to `revision`. Safe to be called by several processes at once."""
    if revision == "head" and await _is_up_to_date(database):
        return
    from alembic import command

    await _run(database, lambda config: command.upgrade(config, revision))


async def downgrade(database: Database, revision: str) -> None:
    """Take the schema back to `revision`; `base` for an empty database. Data in what is dropped is lost."""
    from alembic import command

    await _run(database, lambda config: command.downgrade(config, revision))


async def revision_of(database: Database) -> str | None:
    """The revision that the database is at; None for an empty one."""
    async with database.schema_change() as connection:
        return await connection.run_sync(lambda sync: _context(sync).get_current_revision())


async def differences(database: Database) -> list[Any]:
    """How the migrated schema differs from the tables in the code; empty where all is well."""
    from alembic.autogenerate import compare_metadata

    async with database.schema_change() as connection:
        return await connection.run_sync(lambda sync: list(compare_metadata(_context(sync), METADATA)))


def head() -> str | None:
    """The newest revision that the code knows."""
    from alembic.script import ScriptDirectory

    return ScriptDirectory.from_config(_config()).get_current_head()


def ours(thing: Any, name: str | None, kind: str, reflected: bool, other: Any) -> bool:
    """Whether a table is ours: durable work keeps its own tables in the same database."""
    return kind != "table" or name in METADATA.tables


async def _is_up_to_date(database: Database) -> bool:
    newest = max(file.stem for file in (Path(__file__).parent / "versions").glob("[0-9]*.py"))
    async with database.schema_change() as connection:
        return newest[:_DIGITS] in await connection.run_sync(_versions)


def _versions(connection: sa.Connection) -> list[str]:
    if not sa.inspect(connection).has_table(VERSION_TABLE):
        return []
    return list(connection.scalars(sa.text(f"select version_num from {VERSION_TABLE}")))


def _config(connection: sa.Connection | None = None) -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["connection"] = connection
    return config


def _context(connection: sa.Connection) -> MigrationContext:
    from alembic.runtime.migration import MigrationContext

    options = {"version_table": VERSION_TABLE, "include_object": ours, "compare_type": True}
    return MigrationContext.configure(connection, opts={**options, "target_metadata": METADATA})


async def _run(database: Database, work: Callable[[Config], None]) -> None:
    async with database.schema_change() as connection:
        if database.backend == "postgresql":
            await connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_MIGRATIONS_LOCK)))
        await connection.run_sync(lambda sync: work(_config(sync)))
