"""Choosing how free a transform must be: the simplest one that explains pairs of points."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from .geometry import (
    Array,
    fit_affine,
    fit_homography,
    fit_similarity,
    fit_stretch,
    fit_zoom,
    local_scale,
    project,
    sane,
)

Fit = Callable[[Array, Array, Array | None], Array | None]
MODELS: Final[tuple[tuple[Fit, int], ...]] = (
    (fit_zoom, 3),
    (fit_stretch, 4),
    (fit_similarity, 4),
    (fit_affine, 6),
    (fit_homography, 8),
)
"""Each with its degrees of freedom."""
_PRICE: Final = 1.5
_EXACT: Final = 0.02


def simplest(
    source: Array,
    target: Array,
    size: tuple[float, float],
    near: float,
    weights: Array | None = None,
    exact: float = _EXACT,
) -> Array:
    """Of zoom, stretch, similarity, affine and homography the one whose error, with a price for freedom, is least.

    Errors beyond twice `near` count no more than that. `size` is that of the source's picture; `exact` is the squared
    error that no measurement goes below. Where nothing fits: a similarity, or no change.
    """
    best: tuple[float, Array | None] = (float("inf"), None)
    for fit, freedom in MODELS:
        matrix = fit(source, target, weights)
        if matrix is None or 2 * len(source) <= freedom + 2 or not sane(matrix, *size):
            continue
        cost = _cost(matrix, freedom, source, target, near, weights, exact)
        best = min(best, (cost, matrix), key=lambda pair: pair[0])
    if best[1] is not None:
        return best[1]
    fallback = fit_similarity(source, target, weights)
    return np.eye(3) if fallback is None else fallback


def _cost(
    matrix: Array, freedom: int, source: Array, target: Array, near: float, weights: Array | None, exact: float
) -> float:
    """A Bayesian information criterion over errors that are capped, so that a few outliers don't choose."""
    error = ((project(matrix, source) - target) ** 2).sum(axis=1) / np.maximum(local_scale(matrix, source), 1) ** 2
    spread = np.minimum(error, (2 * near) ** 2)
    share = np.ones(len(spread)) if weights is None else weights
    count = max(2.0, 2 * float(share.sum()))
    return float(count * np.log(float(share @ spread) / count + exact) + _PRICE * freedom * np.log(count))
