"""One worker process, seen from the server."""

from __future__ import annotations

import contextlib
import logging
import os
import pickle
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from multiprocessing.connection import Connection
from typing import Any, Final

import msgspec

from copyhound.compute.limits import cpu_seconds, worker_environment
from copyhound.compute.wire import Reply, pack, unpack_reply
from copyhound.compute.worker import READY, Setup

_log = logging.getLogger(__name__)
_START_SECONDS: Final = 60.0
_STOP_SECONDS: Final = 2.0
_MAX_REPLY_BYTES: Final = 256 * 1024 * 1024
_FROM_OUTSIDE: Final = (signal.SIGKILL, signal.SIGTERM)
"""How a process ends that somebody else ended: no decoder sends these to itself."""
_FAIR_SHARE: Final = 0.5
"""Of a task's time. A task only computes: where it had less of a processor, its picture did not use the time up."""


class WorkerSpec(msgspec.Struct, frozen=True):
    """How workers are made. `registry` maps a function's name to `module:function`."""

    registry: dict[str, str]
    memory_bytes: int
    task_seconds: float

    @property
    def modules(self) -> frozenset[str]:
        """The modules whose classes a result may hold."""
        return frozenset(place.partition(":")[0] for place in self.registry.values())


class WorkerStartError(Exception):
    """A worker process could not be started: our fault, not a picture's."""


class WorkerDiedError(Exception):
    """A worker ended, or was ended, in the middle of a task.

    `sent`: it had taken the task. `killed`: somebody else ended it, such as the system that ran out of memory.
    `starved`: its time was up, but others had most of the processor meanwhile.
    """

    def __init__(
        self, *, timed_out: bool = False, sent: bool = True, killed: bool = False, starved: bool = False
    ) -> None:
        super().__init__("starved" if starved else "timed out" if timed_out else "was killed" if killed else "died")
        self.timed_out = timed_out
        self.sent = sent
        self.killed = killed
        self.starved = starved


class WorkerProcess:
    """A started worker; belongs to the thread that made it, since it dies with that thread."""

    def __init__(self, spec: WorkerSpec) -> None:
        """Starts the process and waits for it. Raises WorkerStartError."""
        self._spec = spec
        self.tasks = 0
        ours, theirs = socket.socketpair()
        with ours, theirs:
            self._process = _started(theirs.fileno())
            self._pipe = Connection(ours.detach())
        self._greet()

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def _greet(self) -> None:
        setup = Setup(self._spec.registry, self._spec.memory_bytes, self._spec.task_seconds, os.getpid())
        try:
            with self._killed_after(_START_SECONDS):
                self._pipe.send_bytes(pack(setup))
                ready = self._pipe.recv_bytes(_MAX_REPLY_BYTES) == READY
        except (EOFError, OSError):
            ready = False
        if not ready:
            self.kill()
            raise WorkerStartError("a compute worker did not start")

    def perform(self, task: bytes) -> Reply:
        """Runs a packed task. Raises WorkerDiedError; after that the worker is dead for certain."""
        self.tasks += 1
        sent, before = False, cpu_seconds(self.pid)
        try:
            with self._killed_after(self._spec.task_seconds) as fired:
                self._pipe.send_bytes(task)
                sent = True
                data = self._pipe.recv_bytes(_MAX_REPLY_BYTES)
            if fired.is_set():
                raise EOFError
            return unpack_reply(data, self._spec.modules)
        except (EOFError, OSError) as error:
            used = cpu_seconds(self.pid) - before
            signalled = 0 if fired.is_set() else self._signalled()
            self.kill()
            raise WorkerDiedError(
                timed_out=fired.is_set() or signalled == signal.SIGXCPU,
                sent=sent,
                killed=signalled in _FROM_OUTSIDE,
                starved=fired.is_set() and used < self._spec.task_seconds * _FAIR_SHARE,
            ) from error
        except Exception as error:
            _log.error("the answer of a compute worker is not plain data: %s", error)
            self.kill()
            raise WorkerDiedError from error

    def _signalled(self) -> int:
        """The signal that ended it; 0 where it was none."""
        # its pipe is closed a moment before it has ended
        with contextlib.suppress(subprocess.TimeoutExpired):
            return max(0, -self._process.wait(_STOP_SECONDS))
        return 0

    @contextlib.contextmanager
    def _killed_after(self, seconds: float) -> Iterator[threading.Event]:
        fired = threading.Event()

        def fire() -> None:
            fired.set()
            self.terminate()

        timer = threading.Timer(seconds, fire)
        timer.daemon = True
        timer.start()
        try:
            yield fired
        finally:
            timer.cancel()
            # it must not fire into the next task
            timer.join()

    def stop(self) -> None:
        """Lets the worker end by itself, and sees to it that it does."""
        self._pipe.close()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """Ends the worker now, and all that it may have started."""
        self.terminate()
        self._pipe.close()
        self._process.wait()

    def terminate(self) -> None:
        # only as long as it is not reaped: its id might belong to another by then
        if self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)


def _started(descriptor: int) -> subprocess.Popen[bytes]:
    # not multiprocessing.Process: its children inherit our environment, run our __main__ and leave a tracker behind
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "copyhound.compute.worker", str(descriptor)],
        env=worker_environment(os.environ),
        pass_fds=[descriptor],
        start_new_session=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def pack_task(name: str, args: tuple[Any, ...], named: dict[str, Any]) -> bytes:
    """A task as bytes. Raises pickle.PicklingError, TypeError or AttributeError for what cannot be sent."""
    try:
        return pack((name, args, named))
    except (pickle.PicklingError, TypeError, AttributeError) as error:
        error.add_note(f"the arguments of {name!r} cannot be sent to a compute worker")
        raise
