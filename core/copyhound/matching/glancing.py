"""A glance at two pictures, before they are compared pixel by pixel: many look-alikes are told from a copy by it.

It looks at half the size, in luminance, at one thing alone: where texture that runs both ways is the same. A copy has
it wherever nothing covers it, whatever was done to it; two cloths of one pattern, or two photographs of one scene,
hardly anywhere. Only what differs nearly everywhere is settled so, and only where geometry does not speak for it; all
else is compared as ever.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np

from copyhound.domain.errors import CopyhoundError

from .cells import CELL, means_of, woven
from .decode import Pixels, decode_half
from .geometry import Array
from .pixels import INSIDE, Sizes, lay_over

_LONGEST: Final = 120.0
_ENOUGH: Final = 20
"""Cells with such texture; fewer say nothing."""
_LIKE: Final = 0.7
_SAME: Final = 0.075
"""Of these so many are the same in whatever is worth a closer look. The worst copy of the recall benchmark's 900
hardest queries, edited in several ways at once, has 0.095; nearly half of the look-alikes lie below the line."""


def differ(match_copy: bytes, query_copy: bytes, matrix: Array, sizes: Sizes) -> bool:
    """Whether two reduced copies, laid over one another by `matrix`, are certainly different pictures.

    `matrix` and `sizes` are those of `pixels.registered`. Damaged copies are not told apart.
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
    return many >= _ENOUGH and int((np.abs(likeness[grained]) > _LIKE).sum()) < _SAME * many


@lru_cache(maxsize=4)
def _halved(data: bytes) -> Pixels:
    return decode_half(data)
