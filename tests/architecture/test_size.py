"""Modules and functions stay small."""

from __future__ import annotations

import ast
import statistics
from pathlib import Path

ROOT = Path(__file__).parents[2]
MODULE_LINES, FUNCTION_LINES = 400, 60
Modules = dict[Path, ast.Module]


def functions(modules: Modules) -> list[tuple[str, int]]:
    """(where, lines) of every function; migrations are left out: they are lists of columns, written once."""
    return [
        (f"{path}:{node.lineno} {node.name}", (node.end_lineno or node.lineno) - node.lineno + 1)
        for path, tree in modules.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and "migrations" not in path.parts
    ]


def test_no_module_is_long(modules: Modules) -> None:
    """No module has more than 400 lines."""
    lengths = {path: len((ROOT / path).read_text("utf-8").splitlines()) for path in modules}
    assert {path: lines for path, lines in lengths.items() if lines > MODULE_LINES} == {}


def test_no_function_is_long(modules: Modules) -> None:
    """No function has more than 60 lines."""
    assert [(where, lines) for where, lines in functions(modules) if lines > FUNCTION_LINES] == []


def test_most_functions_are_short(modules: Modules) -> None:
    """Half of all functions have at most 10 lines, nine of ten at most 30."""
    lengths = sorted(lines for _, lines in functions(modules))
    assert statistics.median(lengths) <= 10
    assert lengths[len(lengths) * 9 // 10] <= 30
