"""The compute pool: tasks in, results out, first come first served, whatever becomes of the processes."""

from __future__ import annotations

import asyncio
import collections
import logging
import os
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import Any, Final

import msgspec

from copyhound.compute.process import WorkerDiedError, WorkerProcess, WorkerSpec, WorkerStartError, pack_task
from copyhound.compute.wire import Reply, Status
from copyhound.domain.errors import CopyhoundError

_log = logging.getLogger(__name__)
GIBIBYTE: Final = 1024**3

REGISTRY: Final[Mapping[str, str]] = {
    name: f"copyhound.matching:{name}"
    for name in (
        "as_readable",
        "check_picture",
        "prepare_entry",
        "hash_query",
        "prepare_query",
        "refingerprint",
        "requery",
        "compare",
        "compare_all",
        "overlay",
        "thumbnail",
        "read_facts",
    )
} | {"ping": "copyhound.compute.worker:ping"}


class _Task(msgspec.Struct):
    function: str
    args: tuple[Any, ...]
    named: dict[str, Any]
    future: Future[Any]


class ComputePool:
    """Runs functions of `matching` in limited processes. One per server; any thread or event loop may call it.

    Workers start when there is work, and stop after `idle_seconds` without. A task gets `task_seconds` of time and of
    CPU, and its process `memory_bytes` of address space; a process is replaced after `tasks_per_worker` tasks.
    """

    def __init__(
        self,
        *,
        workers: int | None = None,
        memory_bytes: int = 2 * GIBIBYTE,
        task_seconds: float = 20,
        tasks_per_worker: int = 500,
        idle_seconds: float = 30,
        registry: Mapping[str, str] = REGISTRY,
    ) -> None:
        self._spec = WorkerSpec(dict(registry), memory_bytes, task_seconds)
        self._workers = workers or os.cpu_count() or 1
        self._tasks_per_worker = tasks_per_worker
        self._idle_seconds = idle_seconds
        self._changed = threading.Condition()
        self._pending: collections.deque[_Task] = collections.deque()
        self._threads: set[threading.Thread] = set()
        self._processes: dict[threading.Thread, WorkerProcess] = {}
        self._serving = 0
        self._free = 0
        self._closed = False

    async def run(self, function: str, *args: Any, **named: Any) -> Any:
        """The result of a registered function, computed in a worker.

        Raises the CopyhoundErrors that it raises; `image_decode_failed` if it crashes or exceeds its limits;
        `compute_unavailable` if no worker starts or gets any CPU, or if its worker is killed from outside, and another
        one too; `internal_error` for a fault of ours; `unavailable` once the pool is closed.
        """
        if function not in self._spec.registry:
            raise KeyError(function)
        task = _Task(function, args, named, Future())
        self._enqueue(task)
        return await asyncio.wrap_future(task.future)

    @property
    def worker_pids(self) -> list[int]:
        """The process ids of the workers that live now."""
        with self._changed:
            return [process.pid for process in self._processes.values()]

    async def aclose(self) -> None:
        """Ends all workers; what is still waiting or running raises `unavailable`."""
        with self._changed:
            self._closed = True
            waiting, threads = list(self._pending), list(self._threads)
            self._pending.clear()
            for process in self._processes.values():
                process.terminate()
            self._changed.notify_all()
        for task in waiting:
            if task.future.set_running_or_notify_cancel():
                task.future.set_exception(_closed())
        for thread in threads:
            await asyncio.to_thread(thread.join)

    def _enqueue(self, task: _Task) -> None:
        with self._changed:
            if self._closed:
                raise _closed()
            self._pending.append(task)
            if len(self._pending) > self._free and self._serving < self._workers:
                # a worker dies with the thread that started it, so each has a thread for its whole life
                thread = threading.Thread(target=self._serve, name="copyhound-compute", daemon=True)
                self._threads.add(thread)
                self._free += 1
                self._serving += 1
                thread.start()
            self._changed.notify()

    def _serve(self) -> None:
        me = threading.current_thread()
        try:
            while (task := self._next_task()) is not None:
                outcome = self._attempt(task) if task.future.set_running_or_notify_cancel() else None
                worn = self._is_worn()
                # free before the caller hears of it: its next task must not start another worker
                with self._changed:
                    self._free += not worn
                if outcome is not None:
                    outcome(task.future)
                if worn:
                    self._renew()
        finally:
            process = self._drop()
            if process is not None:
                process.stop()
            with self._changed:
                self._threads.discard(me)

    def _next_task(self) -> _Task | None:
        with self._changed:
            self._changed.wait_for(lambda: self._pending or self._closed, self._idle_seconds)
            self._free -= 1
            if not self._pending:
                self._serving -= 1
                return None
            return self._pending.popleft()

    def _attempt(self, task: _Task) -> Callable[[Future[Any]], None]:
        """Runs a task; gives what is to be done with its future."""
        try:
            value = _result(task.function, self._perform(pack_task(task.function, task.args, task.named)))
        except BaseException as caught:
            error = _closed() if self._closed else _worded(task.function, caught)
            return lambda future: future.set_exception(error)
        return lambda future: future.set_result(value)

    def _perform(self, data: bytes, *, first: bool = True) -> Reply:
        process = self._worker()
        fresh = process.tasks == 0
        try:
            reply = process.perform(data)
        except WorkerDiedError as error:
            self._drop()
            # where it had died while idle, that is not this task's doing; where it was killed, perhaps not
            idle = not fresh and not error.sent
            if self._closed or not (idle or (error.killed and first)):
                raise
            _log.warning("a compute worker %s, its task is given to another", error)
            return self._perform(data, first=first and idle)
        if reply.status is Status.EXHAUSTED:
            self._drop()
            process.stop()
        return reply

    def _worker(self) -> WorkerProcess:
        me = threading.current_thread()
        process = self._processes.get(me)
        if process is None:
            process = WorkerProcess(self._spec)
            with self._changed:
                self._processes[me] = process
                closed = self._closed
            if closed:
                process.terminate()
        return process

    def _is_worn(self) -> bool:
        process = self._processes.get(threading.current_thread())
        return process is not None and process.tasks >= self._tasks_per_worker

    def _renew(self) -> None:
        """Replace this thread's worker, while others take what comes: nobody waits for the start of the new one."""
        if (process := self._drop()) is not None:
            process.stop()
        try:
            self._worker()
        except (WorkerStartError, OSError) as error:
            # the next task tries again, and says so
            _log.warning("a compute worker did not start: %r", error)
        finally:
            with self._changed:
                self._free += 1

    def _drop(self) -> WorkerProcess | None:
        with self._changed:
            return self._processes.pop(threading.current_thread(), None)


