"""What is kept of a picture: local features with their places and words, and whole-picture hashes."""

from __future__ import annotations

import struct
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from copyhound.domain.errors import CopyhoundError
from copyhound.domain.pictures import PictureFacts

FINGERPRINT_VERSION: Final = 1
_HEAD: Final = struct.Struct("<2sBBIIHH")
_MARK: Final = b"CH"
_FEATURE: Final = np.dtype(
    [("place", "<u2", 2), ("size", "<f2"), ("angle", "<u2"), ("word", "<u4"), ("descriptor", "u1", 128)]
)
_TURN: Final = 2 * np.pi
_STEPS: Final = 65_535


class Prepared(msgspec.Struct, frozen=True):
    """A picture made ready for indexing or searching."""

    facts: PictureFacts
    fingerprint: bytes
    reduced: bytes
    """A small JPEG in colour, upright: for the pixel check, thumbnails and overlays."""


class Fingerprint(msgspec.Struct, frozen=True):
    """N features and some hashes of a picture of `width` x `height` pixels, as shown."""

    width: int
    height: int
    places: NDArray[np.float32]
    """N x 2: fractions of width and height, 0 to 1."""
    sizes: NDArray[np.float32]
    """N: diameter as a fraction of the picture's smaller side."""
    angles: NDArray[np.float32]
    """N: radians, clockwise on the screen."""
    words: NDArray[np.uint32]
    """N: the visual word of each feature."""
    descriptors: NDArray[np.uint8]
    """N x 128: RootSIFT in bytes."""
    hashes: tuple[bytes, ...]
    """32 bytes each: one for an entry, 16 for a query."""
    version: int = FINGERPRINT_VERSION

    @property
    def hash256(self) -> bytes:
        """The hash of the picture as it stands, 32 bytes."""
        return self.hashes[0]

    def to_bytes(self) -> bytes:
        """Pack: a head, the hashes, then 144 bytes for each feature."""
        rows = np.empty(len(self.words), _FEATURE)
        rows["place"] = np.rint(self.places * _STEPS)
        rows["size"] = self.sizes
        rows["angle"] = np.rint(self.angles % _TURN / _TURN * _STEPS)
        rows["word"] = self.words
        rows["descriptor"] = self.descriptors
        head = _HEAD.pack(_MARK, self.version, 0, self.width, self.height, len(rows), len(self.hashes))
        return b"".join((head, *self.hashes, rows.tobytes()))

    @classmethod
    def from_bytes(cls, data: bytes) -> Fingerprint:
        """Unpack. Raises CopyhoundError index_version_mismatch on another version, ValueError on damaged bytes."""
        width, height, count, hash_count = _read_head(data)
        start = _HEAD.size + 32 * hash_count
        if len(data) != start + count * _FEATURE.itemsize or not hash_count:
            raise ValueError("a fingerprint's length does not fit its head")
        rows = np.frombuffer(data, _FEATURE, count, start)
        return cls(
            width=width,
            height=height,
            places=(rows["place"] / _STEPS).astype(np.float32),
            sizes=rows["size"].astype(np.float32),
            angles=(rows["angle"] * (_TURN / _STEPS)).astype(np.float32),
            words=rows["word"].astype(np.uint32),
            descriptors=np.ascontiguousarray(rows["descriptor"]),
            hashes=tuple(data[at : at + 32] for at in range(_HEAD.size, start, 32)),
        )


def _read_head(data: bytes) -> tuple[int, int, int, int]:
    if len(data) < _HEAD.size or data[:2] != _MARK:
        raise ValueError("these bytes are no fingerprint")
    _, version, _, width, height, count, hash_count = _HEAD.unpack_from(data)
    if version != FINGERPRINT_VERSION:
        raise CopyhoundError(
            "index_version_mismatch", f"A fingerprint has version {version}; this is version {FINGERPRINT_VERSION}."
        )
    return width, height, count, hash_count
