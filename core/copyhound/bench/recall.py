"""Answers a recall benchmark's queries by the way that every user's pictures go."""

from __future__ import annotations

import asyncio
import os
import statistics
import tempfile
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar, cast

import msgspec

from copyhound.bench.answers import UNCERTAIN, UNREADABLE, Answer, Query, answer_of, read_index, read_queries
from copyhound.bench.meter import Meter
from copyhound.bootstrap import House, open_house
from copyhound.compute.pool import ComputePool
from copyhound.domain.errors import CopyhoundError
from copyhound.domain.workspaces import Caller
from copyhound.settings import ComputeSettings, Settings

T = TypeVar("T")
Tell = Callable[[str, int, int], None]
"""Takes what is being done, how many are done, of how many."""
_COLLECTION: Final = "bench"


class Report(msgspec.Struct):
    """What the run was, and cost."""

    indexed: int
    refused: dict[str, str]
    """Pictures that were not indexed: id to code of the error, or "unreadable"."""
    queries: int
    queries_refused: int
    refused_queries: dict[str, str]
    """Queries that were not searched, and why, in the same way."""
    seconds_are: str
    """cpu or wall."""
    seconds_per_entry: float
    seconds_per_query: float
    """The median."""
    data_bytes: dict[str, int]
    """What the data folder takes on disk after indexing, by its parts: database, reduced copies (blobs), index ..."""
    wall_indexing: float
    wall_searching: float


@dataclass(frozen=True)
class Plan:
    """What to do."""

    queries: Path
    index: Path
    answers: Path
    limit: int = 0
    jobs: int = 0
    """Processes that work at the same time; 0: one for each core."""

    @property
    def processes(self) -> int:
        return self.jobs or os.cpu_count() or 1


@dataclass(frozen=True)
class _Run:
    """An open house with the benchmark's collection in it."""

    plan: Plan
    house: House
    caller: Caller
    meter: Meter
    tell: Tell

    async def each(self, what: str, items: list[T], work: Callable[[T], Awaitable[None]]) -> float:
        """Do the work for each, some side by side; seconds by the clock on the wall."""
        started, left, done = time.perf_counter(), iter(items), 0

        async def lane() -> None:
            nonlocal done
            for item in left:
                await work(item)
                self.meter.read()  # often, for what a worker did is lost to it once the worker was replaced
                done += 1
                self.tell(what, done, len(items))

        # one more than there are processes, so that none waits while a task is prepared
        lanes = min(len(items), self.plan.processes + (self.plan.processes > 1))
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(lanes):
                    group.create_task(lane())
        except ExceptionGroup as failed:
            raise failed.exceptions[0] from None  # the first is why the others were ended
        return time.perf_counter() - started


async def run(plan: Plan, tell: Tell) -> Report:
    """Index the pictures into a house of its own with default settings, search each query, write the answers.

    CopyhoundError invalid_request where a folder has not what it should have, or the answers cannot be written.
    """
    queries, ids = read_queries(plan.queries, plan.limit), read_index(plan.index)
    _check(plan, queries)
    with tempfile.TemporaryDirectory(prefix="copyhound-bench-") as data:
        settings = Settings(data=data, compute=ComputeSettings(workers=plan.jobs))
        async with _opened(plan, settings, tell) as bench:
            addresses = {f"https://bench.invalid/{number}": name for number, name in enumerate(ids)}
            refused, wall_indexing = await _index(bench, addresses)
            indexing = bench.meter.read()
            kept = _kept(Path(data))
            answers, wall_searching = await _search(bench, queries, addresses)
    return Report(
        indexed=len(ids) - len(refused),
        refused=refused,
        queries=len(queries),
        queries_refused=sum(one.refused is not None for one in answers),
        refused_queries={one.query: one.refused for one in answers if one.refused is not None},
        seconds_are=bench.meter.kind,
        seconds_per_entry=indexing / len(ids),
        seconds_per_query=statistics.median([one.seconds for one in answers if one.seconds is not None] or [0.0]),
        data_bytes=kept,
        wall_indexing=wall_indexing,
        wall_searching=wall_searching,
    )


