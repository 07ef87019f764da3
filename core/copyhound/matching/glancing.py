"""A glance at two pictures, before they are compared pixel by pixel: most look-alikes are told from a copy by it.

It looks at half the size, in luminance, at one thing alone: whether texture that runs both ways is the same. A copy
has it nearly everywhere, whatever was done to it; two cloths of one pattern, or two photographs of one scene, in few
places. Only what differs nearly everywhere is settled so, and only where geometry did not speak for it; all else is
compared as before. `tests/bench/glances.py` counts what that settles, and that no copy is among it.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np

from copyhound.domain.errors import CopyhoundError

from .cells import CELL, LIKE_GRAIN, means_of, woven
from .decode import Pixels, decode_half
from .geometry import Array
from .pixels import INSIDE, Sizes, lay_over

_LONGEST: Final = 120.0
_ENOUGH: Final = 12
"""Cells with such texture; fewer say nothing."""
_SAME: Final = 0.35
"""Of these so many are the same in whatever is worth a closer look."""


def differ(match_copy: bytes, query_copy: bytes, matrix: Array, sizes: Sizes) -> bool:
    """Whether two reduced copies, laid over one another by `matrix`, are certainly different pictures.

    `matrix` and `sizes` are those of `pixels.check_refined`. Damaged copies are not told apart.
    """
    try:
        laid = lay_over(_halved(match_copy), _halved(query_copy), matrix, sizes, _LONGEST)
    except CopyhoundError:
        return False
    if laid is None:
        return False
    rows, columns = (side // CELL for side in laid.mask.shape)
    if rows * columns < _ENOUGH:
        return False
    cut = (slice(0, rows * CELL), slice(0, columns * CELL))
    grained, likeness = woven(laid.match[cut], laid.query[cut])
    grained &= means_of(laid.mask[cut].astype(np.float32)) > INSIDE
    many = int(grained.sum())
    # a negative is the same, too
    return many >= _ENOUGH and int((np.abs(likeness[grained]) > LIKE_GRAIN).sum()) < _SAME * many


@lru_cache(maxsize=4)
def _halved(data: bytes) -> Pixels:
    return decode_half(data)
