"""`copyhound serve` on a data folder that cannot be worked on."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest


def garbage(folder: Path) -> None:
    """Put a file that is none in the database's place."""
    (folder / "copyhound.db").write_bytes(os.urandom(9000))


def other_folder(folder: Path) -> None:
    """Put a folder in the database's place."""
    (folder / "copyhound.db").mkdir()


def nothing(folder: Path) -> None:
    """Leave the folder empty."""


@pytest.mark.parametrize(
    ("prepare", "most", "told"),
    [
        (garbage, None, "is not a database"),
        (other_folder, None, "cannot be opened"),
        (nothing, 32 * 1024, "is full"),
    ],
    ids=["garbage", "folder", "full"],
)
def test_serve_says_in_a_line_what_is_wrong(
    prepare: Callable[[Path], None], most: int | None, told: str, environment: dict[str, str], tmp_path: Path
) -> None:
    """One line and a hint, no traceback, where the database is garbage, not a file, or has no room to grow."""
    prepare(tmp_path)

    def limit() -> None:
        if most is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))

    command = [sys.executable, "-m", "copyhound.cli", "--data", str(tmp_path), "serve", "--port", "0"]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env=environment,
        cwd=tmp_path,
        preexec_fn=limit,
    )
    assert done.returncode == 1
    lines = done.stderr.splitlines()
    assert [line.split(":")[0] for line in lines] == ["Error", "Hint"], done.stderr
    assert told in lines[0]
