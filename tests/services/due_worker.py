"""A process of its own that queues what is due when it is told to: `python due_worker.py FOLDER URL NAME TIME [work]`.

With `work` it sends too, until it is killed.
"""

from __future__ import annotations

import asyncio
import sys
from datetime import datetime

from copyhound.bootstrap import open_house
from copyhound.settings import load_settings


async def work(folder: str, url: str, name: str, time: str, sends: str = "") -> None:
    """Say `ready`, wait for a line, and say how many were queued here."""
    at = datetime.fromisoformat(time)
    net = {"allow_hosts": ["127.0.0.0/8"]}
    settings = load_settings({}, data=folder, database_url=url, executor_id=name, net=net)
    async with open_house(settings, work=bool(sends), clock=lambda: at) as house:
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        print(await house.services.notifying.send_due(), flush=True)
        if sends:
            await asyncio.to_thread(sys.stdin.readline)


if __name__ == "__main__":
    asyncio.run(work(*sys.argv[1:]))
