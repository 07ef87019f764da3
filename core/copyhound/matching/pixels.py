"""The pixel check: lay the match over the query and see, cell by cell, whether they show the same.

A copy agrees nearly everywhere in the region that both share, but for what covers it, and to the grain. Two
photographs of one scene agree in patches, and only roughly.
"""

from __future__ import annotations

from typing import Final

import cv2
import msgspec
import numpy as np

from .cells import (
    CELL,
    ROUGH,
    Floats,
    Mask,
    burnt_in,
    compact,
    crossed_in,
    explained,
    means_of,
    measured,
    sharpness_of,
    tone_between,
)
from .decode import Pixels
from .geometry import CENTRED, Array, corners, flat, local_scale, project, scaling
from .registering import STEADY, Registration, register
from .tinting import off_the_rim, remainder
from .toning import tone_of

_LONGEST: Final = 240.0
_SHORTEST: Final = 16.0
INSIDE: Final = 0.98
_AGREES: Final = 0.80
_DIFFERS: Final = 0.6
_REACH: Final = 3
_MARK: Final = 8.0
_STARK: Final = 25.0
_UNLIKE: Final = 3.0
_WINDOWS: Final = 20
_SCATTERED: Final = 0.1
"""Of a copy's windows, where features hardly speak for it, at least 0.134 stand still, and 0.26 in all but three of the
recall benchmark's 660 hardest; of two that only look alike, mostly fewer."""
_LUMA: Final = np.array([[0.299, 0.587, 0.114]], np.float32)

Sizes = tuple[float, float, float, float]
"""Full width and height of the match, then of the query."""


class PixelCheck(msgspec.Struct, frozen=True):
    """How the shared region's cells compare."""

    cells: int
    """Cells inside the shared region."""
    textured: int
    """Of these, cells where either picture has texture: only they can speak."""
    agreeing: int
    """Textured cells that show the same."""
    fineness: float
    """Median correlation of the agreeing cells: how exactly they agree."""
    covered: float
    """Share of the shared region's cells that differ or lie among such, 0 to 1."""
    negative: bool
    """Bright is dark in the other."""
    tone: float
    """Mean difference of colours, 0 to 1, over the agreeing cells."""
    sharpness: float
    """Fine detail of the query relative to the match over the agreeing cells; below 1 is blurred."""
    grained: int = 0
    """Textured cells whose texture runs both ways: an edge, or a line of text, agrees with any other such."""
    crossed: int = 0
    """Of these, cells that agree still when what runs along their rows and columns is taken away."""
    agreeing_grained: int = 0
    """The grained cells among those that agree."""
    agreeing_crossed: int = 0
    """The crossed cells among those that agree."""
    uneven: float = 0.5
    """0 where one mapping of colours explains the agreeing cells' tones, 1 where none does."""
    toned: float = 0.5
    """Share of all shared cells, flat ones too, that this mapping fits."""
    windows: int = 0
    """Small windows that were sought in the match, to a fraction of a pixel."""
    steady: int = 0
    """Of these, windows that lie where the transform puts them."""


class Overlay(msgspec.Struct, frozen=True):
    """Match and query in one frame (float RGB), and where both have pixels."""

    match: Floats
    query: Floats
    mask: Mask
    frame: Array
    """Full query pixels to the frame."""


class Registered(msgspec.Struct, frozen=True):
    """Match and query in one frame, and where the match's windows were found in the query."""

    laid: Overlay
    found: Registration

    @property
    def steady(self) -> Mask:
        """Which windows stand still."""
        return np.asarray(self.found.gaps < STEADY)

    @property
    def scattered(self) -> bool:
        """Whether what lies over one another moves each its own way: two pictures that only look alike."""
        return len(self.found.gaps) >= _WINDOWS and float(self.steady.mean()) < _SCATTERED


class Refined(msgspec.Struct, frozen=True):
    """A check, and the matrix that it holds for."""

    check: PixelCheck
    matrix: Array
    laid: Overlay
    hidden: Mask
    """Which cells are covered."""


