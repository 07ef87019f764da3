"""Memory given back: glibc keeps an arena for each of our many threads, and what was freed in them."""

from __future__ import annotations

import asyncio
import ctypes
from typing import Any, Final

_M_ARENA_MAX: Final = -8
_ARENAS: Final = 2
_EVERY_SECONDS: Final = 60.0


def few_arenas() -> None:
    """Let all threads share two arenas, from now on. Does nothing where the C library is another one."""
    if (libc := _glibc()) is not None:
        libc.mallopt(_M_ARENA_MAX, _ARENAS)


async def give_back() -> None:
    """Hand freed memory back to the system once a minute, until cancelled."""
    libc = _glibc()
    while libc is not None:
        await asyncio.sleep(_EVERY_SECONDS)
        await asyncio.to_thread(libc.malloc_trim, 0)


def _glibc() -> Any | None:
    try:
        libc = ctypes.CDLL(None)
        return libc if hasattr(libc, "malloc_trim") and hasattr(libc, "mallopt") else None
    except (OSError, TypeError):
        return None
