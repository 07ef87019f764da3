"""A process of its own that queues what is due when it is told to: `python due_worker.py FOLDER URL NAME TIME`."""

from __future__ import annotations

import asyncio
import sys
from datetime import datetime

from copyhound.bootstrap import open_house
from copyhound.settings import load_settings


async def work(folder: str, url: str, name: str, time: str) -> None:
    """Say `ready`, wait for a line, and say how many were queued here."""
    at = datetime.fromisoformat(time)
    settings = load_settings({}, data=folder, database_url=url, executor_id=name)
    async with open_house(settings, work=False, clock=lambda: at) as house:
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        print(await house.services.notifying.send_due(), flush=True)


if __name__ == "__main__":
    asyncio.run(work(*sys.argv[1:]))
