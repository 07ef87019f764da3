"""Geometric hypotheses: under which transforms do many features of the match fall on like features of the query?

Pairs come from descriptors matched both ways with a ratio test. Each pair alone gives a similarity (from place,
size and direction); the other pairs vote on it. The best ones grow: fit, look again for pairs where the fit says
that they must lie, fit again.
"""

from __future__ import annotations

from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from .geometry import (
    Array,
    fit_affine,
    fit_homography,
    fit_similarity,
    fit_stretch,
    linear_part,
    local_scale,
    project,
    sane,
)
from .sides import Side, likeness

RATIO: Final = 0.88
MAX_PAIRS: Final = 150
MIN_VOTES: Final = 3
PLENTY: Final = 30
"""With so many inliers, which are a good share of those expected, no further hypothesis is sought."""
_TRIED: Final = 60
_VOTE_RADIUS: Final = 5.0
_VOTE_SLACK: Final = 0.15
_NEAR: Final = 3.5
_LIKE: Final = 0.82
"""Cosine of two descriptors that are paired because geometry says so."""
_LIKE_TURN: Final = 0.9
"""Cosine of the angle between their directions."""

Pairs = NDArray[np.intp]
"""K x 2: indices of a feature of the match and one of the query."""


class Hypothesis(msgspec.Struct, frozen=True):
    """A transform from the match's units to those of the query's variant, and what speaks for it."""

    matrix: Array
    inliers: int
    """Distinct places (in both pictures) that agree."""
    mirrored: bool
    negative: bool
    expected: int = 0
    """Features of the match that fall inside the query."""


def hypotheses_of(match: Side, query: Side, *, mirrored: bool, negative: bool, most: int = 2) -> list[Hypothesis]:
    """The best few hypotheses for one variant of the query, most inliers first."""
    alikeness = likeness(query, match)
    pairs = mutual_pairs(alikeness)
    if len(pairs) < MIN_VOTES:
        return []
    grown = [_grown(match, query, pairs, seeds) for seeds in _seeds(match, query, pairs, most)]
    if all(matrix is None for matrix in grown):
        return []
    alike, out = _alike(alikeness), []
    for matrix in grown:
        if matrix is None:
            continue
        matrix, inliers = _guided(match, query, matrix, alike)
        inside = int(_inside(project(matrix, match.points), query).sum())
        out.append(Hypothesis(matrix, inliers, mirrored, negative, inside))
        if inliers >= max(PLENTY, 0.35 * inside):
            break
    return sorted(out, key=lambda one: -one.inliers)


def mutual_pairs(cosines: NDArray[np.float32]) -> Pairs:
    """Pairs that are each other's nearest, clearly nearer than the second, surest first.

    `cosines` holds those of M query features (rows) and N features of the match (columns).
    """
    if min(cosines.shape) < 2:
        return np.empty((0, 2), np.intp)
    best = cosines.argmax(axis=1)
    rows = np.arange(len(best))
    top = cosines[rows, best]
    mutual = top >= cosines.max(axis=0)[best]
    cosines[rows, best] = -1.0
    second = cosines.max(axis=1)
    cosines[rows, best] = top
    ratio = np.sqrt(np.maximum(2 - 2 * top, 1e-6) / np.maximum(2 - 2 * second, 1e-6))
    kept = np.flatnonzero(mutual & (ratio < RATIO))
    kept = kept[np.argsort(ratio[kept], kind="stable")][:MAX_PAIRS]
    return np.column_stack([best[kept], kept])


def _seeds(match: Side, query: Side, pairs: Pairs, most: int) -> list[NDArray[np.bool_]]:
    """The sets of pairs that agree with the best single pairs, no two sets nearly the same."""
    votes = _votes(match, query, pairs)
    places = _place_ids(match.points[pairs[:, 0]], query.points[pairs[:, 1]])
    counts = votes.sum(axis=1)
    chosen: list[NDArray[np.bool_]] = []
    for i in np.argsort(-counts, kind="stable")[:_TRIED]:
        if len(chosen) == most or counts[i] < MIN_VOTES:
            break
        fresh = all((votes[i] & other).sum() < 0.5 * counts[i] for other in chosen)
        if fresh and len(np.unique(places[votes[i]])) >= MIN_VOTES:
            chosen.append(votes[i])
    return chosen


def _votes(match: Side, query: Side, pairs: Pairs) -> NDArray[np.bool_]:
    """K x K: whether pair j (column) agrees with the similarity that pair i (row) gives."""
    source = match.points[pairs[:, 0]] @ (1, 1j)
    target = query.points[pairs[:, 1]] @ (1, 1j)
    size = query.sizes[pairs[:, 1]] / match.sizes[pairs[:, 0]]
    turn = query.angles[pairs[:, 1]] - match.angles[pairs[:, 0]]
    apart = source[None, :] - source[:, None]
    error = np.abs(apart * (size * np.exp(1j * turn))[:, None] - (target[None, :] - target[:, None]))
    allowed = _VOTE_RADIUS * np.maximum(size, 1)[:, None] + _VOTE_SLACK * size[:, None] * np.abs(apart)
    like_size = np.abs(np.log(size[None, :] / size[:, None])) < 0.7
    like_turn = np.cos(turn[None, :] - turn[:, None]) > 0.85
    return np.asarray((error < allowed) & like_size & like_turn)


