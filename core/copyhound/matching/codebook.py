"""Descriptors as short vectors: what the codebook that ships with the package makes of them.

A SIFT descriptor (128 values) becomes a vector of 64 by PCA and a fixed random rotation. The PCA was made on
descriptors in all four variants (plain, mirrored, negative, both), so that the 64 dimensions hold each variant of
whatever they hold: to mirror a picture's vectors is to multiply them by a 64 x 64 matrix. The codebook was made by
`tests/bench/train_codebook.py`, from pictures that are in no benchmark.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from .variants import VARIANTS, permutation

DIMENSIONS: Final = 64
PARTS: Final = 16
"""Bytes of a packed vector: each tells which of 256 centroids is nearest in its 4 dimensions."""
_SCALE: Final = np.float32(1 / 512)

Vectors = NDArray[np.float32]
"""N x 64; distances are those of RootSIFT descriptors of length 1, nearly: 6 % of the variance is left out."""


class Codebook(msgspec.Struct, frozen=True):
    """A vector is (`descriptor` - `mean`) times `rotation`."""

    mean: NDArray[np.float32]
    """128."""
    rotation: NDArray[np.float32]
    """128 x 64."""
    halves: NDArray[np.float32]
    """2 x 2048 x 32: the centroids that words are made of."""
    parts: NDArray[np.float32]
    """16 x 256 x 4: the centroids that packed vectors are made of."""


@cache
def codebook() -> Codebook:
    """The codebook that ships with the package."""
    with files(__package__).joinpath("data/codebook.npz").open("rb") as file, np.load(file) as arrays:
        return Codebook(**{name: arrays[name].astype(np.float32) for name in Codebook.__struct_fields__})


def vectors_of(descriptors: NDArray[np.uint8]) -> Vectors:
    """RootSIFT in bytes (N x 128) to vectors."""
    book = codebook()
    return np.asarray((descriptors.astype(np.float32) * _SCALE - book.mean) @ book.rotation, dtype=np.float32)


def varied(vectors: Vectors, variant: int) -> Vectors:
    """The vectors that a variant (an index into VARIANTS) of the same picture would have, in the same order."""
    return vectors if variant == 0 else np.asarray(vectors @ _changes()[variant], dtype=np.float32)


@cache
def _changes() -> NDArray[np.float32]:
    """4 x 64 x 64: what each variant does to vectors; exact within what 64 dimensions hold."""
    rotation = codebook().rotation
    return np.stack(
        [rotation.T @ rotation[np.argsort(permutation(mirrored=m, negative=n))] for m, n in VARIANTS]
    ).astype(np.float32)


def pack(vectors: Vectors) -> NDArray[np.uint8]:
    """N x 16 bytes; unpacked, a vector has lost 9 % of its variance."""
    parts = codebook().parts
    out = np.empty((len(vectors), PARTS), np.uint8)
    for i, centroids in enumerate(parts):
        piece = vectors[:, 4 * i : 4 * i + 4]
        out[:, i] = ((centroids**2).sum(axis=1) - 2 * piece @ centroids.T).argmin(axis=1)
    return out


def unpack(packed: NDArray[np.uint8]) -> Vectors:
    """What `pack` packed, nearly."""
    return codebook().parts[np.arange(PARTS), packed].reshape(len(packed), DIMENSIONS)
