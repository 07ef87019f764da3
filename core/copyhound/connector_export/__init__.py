"""Writes connectors/ from the catalogue of triggers and actions, and tells where they differ.

Each module here that has `render(catalogue) -> {path: text}` is a platform; its files lie in connectors/<platform>/,
where `power_automate` is `power-automate`. What people wrote lies beside what is rendered: `generated.txt` tells which
is which."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from copyhound.connector_export.catalogue import Described, built_in, installed

__all__ = ["COMMAND", "Described", "built_in", "check", "export", "files", "folder", "installed", "renderers"]

COMMAND: Final = "make connectors"
LISTING: Final = "generated.txt"
Render = Callable[[Described], dict[str, str]]


def folder() -> Path | None:
    """connectors/ of the working copy; None where Copyhound is installed without it."""
    found = Path(__file__).parents[3] / "connectors"
    return found if found.is_dir() else None


def renderers() -> dict[str, Render]:
    """Platform -> what renders it, by name."""
    names = sorted(one.name for one in pkgutil.iter_modules(__path__))
    modules = {name: importlib.import_module(f"{__name__}.{name}") for name in names}
    return {name.replace("_", "-"): one.render for name, one in modules.items() if hasattr(one, "render")}


def files(catalogue: Described, platforms: Iterable[str] = ()) -> dict[str, bytes]:
    """Path within connectors/ -> text of all that is rendered, for these platforms or all. KeyError: no such platform.

    Each platform's `generated.txt` names the others.
    """
    known = renderers()
    found: dict[str, bytes] = {}
    for platform in platforms or known:
        rendered = known[platform](catalogue)
        rendered[LISTING] = "".join(f"{name}\n" for name in sorted({*rendered, LISTING}))
        found.update({f"{platform}/{name}": text.encode() for name, text in rendered.items()})
    return found


def export(into: Path, catalogue: Described, platforms: Iterable[str] = ()) -> list[Path]:
    """Write what is rendered, delete what no longer is; the files that were written anew."""
    wanted = files(catalogue, platforms)
    for name in _listed(into, wanted) - wanted.keys():
        (into / name).unlink(missing_ok=True)
    changed = [name for name, text in wanted.items() if _bytes_of(into / name) != text]
    for name in changed:
        (into / name).parent.mkdir(parents=True, exist_ok=True)
        (into / name).write_bytes(wanted[name])
    return [into / name for name in changed]


def check(within: Path, catalogue: Described) -> list[str]:
    """What differs from the catalogue, a sentence each; empty where all is fresh."""
    wanted = files(catalogue)
    gone = [f"connectors/{name} is no longer rendered" for name in sorted(_listed(within, wanted) - wanted.keys())]
    stale = [name for name, text in wanted.items() if _bytes_of(within / name) != text]
    return gone + [f"connectors/{name} differs from the catalogue" for name in stale]


def _listed(base: Path, wanted: Iterable[str]) -> set[str]:
    """The files that were rendered earlier for the platforms of `wanted`, as far as they are there."""
    found: set[str] = set()
    for platform in {name.partition("/")[0] for name in wanted}:
        text = _bytes_of(base / platform / LISTING) or b""
        found |= {f"{platform}/{name}" for name in text.decode().splitlines()}
    return {name for name in found if (base / name).exists()}


def _bytes_of(file: Path) -> bytes | None:
    return file.read_bytes() if file.exists() else None
