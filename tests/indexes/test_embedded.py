"""The embedded engine: one owner, quick to open, and nothing lost when the process is killed."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from copyhound.domain.errors import CopyhoundError
from copyhound.domain.ports import IndexRecord
from copyhound.indexes import BruteForceIndex, EmbeddedIndex

WRITER = """
import asyncio, random, sys
from pathlib import Path
from copyhound.indexes import EmbeddedIndex
sys.path.insert(0, sys.argv[3])
from changes import change

async def main():
    index = EmbeddedIndex(Path(sys.argv[1]), tidy_after=int(sys.argv[4]))
    seq = await index.mark()
    print("open", seq, flush=True)
    while True:
        seq += 1
        done = change(seq)
        if done.words is None:
            await index.remove([done.number])
        else:
            await index.upsert([done.record()])
        print("done", seq, flush=True)
        if seq % 7 == 0:
            await index.set_mark(seq)
            print("mark", seq, flush=True)

asyncio.run(main())
"""

CHANGES = '''
"""The change log that the killed writer follows: change(seq) is always the same."""
import random
from dataclasses import dataclass
from copyhound.domain.ports import IndexRecord

@dataclass
class Change:
    number: int
    words: "dict[int, float] | None"

    def record(self):
        return IndexRecord(self.number, "ws", "col", self.words)

def change(seq):
    rng = random.Random(seq)
    words = {rng.randrange(300): rng.uniform(0.2, 2.0) for _ in range(20)}
    return Change(rng.randrange(200), None if rng.random() < 0.2 else words)
'''


class Writer:
    """A process that applies the change log until it is killed."""

    def __init__(self, folder: Path, code: Path, tidy_after: int) -> None:
        command = [sys.executable, "-c", WRITER, str(folder), "-", str(code), str(tidy_after)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.done = 0
        self.marked = 0

    def read(self, lines: int) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            what, seq = line.split()
            self.done = max(self.done, int(seq))
            if what in ("mark", "open"):
                self.marked = int(seq)
            lines -= 1
            if lines == 0:
                return

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.read(-1)
        self.process.wait()


@pytest.fixture
def code(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "code"
    folder.mkdir()
    (folder / "changes.py").write_text(CHANGES)
    sys.path.insert(0, str(folder))
    yield folder
    sys.path.remove(str(folder))
    sys.modules.pop("changes", None)


async def state(index: BruteForceIndex | EmbeddedIndex) -> list[tuple[int, int, float]]:
    rng = random.Random(99)
    variants = [{rng.randrange(300): 1.0 for _ in range(30)} for _ in range(2)]
    hits = await index.candidates("ws", "col", variants, 1000)
    return sorted((hit.number, hit.variant, round(hit.score, 3)) for hit in hits)


async def apply(index: BruteForceIndex | EmbeddedIndex, first: int, last: int) -> None:
    from changes import change  # type: ignore[import-not-found] # written by the fixture

    for seq in range(first, last + 1):
        done = change(seq)
        if done.words is None:
            await index.remove([done.number])
        else:
            await index.upsert([done.record()])


@pytest.mark.parametrize("tidy_after", [100_000, 40])
async def test_kill_loses_nothing(tmp_path: Path, code: Path, tidy_after: int) -> None:
    """Killed again and again, the index is never behind its mark, and replaying from the mark makes it right."""
    folder = tmp_path / "index"
    rng = random.Random(tidy_after)
    last = 0
    for _ in range(5):
        writer = Writer(folder, code, tidy_after)
        writer.read(rng.randrange(20, 120))
        writer.kill()
        # one more may have been written than we were told of
        last = max(last, writer.done + 1)
        brute = BruteForceIndex()
        await apply(brute, 1, last)
        index = EmbeddedIndex(folder)
        mark = await index.mark()
        assert writer.marked <= mark <= last
        await apply(index, mark + 1, last)
        assert await index.count() == await brute.count()
        assert await state(index) == await state(brute)
        await index.close()


async def test_acknowledged_writes_survive_without_a_mark(tmp_path: Path, code: Path) -> None:
    """What an upsert acknowledged before any mark is there after a kill."""
    writer = Writer(tmp_path / "index", code, 100_000)
    writer.read(6)
    writer.kill()
    index, brute = EmbeddedIndex(tmp_path / "index"), BruteForceIndex()
    there = await state(index)
    await index.close()
    await apply(brute, 1, writer.done)
    told = await state(brute)
    await apply(brute, writer.done + 1, writer.done + 1)
    assert there in (told, await state(brute))
    assert there


async def test_second_opener_is_refused(tmp_path: Path) -> None:
    """While one has the folder, another gets data_in_use; after close it may have it, with all that is in."""
    first = EmbeddedIndex(tmp_path)
    await first.upsert([IndexRecord(1, "ws", "col", {1: 1.0})])
    with pytest.raises(CopyhoundError) as refused:
        EmbeddedIndex(tmp_path)
    assert refused.value.code == "data_in_use"
    await first.set_mark(3)
    await first.close()
    await first.close()
    second = EmbeddedIndex(tmp_path)
    assert (await second.count(), await second.mark()) == (1, 3)
    await second.close()


async def test_closed_index_says_so(tmp_path: Path) -> None:
    """Asking a closed index is a clear error."""
    index = EmbeddedIndex(tmp_path)
    await index.close()
    with pytest.raises(CopyhoundError) as refused:
        await index.count()
    assert refused.value.code == "unavailable"


async def test_unreadable_shard_starts_anew(tmp_path: Path) -> None:
    """A shard that cannot be read is put aside, and the mark says that everything must come again."""
    index = EmbeddedIndex(tmp_path)
    await index.upsert([IndexRecord(1, "ws", "col", {1: 1.0})])
    await index.set_mark(5)
    await index.close()
    for segment in (tmp_path / "shard" / "segments").iterdir():
        (segment / "segment.json").write_text("{")
    index = EmbeddedIndex(tmp_path)
    assert (await index.count(), await index.mark()) == (0, 0)
    assert (tmp_path / "shard.broken").is_dir()
    await index.close()


async def test_shard_that_was_never_finished_starts_anew(tmp_path: Path) -> None:
    """A process that was killed while it made the shard leaves nothing that stops the next one."""
    (tmp_path / "shard").mkdir()
    index = EmbeddedIndex(tmp_path)
    await index.upsert([IndexRecord(1, "ws", "col", {1: 1.0})])
    assert await index.count() == 1
    await index.close()


async def test_mark_of_another_format_is_no_mark(tmp_path: Path) -> None:
    """A mark that cannot be read means that everything must come again."""
    index = EmbeddedIndex(tmp_path)
    for text in ("", "{", json.dumps({"seq": 9, "format": 99})):
        (tmp_path / "mark.json").write_text(text)
        assert await index.mark() == 0
    await index.close()


async def test_opening_is_quick(tmp_path: Path) -> None:
    """A fresh folder is opened in less than 0.3 s (the best of five: other work on the machine may hold one up)."""
    took = []
    for attempt in range(5):
        start = time.perf_counter()
        index = EmbeddedIndex(tmp_path / f"new{attempt}")
        took.append(time.perf_counter() - start)
        await index.close()
    assert min(took) < 0.3
