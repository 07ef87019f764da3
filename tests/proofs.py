"""Which tests prove which row of the vendors' documents, and whether each of them ran and passed.

`tests/surfaces/requirements.toml` holds the rows. With `--proofs`, a run fails unless every test that it names passed.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import pytest

TABLE: Final = Path(__file__).parent / "surfaces" / "requirements.toml"
ROWS: Final = (
    *(f"T-{number:02}" for number in range(1, 59)),
    *(f"I-{number:02}" for number in range(1, 89)),
    *(f"C-{number:02}" for number in range(1, 54)),
    *(f"TS-{number:02}" for number in (*range(1, 11), 20, 30, 31)),
)
"""All rows of the inventory: TinEye, Infringement.Report, Copyleaks, and facts that a server in their place needs."""


def rows() -> dict[str, list[str] | dict[str, str]]:
    """Row -> the tests that prove it, or why it is left out."""
    found: dict[str, Any] = tomllib.loads(TABLE.read_text("utf-8"))["rows"]
    return found


def named() -> set[str]:
    """All tests that rows name, without parameters: `tests/http/test_auth.py::test_wrong_keys_are_refused_alike`."""
    return {test for proof in rows().values() if isinstance(proof, list) for test in proof}


def unproved(passed: Iterable[str], failed: Iterable[str]) -> list[str]:
    """The named tests of which no run passed, or any failed. Node ids may have parameters."""
    good, bad = ({node.partition("[")[0] for node in nodes} for nodes in (passed, failed))
    return sorted(test for test in named() if test not in good or test in bad)


class Proofs:
    """Takes note of what passed; in the process that gathers the results of all."""

    def __init__(self) -> None:
        self.passed: set[str] = set()
        self.failed: set[str] = set()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" and report.passed:
            self.passed.add(report.nodeid)
        elif not report.passed:
            self.failed.add(report.nodeid)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if unproved(self.passed, self.failed) and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        for test in unproved(self.passed, self.failed):
            terminalreporter.write_line(f"NOT PROVED {test}: a row of requirements.toml names it, and it did not pass")