def _check(plan: Plan, queries: Iterable[Query]) -> None:
    """Before hours of work: all pictures are there."""
    for query in queries:
        try:
            there = (plan.queries / query.query).is_file()
        except OSError:  # such as a name that is too long
            there = False
        if not there:
            raise CopyhoundError("invalid_request", f"There is no picture {query.query} in {plan.queries}.")


def _kept(data: Path) -> dict[str, int]:
    """Bytes on disk, whole blocks, of each part of a data folder; empty files and folders take none."""
    parts = {part: [part, *part.rglob("*")] if part.is_dir() else [part] for part in data.iterdir()}
    sizes = {part.name: sum(512 * path.stat().st_blocks for path in found) for part, found in parts.items()}
    return dict(sorted((name, size) for name, size in sizes.items() if size))


@asynccontextmanager
async def _opened(plan: Plan, settings: Settings, tell: Tell) -> AsyncIterator[_Run]:
    async with open_house(settings, work=False) as house:
        plain = await house.services.keys.bootstrap()
        caller = await house.services.keys.check(plain or "")
        pool = cast(ComputePool, house.services.kit.compute)
        yield _Run(plan, house, caller, Meter(lambda: pool.worker_pids), tell)


async def _index(bench: _Run, addresses: dict[str, str]) -> tuple[dict[str, str], float]:
    services, refused = bench.house.services, dict[str, str]()
    within = await services.collections.ensure(bench.caller.workspace_id, _COLLECTION)

    async def add(item: tuple[str, str]) -> None:
        address, name = item
        try:
            data = await asyncio.to_thread((bench.plan.index / name).read_bytes)
        except OSError:
            refused[name] = UNREADABLE
            return
        try:
            await services.collections.index(within, address, data, ())
        except CopyhoundError as error:
            refused[name] = error.code

    wall = await bench.each("indexing", list(addresses.items()), add)
    started = time.perf_counter()
    await services.candidates.catch_up()
    return refused, wall + time.perf_counter() - started


async def _search(bench: _Run, queries: list[Query], addresses: dict[str, str]) -> tuple[list[Answer], float]:
    answers: dict[str, Answer] = {}
    left = deque(queries)

    async def search(query: Query) -> None:
        answers[query.query] = await _answer(bench, query, addresses)
        while left and left[0].query in answers:
            write(answers[left.popleft().query])

    with _lines(bench.plan.answers) as write:
        wall = await bench.each("searching", queries, search)
    return [answers[query.query] for query in queries], wall


async def _answer(bench: _Run, query: Query, addresses: dict[str, str]) -> Answer:
    try:
        data = await asyncio.to_thread((bench.plan.queries / query.query).read_bytes)
    except OSError:
        return Answer(query.query, [], refused=UNREADABLE)
    spent: list[float] = []
    try:
        with bench.meter.task(spent.append):
            found = await bench.house.services.collections.search(bench.caller, _COLLECTION, data, least=UNCERTAIN)
    except CopyhoundError as error:
        return Answer(query.query, [], refused=error.code)
    return answer_of(query.query, found, addresses, spent[0])


@contextmanager
def _lines(path: Path) -> Iterator[Callable[[Answer], None]]:
    """Takes answers, and has each in the file at once. CopyhoundError invalid_request where that cannot be."""

    def told(error: OSError) -> CopyhoundError:
        return CopyhoundError("invalid_request", f"{path} cannot be written: {error.strerror}.")

    def write(answer: Answer) -> None:
        try:
            file.write(msgspec.json.encode(answer) + b"\n")
            file.flush()
        except OSError as error:
            raise told(error) from None

    try:
        file = path.open("wb")
    except OSError as error:
        raise told(error) from None
    try:
        yield write
    finally:
        with suppress(OSError):  # what could not be flushed was told
            file.close()
