"""The worker process: takes one task after another from its pipe, and ends when the pipe does."""

from __future__ import annotations

import importlib
import os
import sys
import traceback
from collections.abc import Callable, Mapping
from multiprocessing.connection import Connection
from typing import Any, Final

import msgspec

from copyhound.compute.limits import allow_cpu_seconds, die_with_parent, give_back_memory, limit_process
from copyhound.compute.wire import Reply, Status, pack_reply, unpack_trusted
from copyhound.domain.errors import CopyhoundError

_DEFECTS: Final = (TypeError, AttributeError, NameError, ImportError)
READY: Final = b"ready"
_IDLE_SECONDS: Final = 10.0


class Setup(msgspec.Struct):
    """What a worker is told first. `registry` maps a function's name to its place, as `module:function`."""

    registry: dict[str, str]
    memory_bytes: int
    task_seconds: float
    parent: int


def ping(value: Any = None) -> Any:
    """Gives back what it got: a probe."""
    return value


def main(descriptor: int) -> None:
    """Serves tasks from the socket with this file descriptor."""
    with Connection(descriptor) as pipe:
        setup = unpack_trusted(pipe.recv_bytes())
        die_with_parent(setup.parent)
        limit_process(setup.memory_bytes)
        functions: dict[str, Callable[..., Any]] = {}
        pipe.send_bytes(READY)
        while True:
            if not pipe.poll(_IDLE_SECONDS):
                give_back_memory()
            try:
                task = unpack_trusted(pipe.recv_bytes())
            except EOFError:
                return
            allow_cpu_seconds(setup.task_seconds)
            reply = _perform(task, functions, setup.registry)
            _send(pipe, reply)
            if reply.status is Status.EXHAUSTED:
                return


def _send(pipe: Connection, reply: Reply) -> None:
    try:
        data = pack_reply(reply)
    except Exception:
        data = pack_reply(Reply(Status.FAILED, traceback.format_exc(), defect=True))
    pipe.send_bytes(data)


def _perform(
    task: tuple[str, tuple[Any, ...], dict[str, Any]],
    functions: dict[str, Callable[..., Any]],
    registry: Mapping[str, str],
) -> Reply:
    name, args, named = task
    try:
        if name not in functions:
            functions[name] = _load(registry[name])
        return Reply(Status.DONE, functions[name](*args, **named))
    except CopyhoundError as error:
        return Reply(Status.REFUSED, error)
    except MemoryError:
        return Reply(Status.EXHAUSTED)
    except Exception as error:
        return Reply(Status.FAILED, traceback.format_exc(), defect=isinstance(error, _DEFECTS))


def _load(place: str) -> Callable[..., Any]:
    module, _, function = place.partition(":")
    loaded: Callable[..., Any] = getattr(importlib.import_module(module), function)
    return loaded


if __name__ == "__main__":
    try:
        main(int(sys.argv[1]))
    except (EOFError, OSError):
        # the server went away
        os._exit(0)
