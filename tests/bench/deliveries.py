"""Deliveries under load: how late the first attempt comes, and how many there are in a second.

    python -m tests.bench.deliveries [--database sqlite|postgresql|both] [--parts healthy,dead,fanout,backlog]
        [--seconds 30] [--rate 50] [--hooks 100] [--backlog 100000]

A real server in a process of its own, receivers on loopback in another, this one only asks. Prints tables.

healthy  `rate` events a second, each for one of `hooks` hooks: seconds from the event to its first attempt
dead     the same, while one hook in five is dead: half of these hang until the time is out, half refuse
fanout   one event to 1,000 hooks
backlog  so many deliveries at once: how long each tenth of them took
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from typing import Any, Final

import psutil

from .deliveries_kit import emit, gather, house, percentile, subscribe
from .tables import table

FANOUT: Final = 1000
_QUIET_SECONDS: Final = 180.0
"""Nothing more is waited for after so long without a request: 100,000 are written first, in two minutes."""


def say(lines: list[str]) -> None:
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


def latency(database: str, args: argparse.Namespace, *, dead: bool) -> list[str]:
    """A row of figures of the healthy hooks."""
    kinds = ["ok"] * args.hooks
    if dead:
        kinds[::10] = ["hang"] * len(kinds[::10])
        kinds[5::10] = ["refuse"] * len(kinds[5::10])
    count = int(args.rate * args.seconds)
    healthy = sum(kinds[number % args.hooks] == "ok" for number in range(count))
    with house(database) as (server, sink), server, server.client() as client:
        for number, kind in enumerate(kinds):
            subscribe(client, sink.url(kind, number), number)
        emit(client, count=count, domains=args.hooks, per_second=args.rate)
        late = [one.late for one in gather(sink, healthy, _QUIET_SECONDS).values()]
    figures = [percentile(late, 0.5), percentile(late, 0.99), max(late, default=float("nan"))]
    return [f"{database}, {'20 % dead' if dead else 'all healthy'}", f"{len(late)}/{healthy}", *map(_seconds, figures)]


def _seconds(value: float) -> str:
    return f"{value:.2f}"


def drained(database: str, events: int) -> tuple[list[tuple[int, float]], float]:
    """((deliveries that have come, seconds since the first event) of events to 1,000 hooks, CPU seconds of the server).

    The rows are at every tenth of the deliveries."""
    wanted = events * FANOUT
    with house(database) as (server, sink), server, server.client() as client:
        for number in range(FANOUT):
            subscribe(client, sink.url("ok", number), None)
        started, before = time.time(), cpu(server.pid)
        emit(client, count=events, domains=1)
        came = gather(sink, wanted, _QUIET_SECONDS)
        used = cpu(server.pid) - before
    at = sorted(one.at for one in came.values())
    step = max(1, wanted // 10)
    return [(number, at[number - 1] - started) for number in range(step, len(at) + 1, step)], used


def cpu(pid: int) -> float:
    """Seconds of CPU that a process has used."""
    times = psutil.Process(pid).cpu_times()
    return times.user + times.system


def rates(database: str, events: int) -> list[list[str]]:
    """Rows of a drain: how many have come, when, and how many a second since the row before."""
    rows, before = [], (0, 0.0)
    marks, used = drained(database, events)
    for number, at in marks:
        rate = (number - before[0]) / max(1e-9, at - before[1])
        rows.append([f"{database}, {number:,}", f"{at:.1f}", f"{rate:.0f}"])
        before = (number, at)
    return [*rows, ["CPU of the server, ms a delivery", "", f"{1000 * used / max(1, before[0]):.1f}"]]


def _drain_table(database: str, events: int) -> list[str]:
    return table(["deliveries", "after seconds", "in a second"], rates(database, events))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database", choices=["sqlite", "postgresql", "both"], default="both")
    parser.add_argument("--parts", default="healthy,dead,fanout,backlog")
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--rate", type=float, default=50)
    parser.add_argument("--hooks", type=int, default=100)
    parser.add_argument("--backlog", type=int, default=100_000)
    args = parser.parse_args()
    kinds = ["sqlite", "postgresql"] if args.database == "both" else [args.database]
    heads = [f"{args.rate:g} events a second for {args.seconds:g} s", "came", "p50 s", "p99 s", "latest s"]
    parts: dict[str, Callable[[str], Any]] = {
        "healthy": lambda kind: table(heads, [latency(kind, args, dead=False)]),
        "dead": lambda kind: table(heads, [latency(kind, args, dead=True)]),
        "fanout": lambda kind: _drain_table(kind, 1),
        "backlog": lambda kind: _drain_table(kind, max(1, args.backlog // FANOUT)),
    }
    for part in args.parts.split(","):
        for kind in kinds:
            say(parts[part](kind))


if __name__ == "__main__":
    main()
