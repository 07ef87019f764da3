"""The embedded engine: words as sparse vectors in a qdrant-edge shard, durable, on disk, in this process."""

from __future__ import annotations

import asyncio
import fcntl
import logging
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, ParamSpec, TypeVar

import msgspec
import qdrant_edge as qdrant

from copyhound.domain.errors import CopyhoundError
from copyhound.domain.ports import IndexHit, IndexRecord
from copyhound.indexes.scoring import unit, unite

P = ParamSpec("P")
T = TypeVar("T")

_log = logging.getLogger(__name__)
_VECTOR: Final = "words"
_KEYS: Final = ("workspace_id", "collection_id")
_FORMAT: Final = 1
_CHUNK: Final = 100
"""Points in one call: the engine holds Python's global lock meanwhile (some 10 ms for 100)."""
_MOST_UNTIDY: Final = 20_000
_WAIT_SECONDS: Final = 120.0


class _Mark(msgspec.Struct, frozen=True):
    seq: int
    format: int = _FORMAT


class EmbeddedIndex:
    """Candidates from a folder that one process owns. May be called from several event loops.

    All work is done in one thread, in order. What `upsert` and `remove` have acknowledged survives the death of
    the process; what stands before the mark also survives the machine's.
    """

    def __init__(self, folder: Path, *, tidy_after: int = 5_000) -> None:
        """Open the index in `folder`; CopyhoundError `data_in_use` where another one has it open.

        The engine starts with the first entry. After `tidy_after` changes (more in a large index) it is optimised
        in a child process; calls wait meanwhile (about 1 s for every 10,000 new entries).
        """
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._path = folder / "shard"
        self._tidy_after = tidy_after
        self._changes = 0
        self._closed = False
        self._lock = _own(folder / "lock")
        try:
            self._shard = self._opened()
        except BaseException:
            os.close(self._lock)
            raise
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="copyhound-index")

    async def upsert(self, records: Sequence[IndexRecord]) -> None:
        """Write entries, each in place of what stood under its number."""
        for start in range(0, len(records), _CHUNK):
            points = [_point(record) for record in records[start : start + _CHUNK]]
            await self._do(self._change, qdrant.UpdateOperation.upsert_points(points), len(points))

    async def remove(self, numbers: Sequence[int]) -> None:
        """Take entries out; quiet where one is not there."""
        if numbers:
            await self._do(self._change, qdrant.UpdateOperation.delete_points(list(numbers)), len(numbers))

    async def candidates(
        self, workspace_id: str, collection_id: str, variants: Sequence[Mapping[int, float]], limit: int
    ) -> list[IndexHit]:
        """Best first, each entry once (its best variant); only entries that share a word."""
        place = _place(workspace_id, collection_id)
        asked = [(variant, unit(words)) for variant, words in enumerate(variants)]
        return unite(
            [await self._do(self._ask, place, words, variant, limit) for variant, words in asked if words], limit
        )

    async def count(self) -> int:
        """How many entries there are, over all collections."""
        return await self._do(lambda: self._shard.count(qdrant.CountRequest(exact=True)) if self._shard else 0)

    async def mark(self) -> int:
        """The last change (seq) that is durably in the index; 0 for an empty one."""
        return await self._do(self._read_mark)

    async def set_mark(self, seq: int) -> None:
        """Put everything handed in on disk, then remember that the changes up to `seq` are there."""
        await self._do(self._settle, seq)

    async def clear(self) -> None:
        """Empty the index; its mark is 0 again, before anything is gone."""
        await self._do(self._clear)

    async def optimise(self) -> None:
        """Compact the index now. Calls wait until it is done."""
        await self._do(self._tidy)

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
            return work(*args, **kwargs)

        if self._closed:
            raise CopyhoundError("unavailable", "The index is closed.")
        return await asyncio.get_running_loop().run_in_executor(self._thread, run)

    # what follows runs in the index's own thread

    def _change(self, operation: qdrant.UpdateOperation, points: int) -> None:
        if self._shard is None:
            self._shard = self._created()
        self._shard.update(operation)
        self._changes += points
        # a tenth of a large index, so that merging costs no more than writing; new entries take 12 kB of RAM each
        if self._changes >= min(max(self._tidy_after, self._shard.info().points_count // 10), _MOST_UNTIDY):
            self._tidy()

    def _ask(self, place: qdrant.Filter, words: Mapping[int, float], variant: int, limit: int) -> list[IndexHit]:
        if self._shard is None:
            return []
        request = qdrant.QueryRequest(
            limit=limit,
            query=qdrant.Query.Nearest(_sparse(words), using=_VECTOR),
            filter=place,
            params=qdrant.SearchParams(idf=qdrant.IdfParams(corpus=place)),
        )
        return [IndexHit(int(point.id), point.score, variant) for point in self._shard.query(request)]

    def _settle(self, seq: int) -> None:
        if self._shard is not None:
            self._shard.flush()
        self._write_mark(seq)

    def _clear(self) -> None:
        self._write_mark(0)
        self._changes = 0
        if self._shard is not None:
            shard, self._shard = self._shard, None
            shard.close()
            shutil.rmtree(self._path)

    def _close(self) -> None:
        self._closed = True
        if self._shard is not None:
            self._shard.flush()
            self._shard.close()
        os.close(self._lock)

    def _tidy(self) -> None:
        if self._shard is None:
            return
        self._changes = 0
        shard, self._shard = self._shard, None
        shard.flush()
        shard.close()
        command = [sys.executable, "-m", "copyhound.indexes.tidy", str(self._path)]
        try:
            done = subprocess.run(command, capture_output=True, check=False, stdin=subprocess.DEVNULL)
            if done.returncode != 0:
                _log.warning("index not optimised: exit %d %s", done.returncode, done.stderr[-500:])
        finally:
            self._shard = self._loaded()

    def _opened(self) -> qdrant.EdgeShard | None:
        if not self._path.exists():
            self._write_mark(0)
            return None
        try:
            return self._loaded()
        except Exception as error:
            if _busy(error):
                raise CopyhoundError("data_in_use", f"The index in {self._folder} is open elsewhere.") from error
            _log.warning("index unreadable, it starts anew: %s", error)
        # all of it can be made again from the database: the follower sees mark 0
        self._write_mark(0)
        broken = self._folder / "shard.broken"
        shutil.rmtree(broken, ignore_errors=True)
        self._path.rename(broken)
        return None

    def _created(self) -> qdrant.EdgeShard:
        self._path.mkdir()
        return _keyed(qdrant.EdgeShard.create(str(self._path), _config()))

    def _loaded(self) -> qdrant.EdgeShard:
        """Waits for a child that outlived its killed parent and still optimises."""
        end = time.monotonic() + _WAIT_SECONDS
        while True:
            try:
                return _keyed(qdrant.EdgeShard.load(str(self._path)))
            except Exception as error:
                if not _busy(error) or time.monotonic() > end:
                    raise
            time.sleep(0.1)

    def _read_mark(self) -> int:
        try:
            found = msgspec.json.decode((self._folder / "mark.json").read_bytes(), type=_Mark)
        except (FileNotFoundError, msgspec.DecodeError):
            return 0
        return found.seq if found.format == _FORMAT else 0

    def _write_mark(self, seq: int) -> None:
        if seq == self._read_mark():
            return
        new = self._folder / "mark.json.new"
        with new.open("wb") as file:
            file.write(msgspec.json.encode(_Mark(seq)))
            file.flush()
            os.fsync(file.fileno())
        new.replace(self._folder / "mark.json")
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _own(path: Path) -> int:
    """A descriptor that holds the folder's lock until it is closed."""
    lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        raise CopyhoundError("data_in_use", f"The index in {path.parent} is open elsewhere.") from None
    return lock


def _busy(error: Exception) -> bool:
    return "WouldBlock" in str(error)


def _config() -> qdrant.EdgeConfig:
    words = qdrant.EdgeSparseVectorParams(modifier=qdrant.Modifier.Idf, memory=qdrant.Memory.Cold)
    return qdrant.EdgeConfig(
        sparse_vectors={_VECTOR: words},
        optimizers=qdrant.EdgeOptimizersConfig(default_segment_number=8, indexing_threshold=4_000),
        max_search_threads=1,
        payload_memory=qdrant.Memory.Cold,
        id_tracker_memory=qdrant.Memory.Cold,
    )


def _keyed(shard: qdrant.EdgeShard) -> qdrant.EdgeShard:
    there = shard.info().payload_schema
    for key in _KEYS:
        if key not in there:
            shard.update(qdrant.UpdateOperation.create_field_index(key, qdrant.PayloadSchemaType.Keyword))
    return shard


def _point(record: IndexRecord) -> qdrant.Point:
    payload = {"workspace_id": record.workspace_id, "collection_id": record.collection_id}
    return qdrant.Point(record.number, {_VECTOR: _sparse(unit(record.words))}, payload)


def _sparse(words: Mapping[int, float]) -> qdrant.SparseVector:
    return qdrant.SparseVector(list(words), list(words.values()))


def _place(workspace_id: str, collection_id: str) -> qdrant.Filter:
    return qdrant.Filter(
        must=[
            qdrant.FieldCondition(key, match=qdrant.MatchValue(value))
            for key, value in zip(_KEYS, (workspace_id, collection_id), strict=True)
        ]
    )
