"""Plane transforms: fitted to points, taken apart, and kept sane."""

from __future__ import annotations

import math

import numpy as np
import pytest

from copyhound.matching.geometry import (
    corners,
    fit_affine,
    fit_homography,
    fit_similarity,
    fit_stretch,
    linear_part,
    local_scale,
    overlap_area,
    project,
    sane,
    scaling,
)
from copyhound.matching.verdict import shape_of

POINTS = np.random.default_rng(5).uniform(0, 300, (40, 2))
TURN = math.radians(25)
SIMILARITY = np.array(
    [[0.7 * math.cos(TURN), -0.7 * math.sin(TURN), 12], [0.7 * math.sin(TURN), 0.7 * math.cos(TURN), -30], [0, 0, 1]]
)
STRETCH = np.array([[1.5, 0, 4], [0, 0.8, -9], [0, 0, 1.0]])
AFFINE = np.array([[1.1, 0.2, 4], [-0.1, 0.8, -9], [0, 0, 1.0]])
HOMOGRAPHY = np.array([[1.1, 0.2, 4], [-0.1, 0.8, -9], [2e-4, -1e-4, 1.0]])


@pytest.mark.parametrize(
    ("fit", "truth"),
    [(fit_similarity, SIMILARITY), (fit_stretch, STRETCH), (fit_affine, AFFINE), (fit_homography, HOMOGRAPHY)],
)
def test_fit_recovers_its_transform(fit, truth: np.ndarray) -> None:  # type: ignore[no-untyped-def]
    """Each fit finds the transform that made its points, exactly, and nearly so under noise."""
    target = project(truth, POINTS)
    assert fit(POINTS, target) == pytest.approx(truth, abs=1e-5)
    noisy = fit(POINTS, target + np.random.default_rng(6).normal(0, 0.3, target.shape))
    assert np.abs(project(noisy, POINTS) - target).max() < 1.5


@pytest.mark.parametrize("fit", [fit_similarity, fit_stretch, fit_affine, fit_homography])
def test_fit_of_one_place_is_none(fit) -> None:  # type: ignore[no-untyped-def]
    """Points that are all in one place tell no transform."""
    same = np.full((3, 2), 7.0)
    assert fit(same, same) is None


def test_affine_of_a_line_is_none() -> None:
    """Points on one line tell no affine transform."""
    line = np.column_stack([np.arange(10.0), 2 * np.arange(10.0)])
    assert fit_affine(line, line) is None


@pytest.mark.parametrize(
    "matrix",
    [
        np.diag([-1.0, 1, 1]),
        np.array([[1, 0, 0], [1, 1e-3, 0], [0, 0, 1.0]]),
        np.array([[1, 0, 0], [0, 1, 0], [-0.01, 0, 1.0]]),
        np.diag([0.001, 0.001, 1]),
        np.full((3, 3), np.nan),
    ],
)
def test_degenerate_transforms_are_not_sane(matrix: np.ndarray) -> None:
    """Mirrored, flattened, folded, vanishing and undefined transforms are refused."""
    assert not sane(matrix, 300, 300)
    assert sane(SIMILARITY, 300, 300)


def test_local_scale_is_the_size_of_a_similarity() -> None:
    """A similarity scales alike everywhere; its derivative is its own upper part."""
    assert local_scale(SIMILARITY, POINTS) == pytest.approx(np.full(40, 0.7))
    assert linear_part(SIMILARITY, 5, 5) == pytest.approx(SIMILARITY[:2, :2])


@pytest.mark.parametrize(("shift", "area"), [(0, 10_000), (50, 5_000), (100, 0), (500, 0)])
def test_overlap_of_shifted_frames(shift: int, area: float) -> None:
    """Two frames of 100 x 100, one shifted, overlap in what is left."""
    matrix = np.array([[1, 0, shift], [0, 1, 0], [0, 0, 1.0]])
    assert overlap_area(matrix, (100, 100), (100, 100)) == pytest.approx(area)


def test_overlap_of_turned_frames_is_an_octagon() -> None:
    """A square turned by 45 degrees about its middle overlaps itself in a regular octagon."""
    turn = np.array([[1, -1, 0], [1, 1, 0], [0, 0, math.sqrt(2)]]) / math.sqrt(2)
    middle = np.array([[1, 0, 50], [0, 1, 50], [0, 0, 1.0]])
    matrix = middle @ turn @ np.linalg.inv(middle)
    assert overlap_area(matrix, (100, 100), (100, 100)) == pytest.approx(8284.27, rel=1e-4)


def test_points_at_infinity_are_numbers() -> None:
    """Projecting a point to infinity gives a large number, never NaN."""
    matrix = np.array([[1, 0, 0], [0, 1, 0], [-0.01, 0, 1.0]])
    assert np.isfinite(project(matrix, np.array([[100.0, 5.0]]))).all()


def test_shape_is_seen_from_the_query() -> None:
    """A match that is twice as large as the query, mirrored and whole, is told so."""
    matrix = np.array([[-0.5, 0, 200], [0, 0.5, 0], [0, 0, 1.0]])
    shape = shape_of(matrix, (200, 100), (400, 200))
    assert shape.mirrored
    assert shape.factor == pytest.approx(2)
    assert shape.stretch == pytest.approx(1)
    assert shape.angle == pytest.approx(0)
    assert (shape.query_share, shape.match_share) == pytest.approx((1, 1))


def test_scaling_and_corners() -> None:
    """Corners run clockwise from the top left, and scale with their picture."""
    assert project(scaling(2, 3), corners(10, 10)).tolist() == [[0, 0], [20, 0], [20, 30], [0, 30]]
