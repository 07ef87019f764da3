"""Compare two pictures by what is kept of them."""

from __future__ import annotations

from typing import Final

import cv2

from copyhound.domain.pictures import Comparison, PictureFacts

from .confidence import confidence_of
from .evidence import gather
from .fingerprint import Fingerprint
from .verdict import judge

FLOOR: Final = 20.0
"""Below this confidence nothing is said at all; a match needs 50."""


def compare(
    query: bytes,
    match: bytes,
    query_reduced: bytes | None = None,
    match_reduced: bytes | None = None,
    *,
    query_facts: PictureFacts | None = None,
    match_facts: PictureFacts | None = None,
) -> Comparison | None:
    """Compare a query image with a found picture: fingerprints, and reduced copies where they were kept.

    None where they are not the same picture. A comparison with a confidence of 20 to 50 is an uncertain one; the line
    is 50. The facts are only used to tell an identical file from a recompressed one.
    Raises CopyhoundError index_version_mismatch.
    """
    cv2.setNumThreads(1)
    prints = Fingerprint.from_bytes(query), Fingerprint.from_bytes(match)
    judged = [(confidence_of(one), one) for one in gather(*prints, query_reduced, match_reduced)]
    if not judged:
        return None
    confidence, best = max(judged, key=lambda pair: pair[0])
    return judge(best, confidence, prints, (query_facts, match_facts)) if confidence >= FLOOR else None
