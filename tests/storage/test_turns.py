"""SQLite's one writer at a time: whose turn it is."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from copyhound.domain.errors import CopyhoundError
from copyhound.storage import database


def engines() -> Any:
    return SimpleNamespace(sqlite=True, lock=asyncio.Lock())


@pytest.mark.parametrize("steps", range(6))
async def test_a_cancellation_is_not_lost(steps: int) -> None:
    """Who is cancelled while the turn comes to it ends, at whatever moment, and gives the turn back."""
    turns = engines()
    await turns.lock.acquire()

    async def work() -> None:
        async with database._turn(turns):
            await asyncio.Event().wait()

    task = asyncio.create_task(work())
    for _ in range(5):
        await asyncio.sleep(0)
    turns.lock.release()
    for _ in range(steps):
        await asyncio.sleep(0)
    task.cancel()
    done, _ = await asyncio.wait({task}, timeout=20)
    task.cancel()
    assert done == {task}
    assert task.cancelled()
    assert not turns.lock.locked()


async def test_a_turn_that_does_not_come_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who waits too long is told that the database is busy, and takes no later turn."""
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.001)
    turns = engines()
    await turns.lock.acquire()
    with pytest.raises(CopyhoundError, match="busy"):
        async with database._turn(turns):
            pass
    turns.lock.release()
    assert not turns.lock.locked()
