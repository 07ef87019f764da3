"""Colours: one picture in the other's, so that of two laid over one another only what truly differs is seen."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
"""Height x width x 3."""
Mask = NDArray[np.bool_]
_CELL: Final = 8
"""Pixels; colours are learned from the means of cells, which no edge that lies a little off changes much."""
_ENOUGH: Final = 40
_ROUNDS: Final = 8
_RIDGE: Final = 1e-4
_GAIN: Final = 0.75
"""A mapping is used where it leaves less than this part of the gap."""
_AS_WELL: Final = 1.25
_LINEAR: Final = 4
_NOISE: Final = 2.0
_ALIKE: Final = 2.5
"""Two that differ by less on the whole have the same colours."""
_MUCH: Final = 48.0
_WHITE: Final = 247
_BLACK: Final = 8


def alike(first: Floats, second: Floats, inside: Mask) -> list[tuple[Floats, Floats, Mask]]:
    """Both in the same colours: one mapped onto the other's, or both as they are where no mapping is better.

    There are two such pairs where the mapping goes as well either way, and one where it does not: a copy in grey has no
    colours to map. Something in a colour of its own that lies on a plain ground could be mapped away in one of them.
    `inside` says where both have pixels; what differs in a few places has little part in the mapping. The third of each
    way says where it is to be heard: not where a colour was cut off at white or black, if the other way knows better.
    """
    one, other = _cells(first, inside), _cells(second, inside)
    if len(one) < _ENOUGH or (best := _gap(one, other)) < _ALIKE:
        return [(first, second, inside)]
    ways = [(first, second, inside)]
    rarity = _rarity(one, other)
    for curved in (False, True):  # the simpler mapping hides less
        forth, gap_forth = _way(one, other, rarity, curved=curved)
        back, gap_back = _way(other, one, rarity, curved=curved)
        gap = min(gap_forth, gap_back)
        if gap + _NOISE > _GAIN * (best + _NOISE):
            continue
        as_well = _AS_WELL * gap + _NOISE / 2
        both = max(gap_forth, gap_back) <= as_well
        best, ways = gap, []
        if gap_forth <= as_well:
            ways.append((_applied(first, forth), second, inside & ~_cut_off(first) if both else inside))
        if gap_back <= as_well:
            ways.append((first, _applied(second, back), inside & ~_cut_off(second) if both else inside))
    return ways


def remainder(first: Floats, second: Floats, inside: Mask, reach: int) -> Floats:
    """Height x width, 0 to 255: what is left between both in the same colours, things lying `reach` // 2 off."""
    left = np.zeros(inside.shape, np.float32)
    for one, other, heard in alike(first, second, inside):
        beyond = cv2.split(np.maximum(_beyond(one, other, reach), _beyond(other, one, reach)))
        # far quicker than `max` along an axis of three
        left = np.maximum(left, np.maximum(np.maximum(beyond[0], beyond[1]), beyond[2]) * heard)
    return left


def off_the_rim(inside: Mask, reach: int) -> Mask:
    """Where a picture was not smoothed together with what lies beyond it."""
    kernel = np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)
    return np.asarray(cv2.erode(inside.astype(np.uint8), kernel) > 0)


def _beyond(pixels: Floats, other: Floats, reach: int) -> Floats:
    """How far each pixel is out of what the other picture has in its neighbourhood."""
    kernel = np.ones((reach, reach), np.uint8)
    above, below = pixels - cv2.dilate(other, kernel), cv2.erode(other, kernel) - pixels
    return np.asarray(np.maximum(np.maximum(above, below), 0), np.float32)


def _way(source: Floats, target: Floats, rarity: Floats, *, curved: bool) -> tuple[Floats, float]:
    """The mapping, and what it leaves."""
    terms = _terms(source, curved=curved)
    solved = _solved(terms, target, rarity)
    return solved, _gap(terms @ solved, target)


def _cells(pixels: Floats, inside: Mask) -> Floats:
    """The mean colours of cells that lie wholly inside; n x 3."""
    height, width = (side // _CELL for side in inside.shape)
    if not height or not width:
        return np.zeros((0, 3), np.float32)
    cut = np.s_[: height * _CELL, : width * _CELL]
    means = cv2.resize(pixels[cut], (width, height), interpolation=cv2.INTER_AREA)
    whole = inside[cut].reshape(height, _CELL, width, _CELL).all(axis=(1, 3))
    return np.asarray(means[whole], np.float32)


def _terms(colours: Floats, *, curved: bool) -> Floats:
    """1 and the colours; with `curved` their products and cubes too. All of about unit size. ... x 4 or 13"""
    c = colours / np.float32(128) - 1
    curves = [c * c, c * c[..., [1, 2, 0]], c**3] if curved else []
    return np.concatenate([np.ones_like(c[..., :1]), c, *curves], axis=-1)


def _solved(terms: Floats, values: Floats, rarity: Floats) -> Floats:
    """Least squares, again and again with less weight for what strays, and none for a colour that was cut off."""
    weights, ridge = rarity, np.eye(terms.shape[1]) * (_RIDGE * float(rarity.sum()))
    aimed: NDArray[np.floating] = values
    solved: NDArray[np.floating] = np.zeros((terms.shape[1], 3))
    for _ in range(_ROUNDS):
        weighted = terms.T * weights
        solved = np.linalg.solve(weighted @ terms + ridge, weighted @ aimed)
        guessed = terms @ solved
        over = (values > _WHITE) & (guessed > values) | (values < _BLACK) & (guessed < values)
        aimed = np.where(over, guessed, values)
        gap = np.abs(guessed - aimed).max(axis=1)
        weights = rarity / (1 + (gap / (2 * np.median(gap) + _NOISE)) ** 2) ** 2
    return solved.astype(np.float32)


def _rarity(one: Floats, other: Floats) -> Floats:
    """Weights of cells: all colours have a say, a small bright thing among much grey wall too."""
    bins = np.concatenate([one, other], axis=1).astype(np.int64) >> 6
    _, inverse, counts = np.unique(bins @ (4 ** np.arange(6)), return_inverse=True, return_counts=True)
    return np.asarray(counts[inverse] ** -0.25, np.float32)


def _gap(guessed: Floats, values: Floats) -> float:
    """What is left between them; a place where something else stands counts no more than much."""
    return float(np.minimum(np.abs(np.clip(guessed, 0, 255) - values).max(axis=1), _MUCH).mean())


def _cut_off(pixels: Floats) -> Mask:
    return np.asarray(((pixels > _WHITE) | (pixels < _BLACK)).any(axis=2))


def _applied(pixels: Floats, solved: Floats) -> Floats:
    return np.asarray(np.clip(_terms(pixels, curved=len(solved) > _LINEAR) @ solved, 0, 255), np.float32)
