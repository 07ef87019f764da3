"""Longs of 64 bits under seals: what damage changes in them on the disk is noticed when it is first read.

A seal is a sum of a block's longs, each times an odd number of its own, so that a change of one long always shows, and
others do but for one in four billion. A CRC would take ten times as long for as many blocks as a search reads.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

Longs = NDArray[np.uint64]
Ints = NDArray[np.int64]
Seals = NDArray[np.uint32]

_SHIFT: Final = 6
BLOCK: Final = 1 << _SHIFT
"""Longs under one seal: about as many as a word has postings among a million pictures."""
_FACTORS: Final = np.random.PCG64(0).random_raw(BLOCK) | np.uint64(1)
_AT_ONCE: Final = 1024
"""Blocks, so that they stay in the processor's cache."""


class DamagedError(ValueError):
    """A file is not what was written."""


def seals_of(longs: Longs) -> Seals:
    """A seal for each block; the last block may be short."""
    whole = len(longs) >> _SHIFT
    blocks = longs[: whole << _SHIFT].reshape(-1, BLOCK)
    parts = [_sums(blocks[at : at + _AT_ONCE]) for at in range(0, whole, _AT_ONCE)]
    if rest := len(longs) - (whole << _SHIFT):
        parts.append(_sums(np.pad(longs[-rest:], (0, BLOCK - rest))[None]))
    return np.concatenate(parts) if parts else np.empty(0, np.uint32)


def _sums(blocks: Longs) -> Seals:
    return np.asarray((blocks * _FACTORS).sum(axis=1) >> np.uint64(32), dtype=np.uint32)


class Sealed:
    """A mapped array. A block is compared with its seal when it is first read; DamagedError where they differ."""

    def __init__(self, longs: Longs, seals: Seals, name: str) -> None:
        """`name` is what the error says is damaged."""
        if len(seals) != -(-len(longs) // BLOCK):
            raise DamagedError(f"{name} has not as many seals as blocks")
        self._longs, self._seals, self._name = np.asarray(longs), seals, name
        self._blocks = self._longs[: len(longs) >> _SHIFT << _SHIFT].reshape(-1, BLOCK)
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
        if not all(self._whole(new[at : at + _AT_ONCE]) for at in range(0, len(new), _AT_ONCE)):
            raise DamagedError(f"{self._name} has changed since it was written")
        self._seen[new] = True
        self._unseen -= len(new)

    def _whole(self, blocks: Ints) -> bool:
        short = blocks[-1] == len(self._blocks)
        full = blocks[: len(blocks) - short]
        fits = np.array_equal(_sums(self._blocks[full]), self._seals[full])
        return fits and (not short or bool(seals_of(self._longs[blocks[-1] << _SHIFT :])[0] == self._seals[-1]))


def _blocks_of(key: slice | Ints) -> Ints:
    if isinstance(key, slice):
        return np.arange(key.start >> _SHIFT, -(-key.stop >> _SHIFT))
    return key >> _SHIFT
