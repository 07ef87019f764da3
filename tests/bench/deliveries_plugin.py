"""A plugin of the benchmark: it tells of events as quickly as asked, from inside the server, as sources do."""

from __future__ import annotations

import asyncio
import time
from typing import Any, Final

import msgspec

from copyhound.plugin_api import ActionSpec, Caller, EventBase, TriggerSpec, UseCases, hookimpl

TRIGGER: Final = "bench_event"
_NOTE: Final = "x" * 700  # an event of one match has about 1 kB
_tasks: Final[set[asyncio.Task[None]]] = set()


class BenchEvent(EventBase, frozen=True, kw_only=True):
    """Something has happened."""

    domain: str
    note: str


class Whose(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Which of the events."""

    domains: tuple[str, ...] = ()


class Emit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many events, of how many domains in turn, and how many a second; 0: one after the other, at once."""

    count: int
    domains: int
    per_second: float = 0.0


class Begun(msgspec.Struct, frozen=True):
    """What was begun: it goes on after the answer."""

    count: int


def domain(number: int) -> str:
    """The domain that a hook of this number waits for."""
    return f"h{number}.example"


async def emit(use_cases: Any, workspace_id: str, wanted: Emit) -> None:
    """Tell of that many events. With a rate each begins at its time, whether the one before has ended or not."""
    started = time.monotonic()
    for number in range(wanted.count):
        fields = {"domain": domain(number % wanted.domains), "note": _NOTE}
        telling = use_cases.triggers.emit(workspace_id, TRIGGER, fields)
        if wanted.per_second:
            _kept(asyncio.create_task(telling))
            await asyncio.sleep(max(0.0, started + (number + 1) / wanted.per_second - time.monotonic()))
        else:
            await telling


def _kept(task: asyncio.Task[None]) -> None:
    _tasks.add(task)
    task.add_done_callback(_tasks.discard)


SAMPLE: Final = {
    "id": "evt_sample_bench_event",
    "type": TRIGGER,
    "timestamp": "2026-01-02T03:04:05Z",
    "sequence": 1,
    "domain": "h0.example.com",
    "note": "x",
}


@hookimpl
def copyhound_triggers() -> list[TriggerSpec]:
    described = "Triggers when the benchmark says so."
    return [TriggerSpec(TRIGGER, "Bench event", "Event", described, BenchEvent, SAMPLE, filter=Whose)]


@hookimpl
def copyhound_actions(use_cases: UseCases) -> list[ActionSpec]:
    async def begin(caller: Caller, wanted: Emit) -> Begun:
        _kept(asyncio.create_task(emit(use_cases, caller.workspace_id, wanted)))
        return Begun(wanted.count)

    example = {"count": 1, "domains": 1}
    described = "Tells of many events."
    return [
        ActionSpec(
            "bench_emit", "Bench emit", "Event", described, Emit, Begun, {"count": 1}, begin, examples=(example,)
        )
    ]
