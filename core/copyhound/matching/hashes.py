"""Whole-picture hashes (imagehash's pHash, 256 bits), which answer blur, shrinking and recompression at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from .decode import Pixels

HASH_BYTES: Final = 32
ORIENTATIONS: Final = 8
"""Of a query: upright, turned by 90, 180 and 270 degrees, and the same four mirrored."""
_SIDE: Final = 64
_LOW: Final = 16
_ODD: Final = np.where(np.arange(_LOW) % 2, -1.0, 1.0)
"""What mirroring makes of a spectrum's columns."""
_EVEN: Final = 2**0.5
"""OpenCV's transform keeps lengths, imagehash's does not: the mean weighs less in it by so much along each axis."""
_WHITE: Final = 2.0 * 255 * _SIDE
"""The spectrum of plain white: nothing but its mean."""

Spectrum = NDArray[np.float64]


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
    """The pHash of a picture, by imagehash."""
    import imagehash
    from PIL import Image

    return _packed(imagehash.phash(Image.fromarray(_square(pixels)), hash_size=_LOW).hash)


def phashes(pixels: Pixels) -> list[bytes]:
    """The pHashes of a picture in 8 orientations, and of its negative in the same ones (16 in all).

    One transform serves them all: turning and mirroring a picture transposes its spectrum and flips signs in it.
    """
    upright = _spectrum(_square(pixels))
    negative = -upright
    negative[0, 0] += _WHITE
    return [_packed(one > np.median(one)) for plane in (upright, negative) for one in _turned(plane)]


def _turned(spectrum: Spectrum) -> Iterator[Spectrum]:
    """A picture's spectrum in each orientation: mirrored (4 to 7), then turned left by `number % 4` quarters."""
    for one in (spectrum, spectrum * _ODD):
        for _ in range(4):
            yield one
            one = (one * _ODD).T


def _spectrum(square: Pixels) -> Spectrum:
    """The lowest frequencies, but for one factor as imagehash works them out."""
    import cv2

    out = np.asarray(cv2.dct(square.astype(np.float64))[:_LOW, :_LOW], np.float64)
    out[0] *= _EVEN
    out[:, 0] *= _EVEN
    return out


def _square(pixels: Pixels) -> Pixels:
    from PIL import Image

    grey = Image.fromarray(pixels).convert("L").resize((_SIDE, _SIDE), Image.Resampling.LANCZOS)
    return np.asarray(grey)


def _packed(bits: NDArray[np.bool_]) -> bytes:
    return np.packbits(bits).tobytes()
