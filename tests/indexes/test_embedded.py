"""The embedded engine: one owner, quick to open, and nothing lost when the process is killed."""

from __future__ import annotations

import errno
import os
import random
import shutil
import signal
import subprocess
import sys
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from copyhound.domain.errors import CopyhoundError
from copyhound.domain.ports import IndexHit
from copyhound.indexes import BruteForceIndex, EmbeddedIndex
from copyhound.indexes import embedded as embedded_module
from copyhound.indexes import segment_file as file_module
from copyhound.indexes import shelf as shelf_module
from copyhound.matching.fingerprint import Fingerprint

from .synthetic import copy, numbers, picture, record, surely

WRITER = """
import asyncio, importlib, sys
from pathlib import Path
from copyhound.indexes import EmbeddedIndex
from tests.indexes.test_embedded import change

async def main():
    index = EmbeddedIndex(Path(sys.argv[1]), flush_after=int(sys.argv[2]))
    seq = await index.mark()
    print("open", seq, flush=True)
    while True:
        seq += 1
        await change(index, seq)
        await index.set_mark(seq)
        print("mark", seq, flush=True)

asyncio.run(main())
"""
ROOT = Path(__file__).parents[2]


async def change(index: BruteForceIndex | EmbeddedIndex, seq: int) -> None:
    """The change log that the killed writer follows: change `seq` is always the same."""
    rng = np.random.default_rng(seq)
    number = int(rng.integers(60))
    if rng.random() < 0.2:
        await index.remove([number])
    else:
        await index.upsert([record(number, picture(rng, 20))])


async def answers(index: BruteForceIndex | EmbeddedIndex) -> list[list[tuple[int, float]]]:
    rng = np.random.default_rng(5)
    queries = [picture(rng, 60).query_bytes() for _ in range(3)]
    return [surely(await index.candidates("ws_1", "col_1", query, 1000)) for query in queries]


