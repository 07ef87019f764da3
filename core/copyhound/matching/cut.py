"""JPEGs that end too early: those that show the whole picture all the same, as every viewer does, are taken."""

from __future__ import annotations

import io
from typing import Final

import numpy as np
from PIL import Image

from .header import JPEG_END, JPEG_SCAN

_MISSING: Final = 0.02
"""Of the rows; what a decoder has no data for is plain grey."""
_GREY: Final = (127, 128, 129)


def ended(data: bytes) -> Image.Image | None:
    """A JPEG that lacks its end mark, opened with one. None where it is no JPEG, or where more than that is missing."""
    if not data.startswith(b"\xff\xd8"):
        return None
    image = Image.open(io.BytesIO(data + JPEG_END), formats=("JPEG",))
    if "progressive" in image.info and not _in_last_scan(data):
        image.close()
        return None
    return image


def is_whole(image: Image.Image) -> bool:
    """Whether nearly all rows of an `ended` and loaded picture were there."""
    rows = np.asarray(image).reshape(image.height, -1)
    there = np.flatnonzero(~np.isin(rows, _GREY).all(axis=1))
    return there.size > 0 and image.height - 1 - int(there[-1]) <= _MISSING * image.height


def _in_last_scan(data: bytes) -> bool:
    """Whether a progressive JPEG was cut while its finest details were refined: coarser, all is there before."""
    at = data.rfind(JPEG_SCAN)
    count = data[at + 4] if at > 0 and at + 4 < len(data) else 0
    first, last, bits = data[at + 5 + 2 * count : at + 8 + 2 * count].ljust(3, b"\xff")
    return count > 0 and first > 0 and last == 63 and bits & 15 == 0
