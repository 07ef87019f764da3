"""Cells: what small squares of two pictures in one frame say of each other."""

from __future__ import annotations

from typing import Final

import cv2
import msgspec
import numpy as np
from numpy.typing import NDArray

CELL: Final = 10
"""Side of a cell, in pixels of the frame."""
ROUGH: Final = 5.0
"""A cell whose grey varies less (standard deviation) is flat."""
_NOISE: Final = 1.5
_GRAINED: Final = 3.0
_LIKE_GRAIN: Final = 0.5
_LIGHTER: Final = 3.0
_HARDER: Final = 1.05

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]


class Cells(msgspec.Struct, frozen=True):
    """Means and spreads of the cells, each rows x columns (x 3)."""

    mean: Floats
    """Of the three colours."""
    grey: Floats
    rough: Floats
    """Standard deviation of the grey."""
    detail: Floats
    """Mean difference of neighbouring pixels of the grey."""
    inner: tuple[Floats, Floats]
    """Covariances of the colours: red-red, green-green, blue-blue; red-green, green-blue, blue-red."""


def means_of(plane: Floats) -> Floats:
    """The mean of each cell."""
    size = (plane.shape[1] // CELL, plane.shape[0] // CELL)
    return np.asarray(cv2.resize(plane, size, interpolation=cv2.INTER_AREA), dtype=np.float32)


def measured(colours: Floats, grey: Floats) -> Cells:
    """The cells of a picture (height x width x 3, and its grey), both around 0."""
    mean, middle = means_of(colours), means_of(grey)
    shifted, mean_shifted = colours[..., [1, 2, 0]], mean[..., [1, 2, 0]]
    steps = cv2.absdiff(grey[:-1, :-1], grey[1:, :-1]) + cv2.absdiff(grey[:-1, :-1], grey[:-1, 1:])
    return Cells(
        mean=mean,
        grey=middle,
        rough=np.sqrt(np.maximum(means_of(grey * grey) - middle * middle, 0)),
        detail=means_of(cv2.copyMakeBorder(steps, 0, 1, 0, 1, cv2.BORDER_REPLICATE)),  # type: ignore[arg-type]
        inner=(
            means_of(colours * colours) - mean * mean + np.float32(_NOISE**2),
            means_of(colours * shifted) - mean * mean_shifted,
        ),
    )


def crossed_in(one: Floats, other: Floats, *, negative: bool) -> tuple[Mask, Mask]:
    """Cells where either has texture that runs both ways, and cells where the two agree in that."""
    grained, likeness = woven(one, other)
    return grained, np.asarray((-likeness if negative else likeness) > _LIKE_GRAIN)


def woven(one: Floats, other: Floats) -> tuple[Mask, Floats]:
    """Cells where either has texture that runs both ways, and how alike the two are in that: -1 to 1."""
    first, second = _both_ways(one), _both_ways(other)
    power, other_power, along = means_of(first * first), means_of(second * second), means_of(first * second)
    likeness = along / np.sqrt((power + 1) * (other_power + 1))
    return np.asarray(np.maximum(power, other_power) > _GRAINED**2), likeness


def _both_ways(plane: Floats) -> Floats:
    """Without the means of each cell's rows, and then of its columns."""
    cells = plane.reshape(plane.shape[0] // CELL, CELL, -1, CELL)
    rest = cells - cells.mean(axis=3, keepdims=True)
    return np.asarray((rest - rest.mean(axis=1, keepdims=True)).reshape(plane.shape), dtype=np.float32)


def burnt_in(cells: Cells, other: Cells, inside: Mask, *, negative: bool) -> Mask:
    """Cells that are flat in one picture because they burnt out there, to white or to black: they say nothing.

    What burns to white is what was bright before, in a picture that is lighter or harder on the whole: so a caption on
    a white wall is not taken for what the wall burnt away.
    """
    rest = -other.grey if negative else other.grey
    bright = rest >= np.median(rest[inside])
    lighter = float(np.median(cells.grey[inside] - rest[inside]))
    harder = bool(cells.grey[inside].std() > _HARDER * rest[inside].std())
    white = (cells.grey > 119) & bright & (harder or lighter > _LIGHTER)
    black = (cells.grey < -120) & ~bright & (harder or lighter < -_LIGHTER)
    return np.asarray((cells.rough < ROUGH) & (white | black))


def explained(one: Cells, other: Cells, colours: Floats, grey: Floats) -> Floats:
    """Correlation of the other's grey in each cell with its best mix of this one's three colours, 0 to 1."""
    outer = means_of(colours * grey[..., None]) - one.mean * other.grey[..., None]
    (a, b, c), (ab, bc, ca) = (np.moveaxis(part, 2, 0) for part in one.inner)
    x, y, z = np.moveaxis(outer, 2, 0)
    # the inverse of a symmetric 3 x 3 matrix, by its cofactors
    aa, bb, cc = b * c - bc * bc, a * c - ca * ca, a * b - ab * ab
    xy, yz, zx = ca * bc - ab * c, ab * ca - a * bc, ab * bc - ca * b
    whole = np.maximum(a * aa + ab * xy + ca * zx, 1e-3)
    solved = x * x * aa + y * y * bb + z * z * cc + 2 * (x * y * xy + y * z * yz + z * x * zx)
    total = other.rough**2 + np.float32(_NOISE**2)
    return np.asarray(np.sqrt(np.clip(solved / whole / total, 0, 1)), dtype=np.float32)


def compact(hidden: Mask, inside: Mask) -> Mask:
    """Without cells that stand alone, and with the gaps closed: what covers a picture is in one piece or a few."""
    kernel = np.ones((3, 3), np.uint8)
    plane = np.pad(hidden.astype(np.uint8), 1)
    around = cv2.filter2D(plane, -1, kernel)
    closed = cv2.morphologyEx(((plane > 0) & (around > 2)).astype(np.uint8), cv2.MORPH_CLOSE, kernel)
    return np.asarray((closed[1:-1, 1:-1] > 0) & inside)


def tone_between(match: Cells, query: Cells, where: Mask) -> float:
    """Mean difference of the cells' colours, 0 to 1."""
    return float(np.abs(match.mean[where] - query.mean[where]).mean() / 255)


def sharpness_of(match: Cells, query: Cells, where: Mask) -> float:
    """Ratio of neighbouring pixels' differences, each relative to its cell's contrast."""
    fine = [float(np.median(one.detail[where] / (one.rough[where] + 1))) for one in (match, query)]
    return fine[1] / max(fine[0], 1e-6)