class Writer:
    """A process that applies the change log until it is killed."""

    def __init__(self, folder: Path, flush_after: int) -> None:
        command = [sys.executable, "-c", WRITER, str(folder), str(flush_after)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
        self.opened = self.marked = 0

    def read(self, lines: int) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            what, seq = line.split()
            self.marked = int(seq)
            self.opened = int(seq) if what == "open" else self.opened
            lines -= 1
            if lines == 0:
                return

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.read(-1)
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()


@pytest.mark.parametrize("flush_after", [10_000, 5])
async def test_kill_loses_nothing(tmp_path: Path, flush_after: int) -> None:
    """Killed again and again, the index holds all up to its mark, and replaying from there makes it right."""
    folder, rng, marks = tmp_path / "index", random.Random(flush_after), []
    for _ in range(3):
        writer = Writer(folder, flush_after)
        writer.read(rng.randrange(20, 50))
        writer.kill()
        index, brute = EmbeddedIndex(folder), BruteForceIndex()
        mark = await index.mark()
        marks.append(mark)
        # one change more may have been marked than we were told of
        assert writer.opened <= mark <= writer.marked + 1
        last = writer.marked + 1
        for seq in range(1, last + 1):
            await change(brute, seq)
        for seq in range(mark + 1, last + 1):
            await change(index, seq)
        await index.set_mark(last)
        assert await index.count() == await brute.count()
        await index.optimise()
        assert await answers(index) == await answers(brute)
        await index.close()
    assert (marks[0] > 0) == (flush_after == 5)


async def test_second_opener_is_refused(tmp_path: Path) -> None:
    """While one has the folder, another gets data_in_use; after close it may have it, with all that is in."""
    first = EmbeddedIndex(tmp_path)
    await change(first, 1)
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


def cut(file: Path) -> None:
    os.truncate(file, file.stat().st_size // 2)


def empty(file: Path) -> None:
    os.truncate(file, 0)


# a segment without `gone` is one that nothing left: that may be missing
@pytest.mark.parametrize(
    ("name", "damage"), [("segment", cut), ("segment", Path.unlink), ("segment", empty), ("gone", cut), ("gone", empty)]
)
async def test_damaged_segment_starts_anew(tmp_path: Path, name: str, damage: Callable[[Path], object]) -> None:
    """Where a segment's file is cut, empty or missing, the index is empty at mark 0 again, and can be filled."""
    index = await filled(tmp_path, flush_after=5)
    await index.remove([1])
    await index.close()
    files = list(tmp_path.glob(f"segment-*/{name}"))
    for file in files:
        damage(file)
    index = EmbeddedIndex(tmp_path)
    assert files
    assert (await index.count(), await index.mark()) == (0, 0)
    assert folders(tmp_path) == 0
    await change(index, 1)
    assert await index.count() == 1
    await index.close()


@pytest.mark.parametrize("mapped_from", [0, 2**18], ids=["mapped", "read"])
async def test_a_changed_byte_is_never_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mapped_from: int
) -> None:
    """Wherever a byte of a segment changes: it is noticed at opening, or when it is read, and all can come again."""
    monkeypatch.setattr(file_module, "_MAPPED_FROM", mapped_from)
    index = await filled(tmp_path / "whole")
    right = await answers(index)
    await index.close()
    (file,) = (tmp_path / "whole").glob("segment-*/segment")
    noticed_late = 0
    for at in np.linspace(0, file.stat().st_size - 1, 40).astype(int).tolist():
        folder = tmp_path / f"changed-{at}"
        shutil.copytree(tmp_path / "whole", folder)
        flip(next(folder.glob("segment-*/segment")), at)
        index = EmbeddedIndex(folder)
        if await index.mark():
            noticed_late += 1
            with pytest.raises(CopyhoundError, match="damaged"):
                await read_all(index, right)
            await index.clear()
        assert (await index.count(), await index.mark(), folders(folder)) == (0, 0, 0)
        await fill(index)
        assert await answers(index) == right
        await index.close()
    assert (noticed_late > 10) == (mapped_from == 0)


async def damaged(folder: Path, monkeypatch: pytest.MonkeyPatch) -> EmbeddedIndex:
    """An index that is open, and whose postings have changed on the disk, unnoticed as yet."""
    monkeypatch.setattr(file_module, "_MAPPED_FROM", 0)
    index = await filled(folder)
    await index.close()
    (file,) = folder.glob("segment-*/segment")
    flip(file, 100)
    return EmbeddedIndex(folder)


async def test_a_changed_mark_is_noticed(tmp_path: Path) -> None:
    """What left a segment does not come back by damage: the index starts anew."""
    index = await filled(tmp_path, flush_after=5)
    await index.remove([1])
    await index.close()
    (file,) = tmp_path.glob("segment-*/gone")
    flip(file, file.stat().st_size - 3)
    index = EmbeddedIndex(tmp_path)
    assert (await index.count(), await index.mark()) == (0, 0)
    await index.close()


async def test_a_damaged_index_waits_for_its_follower(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A follower in the midst of its work cannot move the mark past what is lost; a restart starts anew too."""
    index = await damaged(tmp_path, monkeypatch)
    await index.remove([1])
    for call in (
        index.optimise(),
        index.upsert([record(9, pictures(1)[0])]),
        index.remove([2]),
        index.set_mark(9),
        look_for(index, pictures(1)[0]),
    ):
        with pytest.raises(CopyhoundError, match="made anew from the database"):
            await call
    assert await index.mark() > 2**60
    await index.close()
    index = EmbeddedIndex(tmp_path)
    assert (await index.count(), await index.mark()) == (0, 0)
    await index.close()


async def test_closing_a_damaged_index_starts_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Damage that is noticed by the last writing does not stop the closing, and is not written into a new segment."""
    index = await damaged(tmp_path, monkeypatch)
    await index.upsert([record(n, one) for n, one in enumerate(pictures(8), 20)])
    await index.set_mark(9)
    await index.close()
    index = EmbeddedIndex(tmp_path)
    assert (await index.count(), await index.mark()) == (0, 0)
    await index.close()


@pytest.mark.parametrize("spoil", [lambda file: flip(file, 200), Path.unlink], ids=["changed", "deleted"])
async def test_a_child_that_meets_damage_says_so(tmp_path: Path, spoil: Callable[[Path], object]) -> None:
    """What a merging finds changed, or misses, is told by the next call, and not merged around."""
    shown = pictures(20)
    index = EmbeddedIndex(tmp_path, flush_after=5)
    for first in range(0, 20, 5):
        await index.upsert([record(n, shown[n]) for n in range(first, first + 5)])
        if first == 15:
            spoil(sorted(tmp_path.glob("segment-*/segment"))[1])
        await index.set_mark(first + 5)
    merging = index._shelves["ws_1", "col_1"]._merging
    assert merging is not None
    merging._process.wait()
    with pytest.raises(CopyhoundError, match="damaged"):
        await look_for(index, shown[1])
    await index.clear()
    assert (await index.mark(), folders(tmp_path)) == (0, 0)
    await index.close()


async def test_many_collections_are_written_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each costs two waits for the disk, side by side, and all of it is there before the manifest names it."""
    done: list[tuple[str, str]] = []
    fsync, replace = os.fsync, Path.replace

    def synced(descriptor: int) -> None:
        done.append(("sync", str(Path(f"/proc/self/fd/{descriptor}").readlink())))
        fsync(descriptor)

    def replaced(path: Path, other: Path) -> Path:
        done.append(("replace", str(other)))
        return replace(path, other)

    index = EmbeddedIndex(tmp_path)
    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(Path, "replace", replaced)
    one = pictures(1)[0]
    for start in (0, 100):
        done.clear()
        await index.upsert([record(start + n, one, "ws_1", f"col_{n}") for n in range(50)])
        await index._do(index._flush)
        before = done[: done.index(("replace", str(tmp_path / "manifest.json")))]
        new = sorted(tmp_path.glob("segment-*"))
        assert len(new) == 50
        for path in (tmp_path, *new, *(folder / "segment" for folder in new)):
            assert before.count(("sync", str(path))) == 1
        assert len(done) <= 2 * 50 + 4
    await index.close()


async def test_leavings_of_many_collections_are_written_together(tmp_path: Path) -> None:
    """Entries that leave many collections at once stay away after a restart."""
    index = EmbeddedIndex(tmp_path)
    one = pictures(1)[0]
    await index.upsert([record(100 * k + n, one, "ws_1", f"col_{n}") for k in range(2) for n in range(20)])
    await index.set_mark(1)
    await index._do(index._flush)
    await index.remove(list(range(20)))
    await index.close()
    index = EmbeddedIndex(tmp_path)
    assert (await index.count(), folders(tmp_path)) == (20, 20)
    assert numbers(await index.candidates("ws_1", "col_7", one.query_bytes(), 9)) == [107]
    await index.close()


async def test_full_disk_stops_no_opening(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is in the index is there to be searched, although nothing can be written."""
    index = await filled(tmp_path)
    before = await index.count()
    await index.close()

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(embedded_module, "write_atomically", full)
    index = EmbeddedIndex(tmp_path)
    assert await index.count() == before > 0
    await index.close()


async def test_unfinished_files_are_removed(tmp_path: Path) -> None:
    """What a killed process was about to write is gone after the next opening."""
    (tmp_path / ".new-left").write_bytes(b"half")
    index = EmbeddedIndex(tmp_path)
    assert not (tmp_path / ".new-left").exists()
    await index.close()


@pytest.mark.parametrize(("before", "after"), [(b"col_1", b"col_2"), (b'"seq":', b'"seq":1'), (b"}\n", b"}\n0")])
async def test_changed_manifest_starts_anew(tmp_path: Path, before: bytes, after: bytes) -> None:
    """One changed byte is noticed, also where what it makes could be read."""
    index = await filled(tmp_path)
    await index.close()
    path = tmp_path / "manifest.json"
    changed = path.read_bytes().replace(before, after, 1)
    assert changed != path.read_bytes()
    path.write_bytes(changed)
    index = EmbeddedIndex(tmp_path)
    assert (await index.count(), await index.mark(), folders(tmp_path)) == (0, 0, 0)
    await index.close()


@pytest.mark.parametrize(
    "text", [b"", b"{", b'{"format": "\xff"}', b'{"format":99,"fingerprints":2,"seq":9,"made":3,"shelves":[]}']
)
async def test_damaged_manifest_starts_anew(tmp_path: Path, text: bytes) -> None:
    """A manifest that cannot be read, or is of another format, means that everything must come again."""
    index = await filled(tmp_path)
    await index.close()
    (tmp_path / "manifest.json").write_bytes(text + b"\n%08x\n" % zlib.crc32(text))
    index = EmbeddedIndex(tmp_path)
    assert (await index.count(), await index.mark(), folders(tmp_path)) == (0, 0, 0)
    await index.close()


async def test_orphans_are_removed(tmp_path: Path) -> None:
    """Segments that the manifest does not name, left by a crash, are gone after opening; what it names stays."""
    index = await filled(tmp_path)
    await index.close()
    orphan = tmp_path / "segment-00000009-left"
    orphan.mkdir()
    (orphan / "segment").write_bytes(b"half")
    index = EmbeddedIndex(tmp_path)
    assert not orphan.exists()
    assert (await index.count(), folders(tmp_path)) == (8, 1)
    await index.close()


async def test_names_are_never_used_again(tmp_path: Path) -> None:
    """A segment's name is not that of one which an orphaned child of a killed owner may still be writing."""
    index = await filled(tmp_path, flush_after=5)
    names = {folder.name for folder in tmp_path.glob("segment-*")}
    await index.close()
    (tmp_path / "manifest.json").unlink()
    index = await filled(tmp_path, flush_after=5)
    assert names.isdisjoint(folder.name for folder in tmp_path.glob("segment-*"))
    await index.close()


async def test_merging_is_taken_over_while_entries_leave(tmp_path: Path) -> None:
    """A child merges four segments into one; what left meanwhile stays away, also after opening again."""
    shown = pictures(20)
    index = await in_four_segments(tmp_path, shown)
    merging = index._shelves["ws_1", "col_1"]._merging
    assert merging is not None
    await index.remove([3])
    await index.upsert([record(4, shown[10])])
    merging._process.wait()
    await index.remove([12])
    for number in (3, 12):
        assert number not in numbers(await look_for(index, shown[number]))
    for _ in range(2):
        assert await index.count() == 18
        assert set(numbers(await look_for(index, shown[10]))[:2]) == {4, 10}
        assert (await look_for(index, shown[7]))[0].number == 7
        assert 3 not in numbers(await look_for(index, shown[3]))
        await index.close()
        # the merged one, and what came since
        assert folders(tmp_path) == 2
        index = EmbeddedIndex(tmp_path)
    await index.close()


async def test_writing_leaves_a_merging_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a child writes is not taken for an orphan while it works; when it is given up, it is gone."""
    real = subprocess.Popen

    def start(_: list[str], **more: int) -> subprocess.Popen[bytes]:
        return real([sys.executable, "-c", "import time; time.sleep(100)"], **more)  # type: ignore[call-overload, no-any-return]

    monkeypatch.setattr(subprocess, "Popen", start)
    shown = pictures(20)
    index = await in_four_segments(tmp_path, shown)
    merging = index._shelves["ws_1", "col_1"]._merging
    assert merging is not None
    merging._folder.mkdir()
    await index.upsert([record(n, shown[n]) for n in range(5)])
    await index.set_mark(30)
    assert merging._folder.exists()
    assert folders(tmp_path) == 6
    assert await index.count() == 20
    await index.close()
    assert folders(tmp_path) == 5


async def test_a_small_collection_is_one_segment(tmp_path: Path) -> None:
    """What comes in little by little is written together with what is there, while that is little too."""
    shown = pictures(20)
    index = EmbeddedIndex(tmp_path, flush_after=40)
    for first in range(0, 20, 4):
        await index.upsert([record(n, shown[n]) for n in range(first, first + 4)])
        await index.close()
        index = EmbeddedIndex(tmp_path, flush_after=40)
    # the first eight had grown too large for being written anew each time
    assert (await index.count(), folders(tmp_path)) == (20, 2)
    assert (await look_for(index, shown[7]))[0].number == 7
    await index.close()


async def test_one_child_merges_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many collections have something to merge, one child works."""
    real, started = subprocess.Popen, list[subprocess.Popen[bytes]]()

    def start(_: list[str], **more: int) -> subprocess.Popen[bytes]:
        started.append(real([sys.executable, "-c", "import time; time.sleep(100)"], **more))  # type: ignore[call-overload]
        return started[-1]

    monkeypatch.setattr(subprocess, "Popen", start)
    index, shown = EmbeddedIndex(tmp_path, flush_after=2), pictures(10)
    for first in range(0, 10, 2):
        for place in range(3):
            await index.upsert([record(100 * place + n, shown[n], f"ws_{place}") for n in range(first, first + 2)])
        await index.set_mark(first + 1)
    assert len(started) == 1
    await index.close()


async def test_too_many_open_files_are_no_damage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where files can't be opened for now, the index says so and keeps what it has."""
    index = await filled(tmp_path)
    await index.close()

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    with monkeypatch.context() as patched:
        patched.setattr(np, "fromfile", full)
        with pytest.raises(CopyhoundError, match="Too many open files"):
            EmbeddedIndex(tmp_path)
    index = EmbeddedIndex(tmp_path)
    assert (await index.count(), await index.mark()) == (8, 8)
    await index.close()


async def test_merging_stops_when_closed(tmp_path: Path) -> None:
    """Closing in the midst of a merging loses nothing and leaves no child."""
    shown = pictures(20)
    index = await in_four_segments(tmp_path, shown)
    merging = index._shelves["ws_1", "col_1"]._merging
    await index.close()
    assert merging is not None
    assert merging._process.poll() is not None
    index = EmbeddedIndex(tmp_path)
    assert await index.count() == 20
    await index.close()


@pytest.mark.parametrize("fault", ["exit", "empty"])
async def test_failing_child_leaves_all_in_use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str) -> None:
    """Where the child fails, or says that it is done and is not, the old segments stay and answer."""
    code = "raise SystemExit(3)" if fault == "exit" else "import os, sys; os.mkdir(sys.argv[1])"
    real = subprocess.Popen

    def start(command: list[str], **more: int) -> subprocess.Popen[bytes]:
        folders = command[command.index("copyhound.indexes.merging") + 1 :]
        return real([sys.executable, "-c", code, *folders], **more)  # type: ignore[call-overload, no-any-return]

    monkeypatch.setattr(subprocess, "Popen", start)
    shown = pictures(20)
    index = await in_four_segments(tmp_path, shown)
    merging = index._shelves["ws_1", "col_1"]._merging
    assert merging is not None
    assert merging._process.wait() == (3 if fault == "exit" else 0)
    assert merging._folder.exists() == (fault == "empty")
    for n, one in enumerate(shown):
        assert (await look_for(index, one))[0].number == n
    await index.close()
    assert folders(tmp_path) == 4
    index = EmbeddedIndex(tmp_path)
    assert await index.count() == 20
    await index.close()


@pytest.mark.parametrize(("module", "what"), [(shelf_module, "save"), (shelf_module, "write_all"), (os, "fsync")])
async def test_full_disk_keeps_all_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: object, what: str
) -> None:
    """What cannot be written stays searchable, the mark on disk does not move, and it is written when it can be."""
    shown = pictures(10)
    index = await filled(tmp_path, flush_after=6)
    with monkeypatch.context() as full:
        full.setattr(module, what, no_space)
        await index.upsert([record(n, one) for n, one in enumerate(shown)])
        await index.set_mark(20)
        assert (await index.count(), await index.mark()) == (10, 20)
        assert (await look_for(index, shown[4]))[0].number == 4
        assert b'"seq":8' in (tmp_path / "manifest.json").read_bytes()
        await index.set_mark(21)
        assert b'"seq":8' in (tmp_path / "manifest.json").read_bytes()
    await index.remove(list(range(100, 106)))
    await index.set_mark(22)
    assert b'"seq":22' in (tmp_path / "manifest.json").read_bytes()
    await index.close()
    index = EmbeddedIndex(tmp_path)
    assert (await index.count(), await index.mark()) == (10, 22)
    assert (await look_for(index, shown[4]))[0].number == 4
    await index.close()


