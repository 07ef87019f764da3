"""Blobs in a folder: `workspace/ab/sha256`."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import re
from pathlib import Path

from copyhound.domain.errors import CopyhoundError
from copyhound.files import write_atomically

_KEY = re.compile(r"[A-Za-z0-9_-]{1,100}/[0-9a-f]{2}/[0-9a-f]{64}", re.ASCII)


class FolderBlobs:
    """Bytes by workspace and content. A file is there whole, or not at all."""

    def __init__(self, root: Path) -> None:
        self.root = root

    async def put(self, workspace_id: str, data: bytes) -> str:
        """The key. CopyhoundError unavailable where it cannot be written."""
        digest = hashlib.sha256(data).hexdigest()
        key = f"{workspace_id}/{digest[:2]}/{digest}"
        await asyncio.to_thread(_write, self._path(key), data)
        return key

    async def get(self, key: str) -> bytes:
        """CopyhoundError not_found where it is gone."""
        path = self._path(key)
        for place in (path, _aside(path)):
            with contextlib.suppress(FileNotFoundError, ValueError):
                return await asyncio.to_thread(place.read_bytes)
        raise CopyhoundError("not_found", "The stored picture is gone.")

    async def set_aside(self, key: str) -> None:
        """The first half of a deletion: `put` writes it anew, `get` still finds it. Quiet where it is gone."""
        path = self._path(key)
        with contextlib.suppress(FileNotFoundError):
            await asyncio.to_thread(path.rename, _aside(path))

    async def restore(self, key: str) -> None:
        """It is in use after all."""
        path = self._path(key)
        with contextlib.suppress(FileNotFoundError):
            await asyncio.to_thread(_aside(path).rename, path)

    async def drop(self, key: str) -> None:
        """The second half of a deletion: what was set aside is gone. What was put anew meanwhile stays."""
        await asyncio.to_thread(_aside(self._path(key)).unlink, missing_ok=True)

    def _path(self, key: str) -> Path:
        if _KEY.fullmatch(key) is None:
            raise CopyhoundError("not_found", "That is no key of a stored picture.")
        return self.root / key


def _aside(path: Path) -> Path:
    return path.with_name(f"{path.name}.aside")


def _write(path: Path, data: bytes) -> None:
    if path.exists() and path.stat().st_size == len(data):
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, data)
    except OSError as error:
        raise CopyhoundError("unavailable", f"The data folder cannot be written: {error.strerror}.") from error
