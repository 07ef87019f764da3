"""Running jobs: steps, tries, failures, restarts."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import structlog

from copyhound.domain.errors import CopyhoundError
from copyhound.jobs.definitions import JobDefinition, Retry

from .jobs_kit import House, StartWorker, until

QUICK = Retry(attempts=3, first_wait=0.01)


async def put(house: House, job: str, key: str) -> None:
    async with house.queue() as queue:
        await queue.enqueue(job, key, id=f"{job}:{key}")


async def test_answer_is_kept_when_settling_fails(sqlite_house: House) -> None:
    """The first step of a lookup runs once, however often the second one has to be tried."""
    asked: list[str] = []
    settled: list[object] = []

    async def ask(key: str) -> dict[str, object]:
        asked.append(key)
        return {"outcome": "answered", "candidates": [1, 2.5, None, "ä"]}

    async def settle(key: str, answer: dict[str, object]) -> None:
        settled.append(answer)
        if len(settled) < 3:
            raise OSError("the disk is away")

    await sqlite_house.start(lookup=JobDefinition(ask, settle, retry=QUICK))
    await put(sqlite_house, "lookup", "a")
    await until(lambda: len(settled) == 3)
    assert asked == ["a"]
    assert settled[2] == {"outcome": "answered", "candidates": [1, 2.5, None, "ä"]}


@pytest.mark.parametrize(
    ("error", "tries", "reason"),
    [
        (CopyhoundError("unavailable", "The database is busy."), 3, "unavailable: The database is busy."),
        (CopyhoundError("not_found", "It is gone."), 1, "not_found: It is gone."),
        (ValueError("se-cret"), 3, "internal_error: The job broke."),
    ],
)
async def test_failing_job_is_tried_told_and_logged(
    sqlite_house: House, caplog: pytest.LogCaptureFixture, error: Exception, tries: int, reason: str
) -> None:
    """What may help is tried again, what cannot is not; then the job's `failed` is told, and the log has its id."""
    calls: list[str] = []
    told: list[tuple[str, str]] = []

    async def broken(key: str) -> None:
        calls.append(key)
        raise error

    async def failed(key: str, why: str) -> None:
        told.append((key, why))

    await sqlite_house.start(search=JobDefinition(broken, failed=failed, retry=QUICK))
    with caplog.at_level(logging.WARNING):
        await put(sqlite_house, "search", "a")
        await until(lambda: told)
    assert (len(calls), told) == (tries, [("a", reason)])
    assert "job search:a failed" in caplog.text


async def test_job_id_is_bound_to_the_log(sqlite_house: House) -> None:
    """Whatever a job logs carries its name and id."""
    seen: list[dict[str, object]] = []

    async def look(key: str) -> None:
        seen.append(structlog.contextvars.get_contextvars())

    await sqlite_house.start(search=JobDefinition(look))
    await put(sqlite_house, "search", "a")
    await until(lambda: seen)
    assert seen == [{"job": "search", "job_id": "search:a"}]


async def test_runs_on_a_loop_of_its_own_and_quietly(sqlite_house: House, capfd: pytest.CaptureFixture[str]) -> None:
    """Jobs don't share the loop of requests, and nothing is written to the terminal."""
    loops: list[asyncio.AbstractEventLoop] = []

    async def look(key: str) -> None:
        loops.append(asyncio.get_running_loop())

    await sqlite_house.start(search=JobDefinition(look))
    await put(sqlite_house, "search", "a")
    await until(lambda: loops)
    await sqlite_house.stop()
    assert loops[0] is not asyncio.get_running_loop()
    assert capfd.readouterr() == ("", "")


async def test_stop_in_the_middle_loses_nothing(house: House) -> None:
    """A job that is running when the process stops is done at the next start, without asking again."""
    asked: list[str] = []
    begun = asyncio.Event()
    let_go = False
    settled: list[str] = []
    here = asyncio.get_running_loop()

    async def ask(key: str) -> str:
        asked.append(key)
        return "paid"

    async def settle(key: str, answer: str) -> None:
        here.call_soon_threadsafe(begun.set)
        while not let_go:
            await asyncio.sleep(0.01)
        settled.append(answer)

    await house.start(lookup=JobDefinition(ask, settle))
    await put(house, "lookup", "a")
    await asyncio.wait_for(begun.wait(), 30)
    await house.stop()
    assert settled == []
    let_go = True
    await house.start(lookup=JobDefinition(ask, settle))
    await until(lambda: settled)
    assert (asked, settled) == (["a"], ["paid"])