async def test_full_disk_does_not_stop_closing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An index that cannot be written is closed all the same; it opens at the mark that was written last."""
    index = await filled(tmp_path)
    await index.optimise()
    await index.upsert([record(50, pictures(1)[0])])
    await index.set_mark(9)
    with monkeypatch.context() as full:
        full.setattr(shelf_module, "save", no_space)
        await index.close()
    index = EmbeddedIndex(tmp_path)
    assert (await index.count(), await index.mark()) == (8, 8)
    await index.close()


async def test_all_may_leave(tmp_path: Path) -> None:
    """When every entry left, nothing stays on disk and no child at work, and the index takes entries again."""
    shown = pictures(20)
    index = await in_four_segments(tmp_path, shown)
    merging = index._shelves["ws_1", "col_1"]._merging
    await index.remove(list(range(20)))
    await index.set_mark(30)
    assert merging is not None
    assert merging._process.poll() is not None
    assert (await index.count(), await look_for(index, shown[0])) == (0, [])
    await index.optimise()
    assert folders(tmp_path) == 0
    await index.upsert([record(1, shown[0])])
    assert numbers(await look_for(index, shown[0])) == [1]
    await index.close()


async def test_single_additions_stay_few_parts(tmp_path: Path) -> None:
    """Entries that come one by one are searchable at once, and stand in few parts."""
    index = EmbeddedIndex(tmp_path)
    one = picture(np.random.default_rng(0), 5)
    for number in range(100):
        await index.upsert([record(number, one)])
    assert len(await look_for(index, one, share=1.1)) == 100
    assert len(index._shelves["ws_1", "col_1"]._tail) <= 7
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


def pictures(count: int) -> list[Fingerprint]:
    rng = np.random.default_rng(3)
    return [picture(rng) for _ in range(count)]


def folders(of: Path) -> int:
    return len(list(of.glob("segment-*")))


def no_space(*_: object, **__: object) -> None:
    raise OSError(28, "No space left on device")


async def read_all(index: EmbeddedIndex, right: list[list[tuple[int, float]]]) -> None:
    """Search, then merge, which alone reads all."""
    assert await answers(index) == right
    await index.remove([1])
    await index.optimise()


def flip(file: Path, at: int) -> None:
    """Change a byte, and nothing of the length."""
    data = bytearray(file.read_bytes())
    data[at] ^= 0x10
    file.write_bytes(data)


async def filled(folder: Path, flush_after: int = 2_000) -> EmbeddedIndex:
    """Eight entries, mark 8."""
    index = EmbeddedIndex(folder, flush_after=flush_after)
    await fill(index)
    return index


async def fill(index: EmbeddedIndex) -> None:
    await index.upsert([record(n, one) for n, one in enumerate(pictures(8))])
    await index.set_mark(8)


async def in_four_segments(folder: Path, shown: list[Fingerprint]) -> EmbeddedIndex:
    """Of five entries each, at mark 20; their merging has begun."""
    index = EmbeddedIndex(folder, flush_after=5)
    for first in range(0, 20, 5):
        await index.upsert([record(n, shown[n]) for n in range(first, first + 5)])
        await index.set_mark(first + 5)
    return index


async def look_for(index: EmbeddedIndex, one: Fingerprint, share: float = 0.6) -> list[IndexHit]:
    query = copy(one, np.random.default_rng(1), share=share)
    return await index.candidates("ws_1", "col_1", query.query_bytes(), 100)
