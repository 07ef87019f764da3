"""The aligned pair, the difference and the thumbnail."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from copyhound.domain.pictures import Comparison
from copyhound.matching import overlay, thumbnail

from . import matching_pictures as pics

PHOTO = "kodak_0015.jpg"
EDITS: list[Callable[[Image.Image], pics.Edited]] = [
    pics.crop,
    pics.mirror,
    pics.rotate,
    pics.quarter_turn,
    pics.resize,
]


def pixels(data: bytes) -> np.ndarray:
    """A JPEG's pixels."""
    image = Image.open(io.BytesIO(data))
    assert image.format == "JPEG"
    return np.asarray(image.convert("RGB")).astype(float)


def drawn(
    change: Callable[[Image.Image], pics.Edited], view: str = "pair"
) -> tuple[np.ndarray, Comparison, np.ndarray]:
    """The overlay of an edited picture on its source, the comparison, and the source's reduced copy."""
    edited, _ = change(pics.photo(PHOTO))
    a, b = pics.query(pics.jpeg(edited)), pics.entry(pics.raw(PHOTO))
    comparison = pics.compared(pics.jpeg(edited), pics.raw(PHOTO))
    assert comparison is not None
    sizes = (b.facts.width, b.facts.height), (a.facts.width, a.facts.height)
    return pixels(overlay(b.reduced, a.reduced, comparison.matrix, *sizes, view=view)), comparison, pixels(b.reduced)


def correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Of two arrays' values."""
    return float(np.corrcoef(a.ravel(), b.ravel())[0, 1])


@pytest.mark.parametrize("change", EDITS)
def test_pair_is_twice_as_wide_with_the_match_on_the_left(change: Callable[[Image.Image], pics.Edited]) -> None:
    """The pair is twice the match's width; its left half is the match, its right half the query laid onto it."""
    pair, _, match = drawn(change)
    height, width = match.shape[:2]
    assert pair.shape == (height, 2 * width, 3)
    assert correlation(pair[:, :width], match) > 0.99
    right, shown = pair[:, width:], (np.abs(pair[:, width:] - 238) > 8).any(axis=2)
    shown[:, :8] = False
    assert shown.mean() > 0.3
    assert correlation(right[shown], match[shown]) > 0.9


def test_difference_of_a_true_copy_is_dark() -> None:
    """Where the pictures agree, the difference is nearly black."""
    difference, _, match = drawn(pics.mirror, view="difference")
    assert difference.shape == match.shape
    assert np.median(difference) < 12


def test_unknown_view_is_an_error() -> None:
    """Only `pair` and `difference` can be drawn."""
    with pytest.raises(ValueError):
        drawn(pics.mirror, view="blink")


@pytest.mark.parametrize("longest", [160, 40, 5000])
def test_thumbnail_fits(longest: int) -> None:
    """A thumbnail's longer side is as asked for, and never larger than the copy's."""
    small = pixels(thumbnail(pics.entry(pics.raw(PHOTO)).reduced, longest))
    assert max(small.shape[:2]) == min(longest, 390)
    assert small.shape[0] / small.shape[1] == pytest.approx(2 / 3, abs=0.02)
