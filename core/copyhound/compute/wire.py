"""What crosses the pipe between the server and a worker, and what the server is willing to unpack from it."""

from __future__ import annotations

import importlib
import io
import pickle
from enum import Enum, StrEnum
from typing import Any, Final

import msgspec

_NUMPY_NAMES: Final = frozenset(
    {"ndarray", "dtype", "scalar", "_reconstruct", "_frombuffer"},
)
_BUILTIN_NAMES: Final = frozenset({"set", "frozenset", "complex", "bytearray", "range", "slice"})
_OTHER_NAMES: Final = frozenset(
    {
        ("collections", "OrderedDict"),
        ("collections", "deque"),
        ("datetime", "datetime"),
        ("datetime", "timedelta"),
        ("datetime", "timezone"),
        ("copyhound.domain.errors", "_rebuild"),
        ("msgspec._utils", "rebuild"),
    }
)


class Status(StrEnum):
    """How a task ended inside a worker."""

    DONE = "done"
    REFUSED = "refused"  # a CopyhoundError: the picture's own fault, already worded
    FAILED = "failed"  # any other exception
    EXHAUSTED = "exhausted"  # memory


class Reply(msgspec.Struct):
    """A worker's answer: `value` is the result, the CopyhoundError, or the traceback as text."""

    status: Status
    value: Any = None
    defect: bool = False
    """The failure looks like a programming error and not like a bad picture."""


def pack(value: Any) -> bytes:
    """Any picklable value as bytes."""
    return pickle.dumps(value, protocol=5)


def unpack_trusted(data: bytes) -> Any:
    """What `pack` made, in a worker: it trusts the server."""
    return pickle.loads(data)


def pack_reply(reply: Reply) -> bytes:
    """A reply as bytes."""
    return pickle.dumps((reply.status.value, reply.value, reply.defect), protocol=5)


def unpack_reply(data: bytes, modules: frozenset[str]) -> Reply:
    """A reply from a worker, which a picture may have taken over: only plain data is rebuilt, no code is run.

    `modules` are further modules whose classes may come. Raises whatever broken or forbidden pickles raise.
    """
    status, value, defect = _DataUnpickler(data, modules).load()
    return Reply(Status(status), value, bool(defect))


class _DataUnpickler(pickle.Unpickler):
    """Rebuilds plain values, arrays, and the data classes of Copyhound."""

    def __init__(self, data: bytes, modules: frozenset[str]) -> None:
        super().__init__(io.BytesIO(data))
        self._modules = modules

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in _OTHER_NAMES or (module == "builtins" and name in _BUILTIN_NAMES):
            return super().find_class(module, name)
        if module.partition(".")[0] == "numpy" and name in _NUMPY_NAMES:
            return super().find_class(module, name)
        if module.startswith("copyhound.") or module in self._modules:
            found = getattr(importlib.import_module(module), name, None)
            if isinstance(found, type) and found.__module__ == module and _is_data(found):
                return found
        raise pickle.UnpicklingError(f"{module}.{name} is not plain data")


def _is_data(kind: type) -> bool:
    return issubclass(kind, msgspec.Struct | Enum | tuple) or hasattr(kind, "__dataclass_fields__")
