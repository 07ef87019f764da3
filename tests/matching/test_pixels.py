"""The pixel check by itself: what agrees, what covers, what is merely alike."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from copyhound.matching.confidence import confidence_of
from copyhound.matching.evidence import Evidence
from copyhound.matching.pixels import PixelCheck, check_pixels, check_registered, registered

from . import matching_pictures as pics

PHOTO = pics.photo("kodak_0015.jpg").resize((450, 300))
SIZES = (450.0, 300.0, 450.0, 300.0)


def checked(query: Image.Image, matrix: np.ndarray = pics.IDENTITY) -> PixelCheck:
    """The check of the photograph against an edited one of the same size."""
    check = check_pixels(np.asarray(PHOTO), np.asarray(query), matrix, SIZES)
    assert check is not None
    return check


def refined(query: Image.Image, matrix: np.ndarray = pics.IDENTITY) -> tuple[PixelCheck, np.ndarray]:
    """The check under the refined transform, and that transform."""
    there = registered(np.asarray(PHOTO), np.asarray(query), matrix, SIZES, negative=False)
    assert there is not None
    found = check_registered(there, np.asarray(PHOTO), SIZES)
    assert found is not None
    return found.check, found.matrix


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
    assert check.fineness > 0.97


def test_caption_on_white_covers() -> None:
    """What is written over a white ground is told as cover, although white is also what highlights burn to."""
    shown = Image.new("RGB", PHOTO.size, "white")
    shown.paste(PHOTO.resize((180, 120)), (30, 160))
    written = pics.caption(shown)[0]
    check = check_pixels(np.asarray(shown), np.asarray(written), pics.IDENTITY, SIZES)
    assert check is not None
    assert check.covered > 0.1


def test_burnt_highlights_cover_nothing() -> None:
    """Where a lighter copy burnt to white nothing is said to be covered."""
    lighter = PHOTO.point(lambda value: min(255, int(value * 1.7)))
    assert checked(lighter).covered < 0.05


def test_other_picture_disagrees() -> None:
    """Another picture laid over the same frame agrees in next to no cell."""
    check = checked(pics.photo("kodak_0001.jpg").resize((450, 300)))
    assert check.agreeing < 0.1 * check.textured


def test_misplaced_copy_disagrees() -> None:
    """The right picture a few pixels off is no agreement: the check proves the transform, too."""
    check = checked(PHOTO, pics.shifted(7, 5))
    assert check.agreeing < 0.5 * check.textured


@pytest.mark.parametrize("edit", [lambda image: image, pics.blur, pics.grey, pics.caption])
def test_misplaced_copy_is_moved_to_its_place(edit: Callable[[Image.Image], pics.Edited | Image.Image]) -> None:
    """A transform that is a few pixels off is put right on the pixels, and its windows stand still."""
    edited = edit(PHOTO)
    image = edited if isinstance(edited, Image.Image) else edited[0]
    check, matrix = refined(image, pics.shifted(4, -3))
    assert pics.corner_error(matrix, pics.IDENTITY, PHOTO.size, PHOTO.size) * np.hypot(*PHOTO.size) < 0.6
    assert check.steady > 0.5 * check.windows > 30


def test_mirrored_picture_is_refined_as_well() -> None:
    """A transform that mirrors and misses by some pixels is put right on the pixels, and windows stand still."""
    mirror = np.array([[-1.0, 0, 450], [0, 1, 0], [0, 0, 1]])
    check, matrix = refined(PHOTO.transpose(Image.Transpose.FLIP_LEFT_RIGHT), pics.shifted(4, -3) @ mirror)
    assert np.abs(matrix - mirror).max() < 0.3
    assert check.steady > 0.9 * check.windows


def test_other_picture_sways() -> None:
    """No transform is found under which another picture's windows stand still."""
    check, _ = refined(pics.photo("kodak_0001.jpg").resize((450, 300)))
    assert check.steady < 0.2 * check.windows


def test_uneven_light_is_told() -> None:
    """One change of colours for all of a picture is even; light that falls from one side is not."""
    darker = Image.eval(PHOTO, lambda value: int(0.7 * value + 10))
    slope = np.linspace(0.6, 1.2, PHOTO.width)[None, :, None]
    lit = Image.fromarray(np.clip(np.asarray(PHOTO) * slope, 0, 255).astype(np.uint8))
    even, uneven = refined(darker)[0].uneven, refined(lit)[0].uneven
    assert even < 0.05 < 0.1 < uneven


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
    good, bad = refined(PHOTO)[0], refined(pics.photo("kodak_0001.jpg").resize((450, 300)))[0]
    rising = [confidence_of(evidence(inliers, good)) for inliers in (4, 8, 20, 80)]
    assert rising == sorted(rising)
    assert rising[-1] > 99.9
    assert confidence_of(evidence(60, bad)) < 50
    assert confidence_of(evidence(12, None)) < 50 < confidence_of(evidence(120, None))
