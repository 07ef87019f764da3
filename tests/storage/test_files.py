"""Files that are whole or not there, also when several are written at once."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from copyhound.files import write_all, write_atomically


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    """The new bytes stand in place of the old, nothing else is left, and only the owner may read them."""
    path = tmp_path / "file"
    write_atomically(path, b"old and longer")
    write_atomically(path, b"new")
    assert (path.read_bytes(), names(tmp_path)) == (b"new", ["file"])
    assert path.stat().st_mode & 0o777 == 0o600


def test_none_is_replaced_before_all_are_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every file, and what comes first, is synced before the first takes its place; then its folder is."""
    done: list[str] = []
    fsync, replace = os.fsync, Path.replace

    def synced(descriptor: int) -> None:
        done.append(f"sync {Path(f'/proc/self/fd/{descriptor}').readlink().name}")
        fsync(descriptor)

    def replaced(path: Path, other: Path) -> Path:
        done.append(f"replace {other.name}")
        return replace(path, other)

    first = tmp_path / "first"
    first.write_bytes(b"1")
    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(Path, "replace", replaced)
    write_all({tmp_path / name: name.encode() for name in "abc"}, after=[first])
    assert sorted(one.partition("-")[0] for one in done[:4]) == ["sync .new", "sync .new", "sync .new", "sync first"]
    assert done[4:] == ["replace a", "replace b", "replace c", f"sync {tmp_path.name}"]
    assert [(tmp_path / name).read_bytes() for name in "abc"] == [b"a", b"b", b"c"]


@pytest.mark.parametrize("call", ["fsync", "fdopen"])
def test_what_cannot_be_written_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    """On a full disk the old files stay as they are, and no unfinished one is left."""
    write_all({tmp_path / name: b"old" for name in "ab"})

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, call, full)
        with pytest.raises(OSError, match="No space"):
            write_all({tmp_path / name: b"new" for name in "ab"})
    assert names(tmp_path) == ["a", "b"]
    assert [(tmp_path / name).read_bytes() for name in "ab"] == [b"old", b"old"]
