"""How a task that runs until it is cancelled comes to its end."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Final

_AGAIN_SECONDS: Final = 1.0


async def cancelled(task: asyncio.Task[None]) -> None:
    """Cancel a task and wait for its end; raises what it raised.

    One cancellation may be lost on its way, as by Python 3.11's `asyncio.wait_for`: it is said again.
    """
    while not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=_AGAIN_SECONDS)
    with contextlib.suppress(asyncio.CancelledError):
        task.result()