async def test_forgets_only_what_ended_before(house: House) -> None:
    """Records of jobs that ended are deleted after a time; one that waits for its day, or broke just now, stays."""
    ran: list[str] = []

    async def work(key: str) -> None:
        ran.append(key)
        if key == "bad":
            raise CopyhoundError("not_found")

    runtime = await house.start(search=JobDefinition(work))
    async with house.queue() as queue:
        await queue.enqueue("search", "later", id="search:later", delay=86400)
        await queue.enqueue("search", "good", id="search:good")
        await queue.enqueue("search", "bad", id="search:bad")
    await until(lambda: len(ran) == 2)
    assert await runtime.forget(datetime.now(UTC) - timedelta(hours=1)) == 0
    gone = 0
    async with asyncio.timeout(10):
        while gone < 2:  # a job ends a moment after its last line
            gone += await runtime.forget(datetime.now(UTC) + timedelta(hours=1))
    assert await runtime.forget(datetime.now(UTC) + timedelta(hours=48)) == 0
    assert gone == 2


async def test_kill_and_restart(house: House, start_worker: StartWorker, tmp_path: Path) -> None:
    """kill -9 between the steps: the process that comes back under the same id goes on after the last one done."""
    await house.runtime_tables()
    worker = await start_worker(house.database.plain_url, "w1")
    await put(house, "lookup", "a")
    await until((tmp_path / "settling").exists)
    await worker.kill()
    (tmp_path / "go").touch()
    await start_worker(house.database.plain_url, "w1")
    await until((tmp_path / "settled").exists)
    assert (tmp_path / "asked").read_text() == "w1 a\n"
    assert (tmp_path / "settled").read_text() == "w1 a w1\n"


async def test_what_could_not_be_ended_is_queued_anew(house: House) -> None:
    """What is begun by the records, and run by nobody at two looks, is done again; a job that runs is let be."""
    ran: list[str] = []
    release = asyncio.Event()

    async def search(key: str) -> None:
        ran.append(key)
        while key == "slow" and not release.is_set():
            await asyncio.sleep(0.01)

    runtime = await house.start(search=JobDefinition(search, recorded=False))
    async with house.queue() as queue:
        await queue.enqueue("search", "stranded", id="search:1")
        await queue.enqueue("search", "slow", id="search:2")
    await until(lambda: len(ran) == 2)
    table = "dbos.workflow_status" if house.database.backend == "postgresql" else "workflow_status"
    while not await _written(house, table):
        await asyncio.sleep(0.01)
    async with house.database.write() as connection:
        await connection.exec_driver_sql(f"update {table} set status = 'PENDING' where workflow_uuid = 'search:1'")
    assert [await runtime.take_up() for _ in range(2)] == [0, 1]
    await until(lambda: len(ran) == 3)
    release.set()
    assert sorted(ran) == ["slow", "stranded", "stranded"]


async def _written(house: House, table: str) -> bool:
    async with house.database.read() as connection:
        of = await connection.exec_driver_sql(f"select status from {table} where workflow_uuid = 'search:1'")
        return bool(of.scalar() == "SUCCESS")


async def test_two_processes_share_the_work(postgres_house: House, start_worker: StartWorker, tmp_path: Path) -> None:
    """Two processes on one PostgreSQL do every job exactly once between them."""
    await postgres_house.runtime_tables()
    url = postgres_house.database.plain_url
    await asyncio.gather(start_worker(url, "w1"), start_worker(url, "w2"))
    async with postgres_house.queue() as queue:
        for number in range(100):
            await queue.enqueue("search", str(number), id=f"search:{number}")
    marks = tmp_path / "touched"
    await until(lambda: marks.exists() and len(marks.read_text().splitlines()) >= 100)
    lines = [line.split() for line in marks.read_text().splitlines()]
    assert sorted(int(key) for _, key in lines) == list(range(100))
    assert {executor for executor, _ in lines} == {"w1", "w2"}
