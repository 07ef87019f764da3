"""The embedded engine where its files are cut, lost, or cannot be written while it is open."""

from __future__ import annotations

import errno
import os
import resource
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from copyhound.domain.errors import CopyhoundError
from copyhound.indexes import EmbeddedIndex
from copyhound.indexes import embedded as embedded_module
from copyhound.indexes import segment_file as file_module

from .synthetic import record
from .test_embedded import ROOT, change, fill, filled, folders, in_four_segments, look_for, no_space, pictures

MANY = """
import asyncio, resource, sys
from pathlib import Path
from copyhound.descriptors import allow_many
from copyhound.indexes import EmbeddedIndex, segment_file
from tests.indexes.synthetic import numbers, record
from tests.indexes.test_embedded import pictures

async def main():
    segment_file._MAPPED_FROM = 0
    if sys.argv[2] == "many":
        assert allow_many() == 1000
    one = pictures(1)[0]
    if not Path(sys.argv[1]).exists():
        index = EmbeddedIndex(Path(sys.argv[1]))
        await index.upsert([record(n, one, "ws_1", f"col_{n}") for n in range(150)])
        await index.close()
    index = EmbeddedIndex(Path(sys.argv[1]))
    for n in range(150):
        assert numbers(await index.candidates("ws_1", f"col_{n}", one.query_bytes(), 9)) == [n]
    await index.close()

asyncio.run(main())
"""


@pytest.fixture
def mapped(monkeypatch: pytest.MonkeyPatch) -> None:
    """All segments are mapped, however small."""
    monkeypatch.setattr(file_module, "_MAPPED_FROM", 0)


async def opened(folder: Path) -> EmbeddedIndex:
    """Eight entries in one segment, at mark 8."""
    await (await filled(folder)).close()
    return EmbeddedIndex(folder)


@pytest.mark.usefixtures("mapped")
@pytest.mark.parametrize("left", [0, 4096])
async def test_a_cut_file_kills_no_search(tmp_path: Path, left: int) -> None:
    """A segment that is cut while it is mapped is noticed by the next search, and all can come again."""
    index = await opened(tmp_path)
    (file,) = tmp_path.glob("segment-*/segment")
    os.truncate(file, left)
    with pytest.raises(CopyhoundError, match="made anew from the database") as refused:
        await look_for(index, pictures(8)[3])
    assert refused.value.code == "unavailable"
    assert await index.mark() > 2**60
    await index.clear()
    await fill(index)
    assert (await look_for(index, pictures(8)[3]))[0].number == 3
    await index.close()


@pytest.mark.usefixtures("mapped")
async def test_a_cut_file_kills_no_merge(tmp_path: Path) -> None:
    """Writing and merging notice a cut segment too, and the index starts anew."""
    index = await opened(tmp_path)
    await index.upsert([record(20, pictures(1)[0])])
    (file,) = tmp_path.glob("segment-*/segment")
    os.truncate(file, 0)
    with pytest.raises(CopyhoundError, match="made anew from the database"):
        await index.optimise()
    await index.close()
    index = EmbeddedIndex(tmp_path)
    assert (await index.count(), await index.mark()) == (0, 0)
    await index.close()


@pytest.mark.parametrize("code", [-signal.SIGBUS, os.EX_DATAERR])
async def test_a_child_that_a_cut_file_killed_tells_of_damage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    """A merging child that ended so is not started again and again: the index is made anew."""
    real = subprocess.Popen
    dies = f"import os; os.kill(os.getpid(), {-code})" if code < 0 else f"raise SystemExit({code})"

    def start(_: list[str], **more: int) -> subprocess.Popen[bytes]:
        return real([sys.executable, "-c", dies], **more)  # type: ignore[call-overload, no-any-return]

    monkeypatch.setattr(subprocess, "Popen", start)
    index = await in_four_segments(tmp_path, pictures(20))
    merging = index._shelves["ws_1", "col_1"]._merging
    assert merging is not None
    merging._process.wait()
    with pytest.raises(CopyhoundError, match="damaged"):
        await look_for(index, pictures(1)[0])
    await index.close()


async def test_a_deleted_folder_is_made_anew_while_open(tmp_path: Path) -> None:
    """Who deletes the index under a running server loses nothing: the next writing notices, and all comes again."""
    index = await opened(tmp_path / "index")
    shutil.rmtree(tmp_path / "index")
    assert (await look_for(index, pictures(8)[3]))[0].number == 3
    await index.remove(list(range(100, 2_100)))
    with pytest.raises(CopyhoundError, match="made anew"):
        await index.set_mark(9)
    await index.clear()
    await fill(index)
    with pytest.raises(CopyhoundError, match="open elsewhere"):
        EmbeddedIndex(tmp_path / "index")
    await index.close()
    index = EmbeddedIndex(tmp_path / "index")
    assert (await index.count(), await index.mark()) == (8, 8)
    await index.close()


