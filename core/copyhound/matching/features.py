"""Local features: SIFT, spread over the whole picture, as RootSIFT in bytes."""

from __future__ import annotations

from typing import Any, Final

import cv2
import msgspec
import numpy as np
from numpy.typing import NDArray

from .decode import Pixels

GRID: Final = 8
_MOST_CELLS: Final = 64
_CELL: Final = 6
DESCRIPTOR_SCALE: Final = 512.0
"""A RootSIFT value of 1.0 in bytes; values above 0.498 are clipped, which is rare and harmless."""
_ENLARGE_LIMIT: Final = 3.0
_CONTRAST: Final = 0.015
_EDGE: Final = 12.0
_STEP: Final = 8
_PLAIN: Final = 0.09
"""Of the pixels fewer have such an edge or spot: 30 of 150 photographs, which were all done sooner at once."""


class Features(msgspec.Struct, frozen=True):
    """N features of a picture, most useful first. Positions are fractions of width and height."""

    places: NDArray[np.float32]
    """N x 2, each 0 to 1."""
    sizes: NDArray[np.float32]
    """N: diameter as a fraction of the smaller side."""
    angles: NDArray[np.float32]
    """N: direction in radians, clockwise on the screen."""
    descriptors: NDArray[np.uint8]
    """N x 128, RootSIFT times DESCRIPTOR_SCALE."""


def extract(pixels: Pixels, count: int, enlarge_to: int, threads: int = 1) -> Features:
    """At most `count` features of an RGB picture; one whose smaller side is under `enlarge_to` is scaled up."""
    cv2.setNumThreads(threads)
    grey = _enlarged(_grey(pixels), enlarge_to)
    kept, raw = _described(grey, count, at_once=_is_plain(grey))
    return _features(kept, raw, grey.shape[1], grey.shape[0]) if kept else _none()


def _described(grey: NDArray[np.uint8], count: int, *, at_once: bool) -> tuple[list[cv2.KeyPoint], NDArray[np.float32]]:
    """The features to keep, and their descriptors; the same either way.

    `at_once` describes all that is found: of a plain picture that is sooner than to look at it twice.
    """
    sift = _sift()
    found, raw = sift.detectAndCompute(grey, None) if at_once else (sift.detect(grey, None), None)
    chosen = _spread(found, grey.shape[1], grey.shape[0], count)
    kept = [found[i] for i in chosen]
    if not kept:
        return [], np.empty((0, 128), np.float32)
    return sift.compute(grey, kept) if raw is None else (kept, raw[chosen])


def _is_plain(grey: NDArray[np.uint8]) -> bool:
    """Whether hardly more features will be found than are kept, at a guess."""
    steps = cv2.Laplacian(cv2.GaussianBlur(grey, (3, 3), 0.8), cv2.CV_16S)
    return int(np.count_nonzero(np.abs(steps) > _STEP)) < _PLAIN * grey.size


def count_places(pixels: Pixels, size: tuple[int, int]) -> int:
    """`distinct_places` of an RGB picture, as it is: nothing is scaled up. `size` is the full picture's."""
    cv2.setNumThreads(1)
    grey = _grey(pixels)
    here = grey.shape[1], grey.shape[0]
    found = _sift().detect(grey, None)
    places = np.asarray([np.divide(point.pt, here) for point in found], np.float32).reshape(-1, 2)
    return distinct_places(places, size)


def distinct_places(places: NDArray[np.float32], size: tuple[int, int]) -> int:
    """In how many cells N x 2 positions (0 to 1) stand; a cell is 6 pixels of the full picture, or a 64th of a side.

    What scaling up makes of a few pixels is thus not taken for more than it is.
    """
    cells = np.clip(np.array(size) // _CELL, 1, _MOST_CELLS)
    at = np.floor(places * cells).astype(np.int64)
    return len(np.unique(at[:, 0] * (_MOST_CELLS + 1) + at[:, 1]))


def _grey(pixels: Pixels) -> NDArray[np.uint8]:
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), dtype=np.uint8)


def _sift() -> Any:
    return cv2.SIFT_create(  # type: ignore[attr-defined]  # the stubs of OpenCV 5 lack it
        nfeatures=0, contrastThreshold=_CONTRAST, edgeThreshold=_EDGE, sigma=1.6, enable_precise_upscale=True
    )


def _enlarged(grey: NDArray[np.uint8], smaller: int) -> NDArray[np.uint8]:
    factor = min(_ENLARGE_LIMIT, smaller / min(grey.shape))
    if factor <= 1.0:
        return grey
    out = cv2.resize(grey, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC)
    return np.asarray(out, dtype=np.uint8)


def _spread(found: list[cv2.KeyPoint], width: int, height: int, count: int) -> NDArray[np.intp]:
    """Indices of the features to keep: the strongest of each grid cell first, then the second ones ..."""
    if not found:
        return np.empty(0, np.intp)
    places = np.asarray(cv2.KeyPoint.convert(found), np.float64)  # several times as quick as one by one
    column = np.minimum(places[:, 0] * GRID // width, GRID - 1)
    cell = column * GRID + np.minimum(places[:, 1] * GRID // height, GRID - 1)
    weak = -np.array([k.response for k in found]) * np.array([k.size for k in found]) ** 0.5
    order = np.lexsort((weak, cell))
    starts = np.searchsorted(cell[order], cell[order])
    rounds = np.empty(len(found), np.intp)
    rounds[order] = np.arange(len(found)) - starts
    return np.lexsort((weak, rounds))[:count]


def _features(kept: list[cv2.KeyPoint], raw: NDArray[np.float32], width: int, height: int) -> Features:
    places = np.asarray(cv2.KeyPoint.convert(kept), np.float32)
    return Features(
        places=np.clip((places + 0.5) / (width, height), 0, 1).astype(np.float32),
        sizes=np.array([k.size / min(width, height) for k in kept], np.float32),
        angles=np.radians(np.array([k.angle for k in kept], np.float32)),
        descriptors=root_sift(raw),
    )


def root_sift(raw: NDArray[np.float32]) -> NDArray[np.uint8]:
    """N x 128 SIFT values to the square roots of their shares, in bytes."""
    shares = np.sqrt(raw / np.maximum(raw.sum(axis=1, keepdims=True), 1e-6))
    return np.asarray(np.clip(np.rint(shares * DESCRIPTOR_SCALE), 0, 255), dtype=np.uint8)


def _none() -> Features:
    empty = np.empty(0, np.float32)
    return Features(np.empty((0, 2), np.float32), empty, empty, np.empty((0, 128), np.uint8))
