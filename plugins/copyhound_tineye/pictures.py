"""Overlays in the size that the pages of TinEye's clients expect: two halves, each as large as the match."""

from __future__ import annotations

import io
from typing import Final

from PIL import Image

_LONGEST: Final = 2000
_QUALITY: Final = 88


def doubled(pair: bytes, width: int, height: int) -> bytes:
    """A JPEG of two halves side by side, each `width` x `height` pixels; of larger matches, 2,000 at the longest.

    Each half is scaled by itself, so that nothing of one bleeds into the other.
    """
    if min(width, height) < 1:
        return pair
    with Image.open(io.BytesIO(pair)) as image:
        middle = image.width // 2
        halves = image.crop((0, 0, middle, image.height)), image.crop((middle, 0, image.width, image.height))
        scale = min(1.0, _LONGEST / max(width, height))
        size = max(1, round(width * scale)), max(1, round(height * scale))
        made = Image.new("RGB", (size[0] * 2, size[1]))
        for number, half in enumerate(halves):
            made.paste(half.resize(size, Image.Resampling.BICUBIC), (number * size[0], 0))
    out = io.BytesIO()
    made.save(out, "JPEG", quality=_QUALITY, subsampling=0)
    return out.getvalue()
