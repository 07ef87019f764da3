"""Whole-picture hashes (imagehash's pHash, 256 bits), which answer blur, shrinking and recompression at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from .decode import Pixels

HASH_BYTES: Final = 32
ORIENTATIONS: Final = 8
"""Of a query: upright, turned by 90, 180 and 270 degrees, and the same four mirrored."""
_SIDE: Final = 64


def entry_hash(fingerprint: bytes) -> bytes:
    """The 256-bit hash of a fingerprint's picture as it stands."""
    from .fingerprint import hashes_in

    return hashes_in(fingerprint)[0]


def query_hashes(fingerprint: bytes) -> list[bytes]:
    """The hashes to look up: 8 orientations, then the same of the negative (an entry's fingerprint has one)."""
    from .fingerprint import hashes_in

    return list(hashes_in(fingerprint))


def hamming(a: bytes, b: bytes) -> int:
    """In how many bits two hashes differ.

    >>> hamming(bytes(32), bytes(31) + b"\\x03")
    2
    """
    return (int.from_bytes(a) ^ int.from_bytes(b)).bit_count()


def phash(pixels: Pixels) -> bytes:
    """The pHash of a picture."""
    return _hash(_square(pixels))


def phashes(pixels: Pixels) -> list[bytes]:
    """The pHashes of a picture in 8 orientations, and of its negative in the same ones (16 in all)."""
    square = _square(pixels)
    positive = [oriented(square, i) for i in range(ORIENTATIONS)]
    return [_hash(one) for one in positive] + [_hash(255 - one) for one in positive]


def oriented(pixels: Pixels, orientation: int) -> Pixels:
    """Mirror (orientations 4 to 7), then turn counter-clockwise by a quarter `orientation % 4` times."""
    return np.rot90(pixels[:, ::-1] if orientation >= 4 else pixels, orientation % 4)


def _square(pixels: Pixels) -> Pixels:
    from PIL import Image

    grey = Image.fromarray(pixels).convert("L").resize((_SIDE, _SIDE), Image.Resampling.LANCZOS)
    return np.asarray(grey)


def _hash(square: Pixels) -> bytes:
    import imagehash
    from PIL import Image

    return np.packbits(imagehash.phash(Image.fromarray(np.ascontiguousarray(square)), hash_size=16).hash).tobytes()
