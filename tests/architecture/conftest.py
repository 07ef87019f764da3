"""The source files, parsed once."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def modules() -> dict[Path, ast.Module]:
    """Path within the repository -> syntax tree, of every module that is shipped."""
    found = [path for root in ("core", "plugins", "schemas") for path in (ROOT / root).rglob("*.py")]
    return {path.relative_to(ROOT): ast.parse(path.read_text("utf-8")) for path in sorted(found)}
