"""How surely two pictures are the same: one logistic over geometry and pixels, with 50 as the line."""

from __future__ import annotations

import math

from .evidence import Evidence
from .pixels import PixelCheck


def confidence_of(evidence: Evidence) -> float:
    """0 to 100. Without a pixel check, geometry alone must carry it, and needs to be stronger."""
    if evidence.pixels is None:
        return _percent(_geometry_alone(evidence))
    return _percent(_with_pixels(evidence, evidence.pixels))


def _geometry_alone(evidence: Evidence) -> float:
    by_features = 0.35 * (evidence.inliers - 16)
    by_hash = 0.15 * (36 - evidence.hash_distance)
    return max(by_features, by_hash)


def _with_pixels(evidence: Evidence, pixels: PixelCheck) -> float:
    share = pixels.agreeing / max(1, pixels.textured)
    enough = min(1.0, pixels.agreeing / 20)
    geometry = 0.25 * (min(evidence.inliers, 40) - 10)
    return geometry + 9 * (share - 0.5) * enough + 12 * (pixels.fineness - 0.93) * enough - 2 * (1 - enough)


def _percent(log_odds: float) -> float:
    return 100 / (1 + math.exp(-max(-30.0, min(30.0, log_odds))))
