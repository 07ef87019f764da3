"""A plugin written from the template is a distribution that builds, installs and passes its own tests."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from copyhound.plugin_api import CopyhoundError
from copyhound.plugin_api.template import write_plugin


def _run(*command: str, cwd: Path, **environ: str) -> str:
    done = subprocess.run(command, cwd=cwd, env={**os.environ, **environ}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_writes_a_distribution(tmp_path: Path) -> None:
    """The files are as the manual says, and no placeholder is left."""
    written = write_plugin("my_service", tmp_path / "new")
    assert [str(path.relative_to(tmp_path / "new")) for path in written] == [
        "README.md",
        "pyproject.toml",
        "src/copyhound_my_service/__init__.py",
        "src/copyhound_my_service/py.typed",
        "tests/test_my_service.py",
    ]
    text = "".join(path.read_text("utf-8") for path in written)
    assert "MyServiceSettings" in text
    assert 'api_key = "$env:MY_SERVICE_API_KEY"' in text
    assert text.count("$") == 1


@pytest.mark.parametrize("name", ["", "My", "my-service", "../x", "1st", "x" * 60])
def test_refuses_wrong_names(tmp_path: Path, name: str) -> None:
    """A name that is no Python name, or would leave the folder, writes nothing."""
    with pytest.raises(CopyhoundError) as caught:
        write_plugin(name, tmp_path)
    assert caught.value.code == "invalid_request"
    assert list(tmp_path.iterdir()) == []


def test_overwrites_nothing(tmp_path: Path) -> None:
    """One file in the way is enough to write none."""
    (tmp_path / "README.md").write_text("mine")
    with pytest.raises(CopyhoundError) as caught:
        write_plugin("acme", tmp_path)
    assert caught.value.code == "conflict"
    assert [path.name for path in tmp_path.iterdir()] == ["README.md"]


def test_builds_installs_and_passes_its_own_tests(tmp_path: Path) -> None:
    """Built by hatchling and installed from its wheel, the new plugin passes the tests it was written with."""
    source, target = tmp_path / "source", tmp_path / "target"
    write_plugin("acme_search", source)
    _run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", cwd=source)
    (wheel,) = (source / "dist").glob("*.whl")
    options = ["--no-deps", "--no-index", "--quiet", "--disable-pip-version-check", "--target", str(target)]
    _run(sys.executable, "-m", "pip", "install", *options, str(wheel), cwd=tmp_path)
    tests = ["-q", "-p", "no:cacheprovider", "tests"]
    told = _run(sys.executable, "-m", "pytest", *tests, cwd=source, PYTHONPATH=str(target))
    assert "13 passed" in told
