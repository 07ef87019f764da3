"""Longs of 64 bits under seals: what damage changes in them on the disk is noticed when it is first read."""

from __future__ import annotations

import zlib
from typing import Final

import numpy as np
from numpy.typing import NDArray

Longs = NDArray[np.uint64]
Ints = NDArray[np.int64]
Seals = NDArray[np.uint32]

_SHIFT: Final = 9
BLOCK: Final = 1 << _SHIFT
"""Longs under one seal: a page of memory, so that no more is read from the disk than without seals."""
_BYTES: Final = 8 * BLOCK


class DamagedError(ValueError):
    """A file is not what was written."""


def seals_of(longs: Longs) -> Seals:
    """A CRC for each block; the last one may be short."""
    data = np.ascontiguousarray(longs).data.cast("B") if len(longs) else b""
    return np.array([zlib.crc32(data[at : at + _BYTES]) for at in range(0, len(data), _BYTES)], np.uint32)


class Sealed:
    """A mapped array. A block is compared with its seal when it is first read; DamagedError where they differ."""

    def __init__(self, longs: Longs, seals: Seals, name: str) -> None:
        """`name` is what the error says is damaged."""
        if len(seals) != -(-len(longs) // BLOCK):
            raise DamagedError(f"{name} has not as many seals as blocks")
        self._longs, self._seals, self._name = np.asarray(longs), seals, name
        self._data = self._longs.data.cast("B") if len(longs) else memoryview(b"")
        self._seen = np.zeros(len(seals), np.bool_)
        self._unseen = len(seals)

    def __len__(self) -> int:
        return len(self._longs)

    def __getitem__(self, key: slice | Ints) -> Longs:
        """As an array's; of slices only those with a beginning and an end."""
        if self._unseen:
            self._see(_blocks_of(key))
        return self._longs[key]

    def _see(self, blocks: Ints) -> None:
        seen = self._seen[blocks]
        if seen.all():
            return
        unseen = blocks[~seen]
        # neighbours mostly lie in the same one, and few are left to be sorted
        new = np.unique(unseen[np.flatnonzero(np.diff(unseen, prepend=-1))])
        for block, seal in zip(new.tolist(), self._seals[new].tolist(), strict=True):
            if zlib.crc32(self._data[block * _BYTES : (block + 1) * _BYTES]) != seal:
                raise DamagedError(f"{self._name} has changed since it was written")
        self._seen[new] = True
        self._unseen -= len(new)


def _blocks_of(key: slice | Ints) -> Ints:
    if isinstance(key, slice):
        return np.arange(key.start >> _SHIFT, -(-key.stop >> _SHIFT))
    return key >> _SHIFT
