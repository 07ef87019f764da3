"""Geometric hypotheses: under which transforms do many features of the match fall on like features of the query?

Pairs come from descriptors matched both ways with a ratio test. Each pair alone gives a similarity (from place,
size and direction); the other pairs vote on it. The best ones grow: fit, look again for pairs where the fit says
that they must lie, fit again. Two different pictures are mostly told apart by the votes alone, which are cheap.
"""

from __future__ import annotations

from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from .fitting import simplest
from .geometry import Array, fit_affine, fit_similarity, linear_part, local_scale, project, sane
from .sides import Side, likeness_of

RATIO: Final = 0.88
MAX_PAIRS: Final = 120
MIN_VOTES: Final = 3
PLENTY: Final = 30
"""With so many inliers, which are a good share of those expected, no further hypothesis is sought."""
_TRIED: Final = 40
_VOTE_RADIUS: Final = 5.0
_VOTE_SLACK: Final = 0.15
_NEAR: Final = 3.5
_LIKE: Final = 0.80
"""Nearness of two descriptors that are paired because geometry says so."""
_LIKE_TURN: Final = 0.9
"""Cosine of the angle between their directions."""

Pairs = NDArray[np.intp]
"""K x 2: indices of a feature of the match and one of the query."""
Likeness = NDArray[np.float32]
"""M query features (rows) by N features of the match: 1 - half the squared distance, the cosine of unit vectors."""


class Hypothesis(msgspec.Struct, frozen=True):
    """A transform from the match's units to those of the query's variant, and what speaks for it."""

    matrix: Array
    inliers: int
    """Distinct places (in both pictures) that agree."""
    expected: int = 0
    """Features of the match that fall inside the query."""

    @property
    def plenty(self) -> bool:
        """Whether nothing better need be sought."""
        return self.inliers >= max(PLENTY, 0.35 * self.expected)


def hypotheses_of(match: Side, query: Side, guess: Array | None = None, most: int = 2) -> list[Hypothesis]:
    """The best few hypotheses for one variant of the query, most inliers first.

    `guess` is a transform (in units) that something else suggests; it is tried first.
    """
    if min(len(match.points), len(query.points)) < MIN_VOTES:
        return []
    likeness = likeness_of(query, match)
    pairs = mutual_pairs(likeness)
    starts = [] if guess is None else [guess]
    seeds = _seeds(match, query, pairs, most) if len(pairs) >= MIN_VOTES else []
    starts += [grown for seed in seeds if (grown := _grown(match, query, pairs, seed)) is not None]
    if not starts:
        return []
    alike, out = _alike(match, query, likeness), []
    for matrix in starts:
        one = _guided(match, query, matrix, alike)
        if one is None:
            continue
        out.append(one)
        if one.plenty:
            break
    return sorted(out, key=lambda one: -one.inliers)


def mutual_pairs(likeness: Likeness) -> Pairs:
    """Pairs that are each other's nearest, clearly nearer than the second, surest first."""
    if min(likeness.shape) < 2:
        return np.empty((0, 2), np.intp)
    best = likeness.argmax(axis=1)
    rows = np.arange(len(best))
    mutual = np.flatnonzero(likeness.argmax(axis=0)[best] == rows)
    best = best[mutual]
    kept = likeness[mutual]
    rows = np.arange(len(best))
    top = kept[rows, best]
    kept[rows, best] = -9.0
    second = kept.max(axis=1)
    ratio = np.maximum(1 - top, 1e-6) / np.maximum(1 - second, 1e-6)
    good = np.flatnonzero(ratio < RATIO**2)
    good = good[np.argsort(ratio[good], kind="stable")][:MAX_PAIRS]
    return np.column_stack([best[good], mutual[good]])


def _seeds(match: Side, query: Side, pairs: Pairs, most: int) -> list[NDArray[np.bool_]]:
    """The sets of pairs that agree with the best single pairs, no two sets nearly the same."""
    votes = _votes(match, query, pairs)
    counts = votes.sum(axis=1)
    if counts.max() < MIN_VOTES:
        return []
    places = _place_ids(match.points[pairs[:, 0]], query.points[pairs[:, 1]])
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
    m, q = pairs.T
    source, target = _complex(match.points[m]), _complex(query.points[q])
    size = np.log(query.sizes[q] / match.sizes[m]).astype(np.float32)
    turn = np.exp(1j * (query.angles[q] - match.angles[m])).astype(np.complex64)
    growth = np.exp(size)
    apart = source[None, :] - source[:, None]
    error = np.abs(apart * (growth * turn)[:, None] - (target[None, :] - target[:, None]))
    allowed = (_VOTE_SLACK * growth)[:, None] * np.abs(apart) + (_VOTE_RADIUS * np.maximum(growth, 1))[:, None]
    votes = error < allowed
    votes &= np.abs(size[None, :] - size[:, None]) < 0.7
    votes &= np.outer(turn.conj(), turn).real > 0.85
    return np.asarray(votes)


def _complex(points: Array) -> NDArray[np.complex64]:
    return np.asarray(points @ (1, 1j), dtype=np.complex64)


