"""Registration: where, to a fraction of a pixel, do the match's pixels lie on the query's?

Both copies are laid into one frame under the transform that the features gave, freed from brightness, contrast and
colour, and small windows of the query are sought in the match (Lucas and Kanade). A copy's windows all move as one
plane moves; two photographs of one scene move each their own way. So this refines the transform, and is evidence.
"""

from __future__ import annotations

from typing import Any, Final

import cv2
import msgspec
import numpy as np
from numpy.typing import NDArray

from .fitting import simplest
from .geometry import Array, corners, fit_affine, local_scale, mirroring, project, scaling

Grey = NDArray[np.float32]
_WINDOW: Final = 19
_LEVELS: Final = 2
_STEP: Final = 8
_MOST: Final = 140
_FEWEST: Final = 6
_ROUGH: Final = 7.0
_LOCAL: Final = 15
STEADY: Final = 0.7
"""A window so near (in pixels of the frame) to where it should be stands still."""
_LOST: Final = 3.0
_FARTHEST: Final = 12.0
_NEAR: Final = 1.0
_EXACT: Final = 0.01
_ALONE: Final = 0.2
"""Of a window's say what it says alone: five or so overlap wherever one looks."""


class Registration(msgspec.Struct, frozen=True):
    """The refined transform, and how well the match's windows follow it."""

    matrix: Array
    """Full match pixel to full query pixel."""
    gaps: Array
    """How far (in pixels of the frame, at most 3) each window with texture in both lay from where it should be."""


def register(
    query: Grey, match: Grey, mask: NDArray[np.bool_], matrix: Array, frame: Array, size: tuple[float, float]
) -> Registration:
    """Refine `matrix` (full match pixel to full query pixel), under which `match` was laid over `query`.

    Both are grey, in one frame; `frame` takes full query pixels to it; `size` is the match's full size. A negative must
    have been undone before. Where too few windows are found, the matrix stays as it is.
    """
    first, rough_first = levelled(query)
    second, rough_second = levelled(match)
    spots = _spots(np.minimum(rough_first, rough_second), mask)
    if len(spots) < _FEWEST:
        return Registration(matrix, np.full(len(spots), _LOST))
    found, kept = _sought(first, second, spots)
    weights = _followers(found[kept], spots[kept])
    if weights is None or weights.sum() < _FEWEST:
        return Registration(matrix, np.full(len(spots), _LOST))
    refined = _refined(found[kept], spots[kept], weights, matrix, frame, size)
    change = np.asarray(frame @ refined @ np.linalg.inv(frame @ matrix), np.float64)
    moved = project(change, found[kept])
    gaps = np.full(len(spots), _LOST)
    gaps[kept] = np.minimum(np.hypot(*(moved - spots[kept]).T), _LOST)
    return Registration(refined, gaps)


def levelled(grey: Grey) -> tuple[NDArray[np.uint8], Grey]:
    """Without brightness and contrast, as far as neighbourhoods tell; and each neighbourhood's contrast."""
    middle = cv2.blur(grey, (_LOCAL, _LOCAL))
    power = cv2.blur(grey * grey, (_LOCAL, _LOCAL))
    rough = np.sqrt(np.maximum(power - middle * middle, 0))
    out = (grey - middle) * (44.0 / (rough + 3.0)) + 128.0
    return cv2.convertScaleAbs(np.maximum(out, 0)), np.asarray(rough, dtype=np.float32)  # type: ignore[return-value]


def _spots(rough: Grey, mask: NDArray[np.bool_]) -> NDArray[np.float32]:
    """N x 2 places where both pictures have texture, spread over the frame."""
    height, width = rough.shape
    rows, columns = np.mgrid[_STEP // 2 : height : _STEP, _STEP // 2 : width : _STEP]
    rows, columns = rows.ravel(), columns.ravel()
    good = np.flatnonzero(mask[rows, columns] & (rough[rows, columns] > _ROUGH))
    if len(good) > _MOST:
        good = good[np.linspace(0, len(good) - 1, _MOST).astype(np.intp)]
    return np.column_stack([columns[good], rows[good]]).astype(np.float32)


def _sought(
    query: NDArray[np.uint8], match: NDArray[np.uint8], spots: NDArray[np.float32]
) -> tuple[Array, NDArray[np.bool_]]:
    """Where the query's windows are in the match, and which were found at all."""
    ends: Any = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 12, 0.03)
    there, status, _ = cv2.calcOpticalFlowPyrLK(
        query, match, spots[:, None], None, winSize=(_WINDOW, _WINDOW), maxLevel=_LEVELS, criteria=ends
    )  # type: ignore[call-overload]
    found = there[:, 0].astype(np.float64)
    kept = (status.ravel() > 0) & (np.hypot(*(found - spots).T) < _FARTHEST)
    return found, kept


def _followers(found: Array, spots: NDArray[np.float32]) -> Array | None:
    """How far each window follows one affine motion that most follow, 0 to 1."""
    if len(found) < _FEWEST:
        return None
    move = found - spots
    weights = _trust(np.hypot(*(move - np.median(move, axis=0)).T), 3.0)
    for slack in (2.0, 1.0, 0.6):
        matrix = fit_affine(found, spots.astype(np.float64), weights)
        if matrix is None:
            return None
        weights = _trust(np.hypot(*(project(matrix, found) - spots).T), slack)
    return weights


def _trust(gap: Array, slack: float) -> Array:
    return np.asarray(1 / (1 + (gap / slack) ** 2) ** 2)


def _refined(
    found: Array, spots: NDArray[np.float32], weights: Array, matrix: Array, frame: Array, size: tuple[float, float]
) -> Array:
    """The simplest transform of the whole match that puts its windows where the query's are."""
    there = frame @ matrix
    source = project(np.asarray(np.linalg.inv(there), np.float64), found)
    growth = float(local_scale(there, source.mean(axis=0)[None])[0])
    width, height = size[0] * growth, size[1] * growth
    mirrored = np.linalg.det(there[:2, :2]) < 0
    # the models know no mirroring: a mirrored match is mirrored back first
    scaled = (mirroring(width) if mirrored else np.eye(3)) @ scaling(growth, growth)
    target = spots.astype(np.float64)
    out = simplest(project(scaled, source), target, (width, height), _NEAR, _ALONE * weights, _EXACT)
    refined = np.linalg.inv(frame) @ out @ scaled
    refined = refined / refined[2, 2]
    return refined if _close(refined, matrix, frame, found) else matrix


def _close(refined: Array, matrix: Array, frame: Array, found: Array) -> bool:
    """Whether a refinement only refines: nothing that was seen moves far."""
    change = frame @ refined @ np.linalg.inv(frame @ matrix)
    low, high = found.min(axis=0), found.max(axis=0)
    box = corners(*(high - low)) + low
    return bool(np.isfinite(change).all() and np.abs(project(change, box) - box).max() < 2 * _FARTHEST)
