"""What the tests let the workers do."""

from __future__ import annotations

import os
import resource
import signal
import sys
import threading
import time
from enum import Enum
from pathlib import Path
from typing import Any

import msgspec

from copyhound.domain.errors import CopyhoundError


class Colour(Enum):
    """An enumeration, to be sent back."""

    RED = "red"


class Facts(msgspec.Struct, kw_only=True, frozen=True):
    """A Struct, to be sent back."""

    width: int
    colour: Colour
    values: Any = None


class Opaque:
    """A class that is no plain data."""


class Trap:
    """What a worker that was taken over might answer."""

    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self) -> tuple[Any, ...]:
        return (os.system, (self.command,))


def add(left: int, right: int) -> int:
    """Adds."""
    return left + right


def watch_memory(path: str) -> None:
    """From now on the worker waits no time before it gives memory back, and tells so."""
    worker: Any = sys.modules["__main__"]
    give_back = worker.give_back_memory

    def told() -> None:
        give_back()
        Path(path).touch()

    worker.give_back_memory, worker._IDLE_SECONDS = told, 0.0


def facts() -> Facts:
    """Structs, enumerations and arrays in one."""
    import numpy as np

    return Facts(width=7, colour=Colour.RED, values=np.arange(6, dtype=np.float32).reshape(2, 3))


def refuse() -> None:
    """Raises a domain error with everything it can carry."""
    raise CopyhoundError("image_too_simple", "Only 3 features.", features=3, where={"x": (1, 2)})


def bad_value() -> None:
    """Raises as a decoder does that chokes on a picture."""
    raise ValueError("bad huffman code")


def bad_program() -> None:
    """Raises as a programming error does."""
    len(3)  # type: ignore[arg-type]


def opaque() -> Opaque:
    """Returns what is no plain data."""
    return Opaque()


def trap(command: str) -> Trap:
    """Returns a pickle that would run a command."""
    return Trap(command)


def unsendable() -> Any:
    """Returns what cannot be pickled."""
    return threading.Lock()


def die() -> None:
    """Dies as a decoder does that writes where it should not."""
    os.kill(os.getpid(), signal.SIGSEGV)


def hang(path: str) -> None:
    """Says that it has begun, and hangs."""
    Path(path).mkdir()
    time.sleep(3600)


def spin() -> None:
    """Burns CPU for ever."""
    while True:
        pass


def hold(begun: str, released: str) -> int:
    """Says that it has begun, and waits to be released."""
    Path(begun).mkdir()
    while not Path(released).exists():
        time.sleep(0.005)
    return os.getpid()


def stay(tries: str, released: str) -> int:
    """The same, with a mark for each try."""
    return hold(f"{tries}/{os.getpid()}", released)


def die_by(number: int, tries: str) -> None:
    """Leaves a mark, and dies of a signal."""
    Path(tries, str(os.getpid())).mkdir()
    os.kill(os.getpid(), number)


def allocate(size: int) -> int:
    """Takes memory."""
    return len(bytearray(size))


def pid() -> int:
    """Tells which process this is."""
    return os.getpid()


def environment() -> dict[str, str]:
    """Tells the environment as the process got it, from the kernel where that can be asked."""
    kernel = Path("/proc/self/environ")
    raw = kernel.read_bytes().decode() if kernel.exists() else ""
    return dict(os.environ) | dict(line.split("=", 1) for line in raw.split("\0") if line)


def limits(path: str) -> dict[str, Any]:
    """Tells the limits in force, and whether files can be written."""
    try:
        Path(path).write_bytes(b"x")
        wrote = True
    except OSError:
        wrote = False
    return {
        "memory": resource.getrlimit(resource.RLIMIT_AS)[0],
        "core": resource.getrlimit(resource.RLIMIT_CORE)[0],
        "cpu": resource.getrlimit(resource.RLIMIT_CPU)[0],
        "wrote": wrote,
        "session": os.getsid(0),
        "pid": os.getpid(),
    }


def burn(seconds: float) -> float:
    """Uses so much CPU."""
    until = time.process_time() + seconds
    while time.process_time() < until:
        pass
    return time.process_time()


def cv_threads() -> int:
    """Tells how many threads OpenCV uses."""
    import cv2

    return int(cv2.getNumThreads())


def mark(path: str) -> None:
    """Leaves a mark."""
    Path(path).mkdir()
