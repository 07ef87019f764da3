"""Fingerprints as bytes, their variants, hashes and words."""

from __future__ import annotations

import subprocess
import sys

import imagehash
import msgspec
import numpy as np
import pytest
from PIL import Image

from copyhound.domain.errors import CopyhoundError
from copyhound.matching import (
    WORD_COUNT,
    Fingerprint,
    compare,
    entry_hash,
    entry_words,
    hamming,
    query_hashes,
    query_words,
)
from copyhound.matching.features import Features, extract
from copyhound.matching.hashes import oriented
from copyhound.matching.variants import varied

from . import matching_pictures as pics

PHOTO = "kodak_0015.jpg"


def test_bytes_keep_the_fingerprint() -> None:
    """A fingerprint read back from its bytes is the same, and packs to the same bytes."""
    data = pics.entry(pics.raw(PHOTO)).fingerprint
    fingerprint = Fingerprint.from_bytes(data)
    assert fingerprint.to_bytes() == data
    assert len(data) < 45_000


def test_other_version_is_an_error() -> None:
    """A fingerprint of another version is refused with the code that asks for a rebuild."""
    data = pics.entry(pics.raw(PHOTO)).fingerprint
    other = msgspec.structs.replace(Fingerprint.from_bytes(data), version=2).to_bytes()
    for call in (Fingerprint.from_bytes, entry_words, entry_hash, lambda one: compare(data, one)):
        with pytest.raises(CopyhoundError, match="index_version_mismatch"):
            call(other)


@pytest.mark.parametrize("data", [b"", b"CH", b"not a fingerprint at all", b"CH\x01" + bytes(30)])
def test_damaged_bytes_are_an_error(data: bytes) -> None:
    """Bytes that are no fingerprint, or are cut short, are refused."""
    with pytest.raises(ValueError):
        Fingerprint.from_bytes(data)


def near(guess: Features, real: Features, size: tuple[int, int]) -> tuple[float, float]:
    """Share of guessed features that stand in the real picture, and their descriptors' mean likeness."""
    likeness = []
    for i in range(len(guess.places)):
        apart = np.hypot(*((real.places - guess.places[i]) * size).T)
        turned = np.abs(np.exp(1j * real.angles) - np.exp(1j * guess.angles[i]))
        j = int(np.argmin(apart + 5 * turned))
        if apart[j] < 1 and turned[j] < 0.1:
            likeness.append(float(guess.descriptors[i].astype(float) @ real.descriptors[j]) / 512**2)
    return len(likeness) / len(guess.places), float(np.mean(likeness))


@pytest.mark.parametrize(("mirrored", "negative"), [(True, False), (False, True), (True, True)])
def test_variants_equal_real_extraction(mirrored: bool, negative: bool) -> None:
    """Permuted descriptors are those of the really mirrored, or really negative, picture."""
    pixels = np.asarray(pics.photo(PHOTO))
    edited = pixels[:, ::-1] if mirrored else pixels
    real = extract(np.ascontiguousarray(255 - edited if negative else edited), 400, 300)
    plain = extract(pixels, 400, 300)
    places = plain.places * (-1, 1) + (1, 0) if mirrored else plain.places
    angles = np.pi - plain.angles if mirrored else plain.angles
    guess = Features(
        places.astype(np.float32),
        plain.sizes,
        (angles + np.pi if negative else angles).astype(np.float32),
        varied(plain.descriptors, mirrored=mirrored, negative=negative),
    )
    share, likeness = near(guess, real, (pixels.shape[1], pixels.shape[0]))
    assert share > 0.8
    assert likeness > 0.995


def test_hash_is_imagehash_phash() -> None:
    """An entry's hash is that of imagehash with 256 bits, give or take what JPEG does to the reduced copy."""
    prepared = pics.entry(pics.raw(PHOTO))
    theirs = np.packbits(imagehash.phash(pics.photo(PHOTO), hash_size=16).hash).tobytes()
    assert len(entry_hash(prepared.fingerprint)) == 32
    assert hamming(entry_hash(prepared.fingerprint), theirs) <= 6


@pytest.mark.parametrize("orientation", range(8))
def test_one_of_a_querys_hashes_fits_each_orientation(orientation: int) -> None:
    """Whichever way an indexed picture stands, the query has a hash within 31 bits of it, so that a band agrees."""
    pixels = np.asarray(pics.photo(PHOTO))
    turned = pics.png(Image.fromarray(np.ascontiguousarray(oriented(pixels, orientation))))
    distances = [
        hamming(one, entry_hash(pics.entry(turned).fingerprint))
        for one in query_hashes(pics.query(pics.raw(PHOTO)).fingerprint)
    ]
    assert len(distances) == 16
    assert int(np.argmin(distances)) == orientation
    assert min(distances) <= 31


@pytest.mark.parametrize("change", [pics.blur, lambda image: pics.resize(image, 0.15), pics.grey, pics.invert])
def test_whole_picture_edits_stay_within_reach_of_hash_bands(change: object) -> None:
    """Blur, shrinking, greying and inverting keep a picture's hash within 31 bits."""
    edited, _ = change(pics.photo(PHOTO))  # type: ignore[operator]
    own = entry_hash(pics.entry(pics.raw(PHOTO)).fingerprint)
    assert min(hamming(one, own) for one in query_hashes(pics.query(pics.png(edited)).fingerprint)) <= 31


def test_hashes_of_different_pictures_are_far_apart() -> None:
    """No two photographs of the package have hashes within 60 bits, whichever way they are turned."""
    entries = {name: entry_hash(pics.entry(pics.raw(name)).fingerprint) for name in pics.names()}
    for name in pics.names():
        for one in query_hashes(pics.query(pics.raw(name)).fingerprint):
            assert all(other == name or hamming(one, own) > 60 for other, own in entries.items())


def test_words_are_vectors_of_length_one() -> None:
    """Words lie in their range and weights have length 1, for the entry and each of the query's four variants."""
    vectors = [entry_words(pics.entry(pics.raw(PHOTO)).fingerprint)]
    vectors += query_words(pics.query(pics.raw(PHOTO)).fingerprint)
    assert len(vectors) == 5
    for vector in vectors:
        assert all(0 <= word < WORD_COUNT for word in vector)
        assert sum(weight**2 for weight in vector.values()) == pytest.approx(1)


@pytest.mark.parametrize(
    ("change", "variant"),
    [(pics.crop, 0), (pics.mirror, 1), (pics.invert, 2), (lambda image: pics.invert(pics.mirror(image)[0]), 3)],
)
def test_words_vote_for_the_right_picture_in_the_right_variant(change: object, variant: int) -> None:
    """An edited picture's words agree most with its own source, in the variant that undoes the edit."""
    edited, _ = change(pics.photo(PHOTO))  # type: ignore[operator]
    vectors = query_words(pics.query(pics.jpeg(edited)).fingerprint)
    votes = {}
    for name in pics.names():
        own = entry_words(pics.entry(pics.raw(name)).fingerprint)
        for i, vector in enumerate(vectors):
            votes[name, i] = sum(weight * own.get(word, 0.0) for word, weight in vector.items())
    assert max(votes, key=lambda one: votes[one]) == (PHOTO, variant)


def test_importing_matching_loads_no_opencv() -> None:
    """The package, its header reader, words and hashes can be imported without OpenCV or SciPy."""
    code = (
        "import sys, copyhound.matching as m; assert 'numpy' not in sys.modules; m.read_facts; m.Limits;"
        "m.entry_words; m.query_words; m.entry_hash; m.hamming; m.Fingerprint;"
        "assert not {'cv2', 'scipy', 'imagehash'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
