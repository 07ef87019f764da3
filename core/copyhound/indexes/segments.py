"""Segments: unchangeable inverted files of entries' features, in memory or mapped from disk.

A segment of N entries and K features holds five arrays: `numbers` (N, ascending: an entry is known inside by its place
there), `words` (the different words, ascending), `offsets` (where each word's postings begin) and the postings in order
of words: `heads` (K of 64 bits: entry and places) and `signatures` (K of 64 bits). A search reads all signatures of a
word and few heads, so they lie apart. Entries leave by a mark (`gone`); merging leaves them out. What is read of a
damaged file raises DamagedError.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from copyhound.files import sync_all
from copyhound.indexes.sealed import DamagedError, Ints, Longs, Sealed
from copyhound.indexes.segment_file import Mapped, append, file_of, read, read_gone, room_for, write
from copyhound.matching import WORD_COUNT
from copyhound.matching.fingerprint import Postings

_CHUNK: Final = 4_000_000
"""Postings that a merge holds in memory at once (16 bytes each, a few times over)."""


class Segment:
    """Some entries of one collection. Never changed but for `gone`."""

    def __init__(
        self,
        numbers: Ints,
        words: NDArray[np.uint32],
        offsets: Ints,
        heads: Longs | Sealed,
        signatures: Longs | Sealed,
        *,
        gone: NDArray[np.bool_] | None = None,
        name: str = "",
        mapped: Mapped | None = None,
    ) -> None:
        """The arrays, as the module's text tells; `name` is that of its folder, empty in memory."""
        self.numbers, self.words, self.offsets = numbers, words, offsets
        self.heads, self.signatures = heads, signatures
        self.gone = np.zeros(len(numbers), np.bool_) if gone is None else gone
        self.name = name
        self._mapped = mapped

    def check(self) -> None:
        """DamagedError where the file that it lies in was cut: to be called before it is read."""
        if self._mapped is not None:
            self._mapped.check()

    @property
    def alive(self) -> int:
        """How many entries are still there."""
        return int(len(self.gone) - self.gone.sum())

    def sizes(self, folder: Path) -> dict[str, int]:
        """Bytes on the disk of the folder that it lies in: postings, words, other."""
        whole = sum(file.stat().st_size for file in folder.iterdir())
        postings, words = 16 * len(self.heads), self.words.nbytes + self.offsets.nbytes
        return {"postings": postings, "words": words, "other": whole - postings - words}

    def find(self, words: NDArray[np.uint32]) -> tuple[Ints, Ints]:
        """Where the postings of each word begin and end."""
        if not len(self.words):
            nowhere = np.zeros(len(words), np.int64)
            return nowhere, nowhere
        at = np.minimum(np.searchsorted(self.words, words), len(self.words) - 1)
        starts = self.offsets[at]
        return starts, np.where(self.words[at] == words, self.offsets[at + 1], starts)

    def drop(self, numbers: Ints) -> int:
        """Mark entries as gone; how many there were."""
        places = np.searchsorted(self.numbers, numbers)
        within = places < len(self.numbers)
        there = places[within][self.numbers[places[within]] == numbers[within]]
        fresh = there[~self.gone[there]]
        self.gone[fresh] = True
        return len(fresh)


def build(entries: Sequence[tuple[int, Postings]]) -> Segment:
    """A segment in memory of entries under their numbers; of a number given twice, the last."""
    ordered = sorted(dict(entries).items())
    numbers = np.array([number for number, _ in ordered], np.int64)
    counts = [len(one.words) for _, one in ordered]
    words = np.concatenate([one.words for _, one in ordered])
    signatures = np.concatenate([one.signatures for _, one in ordered])
    places = np.ascontiguousarray(np.concatenate([one.places for _, one in ordered])).view("<u4")[:, 0]
    owners = np.repeat(np.arange(len(ordered), dtype=np.uint64), counts)
    heads: Longs = owners | (places.astype(np.uint64) << np.uint64(32))
    order = np.argsort(words, kind="stable")
    different, offsets = _listed(words[order])
    return Segment(numbers, different, offsets, heads[order], signatures[order])


def entries_in(heads: Longs) -> Ints:
    """The entries (places in `numbers`) that heads name."""
    return (heads & 0xFFFFFFFF).astype(np.int64)


def places_in(heads: Longs) -> NDArray[np.uint8]:
    """The places (K x 4, as in Postings) that heads tell."""
    return np.ascontiguousarray((heads >> np.uint64(32)).astype("<u4")).view(np.uint8).reshape(-1, 4)


