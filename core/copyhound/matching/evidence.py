"""All that speaks for two pictures being the same: geometric hypotheses, whole-picture hashes, pixels."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec
import numpy as np

from .decode import decode_own
from .fingerprint import Fingerprint
from .geometry import Array, scaling
from .hashes import ORIENTATIONS, hamming
from .hypotheses import PLENTY, Hypothesis, hypotheses_of
from .pixels import PixelCheck, check_pixels
from .sides import side_of, variant_of
from .variants import VARIANTS

HASH_NEAR: Final = 84
"""Of 256 bits; two unrelated pictures differ in 128, give or take 8."""
_CHECKED: Final = 3
MIN_INLIERS: Final = 4


class Evidence(msgspec.Struct, frozen=True):
    """One way to lay the match over the query, and how well it holds."""

    matrix: Array
    """Full match pixel to full query pixel."""
    inliers: int
    expected: int
    """Features of the match that fall inside the query."""
    mirrored: bool
    negative: bool
    hash_distance: int
    """Bits between the hashes under this orientation; 256 where it was not found by its hash."""
    pixels: PixelCheck | None


def gather(
    query: Fingerprint, match: Fingerprint, query_copy: bytes | None, match_copy: bytes | None
) -> list[Evidence]:
    """The best few hypotheses, each with its pixel check where both reduced copies are there."""
    found = [one for one in (*_by_features(query, match), *_by_hash(query, match)) if _worth_a_look(one)]
    if query_copy is None or match_copy is None or not found:
        return found
    copies = decode_own(match_copy), decode_own(query_copy)
    sizes = (float(match.width), float(match.height), float(query.width), float(query.height))
    return [msgspec.structs.replace(one, pixels=check_pixels(*copies, one.matrix, sizes)) for one in found]


def _worth_a_look(one: Evidence) -> bool:
    return one.inliers >= MIN_INLIERS or one.hash_distance <= HASH_NEAR


def _by_features(query: Fingerprint, match: Fingerprint) -> list[Evidence]:
    plain, target = side_of(query), side_of(match)
    found: list[Hypothesis] = []
    for mirrored, negative in VARIANTS:
        side = variant_of(plain, query, mirrored=mirrored, negative=negative) if mirrored or negative else plain
        found += hypotheses_of(target, side, mirrored=mirrored, negative=negative)
        if any(one.inliers >= max(PLENTY, 0.35 * one.expected) for one in found):
            break
    found.sort(key=lambda one: -one.inliers)
    return [_in_full_pixels(one, query, match) for one in found[:_CHECKED]]


def _in_full_pixels(one: Hypothesis, query: Fingerprint, match: Fingerprint) -> Evidence:
    plain, target = side_of(query), side_of(match)
    side = variant_of(plain, query, mirrored=one.mirrored, negative=one.negative)
    matrix = np.linalg.inv(side.to_units) @ one.matrix @ target.to_units
    return Evidence(
        matrix=matrix / matrix[2, 2],
        inliers=one.inliers,
        expected=one.expected,
        mirrored=one.mirrored,
        negative=one.negative,
        hash_distance=256,
        pixels=None,
    )


def _by_hash(query: Fingerprint, match: Fingerprint) -> Iterator[Evidence]:
    """The orientation whose hash is nearest, where it is near."""
    distances = [hamming(one, match.hash256) for one in query.hashes]
    best = int(np.argmin(distances))
    if distances[best] > HASH_NEAR:
        return
    orientation = best % ORIENTATIONS
    yield Evidence(
        matrix=scaling(query.width, query.height)
        @ np.linalg.inv(_orientation_matrix(orientation))
        @ scaling(1 / match.width, 1 / match.height),
        inliers=0,
        expected=0,
        mirrored=orientation >= 4,
        negative=best >= ORIENTATIONS,
        hash_distance=distances[best],
        pixels=None,
    )


def _orientation_matrix(orientation: int) -> Array:
    """Where `hashes.oriented` takes a point of the unit square."""
    quarter = np.array([[0, 1, 0], [-1, 0, 1], [0, 0, 1]], dtype=float)
    mirror = np.array([[-1, 0, 1], [0, 1, 0], [0, 0, 1]], dtype=float)
    turned = np.linalg.matrix_power(quarter, orientation % 4)
    return turned @ mirror if orientation >= 4 else turned
