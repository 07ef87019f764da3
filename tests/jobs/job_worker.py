"""A process that takes jobs, or stands for leader, until it is killed. Run by the tests.

Arguments: database URL, executor id, folder for marks, role (jobs or leader).
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from copyhound.jobs.definitions import JobDefinition
from copyhound.jobs.leader import Leader
from copyhound.jobs.runtime import JobRuntime

URL, EXECUTOR, FOLDER, ROLE = sys.argv[1:]


def mark(name: str, text: str = "") -> None:
    """Append one line to a file of marks, whole."""
    file = os.open(Path(FOLDER) / name, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(file, f"{EXECUTOR} {text}\n".encode())
    os.close(file)


async def ask(key: str) -> dict[str, str]:
    """Step one: what would be paid for."""
    mark("asked", key)
    return {"key": key, "by": EXECUTOR}


async def settle(key: str, answer: dict[str, str]) -> None:
    """Step two: hangs until somebody lets it go."""
    mark("settling", key)
    while not (Path(FOLDER) / "go").exists():
        await asyncio.sleep(0.01)
    mark("settled", f"{key} {answer['by']}")


async def touch(key: str) -> None:
    """A short job."""
    mark("touched", key)


async def main() -> None:
    """Start, say so, and go on for ever."""
    if ROLE == "leader":
        await Leader(URL, check_seconds=0.2).run(lambda: asyncio.to_thread(print, "ready", flush=True), touched)
    jobs = {"lookup": JobDefinition(ask, settle), "search": JobDefinition(touch)}
    await JobRuntime(URL, executor_id=EXECUTOR, jobs=jobs).start()
    print("ready", flush=True)
    await asyncio.Event().wait()


async def touched() -> None:
    """Leadership was lost."""
    mark("lost")


asyncio.run(main())
