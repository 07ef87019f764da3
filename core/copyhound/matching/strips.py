"""SIFT in strips of a picture, so that several threads find its features: OpenCV's own smooths on one core alone."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

_CONTRAST: Final = 0.015
_EDGE: Final = 12.0
_OVERLAP: Final = 32
"""Pixels that a strip looks beyond its own: what a feature of ordinary size is described by."""
_ALIGNED: Final = 16
"""A strip is cut at a multiple, so that the pixels of its smaller octaves are those of the whole picture."""


class Strip(NamedTuple):
    """A part of the longer side, with what lies beside it; the features from `start` to `stop` are its own."""

    grey: NDArray[np.uint8]
    axis: int
    """Along which it was cut: 0 for x, 1 for y."""
    offset: int
    """Of its first pixel in the whole picture; so are `start` and `stop`."""
    start: int
    stop: int


class Look(NamedTuple):
    """A strip's own features: N in its pixels, their N x 2 places in the whole picture's, and their descriptors."""

    strip: Strip
    found: list[cv2.KeyPoint]
    places: NDArray[np.float32]
    raw: NDArray[np.float32] | None
    """N x 128, where they are there already."""


def strips_of(grey: NDArray[np.uint8], parts: int) -> list[Strip]:
    """The picture in so many strips; one is all of it."""
    height, width = grey.shape
    axis = 0 if width >= height else 1
    strips = []
    for start, stop in pairwise(max(width, height) * i // parts for i in range(parts + 1)):
        offset = max(0, (start - _OVERLAP) // _ALIGNED * _ALIGNED)
        seen = slice(offset, stop + _OVERLAP)
        cut = np.ascontiguousarray(grey[seen] if axis else grey[:, seen])
        strips.append(Strip(cut, axis, offset, start, stop))
    return strips


def find_in(strip: Strip, *, at_once: bool) -> Look:
    """All features of a strip. `at_once` describes them all, too: to the same, and sooner where they are few."""
    sift = make_sift()
    points, raw = sift.detectAndCompute(strip.grey, None) if at_once else (sift.detect(strip.grey, None), None)
    if not points:
        return Look(strip, [], np.empty((0, 2), np.float32), None)
    places = np.asarray(cv2.KeyPoint.convert(points), np.float32)  # several times as quick as one by one
    places[:, strip.axis] += strip.offset
    along = places[:, strip.axis]
    own = np.flatnonzero((along >= strip.start) & (along < strip.stop))
    return Look(strip, [points[i] for i in own], places[own], None if raw is None else raw[own])


def describe_in(look: Look, chosen: NDArray[np.intp]) -> NDArray[np.float32]:
    """The descriptors of the chosen features of a look, N x 128."""
    if not len(chosen):
        return np.empty((0, 128), np.float32)
    if look.raw is not None:
        return look.raw[chosen]
    return np.asarray(make_sift().compute(look.strip.grey, [look.found[i] for i in chosen])[1])


def make_sift() -> Any:
    """OpenCV's SIFT with our settings."""
    return cv2.SIFT_create(  # type: ignore[attr-defined]  # the stubs of OpenCV 5 lack it
        nfeatures=0, contrastThreshold=_CONTRAST, edgeThreshold=_EDGE, sigma=1.6, enable_precise_upscale=True
    )