def _grown(match: Side, query: Side, pairs: Pairs, seeds: NDArray[np.bool_]) -> Array | None:
    """Fit to the seeds, take in what agrees, fit again with less slack."""
    source, target = match.points[pairs[:, 0]], query.points[pairs[:, 1]]
    chosen, best = seeds, None
    for slack in (10.0, 6.0, 4.0):
        matrix = _fitted(source[chosen], target[chosen], match)
        if matrix is None:
            return best
        error = np.linalg.norm(project(matrix, source) - target, axis=1) / np.maximum(local_scale(matrix, source), 1)
        best, chosen = matrix, error < slack
        if chosen.sum() < MIN_VOTES + 1:
            return None
    return best


def _fitted(source: Array, target: Array, match: Side) -> Array | None:
    """An affine transform where the points carry one, else a similarity."""
    if len(source) >= 5:
        matrix = fit_affine(source, target)
        if matrix is not None and sane(matrix, match.width, match.height):
            return matrix
    matrix = fit_similarity(source, target)
    return matrix if matrix is not None and sane(matrix, match.width, match.height) else None


def _guided(match: Side, query: Side, matrix: Array, alike: Pairs) -> tuple[Array, int]:
    """Pair features by where they must lie, and fit the simplest transform that explains them; twice."""
    for radius in (1.5 * _NEAR, _NEAR):
        pairs = _near_pairs(match, query, matrix, alike, radius)
        source, target = match.points[pairs[:, 0]], query.points[pairs[:, 1]]
        inliers = _distinct(source, target)
        if inliers < MIN_VOTES:
            break
        matrix = _simplest(source, target, match) if inliers >= 4 else matrix
    pairs = _near_pairs(match, query, matrix, alike, _NEAR)
    return matrix, _distinct(match.points[pairs[:, 0]], query.points[pairs[:, 1]])


def _alike(cosines: NDArray[np.float32]) -> Pairs:
    """All pairs whose descriptors are alike, likest last."""
    flat = cosines.ravel()
    found = np.flatnonzero(flat > _LIKE)  # flat: several times as quick as over rows and columns
    queries, matches = np.divmod(found, cosines.shape[1])
    order = np.argsort(flat[found], kind="stable")
    return np.column_stack([matches[order], queries[order]])


def _near_pairs(match: Side, query: Side, matrix: Array, alike: Pairs, radius: float) -> Pairs:
    """For each feature of the match its likest query feature near the place where it must lie."""
    m, q = alike.T
    growth = local_scale(matrix, match.points)[m]
    gap = np.linalg.norm(project(matrix, match.points)[m] - query.points[q], axis=1)
    size = query.sizes[q] / np.maximum(match.sizes[m] * growth, 1e-6)
    turn = np.cos(query.angles[q] - _turned(match, matrix)[m])
    fits = (gap < radius * np.maximum(growth, 1)) & (size > 0.5) & (size < 2.0) & (turn > _LIKE_TURN)
    best = np.full(len(match.points), -1, np.intp)
    best[m[fits]] = q[fits]  # the last one stays: the likest
    kept = np.flatnonzero(best >= 0)
    return np.column_stack([kept, best[kept]])


def _turned(match: Side, matrix: Array) -> Array:
    """The directions of the match's features as they must be in the query."""
    linear = linear_part(matrix, match.width / 2, match.height / 2)
    there = np.column_stack([np.cos(match.angles), np.sin(match.angles)]) @ linear.T
    return np.asarray(np.arctan2(there[:, 1], there[:, 0]))


def _simplest(source: Array, target: Array, match: Side) -> Array:
    """Of stretch, similarity, affine and homography the one whose error, with a price for freedom, is least."""
    fits = [fit(source, target) for fit in (fit_stretch, fit_similarity, fit_affine, fit_homography)]
    costs = []
    for matrix, freedom in zip(fits, (4, 4, 6, 8), strict=True):
        costs.append(_cost(matrix, freedom, source, target, match))
    best = fits[int(np.argmin(costs))]
    fallback = fit_similarity(source, target)
    return best if best is not None and np.isfinite(min(costs)) else (fallback if fallback is not None else np.eye(3))


def _cost(matrix: Array | None, freedom: int, source: Array, target: Array, match: Side) -> float:
    """A Bayesian information criterion over errors that are capped, so that a few outliers don't choose."""
    if matrix is None or 2 * len(source) <= freedom + 2 or not sane(matrix, match.width, match.height):
        return float("inf")
    error = np.linalg.norm(project(matrix, source) - target, axis=1) / np.maximum(local_scale(matrix, source), 1)
    spread = np.minimum(error, 2 * _NEAR) ** 2
    count = 2 * len(source)
    return float(count * np.log(spread.sum() / count + 0.02) + 1.5 * freedom * np.log(count))


def _inside(points: Array, side: Side) -> NDArray[np.bool_]:
    return np.asarray(((points >= 0) & (points <= (side.width, side.height))).all(axis=1))


def _place_ids(source: Array, target: Array) -> NDArray[np.int64]:
    cells = np.floor(np.column_stack([source, target]) / 6.0).astype(np.int64)
    return np.unique(cells, axis=0, return_inverse=True)[1].reshape(-1)


def _distinct(source: Array, target: Array) -> int:
    """How many pairs stand at different places, in both pictures."""
    if not len(source):
        return 0
    return min(len(np.unique(np.floor(points / 4.0), axis=0)) for points in (source, target))
