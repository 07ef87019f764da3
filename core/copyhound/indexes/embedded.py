"""The embedded engine: an inverted file of words, in segments on disk, in this process.

New entries stand in memory, in small segments; from time to time they are written as one to disk, and segments of like
size are merged. The manifest says which segments count, and up to which change of the SQL log they tell everything:
what came later is read from that log again after a restart. So no write must be durable by itself, and none is lost.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import os
import secrets
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, ParamSpec, TypeVar

import msgspec
import numpy as np

from copyhound.domain.errors import CopyhoundError
from copyhound.domain.ports import IndexHit, IndexPart, IndexRecord
from copyhound.files import UNFINISHED, write_atomically
from copyhound.indexes.manifest import EMPTY, FORMAT, Kept, Manifest
from copyhound.indexes.owning import own, unusable
from copyhound.indexes.sealed import DamagedError
from copyhound.indexes.segments import discard
from copyhound.indexes.shelf import Shelf, settle_all
from copyhound.matching import FINGERPRINT_VERSION
from copyhound.matching.fingerprint import Postings, postings_of
from copyhound.matching.voting import lookup_of

P = ParamSpec("P")
T = TypeVar("T")

_log = logging.getLogger(__name__)
_PASSING: Final = {errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EACCES, errno.EIO}
"""Errors that say nothing about what stands in the files."""
_BEYOND: Final = 2**62
"""A mark that no log has reached."""
_Place = tuple[str, str]


class EmbeddedIndex:
    """Candidates from a folder that one process owns. May be called from several event loops.

    All work is done in one thread, in order. After a restart `mark` is that of the last writing to disk; what was
    handed in since then is to be handed in again.
    """

    engine = "embedded"

    def __init__(self, folder: Path, *, flush_after: int = 2_000) -> None:
        """Open the index in `folder`; CopyhoundError `data_in_use` where another process has it open,
        `unavailable` where the folder cannot be used; a disk that is full only stops the writing.

        It is written to disk whenever `flush_after` entries or deletions wait in memory, and on closing.
        An index of another version of Copyhound's, or one that is damaged, starts anew from mark 0. Damage in postings
        is noticed when they are first read: that call and all others raise `unavailable` until the index is cleared,
        and its mark is ahead of any log's.
        """
        self._folder = folder
        self._flush_after = flush_after
        self._closed = self._damaged = False
        self._lock = own(folder)
        self._shelves: dict[_Place, Shelf] = {}
        self._dropped = 0
        self._made = 0
        # an orphaned child of a killed process may still write: no name is used again
        self._token = secrets.token_hex(4)
        self._seq = 0
        try:
            self._open()
        except BaseException:
            os.close(self._lock)
            raise
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="copyhound-index")

    async def upsert(self, records: Sequence[IndexRecord]) -> None:
        """Write entries, each in place of what stood under its number."""
        if records:
            await self._do(self._upsert, records)

    async def remove(self, numbers: Sequence[int]) -> None:
        """Take entries out; quiet where one is not there."""
        if numbers:
            await self._do(self._remove, numbers)

    async def candidates(
        self, workspace_id: str, collection_id: str, fingerprint: bytes, limit: int, *, mirrored: bool = True
    ) -> list[IndexHit]:
        """Best first, each entry once (in its best variant).

        Raises CopyhoundError index_version_mismatch for a fingerprint of another version.
        """
        return await self._do(self._candidates, (workspace_id, collection_id), fingerprint, limit, mirrored)

    async def count(self) -> int:
        """How many entries there are, over all collections."""
        return await self._do(lambda: sum(one.alive for one in self._shelves.values()))

    async def part(self, workspace_id: str, collection_id: str) -> IndexPart:
        """What it holds of a collection, and what that takes; nothing of one that is damaged."""
        return await self._do(self._part, (workspace_id, collection_id))

    @property
    def crowded_words(self) -> int:
        """Words that searches did not read, since the start, for too many entries have them."""
        return sum(one.crowded for one in list(self._shelves.values()))

    async def mark(self) -> int:
        """The last change (seq) that the index tells of; 0 for an empty one."""
        return await self._do(self._mark)

    async def set_mark(self, seq: int) -> None:
        """Remember that the changes up to `seq` were handed in; writes to disk where enough of them wait.

        Where that fails, as on a full disk, all stays searchable from memory, and it is tried again the next time.
        """
        await self._do(self._set_mark, seq)

    async def clear(self) -> None:
        """Empty the index; its mark is 0 again, before anything is gone.

        CopyhoundError `unavailable` where that cannot be written: nothing has changed then.
        """
        await self._do(self._clear)

    async def optimise(self) -> None:
        """Write all to disk and make each collection one segment, now. Calls wait until it is done."""
        await self._do(self._optimise)

    async def close(self) -> None:
        """Put everything on disk and give the folder free; quiet the second time."""
        if self._closed:
            return
        await self._do(self._close)
        self._thread.shutdown(wait=False)

    async def _do(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        def run() -> T:
            if self._closed:
                raise CopyhoundError("unavailable", "The index is closed.")
            try:
                return work(*args, **kwargs)
            except DamagedError as error:
                self._lose(error)
            except OSError as error:
                raise unusable(self._folder, error) from error
            raise _damage()

        if self._closed:
            raise CopyhoundError("unavailable", "The index is closed.")
        return await asyncio.get_running_loop().run_in_executor(self._thread, run)

    # what follows runs in the index's own thread

    def _lose(self, error: DamagedError) -> None:
        """Forget everything, also for the next start. Who follows the log may be about to move the mark: it must not.

        All of it can be made again from the database: the follower finds the mark ahead of the log, and clears.
        """
        _log.error("the index is damaged, it starts anew: %s", error)
        self._damaged = True
        try:
            self._clear_disk()
        except OSError as cause:
            _log.warning("the index could not be written: %s", cause)
        self._forget()

    def _mark(self) -> int:
        return _BEYOND if self._damaged else self._seq

    def _whole(self) -> None:
        if self._damaged:
            raise _damage()

    def _upsert(self, records: Sequence[IndexRecord]) -> None:
        self._whole()
        last = {record.number: record for record in records}
        places: dict[_Place, list[tuple[int, Postings]]] = {}
        for record in last.values():
            entry = (record.number, postings_of(record.fingerprint))
            places.setdefault((record.workspace_id, record.collection_id), []).append(entry)
        self._drop(list(last))
        for place, entries in places.items():
            shelf = self._shelves.get(place) or self._shelves.setdefault(place, self._shelf(Kept(*place, [])))
            shelf.add(entries)

    def _remove(self, numbers: Sequence[int]) -> None:
        self._whole()
        self._drop(numbers)
        self._dropped += len(numbers)

    def _drop(self, numbers: Sequence[int]) -> None:
        wanted = np.array(sorted(numbers), np.int64)
        for shelf in self._shelves.values():
            shelf.drop(wanted)

    def _candidates(self, place: _Place, fingerprint: bytes, limit: int, mirrored: bool) -> list[IndexHit]:
        self._whole()
        shelf = self._shelves.get(place)
        return shelf.candidates(lookup_of(fingerprint, mirrored=mirrored), limit) if shelf else []

    def _part(self, place: _Place) -> IndexPart:
        shelf = self._shelves.get(place)
        return shelf.part if shelf else IndexPart(0)

    def _set_mark(self, seq: int) -> None:
        self._whole()
        self._seq = seq
        if self._dropped + sum(shelf.waiting for shelf in self._shelves.values()) < self._flush_after:
            return
        try:
            self._flush()
        except FileNotFoundError as error:  # somebody deleted what was written before
            raise DamagedError(str(error)) from error
        except OSError as error:
            _log.warning("the index could not be written, it will be tried again: %s", error)
            return
        try:
            # one child at a time, however many collections there are
            if not any(shelf.busy for shelf in self._shelves.values()):
                any(shelf.merge_some(self._named) for shelf in self._shelves.values())
        except OSError as error:
            _log.warning("segments not merged: %s", error)

    def _flush(self) -> None:
        settle_all([shelf for shelf in self._shelves.values() if shelf.changed], self._named)
        for place in [place for place, shelf in self._shelves.items() if not shelf.alive]:
            self._shelves.pop(place).stop_merging()
        self._write(self._seq)
        self._dropped = 0

    def _optimise(self) -> None:
        self._flush()
        for shelf in self._shelves.values():
            shelf.merge_all(self._named())
        self._write(self._seq)

    def _clear(self) -> None:
        if not (self._folder / "lock").exists():  # somebody deleted the folder
            lock, self._lock = self._lock, own(self._folder)
            os.close(lock)
        self._clear_disk()
        self._forget()
        self._damaged = False

    def _clear_disk(self) -> None:
        self._write_manifest(0, [])
        for shelf in self._shelves.values():
            shelf.give_up()
        self._sweep(set())

    def _forget(self) -> None:
        self._shelves, self._seq, self._dropped = {}, 0, 0

    def _close(self) -> None:
        try:
            for shelf in self._shelves.values():
                shelf.stop_merging()
            self._flush()
        except OSError as error:
            _log.warning("the index could not be written, its last changes will be read again: %s", error)
        except DamagedError as error:
            self._lose(error)
        finally:
            self._closed = True
            os.close(self._lock)

    def _shelf(self, kept: Kept) -> Shelf:
        return Shelf(kept, self._folder, small=self._flush_after // 4)

    def _named(self) -> str:
        self._made += 1
        return f"segment-{self._made:08d}-{self._token}"

    def _open(self) -> None:
        for file in self._folder.glob(f"{UNFINISHED}*"):
            with contextlib.suppress(OSError):
                file.unlink()
        manifest = self._read()
        self._made = manifest.made
        try:
            for kept in manifest.shelves:
                place = (kept.workspace_id, kept.collection_id)
                self._shelves[place] = self._shelf(kept)
            self._seq = manifest.seq
        except (OSError, ValueError, EOFError) as error:
            if isinstance(error, OSError) and error.errno in _PASSING:
                raise unusable(self._folder, error) from error
            # all of it can be made again from the database: the follower sees mark 0
            _log.warning("index unreadable, it starts anew: %s", error)
            self._shelves = {}
        try:
            self._write(self._seq)
        except OSError as error:  # what is there can be searched all the same
            _log.warning("the index could not be written, it will be tried again: %s", error)

    def _read(self) -> Manifest:
        try:
            found = Manifest.from_bytes((self._folder / "manifest.json").read_bytes())
        except FileNotFoundError:
            return EMPTY
        except DamagedError as error:
            _log.warning("index unreadable, it starts anew: %s", error)
            return EMPTY
        fits = (found.format, found.fingerprints) == (FORMAT, FINGERPRINT_VERSION)
        return found if fits else msgspec.structs.replace(EMPTY, made=found.made)

    def _write(self, seq: int) -> None:
        """Write the manifest, and throw away what it no longer names."""
        shelves = [shelf.kept for shelf in self._shelves.values()]
        self._write_manifest(seq, shelves)
        named = {name for kept in shelves for name in kept.segments}
        self._sweep(named | {name for shelf in self._shelves.values() for name in shelf.busy})

    def _write_manifest(self, seq: int, shelves: list[Kept]) -> None:
        manifest = Manifest(FORMAT, FINGERPRINT_VERSION, seq, self._made, shelves)
        write_atomically(self._folder / "manifest.json", manifest.to_bytes())

    def _sweep(self, needed: set[str]) -> None:
        for folder in self._folder.glob("segment-*"):
            if folder.name not in needed:
                discard(folder)


def _damage() -> CopyhoundError:
    return CopyhoundError("unavailable", "The index is damaged; it is being made anew from the database.")
