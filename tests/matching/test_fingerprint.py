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
from copyhound.matching import WORD_COUNT, Fingerprint, compare, entry_hash, hamming, query_hashes
from copyhound.matching.codebook import Vectors, pack, unpack, varied, vectors_of
from copyhound.matching.features import Features, extract
from copyhound.matching.fingerprint import SIZE_STEPS, UNIT_SIZE, postings_of
from copyhound.matching.hashes import phashes
from copyhound.matching.variants import VARIANTS, permutation
from copyhound.matching.voting import lookup_of

from . import matching_pictures as pics

PHOTO = "kodak_0015.jpg"


def test_bytes_keep_the_fingerprint() -> None:
    """A query read back from its bytes packs to the same bytes; an entry's places, sizes, angles and hash stay."""
    query = pics.query(pics.raw(PHOTO)).fingerprint
    assert Fingerprint.from_bytes(query).query_bytes() == query
    entry = Fingerprint.from_bytes(pics.entry(pics.raw(PHOTO)).fingerprint)
    again = Fingerprint.from_bytes(entry.entry_bytes())
    for name in ("places", "sizes", "angles"):
        assert getattr(again, name) == pytest.approx(getattr(entry, name), abs=1e-6)
    assert (again.width, again.height, again.hashes) == (entry.width, entry.height, entry.hashes)


def test_fingerprints_are_small() -> None:
    """An entry's fingerprint takes less than 12.5 kB, a query's less than 50 kB, for each picture of the package."""
    for name in pics.names():
        assert len(pics.entry(pics.raw(name)).fingerprint) < 12_500
        assert len(pics.query(pics.raw(name)).fingerprint) < 50_000


def test_other_version_is_an_error() -> None:
    """A fingerprint of another version is refused with the code that asks for a rebuild."""
    data = pics.entry(pics.raw(PHOTO)).fingerprint
    other = msgspec.structs.replace(Fingerprint.from_bytes(data), version=1).entry_bytes()
    for call in (Fingerprint.from_bytes, postings_of, lookup_of, entry_hash, lambda one: compare(data, one)):
        with pytest.raises(CopyhoundError, match="index_version_mismatch"):
            call(other)


@pytest.mark.parametrize("data", [b"", b"CH", b"not a fingerprint at all", b"CH\x02" + bytes(30)])
def test_damaged_bytes_are_an_error(data: bytes) -> None:
    """Bytes that are no fingerprint, or are cut short, are refused."""
    with pytest.raises(ValueError):
        Fingerprint.from_bytes(data)


def near(guess: Features, real: Features, size: tuple[int, int]) -> tuple[float, list[tuple[int, int]]]:
    """Share of guessed features that stand in the real picture, and which pairs they are."""
    pairs = []
    for i in range(len(guess.places)):
        apart = np.hypot(*((real.places - guess.places[i]) * size).T)
        turned = np.abs(np.exp(1j * real.angles) - np.exp(1j * guess.angles[i]))
        j = int(np.argmin(apart + 5 * turned))
        if apart[j] < 1 and turned[j] < 0.1:
            pairs.append((i, j))
    return len(pairs) / len(guess.places), pairs


@pytest.mark.parametrize("variant", [1, 2, 3])
def test_variants_equal_real_extraction(variant: int) -> None:
    """Varied vectors are those of the really mirrored, or really negative, picture; as they stand they are not."""
    mirrored, negative = VARIANTS[variant]
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
        plain.descriptors[:, permutation(mirrored=mirrored, negative=negative)],
    )
    share, pairs = near(guess, real, (pixels.shape[1], pixels.shape[0]))
    assert share > 0.8
    ours, theirs = (list(rows) for rows in zip(*pairs, strict=True))
    exact = guess.descriptors[ours].astype(float) * real.descriptors[theirs] / 512**2
    assert exact.sum(axis=1).mean() > 0.995
    vectors, wanted = vectors_of(plain.descriptors), vectors_of(real.descriptors)[theirs]
    assert cosine(varied(vectors, variant)[ours], wanted) > 0.97
    assert cosine(vectors[ours], wanted) < 0.7
    assert np.abs(varied(varied(vectors, variant), variant) - vectors).max() < 0.05


