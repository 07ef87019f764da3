"""The pixel check: lay the match over the query and see, cell by cell, whether they show the same.

A copy agrees nearly everywhere in the region that both share, but for what covers it, and to the grain. Two
photographs of one scene agree in patches, and only roughly.
"""

from __future__ import annotations

from typing import Final

import cv2
import msgspec
import numpy as np
from numpy.typing import NDArray

from .decode import Pixels
from .geometry import Array, corners, flat, local_scale, project, scaling
from .registering import STEADY, Registration, register
from .toning import tone_of

CELL: Final = 10
_LONGEST: Final = 240.0
_SHORTEST: Final = 16.0
_FLAT: Final = 5.0
_AGREES: Final = 0.80
_DIFFERS: Final = 0.6
_NOISE: Final = 1.5
_LIGHTER: Final = 3.0
_HARDER: Final = 1.05
_LUMA: Final = np.array([[0.299, 0.587, 0.114]], np.float32)

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]
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
    likeness: float
    """Median correlation of the textured cells, 0 to 1."""
    fineness: float
    """Median correlation of the agreeing cells: how exactly they agree."""
    covered: float
    """Share of the shared region's cells that differ or lie among such, 0 to 1."""
    patchiness: float
    """0 where the cells that agree hang together; 1 where they are strewn about."""
    negative: bool
    """Bright is dark in the other."""
    tone: float
    """Mean difference of colours, 0 to 1, over the agreeing cells."""
    sharpness: float
    """Fine detail of the query relative to the match over the agreeing cells; below 1 is blurred."""
    uneven: float = 0.5
    """0 where one mapping of colours explains the agreeing cells' tones, 1 where none does."""
    toned: float = 0.5
    """Share of all shared cells, flat ones too, that this mapping fits."""
    windows: int = 0
    """Small windows that were sought in the match, to a fraction of a pixel."""
    steady: int = 0
    """Of these, windows that lie where the transform puts them."""
    sway: float = 3.0
    """Median distance of the windows from where the transform puts them, in pixels of the frame."""
    bare_sway: float = 3.0
    """The same of the windows that nothing covers."""
    quiver: float = 0.7
    """The same of the steady windows alone."""


class Overlay(msgspec.Struct, frozen=True):
    """Match and query in one frame (float RGB), and where both have pixels."""

    match: Floats
    query: Floats
    mask: Mask
    frame: Array
    """Full query pixels to the frame."""


def check_pixels(match: Pixels, query: Pixels, matrix: Array, sizes: Sizes) -> PixelCheck | None:
    """Compare two reduced copies under `matrix` (full match pixel to full query pixel).

    `sizes` are the full width and height of the match, then of the query. None where too little is shared to say.
    """
    laid = lay_over(match, query, matrix, sizes)
    result = None if laid is None else _judged(laid)
    return None if result is None else result[0]


def check_refined(
    match: Pixels, query: Pixels, matrix: Array, sizes: Sizes, *, negative: bool
) -> tuple[PixelCheck, Array] | None:
    """Refine `matrix` on the pixels, then compare under it: the check, and the matrix that it holds for."""
    laid = lay_over(match, query, matrix, sizes)
    if laid is None:
        return None
    grey_match, grey_query = _grey(laid.match), _grey(laid.query)
    grey_match = 255 - grey_match if negative else grey_match
    found = register(grey_query, grey_match, laid.mask, matrix, laid.frame, sizes[:2])
    if (found.gaps < STEADY).any():
        mask, moved = _warped(match, _to_frame(laid.frame, found.matrix, sizes, match), laid.mask.shape)
        laid = msgspec.structs.replace(laid, match=moved, mask=mask)
    result = _judged(laid)
    return None if result is None else (_with(*result, found), found.matrix)


