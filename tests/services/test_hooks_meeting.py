"""Subscribing while the same target is unsubscribed, on PostgreSQL: SQLite has one writer at a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from copyhound.services.hooks import HookFilter
from copyhound.storage import Database
from copyhound.storage.events import Hooks

from ..fixtures.blocked import blocked
from ..fixtures.houses import Home, home
from ..fixtures.telling import subscribed

TARGET = "https://hooks.example.com/in"


@pytest.fixture
async def house(tmp_path: Path, postgres_url: str) -> AsyncIterator[Home]:
    async with home(tmp_path / "data", postgres_url, work=False) as opened:
        yield opened


@pytest.fixture
async def beside(postgres_url: str) -> AsyncIterator[Database]:
    """The same database, seen by another server."""
    database = Database(postgres_url)
    yield database
    await database.dispose()


async def test_who_subscribes_while_it_is_unsubscribed_has_a_new_hook(house: Home, beside: Database) -> None:
    """It was there, and is deleted before it is taken: the answer is a hook that is stored, and new."""
    old, _ = await subscribed(house, TARGET)
    async with beside.write() as connection:
        await Hooks(connection).get(house.caller.workspace_id, old.id)
        making = asyncio.create_task(house.services.hooks.create(house.caller, TARGET, ("match_found",), HookFilter()))
        await blocked(beside)
        await Hooks(connection).delete(house.caller.workspace_id, old.id)
    made, secret, new = await making
    assert new
    assert made.id != old.id
    assert await house.services.hooks.get(house.caller, made.id) == made
    assert await house.services.hooks.secret(house.caller, made.id) == secret
