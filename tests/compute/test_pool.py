"""The compute pool: what its workers may do, and what becomes of the others when one dies."""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from PIL import Image

from copyhound.compute import process
from copyhound.compute.pool import REGISTRY, ComputePool
from copyhound.domain.errors import CopyhoundError

PROBES = (
    "add", "facts", "refuse", "bad_value", "bad_program", "opaque", "trap", "unsendable", "die", "hang", "spin", "hold",
    "stay", "die_by", "allocate", "pid", "environment", "limits", "burn", "cv_threads", "mark",
    "watch_memory",
)  # fmt: skip
PROBE_REGISTRY = {name: f"compute_probes:{name}" for name in PROBES} | {
    "ping": REGISTRY["ping"],
    "missing": "no_such_module:function",
}
PoolMaker = Callable[..., ComputePool]


@pytest.fixture
async def make_pool(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[PoolMaker]:
    """Makes pools whose workers know the probes; closes them after the test."""
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    async with contextlib.AsyncExitStack() as stack:

        def make(**options: Any) -> ComputePool:
            defaults: dict[str, Any] = {"workers": 2, "task_seconds": 60, "registry": PROBE_REGISTRY}
            pool = ComputePool(**(defaults | options))
            stack.push_async_callback(pool.aclose)
            return pool

        yield make


async def until(condition: Callable[[], Any], seconds: float = 30) -> None:
    """Waits for a condition, and fails when it does not come."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.005)


async def error_of(call: Any) -> CopyhoundError:
    """The error of a call that has to fail."""
    with pytest.raises(CopyhoundError) as caught:
        await call
    return caught.value


def folder(path: Path) -> Path:
    """A new folder."""
    path.mkdir()
    return path


def in_it(path: Path) -> int:
    """How many things are in a folder."""
    return len(list(path.iterdir()))


def gone(pid: int) -> bool:
    """Whether a process has ended."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


async def test_a_result_comes_back(make_pool: PoolMaker) -> None:
    """A registered function runs elsewhere, and its result comes back."""
    pool = make_pool()
    assert await pool.run("add", 1, 2) == 3
    assert await pool.run("add", 1, right=3) == 4
    assert await pool.run("pid") not in (os.getpid(), None)


async def test_large_pictures_cross_the_pipe(make_pool: PoolMaker) -> None:
    """Arguments and results of tens of megabytes cross whole."""
    data = os.urandom(1_000_000) * 30
    assert await make_pool().run("ping", data) == data


async def test_structs_enumerations_and_arrays_cross_the_pipe(make_pool: PoolMaker) -> None:
    """What matching returns comes back as it was."""
    facts = await make_pool().run("facts")
    assert (facts.width, facts.colour.value) == (7, "red")
    assert facts.values.tolist() == [[0, 1, 2], [3, 4, 5]]


async def test_domain_errors_cross_the_pipe_whole(make_pool: PoolMaker) -> None:
    """A CopyhoundError keeps code, detail and extras, and costs no worker."""
    pool = make_pool()
    before = await pool.run("pid")
    error = await error_of(pool.run("refuse"))
    assert (error.code, error.detail) == ("image_too_simple", "Only 3 features.")
    assert error.extra == {"features": 3, "where": {"x": (1, 2)}}
    assert await pool.run("pid") == before


@pytest.mark.parametrize(
    ("function", "code"),
    [("bad_value", "image_decode_failed"), ("bad_program", "internal_error"), ("missing", "internal_error")],
)
async def test_other_exceptions_are_logged_and_worded(
    make_pool: PoolMaker, caplog: pytest.LogCaptureFixture, function: str, code: str
) -> None:
    """A decoder that chokes is the picture's fault, a programming error ours; the log has the traceback."""
    error = await error_of(make_pool().run(function))
    assert error.code == code
    assert "Traceback" in caplog.text


async def test_an_unknown_function_is_refused(make_pool: PoolMaker) -> None:
    """Only what is registered can be run."""
    with pytest.raises(KeyError):
        await make_pool().run("system", "true")


async def test_answers_that_are_no_plain_data_are_not_unpacked(make_pool: PoolMaker, tmp_path: Path) -> None:
    """A worker that was taken over cannot make the server run anything."""
    pool, mark = make_pool(), tmp_path / "owned"
    for call in (pool.run("trap", f"touch {mark}"), pool.run("opaque")):
        assert (await error_of(call)).code == "image_decode_failed"
    assert not mark.exists()
    assert await pool.run("add", 1, 1) == 2


async def test_what_cannot_be_sent_harms_no_worker(make_pool: PoolMaker) -> None:
    """Arguments and results that cannot be pickled are errors, and the pool goes on."""
    pool = make_pool()
    with pytest.raises(Exception, match="pickle"):
        await pool.run("ping", lambda: None)
    assert (await error_of(pool.run("unsendable"))).code == "internal_error"
    assert await pool.run("add", 1, 1) == 2


async def test_a_death_hurts_nobody_else(make_pool: PoolMaker, tmp_path: Path) -> None:
    """When a worker dies, its task fails; those that run beside it and those that wait do not."""
    pool = make_pool()
    begun, released = tmp_path / "begun", tmp_path / "released"
    beside = asyncio.create_task(pool.run("hold", str(begun), str(released)))
    await until(begun.exists)
    dying = [asyncio.create_task(pool.run("die")) for _ in range(3)]
    waiting = [asyncio.create_task(pool.run("add", number, 0)) for number in range(5)]
    for task in dying:
        assert (await error_of(task)).code == "image_decode_failed"
    assert await asyncio.gather(*waiting) == [0, 1, 2, 3, 4]
    released.mkdir()
    assert await beside > 0


async def test_a_task_whose_worker_is_killed_is_tried_again(make_pool: PoolMaker, tmp_path: Path) -> None:
    """The out-of-memory killer takes a worker: another one does its task, and the caller does not notice."""
    pool, released = make_pool(workers=1), tmp_path / "released"
    tries = folder(tmp_path / "tries")
    task = asyncio.create_task(pool.run("stay", str(tries), str(released)))
    await until(lambda: in_it(tries) == 1)
    [pid] = pool.worker_pids
    os.kill(pid, signal.SIGKILL)
    await until(lambda: in_it(tries) == 2)
    released.mkdir()
    assert await task != pid


async def test_a_task_that_loses_two_workers_is_not_to_blame(make_pool: PoolMaker, tmp_path: Path) -> None:
    """When a second worker is killed at the same task, the task may be sent again later; the next one runs."""
    pool, tries = make_pool(workers=1), folder(tmp_path / "tries")
    error = await error_of(pool.run("die_by", int(signal.SIGKILL), str(tries)))
    assert (error.code, error.retryable, in_it(tries)) == ("compute_unavailable", True, 2)
    assert error.detail == "The process that reads pictures was killed, twice."
    assert await pool.run("add", 1, 1) == 2


async def test_a_crash_is_not_tried_again(make_pool: PoolMaker, tmp_path: Path) -> None:
    """A decoder that crashes would do so again: its task fails at once."""
    tries = folder(tmp_path / "tries")
    error = await error_of(make_pool().run("die_by", int(signal.SIGSEGV), str(tries)))
    assert (error.detail, in_it(tries)) == ("The picture makes the decoder crash.", 1)


async def test_a_worker_killed_twice_idle_and_busy_is_replaced_twice(make_pool: PoolMaker, tmp_path: Path) -> None:
    """That a worker died idle does not count against the task that finds it dead."""
    pool, released = make_pool(workers=1), tmp_path / "released"
    tries = folder(tmp_path / "tries")
    pid = await pool.run("pid")
    os.kill(pid, signal.SIGKILL)
    await until(lambda: gone(pid))
    task = asyncio.create_task(pool.run("stay", str(tries), str(released)))
    await until(lambda: in_it(tries) == 1)
    os.kill(pool.worker_pids[0], signal.SIGKILL)
    await until(lambda: in_it(tries) == 2)
    released.mkdir()
    assert await task not in (pid, None)


async def test_a_worker_that_died_idle_is_nobodys_fault(make_pool: PoolMaker) -> None:
    """A worker that dies between two tasks is replaced, and the next task does not notice."""
    pool = make_pool(workers=1)
    pid = await pool.run("pid")
    os.kill(pid, signal.SIGKILL)
    await until(lambda: gone(pid))
    assert await pool.run("pid") != pid


async def test_a_task_that_takes_too_long_is_ended(make_pool: PoolMaker, monkeypatch: pytest.MonkeyPatch) -> None:
    """A task that spins beyond its time fails, and its process is gone."""
    monkeypatch.setattr(process, "_FAIR_SHARE", 0.05)  # others may use the machine while this is tested
    pool = make_pool(workers=1, task_seconds=2)
    pid = await pool.run("pid")
    error = await error_of(pool.run("spin"))
    assert (error.code, error.detail) == ("image_decode_failed", "The picture takes too long.")
    assert gone(pid)


async def test_a_picture_is_not_blamed_for_an_overloaded_machine(make_pool: PoolMaker, tmp_path: Path) -> None:
    """A task whose time passed while it had next to no CPU is ended too, and may be sent again later."""
    pool = make_pool(workers=1, task_seconds=2)
    pid = await pool.run("pid")
    error = await error_of(pool.run("hang", str(tmp_path / "begun")))
    assert (error.code, error.retryable) == ("compute_unavailable", True)
    assert gone(pid)


async def test_beyond_its_cpu_a_picture_took_too_long(make_pool: PoolMaker, tmp_path: Path) -> None:
    """The system ends what uses more CPU than it may: that is no crash of a decoder."""
    error = await error_of(make_pool().run("die_by", int(signal.SIGXCPU), str(folder(tmp_path / "tries"))))
    assert (error.code, error.detail) == ("image_decode_failed", "The picture takes too long.")


async def test_the_cpu_limit_is_for_each_task_not_for_the_workers_life(make_pool: PoolMaker) -> None:
    """A worker that has already used much CPU is given as much again for its next task."""
    pool = make_pool(workers=1, task_seconds=30)
    first = (await pool.run("limits", os.devnull + "/x"))["cpu"]
    await pool.run("burn", 2.5)
    second = (await pool.run("limits", os.devnull + "/x"))["cpu"]
    assert 31 <= first <= 33
    assert second >= first + 2


async def test_memory_is_limited(make_pool: PoolMaker) -> None:
    """A task that wants more memory than the limit fails; one that wants less does not."""
    pool = make_pool(workers=1, memory_bytes=1 << 30)
    assert await pool.run("allocate", 100 << 20) == 100 << 20
    error = await error_of(pool.run("allocate", 2 << 30))
    assert (error.code, error.detail) == ("image_decode_failed", "The picture needs too much memory.")
    assert await pool.run("add", 1, 1) == 2


async def test_workers_are_confined(make_pool: PoolMaker, tmp_path: Path) -> None:
    """A worker has its limits, writes no files, dumps no core, and has a session of its own."""
    limits = await make_pool(memory_bytes=3 << 30).run("limits", str(tmp_path / "written"))
    assert (limits["memory"], limits["core"], limits["wrote"]) == (3 << 30, 0, False)
    assert limits["session"] == limits["pid"]


async def test_workers_know_no_secrets(make_pool: PoolMaker, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither Copyhound's settings nor any other secret of the server's environment reaches a worker."""
    for name in ("COPYHOUND_DATABASE_URL", "AWS_SECRET_ACCESS_KEY", "PGPASSWORD"):
        monkeypatch.setenv(name, "hunter2")
    environment = await make_pool().run("environment")
    assert "hunter2" not in environment.values()
    assert not [name for name in environment if name.startswith("COPYHOUND_")]


async def test_opencv_uses_one_thread(make_pool: PoolMaker) -> None:
    """The pool is the parallelism: OpenCV starts no threads inside."""
    assert await make_pool().run("cv_threads") == 1


async def test_an_idle_pool_holds_no_process(make_pool: PoolMaker) -> None:
    """No worker before the first task, none some time after the last, and one again when there is work."""
    pool = make_pool(idle_seconds=0.05)
    assert pool.worker_pids == []
    pid = await pool.run("pid")
    await until(lambda: gone(pid))
    assert pool.worker_pids == []
    assert await pool.run("pid") != pid


async def test_tasks_one_after_another_need_one_worker(make_pool: PoolMaker) -> None:
    """A second worker is started for tasks at the same time only."""
    pool = make_pool(workers=4)
    assert len({await pool.run("pid") for _ in range(50)}) == 1
    assert len(pool.worker_pids) == 1


async def test_tasks_at_the_same_time_run_at_the_same_time(make_pool: PoolMaker, tmp_path: Path) -> None:
    """As many tasks run at once as there are workers, each in its own, and no more."""
    pool, released = make_pool(workers=3), tmp_path / "released"
    begun = [tmp_path / f"begun{number}" for number in range(4)]
    tasks = [asyncio.create_task(pool.run("hold", str(path), str(released))) for path in begun]
    await until(lambda: all(path.exists() for path in begun[:3]))
    assert not begun[3].exists()
    released.mkdir()
    assert len(set(await asyncio.gather(*tasks))) == 3


async def test_tasks_are_taken_in_their_order(make_pool: PoolMaker) -> None:
    """First come, first served."""
    pool, done = make_pool(workers=1), []

    async def one(number: int) -> None:
        done.append(await pool.run("ping", number))

    await asyncio.gather(*(one(number) for number in range(30)))
    assert done == list(range(30))


async def test_workers_are_recycled(make_pool: PoolMaker) -> None:
    """After so many tasks a worker is replaced, and the old one ends."""
    pool = make_pool(workers=1, tasks_per_worker=2)
    pids = [await pool.run("pid") for _ in range(6)]
    assert pids[0] == pids[1] != pids[2] == pids[3] != pids[4] == pids[5]
    await until(lambda: gone(pids[0]))


async def test_nobody_waits_for_a_worker_to_be_replaced(make_pool: PoolMaker) -> None:
    """A worker at its end is replaced as soon as it has answered, before there is another task."""
    pool = make_pool(workers=1, tasks_per_worker=1)
    first = await pool.run("pid")
    await until(lambda: pool.worker_pids not in ([], [first]))
    (second,) = pool.worker_pids
    assert await pool.run("pid") == second


async def test_a_worker_without_work_gives_memory_back(make_pool: PoolMaker, tmp_path: Path) -> None:
    """What a worker keeps for the next task goes back to the system when none comes."""
    pool = make_pool(workers=1)
    await pool.run("watch_memory", str(tmp_path / "given"))
    await until((tmp_path / "given").exists)
    assert await pool.run("add", 1, 2) == 3


async def test_several_event_loops_share_a_pool(make_pool: PoolMaker) -> None:
    """Loops in several threads use one pool at once, each getting its own results."""
    pool = make_pool()

    async def some(start: int) -> list[int]:
        return list(await asyncio.gather(*(pool.run("add", start, number) for number in range(100))))

    def elsewhere(start: int) -> list[int]:
        return asyncio.run(some(start))

    results = await asyncio.gather(some(0), asyncio.to_thread(elsewhere, 1000), asyncio.to_thread(elsewhere, 2000))
    assert list(results) == [[start + number for number in range(100)] for start in (0, 1000, 2000)]
    assert len(pool.worker_pids) <= 2


async def test_callers_that_give_up_wedge_nothing(make_pool: PoolMaker, tmp_path: Path) -> None:
    """A cancelled task that waits is never run; one that runs is let finish; the worker goes on."""
    pool = make_pool(workers=1)
    begun, released, never = (tmp_path / name for name in ("begun", "released", "never"))
    running = asyncio.create_task(pool.run("hold", str(begun), str(released)))
    await until(begun.exists)
    waiting = asyncio.create_task(pool.run("mark", str(never)))
    await asyncio.sleep(0)
    for task in (waiting, running):
        task.cancel()
    await asyncio.wait([waiting, running])
    released.mkdir()
    assert await pool.run("add", 1, 1) == 2
    assert not never.exists()


async def test_a_loop_that_is_gone_wedges_nothing(make_pool: PoolMaker, tmp_path: Path) -> None:
    """A result for an event loop that was closed meanwhile is dropped, and the worker goes on."""
    pool = make_pool(workers=1)
    begun, released = tmp_path / "begun", tmp_path / "released"

    async def leave() -> None:
        _task = asyncio.ensure_future(pool.run("hold", str(begun), str(released)))
        await until(begun.exists)
        _task.cancel()

    await asyncio.to_thread(lambda: asyncio.run(leave()))
    released.mkdir()
    assert await pool.run("add", 1, 1) == 2


async def test_closing_ends_everything(make_pool: PoolMaker, tmp_path: Path) -> None:
    """When the pool is closed, running, waiting and later tasks are `unavailable`, and no process is left."""
    pool = make_pool(workers=1)
    begun = tmp_path / "begun"
    tasks = [asyncio.create_task(pool.run("hang", str(begun))), asyncio.create_task(pool.run("ping"))]
    await until(begun.exists)
    pids = pool.worker_pids
    await pool.aclose()
    assert [(await error_of(task)).code for task in [*tasks, pool.run("ping")]] == ["unavailable"] * 3
    assert pool.worker_pids == []
    assert all(gone(pid) for pid in pids)


async def test_a_worker_that_cannot_start_is_our_fault(make_pool: PoolMaker, monkeypatch: pytest.MonkeyPatch) -> None:
    """If processes cannot be started, that is no picture's fault; once they can, the pool goes on."""
    pool = make_pool()
    for program in ("/bin/false", "/no/such/program"):
        with monkeypatch.context() as patched:
            patched.setattr(sys, "executable", program)
            error = await error_of(pool.run("ping"))
        assert (error.code, error.status, error.retryable) == ("compute_unavailable", 503, True)
    assert await pool.run("add", 1, 1) == 2


async def test_matching_runs_in_the_pool() -> None:
    """The registered functions of `matching` are there, and what is no picture is refused in their own words."""
    pool = ComputePool(workers=1)
    rng = np.random.default_rng(7)
    file = io.BytesIO()
    Image.fromarray(rng.integers(0, 255, (40, 60, 3), dtype=np.uint8)).resize((480, 320)).save(file, "PNG")
    try:
        facts = await pool.run("read_facts", file.getvalue())
        query = await pool.run("prepare_query", file.getvalue())
        entry = await pool.run("prepare_entry", file.getvalue())
        comparison = await pool.run("compare", query.fingerprint, entry.fingerprint, query_facts=facts)
        error = await error_of(pool.run("prepare_entry", b"GIF89a"))
    finally:
        await pool.aclose()
    assert (facts.format, facts.width, facts.height) == ("PNG", 480, 320)
    assert comparison.confidence > 50
    assert error.code in ("not_an_image", "image_truncated")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere a busy worker ends with its task only")
async def test_no_worker_survives_the_server(tmp_path: Path) -> None:
    """kill -9 of the server takes its workers along, busy ones and idle ones."""
    script = textwrap.dedent(f"""
        import asyncio, sys
        sys.path.insert(0, {str(Path(__file__).parent)!r})
        from pathlib import Path
        from copyhound.compute.pool import ComputePool

        async def main():
            names = ("hang", "pid", "hold")
            pool = ComputePool(workers=2, registry={{name: "compute_probes:" + name for name in names}})
            busy = asyncio.create_task(pool.run("hang", sys.argv[1]))
            idle = pool.run("hold", sys.argv[2], sys.argv[3])
            Path(sys.argv[3]).mkdir()
            await idle
            while not Path(sys.argv[1]).exists():
                await asyncio.sleep(0.01)
            print(*pool.worker_pids, flush=True)
            await busy

        asyncio.run(main())
    """)
    paths = [str(tmp_path / name) for name in ("busy", "idle", "released")]
    server = await asyncio.create_subprocess_exec(sys.executable, "-c", script, *paths, stdout=subprocess.PIPE)
    assert server.stdout is not None
    pids = [int(word) for word in (await asyncio.wait_for(server.stdout.readline(), 60)).split()]
    assert len(pids) == 2
    assert not any(gone(pid) for pid in pids)
    server.kill()
    await server.wait()
    began = time.monotonic()
    await until(lambda: all(gone(pid) for pid in pids))
    assert time.monotonic() - began < 10