def check_pixels(match: Pixels, query: Pixels, matrix: Array, sizes: Sizes) -> PixelCheck | None:
    """Compare two reduced copies under `matrix` (full match pixel to full query pixel).

    `sizes` are the full width and height of the match, then of the query. None where too little is shared to say.
    """
    laid = lay_over(match, query, matrix, sizes)
    result = None if laid is None else _judged(laid)
    return None if result is None else result[0]


def covered_share(laid: Overlay, hidden: Mask) -> float:
    """Share of the shared region, 0 to 1, that something covers in either, were it but a faint mark.

    `PixelCheck.covered` is coarser, and cheaper: what most candidates get. `hidden` are the cells that it counted.
    """
    cut = (slice(0, hidden.shape[0] * CELL), slice(0, hidden.shape[1] * CELL))
    inside = means_of(laid.mask[cut].astype(np.float32)) > INSIDE
    left = (remainder(laid.match, laid.query, laid.mask, _REACH) * off_the_rim(laid.mask, _REACH))[cut]
    rest = np.sqrt(means_of(left * left))
    rest -= _UNLIKE * np.median(rest[inside])
    marked = compact(hidden | (inside & (rest > _MARK)), inside) | (inside & (rest > _STARK))
    return float((hidden | marked).sum() / inside.sum())


def registered(match: Pixels, query: Pixels, matrix: Array, sizes: Sizes, *, negative: bool) -> Registered | None:
    """Lay the match over the query and refine `matrix` on the pixels; None where too little is shared to say."""
    laid = lay_over(match, query, matrix, sizes)
    if laid is None:
        return None
    grey_match, grey_query = _grey(laid.match), _grey(laid.query)
    grey_match = 255 - grey_match if negative else grey_match
    return Registered(laid, register(grey_query, grey_match, laid.mask, matrix, laid.frame, sizes[:2]))


def check_registered(there: Registered, match: Pixels, sizes: Sizes) -> Refined | None:
    """Compare under the refined matrix. None where too little is shared to say."""
    laid, found, steady = there.laid, there.found, there.steady
    if steady.any():
        mask, moved = _warped(match, _to_frame(laid.frame, found.matrix, sizes, match), laid.mask.shape)
        laid = msgspec.structs.replace(laid, match=moved, mask=mask)
    result = _judged(laid)
    if result is None:
        return None
    check = msgspec.structs.replace(result[0], windows=len(steady), steady=int(steady.sum()))
    return Refined(check, found.matrix, laid, result[1])


def lay_over(match: Pixels, query: Pixels, matrix: Array, sizes: Sizes, longest: float = _LONGEST) -> Overlay | None:
    """Bring both copies to the coarser one's resolution, in the part of the query's frame that the match covers.

    None where that is too small to say anything. The frame's longer side has at most `longest` pixels.
    """
    shape = project(matrix, corners(sizes[0], sizes[1]))
    low = np.clip(shape.min(axis=0), 0, sizes[2:])
    high = np.clip(shape.max(axis=0), 0, sizes[2:])
    extent = high - low
    if extent.min() <= 0:
        return None
    middle = np.linalg.inv(matrix) @ np.append((low + high) / 2, 1.0)
    growth = float(local_scale(matrix, (middle[:2] / middle[2])[None])[0])
    fine = min(query.shape[1] / sizes[2], match.shape[1] / sizes[0] / max(growth, 1e-9))
    fine = min(fine, longest / float(extent.max()))
    if float(extent.min()) * fine < _SHORTEST:
        return None
    frame = scaling(fine, fine) @ np.array([[1, 0, -low[0]], [0, 1, -low[1]], [0, 0, 1]])
    size = (int(extent[1] * fine), int(extent[0] * fine))
    scale = scaling(sizes[2] / query.shape[1], sizes[3] / query.shape[0])
    _, query_there = _warped(query, frame @ scale, size)
    mask, match_there = _warped(match, _to_frame(frame, matrix, sizes, match), size)
    return Overlay(match_there, query_there, mask, frame)