async def left_by_one(folder: Path) -> EmbeddedIndex:
    """An index that entry 1 left, written to disk."""
    index = await filled(folder)
    await index.optimise()
    await index.remove([1])
    await index._do(index._flush)
    return index


async def without_one(folder: Path) -> bytes:
    """An index that entry 1 left, then entry 2; the marks as they were before 2 left."""
    index = await left_by_one(folder)
    (file,) = folder.glob("segment-*/gone")
    before = file.read_bytes()
    await index.remove([2])
    await index.close()
    return before


@pytest.mark.parametrize("what", ["deleted", "older"])
async def test_lost_marks_are_noticed(tmp_path: Path, what: str) -> None:
    """What left does not come back where the file that says so is deleted, or an older one in its place."""
    older = await without_one(tmp_path)
    (file,) = tmp_path.glob("segment-*/gone")
    file.unlink() if what == "deleted" else file.write_bytes(older)
    index = EmbeddedIndex(tmp_path)
    assert (await index.count(), await index.mark()) == (0, 0)
    await index.close()


async def test_marks_that_are_ahead_of_the_manifest_are_taken(tmp_path: Path) -> None:
    """A process killed between writing the marks and the manifest leaves more marks than that says: no damage."""
    index = await left_by_one(tmp_path)
    manifest = (tmp_path / "manifest.json").read_bytes()
    await index.remove([2])
    await index.close()
    (tmp_path / "manifest.json").write_bytes(manifest)
    index = EmbeddedIndex(tmp_path)
    assert (await index.count(), await index.mark()) == (6, 8)
    await index.close()


@pytest.mark.parametrize(
    ("number", "way"),
    [(errno.EROFS, "choose another data folder"), (errno.EACCES, "write there"), (errno.ENOSPC, "room")],
)
def test_a_folder_that_cannot_be_written_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, way: str
) -> None:
    """Where the lock cannot be opened, the error names the folder, the reason and the way out."""

    def refuse(*_: object, **__: object) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(CopyhoundError, match=way) as refused:
        EmbeddedIndex(tmp_path)
    assert refused.value.code == "unavailable"
    assert str(tmp_path) in refused.value.detail
    assert os.strerror(number) in refused.value.detail


def test_a_file_in_place_of_the_folder_says_so(tmp_path: Path) -> None:
    """So does a path that is no folder."""
    (tmp_path / "index").write_text("")
    with pytest.raises(CopyhoundError, match="cannot be used: File exists"):
        EmbeddedIndex(tmp_path / "index")


async def test_clearing_on_a_full_disk_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be emptied is told with the way out, and answers as before; so does `optimise`."""
    index = await opened(tmp_path)
    with monkeypatch.context() as full:
        full.setattr(embedded_module, "write_atomically", no_space)
        for call in (index.clear, index.optimise):
            with pytest.raises(CopyhoundError, match=r"No space left on device\. Make room") as refused:
                await call()
            assert refused.value.code == "unavailable"
        assert (await index.count(), await index.mark()) == (8, 8)
        assert (await look_for(index, pictures(8)[3]))[0].number == 3
    await index.clear()
    assert (await index.count(), await index.mark(), folders(tmp_path)) == (0, 0, 0)
    await index.close()


async def test_damage_on_a_full_disk_waits_for_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mapped: None
) -> None:
    """A damaged index that cannot be emptied says so, and starts anew as soon as it can."""
    index = await opened(tmp_path)
    (file,) = tmp_path.glob("segment-*/segment")
    os.truncate(file, 0)
    with monkeypatch.context() as full:
        full.setattr(embedded_module, "write_atomically", no_space)
        with pytest.raises(CopyhoundError, match="damaged"):
            await look_for(index, pictures(8)[3])
        with pytest.raises(CopyhoundError, match="No space"):
            await index.clear()
        assert await index.mark() > 2**60
    await index.clear()
    await change(index, 1)
    assert (await index.count(), await index.mark()) == (1, 0)
    await index.close()


def test_many_collections_at_few_open_files(tmp_path: Path) -> None:
    """More collections than the soft limit of open files are open at once: it is raised; else the way out is told."""

    def few() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (100, 1000))

    def run(how: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", MANY, str(tmp_path / "index"), how]
        return subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=100, cwd=ROOT, preexec_fn=few
        )

    done = run("many")
    assert done.returncode == 0, done.stderr
    assert "`ulimit -n`" in run("few").stderr
