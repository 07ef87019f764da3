"""One collection's part of the index: its segments on disk, its newest entries in memory."""

from __future__ import annotations

import logging
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from copyhound.domain.ports import IndexHit, IndexPart
from copyhound.files import write_all
from copyhound.indexes.gathering import candidates_in
from copyhound.indexes.manifest import Kept
from copyhound.indexes.merging import DAMAGED
from copyhound.indexes.sealed import DamagedError, Ints
from copyhound.indexes.segment_file import gone_of, packed_gone
from copyhound.indexes.segments import Segment, build, discard, files_of, load, merge, save
from copyhound.matching.fingerprint import Postings
from copyhound.matching.voting import Lookup

_log = logging.getLogger(__name__)
_TOGETHER: Final = 4
"""So many segments of like size (within the same power of so many) become one."""
_SMALLEST: Final = 500
_AS_LARGE: Final = 3
"""A segment so many times as large as what comes is written anew with it."""


class Unwritten(msgspec.Struct, frozen=True):
    """What a shelf wants on the disk."""

    new: list[Path] = []
    """Files and folders of a new segment, to be put there first."""
    gone: dict[Path, bytes] = {}


class Shelf:
    """Not thread-safe: the index calls from its one thread."""

    def __init__(self, kept: Kept, folder: Path, *, small: int = _SMALLEST) -> None:
        """`folder` holds all shelves' segments; those of at most `small` entries are written anew with what comes.

        Raises as `load` where one is not whole.
        """
        self._place = (kept.workspace_id, kept.collection_id)
        self._folder = folder
        self._segments = [_loaded(folder / name, kept.left.get(name, 0)) for name in kept.segments]
        self._tail: list[Segment] = []
        self._next: list[Segment] | None = None
        self._small = small
        self._unsaved: set[str] = set()
        self._merging: _Merging | None = None
        self.crowded = 0
        """Words that were not read for candidates."""

    @property
    def kept(self) -> Kept:
        """What the manifest is to say: everything but the tail."""
        left = {one.name: int(one.gone.sum()) for one in self._segments if one.gone.any()}
        return Kept(*self._place, [one.name for one in self._segments], left)

    @property
    def alive(self) -> int:
        """How many entries there are."""
        return sum(one.alive for one in (*self._segments, *self._tail))

    @property
    def part(self) -> IndexPart:
        """What it holds, and what that takes."""
        disk = Counter[str]()
        for one in self._segments:
            disk.update(one.sizes(self._folder / one.name))
        return IndexPart(
            entries=self.alive,
            removed=sum(int(one.gone.sum()) for one in self._segments),
            segments=len(self._segments),
            waiting=sum(one.alive for one in self._tail),
            disk=dict(disk),
            crowded_words=self.crowded,
        )

    @property
    def waiting(self) -> int:
        """How many entries are in memory only."""
        return sum(len(one.numbers) for one in self._tail)

    @property
    def changed(self) -> bool:
        """Whether something is in memory that a restart would have to be told again."""
        return bool(self._tail or self._unsaved or (self._merging and self._merging.ended))

    @property
    def busy(self) -> set[str]:
        """Segments' folders that a merging reads or writes."""
        return self._merging.folders if self._merging else set()

    def add(self, entries: Sequence[tuple[int, Postings]]) -> None:
        """Take entries in, whose numbers are in no segment."""
        self._tail.append(build(entries))
        # each at least twice as large as the next: so there are few, and each entry is moved few times
        while len(self._tail) > 1 and 2 * len(self._tail[-1].numbers) > len(self._tail[-2].numbers):
            self._tail[-2:] = [merge(self._tail[-2:])]

    def drop(self, numbers: Ints) -> None:
        """Forget entries."""
        for one in (*self._segments, *self._tail):
            if one.drop(numbers) and one.name:
                self._unsaved.add(one.name)

    def candidates(self, lookup: Lookup, limit: int) -> list[IndexHit]:
        """The best entries, best first."""
        self._take_over_merged()
        segments = [one for one in (*self._segments, *self._tail) if one.alive]
        return candidates_in(segments, lookup, limit, self._count_crowded) if segments else []

    def _count_crowded(self, words: int) -> None:
        self.crowded += words

    def settle(self, name: str) -> None:
        """Put what is in memory on disk, as a segment of this name; then it may stand in the manifest."""
        settle_all([self], lambda: name)

    def write(self, name: str) -> Unwritten:
        """The first half of settling: what is given is to be put on the disk, then `written` or `unwritten` called."""
        self._take_over_merged()
        self._next, new = self._segments, []
        if self._tail:
            together = self._small_ones()
            merged = merge([*together, *self._tail])
            saved = [save(merged, self._folder / name)] if merged.alive else []
            self._next = [one for one in self._segments if all(one is not other for other in together)] + saved
            new = files_of(self._folder / name) if saved else []
        leaving = [one for one in self._next if one.name in self._unsaved]
        return Unwritten(new, {gone_of(self._folder / one.name): packed_gone(one.gone) for one in leaving})

    def written(self) -> None:
        """It is on the disk."""
        if self._next is not None:
            self._segments, self._tail, self._next = self._next, [], None
            self._unsaved.clear()

    def unwritten(self) -> None:
        """It is not: all stays in memory."""
        for one in self._next or ():
            if all(one is not other for other in self._segments):
                discard(self._folder / one.name)
        self._next = None

    def _small_ones(self) -> list[Segment]:
        """Segments to be written anew with the tail: most collections are small, and are one segment then.

        Each at most so much larger that an entry is not written anew time and again while others come one by one.
        """
        chosen, count = list[Segment](), self.waiting
        for one in sorted(self._segments, key=lambda one: len(one.numbers)):
            if len(one.numbers) > min(self._small, _AS_LARGE * count):
                break
            if one.name not in self.busy:
                chosen.append(one)
                count += len(one.numbers)
        return chosen

    def merge_some(self, named: Callable[[], str]) -> bool:
        """Begin to merge segments of like size in a process of its own, where that is worth while; whether it did."""
        if self._merging is not None or not (chosen := self._worth_merging()):
            return False
        self._merging = _Merging(self._folder, named(), chosen)
        return True

    def merge_all(self, name: str) -> None:
        """Merge all segments into one, now."""
        self.stop_merging()
        if len(self._segments) > 1 or any(one.gone.any() for one in self._segments):
            self._segments = [one for one in [merge(self._segments, self._folder / name)] if one.alive]

    def stop_merging(self) -> None:
        """Give up a merging that is under way; one that ended is taken over."""
        self._take_over_merged()
        self.give_up()

    def give_up(self) -> None:
        """Stop a merging that is under way or ended: all of this shelf is to be forgotten."""
        if self._merging is not None:
            self._merging.stop()
            self._merging = None

    def _worth_merging(self) -> list[Segment]:
        tiers: dict[int, list[Segment]] = {}
        for one in self._segments:
            tiers.setdefault(int(np.log2(max(one.alive, _SMALLEST) / _SMALLEST) / np.log2(_TOGETHER)), []).append(one)
        # with those of smaller size, which would only be merged again; and what is more than half gone by itself
        full = max((tier for tier, members in tiers.items() if len(members) >= _TOGETHER), default=-1)
        return [
            one
            for tier, members in tiers.items()
            for one in members
            if tier <= full or 2 * one.alive < len(one.numbers)
        ]

    def _take_over_merged(self) -> None:
        if self._merging is None:
            return
        merged = self._merging.result()
        if merged is None:
            return
        sources, new = self._merging.sources, merged.segment
        self._merging = None
        if new is None:
            return
        for one, before in zip(sources, merged.gone, strict=True):
            if new.drop(one.numbers[one.gone & ~before]):
                self._unsaved.add(new.name)
        # it stands in the manifest, and its sources leave the disk, when that is written next
        self._segments = [new, *(one for one in self._segments if all(one is not other for other in sources))]
        self._unsaved &= {one.name for one in self._segments}
        self._unsaved.add(new.name)


