"""Writes a new plugin: a distribution of its own, with a provider and a test that passes."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Final

from copyhound.domain.errors import CopyhoundError
from copyhound.plugin_api.types import API_VERSION

_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")
_FILES: Final = {
    "pyproject.toml.txt": "pyproject.toml",
    "README.md.txt": "README.md",
    "src/plugin.py.txt": "src/copyhound_{name}/__init__.py",
    "src/py.typed.txt": "src/copyhound_{name}/py.typed",
    "tests/test_plugin.py.txt": "tests/test_{name}.py",
}


def write_plugin(name: str, folder: Path) -> list[Path]:
    """Writes the distribution `copyhound-<name>` into `folder`, which is made; answers the files, sorted.

    Raises CopyhoundError `invalid_request` for a name that is not like `my_service`, and `conflict` where a file is
    in the way: nothing is written then.
    """
    if not _NAME.fullmatch(name):
        raise CopyhoundError("invalid_request", f"The name {name!r:.60} must be like my_service: a-z, 0-9 and _.")
    written = {folder / target.format(name=name): _filled(source, name) for source, target in _FILES.items()}
    for path in written:
        if path.exists():
            raise CopyhoundError("conflict", f"{path} is there already.")
    for path, text in written.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return sorted(written)


def _filled(source: str, name: str) -> str:
    words = {
        "name": name,
        "distribution": f"copyhound-{name.replace('_', '-')}",
        "title": name.replace("_", " ").title(),
        "class_name": "".join(part.capitalize() for part in name.split("_")),
        "constant": name.upper(),
        "api": API_VERSION,
    }
    return Template((files(__name__) / "files" / source).read_text("utf-8")).substitute(words)
