"""Blobs in a folder: `workspace/ab/sha256`."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import hashlib
import logging
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from copyhound.domain.errors import CopyhoundError
from copyhound.files import write_atomically

_log: Final = logging.getLogger(__name__)
_NOTED_MOST: Final = 10_000
_KEY: Final = re.compile(r"[A-Za-z0-9_-]{1,100}/[0-9a-f]{2}/[0-9a-f]{64}", re.ASCII)


class FolderBlobs:
    """Bytes by workspace and content. A file is there whole, or not at all."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._noted: set[Path] = set()

    async def put(self, workspace_id: str, data: bytes) -> str:
        """The key. CopyhoundError unavailable where it cannot be written."""
        digest = hashlib.sha256(data).hexdigest()
        key = f"{workspace_id}/{digest[:2]}/{digest}"
        await asyncio.to_thread(_write, self._path(key), data)
        return key

    async def get(self, key: str) -> bytes:
        """CopyhoundError not_found where it is gone or damaged, unavailable where it cannot be read."""
        return await asyncio.to_thread(self._get, key)

    async def get_those_left(self, keys: Sequence[str]) -> dict[str, bytes]:
        """What can be read of them, in one go; without those that are gone or damaged."""
        return await asyncio.to_thread(self._get_those_left, keys)

    def _get_those_left(self, keys: Sequence[str]) -> dict[str, bytes]:
        found = {}
        for key in keys:
            with contextlib.suppress(CopyhoundError):
                found[key] = self._get(key)
        return found

    def _get(self, key: str) -> bytes:
        path = self._path(key)
        try:
            data = _read(path)
        except FileNotFoundError:
            raise CopyhoundError("not_found", "The stored picture is gone.") from None
        if not _is_whole(data, path):
            self._note(path)
            raise CopyhoundError("not_found", "The stored picture is damaged.")
        return data

    def _note(self, path: Path) -> None:
        if path not in self._noted and len(self._noted) < _NOTED_MOST:
            self._noted.add(path)
            _log.warning("%s is damaged: it is done without until the same bytes are stored again", path)

    async def has(self, key: str) -> bool:
        return await asyncio.to_thread(self._path(key).exists)

    async def drop(self, key: str) -> None:
        """Quiet where it is gone."""
        await asyncio.to_thread(self._path(key).unlink, missing_ok=True)

    def _path(self, key: str) -> Path:
        if _KEY.fullmatch(key) is None:
            raise CopyhoundError("not_found", "That is no key of a stored picture.")
        return self.root / key


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise
    except OSError as error:
        if error.errno == errno.EIO:
            return b""  # the disk has lost it: as good as damaged
        raise CopyhoundError("unavailable", f"The data folder cannot be read: {error.strerror}.") from error


def _is_whole(data: bytes, path: Path) -> bool:
    return hashlib.sha256(data).hexdigest() == path.name


def _write(path: Path, data: bytes) -> None:
    try:
        with contextlib.suppress(FileNotFoundError):
            if path.stat().st_size == len(data) and _read(path) == data:
                return
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, data)
    except OSError as error:
        raise CopyhoundError("unavailable", f"The data folder cannot be written: {error.strerror}.") from error
