"""How surely two pictures are the same: one logistic over geometry, hashes and pixels, with 50 as the line.

The weights were fitted on edited copies of some photographs against the most similar of 2,650 others, then
rounded, and moved a little to the safe side. Two photographs of one scene reach many inliers, but their pixels agree
only here and there, and roughly: what counts most is how many cells agree, and how finely.
"""

from __future__ import annotations

import math
from typing import Final

from .evidence import HASH_NEAR, Evidence
from .pixels import PixelCheck

_ENOUGH_CELLS: Final = 20
_CALIBRATION: Final = 0.93
_FEW_INLIERS: Final = 8


def confidence_of(evidence: Evidence) -> float:
    """0 to 100. Without a pixel check, geometry alone must carry it, and needs to be stronger."""
    if evidence.pixels is None:
        return _percent(_geometry_alone(evidence))
    return _percent(_with_pixels(evidence, evidence.pixels))


def _geometry_alone(evidence: Evidence) -> float:
    by_features = 2.5 * (math.log1p(evidence.inliers) - 3.6) + 8 * (_inlier_ratio(evidence) - 0.2)
    by_hash = 0.15 * (36 - evidence.hash_distance)
    return max(by_features, by_hash)


def _with_pixels(evidence: Evidence, pixels: PixelCheck) -> float:
    enough = min(1.0, pixels.agreeing / _ENOUGH_CELLS)
    share = pixels.agreeing / max(1, pixels.textured)
    fineness = max(-0.1, min(0.06, pixels.fineness - _CALIBRATION))
    geometry = 1.25 * math.log1p(evidence.inliers) + 6.8 * _inlier_ratio(evidence)
    hashes = 0.13 * max(0, HASH_NEAR - 20 - evidence.hash_distance)
    if evidence.hash_distance > HASH_NEAR:
        geometry -= 0.8 * max(0, _FEW_INLIERS - evidence.inliers)  # so few can fall on lettering that both share
    return -11.6 + geometry + hashes + enough * (1.6 + 8.9 * share + 82 * fineness) - 1.2 * pixels.covered


def _inlier_ratio(evidence: Evidence) -> float:
    return min(0.5, evidence.inliers / max(1, evidence.expected))


def _percent(log_odds: float) -> float:
    return 100 / (1 + math.exp(-max(-30.0, min(30.0, log_odds))))
