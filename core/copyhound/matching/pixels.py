"""The pixel check: lay the match over the query and see, cell by cell, whether they show the same.

A copy agrees nearly everywhere in the region that both share, but for what covers it, and to the grain. Two
photographs of one scene agree in patches, and only roughly.
"""

from __future__ import annotations

from typing import Final

import cv2
import msgspec
import numpy as np
from numpy.typing import NDArray

from .decode import Pixels
from .geometry import Array, corners, local_scale, project, scaling

CELL: Final = 10
_LONGEST: Final = 260.0
_SHORTEST: Final = 16.0
_FLAT: Final = 5.0
_AGREES: Final = 0.80
_NOISE: Final = 1.5

Floats = NDArray[np.float32]
Sizes = tuple[float, float, float, float]
"""Full width and height of the match, then of the query."""


class PixelCheck(msgspec.Struct, frozen=True):
    """How the shared region's cells compare."""

    cells: int
    """Cells inside the shared region."""
    textured: int
    """Of these, cells where either picture has texture: only they can speak."""
    agreeing: int
    """Textured cells that show the same."""
    likeness: float
    """Median correlation of the textured cells, 0 to 1."""
    fineness: float
    """Median correlation of the agreeing cells: how exactly they agree."""
    covered: float
    """Share of the shared region's cells that differ, 0 to 1."""
    patchiness: float
    """0 where the cells that agree hang together; 1 where they are strewn about."""
    negative: bool
    """Bright is dark in the other."""
    tone: float
    """Mean difference of colours, 0 to 1, over the agreeing cells."""
    sharpness: float
    """Fine detail of the query relative to the match over the agreeing cells; below 1 is blurred."""


class Overlay(msgspec.Struct, frozen=True):
    """Match and query in one frame (float RGB), and where both have pixels."""

    match: Floats
    query: Floats
    mask: NDArray[np.bool_]


def check_pixels(match: Pixels, query: Pixels, matrix: Array, sizes: Sizes) -> PixelCheck | None:
    """Compare two reduced copies under `matrix` (full match pixel to full query pixel).

    `sizes` are the full width and height of the match, then of the query. None where too little is shared to say.
    """
    laid = lay_over(match, query, matrix, sizes)
    if laid is None:
        return None
    grid = _cells(laid)
    return None if grid is None else _judged(*grid)


def lay_over(match: Pixels, query: Pixels, matrix: Array, sizes: Sizes) -> Overlay | None:
    """Bring both copies to the coarser one's resolution, in the part of the query's frame that the match covers."""
    shape = project(matrix, corners(sizes[0], sizes[1]))
    low = np.clip(shape.min(axis=0), 0, sizes[2:])
    high = np.clip(shape.max(axis=0), 0, sizes[2:])
    extent = high - low
    if extent.min() <= 0:
        return None
    middle = np.linalg.inv(matrix) @ np.append((low + high) / 2, 1.0)
    growth = float(local_scale(matrix, (middle[:2] / middle[2])[None])[0])
    fine = min(query.shape[1] / sizes[2], match.shape[1] / sizes[0] / max(growth, 1e-9))
    fine = min(fine, _LONGEST / float(extent.max()))
    if float(extent.min()) * fine < _SHORTEST:
        return None
    frame = scaling(fine, fine) @ np.array([[1, 0, -low[0]], [0, 1, -low[1]], [0, 0, 1]])
    size = (int(extent[0] * fine), int(extent[1] * fine))
    query_there, query_mask = _warped(
        query, frame @ scaling(sizes[2] / query.shape[1], sizes[3] / query.shape[0]), size
    )
    to_query = frame @ matrix @ scaling(sizes[0] / match.shape[1], sizes[1] / match.shape[0])
    match_there, match_mask = _warped(match, to_query, size)
    return Overlay(match_there, query_there, query_mask & match_mask)


