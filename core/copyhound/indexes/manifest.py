"""The manifest: which segments count, and up to which change of the SQL log they tell everything."""

from __future__ import annotations

import zlib
from typing import Final

import msgspec

from copyhound.indexes.sealed import DamagedError
from copyhound.matching import FINGERPRINT_VERSION

FORMAT: Final = 4


class Kept(msgspec.Struct, frozen=True, omit_defaults=True):
    """A shelf as the manifest keeps it."""

    workspace_id: str
    collection_id: str
    segments: list[str]
    left: dict[str, int] = {}
    """How many entries left a segment, where any did: where fewer marks are found, some were lost."""


class Manifest(msgspec.Struct, frozen=True):
    """Which segments count, and up to which change they tell everything."""

    format: int
    fingerprints: int
    seq: int
    made: int
    """How many segments were ever named."""
    shelves: list[Kept]

    def to_bytes(self) -> bytes:
        """One line of JSON, and its CRC."""
        content = msgspec.json.encode(self)
        return content + b"\n%08x\n" % zlib.crc32(content)

    @classmethod
    def from_bytes(cls, data: bytes) -> Manifest:
        """Raises DamagedError for what `to_bytes` did not make."""
        content, _, crc = data.rstrip(b"\n").rpartition(b"\n")
        if crc != b"%08x" % zlib.crc32(content):
            raise DamagedError("the manifest has changed since it was written")
        try:
            return msgspec.json.decode(content, type=cls)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise DamagedError(f"the manifest is none: {error}") from error


EMPTY: Final = Manifest(FORMAT, FINGERPRINT_VERSION, 0, 0, [])
