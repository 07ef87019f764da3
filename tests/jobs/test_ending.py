"""The end of tasks that run until they are cancelled."""

from __future__ import annotations

import asyncio

import pytest

from copyhound.jobs import ending


async def test_a_task_that_swallows_a_cancellation_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """A cancellation that is lost on the way is said again until the task has ended."""
    monkeypatch.setattr(ending, "_AGAIN_SECONDS", 0.001)
    begun, lost = asyncio.Event(), 0

    async def deaf() -> None:
        nonlocal lost
        while True:
            try:
                begun.set()
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                lost += 1
                if lost == 3:
                    raise

    task = asyncio.create_task(deaf())
    await begun.wait()
    async with asyncio.timeout(30):
        await ending.cancelled(task)
    assert (task.cancelled(), lost) == (True, 3)


async def test_what_a_task_raised_is_told() -> None:
    """A task that had failed tells it when it is ended; one that had ended in peace does not."""

    async def fail() -> None:
        raise ValueError("broken")

    async def rest() -> None:
        return

    failed, rested = asyncio.create_task(fail()), asyncio.create_task(rest())
    await asyncio.wait({failed, rested})
    await ending.cancelled(rested)
    with pytest.raises(ValueError, match="broken"):
        await ending.cancelled(failed)
