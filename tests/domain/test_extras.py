"""The command that brings an extra is the one for this installation."""

from __future__ import annotations

import importlib.metadata
import json
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from copyhound.domain.extras import install_command, missing_extra

ROOT = Path(__file__).parents[2]


def wanted(monkeypatch: pytest.MonkeyPatch, origin: dict[str, Any] | None) -> list[str]:
    """What pip is told to install where the package came from there."""

    class Found:
        def read_text(self, name: str) -> str | None:
            return json.dumps(origin) if origin is not None and name == "direct_url.json" else None

    monkeypatch.setattr(importlib.metadata, "distribution", lambda name: Found())
    python, *rest = shlex.split(install_command("mcp"))
    assert (python, rest[:3]) == (sys.executable, ["-m", "pip", "install"])
    return rest[3:]


@pytest.mark.parametrize(
    ("origin", "expected"),
    [
        ({"dir_info": {"editable": True}, "url": "file:///home/a%20b/hound"}, ["-e", "/home/a b/hound[mcp]"]),
        ({"dir_info": {}, "url": "file:///srv/hound"}, ["/srv/hound[mcp]"]),
        ({"archive_info": {}, "url": "file:///srv/c-1.whl"}, ["copyhound[mcp] @ file:///srv/c-1.whl"]),
        (
            {"vcs_info": {"vcs": "git", "commit_id": "abc"}, "url": "https://git.example/c"},
            ["copyhound[mcp] @ git+https://git.example/c@abc"],
        ),
        (None, ["copyhound[mcp]"]),
    ],
)
def test_it_comes_from_where_the_program_came_from(
    monkeypatch: pytest.MonkeyPatch, origin: dict[str, Any] | None, expected: list[str]
) -> None:
    """A working copy, a wheel, a repository: the extra is installed from the same, by this Python."""
    assert wanted(monkeypatch, origin) == expected


def test_without_an_installation_it_is_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """A package that was never installed is asked for by its name."""

    def none(name: str) -> None:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "distribution", none)
    assert shlex.split(install_command("raw"))[-1] == "copyhound[raw]"


def test_pip_understands_it() -> None:
    """The command of this installation is one that pip takes: a dry run of it finds the package and the extra."""
    command = shlex.split(install_command("qdrant"))
    dry = [*command, "--dry-run", "--no-deps", "--no-index", "--no-build-isolation", "--quiet"]
    told = subprocess.run(dry, capture_output=True, text=True, timeout=60)
    assert told.returncode == 0, told.stderr
    assert "does not provide the extra" not in told.stderr


def test_no_text_names_an_index_of_packages() -> None:
    """Nobody is told to install from an index, which has no such package: all texts ask the one helper."""
    files = [*(ROOT / "core").rglob("*.py"), *(ROOT / "plugins").rglob("*.py"), *(ROOT / "core").rglob("*.md")]
    found = [str(file) for file in files if re.search(r"install\s+'?\"?copyhound\[", file.read_text("utf-8"))]
    assert found == []


def test_clients_are_told_nothing_of_the_servers_folders() -> None:
    """Who asks over the network is sent to the manual's command, which has no path of this machine."""
    told = missing_extra("MCP needs", "mcp")
    assert "quickstart" in told
    assert "/" not in told


def test_the_manual_has_the_command_of_each_extra() -> None:
    """The quickstart lists every extra with its command for a working copy, and no page has another form."""
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    pages = [file.read_text("utf-8") for file in (ROOT / "core" / "copyhound" / "docs").glob("*.md")]
    quickstart = (ROOT / "core" / "copyhound" / "docs" / "quickstart.md").read_text("utf-8")
    commands = re.findall(r"^\| `(\w+)` \|.*`\.venv/bin/pip install -e '\.\[(\w+)\]'` \|$", quickstart, re.MULTILINE)
    assert sorted(commands) == sorted((name, name) for name in declared if name not in {"dev", "bench"})
    assert [found for page in pages for found in re.findall(r".*install '?\.\[.*", page)] == []
