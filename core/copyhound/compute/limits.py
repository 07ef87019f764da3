"""What a worker process may use, and how it is tied to the life of the server."""

from __future__ import annotations

import ctypes
import math
import os
import resource
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

_PR_SET_PDEATHSIG: Final = 1
_PR_SET_NO_NEW_PRIVS: Final = 38
_CPU_RESERVE_SECONDS: Final = 1
_KEPT_ENVIRONMENT: Final = ("PATH", "LANG", "LANGUAGE", "TZ", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
_KEPT_PREFIXES: Final = ("LC_",)
# pictures' planes of some MB come and go: to get each anew from the system took a third of a search's time
_MEMORY_KEPT: Final = {
    "MALLOC_ARENA_MAX": "2",
    "MALLOC_MMAP_THRESHOLD_": str(32 * 1024**2),
    "MALLOC_TRIM_THRESHOLD_": str(256 * 1024**2),
}
# one thread each: the pool itself is the parallelism, and every thread's stack counts against the memory limit
_SINGLE_THREADED: Final = ("OPENCV_FOR_THREADS_NUM", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def worker_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """The few variables that a worker gets: none of the server's settings or secrets."""
    kept = {
        name: value
        for name, value in environment.items()
        if name in _KEPT_ENVIRONMENT or name.startswith(_KEPT_PREFIXES)
    }
    return kept | dict.fromkeys(_SINGLE_THREADED, "1") | _MEMORY_KEPT | {
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
    }  # fmt: skip


def die_with_parent(parent: int) -> None:
    """Ends this process when the one that started it (or its thread) ends, by whatever cause; Linux only."""
    if not sys.platform.startswith("linux"):
        return
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(0)


def limit_process(memory_bytes: int) -> None:
    """Limits address space to `memory_bytes`, and forbids core dumps and files."""
    _lower(resource.RLIMIT_CORE, 0)
    _lower(resource.RLIMIT_FSIZE, 0)
    if sys.platform.startswith("linux"):
        _lower(resource.RLIMIT_AS, memory_bytes)


def give_back_memory() -> None:
    """Hands to the system what was freed and kept for the next task, where the C library is glibc."""
    if sys.platform.startswith("linux") and hasattr(libc := ctypes.CDLL(None), "malloc_trim"):
        libc.malloc_trim(0)


def allow_cpu_seconds(seconds: float) -> None:
    """Lets the process use so many more seconds of CPU; it is killed beyond. The limit counts its whole life."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    used = usage.ru_utime + usage.ru_stime
    soft = math.ceil(used + seconds) + _CPU_RESERVE_SECONDS
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (soft if hard == resource.RLIM_INFINITY else min(soft, hard), hard))


def cpu_seconds(pid: int) -> float:
    """How much CPU a process has used so far, also one that ended and was not reaped; infinite where nobody knows."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return math.inf
    user, system = stat.rpartition(b")")[2].split()[11:13]  # the name before them may hold anything
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def _lower(limit: int, value: int) -> None:
    _, hard = resource.getrlimit(limit)
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(limit, (value, value))
