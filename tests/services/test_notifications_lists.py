"""Notifications whose lists are deleted."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from copyhound.domain.errors import CopyhoundError
from copyhound.domain.notifications import NewNotification, Notification, NotificationChanges
from copyhound.services.notifications_ends import ALL_GONE

from ..fixtures.findings import a_list
from ..fixtures.houses import Home, home


@pytest.fixture
async def house(tmp_path: Path, database_url: str) -> AsyncIterator[Home]:
    """Nothing works by itself here."""
    async with home(tmp_path / "data", database_url, work=False) as opened:
        yield opened


async def telling(house: Home, *list_ids: str) -> Notification:
    new = NewNotification("webhook", {"url": "http://127.0.0.1:9/in"}, list_ids)
    return await house.services.notifications.create(house.caller, new)


async def test_one_without_lists_says_so(house: Home) -> None:
    """With the last of its lists it is paused, and says why; those of other lists and of all stay as they are."""
    one, two, three = [(await a_list(house, label)).id for label in ("One", "Two", "Three")]
    made, other, every = await telling(house, one, two), await telling(house, three), await telling(house)
    get, delete, caller = house.services.notifications.get, house.services.lists.delete, house.caller
    await delete(caller, one)
    assert await get(caller, made.id) == made
    await delete(caller, two)
    paused = await get(caller, made.id)
    assert (paused.active, paused.last_error, paused.retry_at) == (False, ALL_GONE, None)
    assert [await get(caller, one.id) for one in (other, every)] == [other, every]


@pytest.mark.parametrize("error", [None, "The server of the mail answers no more."])
async def test_the_reason_stays_when_it_was_being_told(house: Home, error: str | None) -> None:
    """A message that was on its way when its list was deleted, sent or not, leaves the reason why it is paused."""
    gone = await a_list(house, "Gone")
    made = await telling(house, gone.id)
    await house.services.lists.delete(house.caller, gone.id)
    answer = {"error": error, "sent": error is None, "after": 7}
    await house.services.notifying.settle(made.workspace_id, made.id, "slot", 7, 1, answer)
    paused = await house.services.notifications.get(house.caller, made.id)
    assert (paused.active, paused.last_error, paused.retry_at) == (False, ALL_GONE, None)


async def test_it_goes_on_with_other_lists(house: Home) -> None:
    """Without lists that are there it is not woken; with others it is, and the error is gone."""
    gone, there = [(await a_list(house, label)).id for label in ("Gone", "There")]
    made, update = await telling(house, gone), house.services.notifications.update
    await house.services.lists.delete(house.caller, gone)
    with pytest.raises(CopyhoundError, match="conflict: All of its lists are deleted"):
        await update(house.caller, made.id, NotificationChanges(active=True))
    changed = await update(house.caller, made.id, NotificationChanges(list_ids=(there,), active=True))
    assert (changed.active, changed.last_error, changed.list_ids) == (True, None, (there,))


async def test_one_that_is_made_meanwhile_is_not_overlooked(house: Home) -> None:
    """Made while its list is deleted, it is refused or paused: never left to wait for nothing."""
    for number in range(5):
        wanted = await a_list(house, f"List {number}")
        made, _ = await asyncio.gather(
            telling(house, wanted.id), house.services.lists.delete(house.caller, wanted.id), return_exceptions=True
        )
        if isinstance(made, Notification):
            assert not (await house.services.notifications.get(house.caller, made.id)).active
        else:
            assert isinstance(made, CopyhoundError)
            assert made.code == "invalid_request"
