"""Visual words: each feature falls into one of 4,194,304 words, under which an index finds it again.

A word is a pair: each half of a vector falls to the nearest of 2,048 centroids. So many words keep each word's list
short: with 512 centroids a query met four times as many entries by chance, and small pieces drowned among them. Beside
its word a feature has a signature of 64 bits: on which side of its word's centre it lies in each dimension. Of the
features that meet in a word, those whose signatures differ in more than a third of the bits met by chance.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from .codebook import DIMENSIONS, Vectors, codebook

CENTROIDS: Final = 2048
WORD_COUNT: Final = CENTROIDS * CENTROIDS
QUERY_NEAREST: Final = 4
"""In how many words a query's feature looks."""
_HALF: Final = DIMENSIONS // 2
_AT_ONCE: Final = 128

Words = NDArray[np.uint32]
Signatures = NDArray[np.uint64]


def words_of(vectors: Vectors) -> Words:
    """The nearest word of each vector: N."""
    out = np.empty(len(vectors), np.uint32)
    for rows, (first, second) in _distances(vectors):
        out[rows] = first.argmin(axis=1) * CENTROIDS + second.argmin(axis=1)
    return out


def near_words(vectors: Vectors) -> Words:
    """The words near each vector, the nearest first: N x 4, the pairs of the two nearest centroids of each half."""
    out = np.empty((len(vectors), QUERY_NEAREST), np.uint32)
    for rows, halves in _distances(vectors):
        first, second = (_two_nearest(one) for one in halves)
        out[rows] = (first[:, None, :] * CENTROIDS + second[:, :, None]).reshape(-1, QUERY_NEAREST)
    return out


def signatures_of(vectors: Vectors, words: Words) -> Signatures:
    """On which side of a word's centre each vector lies, a bit for each dimension: N."""
    halves = codebook().halves
    bits = np.empty((len(vectors), DIMENSIONS), np.bool_)
    np.greater(vectors[:, :_HALF], halves[0][words // CENTROIDS], out=bits[:, :_HALF])
    np.greater(vectors[:, _HALF:], halves[1][words % CENTROIDS], out=bits[:, _HALF:])
    return np.packbits(bits, axis=1).view("<u8")[:, 0].astype(np.uint64)


def _distances(vectors: Vectors) -> Iterator[tuple[slice, list[NDArray[np.float32]]]]:
    """Squared distances to the centroids of each half, less what is the same for a row: rows, two of n x 2048.

    A few rows at a time, so that they stay in the processor's cache.
    """
    ones = np.ones((len(vectors), 1), np.float32)
    halves = [np.hstack([half, ones]) for half in np.split(vectors, 2, axis=1)]
    for start in range(0, len(vectors), _AT_ONCE):
        rows = slice(start, start + _AT_ONCE)
        yield rows, [half[rows] @ table for half, table in zip(halves, _tables(), strict=True)]


@cache
def _tables() -> list[NDArray[np.float32]]:
    """For each half 33 x 2048: what a row (and a one) is multiplied by to give the distances."""
    return [np.ascontiguousarray(np.vstack([-2 * c.T, (c**2).sum(axis=1)])) for c in codebook().halves]


def _two_nearest(distances: NDArray[np.float32]) -> NDArray[np.intp]:
    """The columns of the two least values of each row: N x 2. Spoils `distances`."""
    rows = np.arange(len(distances))
    first = distances.argmin(axis=1)
    distances[rows, first] = np.inf
    return np.column_stack([first, distances.argmin(axis=1)])
