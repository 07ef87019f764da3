"""Features: how they are found and described."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from copyhound.matching import features

from . import matching_pictures as pics


@pytest.mark.parametrize("name", ["kodak_0015.jpg", "kodak_0008.jpg"])
def test_features_are_the_same_described_at_once(name: str) -> None:
    """A plain picture's features are found and described in one look, and are those that two looks give."""
    grey = np.asarray(pics.photo(name).convert("L"))
    (kept, raw), (other, others) = (features._described(grey, 300, at_once=way) for way in (True, False))
    assert np.array_equal(cv2.KeyPoint.convert(kept), cv2.KeyPoint.convert(other))
    assert np.array_equal(raw, others)


def test_plain_pictures_are_told() -> None:
    """What has few edges counts as plain, what is full of them does not."""
    flat = np.full((300, 400), 90, np.uint8)
    assert features._is_plain(flat)
    assert not features._is_plain(np.random.default_rng(0).integers(0, 256, flat.shape, dtype=np.uint8))
