"""State that is held while it is counted on, on PostgreSQL: SQLite has one writer at a time."""

from __future__ import annotations

import asyncio

import pytest

from copyhound.storage import Units

from ..fixtures.blocked import blocked
from .makers import W1

pytestmark = pytest.mark.parametrize("database_url", ["postgres"], indirect=True)


@pytest.mark.parametrize("key", ["same", "other"])
async def test_who_holds_state_may_append_events(units: Units, key: str) -> None:
    """The log's lock is taken first, whatever the key: two who hold state and append wait in a line, not in a ring."""

    async def second() -> None:
        async with units() as unit:
            await unit.state.hold(W1, "core", key)
            await unit.state.put(W1, "core", {"same": 2})

    async with units() as unit:
        await unit.state.hold(W1, "core", "same")
        waiting = asyncio.create_task(second())
        await blocked(units.database)
        await unit.state.put(W1, "core", {"same": 1})
    await waiting
    async with units.read() as unit:
        assert await unit.state.get(W1, "core", "same") == 2
