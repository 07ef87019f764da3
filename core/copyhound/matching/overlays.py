"""Pictures for people: the aligned pair, the difference, thumbnails. All JPEG."""

from __future__ import annotations

from typing import Final, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from copyhound.domain.pictures import Matrix

from .decode import Pixels, decode_own, encode_jpeg
from .geometry import CENTRED, scaling
from .tinting import Mask, off_the_rim, remainder

View = Literal["pair", "difference"]
Array = NDArray[np.float64]
_GROUND: Final = (238, 238, 238)
_DARK_GROUND: Final = (56, 56, 56)
"""Of the difference, whose own ground is black."""
_LONGEST: Final = 1000
_COMFORT: Final = 640
"""A picture is drawn with its longer side at least so many pixels, though what is kept of it is smaller."""
_FAINT: Final = 14
"""Differences below this are those of two JPEGs of one picture."""
_GLOW: Final = 2.0
_SCALES: Final = (1 / 256, 256.0)
"""Of areas: a sixteenth to sixteen times as long."""


def overlay(
    match_reduced: bytes,
    query_reduced: bytes,
    matrix: Matrix,
    match_size: tuple[int, int],
    query_size: tuple[int, int],
    view: str = "pair",
) -> bytes:
    """The match, and the query laid onto the match's frame, whose longer side is at least 640 pixels.

    `matrix` and the sizes are of the full pictures. `pair` is twice as wide as the frame, the match on the left and the
    aligned query on the right; `difference` is black where both agree but for a change of all colours, glows where they
    differ, and is grey where the query has nothing. Raises ValueError for another view.
    """
    if view not in {"pair", "difference"}:
        raise ValueError(f"there is no view {view!r}")
    cv2.setNumThreads(1)
    match, query = decode_own(match_reduced), decode_own(query_reduced)
    frame = _comfortable(match.shape[1], match.shape[0])
    back = _to_query(np.array(matrix, dtype=float), frame, match_size, (query.shape[1], query.shape[0]), query_size)
    aligned, mask = _laid(query, back, frame)
    drawn = np.asarray(cv2.resize(match, frame, interpolation=cv2.INTER_CUBIC), np.uint8)
    if view == "pair":
        aligned[~mask] = _GROUND
        return encode_jpeg(np.concatenate([drawn, aligned], axis=1))
    return encode_jpeg(_difference(drawn, aligned, mask, max(frame[0] / match.shape[1], _enlarged(back, frame))))


def thumbnail(reduced: bytes, longest: int = 160) -> bytes:
    """A reduced copy with its longer side at most `longest` pixels."""
    pixels = decode_own(reduced)
    height, width = pixels.shape[:2]
    scale = min(1.0, min(longest, _LONGEST) / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    cv2.setNumThreads(1)
    return encode_jpeg(np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), dtype=np.uint8))


def _comfortable(width: int, height: int) -> tuple[int, int]:
    scale = max(1.0, _COMFORT / max(width, height))
    return round(width * scale), round(height * scale)


def _to_query(
    matrix: Array, frame: tuple[int, int], match_size: tuple[int, int], copy: tuple[int, int], size: tuple[int, int]
) -> Array:
    """From the frame to the query's reduced copy, in OpenCV's coordinates."""
    full = scaling(match_size[0] / frame[0], match_size[1] / frame[1])
    whole = scaling(copy[0] / size[0], copy[1] / size[1]) @ matrix @ full
    return np.asarray(np.linalg.inv(CENTRED) @ whole @ CENTRED)


def _laid(query: Pixels, back: Array, frame: tuple[int, int]) -> tuple[Pixels, Mask]:
    """The query in the frame, and where it has pixels."""
    seen = np.full(query.shape[:2], 255, np.uint8)
    mask = cv2.warpPerspective(seen, back, frame, flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP)
    shrunk = _enlarged(back, frame)
    if shrunk < 1:  # each pixel drawn is the mean of several, not one of them
        query = np.asarray(cv2.GaussianBlur(query, (0, 0), 0.5 * (shrunk**-2 - 1) ** 0.5), np.uint8)
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    aligned = cv2.warpPerspective(query, back, frame, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(aligned, np.uint8), np.asarray(mask > 0)


def _enlarged(back: Array, frame: tuple[int, int]) -> float:
    """How many pixels of the frame one of the query takes, in the frame's middle."""
    x, y = frame[0] / 2, frame[1] / 2
    u, v, w = back @ np.array([x, y, 1.0])
    right, down = (np.array([back[0, i] * w - u * back[2, i], back[1, i] * w - v * back[2, i]]) / w**2 for i in (0, 1))
    return float(1 / np.clip(np.nan_to_num(abs(right[0] * down[1] - right[1] * down[0])), *_SCALES) ** 0.5)


def _difference(match: Pixels, query: Pixels, mask: Mask, enlarged: float) -> Pixels:
    """What is left when both are as blurred, in the same colours, and edges may lie a pixel off."""
    sigma = 0.6 * max(1.0, enlarged)
    blurred = [cv2.GaussianBlur(one, (0, 0), sigma).astype(np.float32) for one in (match, query)]
    reach = 2 * round(sigma) + 1
    left = remainder(np.asarray(blurred[0]), np.asarray(blurred[1]), mask, reach)
    glowing = np.clip((left - _FAINT) * _GLOW, 0, 255).astype(np.uint8)
    out = np.asarray(cv2.applyColorMap(glowing, cv2.COLORMAP_HOT)[..., ::-1], np.uint8).copy()
    out[~off_the_rim(mask, reach)] = 0
    out[~mask] = _DARK_GROUND
    return out
