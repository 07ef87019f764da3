"""The package for n8n, compiled, in a process of node that stands in for n8n."""

from __future__ import annotations

import json
import queue
import shutil
import subprocess
import threading
from pathlib import Path
from typing import Any, Self

from ..e2e.servers import PATIENCE

PACKAGE = Path(__file__).parents[2] / "connectors" / "n8n"
STAND_IN = Path(__file__).parents[1] / "fixtures" / "n8n.cjs"


def copied(into: Path, modules: Path) -> Path:
    """A copy of the package with its dependencies, as `npm install` leaves it."""
    shutil.copytree(PACKAGE, into, ignore=shutil.ignore_patterns("node_modules", "dist"))
    (into / "node_modules").symlink_to(modules)
    return into


class RefusedError(Exception):
    """What a node threw, as n8n would show it."""

    def __init__(self, told: dict[str, Any]) -> None:
        super().__init__(told["message"])
        self.name, self.told = told["name"], told


class N8n:
    """Runs the nodes. Events that the trigger node lets through come to `event()`."""

    def __init__(self, package: Path) -> None:
        shutil.copy(STAND_IN, package)
        self._process = subprocess.Popen(
            ["node", STAND_IN.name], cwd=package, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._answers: queue.Queue[dict[str, Any]] = queue.Queue()
        self._events: queue.Queue[dict[str, Any]] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()
        self.base = self._answered()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            told = json.loads(line)
            (self._events if "event" in told or "broken" in told else self._answers).put(told)

    def _answered(self) -> Any:
        told = self._answers.get(timeout=PATIENCE)
        if "error" in told:
            raise RefusedError(told["error"])
        return told["answer"]

    def do(self, command: str, **given: Any) -> Any:
        """What a command answers. Raises RefusedError for what was thrown."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"command": command, **given}) + "\n")
        self._process.stdin.flush()
        return self._answered()

    def run(self, resource: str, operation: str, **given: Any) -> list[dict[str, Any]]:
        """The items that come out of the action node; `items`, `execution` and `continueOnFail` are n8n's."""
        around = {name: given.pop(name) for name in ("items", "execution", "continueOnFail") if name in given}
        parameters = {"resource": resource, "operation": operation, **given}
        (found,) = self.do("execute", parameters=parameters, **around)
        return list(found)

    def event(self, timeout: float = PATIENCE) -> dict[str, Any]:
        """The next event that starts the workflow."""
        told = self._events.get(timeout=timeout)
        assert "event" in told, told
        return dict(told["event"])

    def quiet(self) -> bool:
        """No event is waiting."""
        return self._events.empty()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(PATIENCE)
        if self._process.stdout is not None:
            self._process.stdout.close()
