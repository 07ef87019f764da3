"""kill -9 of the server at random moments while it delivers: nothing is lost, and little comes twice.

    python -m tests.bench.deliveries_kill [--database sqlite|postgresql] [--kills 200] [--deliveries 10000]

A real server in a process of its own tells of events to 20 hooks. It is killed and started again, each time within
`--most` seconds of being ready. After each kill the database is read: what a receiver has had and the database does not
know of was in flight, and may come once more. Prints a table, and ends with 1 where more than that came twice, a
delivery was lost, or an id was strange.
"""

from __future__ import annotations

import argparse
import contextlib
import random
import sqlite3
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import httpx
import psycopg
from tests.e2e.servers import Server

from .deliveries_kit import emit, house, subscribe
from .deliveries_plugin import TRIGGER
from .deliveries_sink import Receipt, Sink
from .tables import table

HOOKS: Final = 20
_PATIENCE: Final = 180.0
_WRITTEN: Final = "select event_id, hook_id from deliveries where status = 'delivered'"
Sent = tuple[str, str]
"""An event and a hook, by their ids."""


@dataclass
class Run:
    """What was asked for, and what came of it."""

    hooks: dict[str, str] = field(default_factory=dict)
    """The path of a receiver -> the id of its hook."""
    events: set[str] = field(default_factory=set)
    kills: int = 0
    came: list[Receipt] = field(default_factory=list)
    in_flight: list[int] = field(default_factory=list)
    """At each kill: what receivers had had and the database did not know of."""

    @property
    def times(self) -> Counter[Sent]:
        """How often each delivery came."""
        return Counter((one.id, self.hooks[one.path]) for one in self.came)

    @property
    def wanted(self) -> set[Sent]:
        return {(event, hook) for event in self.events for hook in self.hooks.values()}

    @property
    def lost(self) -> int:
        return len(self.wanted - set(self.times))

    @property
    def strange(self) -> int:
        """Deliveries of ids that no event has."""
        return len(set(self.times) - self.wanted)

    @property
    def twice(self) -> int:
        return sum(count - 1 for count in self.times.values())

    @property
    def good(self) -> bool:
        return not self.lost and not self.strange and self.twice <= sum(self.in_flight)


def written(server: Server) -> set[Sent]:
    """The deliveries that the database knows to have been taken, read while no server runs."""
    url = server.environment.get("COPYHOUND_DATABASE_URL")
    if url:
        with psycopg.connect(url) as connection:
            return {(str(event), str(hook)) for event, hook in connection.execute(_WRITTEN)}
    with contextlib.closing(sqlite3.connect(server.data / "copyhound.db")) as connection:
        return {(str(event), str(hook)) for event, hook in connection.execute(_WRITTEN)}


def killed(server: Server, sink: Sink, run: Run) -> None:
    """Kill it, see what was in flight, and start it again."""
    server.kill()
    time.sleep(0.05)  # what it had sent arrives
    run.came += sink.take()
    run.kills += 1
    run.in_flight.append(len(set(run.times) - written(server)))
    server.start()


def all_events(client: httpx.Client) -> set[str]:
    """The ids of all that the log holds."""
    ids: set[str] = set()
    since: str | None = None
    while True:
        wanted: dict[str, Any] = {"limit": 200, **({"cursor": since} if since else {})}
        page = client.get(f"/triggers/{TRIGGER}/events", params=wanted).raise_for_status().json()
        ids |= {event["id"] for event in page["items"]}
        if not page["items"] or not page["cursor"] or page["cursor"] == since:
            return ids
        since = page["cursor"]


def deliveries_killed(server: Server, sink: Sink, *, kills: int, deliveries: int, most: float, seed: int = 1) -> Run:
    """Kill the server so often while it makes so many deliveries, and wait until all have come."""
    run, chance = Run(), random.Random(seed)
    wanted = max(1, deliveries // HOOKS)
    with server.client() as client:
        for number in range(HOOKS):
            url = sink.url("ok", number)
            run.hooks[httpx.URL(url).path] = subscribe(client, url, None)
    for number in range(kills):
        with server.client() as client:
            share = wanted * (number + 1) // kills - wanted * number // kills
            if share:
                emit(client, count=share, domains=1)
        time.sleep(chance.uniform(0, most))  # the random moment, not a wait for something
        killed(server, sink, run)
    with server.client() as client:
        run.events = all_events(client)
        if len(run.events) < wanted:
            emit(client, count=wanted - len(run.events), domains=1)
        _until_all_came(client, sink, run, wanted)
    return run


def _until_all_came(client: httpx.Client, sink: Sink, run: Run, wanted: int) -> None:
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        run.events = all_events(client)
        run.came += sink.take()
        if len(run.events) >= wanted and not run.lost:
            break
        time.sleep(0.5)
    time.sleep(2)  # what comes twice may come late
    run.came += sink.take()


def report(database: str, run: Run, seconds: float) -> Iterator[str]:
    """The table."""
    rows = [
        ["kills", str(run.kills)],
        ["events", str(len(run.events))],
        ["deliveries", str(len(run.wanted))],
        ["requests", str(len(run.came))],
        ["lost", str(run.lost)],
        ["of strange ids", str(run.strange)],
        ["in flight at a kill, in all", str(sum(run.in_flight))],
        ["most in flight at a kill", str(max(run.in_flight, default=0))],
        ["kills with something in flight", str(sum(count > 0 for count in run.in_flight))],
        ["came twice, with the same webhook-id", str(run.twice)],
        ["seconds", f"{seconds:.0f}"],
    ]
    return iter(table([f"kill -9, {database}", ""], rows))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--deliveries", type=int, default=10_000)
    parser.add_argument("--most", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    started = time.monotonic()
    with house(args.database) as (server, sink), server:
        wanted = {"kills": args.kills, "deliveries": args.deliveries, "most": args.most, "seed": args.seed}
        run = deliveries_killed(server, sink, **wanted)
    sys.stdout.write("\n".join(report(args.database, run, time.monotonic() - started)) + "\n")
    sys.exit(not run.good)


if __name__ == "__main__":
    main()
