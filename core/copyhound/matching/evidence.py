"""All that speaks for two pictures being the same: geometric hypotheses, whole-picture hashes, pixels."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Final

import msgspec
import numpy as np

from copyhound.domain.errors import CopyhoundError

from .decode import Pixels, decode_own
from .fingerprint import Fingerprint
from .geometry import Array, linear_part, local_scale, mirroring, overlap_area, scaling
from .glancing import differ
from .hashes import ORIENTATIONS, hamming
from .hypotheses import Hypothesis, hypotheses_of
from .pixels import PixelCheck, Refined, Sizes, check_registered, covered_share, registered
from .sides import known_print, known_side, side_of
from .variants import VARIANTS

HASH_NEAR: Final = 84
"""Of 256 bits; two unrelated pictures differ in 128, give or take 8."""
MIN_INLIERS: Final = 4
_CHECKED: Final = 2
_SPEAKS: Final = 0.3
"""With so many of the expected inliers, geometry speaks for a match: it gets the whole pixel check."""


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
    """Bits between the nearest two hashes, in whatever orientation."""
    pixels: PixelCheck | None
    within: float = 1.0
    """How much of that picture is shared of which more is shared, 0 to 1: a copy lies within, or its source does."""
    tilt: float = 0.0
    """Degrees by which the transform misses a quarter turn, at most 45; sheared counts too."""
    refined: Refined | None = None
    """What the pixels were compared by, for a closer look."""


class _Near(msgspec.Struct, frozen=True):
    """Of the query's hashes the one that is nearest to the match's."""

    distance: int
    orientation: int
    variant: int


def gather(
    query: bytes, match: bytes, query_copy: bytes | None, match_copy: bytes | None, variant: int | None = None
) -> Iterator[Evidence]:
    """The best few ways to lay the match over the query, each checked on the pixels where both copies are there.

    The likeliest comes first, and the next is worked out when it is asked for; what differs at a glance, or when it
    is refined, is left out. `variant` (an index into VARIANTS) names the only one that is tried, but for what the
    hashes suggest. The query's parts are kept for the next call.
    """
    prints = known_print(query), Fingerprint.from_bytes(match)
    near = _nearest(*prints)
    copies: tuple[Pixels, Pixels] | None = None
    for one in _laid(query, prints, near, variant):
        if query_copy is None or match_copy is None:
            yield one
            continue
        speaks = one.inliers >= _SPEAKS * one.expected
        if not speaks and differ(match_copy, query_copy, one.matrix, _sizes(prints)):
            continue
        copies = copies or _decoded(match_copy, query_copy)
        checked = _checked(one, copies, prints, speaks=speaks) if copies else one
        if checked is not None:
            yield checked


def looked_closer(one: Evidence) -> Evidence:
    """The same, with the covered share counted to the faintest mark: what only a match is worth."""
    if one.pixels is None or one.refined is None:
        return one
    covered = covered_share(one.refined.laid, one.refined.hidden)
    return msgspec.structs.replace(one, pixels=msgspec.structs.replace(one.pixels, covered=covered))


def _decoded(match_copy: bytes, query_copy: bytes) -> tuple[Pixels, Pixels] | None:
    """None where one is damaged: then geometry decides alone, as where none was kept."""
    try:
        return decode_own(match_copy), _known_copy(query_copy)
    except CopyhoundError:
        return None


@lru_cache(maxsize=4)
def _known_copy(data: bytes) -> Pixels:
    return decode_own(data)


def _checked(
    one: Evidence, copies: tuple[Pixels, Pixels], prints: tuple[Fingerprint, Fingerprint], *, speaks: bool
) -> Evidence | None:
    """With what the pixels say. None where they are certainly different, and geometry does not speak for it."""
    sizes = _sizes(prints)
    there = registered(*copies, one.matrix, sizes, negative=one.negative)
    if there is None:
        return one
    if not speaks and there.scattered:
        return None
    found = check_registered(there, copies[0], sizes)
    if found is None:
        return one
    matrix = found.matrix
    return msgspec.structs.replace(
        one,
        pixels=found.check,
        matrix=matrix,
        within=_within(matrix, sizes),
        tilt=_tilt(matrix, sizes),
        refined=found,
    )


def _sizes(prints: tuple[Fingerprint, Fingerprint]) -> Sizes:
    query, match = prints
    return float(match.width), float(match.height), float(query.width), float(query.height)


def _within(matrix: Array, sizes: Sizes) -> float:
    """The greater of query's and match's shares in what they have in common."""
    shared = overlap_area(matrix, sizes[:2], sizes[2:])
    growth = local_scale(matrix, np.array([[sizes[0] / 2, sizes[1] / 2]]))[0] ** 2
    return float(min(1.0, max(shared / (sizes[2] * sizes[3]), shared / max(sizes[0] * sizes[1] * growth, 1e-9))))


def _laid(
    query: bytes, prints: tuple[Fingerprint, Fingerprint], near: _Near, variant: int | None
) -> Iterator[Evidence]:
    """Hypotheses by features, most inliers first; then what the nearest hash says by itself."""
    target = side_of(prints[1])
    found: list[tuple[Hypothesis, int]] = []
    for number in _order(near, variant):
        side = known_side(query, number)
        guess = _guess(prints, near, side.to_units, target.to_units) if number == near.variant else None
        found += [(one, number) for one in hypotheses_of(target, side, guess)]
        if any(one.plenty for one, _ in found):
            break
    found.sort(key=lambda pair: -pair[0].inliers)
    for one, number in found[:_CHECKED]:
        if one.inliers < MIN_INLIERS:
            break
        matrix = np.linalg.inv(known_side(query, number).to_units) @ one.matrix @ target.to_units
        yield Evidence(matrix / matrix[2, 2], one.inliers, one.expected, *VARIANTS[number], near.distance, None)
    if near.distance <= HASH_NEAR:
        yield Evidence(_by_hash(prints, near), 0, 0, *VARIANTS[near.variant], near.distance, None)


def _tilt(matrix: Array, sizes: Sizes) -> float:
    """By how much the less straight of the match's two axes misses the query's axes, in degrees."""
    linear = linear_part(matrix, sizes[0] / 2, sizes[1] / 2)
    angles = np.degrees(np.arctan2(linear[1], linear[0])) % 90
    return float(np.minimum(angles, 90 - angles).max())


def _order(near: _Near, variant: int | None) -> list[int]:
    """The variants to try, likeliest first."""
    order = [near.variant] if near.distance <= HASH_NEAR else []
    order += range(len(VARIANTS)) if variant is None else [variant]
    return list(dict.fromkeys(order))


def _guess(
    prints: tuple[Fingerprint, Fingerprint], near: _Near, query_units: Array, match_units: Array
) -> Array | None:
    """What a near hash says, in units."""
    if near.distance > HASH_NEAR:
        return None
    return np.asarray(query_units @ _by_hash(prints, near) @ np.linalg.inv(match_units))


def _nearest(query: Fingerprint, match: Fingerprint) -> _Near:
    distances = [hamming(one, match.hash256) for one in query.hashes]
    best = int(np.argmin(distances))
    orientation, negative = best % ORIENTATIONS, best >= ORIENTATIONS
    return _Near(distances[best], orientation, VARIANTS.index((orientation >= 4, negative)))


def _by_hash(prints: tuple[Fingerprint, Fingerprint], near: _Near) -> Array:
    """The whole match over the whole query, in the hash's orientation."""
    query, match = prints
    return np.asarray(
        scaling(query.width, query.height)
        @ np.linalg.inv(_orientation_matrix(near.orientation))
        @ scaling(1 / match.width, 1 / match.height)
    )


def _orientation_matrix(orientation: int) -> Array:
    """Where an orientation of the hashes takes a point of the unit square."""
    quarter = np.array([[0, 1, 0], [-1, 0, 1], [0, 0, 1]], dtype=float)
    turned = np.linalg.matrix_power(quarter, orientation % 4)
    return turned @ mirroring(1.0) if orientation >= 4 else turned