def merge(segments: Sequence[Segment], folder: Path | None = None) -> Segment:
    """One segment of what is alive in several; written into a new folder where one is given."""
    alive = [~one.gone for one in segments]
    numbers = np.concatenate([one.numbers[keep] for one, keep in zip(segments, alive, strict=True)])
    order = np.argsort(numbers, kind="stable")
    renumbered = np.empty(len(numbers), np.int64)
    renumbered[order] = np.arange(len(numbers))
    maps, start = [], 0
    for keep in alive:
        places = np.full(len(keep), -1)
        places[keep] = renumbered[start : start + int(keep.sum())]
        start += int(keep.sum())
        maps.append(places)
    upper = sum(len(one.heads) for one in segments)
    if folder is None:
        return _merged(segments, maps, numbers[order], np.empty(upper, np.uint64), np.empty(upper, np.uint64))
    with _made(folder):
        heads, signatures = room_for(folder, max(1, upper))
        append(folder, _arrays(_merged(segments, maps, numbers[order], heads, signatures)), len(heads))
        if isinstance(heads, np.memmap):
            heads.flush()
        sync_all(files_of(folder))
        return load(folder)


def _merged(
    segments: Sequence[Segment], maps: Sequence[Ints], numbers: Ints, heads: Longs, signatures: Longs
) -> Segment:
    """Fill the postings from the segments, whose entries `maps` names anew (-1: left out)."""
    words, offsets, filled = [np.empty(0, np.uint32)], [np.zeros(1, np.int64)], 0
    for chunk_words, chunk, chunk_signatures in _in_order(segments, maps):
        heads[filled : filled + len(chunk)] = chunk
        signatures[filled : filled + len(chunk)] = chunk_signatures
        different, ends = _listed(chunk_words)
        words.append(different)
        offsets.append(ends[1:] + filled)
        filled += len(chunk)
    return Segment(numbers, np.concatenate(words), np.concatenate(offsets), heads[:filled], signatures[:filled])


def save(segment: Segment, folder: Path) -> Segment:
    """Write a segment from which nothing left into a new folder; the same, mapped.

    It may be lost until `files_of` it are put on the disk.
    """
    with _made(folder):
        write(folder, _arrays(segment))
        return load(folder)


def files_of(folder: Path) -> list[Path]:
    """What must be put on the disk so that a new segment lasts."""
    return [file_of(folder), folder, folder.parent]


def load(folder: Path) -> Segment:
    """Map a segment. Raises OSError where it cannot be read, DamagedError where it is not what was written."""
    arrays, mapped = read(folder)
    segment = Segment(**arrays, gone=read_gone(folder, len(arrays["numbers"])), name=folder.name, mapped=mapped)
    if len(segment.words) + 1 != len(segment.offsets) or segment.offsets[-1] > len(segment.heads):
        raise DamagedError(f"the parts of {folder.name} do not fit together")
    return segment


def _listed(words: NDArray[np.uint32]) -> tuple[NDArray[np.uint32], Ints]:
    """The different ones of ascending words, and where each begins (one more: the end)."""
    starts = np.flatnonzero(np.diff(words.astype(np.int64), prepend=-1))
    return words[starts], np.append(starts, len(words)).astype(np.int64)


def _in_order(segments: Sequence[Segment], maps: Sequence[Ints]) -> Iterator[tuple[NDArray[np.uint32], Longs, Longs]]:
    """Words, heads and signatures of what is alive, a range of words at a time."""
    total = sum(len(one.heads) for one in segments)
    edges = np.linspace(0, WORD_COUNT, max(1, -(-total // _CHUNK)) + 1).astype(np.int64)
    for low, high in pairwise(edges.tolist()):
        parts = [_part(one, places, low, high) for one, places in zip(segments, maps, strict=True)]
        words, heads, signatures = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
        order = np.argsort(words, kind="stable")
        yield words[order], heads[order], signatures[order]


def _part(one: Segment, places: Ints, low: int, high: int) -> tuple[NDArray[np.uint32], Longs, Longs]:
    one.check()
    # of the words' own type: else all of them are converted first
    first, last = (int(i) for i in np.searchsorted(one.words, np.array([low, high], one.words.dtype)))
    begin, end = int(one.offsets[first]), int(one.offsets[last])
    words = np.repeat(one.words[first:last], np.diff(one.offsets[first : last + 1]))
    heads = one.heads[begin:end]
    entries = places[entries_in(heads)]
    kept = entries >= 0
    renamed = (heads[kept] & np.uint64(0xFFFFFFFF00000000)) | entries[kept].astype(np.uint64)
    return words[kept], renamed, one.signatures[begin:end][kept]


@contextmanager
def _made(folder: Path) -> Iterator[None]:
    """A new folder, that is taken away again where it could not be filled."""
    folder.mkdir(parents=True)
    try:
        yield
    except BaseException:
        discard(folder)
        raise


def _arrays(one: Segment) -> dict[str, np.ndarray]:
    return {
        "heads": np.asarray(one.heads),
        "signatures": np.asarray(one.signatures),
        "numbers": one.numbers,
        "words": one.words,
        "offsets": one.offsets,
    }


def discard(folder: Path) -> None:
    """Delete a segment's folder; what is mapped of it stays readable until it is let go."""
    shutil.rmtree(folder, ignore_errors=True)
