"""The aligned pair, the difference and the thumbnail."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageDraw

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
    """The overlay of an edited picture on its source, the comparison, and the source as large as it is drawn."""
    edited, _ = change(pics.photo(PHOTO))
    a, b = pics.query(pics.jpeg(edited)), pics.entry(pics.raw(PHOTO))
    comparison = pics.compared(pics.jpeg(edited), pics.raw(PHOTO))
    assert comparison is not None
    sizes = (b.facts.width, b.facts.height), (a.facts.width, a.facts.height)
    match = np.asarray(pics.photo(PHOTO).resize((640, 427))).astype(float)
    return pixels(overlay(b.reduced, a.reduced, comparison.matrix, *sizes, view=view)), comparison, match


def correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Of two arrays' values."""
    return float(np.corrcoef(a.ravel(), b.ravel())[0, 1])


@pytest.mark.parametrize("change", EDITS)
def test_pair_is_twice_as_wide_with_the_match_on_the_left(change: Callable[[Image.Image], pics.Edited]) -> None:
    """The pair is twice 640 pixels wide; its left half is the match, its right half the query laid onto it."""
    pair, _, match = drawn(change)
    height, width = match.shape[:2]
    assert pair.shape == (height, 2 * width, 3) == (427, 1280, 3)
    assert correlation(pair[:, :width], match) > 0.97
    right, shown = pair[:, width:], (np.abs(pair[:, width:] - 238) > 8).any(axis=2)
    shown[:, :8] = False
    assert shown.mean() > 0.3
    assert correlation(right[shown], match[shown]) > 0.9


def sepia(image: Image.Image) -> pics.Edited:
    """In browns."""
    rows = np.array([[0.393, 0.769, 0.189], [0.349, 0.686, 0.168], [0.272, 0.534, 0.131]])
    return Image.fromarray(np.clip(np.asarray(image) @ rows.T, 0, 255).astype(np.uint8)), pics.IDENTITY


def brighter(image: Image.Image) -> pics.Edited:
    """Overexposed, with white where it was bright."""
    return image.point(lambda value: min(255, int(value * 1.6))), pics.IDENTITY


CHANGED = [pics.mirror, pics.rotate, pics.invert, sepia, pics.grey, brighter]


def spotted(image: Image.Image) -> Image.Image:
    """With a red disc."""
    out = image.copy()
    ImageDraw.Draw(out).ellipse([round(part * image.width) for part in (0.6, 0.1, 0.8, 0.3)], fill=(200, 20, 20))
    return out


@pytest.mark.parametrize("change", CHANGED)
def test_a_true_copy_has_no_difference(change: Callable[[Image.Image], pics.Edited]) -> None:
    """Turned, or in other colours all over, hardly anything glows: the difference is black."""
    difference, _, match = drawn(change, view="difference")
    assert difference.shape == match.shape
    inside = np.abs(difference - 56).max(axis=2) > 6
    assert inside.mean() > 0.5
    assert np.median(difference[inside]) < 4
    assert (difference[inside].max(axis=1) > 60).mean() < 0.01


@pytest.mark.parametrize("change", [pics.mirror, pics.invert, sepia, brighter])
def test_what_differs_glows(change: Callable[[Image.Image], pics.Edited]) -> None:
    """A disc in one of the pictures is seen as such, and little else, whatever became of the colours."""
    difference, _, _ = drawn(lambda image: (change(spotted(image))[0], pics.IDENTITY), view="difference")
    rows, columns = np.indices(difference.shape[:2])
    glow = difference.max(axis=2) > 60
    disc = (((columns / 640 - 0.7) / 0.1) ** 2 + ((rows - 0.2 * 640) / 64) ** 2) < 0.8
    assert glow[disc].mean() > 0.9
    assert glow.sum() < 1.5 * disc.sum()


def test_where_the_query_has_nothing_is_grey() -> None:
    """What the match shows beyond the query is told from what agrees."""
    difference, comparison, _ = drawn(pics.crop, view="difference")
    ground = np.abs(difference - 56).max(axis=2) < 6
    assert 100 * ground.mean() == pytest.approx(100 - comparison.match_share, abs=2)


def test_pictures_with_nothing_in_common_are_drawn() -> None:
    """Where a transform leads far beside the query all of it is ground, without a warning."""
    match = pics.entry(pics.raw(PHOTO)).reduced
    aside = ((1.0, 0.0, 1e6), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
    difference = pixels(overlay(match, match, aside, (390, 260), (390, 260), view="difference"))
    assert np.abs(difference - 56).max() < 6


def test_unknown_view_is_an_error() -> None:
    """Only `pair` and `difference` can be drawn."""
    with pytest.raises(ValueError):
        drawn(pics.mirror, view="blink")


@pytest.mark.parametrize("longest", [160, 40, 5000])
def test_thumbnail_fits(longest: int) -> None:
    """A thumbnail's longer side is as asked for, and never larger than the copy's."""
    small = pixels(thumbnail(pics.entry(pics.raw(PHOTO)).reduced, longest))
    assert max(small.shape[:2]) == min(longest, 354)
    assert small.shape[0] / small.shape[1] == pytest.approx(2 / 3, abs=0.02)
