"""Pictures for people: the aligned pair, the difference, thumbnails. All JPEG."""

from __future__ import annotations

from typing import Final, Literal

import cv2
import numpy as np

from copyhound.domain.pictures import Matrix

from .decode import Pixels, decode_own, encode_jpeg
from .geometry import scaling

View = Literal["pair", "difference"]
_GROUND: Final = (238, 238, 238)
_LONGEST: Final = 1000


def overlay(
    match_reduced: bytes,
    query_reduced: bytes,
    matrix: Matrix,
    match_size: tuple[int, int],
    query_size: tuple[int, int],
    view: str = "pair",
) -> bytes:
    """The match, and the query laid onto the match's frame.

    `matrix` and the sizes are of the full pictures. `pair` is twice as wide as the frame, the match on the left and the
    aligned query on the right; `difference` shows where they differ. Raises ValueError for another view.
    """
    if view not in {"pair", "difference"}:
        raise ValueError(f"there is no view {view!r}")
    cv2.setNumThreads(1)
    match, query = decode_own(match_reduced), decode_own(query_reduced)
    aligned, mask = _onto_match(match, query, np.array(matrix, dtype=float), match_size, query_size)
    if view == "pair":
        aligned[~mask] = _GROUND
        return encode_jpeg(np.concatenate([match, aligned], axis=1))
    difference = cv2.absdiff(match, aligned)
    difference[~mask] = _GROUND
    return encode_jpeg(np.asarray(difference, dtype=np.uint8))


def thumbnail(reduced: bytes, longest: int = 160) -> bytes:
    """A reduced copy with its longer side at most `longest` pixels."""
    pixels = decode_own(reduced)
    height, width = pixels.shape[:2]
    scale = min(1.0, min(longest, _LONGEST) / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    cv2.setNumThreads(1)
    return encode_jpeg(np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), dtype=np.uint8))


def _onto_match(
    match: Pixels, query: Pixels, matrix: np.ndarray, match_size: tuple[int, int], query_size: tuple[int, int]
) -> tuple[Pixels, np.ndarray]:
    """The query in the match copy's frame, and where it has pixels."""
    height, width = match.shape[:2]
    to_query_copy = (
        scaling(query.shape[1] / query_size[0], query.shape[0] / query_size[1])
        @ matrix
        @ scaling(match_size[0] / width, match_size[1] / height)
    )
    # pixel centres stand at .5 in our coordinates and at whole numbers in OpenCV's
    half = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])
    back = np.linalg.inv(half) @ to_query_copy @ half
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    aligned = cv2.warpPerspective(query, back, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    seen = np.full(query.shape[:2], 255, np.uint8)
    mask = cv2.warpPerspective(seen, back, (width, height), flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP)
    return np.asarray(aligned, dtype=np.uint8), np.asarray(mask > 0)
