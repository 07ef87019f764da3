"""Features: how they are found and described."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from copyhound.matching import features, hash_query
from copyhound.matching.fingerprint import Fingerprint
from copyhound.matching.strips import describe_in, find_in, strips_of

from . import matching_pictures as pics

NAMES = ["kodak_0015.jpg", "kodak_0008.jpg"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("parts", [1, 2])
def test_features_are_the_same_described_at_once(name: str, parts: int) -> None:
    """A plain picture's features are found and described in one look, and are those that two looks give."""
    grey = np.asarray(pics.photo(name).convert("L"))
    for strip in strips_of(grey, parts):
        one, other = (find_in(strip, at_once=way) for way in (True, False))
        chosen = np.arange(0, len(one.found), 3)
        assert np.array_equal(one.places, other.places)
        assert len(chosen) > 50
        assert np.array_equal(describe_in(one, chosen), describe_in(other, chosen))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("turned", [False, True])
def test_strips_have_the_features_of_the_whole(name: str, turned: bool) -> None:
    """Of a picture in two strips, wide or tall, 95 features in 100 are those of the whole, descriptors and all."""
    pixels = np.asarray(pics.photo(name))
    pixels = np.ascontiguousarray(np.rot90(pixels)) if turned else pixels
    whole, parted = (features.extract(pixels, 600, 340, parts=parts) for parts in (1, 2))
    away = np.abs(parted.places[:, None] - whole.places).max(axis=2)
    unlike = np.abs(parted.descriptors[:, None].astype(np.int16) - whole.descriptors).max(axis=2)
    assert len(parted.places) == len(whole.places)
    assert ((away < 1e-4) & (unlike < 10)).any(axis=1).mean() > 0.95


@pytest.mark.parametrize("name", NAMES)
def test_threads_change_nothing(name: str) -> None:
    """The features of two strips are the same, in the same order, however many threads look for them."""
    pixels = np.asarray(pics.photo(name))
    one, two = (features.extract(pixels, 600, 340, parts=2, threads=threads) for threads in (1, 2))
    for part in ("places", "sizes", "angles", "descriptors"):
        assert np.array_equal(getattr(one, part), getattr(two, part))


@pytest.mark.parametrize("size", [(1, 1), (3, 200), (200, 3), (40, 40)])
def test_strips_of_the_smallest_pictures(size: tuple[int, int]) -> None:
    """A picture smaller than the overlap of its strips, and without features, has none in two strips either."""
    assert len(features.extract(np.zeros((*size, 3), np.uint8), 600, 340, parts=2).places) == 0


def test_strips_hold_each_pixel_once() -> None:
    """The parts that strips answer for meet, without a gap or an overlap, and each strip sees its own part."""
    grey = np.arange(100 * 333, dtype=np.uint32).astype(np.uint8).reshape(100, 333)
    for image in (grey, np.ascontiguousarray(grey.T)):
        first, second = strips_of(image, 2)
        assert (first.start, first.stop, second.start, second.stop) == (0, 166, 166, 333)
        assert first.offset == 0
        assert second.offset % 16 == 0
        assert second.offset <= 166 - 32
        whole = image if first.axis == 0 else image.T
        seen = second.grey if first.axis == 0 else second.grey.T
        assert np.array_equal(whole[:, second.offset :], seen)


def test_the_hashes_of_a_query_are_there_sooner() -> None:
    """`hash_query` gives the 16 hashes that the query's fingerprint will have."""
    data = pics.raw(NAMES[0])
    assert hash_query(data) == list(Fingerprint.from_bytes(pics.query(data).fingerprint).hashes)


def test_plain_pictures_are_told() -> None:
    """What has few edges counts as plain, what is full of them does not."""
    flat = np.full((300, 400), 90, np.uint8)
    assert features._is_plain(flat)
    assert not features._is_plain(np.random.default_rng(0).integers(0, 256, flat.shape, dtype=np.uint8))


def test_cv_is_left_with_one_thread() -> None:
    """OpenCV's own threads are never used: the strips are what runs side by side."""
    cv2.setNumThreads(2)
    features.extract(np.asarray(pics.photo(NAMES[0])), 600, 340, parts=2, threads=2)
    assert cv2.getNumThreads() == 1
