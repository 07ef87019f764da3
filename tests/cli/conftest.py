"""The command in a process of its own, with a data folder of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

PICTURES = Path(__file__).parents[2] / "core" / "copyhound" / "demo" / "pictures"


class Ran:
    """A command that has ended."""

    def __init__(self, done: subprocess.CompletedProcess[str]) -> None:
        self.code, self.out, self.err = done.returncode, done.stdout, done.stderr

    @property
    def json(self) -> Any:
        assert self.code == 0, self.err
        return json.loads(self.out)


Command = Callable[..., Ran]


@pytest.fixture(scope="session")
def environment() -> dict[str, str]:
    """The environment without settings of ours."""
    return {name: value for name, value in os.environ.items() if not name.startswith("COPYHOUND_")}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder for all tests of a module."""
    return tmp_path_factory.mktemp("cli") / "data"


@pytest.fixture(scope="module")
def copyhound(data: Path, environment: dict[str, str]) -> Command:
    """Runs `copyhound` on the data folder, to its end."""

    def run(*arguments: str | Path) -> Ran:
        command = [sys.executable, "-m", "copyhound.cli", "--data", str(data), *map(str, arguments)]
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=100, env=environment, cwd=data.parent
        )
        return Ran(done)

    return run


@pytest.fixture(scope="session")
def picture() -> Callable[[str], Path]:
    """The file of a shipped picture."""
    return lambda name: PICTURES / f"{name}.jpg"
