"""Hooks that are subscribed and unsubscribed in the same moment, on PostgreSQL: SQLite has one writer at a time."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import sqlalchemy as sa

from copyhound.domain.errors import CopyhoundError
from copyhound.domain.feeds import Feed
from copyhound.storage import Units
from copyhound.storage.events import Hooks

from ..fixtures.blocked import blocked
from .makers import AT, W1, a_hook, a_list

pytestmark = pytest.mark.parametrize("database_url", ["postgres"], indirect=True)


async def test_a_hook_that_goes_between_two_looks_is_made_again(units: Units, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one that is there is deleted before it is read: what `add` answers is stored."""
    async with units() as unit:
        await unit.hooks.add(a_hook("hook_old"), "same")
    one_row, gone = Hooks.one_row, False

    async def overtaken(self: Hooks, statement: sa.Executable) -> Any:
        nonlocal gone
        if isinstance(statement, sa.Select) and not gone:
            gone = True
            async with units() as other:
                assert await other.hooks.delete(W1, "hook_old")
        return await one_row(self, statement)

    monkeypatch.setattr(Hooks, "one_row", overtaken)
    async with units() as unit:
        made = await unit.hooks.add(a_hook("hook_new"), "same")
    assert gone
    async with units() as unit:
        assert await unit.hooks.get(W1, made.id) == made


async def test_a_hook_that_is_found_stays_until_the_unit_ends(units: Units) -> None:
    """Whoever subscribes again waits for who holds the hook; where that deletes it, a new one is made."""
    async with units() as unit:
        await unit.hooks.add(a_hook("hook_old"), "same")

    async def add() -> str:
        async with units() as unit:
            made = await unit.hooks.add(a_hook("hook_new"), "same")
            assert await unit.hooks.get(W1, made.id) == made
            return made.id

    async with units() as unit:
        await unit.hooks.get(W1, "hook_old")
        adding = asyncio.create_task(add())
        await blocked(units.database)
        await unit.hooks.delete(W1, "hook_old")
    assert await adding == "hook_new"


async def test_a_hook_is_not_changed_into_one_that_is_being_made(units: Units) -> None:
    """The change waits for the other's end, and is refused."""
    async with units() as unit:
        await unit.hooks.add(a_hook("hook_1"), "key 1")

    async def save() -> bool:
        async with units() as unit:
            return await unit.hooks.save(a_hook("hook_1"), "key 2")

    async with units() as unit:
        await unit.hooks.add(a_hook("hook_2"), "key 2")
        saving = asyncio.create_task(save())
        await blocked(units.database)
    assert not await saving


async def test_what_is_of_a_list_that_goes_is_not_found(units: Units) -> None:
    """The list was there when it was looked for, and is deleted before the feed is written: `not_found`."""
    async with units() as unit:
        await unit.lists.add(a_list())

    async def add() -> None:
        async with units() as unit:
            assert await unit.lists.get(W1, "list_1") is not None
            await unit.feeds.add(Feed("feed_1", W1, "list_1", ("match_found",), {}, "hash", AT))

    async with units() as unit:
        await unit.lists.delete(W1, "list_1")
        adding = asyncio.create_task(add())
        await blocked(units.database)
    with pytest.raises(CopyhoundError) as refused:
        await adding
    assert refused.value.code == "not_found"