def _with(check: PixelCheck, hidden: Mask, found: Registration) -> PixelCheck:
    """Add what the windows tell."""
    gaps = found.gaps
    if not len(gaps):
        return check
    column, row = np.minimum(found.spots.T // CELL, [[hidden.shape[1] - 1], [hidden.shape[0] - 1]]).astype(np.intp)
    bare, steady = gaps[~hidden[row, column]], gaps[gaps < STEADY]
    return msgspec.structs.replace(
        check,
        windows=len(gaps),
        steady=len(steady),
        sway=float(np.median(gaps)),
        bare_sway=float(np.median(bare)) if len(bare) else 3.0,
        quiver=float(np.median(steady)) if len(steady) else STEADY,
    )


def lay_over(match: Pixels, query: Pixels, matrix: Array, sizes: Sizes) -> Overlay | None:
    """Bring both copies to the coarser one's resolution, in the part of the query's frame that the match covers."""
    shape = project(matrix, corners(sizes[0], sizes[1]))
    low = np.clip(shape.min(axis=0), 0, sizes[2:])
    high = np.clip(shape.max(axis=0), 0, sizes[2:])
    extent = high - low
    if extent.min() <= 0:
        return None
    middle = np.linalg.inv(matrix) @ np.append((low + high) / 2, 1.0)
    growth = float(local_scale(matrix, (middle[:2] / middle[2])[None])[0])
    fine = min(query.shape[1] / sizes[2], match.shape[1] / sizes[0] / max(growth, 1e-9))
    fine = min(fine, _LONGEST / float(extent.max()))
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
    # pixel centres stand at .5 in our coordinates and at whole numbers in OpenCV's
    half = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])
    moved = np.linalg.inv(half) @ matrix @ scaling(width / small.shape[1], height / small.shape[0]) @ half
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


class _Cells(msgspec.Struct, frozen=True):
    """Means and spreads of the cells, each rows x columns (x 3)."""

    mean: Floats
    """Of the three colours."""
    grey: Floats
    rough: Floats
    """Standard deviation of the grey."""
    detail: Floats
    """Mean difference of neighbouring pixels of the grey."""
    inner: tuple[Floats, Floats]
    """Covariances of the colours: red-red, green-green, blue-blue; red-green, green-blue, blue-red."""


def _judged(laid: Overlay) -> tuple[PixelCheck, Mask] | None:
    """Compare cell by cell: the check, and which cells are covered. None where too few cells are wholly shared."""
    rows, columns = laid.mask.shape[0] // CELL, laid.mask.shape[1] // CELL
    if rows * columns < 4:
        return None
    cut = (slice(0, rows * CELL), slice(0, columns * CELL))
    inside = _means(laid.mask[cut].astype(np.float32)) > 0.98
    if inside.sum() < 4:
        return None
    colours = laid.match[cut] - 128, laid.query[cut] - 128
    greys = _grey(colours[0]), _grey(colours[1])
    match, query = (_measured(colour, grey) for colour, grey in zip(colours, greys, strict=True))
    along = _means(greys[0] * greys[1]) - match.grey * query.grey
    negative = float(along[inside].sum()) < 0
    burnt = _burnt(match, query, inside, negative=negative) | _burnt(query, match, inside, negative=negative)
    textured = inside & (np.maximum(match.rough, query.rough) > _FLAT) & ~burnt
    forth, back = _explained(match, query, colours[0], greys[1]), _explained(query, match, colours[1], greys[0])
    likeness = np.maximum(forth, back)
    agreeing = textured & (likeness > _AGREES)
    some = bool(agreeing.any())
    tone = tone_of(match.mean, query.mean, agreeing, inside)
    hidden = _compact((textured & (likeness < _DIFFERS)) | (tone.strays & ~agreeing & ~burnt), inside)
    check = PixelCheck(
        cells=int(inside.sum()),
        textured=int(textured.sum()),
        agreeing=int(agreeing.sum()),
        likeness=float(np.median(likeness[textured])) if textured.any() else 0.0,
        fineness=float(np.median(likeness[agreeing])) if some else 0.0,
        covered=float(hidden.sum() / inside.sum()),
        patchiness=_patchiness(agreeing, textured),
        negative=some and bool(np.median(along[agreeing]) < 0),
        tone=_tone(match, query, agreeing if some else inside),
        sharpness=_sharpness(match, query, agreeing) if some else 1.0,
        uneven=tone.uneven,
        toned=tone.toned,
    )
    return check, hidden


