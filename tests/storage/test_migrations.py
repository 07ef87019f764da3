from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from copyhound.domain.hooks import HookStatus
from copyhound.services.hook_ends import LISTS_GONE
from copyhound.storage import Database, Units
from copyhound.storage.migrations import differences, downgrade, head, revision_of, upgrade

from .makers import AT, W1, W2, a_hook, a_list, an_entry, an_image, web


@pytest.fixture(params=["sqlite", "postgres"])
async def empty(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    """A database without any table."""
    sqlite = f"sqlite:///{tmp_path}/empty.db"
    database = Database(sqlite if request.param == "sqlite" else request.getfixturevalue("empty_postgres_url"))
    yield database
    await database.dispose()


async def test_the_migrated_schema_is_that_of_the_tables(empty: Database) -> None:
    """Alembic sees no difference between the migrations' result and the code."""
    assert await differences(empty) != []
    await upgrade(empty)
    assert await differences(empty) == []
    assert await revision_of(empty) == head()


async def test_migrations_go_down_and_up_again(empty: Database) -> None:
    """Every migration can be taken back, down to nothing."""
    await upgrade(empty)
    await downgrade(empty, "base")
    assert await _tables(empty) <= {"copyhound_version"}
    await upgrade(empty)
    assert await differences(empty) == []


async def test_each_step_can_be_taken_alone(empty: Database) -> None:
    """One revision after the other, up and down."""
    revisions = [f"{number:04}" for number in range(1, int(head() or 0) + 1)]
    for revision in (*revisions, *revisions[-2::-1]):
        await (upgrade if revision > (await revision_of(empty) or "") else downgrade)(empty, revision)
        assert await revision_of(empty) == revision


async def test_several_processes_may_upgrade_at_once(empty: Database) -> None:
    """The first one migrates, the others find it done."""
    await asyncio.gather(*[upgrade(empty) for _ in range(3)])
    assert await differences(empty) == []


async def test_an_up_to_date_schema_is_left_alone(empty: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Most starts have nothing to migrate, and don't ask the migrations' tool."""
    await upgrade(empty)
    monkeypatch.setattr("alembic.command.upgrade", lambda *_: pytest.fail("asked though nothing is to be done"))
    await upgrade(empty)
    assert await revision_of(empty) == head()


async def test_tables_of_others_are_left_alone(empty: Database) -> None:
    """Durable work keeps its own tables in the same database."""
    async with empty.schema_change() as connection:
        await connection.execute(sa.text("CREATE TABLE workflow_status (id INTEGER PRIMARY KEY)"))
    await upgrade(empty)
    assert await differences(empty) == []
    await downgrade(empty, "base")
    assert "workflow_status" in await _tables(empty)


async def test_an_upgrade_keeps_what_is_there(units: Units) -> None:
    """Migrating a database that is up to date loses nothing, although SQLite checks no foreign keys meanwhile."""
    async with units() as unit:
        await unit.lists.add(a_list())
        await unit.images.add([an_image()])
    await upgrade(units.database)
    async with units.read() as unit:
        assert await unit.images.get(W1, "image_1") == an_image()


async def test_bands_are_made_anew_from_the_hashes(units: Units) -> None:
    """Down to bands of 16 bits and up again, the same is found, and collections hold fingerprints of version 1."""
    async with units() as unit:
        collection = await web(unit)
        for name in ("one", "two"):
            await unit.collections.put_entry(collection, an_entry(name), AT)
    before = await _bands(units.database)
    await downgrade(units.database, "0003")
    old = await _bands(units.database)
    assert len(old) == 2 * 16
    assert {token >> 16 for _, token, _ in old} == set(range(16))
    await upgrade(units.database)
    assert await _bands(units.database) == before
    async with units.read() as unit:
        again = await unit.collections.by_name(W1, "web")
        assert again is not None
        assert again.fingerprint_version == 1
        assert len(await unit.collections.hash_candidates(again, [an_entry("two").hash256], 31, 5)) == 1


async def _bands(database: Database) -> list[tuple[int, int, int]]:
    async with database.read() as connection:
        rows = await connection.execute(sa.text("SELECT collection, token, number FROM hash_bands ORDER BY 1, 2, 3"))
        return [(row[0], row[1], row[2]) for row in rows]


async def _tables(database: Database) -> set[str]:
    async with database.schema_change() as connection:
        return set(await connection.run_sync(lambda sync: sa.inspect(sync).get_table_names()))


async def test_hooks_whose_lists_are_gone_are_disabled(units: Units) -> None:
    """Active hooks that wait for deleted lists alone are disabled with the reason that deleting a list gives."""
    filters: dict[str, dict[str, list[str]]] = {
        "gone": {"list_ids": ["list_9"]},
        "half": {"list_ids": ["list_9", "list_1"]},
        "all": {},
    }
    async with units() as unit:
        await unit.lists.add(a_list())
        for name, where in filters.items():
            await unit.hooks.add(a_hook(name, filter=where), name)
        asleep = a_hook("asleep", filter=filters["gone"], status=HookStatus.disabled, status_reason="Other.")
        await unit.hooks.add(asleep, "asleep")
        await unit.hooks.add(a_hook("theirs", workspace_id=W2, filter={"list_ids": ["list_1"]}), "theirs")
    await downgrade(units.database, "0013")
    await upgrade(units.database)
    async with units.read() as unit:
        kept = {name: await unit.hooks.get(W1, name) for name in (*filters, "asleep")}
        kept["theirs"] = await unit.hooks.get(W2, "theirs")
    told = {name: (hook.status, hook.status_reason) for name, hook in kept.items() if hook}
    active, ended = (HookStatus.active, None), (HookStatus.disabled, LISTS_GONE)
    asleep_still = HookStatus.disabled, "Other."
    assert told == {"gone": ended, "half": active, "all": active, "asleep": asleep_still, "theirs": ended}