def _result(function: str, reply: Reply) -> Any:
    """A reply's value, or its error as one that a client may see."""
    if reply.status is Status.DONE:
        return reply.value
    if reply.status is Status.REFUSED and isinstance(reply.value, CopyhoundError):
        raise reply.value
    if reply.status is Status.EXHAUSTED:
        raise CopyhoundError("image_decode_failed", "The picture needs too much memory.")
    _log.error("%s failed in a compute worker:\n%s", function, reply.value)
    error = CopyhoundError("internal_error" if reply.defect else "image_decode_failed")
    error.add_note(str(reply.value))
    raise error


def _worded(function: str, error: BaseException) -> BaseException:
    if isinstance(error, WorkerDiedError):
        _log.warning("a compute worker %s during %s", error, function)
        if error.killed:
            return _not_to_blame("was killed, twice")
        if error.starved:
            return _not_to_blame("gets no time to run: the machine is overloaded")
        reason = "takes too long" if error.timed_out else "makes the decoder crash"
        return CopyhoundError("image_decode_failed", f"The picture {reason}.")
    if isinstance(error, WorkerStartError | OSError):
        _log.error("a compute worker did not start: %r", error)
        return _not_to_blame("does not start")
    return error


def _not_to_blame(what: str) -> CopyhoundError:
    return CopyhoundError("compute_unavailable", f"The process that reads pictures {what}.")


def _closed() -> CopyhoundError:
    return CopyhoundError("unavailable", "The server is going down.")