def _means(plane: Floats) -> Floats:
    """The mean of each cell."""
    size = (plane.shape[1] // CELL, plane.shape[0] // CELL)
    return np.asarray(cv2.resize(plane, size, interpolation=cv2.INTER_AREA), dtype=np.float32)


def _measured(colours: Floats, grey: Floats) -> _Cells:
    mean, middle = _means(colours), _means(grey)
    shifted, mean_shifted = colours[..., [1, 2, 0]], mean[..., [1, 2, 0]]
    steps = cv2.absdiff(grey[:-1, :-1], grey[1:, :-1]) + cv2.absdiff(grey[:-1, :-1], grey[:-1, 1:])
    return _Cells(
        mean=mean,
        grey=middle,
        rough=np.sqrt(np.maximum(_means(grey * grey) - middle * middle, 0)),
        detail=_means(cv2.copyMakeBorder(steps, 0, 1, 0, 1, cv2.BORDER_REPLICATE)),  # type: ignore[arg-type]
        inner=(
            _means(colours * colours) - mean * mean + np.float32(_NOISE**2),
            _means(colours * shifted) - mean * mean_shifted,
        ),
    )


def _burnt(cells: _Cells, other: _Cells, inside: Mask, *, negative: bool) -> Mask:
    """Cells that are flat in one picture because they burnt out there, to white or to black: they say nothing.

    What burns to white is what was bright before, in a picture that is lighter or harder on the whole: so a caption on
    a white wall is not taken for what the wall burnt away.
    """
    rest = -other.grey if negative else other.grey
    bright = rest >= np.median(rest[inside])
    lighter = float(np.median(cells.grey[inside] - rest[inside]))
    harder = bool(cells.grey[inside].std() > _HARDER * rest[inside].std())
    white = (cells.grey > 119) & bright & (harder or lighter > _LIGHTER)
    black = (cells.grey < -120) & ~bright & (harder or lighter < -_LIGHTER)
    return np.asarray((cells.rough < _FLAT) & (white | black))


def _explained(one: _Cells, other: _Cells, colours: Floats, grey: Floats) -> Floats:
    """Correlation of the other's grey in each cell with its best mix of this one's three colours, 0 to 1."""
    outer = _means(colours * grey[..., None]) - one.mean * other.grey[..., None]
    (a, b, c), (ab, bc, ca) = (np.moveaxis(part, 2, 0) for part in one.inner)
    x, y, z = np.moveaxis(outer, 2, 0)
    # the inverse of a symmetric 3 x 3 matrix, by its cofactors
    aa, bb, cc = b * c - bc * bc, a * c - ca * ca, a * b - ab * ab
    xy, yz, zx = ca * bc - ab * c, ab * ca - a * bc, ab * bc - ca * b
    whole = np.maximum(a * aa + ab * xy + ca * zx, 1e-3)
    solved = x * x * aa + y * y * bb + z * z * cc + 2 * (x * y * xy + y * z * yz + z * x * zx)
    total = other.rough**2 + np.float32(_NOISE**2)
    return np.asarray(np.sqrt(np.clip(solved / whole / total, 0, 1)), dtype=np.float32)


def _compact(hidden: Mask, inside: Mask) -> Mask:
    """Without cells that stand alone, and with the gaps closed: what covers a picture is in one piece or a few."""
    kernel = np.ones((3, 3), np.uint8)
    plane = np.pad(hidden.astype(np.uint8), 1)
    around = cv2.filter2D(plane, -1, kernel)
    closed = cv2.morphologyEx(((plane > 0) & (around > 2)).astype(np.uint8), cv2.MORPH_CLOSE, kernel)
    return np.asarray((closed[1:-1, 1:-1] > 0) & inside)


def _patchiness(agreeing: Mask, textured: Mask) -> float:
    """Of neighbouring textured cells, how many pairs disagree on whether they agree, relative to chance."""
    changes = pairs = 0
    for first, second in ((np.s_[:-1], np.s_[1:]), (np.s_[:, :-1], np.s_[:, 1:])):
        both = textured[first] & textured[second]
        pairs += int(both.sum())
        changes += int((both & (agreeing[first] != agreeing[second])).sum())
    share = agreeing.sum() / max(1, textured.sum())
    chance = 2 * share * (1 - share)
    return float(min(1.0, changes / pairs / chance)) if pairs and chance > 0.01 else 0.0


def _tone(match: _Cells, query: _Cells, where: Mask) -> float:
    return float(np.abs(match.mean[where] - query.mean[where]).mean() / 255)


def _sharpness(match: _Cells, query: _Cells, where: Mask) -> float:
    """Ratio of neighbouring pixels' differences, each relative to its cell's contrast."""
    fine = [float(np.median(one.detail[where] / (one.rough[where] + 1))) for one in (match, query)]
    return fine[1] / max(fine[0], 1e-6)
