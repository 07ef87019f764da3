"""Files that are on the disk for certain: whole or not at all, many at the cost of a few."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

UNFINISHED: Final = ".new-"
"""How the name of a file begins that is still being written; a killed process may leave one."""
_AT_ONCE: Final = 16


def sync(path: Path) -> None:
    """Put a file's bytes, or a folder's names, on the disk."""
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def sync_all(paths: Collection[Path]) -> None:
    """The same for many, side by side: the disk takes them together."""
    if len(paths) <= 1:
        for path in paths:
            sync(path)
        return
    with ThreadPoolExecutor(min(_AT_ONCE, len(paths)), thread_name_prefix="copyhound-sync") as threads:
        list(threads.map(sync, paths))


def write_atomically(path: Path, data: bytes) -> None:
    """The file is there whole and on the disk, or as it was; readable by its owner only."""
    write_all({path: data})


def write_all(files: Mapping[Path, bytes], *, after: Iterable[Path] = ()) -> None:
    """The same for several files; none takes its place before all of them, and what `after` names, are on the disk."""
    new: dict[Path, Path] = {}
    try:
        for path, data in files.items():
            new[path] = _unfinished(path, data)
        sync_all([*after, *new.values()])
        for path, name in new.items():
            name.replace(path)
    except BaseException:
        for name in new.values():
            _drop(name)
        raise
    sync_all({path.parent for path in files})


def _unfinished(path: Path, data: bytes) -> Path:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=UNFINISHED)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
    except BaseException:
        _drop(Path(name))
        raise
    return Path(name)


def _drop(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink()
