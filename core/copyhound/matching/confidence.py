"""How surely two pictures are the same: a logistic over geometry, hashes and pixels, with 50 as the line.

Two photographs of one floor reach many inliers, and the floor's pixels agree to the grain: what tells them from a copy
is that small windows sway, that light falls unevenly, that neither picture lies within the other, and that the camera
was held a little askew. `tests/bench/fit_confidence.py` fitted the weights, on edited copies of photographs against
the most similar of 2,460 others, at one copy to 40 candidates; no term may speak against what it stands for.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

from .evidence import HASH_NEAR, Evidence
from .pixels import PixelCheck

_FEW_INLIERS: Final = 8
_PLENTY: Final = 20
_WHOLE: Final = 0.97
_STRAIGHT: Final = 0.1
_UPRIGHT: Final = 0.05
_STILL: Final = 0.3
_LIT: Final = 0.08

WITH_PIXELS: Final[Mapping[str, float]] = {
    "base": -8.81, "inliers": 0.0, "ratio": 4.66, "hash": 0.0, "few": 0.0,
    "steady": 2.17, "still": 10.6, "steady_count": 0.0, "sway": 1.9,
    "even": 14.91, "lit": 10.22, "toned": 4.2, "within": 3.08,
    "upright": 3.85, "straight": 0.9, "loose": 12.0,
}  # fmt: skip
"""Weight of each of `terms_of` where pixels were compared; that of `loose` is set by hand, for letters in common are
rare among photographs."""
ALONE: Final[Mapping[str, float]] = {
    "base": -6.33, "inliers": 0.87, "ratio": 9.55, "hash": 2.57, "few": 0.34,
}  # fmt: skip
"""The same for geometry alone, which needs to be stronger."""


def confidence_of(evidence: Evidence) -> float:
    """0 to 100. Without a pixel check, geometry alone must carry it."""
    weights = ALONE if evidence.pixels is None else WITH_PIXELS
    terms = terms_of(evidence)
    log_odds = sum(weight * terms[name] for name, weight in weights.items())
    return 100 / (1 + math.exp(-max(-30.0, min(30.0, log_odds))))


def terms_of(evidence: Evidence) -> dict[str, float]:
    """What is weighed, each term the greater the more it speaks for a copy."""
    hashed = evidence.hash_distance <= HASH_NEAR
    terms = {
        "base": 1.0,
        "inliers": math.log1p(min(100, evidence.inliers)),
        "ratio": min(0.5, evidence.inliers / max(1, evidence.expected)),
        "hash": max(0, HASH_NEAR - evidence.hash_distance) / 50,
        # so few can fall on lettering that both share
        "few": 0.0 if hashed else -float(max(0, _FEW_INLIERS - evidence.inliers)),
    }
    return terms if evidence.pixels is None else terms | _terms_of(evidence, evidence.pixels)


def _terms_of(evidence: Evidence, pixels: PixelCheck) -> dict[str, float]:
    share = pixels.agreeing / max(1, pixels.textured)
    steady = pixels.steady / max(1, pixels.windows)
    still = steady / max(0.05, share)
    return {
        "steady": steady,
        # lines of other words agree roughly, but no window of them stands still
        "still": min(0.5, still),
        "steady_count": math.log1p(pixels.steady),
        "sway": -min(1.0, pixels.sway),
        "even": -pixels.uneven,
        "lit": -max(0.0, pixels.uneven - _LIT),
        "toned": pixels.toned,
        "within": -max(0.0, _WHOLE - evidence.within),
        # some letters that both show: few inliers, and neither picture lies within the other
        "loose": -max(0.0, 1 - evidence.inliers / _PLENTY) * max(0.0, _WHOLE - evidence.within),
        "upright": float(evidence.tilt < _UPRIGHT) * min(1.0, still / _STILL),
        "straight": -min(0.6, max(0.0, evidence.tilt - _STRAIGHT)),
    }