def _to_frame(frame: Array, matrix: Array, sizes: Sizes, match: Pixels) -> Array:
    """From the match copy's pixels to the frame's."""
    return np.asarray(frame @ matrix @ scaling(sizes[0] / match.shape[1], sizes[1] / match.shape[0]))


def _warped(pixels: Pixels, matrix: Array, size: tuple[int, ...]) -> tuple[Mask, Floats]:
    """Where there are pixels after warping, with averaging where it shrinks; RGB as floats, lightly smoothed."""
    height, width = pixels.shape[:2]
    shrink = min(1.0, float(local_scale(matrix, np.array([[width / 2, height / 2]]))[0]))
    small = pixels
    if shrink < 0.9:
        target = (max(2, round(width * shrink)), max(2, round(height * shrink)))
        small = np.asarray(cv2.resize(pixels, target, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    moved = np.linalg.inv(CENTRED) @ matrix @ scaling(width / small.shape[1], height / small.shape[0]) @ CENTRED
    there = (size[1], size[0])
    if flat(moved):
        out = cv2.warpAffine(small, moved[:2], there, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    else:
        out = cv2.warpPerspective(small, moved, there, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    shape = project(moved, corners(small.shape[1] - 1, small.shape[0] - 1))
    mask = cv2.fillConvexPoly(np.zeros(size[:2], np.uint8), np.clip(np.rint(shape), -30000, 30000).astype(np.int32), 1)
    return np.asarray(mask > 0), np.asarray(cv2.GaussianBlur(out, (3, 3), 0.8), dtype=np.float32)


def _grey(colours: Floats) -> Floats:
    return np.asarray(cv2.transform(colours, _LUMA), dtype=np.float32)


def _judged(laid: Overlay) -> tuple[PixelCheck, Mask] | None:
    """Compare cell by cell: the check, and which cells are covered. None where too few cells are wholly shared."""
    rows, columns = laid.mask.shape[0] // CELL, laid.mask.shape[1] // CELL
    if rows * columns < 4:
        return None
    cut = (slice(0, rows * CELL), slice(0, columns * CELL))
    inside = means_of(laid.mask[cut].astype(np.float32)) > INSIDE
    if inside.sum() < 4:
        return None
    colours = laid.match[cut] - 128, laid.query[cut] - 128
    greys = _grey(colours[0]), _grey(colours[1])
    match, query = (measured(colour, grey) for colour, grey in zip(colours, greys, strict=True))
    along = means_of(greys[0] * greys[1]) - match.grey * query.grey
    negative = float(along[inside].sum()) < 0
    burnt = burnt_in(match, query, inside, negative=negative) | burnt_in(query, match, inside, negative=negative)
    textured = inside & ~burnt & (np.maximum(match.rough, query.rough) > ROUGH)
    forth, back = explained(match, query, colours[0], greys[1]), explained(query, match, colours[1], greys[0])
    likeness = np.maximum(forth, back)
    agreeing = textured & (likeness > _AGREES)
    some = bool(agreeing.any())
    tone = tone_of(match.mean, query.mean, agreeing, inside)
    hidden = compact((textured & (likeness < _DIFFERS)) | (tone.strays & ~agreeing & ~burnt), inside)
    grained, crossed = crossed_in(greys[0], greys[1], negative=negative)
    grained &= textured
    bare = agreeing & ~hidden
    check = PixelCheck(
        cells=int(inside.sum()),
        textured=int(textured.sum()),
        agreeing=int(agreeing.sum()),
        fineness=float(np.median(likeness[agreeing])) if some else 0.0,
        covered=float(hidden.sum() / inside.sum()),
        negative=some and bool(np.median(along[agreeing]) < 0),
        tone=tone_between(match, query, bare if bare.any() else inside),
        sharpness=sharpness_of(match, query, agreeing) if some else 1.0,
        grained=int(grained.sum()),
        crossed=int((grained & crossed).sum()),
        agreeing_grained=int((grained & agreeing).sum()),
        agreeing_crossed=int((grained & agreeing & crossed).sum()),
        uneven=tone.uneven,
        toned=tone.toned,
    )
    return check, hidden
