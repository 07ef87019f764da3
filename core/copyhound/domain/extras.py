"""How to add an optional part of the package to this very installation."""

from __future__ import annotations

import importlib.metadata
import json
import shlex
import sys
from typing import Any, Final
from urllib.parse import unquote, urlsplit

_PACKAGE: Final = "copyhound"


def missing_extra(what: str, extra: str) -> str:
    """What to tell a client whose wish, such as `MCP needs`, lacks an extra: nothing of the server's folders."""
    return f"{what} the extra {extra} on the server: the manual's page quickstart has the command."


def install_command(extra: str) -> str:
    """For who runs the server: the shell command that brings an extra to this program, from where it came itself."""
    return shlex.join([sys.executable, "-m", "pip", "install", *_requirement(extra, _origin())])


def _origin() -> dict[str, Any]:
    """Where it was installed from, as PEP 610 has it; empty: from an index of packages."""
    try:
        written = importlib.metadata.distribution(_PACKAGE).read_text("direct_url.json")
        return dict(json.loads(written or "{}"))
    except (importlib.metadata.PackageNotFoundError, ValueError):
        return {}


def _requirement(extra: str, origin: dict[str, Any]) -> list[str]:
    url = origin.get("url", "")
    if "dir_info" in origin:
        folder = unquote(urlsplit(url).path)
        return [*(["-e"] if origin["dir_info"].get("editable") else []), f"{folder}[{extra}]"]
    if vcs := origin.get("vcs_info"):
        url = f"{vcs['vcs']}+{url}@{vcs['commit_id']}"
    return [f"{_PACKAGE}[{extra}] @ {url}" if url else f"{_PACKAGE}[{extra}]"]