def _grown(match: Side, query: Side, pairs: Pairs, seeds: NDArray[np.bool_]) -> Array | None:
    """Fit to the seeds, take in what agrees, fit again with less slack."""
    source, target = match.points[pairs[:, 0]], query.points[pairs[:, 1]]
    chosen, best = seeds, None
    for slack in (9.0, 5.0):
        matrix = _fitted(source[chosen], target[chosen], match)
        if matrix is None:
            return best
        error = np.hypot(*(project(matrix, source) - target).T) / max(1.0, _growth(matrix, match))
        best, chosen = matrix, error < slack
        if chosen.sum() < MIN_VOTES:
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


def _growth(matrix: Array, match: Side) -> float:
    return float(local_scale(matrix, np.array([[match.width / 2, match.height / 2]]))[0])


class _Alike(msgspec.Struct, frozen=True):
    """All pairs whose descriptors are alike: indices into match and query, and how alike they are."""

    match: NDArray[np.intp]
    query: NDArray[np.intp]
    likeness: NDArray[np.float32]


def _alike(match: Side, query: Side, likeness: Likeness) -> _Alike:
    flat = likeness.ravel()
    found = np.flatnonzero(flat > _LIKE)  # flat: several times as quick as over rows and columns
    queries, matches = np.divmod(found, likeness.shape[1])
    return _Alike(matches, queries, flat[found])


def _guided(match: Side, query: Side, matrix: Array, alike: _Alike) -> Hypothesis | None:
    """Pair features by where they must lie, and fit the simplest transform that explains them; twice."""
    alike = _fitting(match, query, matrix, alike)
    for radius in (2 * _NEAR, _NEAR):
        pairs = _near_pairs(match, query, matrix, alike, radius)
        source, target = match.points[pairs[:, 0]], query.points[pairs[:, 1]]
        if distinct(source, target) < MIN_VOTES:
            return None
        if len(pairs) > MIN_VOTES and radius > _NEAR:
            fitted = _fitted(source, target, match)
            matrix = matrix if fitted is None else fitted
        elif len(pairs) > MIN_VOTES:
            matrix = simplest(source, target, (match.width, match.height), _NEAR)
    pairs = _near_pairs(match, query, matrix, alike, _NEAR)
    inliers = distinct(match.points[pairs[:, 0]], query.points[pairs[:, 1]])
    there = project(matrix, match.points)
    inside = ((there >= 0) & (there <= (query.width, query.height))).all(axis=1)
    return Hypothesis(matrix, inliers, int(inside.sum()))


def _fitting(match: Side, query: Side, matrix: Array, alike: _Alike) -> _Alike:
    """Of the alike pairs those that lie roughly where they must, with about the right size and direction."""
    there, growth = project(matrix, match.points), local_scale(matrix, match.points)
    reach = 4 * _NEAR * np.maximum(growth, 1)
    near = np.arange(len(alike.match))
    for axis in (0, 1):  # one after the other: most are far off in the first already
        m = alike.match[near]
        near = near[np.abs(there[m, axis] - query.points[alike.query[near], axis]) < reach[m]]
    m, q = alike.match[near], alike.query[near]
    size = query.sizes[q] / np.maximum(match.sizes[m] * growth[m], 1e-6)
    turn = np.cos(query.angles[q] - _turned(match.angles[m], matrix, match))
    near = near[(size > 0.5) & (size < 2.0) & (turn > _LIKE_TURN)]
    near = near[np.argsort(alike.likeness[near], kind="stable")]
    return _Alike(alike.match[near], alike.query[near], alike.likeness[near])


def _near_pairs(match: Side, query: Side, matrix: Array, alike: _Alike, radius: float) -> Pairs:
    """For each feature of the match its likest query feature near the place where it must lie."""
    there, growth = project(matrix, match.points), local_scale(matrix, match.points)
    gap = ((there[alike.match] - query.points[alike.query]) ** 2).sum(axis=1)
    near = gap < (radius * np.maximum(growth, 1))[alike.match] ** 2
    best = np.full(len(match.points), -1, np.intp)
    best[alike.match[near]] = alike.query[near]  # the last one stays: the likest
    kept = np.flatnonzero(best >= 0)
    return np.column_stack([kept, best[kept]])


def _turned(angles: Array, matrix: Array, match: Side) -> Array:
    """The directions of features of the match as they must be in the query."""
    linear = linear_part(matrix, match.width / 2, match.height / 2)
    there = np.column_stack([np.cos(angles), np.sin(angles)]) @ linear.T
    return np.asarray(np.arctan2(there[:, 1], there[:, 0]))


def _place_ids(source: Array, target: Array) -> NDArray[np.int64]:
    a, b = np.floor(source / 6.0).astype(np.int64), np.floor(target / 6.0).astype(np.int64)
    return ((a[:, 0] * 4096 + a[:, 1]) * 4096 + b[:, 0]) * 4096 + b[:, 1]


def distinct(source: Array, target: Array) -> int:
    """How many pairs stand at different places, in both pictures."""
    if not len(source):
        return 0
    cells = (np.floor(points / 4.0).astype(np.int64) @ (1, 1 << 20) for points in (source, target))
    return min(len(np.unique(one)) for one in cells)
