"""Plane transforms as 3 x 3 arrays, and fitting them to pairs of points."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
_TINY: Final = 1e-9


def project(matrix: Array, points: Array) -> Array:
    """N x 2 points through a homography. Points at infinity come out very far away, never as NaN."""
    out = points @ matrix[:, :2].T + matrix[:, 2]
    depth = out[:, 2:]
    return np.asarray(out[:, :2] / np.where(np.abs(depth) < _TINY, _TINY, depth))


def scaling(x: float, y: float) -> Array:
    """The transform that multiplies x and y."""
    return np.diag([x, y, 1.0])


def corners(width: float, height: float) -> Array:
    """4 x 2: the corners of a picture, clockwise from the top left."""
    return np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=float)


def local_scale(matrix: Array, points: Array) -> Array:
    """By how much lengths grow at each of N x 2 points: the square root of the area's growth, mirrored or not."""
    x, y = points.T
    depth = matrix[2, 0] * x + matrix[2, 1] * y + matrix[2, 2]
    depth = np.where(np.abs(depth) < _TINY, _TINY, depth)
    return np.asarray(np.sqrt(np.abs(np.linalg.det(matrix) / depth**3)))


def fit_similarity(source: Array, target: Array) -> Array | None:
    """Least squares turn, size and shift. None where the points don't say."""
    if len(source) < 2 or np.ptp(source, axis=0).max() < _TINY:
        return None
    zeros, ones = np.zeros(len(source)), np.ones(len(source))
    x, y = source.T
    rows = np.concatenate([np.column_stack([x, -y, ones, zeros]), np.column_stack([y, x, zeros, ones])])
    a, b, right, down = np.linalg.lstsq(rows, np.concatenate([target[:, 0], target[:, 1]]), rcond=None)[0]
    return np.array([[a, -b, right], [b, a, down], [0, 0, 1]])


def fit_stretch(source: Array, target: Array) -> Array | None:
    """Least squares size in x, size in y and shift: no turn. None where the points don't say."""
    a, b = source - source.mean(axis=0), target - target.mean(axis=0)
    spread = (a**2).sum(axis=0)
    if spread.min() < _TINY:
        return None
    size = (a * b).sum(axis=0) / spread
    shift = target.mean(axis=0) - size * source.mean(axis=0)
    return np.array([[size[0], 0, shift[0]], [0, size[1], shift[1]], [0, 0, 1]])


def fit_affine(source: Array, target: Array) -> Array | None:
    """Least squares affine transform. None where the points (nearly) lie on one line."""
    rows = np.column_stack([source - source.mean(axis=0), np.ones(len(source))])
    if len(source) < 3 or np.linalg.svd(rows[:, :2], compute_uv=False)[1] < 1e-3 * len(source) ** 0.5:
        return None
    solved, *_ = np.linalg.lstsq(rows, target, rcond=None)
    out = np.eye(3)
    out[:2] = solved.T
    return out @ _shift(-source.mean(axis=0))


def fit_homography(source: Array, target: Array) -> Array | None:
    """Least squares (direct linear) homography of 5 points and more, normalised. None where they don't say."""
    if len(source) < 5:
        return None
    before, after = _normaliser(source), _normaliser(target)
    a, b = project(before, source), project(after, target)
    zeros, ones = np.zeros(len(a)), np.ones(len(a))
    x, y = a.T
    u, v = b.T
    first = np.column_stack([x, y, ones, zeros, zeros, zeros, -u * x, -u * y, -u])
    second = np.column_stack([zeros, zeros, zeros, x, y, ones, -v * x, -v * y, -v])
    rows = np.concatenate([first, second])
    _, vectors = np.linalg.eigh(rows.T @ rows)
    out = np.linalg.inv(after) @ vectors[:, 0].reshape(3, 3) @ before
    return out / out[2, 2] if abs(out[2, 2]) > _TINY else None


def sane(matrix: Array, width: float, height: float, stretch: float = 4.0) -> bool:
    """Whether a transform keeps a picture's shape convex, the right way round, and not absurdly thin or tilted."""
    if not np.isfinite(matrix).all():
        return False
    frame = corners(width, height)
    depth = frame @ matrix[2, :2] + matrix[2, 2]
    if depth.min() <= 0 or depth.max() / depth.min() > 3.0:
        return False
    shape = project(matrix, frame)
    sides = np.roll(shape, -1, axis=0) - shape
    turns = sides[:, 0] * np.roll(sides[:, 1], -1) - sides[:, 1] * np.roll(sides[:, 0], -1)
    if turns.min() <= 0:
        return False
    values = np.linalg.svd(linear_part(matrix, width / 2, height / 2), compute_uv=False)
    return bool(values[1] > 0.02 and values[0] < 50 and values[0] / values[1] < stretch)


def linear_part(matrix: Array, x: float, y: float) -> Array:
    """The 2 x 2 derivative of a homography at one point."""
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


def _shift(by: Array) -> Array:
    out = np.eye(3)
    out[:2, 2] = by
    return out


def _normaliser(points: Array) -> Array:
    middle = points.mean(axis=0)
    size = 1.0 / max(float(np.sqrt(((points - middle) ** 2).mean())), _TINY)
    return scaling(size, size) @ _shift(-middle)
