"""A rebuild that is killed half way."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from copyhound.services.candidates import Rebuilt
from copyhound.services.indexing import IndexState

from ..fixtures import photos
from ..fixtures.houses import Home, home

SITE = "https://a.example.com"
REBUILD = """
import asyncio, sys, time
from functools import partial
from pathlib import Path
from copyhound import bootstrap
from copyhound.indexes import EmbeddedIndex
from copyhound.services import candidates
from tests.fixtures.houses import home

async def main():
    candidates._BATCH = 2
    bootstrap.EmbeddedIndex = partial(EmbeddedIndex, flush_after=2)
    real = EmbeddedIndex.set_mark

    async def set_mark(index, seq):
        await real(index, seq)
        if seq == 4:
            print("half", flush=True)
            time.sleep(1000)

    async with home(Path(sys.argv[1]), work=False) as house:
        EmbeddedIndex.set_mark = set_mark
        await house.services.collections.rebuild()

asyncio.run(main())
"""


async def found(house: Home, number: int) -> list[str]:
    matches = await house.services.collections.search(house.caller, "web", photos.photo(number))
    return [match.entry.image_url for match in matches]


def kill_half_way(data: Path) -> None:
    """Four of seven changes are in, and on the disk, when it is killed."""
    command = [sys.executable, "-c", REBUILD, str(data)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2])
    assert process.stdout is not None
    assert process.stdout.readline() == "half\n"
    process.kill()
    process.wait()
    process.stdout.close()


@pytest.mark.parametrize("again", [False, True])
async def test_a_killed_rebuild_is_taken_up_again(tmp_path: Path, again: bool) -> None:
    """The next search goes on where it was killed, or another rebuild begins anew; all is found in either case."""
    data = tmp_path / "data"
    async with home(data, work=False) as house:
        for number in range(7):
            await house.index(f"{SITE}/{number}.jpg", photos.photo(number))
    kill_half_way(data)
    async with home(data, work=False) as house:
        status = await house.services.indexing.status(house.caller)
        assert (status.state, status.mark, status.pending) == (IndexState.behind, 4, 3)
        assert status.collections[0].part.entries == 4
        if again:
            assert await house.services.collections.rebuild() == Rebuilt(7, 7)
        assert [await found(house, number) for number in range(7)] == [[f"{SITE}/{number}.jpg"] for number in range(7)]
        assert await house.services.kit.index.count() == 7