def settle_all(shelves: Sequence[Shelf], named: Callable[[], str]) -> None:
    """Settle shelves together: what a disk takes longest for is to say that it has something for certain.

    Raises OSError, DamagedError; all stays in memory then.
    """
    try:
        unwritten = [shelf.write(named()) for shelf in shelves]
        new = {path for one in unwritten for path in one.new}
        write_all({path: data for one in unwritten for path, data in one.gone.items()}, after=new)
    except BaseException:
        for shelf in shelves:
            shelf.unwritten()
        raise
    for shelf in shelves:
        shelf.written()


def _loaded(folder: Path, left: int) -> Segment:
    # more may have left than the manifest says: marks are written before it
    segment = load(folder)
    if segment.gone.sum() < left:
        raise DamagedError(f"of {left} entries that left {folder.name} not all are marked")
    return segment


class _Merged(msgspec.Struct, frozen=True):
    segment: Segment | None
    """None where it failed."""
    gone: list[np.ndarray]
    """What had left each source when the merging began."""


class _Merging:
    """A child process that merges segments into a new folder."""

    def __init__(self, folder: Path, name: str, sources: list[Segment]) -> None:
        self.sources = sources
        self._folder = folder / name
        self._gone = [one.gone.copy() for one in sources]
        write_all({gone_of(folder / one.name): packed_gone(one.gone) for one in sources})
        command = [sys.executable, "-P", "-m", "copyhound.indexes.merging", str(self._folder)]
        self._process = subprocess.Popen(
            [*command, *(str(folder / one.name) for one in sources)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    @property
    def ended(self) -> bool:
        return self._process.poll() is not None

    @property
    def folders(self) -> set[str]:
        return {self._folder.name, *(one.name for one in self.sources)}

    def result(self) -> _Merged | None:
        """None while it works. Raises DamagedError where it found that a source is."""
        code = self._process.poll()
        if code is None:
            return None
        if code in (DAMAGED, -signal.SIGBUS):
            raise DamagedError("a segment has changed since it was written")
        try:
            if code == 0:
                return _Merged(load(self._folder), self._gone)
            _log.warning("segments not merged: exit %d", code)
        except (OSError, ValueError, EOFError) as error:
            _log.warning("segments not merged: %s", error)
        discard(self._folder)
        return _Merged(None, self._gone)

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()
        discard(self._folder)
