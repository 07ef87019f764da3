"""Visual words: each feature falls into one of 4,194,304 words, under which an index finds it again.

A descriptor is brought to 64 dimensions (PCA and a fixed random rotation, so that both halves carry alike), and
each half to the nearest of 2,048 centroids; a word is the pair. So many words keep each word's list short: with 512
centroids a query met four times as many entries by chance, and small pieces drowned among them. The codebook ships with
the package; `tests/bench/train_codebook.py` made it.
"""

from __future__ import annotations

from collections import Counter
from functools import cache
from importlib.resources import files
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from .fingerprint import Fingerprint
from .variants import VARIANTS, varied

CENTROIDS: Final = 2048
WORD_COUNT: Final = CENTROIDS * CENTROIDS
QUERY_NEAREST: Final = 3
"""In how many words a query's feature looks."""
_SOFTNESS: Final = 0.02
_SCALE: Final = 512.0


class Codebook(msgspec.Struct, frozen=True):
    """128 values - `mean`, times `rotation` (128 x 64); `halves` (2 x 2048 x 32) are the centroids."""

    mean: NDArray[np.float32]
    rotation: NDArray[np.float32]
    halves: NDArray[np.float32]


def entry_words(fingerprint: bytes) -> dict[int, float]:
    """An entry's sparse vector: word to weight; its weights have length 1."""
    words = Fingerprint.from_bytes(fingerprint).words
    counts = Counter(words.tolist())
    weights = {word: count**0.5 for word, count in counts.items()}
    return _normalised(weights)


def query_words(fingerprint: bytes) -> list[dict[int, float]]:
    """One sparse vector each for the plain, mirrored, negative and mirrored negative query."""
    descriptors = Fingerprint.from_bytes(fingerprint).descriptors
    return [_query_vector(varied(descriptors, mirrored=mirrored, negative=negative)) for mirrored, negative in VARIANTS]


def assign_words(descriptors: NDArray[np.uint8]) -> NDArray[np.uint32]:
    """The nearest word of each descriptor (N x 128)."""
    if not len(descriptors):
        return np.empty(0, np.uint32)
    first, second = (distances.argmin(axis=1) for distances in _distances(descriptors))
    return np.asarray(first * CENTROIDS + second, dtype=np.uint32)


@cache
def codebook() -> Codebook:
    """The codebook that ships with the package."""
    with files(__package__).joinpath("data/codebook.npz").open("rb") as file, np.load(file) as arrays:
        return Codebook(**{name: arrays[name].astype(np.float32) for name in ("mean", "rotation", "halves")})


def _distances(descriptors: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
    """Squared distances to the centroids of each half: two arrays of N x 2048."""
    book = codebook()
    projected = (descriptors.astype(np.float32) / _SCALE - book.mean) @ book.rotation
    out = []
    for part, centroids in zip(np.split(projected, 2, axis=1), book.halves, strict=True):
        lengths = (part**2).sum(axis=1)[:, None] + (centroids**2).sum(axis=1)
        out.append(lengths - 2 * part @ centroids.T)
    return out


def _query_vector(descriptors: NDArray[np.uint8]) -> dict[int, float]:
    if not len(descriptors):
        return {}
    words, distances = _nearest_words(descriptors)
    weights = np.exp((distances[:, :1] - distances) / _SOFTNESS)
    weights /= weights.sum(axis=1, keepdims=True)
    summed: dict[int, float] = {}
    for word, weight in zip(words.ravel().tolist(), weights.ravel().tolist(), strict=True):
        summed[word] = summed.get(word, 0.0) + weight
    return _normalised({word: weight**0.5 for word, weight in summed.items()})


def _nearest_words(descriptors: NDArray[np.uint8]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The QUERY_NEAREST nearest words of each descriptor, and their squared distances, nearest first."""
    first, second = _distances(descriptors)
    near = [_two_nearest(part) for part in (first, second)]
    rows = np.arange(len(descriptors))[:, None]
    pairs = (near[0][:, :, None] * CENTROIDS + near[1][:, None, :]).reshape(len(rows), 4)
    costs = (first[rows, near[0]][:, :, None] + second[rows, near[1]][:, None, :]).reshape(len(rows), 4)
    order = np.argsort(costs, axis=1)[:, :QUERY_NEAREST]
    return pairs[rows, order].astype(np.int64), costs[rows, order]


def _two_nearest(distances: NDArray[np.float32]) -> NDArray[np.intp]:
    """The columns of the two least values of each row (N x 2)."""
    rows = np.arange(len(distances))
    first = distances.argmin(axis=1)
    least = distances[rows, first]
    distances[rows, first] = np.inf
    second = distances.argmin(axis=1)
    distances[rows, first] = least
    return np.column_stack([first, second])


def _normalised(weights: dict[int, float]) -> dict[int, float]:
    length = sum(weight * weight for weight in weights.values()) ** 0.5 or 1.0
    return {word: weight / length for word, weight in weights.items()}
