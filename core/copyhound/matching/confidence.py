"""How surely two pictures are the same: a logistic over geometry, hashes and pixels, with 50 as the line.

Two photographs of one floor reach many inliers, and the floor's pixels agree to the grain; two pages of text share
every letter and the pitch of their lines. What tells them from a copy: that texture which runs both ways differs, that
light falls unevenly, that neither picture lies within the other, and that the camera was held a little askew.
`tests/bench/fit_confidence.py` fitted the weights, on edited copies of photographs against what an index of 2,460
others proposes for them; no term may speak against what it stands for.
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
_UPRIGHT: Final = 0.05
_LIT: Final = 0.08
_GRAIN: Final = 0.9
_MOST: Final = 0.3
_MANY: Final = 40
_CROSSED: Final = 0.8
_BEFORE: Final = (3, 2.7)
"""Grained cells that are taken for seen before any is seen, and how many of them agreed."""

WITH_PIXELS: Final[Mapping[str, float]] = {
    "base": -8.32, "crossed": 20.0, "wide": 5.75, "missing": 6.56, "even": 9.44, "lit": 6.97, "toned": 6.79,
    "within": 6.7, "upright": 5.96, "loose": 12.0,
}  # fmt: skip
"""Weight of each of `terms_of` where pixels were compared. Those of `within` and `loose` are set by hand, and that of
`crossed` was raised from 12.0 after the fit, for letters and pages of text are rare among photographs."""
ALONE: Final[Mapping[str, float]] = {
    "base": -6.34, "inliers": 0.74, "ratio": 12.2, "hash": 1.95, "few": 0.88,
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
    there = evidence.inliers / max(1, evidence.expected) / max(0.1, 1 - pixels.covered)
    crossed = (pixels.agreeing_crossed + _BEFORE[1]) / (pixels.agreeing_grained + _BEFORE[0])
    return {
        # lines of other words agree as far as lines go, and no farther
        "crossed": -max(0.0, _CROSSED - crossed),
        "wide": pixels.crossed / max(1, pixels.grained),
        # what agrees to the grain was not blurred or squeezed: then its features are there too
        "missing": -max(0.0, pixels.fineness - _GRAIN) / (1 - _GRAIN) * max(0.0, 1 - there / _MOST),
        "even": -pixels.uneven,
        "lit": -max(0.0, pixels.uneven - _LIT),
        "toned": pixels.toned,
        "within": -max(0.0, _WHOLE - evidence.within),
        # some letters that both show: few inliers, and neither picture lies within the other
        "loose": -max(0.0, 1 - evidence.inliers / _PLENTY) * max(0.0, _WHOLE - evidence.within),
        # few windows fit no turn as well as they fit one
        "upright": float(evidence.tilt < _UPRIGHT) * min(1.0, pixels.steady / _MANY),
    }
