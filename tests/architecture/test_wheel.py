"""The wheel that is built from this tree."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from configparser import ConfigParser
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel() -> Iterator[zipfile.ZipFile]:
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
        environment = {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
        done = subprocess.run(
            [*command, "--wheel-dir", folder, str(ROOT)], capture_output=True, text=True, check=False, env=environment
        )
        assert done.returncode == 0, done.stderr
        (built,) = Path(folder).glob("*.whl")
        with zipfile.ZipFile(built) as opened:
            yield opened


def test_only_our_names_are_on_top(wheel: zipfile.ZipFile) -> None:
    """Nothing but copyhound and copyhound_* lands in site-packages."""
    tops = {name.partition("/")[0] for name in wheel.namelist()}
    packages = {top for top in tops if not top.endswith(".dist-info")}
    assert {"copyhound", "copyhound_schemas", "copyhound_index", "copyhound_webhook", "copyhound_example"} <= packages
    assert [top for top in packages if top != "copyhound" and not top.startswith("copyhound_")] == []


@pytest.mark.parametrize(
    "name",
    [
        "copyhound/py.typed",
        "copyhound/docs/index.md",
        "copyhound/demo/report.css",
        "copyhound/demo/pictures/LICENCES.md",
        "copyhound/demo/pictures/kodak_0001.jpg",
        "copyhound/http/swagger/swagger-ui-bundle.js.gz",
        "copyhound/http/swagger/LICENSE",
        "copyhound_client/operations.py",
        "copyhound_schemas/openapi.json",
    ],
)
def test_data_is_in_it(wheel: zipfile.ZipFile, name: str) -> None:
    """Manual, demo pictures with their licences, and schemas are part of the package."""
    assert name in wheel.namelist()


def test_the_licence_is_in_it(wheel: zipfile.ZipFile) -> None:
    """MIT: anyone may use and change it, and nobody is liable; the text is part of what is installed."""
    (name,) = (name for name in wheel.namelist() if name.endswith(".dist-info/licenses/LICENSE"))
    text = " ".join(wheel.read(name).decode().split())
    assert text == " ".join((ROOT / "LICENSE").read_text("utf-8").split())
    assert "MIT License" in text
    assert "without restriction" in text
    assert "WITHOUT WARRANTY OF ANY KIND" in text
    assert "IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE" in text
    (metadata,) = (name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
    assert "License-Expression: MIT" in wheel.read(metadata).decode()


def test_decisions_and_caches_stay_out(wheel: zipfile.ZipFile) -> None:
    """What is for people who work on it is not installed."""
    assert [name for name in wheel.namelist() if "decisions" in name or "__pycache__" in name or "_cache" in name] == []


def test_no_file_names_this_machine(wheel: zipfile.ZipFile) -> None:
    """No file holds the path of the tree that it was built from."""
    path = str(ROOT).encode()
    assert [name for name in wheel.namelist() if path in wheel.read(name)] == []


def test_entry_points_are_declared(wheel: zipfile.ZipFile) -> None:
    """The command and the plugins that ship are entry points."""
    (name,) = (name for name in wheel.namelist() if name.endswith("entry_points.txt"))
    points = ConfigParser()
    points.read_string(wheel.read(name).decode())
    assert points["console_scripts"]["copyhound"] == "copyhound.cli:main"
    assert len(points["copyhound"]) >= 3
