"""From the best evidence to a comparison in words: score, type, edits, shares."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

import msgspec
import numpy as np

from copyhound.domain.pictures import Comparison, Edit, EditKind, MatchType, Matrix, PictureFacts

from .evidence import Evidence
from .fingerprint import Fingerprint
from .geometry import Array, corners, linear_part, overlap_area
from .pixels import PixelCheck

_WHOLE: Final = 0.975
_TURNED: Final = 1.0
_TILTED: Final = 1.04
_STRETCHED: Final = 0.04
_RESIZED: Final = 0.03
_RECOLOURED: Final = 0.018
_COVERED: Final = (0.003, 0.015)
"""For copies in their own colours, and for recoloured ones: what hardens a picture leaves more behind in places."""
_SHARP: Final = (0.945, 0.9)
"""The same: what flattens a picture seems to blur it."""
_SHARPER: Final = 1.18
_DETAILS: Final = 24
"""Bits of the hashes that may differ in a full copy, were it the worst JPEG. Small print that differs makes more."""
_NEARLY: Final = 0.12
"""A copy whose size differs by less than an eighth, and in nothing else but compression, is a full one still."""
_ALIKE: Final = PixelCheck(
    cells=0,
    textured=0,
    agreeing=0,
    fineness=1,
    covered=0,
    negative=False,
    tone=0,
    sharpness=1,
)


class Shape(msgspec.Struct, frozen=True):
    """What the transform does, as seen from the query: how the match differs from it."""

    factor: float
    """Size of the match relative to the query, as lengths."""
    angle: float
    """Degrees clockwise, -180 to 180."""
    stretch: float
    """Width relative to height."""
    depth: float
    """Ratio of the nearest to the farthest corner; 1 is no perspective."""
    mirrored: bool
    query_share: float
    """0 to 1: how much of the query lies inside the match."""
    match_share: float


def shape_of(matrix: Array, query_size: tuple[int, int], match_size: tuple[int, int]) -> Shape:
    """Take `matrix` (match to query) apart."""
    back: Array = np.asarray(np.linalg.inv(matrix), dtype=np.float64)
    linear = linear_part(back, query_size[0] / 2, query_size[1] / 2)
    mirrored = bool(np.linalg.det(linear) < 0)
    upright = linear @ np.diag([-1.0, 1.0]) if mirrored else linear
    wide, high = np.linalg.norm(upright, axis=0)
    depths = corners(*query_size) @ back[2, :2] + back[2, 2]
    area = float(query_size[0] * query_size[1])
    return Shape(
        factor=float(math.sqrt(abs(np.linalg.det(linear)))),
        angle=_angle(upright),
        stretch=float(wide / high),
        depth=float(np.abs(depths).max() / max(np.abs(depths).min(), 1e-9)),
        mirrored=mirrored,
        query_share=min(1.0, overlap_area(matrix, match_size, query_size) / area),
        match_share=min(1.0, overlap_area(back, query_size, match_size) / float(match_size[0] * match_size[1])),
    )


def identical() -> Comparison:
    """What is said of one and the same file."""
    return Comparison(
        confidence=100.0,
        score=100.0,
        match_type=MatchType.full,
        edits=(),
        query_share=100.0,
        match_share=100.0,
        matrix=_as_tuples(np.eye(3)),
        pixels_checked=True,
    )


def judge(
    evidence: Evidence,
    confidence: float,
    prints: tuple[Fingerprint, Fingerprint],
    facts: tuple[PictureFacts | None, PictureFacts | None],
) -> Comparison:
    """Put the verdict together. `prints` and `facts` are those of query and match."""
    query, match = prints
    shape = shape_of(evidence.matrix, (query.width, query.height), (match.width, match.height))
    pixels = evidence.pixels or _ALIKE
    negative = pixels.negative if evidence.pixels else evidence.negative
    edits = tuple(_edits(shape, pixels, negative=negative))
    exact = all(edit.kind is EditKind.resized and abs(math.log(shape.factor)) < _NEARLY for edit in edits)
    if exact and evidence.hash_distance > _DETAILS:
        # too small to see where
        exact, edits = False, (*edits, Edit(EditKind.covered))
    if not edits and None not in facts:
        edits = (Edit(EditKind.recompressed),)
    return Comparison(
        confidence=round(confidence, 2),
        score=round(_score(shape, pixels, negative=negative), 2),
        match_type=MatchType.full if exact else MatchType.partial,
        edits=edits,
        query_share=round(100 * shape.query_share * (1 - pixels.covered), 1),
        match_share=round(100 * shape.match_share * (1 - pixels.covered), 1),
        matrix=_as_tuples(evidence.matrix),
        pixels_checked=evidence.pixels is not None,
        inliers=evidence.inliers,
    )


def _edits(shape: Shape, pixels: PixelCheck, *, negative: bool) -> Iterator[Edit]:
    yield from _shape_edits(shape)
    if negative:
        yield Edit(EditKind.inverted)
    elif pixels.tone > _RECOLOURED:
        yield Edit(EditKind.recoloured)
    recoloured = negative or pixels.tone > _RECOLOURED
    if not _SHARP[recoloured] < pixels.sharpness < _SHARPER:
        yield Edit(EditKind.blurred)
    if pixels.covered > _COVERED[recoloured]:
        yield Edit(EditKind.covered, share=round(100 * pixels.covered, 1))


def _shape_edits(shape: Shape) -> Iterator[Edit]:
    if shape.query_share < _WHOLE:
        yield Edit(EditKind.cropped, share=round(100 * (1 - shape.query_share), 1))
    if shape.match_share < _WHOLE:
        yield Edit(EditKind.embedded, share=round(100 * shape.match_share, 1))
    if shape.mirrored:
        yield Edit(EditKind.mirrored)
    if abs(shape.angle) > _TURNED:
        yield Edit(EditKind.rotated, angle=round(shape.angle, 1))
    if shape.depth > _TILTED:
        yield Edit(EditKind.perspective)
    elif abs(math.log(shape.stretch)) > _STRETCHED:
        yield Edit(EditKind.stretched, factor=round(shape.stretch, 3))
    if abs(math.log(shape.factor)) > _RESIZED:
        yield Edit(EditKind.resized, factor=round(shape.factor, 3))


def _score(shape: Shape, pixels: PixelCheck, *, negative: bool) -> float:
    """100 for the same picture; each change takes its part."""
    kept = (
        1 - 0.75 * (1 - shape.match_share),
        1 - 0.60 * (1 - shape.query_share),
        1 - 0.60 * pixels.covered,
        1 - min(0.4, 1.2 * max(0.0, pixels.tone - 0.01)) if not negative else 0.7,
        1 - min(0.3, 0.6 * max(0.0, abs(math.log(max(pixels.sharpness, 1e-3))) - 0.06)),
        1 - min(0.3, 0.06 * max(0.0, abs(math.log2(shape.factor)) - 0.03)),
        1 - min(0.1, abs(shape.angle) / 300) * (abs(shape.angle) > 1.0),
        1 - min(0.2, 0.3 * max(0.0, abs(math.log(shape.stretch)) - 0.02)),
        0.95 if shape.mirrored else 1.0,
        1 - min(0.2, 0.5 * max(0.0, shape.depth - 1.03)),
    )
    return max(1.0, 100 * math.prod(kept))


def _angle(linear: Array) -> float:
    """The turn of a 2 x 2 transform without mirroring: that of the nearest rotation, in degrees."""
    return float(math.degrees(math.atan2(linear[1, 0] - linear[0, 1], linear[0, 0] + linear[1, 1])))


def _as_tuples(matrix: Array) -> Matrix:
    rows = [tuple(float(value) for value in row) for row in matrix]
    return (rows[0], rows[1], rows[2])  # type: ignore[return-value]
