"""The pixel check by itself: what agrees, what covers, what is merely alike."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from copyhound.matching.confidence import confidence_of
from copyhound.matching.evidence import Evidence
from copyhound.matching.pixels import PixelCheck, check_pixels

from . import matching_pictures as pics

PHOTO = pics.photo("kodak_0015.jpg").resize((450, 300))
SIZES = (450.0, 300.0, 450.0, 300.0)


def checked(query: Image.Image, matrix: np.ndarray = pics.IDENTITY) -> PixelCheck:
    """The check of the photograph against an edited one of the same size."""
    check = check_pixels(np.asarray(PHOTO), np.asarray(query), matrix, SIZES)
    assert check is not None
    return check


def test_same_pixels_agree_everywhere() -> None:
    """A picture agrees with itself in every cell that has texture, as finely as noise allows."""
    check = checked(PHOTO)
    assert check.agreeing == check.textured > 100
    assert check.fineness > 0.97
    assert (check.covered, check.negative) == (0, False)
    assert check.sharpness == pytest.approx(1)


def test_negative_agrees_and_is_told() -> None:
    """A negative agrees as well, and is recognised as one."""
    check = checked(pics.invert(PHOTO)[0])
    assert check.agreeing > 0.98 * check.textured
    assert check.negative


def test_cover_is_measured() -> None:
    """What another picture covers, a quarter, differs; the rest agrees to the grain."""
    check = checked(pics.cover(PHOTO, pics.photo("kodak_0008.jpg"))[0])
    assert 0.12 < check.covered < 0.3
    assert check.fineness > 0.98


def test_other_picture_disagrees() -> None:
    """Another picture laid over the same frame agrees in next to no cell."""
    check = checked(pics.photo("kodak_0001.jpg").resize((450, 300)))
    assert check.agreeing < 0.1 * check.textured


def test_misplaced_copy_disagrees() -> None:
    """The right picture a few pixels off is no agreement: the check proves the transform, too."""
    check = checked(PHOTO, pics.shifted(7, 5))
    assert check.agreeing < 0.5 * check.textured


def test_blur_is_told() -> None:
    """A blurred query has less fine detail than the match."""
    assert checked(pics.blur(PHOTO)[0]).sharpness < 0.86


@pytest.mark.parametrize("matrix", [pics.shifted(900, 0), pics.shifted(445, 0), np.diag([0.02, 0.02, 1])])
def test_too_little_in_common_says_nothing(matrix: np.ndarray) -> None:
    """Where the pictures hardly overlap, or one is a few pixels small, there is no check."""
    assert check_pixels(np.asarray(PHOTO), np.asarray(PHOTO), matrix, SIZES) is None


def evidence(inliers: int, check: PixelCheck | None) -> Evidence:
    """Evidence with so many inliers of 300."""
    return Evidence(pics.IDENTITY, inliers, 300, False, False, 256, check)


def test_confidence_rises_with_inliers_and_agreement() -> None:
    """More inliers and more agreement mean more confidence; many inliers with hardly any agreement mean none."""
    good, bad = checked(PHOTO), checked(pics.photo("kodak_0001.jpg").resize((450, 300)))
    rising = [confidence_of(evidence(inliers, good)) for inliers in (4, 8, 20, 80)]
    assert rising == sorted(rising)
    assert rising[-1] > 99.9
    assert confidence_of(evidence(60, bad)) < 50
    assert confidence_of(evidence(12, None)) < 50 < confidence_of(evidence(120, None))
