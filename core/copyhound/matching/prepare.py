"""From a file's bytes to what is kept and searched: facts, fingerprint, reduced copy."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

from copyhound.domain.errors import CopyhoundError
from copyhound.domain.pictures import PictureFacts

from .codebook import vectors_of
from .decode import decode, encode_jpeg
from .features import Features, count_places, distinct_places, extract
from .fingerprint import Fingerprint, Prepared
from .hashes import phash, phashes
from .header import Limits

ENTRY_SIDE: Final = 236
ENTRY_FEATURES: Final = 350
QUERY_SIDE: Final = 340
QUERY_FEATURES: Final = 600
_PARTS: Final = 2
"""Of a query, for at most so many threads; the same with one, so that its features do not depend on their number."""
ENTRY_QUALITY: Final = 42
"""Of the reduced copy's JPEG: 8 kB for an ordinary photograph; an index of millions is mostly made of these."""
QUERY_QUALITY: Final = 70
MIN_PLACES: Final = 17
"""The one rule for what is too simple: fewer distinct places with a feature than this (of 2,500 photographs, none)."""
_GLANCE_SIDE: Final = 150
_SURELY_ENOUGH: Final = 4 * MIN_PLACES
_DEFAULT: Final = Limits()
L = TypeVar("L")
S = TypeVar("S")


def prepare_entry(data: bytes, limits: Limits = _DEFAULT) -> Prepared:
    """Make a picture ready for an index: about 350 features, one hash, a copy of about 236 px.

    Raises what `read_facts` raises, image_truncated, image_decode_failed and image_too_simple.
    """
    facts, pixels = decode(data, limits, ENTRY_SIDE)
    features = extract(pixels, ENTRY_FEATURES, ENTRY_SIDE)
    size = (facts.width, facts.height)
    if distinct_places(features.places, size) < MIN_PLACES:
        raise CopyhoundError("image_too_simple")
    fingerprint = _fingerprint(features, size, [phash(pixels)])
    return Prepared(facts, fingerprint.entry_bytes(), encode_jpeg(pixels, ENTRY_QUALITY, small=True))


def prepare_query(data: bytes, limits: Limits = _DEFAULT, *, threads: int = 1) -> Prepared:
    """Make a picture ready for searching: about 600 features, hashes of 8 orientations and their negatives.

    With more threads it is the same, sooner. Raises as `prepare_entry`.
    """
    facts, pixels = decode(data, limits, QUERY_SIDE)
    features, (hashes, reduced) = _side_by_side(
        lambda: extract(pixels, QUERY_FEATURES, QUERY_SIDE, parts=_PARTS, threads=threads),
        lambda: (phashes(pixels), encode_jpeg(pixels, QUERY_QUALITY)),
        threads,
    )
    size = (facts.width, facts.height)
    if distinct_places(features.places, size) < _SURELY_ENOUGH:
        # at the larger size there may be a few more or less: what an index takes is searched, and nothing else
        prepare_entry(data, limits)
    return Prepared(facts, _fingerprint(features, size, hashes).query_bytes(), reduced)


def hash_query(data: bytes, limits: Limits = _DEFAULT) -> list[bytes]:
    """The hashes that `prepare_query` gives, in a tenth of its time. Raises as it does, but for what is too simple."""
    _, pixels = decode(data, limits, QUERY_SIDE)
    return phashes(pixels)


def _side_by_side(long: Callable[[], L], short: Callable[[], S], threads: int) -> tuple[L, S]:
    """Both results; with more than one thread, the short one's work is done in a thread of its own."""
    if threads == 1:
        return long(), short()
    with ThreadPoolExecutor(1) as beside:
        waiting = beside.submit(short)
        return long(), waiting.result()


def check_picture(data: bytes, limits: Limits = _DEFAULT) -> PictureFacts:
    """Raise what `prepare_query` would raise; for ordinary pictures at a tenth of its cost."""
    facts, pixels = decode(data, limits, _GLANCE_SIDE)
    # many places at a small size mean many more at the full one; where there are few, only the whole way tells
    if count_places(pixels, (facts.width, facts.height)) < _SURELY_ENOUGH:
        prepare_query(data, limits)
    return facts


def _fingerprint(features: Features, size: tuple[int, int], hashes: list[bytes]) -> Fingerprint:
    return Fingerprint(
        width=size[0],
        height=size[1],
        places=features.places,
        sizes=features.sizes,
        angles=features.angles,
        vectors=vectors_of(features.descriptors),
        hashes=tuple(hashes),
    )
