"""What is public says what it is."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

Modules = dict[Path, ast.Module]
Definition = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def public(tree: ast.Module) -> Iterator[Definition]:
    """The public classes and functions of a module, methods left out."""
    for node in tree.body:
        if isinstance(node, Definition) and not node.name.startswith("_"):
            yield node


def test_every_module_says_what_it_is(modules: Modules) -> None:
    """Each module begins with a docstring."""
    assert [str(path) for path, tree in modules.items() if tree.body and not ast.get_docstring(tree)] == []


def test_public_functions_have_types(modules: Modules) -> None:
    """Each function says what it answers."""
    bare = [
        f"{path}:{node.lineno} {node.name}"
        for path, tree in modules.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.returns is None
    ]
    assert bare == []


def test_public_functions_and_classes_have_docstrings(modules: Modules) -> None:
    """All that a module offers says what it is."""
    bare = [
        f"{path}:{node.lineno} {node.name}"
        for path, tree in modules.items()
        for node in public(tree)
        if not ast.get_docstring(node)
    ]
    assert bare == []
