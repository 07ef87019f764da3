"""Compare two pictures by what is kept of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import cv2
import msgspec

from copyhound.domain.pictures import Comparison, PictureFacts

from .confidence import confidence_of
from .evidence import Evidence, gather, looked_closer
from .fingerprint import Fingerprint
from .sides import known_print
from .verdict import identical, judge

FLOOR: Final = 20.0
"""Below this confidence nothing is said at all; a match needs 50."""
_SURE: Final = 95.0
"""No other hypothesis is looked at once one is so sure."""


def compare(
    query: bytes,
    match: bytes,
    query_reduced: bytes | None = None,
    match_reduced: bytes | None = None,
    *,
    query_facts: PictureFacts | None = None,
    match_facts: PictureFacts | None = None,
    variant: int | None = None,
) -> Comparison | None:
    """Compare a query image with a found picture: fingerprints, and reduced copies where they were kept.

    None where they are not the same picture. A comparison with a confidence of 20 to 50 is an uncertain one; the line
    is 50. The same file (by the facts) is not looked at: it is the same. `variant` (an index into
    `variants.VARIANTS`) is what a candidate index found the match as: then no other variant is tried. What is made of
    the query is kept for the next call, so comparing one query with many pictures in a row is cheap.
    Raises CopyhoundError index_version_mismatch.
    """
    if query_facts is not None and match_facts is not None and query_facts.sha256 == match_facts.sha256:
        return identical()
    found = best_evidence(query, match, query_reduced, match_reduced, variant)
    if found is None or found[0] < FLOOR:
        return None
    confidence, best = found
    best = looked_closer(best)
    return judge(best, confidence, (known_print(query), Fingerprint.from_bytes(match)), (query_facts, match_facts))


class Other(msgspec.Struct, frozen=True):
    """A found picture, as `compare_all` takes it."""

    fingerprint: bytes
    reduced: bytes | None
    facts: PictureFacts | None
    variant: int | None = None


def compare_all(
    query: bytes, query_reduced: bytes | None, query_facts: PictureFacts | None, others: Sequence[Other]
) -> list[Comparison | None]:
    """`compare` one query with several pictures, in their order. Raises as `compare`, for any of them."""
    return [
        compare(
            query,
            one.fingerprint,
            query_reduced,
            one.reduced,
            query_facts=query_facts,
            match_facts=one.facts,
            variant=one.variant,
        )
        for one in others
    ]


def best_evidence(
    query: bytes, match: bytes, query_copy: bytes | None, match_copy: bytes | None, variant: int | None = None
) -> tuple[float, Evidence] | None:
    """The evidence with the highest confidence, and that confidence. None where nothing speaks for a match."""
    cv2.setNumThreads(1)
    best: tuple[float, Evidence] | None = None
    for one in gather(query, match, query_copy, match_copy, variant):
        confidence = confidence_of(one)
        if best is None or confidence > best[0]:
            best = confidence, one
        if confidence >= _SURE:
            break
    return best
