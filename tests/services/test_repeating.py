"""Lists and notifications that are asked for again with the same key."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from copyhound.domain.notifications import NewNotification

from ..fixtures.houses import Home, home

NEW = NewNotification("webhook", {"url": "http://127.0.0.1:9/in"})


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[Home]:
    """Nothing works by itself here."""
    async with home(tmp_path / "data", work=False) as opened:
        yield opened


async def test_a_key_stands_for_one_thing_for_a_day(house: Home) -> None:
    """The same is answered to the same key, another to another; after a day the key makes a new one."""
    lists, notifications, caller = house.services.lists, house.services.notifications, house.caller

    async def made(key: str | None) -> tuple[str, str]:
        one = await lists.create(caller, "Summer", key=key)
        return one.id, (await notifications.create(caller, NEW, key=key)).id

    first = await made("a")
    assert await made("a") == first
    others = [await made("b"), await made(None), await made(None)]
    house.clock.turn(days=1)
    others.append(await made("a"))
    assert len({first, *others}) == 5
    assert len({kind for pair in (first, *others) for kind in pair}) == 10
