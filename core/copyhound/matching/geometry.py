"""Plane transforms as 3 x 3 arrays, and fitting them to pairs of points."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
_TINY: Final = 1e-9
_LINE: Final = 0.002
"""Points whose spread across is a fortieth of that along lie on one line."""
_TO_COMPLEX: Final = np.array([1, 1j])
CENTRED: Final = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])
"""From OpenCV's coordinates, where pixel centres stand at whole numbers, to ours, where they stand at .5."""


def project(matrix: Array, points: Array) -> Array:
    """N x 2 points through a homography. Points at infinity come out very far away, never as NaN."""
    if flat(matrix):
        return np.asarray(points @ matrix[:2, :2].T + matrix[:2, 2])
    out = points @ matrix[:, :2].T + matrix[:, 2]
    depth = out[:, 2:]
    return np.asarray(out[:, :2] / np.where(np.abs(depth) < _TINY, _TINY, depth))


def flat(matrix: Array) -> bool:
    """Whether a transform has no perspective (and so is quicker to work out)."""
    return bool(matrix[2, 0] == 0 and matrix[2, 1] == 0 and matrix[2, 2] == 1)


def scaling(x: float, y: float) -> Array:
    """The transform that multiplies x and y."""
    return np.diag([x, y, 1.0])


def mirroring(width: float) -> Array:
    """The transform that mirrors a picture so wide, left for right."""
    return np.array([[-1, 0, width], [0, 1, 0], [0, 0, 1]], dtype=float)


def corners(width: float, height: float) -> Array:
    """4 x 2: the corners of a picture, clockwise from the top left."""
    return np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=float)


def local_scale(matrix: Array, points: Array) -> Array:
    """By how much lengths grow at each of N x 2 points: the square root of the area's growth, mirrored or not."""
    if flat(matrix):
        return np.full(len(points), abs(matrix[0, 0] * matrix[1, 1] - matrix[0, 1] * matrix[1, 0]) ** 0.5)
    x, y = points.T
    depth = matrix[2, 0] * x + matrix[2, 1] * y + matrix[2, 2]
    depth = np.where(np.abs(depth) < _TINY, _TINY, depth)
    return np.asarray(np.sqrt(np.abs(np.linalg.det(matrix) / depth**3)))


def fit_similarity(source: Array, target: Array, weights: Array | None = None) -> Array | None:
    """Least squares turn, size and shift. None where the points don't say."""
    middle, there, share = _centred(source, target, weights)
    a, b = (source - middle) @ _TO_COMPLEX, (target - there) @ _TO_COMPLEX
    spread = float(share @ (a.real**2 + a.imag**2))
    if len(source) < 2 or spread < _TINY:
        return None
    turn = complex(share @ (b * a.conj())) / spread
    return _around(np.array([[turn.real, -turn.imag], [turn.imag, turn.real]]), middle, there)


def fit_stretch(source: Array, target: Array, weights: Array | None = None) -> Array | None:
    """Least squares size in x, size in y and shift: no turn. None where the points don't say."""
    middle, there, share = _centred(source, target, weights)
    a, b = source - middle, target - there
    spread = share @ a**2
    if spread.min() < _TINY:
        return None
    return _around(np.diag(share @ (a * b) / spread), middle, there)


def fit_zoom(source: Array, target: Array, weights: Array | None = None) -> Array | None:
    """Least squares size and shift: no turn, no stretch. None where the points don't say."""
    middle, there, share = _centred(source, target, weights)
    a, b = source - middle, target - there
    spread = float(share @ (a * a).sum(axis=1))
    if spread < _TINY:
        return None
    return _around(np.eye(2) * (float(share @ (a * b).sum(axis=1)) / spread), middle, there)


def fit_affine(source: Array, target: Array, weights: Array | None = None) -> Array | None:
    """Least squares affine transform. None where the points (nearly) lie on one line."""
    middle, there, share = _centred(source, target, weights)
    a, b = source - middle, target - there
    weighted = a.T * share
    (xx, xy), (_, yy) = inner = weighted @ a
    if len(source) < 3 or xx * yy - xy * xy < _LINE * (xx + yy) ** 2 + _TINY:
        return None
    return _around(np.asarray(np.linalg.solve(inner, weighted @ b).T, np.float64), middle, there)


