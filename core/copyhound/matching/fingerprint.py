"""What is kept of a picture: local features with their places and vectors, and whole-picture hashes."""

from __future__ import annotations

import struct
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from copyhound.domain.errors import CopyhoundError
from copyhound.domain.pictures import PictureFacts

from .codebook import DIMENSIONS, PARTS, Vectors, pack, unpack
from .words import Signatures, Words, signatures_of, words_of

FINGERPRINT_VERSION: Final = 2
_HEAD: Final = struct.Struct("<2sBBIIHH")
_MARK: Final = b"CH"
_ENTRY, _QUERY = 0, 1
_PLACE: Final[list[Any]] = [("place", "<u2", (2,)), ("size", "u1"), ("angle", "u1")]
_ROWS: Final = {
    _ENTRY: np.dtype([*_PLACE, ("word", "<u4"), ("signature", "<u8"), ("code", "u1", (PARTS,))]),
    _QUERY: np.dtype([*_PLACE, ("vector", "i1", (DIMENSIONS,))]),
}
"""34 bytes for a feature of an entry, which is looked up by its word; 70 for one of a query, which does the looking."""
_TURN: Final = 2 * np.pi
_STEPS: Final = 65_535
SIZE_STEPS: Final = 24
"""Steps for each doubling of a size: a step is 3 %."""
UNIT_SIZE: Final = 220
_VECTOR_STEPS: Final = 400


class Prepared(msgspec.Struct, frozen=True):
    """A picture made ready for indexing or searching."""

    facts: PictureFacts
    fingerprint: bytes
    reduced: bytes
    """A small JPEG in colour, upright: for the pixel check, thumbnails and overlays."""


class Postings(msgspec.Struct, frozen=True):
    """An entry's N features as an index keeps them."""

    words: Words
    signatures: Signatures
    places: NDArray[np.uint8]
    """N x 4: x and y in 255ths of the longer side, the angle in 256ths of a turn, the size in 24ths of an octave."""


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
    vectors: Vectors
    """N x 64."""
    hashes: tuple[bytes, ...]
    """32 bytes each: one for an entry, 16 for a query."""
    version: int = FINGERPRINT_VERSION

    @property
    def hash256(self) -> bytes:
        """The hash of the picture as it stands, 32 bytes."""
        return self.hashes[0]

    def entry_bytes(self) -> bytes:
        """Pack as an entry: a head, the hashes, then 34 bytes for each feature, its word among them."""
        rows = self._placed(_ROWS[_ENTRY])
        words = words_of(self.vectors)
        rows["word"], rows["signature"], rows["code"] = words, signatures_of(self.vectors, words), pack(self.vectors)
        return self._packed(_ENTRY, rows)

    def query_bytes(self) -> bytes:
        """Pack as a query: a head, the hashes, then 70 bytes for each feature."""
        rows = self._placed(_ROWS[_QUERY])
        rows["vector"] = np.clip(np.rint(self.vectors * _VECTOR_STEPS), -127, 127)
        return self._packed(_QUERY, rows)

    def _placed(self, kind: np.dtype) -> NDArray[np.void]:
        rows = np.empty(len(self.sizes), kind)
        rows["place"] = np.rint(self.places * _STEPS)
        rows["size"] = np.clip(np.rint(SIZE_STEPS * np.log2(np.maximum(self.sizes, 1e-6))) + UNIT_SIZE, 0, 255)
        rows["angle"] = np.rint(self.angles % _TURN / _TURN * 256).astype(np.int64) % 256
        return rows

    def _packed(self, kind: int, rows: NDArray[np.void]) -> bytes:
        head = _HEAD.pack(_MARK, self.version, kind, self.width, self.height, len(rows), len(self.hashes))
        return b"".join((head, *self.hashes, rows.tobytes()))

    @classmethod
    def from_bytes(cls, data: bytes) -> Fingerprint:
        """Unpack. Raises CopyhoundError index_version_mismatch on another version, ValueError on damaged bytes."""
        kind, width, height, hashes, rows = _read(data)
        vectors = (
            unpack(rows["code"]) if kind == _ENTRY else rows["vector"].astype(np.float32) / np.float32(_VECTOR_STEPS)
        )
        return cls(
            width=width,
            height=height,
            places=(rows["place"] / _STEPS).astype(np.float32),
            sizes=(2 ** ((rows["size"] - np.float32(UNIT_SIZE)) / SIZE_STEPS)).astype(np.float32),
            angles=(rows["angle"] * (_TURN / 256)).astype(np.float32),
            vectors=np.asarray(vectors, dtype=np.float32),
            hashes=hashes,
        )


def is_entry(data: bytes) -> bool:
    """Whether bytes are the packed fingerprint of an entry, of this version and of the length that its head states."""
    try:
        return _read(data)[0] == _ENTRY
    except (CopyhoundError, ValueError):
        return False


def hashes_in(data: bytes) -> tuple[bytes, ...]:
    """The hashes of a packed fingerprint. Raises as `Fingerprint.from_bytes`."""
    return _read(data)[3]


def postings_of(data: bytes) -> Postings:
    """What an index keeps of an entry's packed fingerprint.

    Raises as `Fingerprint.from_bytes`, and ValueError for a query's.
    """
    kind, width, height, _, rows = _read(data)
    if kind != _ENTRY:
        raise ValueError("this is the fingerprint of a query, not of an entry")
    longer, smaller = max(width, height), min(width, height)
    places = np.empty((len(rows), 4), np.uint8)
    places[:, :2] = np.rint(rows["place"] * (np.array([width, height]) / longer * (255 / _STEPS)))
    places[:, 2] = rows["angle"]
    places[:, 3] = np.clip(rows["size"].astype(np.int64) + round(SIZE_STEPS * np.log2(smaller / longer)), 0, 255)
    return Postings(rows["word"].astype(np.uint32), rows["signature"].astype(np.uint64), places)


def _read(data: bytes) -> tuple[int, int, int, tuple[bytes, ...], NDArray[np.void]]:
    """Kind, width, height, hashes and rows."""
    if len(data) < _HEAD.size or data[:2] != _MARK:
        raise ValueError("these bytes are no fingerprint")
    _, version, kind, width, height, count, hash_count = _HEAD.unpack_from(data)
    if version != FINGERPRINT_VERSION:
        raise CopyhoundError(
            "index_version_mismatch", f"A fingerprint has version {version}; this is version {FINGERPRINT_VERSION}."
        )
    start = _HEAD.size + 32 * hash_count
    if (
        kind not in _ROWS
        or not hash_count
        or not width
        or not height
        or len(data) != start + count * _ROWS[kind].itemsize
    ):
        raise ValueError("a fingerprint's length does not fit its head")
    hashes = tuple(data[at : at + 32] for at in range(_HEAD.size, start, 32))
    return kind, width, height, hashes, np.frombuffer(data, _ROWS[kind], count, start)
