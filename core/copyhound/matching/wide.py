"""Pixels of more than eight bits, brought to eight: as their writer meant them, not as their type could hold them."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

WIDE_MODES: Final = frozenset({"I", "F", "I;16", "I;16B", "I;16L", "I;16N"})
_USUAL_TOPS: Final = (1.0, 2.0**8 - 1, 2.0**10 - 1, 2.0**12 - 1, 2.0**14 - 1, 2.0**16 - 1)
"""White, where values are fractions, or as many bits as cameras and scanners have."""
_DARKEST: Final = 0.25
"""Of the top; where less is used, the top is another one."""
_SAMPLES: Final = 200_000
_OUTLIERS: Final = 0.001
_FARTHEST: Final = 1e30


def eight_bits(image: Image.Image) -> Image.Image:
    """A wide picture as luminance of eight bits. What is no number is black."""
    values: NDArray[np.float32] = np.array(image, dtype=np.float32)
    low, high = _black_and_white(values)
    np.nan_to_num(values, copy=False, nan=low, posinf=high, neginf=low)
    np.clip(values, low, high, out=values)
    values -= low
    values *= 255 / (high - low)
    return Image.fromarray(values.astype(np.uint8))


def _black_and_white(values: NDArray[Any]) -> tuple[float, float]:
    """The values that stand for them. A few outliers, such as dead pixels, count for nothing."""
    some = values.ravel()[:: max(1, values.size // _SAMPLES)]
    some = some[np.isfinite(some)]
    if some.size == 0:
        return 0.0, 1.0
    low, high = (float(one) for one in np.quantile(some, (_OUTLIERS, 1 - _OUTLIERS)))
    low, high = max(-_FARTHEST, min(0.0, low)), min(_FARTHEST, high)
    span = high - low if high > low else 1.0
    return low, low + next((top for top in _USUAL_TOPS if low == 0 and _DARKEST * top < span <= top), span)
