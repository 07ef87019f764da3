"""Killed (-9) while segments are merged: nothing is lost, and what the dead left behind is cleared away."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from copyhound.indexes import BruteForceIndex, EmbeddedIndex

from .synthetic import record
from .test_embedded import ROOT, answers, folders, pictures

OWNER = """
import asyncio, subprocess, sys, time
from pathlib import Path
from copyhound.indexes import embedded, segments, shelf
from tests.indexes.test_embedded import in_four_segments, pictures

folder, where = Path(sys.argv[1]), sys.argv[2]

def hang(*told):
    print("here", *told, flush=True)
    time.sleep(1000)

real = subprocess.Popen

def start(command, **more):
    names = command[command.index("copyhound.indexes.merging") + 1:]
    code = '''
import time
from pathlib import Path
from copyhound.indexes.merging import main
while not Path({!r}).exists():
    time.sleep(0.01)
main()
'''.format(str(folder.parent / "go"))
    return real([sys.executable, "-c", code, *names], **more)

async def run():
    subprocess.Popen = start
    index = await in_four_segments(folder, pictures(20))
    if where == "child":
        hang(index._shelves["ws_1", "col_1"]._merging._process.pid)
    if where == "postings":
        segments.append = hang
    if where == "manifest":
        merge_all = shelf.Shelf.merge_all
        def merged(*args):
            merge_all(*args)
            embedded.write_atomically = hang
        shelf.Shelf.merge_all = merged
    await index.optimise()

asyncio.run(run())
"""


class Owner:
    """A process in the midst of merging four segments of five entries each."""

    def __init__(self, folder: Path, where: str) -> None:
        command = [sys.executable, "-c", OWNER, str(folder), where]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
        assert self.process.stdout is not None
        self.told = self.process.stdout.readline().split()
        assert self.told[0] == "here"

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()


async def right() -> list[list[tuple[int, float]]]:
    """What an index of those twenty entries answers."""
    brute = BruteForceIndex()
    await brute.upsert([record(n, one) for n, one in enumerate(pictures(20))])
    return await answers(brute)


@pytest.mark.parametrize("where", ["postings", "manifest"])
async def test_killed_while_it_merges(tmp_path: Path, where: str) -> None:
    """Half of a merged segment, or a whole one that no manifest names, is cleared away; the old ones answer."""
    folder = tmp_path / "index"
    Owner(folder, where).kill()
    assert folders(folder) >= 5
    for _ in range(2):
        index = EmbeddedIndex(folder)
        assert folders(folder) == 4
        assert (await index.count(), await index.mark()) == (20, 20)
        assert await answers(index) == await right()
        await index.close()


async def test_an_orphaned_child_harms_nothing(tmp_path: Path) -> None:
    """A child that goes on merging after its owner was killed writes what nobody reads, and what the next clears."""
    folder = tmp_path / "index"
    owner = Owner(folder, "child")
    owner.kill()
    index = EmbeddedIndex(folder)
    (tmp_path / "go").touch()
    child = Path(f"/proc/{owner.told[1]}/stat")
    while child.exists() and child.read_text().split()[2] != "Z":
        await asyncio.sleep(0.01)
    assert (await index.count(), await index.mark()) == (20, 20)
    assert await answers(index) == await right()
    await index.optimise()
    assert folders(folder) == 1
    assert await answers(index) == await right()
    await index.close()
    index = EmbeddedIndex(folder)
    assert await answers(index) == await right()
    await index.close()
