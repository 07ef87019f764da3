"""n8n's own linter and build over connectors/n8n. Heavy (0.7 GB, once): `make test-platforms` runs it alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .n8n_tools import n8n_node, node_path, package_with_tools


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A PATH with a new node."""
    return node_path(tmp_path_factory.mktemp("node"))


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package with its tools."""
    return package_with_tools(tmp_path_factory.mktemp("n8n") / "n8n-nodes-copyhound")


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