def cosine(one: Vectors, other: Vectors) -> float:
    lengths = np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
    return float(((one * other).sum(axis=1) / lengths).mean())


def test_hash_is_imagehash_phash() -> None:
    """An entry's hash is that of imagehash with 256 bits, give or take what JPEG does to the reduced copy."""
    prepared = pics.entry(pics.raw(PHOTO))
    theirs = np.packbits(imagehash.phash(pics.photo(PHOTO), hash_size=16).hash).tobytes()
    assert len(entry_hash(prepared.fingerprint)) == 32
    assert hamming(entry_hash(prepared.fingerprint), theirs) <= 6


def oriented(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """Mirrored (4 to 7), then turned left by so many quarters."""
    turned = np.rot90(pixels[:, ::-1] if orientation >= 4 else pixels, orientation % 4)
    return np.ascontiguousarray(turned)


def test_hashes_of_a_query_are_those_of_the_turned_pictures() -> None:
    """One transform gives, bit for bit, what imagehash gives for each of the 8 orientations and their negatives."""
    grey = pics.photo(PHOTO).convert("L").resize((64, 64), Image.Resampling.LANCZOS)
    shown = [oriented(np.asarray(grey), i) for i in range(8)]
    theirs = [imagehash.phash(Image.fromarray(one), hash_size=16) for one in [*shown, *(255 - one for one in shown)]]
    ours = phashes(np.asarray(pics.photo(PHOTO).convert("RGB")))
    assert ours == [np.packbits(one.hash).tobytes() for one in theirs]


@pytest.mark.parametrize("orientation", range(8))
def test_one_of_a_querys_hashes_fits_each_orientation(orientation: int) -> None:
    """Whichever way an indexed picture stands, the query has a hash within 31 bits of it, so that a band agrees."""
    pixels = np.asarray(pics.photo(PHOTO))
    turned = pics.png(Image.fromarray(oriented(pixels, orientation)))
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


def test_postings_stand_under_their_words() -> None:
    """Postings tell each feature's word and signature, and its place in 255ths of the longer side."""
    data = pics.entry(pics.raw(PHOTO)).fingerprint
    postings, whole = postings_of(data), Fingerprint.from_bytes(data)
    assert len(postings.words) == len(postings.signatures) == len(postings.places) == len(whole.sizes)
    assert postings.words.max() < WORD_COUNT
    assert len(np.unique(postings.words)) > 0.8 * len(postings.words)
    longer = max(whole.width, whole.height)
    at = whole.places * (whole.width / longer, whole.height / longer) * 255
    assert np.abs(postings.places[:, :2] - at).max() < 0.51
    assert np.abs(np.exp(2j * np.pi * postings.places[:, 2] / 256) - np.exp(1j * whole.angles)).max() < 0.01
    sizes = 2 ** ((postings.places[:, 3] - np.float32(UNIT_SIZE)) / SIZE_STEPS)
    assert sizes == pytest.approx(whole.sizes * min(whole.width, whole.height) / longer, rel=0.03)


def test_a_query_has_no_postings() -> None:
    """Only an entry's fingerprint can be put in an index."""
    with pytest.raises(ValueError, match="of a query"):
        postings_of(pics.query(pics.raw(PHOTO)).fingerprint)


def test_packed_vectors_stay_near() -> None:
    """An entry's packed vectors have lost less than a sixth of their variance, a query's next to nothing."""
    whole = vectors_of(extract(np.asarray(pics.photo(PHOTO)), 300, 300).descriptors)
    assert np.square(unpack(pack(whole)) - whole).sum() < np.square(whole).sum() / 6
    query = Fingerprint.from_bytes(pics.query(pics.raw(PHOTO)).fingerprint)
    again = Fingerprint.from_bytes(query.query_bytes())
    assert np.abs(again.vectors - query.vectors).max() < 1e-6


def test_importing_matching_loads_no_opencv() -> None:
    """The package, its header reader, words and hashes can be imported without OpenCV or SciPy."""
    code = (
        "import sys, copyhound.matching as m; assert 'numpy' not in sys.modules; m.read_facts; m.Limits;"
        "m.WORD_COUNT; m.entry_hash; m.hamming; m.Fingerprint;"
        "assert not {'cv2', 'scipy', 'imagehash'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
