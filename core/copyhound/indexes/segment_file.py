"""The two files of a segment: `segment` with its arrays, `gone` with the marks of what left it; damage shows in both.

`segment` begins with the postings, `heads` and then `signatures`, with room for as many of each as there may be; the
other arrays follow, then a seal for each block of postings, then what stands where, with a CRC of all but the postings.
"""

from __future__ import annotations

import mmap
import os
import struct
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from copyhound.indexes.sealed import DamagedError, Longs, Sealed, seals_of

POSTINGS: Final = ("heads", "signatures")
OTHERS: Final = {"numbers": "<i8", "words": "<u4", "offsets": "<i8"}
_FILE: Final = "segment"
_GONE: Final = "gone"
_MAPPED_FROM: Final = 2**18
"""Bytes of a file that is mapped. A smaller one is read: a map keeps a descriptor, and many collections are small."""
_END: Final = struct.Struct("<8sII")
_MAGIC: Final = b"chsegm 4"
_CRC: Final = struct.Struct("<I")


class Mapped:
    """A mapped file. Reading what was cut off it meanwhile would kill the process (SIGBUS).

    So its size is asked for before each search and each part of a merge: 0.4 microseconds by the descriptor that a map
    keeps. The moment between asking and reading remains. Reading in place of mapping (pread) would close that and is
    about as fast for postings, but words and offsets would have to stay in memory: 50 MB for a million pictures.
    """

    def __init__(self, path: Path) -> None:
        """Raises OSError; ValueError for an empty file."""
        with path.open("rb") as file:
            self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        self._name = path.parent.name

    @property
    def data(self) -> NDArray[np.uint8]:
        """Its bytes."""
        return np.frombuffer(self._map, np.uint8)

    def check(self) -> None:
        """DamagedError where it is no longer as long as it was."""
        if self._map.size() != len(self._map):
            raise DamagedError(f"{self._name} was cut short or written to while it was in use")


class _Contents(msgspec.Struct, frozen=True):
    places: dict[str, tuple[int, int]]
    """Where each array begins, in bytes, and how many items it has."""
    others: int
    """CRC of all from `begins` up to this text."""
    begins: int


def file_of(folder: Path) -> Path:
    """The file that holds a segment."""
    return folder / _FILE


def gone_of(folder: Path) -> Path:
    """The file that says what left a segment; there may be none."""
    return folder / _GONE


def room_for(folder: Path, count: int) -> tuple[Longs, Longs]:
    """New mapped `heads` and `signatures` of `count` (not 0) postings, to be filled, then finished with `append`.

    Raises OSError where the disk has no room for them, which writing to them would not.
    """
    path = file_of(folder)
    with path.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, 16 * count)
    longs = np.memmap(path, np.uint64, "r+", shape=(2 * count,))
    return longs[:count], longs[count:]


def write(folder: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write a small segment, not yet durably."""
    with file_of(folder).open("wb") as file:
        for name in POSTINGS:
            file.write(np.ascontiguousarray(arrays[name]).tobytes())
    append(folder, arrays, len(arrays["heads"]))


def append(folder: Path, arrays: Mapping[str, NDArray[Any]], room: int) -> None:
    """Write all but the postings behind them; there is room for so many."""
    places = {"heads": (0, len(arrays["heads"])), "signatures": (8 * room, len(arrays["heads"]))}
    seals = {f"{name} seals": seals_of(arrays[name]) for name in POSTINGS}
    others = {name: arrays[name].astype(kind, copy=False) for name, kind in OTHERS.items()} | seals
    at = begins = 16 * room
    crc = 0
    with file_of(folder).open("r+b") as file:
        file.seek(begins)
        for name, array in others.items():
            data = array.tobytes() + bytes(-array.nbytes % 8)
            places[name] = (at, len(array))
            crc = zlib.crc32(data, crc)
            at += file.write(data)
        text = msgspec.json.encode(_Contents(places, crc, begins))
        file.write(text + _END.pack(_MAGIC, len(text), zlib.crc32(text)))


def read(folder: Path) -> tuple[dict[str, Any], Mapped | None]:
    """A segment's arrays: `heads` and `signatures` Sealed, unless the file is small; the rest checked; what is mapped.

    Raises OSError where it cannot be read, DamagedError where it is not what was written.
    """
    path = file_of(folder)
    mapped = Mapped(path) if path.stat().st_size >= _MAPPED_FROM else None
    data = mapped.data if mapped else np.fromfile(path, np.uint8)
    contents = _contents(data, path)
    kinds = dict.fromkeys(POSTINGS, "<u8") | OTHERS | {f"{name} seals": "<u4" for name in POSTINGS}
    arrays: dict[str, Any] = {name: _view(data, contents.places[name], kind) for name, kind in kinds.items()}
    for name in POSTINGS:
        sealed = Sealed(arrays[name], arrays.pop(f"{name} seals"), f"{path.parent.name}, {name},")
        arrays[name] = sealed if mapped else sealed[0 : len(sealed)]
    # read by every search, entry by entry
    arrays["numbers"] = np.array(arrays["numbers"])
    return arrays, mapped


def _contents(data: NDArray[np.uint8], path: Path) -> _Contents:
    end = len(data) - _END.size
    magic, length, crc = _END.unpack(data[end:].tobytes()) if end > 0 else (b"", 0, 0)
    text = data[max(0, end - length) : max(0, end)].tobytes()
    if magic != _MAGIC or zlib.crc32(text) != crc:
        raise DamagedError(f"{path.parent.name} is cut short or has changed since it was written")
    contents = msgspec.json.decode(text, type=_Contents)
    if zlib.crc32(data[contents.begins : end - length].data) != contents.others:
        raise DamagedError(f"{path.parent.name} has changed since it was written")
    return contents


def _view(data: NDArray[np.uint8], place: tuple[int, int], kind: str) -> NDArray[Any]:
    at, count = place
    return data[at : at + count * np.dtype(kind).itemsize].view(kind)


def packed_gone(gone: NDArray[np.bool_]) -> bytes:
    """What `gone_of` a segment is to hold."""
    data = gone.tobytes()
    return _CRC.pack(zlib.crc32(data)) + data


def read_gone(folder: Path, count: int) -> NDArray[np.bool_]:
    """Which of so many entries left. Raises OSError, DamagedError."""
    try:
        data = gone_of(folder).read_bytes()
    except FileNotFoundError:
        return np.zeros(count, np.bool_)
    marks = data[_CRC.size :]
    if len(marks) != count or data[: _CRC.size] != _CRC.pack(zlib.crc32(marks)):
        raise DamagedError(f"what left {folder.name} has changed since it was written")
    return np.frombuffer(marks, np.bool_).copy()
