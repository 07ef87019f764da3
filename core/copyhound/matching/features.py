"""Local features: SIFT, spread over the whole picture, as RootSIFT in bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from itertools import pairwise
from typing import Any, Final

import cv2
import msgspec
import numpy as np
from numpy.typing import NDArray

from .decode import Pixels
from .strips import describe_in, find_in, make_sift, strips_of

GRID: Final = 8
_MOST_CELLS: Final = 64
_CELL: Final = 6
DESCRIPTOR_SCALE: Final = 512.0
"""A RootSIFT value of 1.0 in bytes; values above 0.498 are clipped, which is rare and harmless."""
_ENLARGE_LIMIT: Final = 3.0
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


def extract(pixels: Pixels, count: int, enlarge_to: int, *, parts: int = 1, threads: int = 1) -> Features:
    """At most `count` features of an RGB picture; one whose smaller side is under `enlarge_to` is scaled up.

    With as many threads as `parts` it takes little more than half the time. What is found depends on `parts`, a little:
    features larger than their overlap, at a seam. It does not depend on `threads`.
    """
    cv2.setNumThreads(1)
    grey = _enlarged(_grey(pixels), enlarge_to)
    with _each(threads) as each:
        looks = each(partial(find_in, at_once=_is_plain(grey)), strips_of(grey, parts))
        found = [point for look in looks for point in look.found]
        places = np.concatenate([look.places for look in looks])
        chosen = _spread(found, places, grey.shape[1], grey.shape[0], count)
        ends = np.cumsum([0, *(len(look.found) for look in looks)])
        own = [np.flatnonzero((chosen >= first) & (chosen < end)) for first, end in pairwise(ends)]
        described = each(describe_in, looks, [chosen[one] - first for one, first in zip(own, ends[:-1], strict=True)])
    raw = np.empty((len(chosen), 128), np.float32)
    raw[np.concatenate(own)] = np.concatenate(described)
    return _features([found[i] for i in chosen], places[chosen], raw, grey.shape[1], grey.shape[0])


@contextmanager
def _each(threads: int) -> Iterator[Callable[..., list[Any]]]:
    """`map`, in so many threads."""
    if threads == 1:
        yield lambda work, *parts: list(map(work, *parts))
    else:
        with ThreadPoolExecutor(threads) as crew:
            yield lambda work, *parts: list(crew.map(work, *parts))


def _is_plain(grey: NDArray[np.uint8]) -> bool:
    """Whether hardly more features will be found than are kept, at a guess."""
    steps = cv2.Laplacian(cv2.GaussianBlur(grey, (3, 3), 0.8), cv2.CV_16S)
    return int(np.count_nonzero(np.abs(steps) > _STEP)) < _PLAIN * grey.size


def count_places(pixels: Pixels, size: tuple[int, int]) -> int:
    """`distinct_places` of an RGB picture, as it is: nothing is scaled up. `size` is the full picture's."""
    cv2.setNumThreads(1)
    grey = _grey(pixels)
    here = grey.shape[1], grey.shape[0]
    found = make_sift().detect(grey, None)
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


def _enlarged(grey: NDArray[np.uint8], smaller: int) -> NDArray[np.uint8]:
    factor = min(_ENLARGE_LIMIT, smaller / min(grey.shape))
    if factor <= 1.0:
        return grey
    out = cv2.resize(grey, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC)
    return np.asarray(out, dtype=np.uint8)


def _spread(
    found: list[cv2.KeyPoint], places: NDArray[np.float32], width: int, height: int, count: int
) -> NDArray[np.intp]:
    """Indices of the features to keep: the strongest of each grid cell first, then the second ones ..."""
    column = np.minimum(places[:, 0].astype(np.float64) * GRID // width, GRID - 1)
    cell = column * GRID + np.minimum(places[:, 1].astype(np.float64) * GRID // height, GRID - 1)
    weak = -np.array([k.response for k in found]) * np.array([k.size for k in found]) ** 0.5
    order = np.lexsort((weak, cell))
    starts = np.searchsorted(cell[order], cell[order])
    rounds = np.empty(len(found), np.intp)
    rounds[order] = np.arange(len(found)) - starts
    return np.lexsort((weak, rounds))[:count]


def _features(
    kept: list[cv2.KeyPoint], places: NDArray[np.float32], raw: NDArray[np.float32], width: int, height: int
) -> Features:
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
