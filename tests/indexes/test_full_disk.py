"""The disk is full from one call of the index to it on: memory is right, and later the disk is."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from copyhound.domain.errors import CopyhoundError
from copyhound.indexes import BruteForceIndex, EmbeddedIndex

from .synthetic import numbers, record
from .test_embedded import answers, look_for, pictures

_CALLS = (
    (os, "fsync"), (os, "posix_fallocate"), (tempfile, "mkstemp"), (Path, "replace"), (Path, "mkdir"), (Path, "open")
)  # fmt: skip


class Disk:
    """Fills up at a call to it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.calls, self.full_from = 0, 10**9
        for owner, name in _CALLS:
            monkeypatch.setattr(owner, name, self._counted(getattr(owner, name)))

    def _counted(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **more: Any) -> Any:
            self.calls += 1
            if self.calls > self.full_from:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return real(*args, **more)

        return call


async def tell(index: EmbeddedIndex | BruteForceIndex, after: int = 0) -> None:
    """The changes after one: entries come, are replaced, and leave."""
    shown = pictures(12)
    changes: list[Callable[[], Any]] = [
        lambda: index.upsert([record(n, shown[n]) for n in range(5)]),
        lambda: index.upsert([record(n, shown[n]) for n in range(4, 8)]),
        lambda: index.remove([1, 5]),
        lambda: index.upsert([record(2, shown[9])]),
        lambda: index.remove([0, 7]),
    ]
    for seq, change in enumerate(changes[after:], after + 1):
        await change()
        await index.set_mark(seq)


async def refused(index: EmbeddedIndex) -> None:
    with pytest.raises(CopyhoundError, match="No space left") as error:
        await index.optimise()
    assert error.value.code == "unavailable"


async def is_right(index: EmbeddedIndex) -> bool:
    """What is there is found first, and nothing that left is proposed. (How much it scores hangs on merges.)"""
    shown = pictures(12)
    found = [numbers(await look_for(index, shown[n])) for n in (9, 4, 0)]
    proposed = {number for one in found for number in one}
    return await index.count() == 4 and [found[0][0], found[1][0]] == [2, 4] and proposed <= {2, 3, 4, 6}


async def test_a_disk_that_fills_up_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever could not be written, nothing is lost, nothing comes back, and all is written when there is room."""
    brute = BruteForceIndex()
    await tell(brute)
    right = await answers(brute)
    disk, full_from, all_calls = Disk(monkeypatch), 0, 1
    while full_from < all_calls:
        folder = tmp_path / str(full_from)
        disk.full_from = 10**9
        index = EmbeddedIndex(folder, flush_after=3)
        disk.calls, disk.full_from = 0, full_from or 10**9
        await tell(index)
        if full_from:
            await refused(index)
        else:
            await index.optimise()
            all_calls = disk.calls
        assert await is_right(index)
        await index.close()
        disk.full_from = 10**9
        index = EmbeddedIndex(folder, flush_after=3)
        await tell(index, await index.mark())
        assert await index.count() == 4
        await index.optimise()
        assert await answers(index) == right
        assert len(list(folder.glob("segment-*"))) == 1
        assert not list(folder.glob(".new-*"))
        await index.close()
        full_from += 4
    assert all_calls > 20
