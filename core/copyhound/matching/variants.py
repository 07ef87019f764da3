"""Mirrored and negative pictures, without extracting their features again.

A SIFT descriptor is a 4 x 4 grid of 8 orientations, laid along its keypoint's own direction. A mirrored
picture's descriptor is the same 128 values with the grid's rows in reverse and the orientations negated;
a negative's keypoint points the other way, which turns the grid by half a turn. Both are exact.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

_INDEX: Final = np.arange(128).reshape(4, 4, 8)
MIRROR: Final[NDArray[np.intp]] = _INDEX[::-1, :, -np.arange(8) % 8].reshape(128)
"""`descriptors[:, MIRROR]` are those of the mirrored picture."""
NEGATIVE: Final[NDArray[np.intp]] = _INDEX[::-1, ::-1, :].reshape(128)
"""`descriptors[:, NEGATIVE]` are those of the negative."""

VARIANTS: Final[tuple[tuple[bool, bool], ...]] = ((False, False), (True, False), (False, True), (True, True))
"""(mirrored, negative): plain, mirrored, negative, mirrored negative."""


def permutation(*, mirrored: bool, negative: bool) -> NDArray[np.intp]:
    """`descriptors[:, permutation]` are those that a variant of the same picture would have."""
    out = np.arange(128)
    if mirrored:
        out = out[MIRROR]
    if negative:
        out = out[NEGATIVE]
    return out