def _warped(pixels: Pixels, matrix: Array, size: tuple[int, int]) -> tuple[Floats, NDArray[np.bool_]]:
    """Warp with averaging where it shrinks; RGB as floats, lightly smoothed."""
    height, width = pixels.shape[:2]
    middle = np.array([[width / 2, height / 2]])
    shrink = min(1.0, float(local_scale(matrix, middle)[0]))
    small = pixels
    if shrink < 0.9:
        target = (max(2, round(width * shrink)), max(2, round(height * shrink)))
        small = np.asarray(cv2.resize(pixels, target, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    # pixel centres stand at .5 in our coordinates and at whole numbers in OpenCV's
    half = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])
    moved = np.linalg.inv(half) @ matrix @ scaling(width / small.shape[1], height / small.shape[0]) @ half
    out = cv2.warpPerspective(small, moved, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    ones = np.full(small.shape[:2], 255, np.uint8)
    mask = cv2.warpPerspective(ones, moved, size, flags=cv2.INTER_NEAREST) > 0
    return np.asarray(cv2.GaussianBlur(out.astype(np.float32), (3, 3), 0.8), dtype=np.float32), mask


def _cells(laid: Overlay) -> tuple[Floats, Floats, NDArray[np.bool_]] | None:
    """Cut into cells: rows x columns x pixels x 3 of match and query, and which cells are wholly shared."""
    rows, columns = laid.mask.shape[0] // CELL, laid.mask.shape[1] // CELL
    if rows * columns < 4:
        return None

    def cut(array: NDArray[np.float32] | NDArray[np.bool_]) -> NDArray[np.float32]:
        part = array[: rows * CELL, : columns * CELL].reshape(rows, CELL, columns, CELL, -1)
        return part.transpose(0, 2, 1, 3, 4).reshape(rows, columns, CELL * CELL, -1).astype(np.float32)

    inside = cut(laid.mask).mean(axis=(2, 3)) > 0.98
    return (cut(laid.match), cut(laid.query), inside) if inside.sum() >= 4 else None


def _judged(match: Floats, query: Floats, inside: NDArray[np.bool_]) -> PixelCheck:
    weights = np.array([0.299, 0.587, 0.114], np.float32)
    grey_match, grey_query = match @ weights, query @ weights
    rough = np.maximum(grey_match.std(axis=2), grey_query.std(axis=2))
    textured = inside & (rough > _FLAT) & ~_burnt(grey_match, grey_query)
    likeness = np.maximum(_explained(match, grey_query), _explained(query, grey_match))
    agreeing = textured & (likeness > _AGREES)
    differing = textured & (likeness < 0.6)
    signs = _signs(grey_match, grey_query)[agreeing]
    return PixelCheck(
        cells=int(inside.sum()),
        textured=int(textured.sum()),
        agreeing=int(agreeing.sum()),
        likeness=float(np.median(likeness[textured])) if textured.any() else 0.0,
        fineness=float(np.median(likeness[agreeing])) if agreeing.any() else 0.0,
        covered=float(differing.sum() / inside.sum()),
        patchiness=_patchiness(agreeing, textured),
        negative=bool(len(signs) and np.median(signs) < 0),
        tone=_tone(match, query, agreeing if agreeing.any() else inside),
        sharpness=_sharpness(grey_match, grey_query, agreeing),
    )


def _burnt(match: Floats, query: Floats) -> NDArray[np.bool_]:
    """Cells that are flat in one picture because they are all white or all black there: they say nothing."""
    out = np.zeros(match.shape[:2], np.bool_)
    for grey in (match, query):
        middle = grey.mean(axis=2)
        out |= (grey.std(axis=2) < _FLAT) & ((middle < 8) | (middle > 247))
    return out


def _explained(colours: Floats, grey: Floats) -> Floats:
    """Correlation of each cell's grey with its best mix of the other's three colours, 0 to 1."""
    x = colours - colours.mean(axis=2, keepdims=True)
    y = grey - grey.mean(axis=2, keepdims=True)
    count = x.shape[2]
    inner = np.einsum("rcpi,rcpj->rcij", x, x) + np.eye(3, dtype=np.float32) * (count * _NOISE**2)
    outer = np.einsum("rcpi,rcp->rci", x, y)
    solved = np.linalg.solve(inner, outer[..., None])[..., 0]
    explained = (solved * outer).sum(axis=2)
    total = (y**2).sum(axis=2) + count * _NOISE**2
    return np.asarray(np.sqrt(np.clip(explained / total, 0, 1)), dtype=np.float32)


def _signs(match: Floats, query: Floats) -> Floats:
    x = match - match.mean(axis=2, keepdims=True)
    y = query - query.mean(axis=2, keepdims=True)
    return np.asarray((x * y).sum(axis=2) / np.sqrt((x**2).sum(axis=2) * (y**2).sum(axis=2) + 1.0))


def _patchiness(agreeing: NDArray[np.bool_], textured: NDArray[np.bool_]) -> float:
    """Of neighbouring textured cells, how many pairs disagree on whether they agree, relative to chance."""
    changes = pairs = 0
    for axis in (0, 1):
        first = [slice(None)] * 2
        second = [slice(None)] * 2
        first[axis], second[axis] = slice(None, -1), slice(1, None)
        both = textured[tuple(first)] & textured[tuple(second)]
        pairs += int(both.sum())
        changes += int((both & (agreeing[tuple(first)] != agreeing[tuple(second)])).sum())
    share = agreeing.sum() / max(1, textured.sum())
    chance = 2 * share * (1 - share)
    return float(min(1.0, changes / pairs / chance)) if pairs and chance > 0.01 else 0.0


def _tone(match: Floats, query: Floats, where: NDArray[np.bool_]) -> float:
    return float(np.abs(match[where].mean(axis=1) - query[where].mean(axis=1)).mean() / 255)


def _sharpness(match: Floats, query: Floats, where: NDArray[np.bool_]) -> float:
    """Ratio of neighbouring pixels' differences, each relative to its cell's contrast."""
    if not where.any():
        return 1.0
    fine = []
    for grey in (match[where], query[where]):
        square = grey.reshape(len(grey), CELL, CELL)
        step = np.abs(np.diff(square, axis=1)).mean(axis=(1, 2)) + np.abs(np.diff(square, axis=2)).mean(axis=(1, 2))
        fine.append(step / (square.std(axis=(1, 2)) + 1.0))
    return float(np.median(fine[1]) / max(float(np.median(fine[0])), 1e-6))