def fit_homography(source: Array, target: Array, weights: Array | None = None) -> Array | None:
    """Least squares (direct linear) homography of 5 points and more, normalised. None where they don't say."""
    if len(source) < 5:
        return None
    before, after = _normaliser(source), _normaliser(target)
    a, b = project(before, source), project(after, target)
    rows = np.zeros((2, len(a), 9))
    rows[0, :, 0:2] = rows[1, :, 3:5] = a
    rows[0, :, 2] = rows[1, :, 5] = 1
    rows[0, :, 6:8], rows[0, :, 8] = -b[:, :1] * a, -b[:, 0]
    rows[1, :, 6:8], rows[1, :, 8] = -b[:, 1:] * a, -b[:, 1]
    if weights is not None:
        rows *= np.sqrt(weights)[None, :, None]
    flat = rows.reshape(-1, 9)
    _, vectors = np.linalg.eigh(flat.T @ flat)
    out = np.linalg.inv(after) @ vectors[:, 0].reshape(3, 3) @ before
    return out / out[2, 2] if abs(out[2, 2]) > _TINY else None


def sane(matrix: Array, width: float, height: float, stretch: float = 4.0) -> bool:
    """Whether a transform keeps a picture's shape convex, the right way round, and not absurdly thin or tilted."""
    if not math.isfinite(float(matrix.sum())):
        return False
    a, b, c, d, e, f, g, h, i = matrix.ravel().tolist()
    depths, shape = [], []
    for x, y in ((0, 0), (width, 0), (width, height), (0, height)):
        depth = g * x + h * y + i
        if depth <= _TINY:
            return False
        depths.append(depth)
        shape.append((a * x + b * y + c, d * x + e * y + f))
    if max(depths) > 3.0 * min(depths):
        return False
    shape = [(x / depth, y / depth) for (x, y), depth in zip(shape, depths, strict=True)]
    sides = [(shape[k][0] - shape[k - 1][0], shape[k][1] - shape[k - 1][1]) for k in range(4)]
    if min(sides[k - 1][0] * sides[k][1] - sides[k - 1][1] * sides[k][0] for k in range(4)) <= 0:
        return False
    large, small = extremes(linear_part(matrix, width / 2, height / 2))
    return small > 0.02 and large < 50 and large / small < stretch


def extremes(linear: Array) -> tuple[float, float]:
    """By how much a 2 x 2 transform grows lengths, at most and at least (its singular values)."""
    (a, b), (c, d) = linear.tolist()
    total, area = a * a + b * b + c * c + d * d, abs(a * d - b * c)
    root = max(0.0, total * total - 4 * area * area) ** 0.5
    return ((total + root) / 2) ** 0.5, max(0.0, (total - root) / 2) ** 0.5


def linear_part(matrix: Array, x: float, y: float) -> Array:
    """The 2 x 2 derivative of a homography at one point."""
    if flat(matrix):
        return matrix[:2, :2]
    u, v, depth = matrix @ np.array([x, y, 1.0])
    top = matrix[:2, :2] * depth - np.outer([u, v], matrix[2, :2])
    return np.asarray(top / depth**2)


def overlap_area(matrix: Array, size: tuple[float, float], frame: tuple[float, float]) -> float:
    """How much of `frame` a picture of `size` covers when laid over it: an area, in the frame's pixels."""
    shape = project(matrix, corners(*size))
    for axis, low, high in ((0, 0.0, frame[0]), (1, 0.0, frame[1])):
        shape = _cut(_cut(shape, axis, low, 1.0), axis, high, -1.0)
        if len(shape) < 3:
            return 0.0
    x, y = shape.T
    return float(abs(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2)


def _cut(shape: Array, axis: int, limit: float, sign: float) -> Array:
    """Clip a polygon to one half-plane (Sutherland-Hodgman)."""
    out = []
    for here, there in zip(shape, np.roll(shape, -1, axis=0), strict=True):
        a, b = sign * (here[axis] - limit), sign * (there[axis] - limit)
        if a >= 0:
            out.append(here)
        if (a < 0) != (b < 0):
            out.append(here + (there - here) * (a / (a - b)))
    return np.array(out).reshape(-1, 2)


def _centred(source: Array, target: Array, weights: Array | None) -> tuple[Array, Array, Array]:
    """The weighted middles of both sets of points, and the weights with a sum of 1."""
    share = np.full(len(source), 1 / max(1, len(source))) if weights is None else weights / max(weights.sum(), _TINY)
    return share @ source, share @ target, share


def _around(linear: Array, middle: Array, there: Array) -> Array:
    """The affine transform with a linear part that takes one point to another."""
    out = np.eye(3)
    out[:2, :2] = linear
    out[:2, 2] = there - linear @ middle
    return out


def _shift(by: Array) -> Array:
    out = np.eye(3)
    out[:2, 2] = by
    return out


def _normaliser(points: Array) -> Array:
    middle = points.mean(axis=0)
    size = 1.0 / max(float(np.sqrt(((points - middle) ** 2).mean())), _TINY)
    return scaling(size, size) @ _shift(-middle)
