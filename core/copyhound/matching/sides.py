"""One side of a comparison: a fingerprint's features in units in which a picture's smaller side is 300."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from .codebook import Vectors, varied
from .fingerprint import Fingerprint
from .geometry import Array, mirroring, scaling
from .variants import VARIANTS

UNIT_SIDE: Final = 300.0


class Side(msgspec.Struct, frozen=True):
    """N features of one picture (or of its mirrored or negative variant), in units."""

    points: Array
    """N x 2."""
    sizes: Array
    angles: Array
    vectors: Vectors
    """N x 64."""
    powers: NDArray[np.float32]
    """N: half the square of each vector's length."""
    width: float
    height: float
    to_units: Array
    """3 x 3: full pixels of the picture as it stands to units of this variant (the mirroring is in it)."""


@lru_cache(maxsize=4)
def known_print(data: bytes) -> Fingerprint:
    """A query's fingerprint: unpacked once for all its candidates."""
    return Fingerprint.from_bytes(data)


@lru_cache(maxsize=8)
def known_side(data: bytes, variant: int) -> Side:
    """A variant of a query (an index into VARIANTS): made once for all its candidates."""
    fingerprint = known_print(data)
    mirrored, negative = VARIANTS[variant]
    return variant_of(side_of(fingerprint), fingerprint, mirrored=mirrored, negative=negative)


def side_of(fingerprint: Fingerprint) -> Side:
    """A fingerprint as it stands."""
    scale = UNIT_SIDE / min(fingerprint.width, fingerprint.height)
    width, height = fingerprint.width * scale, fingerprint.height * scale
    return Side(
        points=fingerprint.places.astype(np.float64) * (width, height),
        sizes=fingerprint.sizes.astype(np.float64) * UNIT_SIDE,
        angles=fingerprint.angles.astype(np.float64),
        vectors=fingerprint.vectors,
        powers=_powers(fingerprint.vectors),
        width=width,
        height=height,
        to_units=scaling(scale, scale),
    )


def variant_of(side: Side, fingerprint: Fingerprint, *, mirrored: bool, negative: bool) -> Side:
    """The same picture mirrored (left for right) or as a negative. `side` is `side_of(fingerprint)`."""
    if not mirrored and not negative:
        return side
    points, angles, to_units = side.points, side.angles, side.to_units
    if mirrored:
        points = np.column_stack([side.width - points[:, 0], points[:, 1]])
        angles = np.pi - angles
        to_units = mirroring(side.width) @ to_units
    vectors = varied(fingerprint.vectors, VARIANTS.index((mirrored, negative)))
    return Side(
        points=points,
        sizes=side.sizes,
        angles=angles + np.pi if negative else angles,
        vectors=vectors,
        powers=_powers(vectors),
        width=side.width,
        height=side.height,
        to_units=to_units,
    )


def likeness_of(query: Side, match: Side) -> NDArray[np.float32]:
    """How alike M query features (rows) and N features of the match are: the cosine of their RootSIFT, nearly."""
    out = query.vectors @ match.vectors.T
    out += (1 - query.powers)[:, None]
    out -= match.powers
    return out


def _powers(vectors: Vectors) -> NDArray[np.float32]:
    return np.asarray(np.einsum("nd,nd->n", vectors, vectors) / 2, dtype=np.float32)
