"""The meter of CPU time."""

from __future__ import annotations

import subprocess
import sys

import pytest

from copyhound.bench.meter import Meter


def burn(steps: int = 2_000_000) -> None:
    total = 0
    for number in range(steps):
        total += number


def test_a_task_alone_gets_all_that_passes() -> None:
    """With one task under way, its seconds are what was spent."""
    meter, booked = Meter(lambda: ()), list[float]()
    before = meter.read()
    with meter.task(booked.append):
        burn()
    assert 0 < booked[0] <= meter.read() - before


def test_tasks_side_by_side_share_alike() -> None:
    """What passes while two tasks are under way is shared out evenly, and the sum is what was spent."""
    meter, one, two = Meter(lambda: ()), list[float](), list[float]()
    before = meter.read()
    with meter.task(one.append):
        with meter.task(two.append):
            burn()
        between = two[0]
        burn()
    assert one[0] > between
    assert one[0] + two[0] == pytest.approx(meter.read() - before, rel=0.05)


@pytest.mark.skipif(sys.platform != "linux", reason="other processes' clocks are read on Linux alone")
def test_workers_count() -> None:
    """What a worker spends is counted, and one that has ended does no harm."""
    code = "import sys\nfor n in range(3_000_000): pass\nprint(flush=True)\nsys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as worker:
        meter = Meter(lambda: [worker.pid])
        assert worker.stdout is not None
        worker.stdout.readline()
        spent = meter.read()
        worker.terminate()
        worker.wait()
    assert meter.kind == "cpu"
    assert spent > 0.02
    assert meter.read() >= spent
