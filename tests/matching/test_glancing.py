"""The glance: what it settles before any pixel check, and what it leaves to that."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from copyhound.matching import Prepared, evidence, prepare_entry, prepare_query
from copyhound.matching.decode import encode_jpeg
from copyhound.matching.evidence import Evidence, gather
from copyhound.matching.glancing import differ

from . import matching_pictures as pics

PHOTO = pics.photo("kodak_0015.jpg").resize((450, 300))
OTHER = pics.photo("kodak_0008.jpg").resize((450, 300))
SIZES = (450.0, 300.0, 450.0, 300.0)


def copy_of(picture: Image.Image) -> bytes:
    """A reduced copy, as one is kept."""
    return encode_jpeg(np.asarray(picture.convert("RGB")), 60)


def prepared(picture: Image.Image, prepare: Callable[[bytes], Prepared]) -> Prepared:
    """The picture as a file, made ready."""
    out = io.BytesIO()
    picture.save(out, "PNG")
    return prepare(out.getvalue())


def test_two_photographs_differ() -> None:
    """Two photographs that were laid over one another by mistake are told apart."""
    assert differ(copy_of(PHOTO), copy_of(OTHER), pics.IDENTITY, SIZES)


@pytest.mark.parametrize(
    "edit",
    [
        lambda one: one,
        lambda one: pics.invert(one)[0],
        lambda one: pics.cover(one, OTHER)[0],
        lambda one: one.convert("L"),
        lambda one: one.resize((150, 100)).resize((450, 300)),
    ],
    ids=["same", "negative", "covered", "grey", "blurred"],
)
def test_copies_do_not_differ(edit: Callable[[Image.Image], Image.Image]) -> None:
    """A copy goes on to the pixel check, whatever was done to it."""
    assert not differ(copy_of(PHOTO), copy_of(edit(PHOTO)), pics.IDENTITY, SIZES)


def test_half_is_enough() -> None:
    """A copy goes on though something else covers the one half of it."""
    half = PHOTO.copy()
    half.paste(OTHER.crop((0, 0, 225, 300)), (0, 0))
    assert not differ(copy_of(PHOTO), copy_of(half), pics.IDENTITY, SIZES)


def test_a_little_off_is_no_difference() -> None:
    """A transform that is a little wrong, as features give it, does not make a copy another picture."""
    shifted = np.array([[1, 0, 2.5], [0, 1, -2.0], [0, 0, 1.0]])
    assert not differ(copy_of(PHOTO), copy_of(PHOTO), shifted, SIZES)


def test_little_in_common_says_nothing() -> None:
    """Where only a corner is shared, or nothing has texture, nothing is settled."""
    corner = np.array([[1, 0, 400.0], [0, 1, 270.0], [0, 0, 1]])
    assert not differ(copy_of(PHOTO), copy_of(OTHER), corner, SIZES)
    plain = [copy_of(Image.new("RGB", (450, 300), colour)) for colour in ("white", "navy")]
    assert not differ(plain[0], plain[1], pics.IDENTITY, SIZES)


def test_damaged_copy_is_not_settled() -> None:
    """A reduced copy that cannot be read leaves the verdict to geometry, as before."""
    assert not differ(copy_of(PHOTO)[:200], copy_of(OTHER), pics.IDENTITY, SIZES)


@pytest.mark.parametrize(("inliers", "checked"), [(20, 0), (200, 1)])
def test_geometry_that_speaks_is_heard(monkeypatch: pytest.MonkeyPatch, inliers: int, checked: int) -> None:
    """What differs is left out where few features agree, and gets the whole pixel check where most of them do."""
    laid = Evidence(pics.IDENTITY, inliers, 300, False, False, 128, None)
    monkeypatch.setattr(evidence, "_laid", lambda *args: iter([laid]))
    query, match = prepared(OTHER, prepare_query), prepared(PHOTO, prepare_entry)
    found = list(gather(query.fingerprint, match.fingerprint, query.reduced, match.reduced))
    assert len(found) == checked
    assert all(one.pixels is not None for one in found)


def test_what_moves_all_ways_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two photographs whose parts lie each its own way are left out before their colours are compared."""
    laid = Evidence(pics.IDENTITY, 20, 300, False, False, 128, None)
    monkeypatch.setattr(evidence, "_laid", lambda *args: iter([laid]))
    monkeypatch.setattr(evidence, "differ", lambda *args: False)
    query, match = prepared(OTHER, prepare_query), prepared(PHOTO, prepare_entry)
    assert not list(gather(query.fingerprint, match.fingerprint, query.reduced, match.reduced))
    copy = prepared(PHOTO, prepare_query)
    assert list(gather(copy.fingerprint, match.fingerprint, copy.reduced, match.reduced))
