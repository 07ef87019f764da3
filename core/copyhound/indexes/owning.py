"""The folder of an embedded index: one process owns it, and what is wrong with it is said with the way out."""

from __future__ import annotations

import errno
import fcntl
import os
from pathlib import Path
from typing import Final

from copyhound.domain.errors import CopyhoundError

_NOT_OURS: Final = "Let the user that Copyhound runs as write there, or choose another data folder (setting `data`)."
_NO_ROOM: Final = "Make room on its disk, then try again."
_TOO_MANY: Final = "Allow this process more open files (`ulimit -n`), then start it again."
_WAYS: Final = (
    dict.fromkeys((errno.EACCES, errno.EPERM, errno.EROFS), _NOT_OURS)
    | dict.fromkeys((errno.ENOSPC, errno.EDQUOT), _NO_ROOM)
    | dict.fromkeys((errno.EMFILE, errno.ENFILE), _TOO_MANY)
)


def unusable(folder: Path, error: OSError) -> CopyhoundError:
    """Says what is wrong with the folder, and the way out."""
    way = _WAYS.get(error.errno or 0, "See to the folder and its disk, then try again.")
    return CopyhoundError("unavailable", f"The index in {folder} cannot be used: {error.strerror or error}. {way}")


def own(folder: Path) -> int:
    """A descriptor that holds the folder's lock until it is closed."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise unusable(folder, error) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        raise CopyhoundError("data_in_use", f"The index in {folder} is open elsewhere.") from None
    return lock
