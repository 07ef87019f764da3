"""What the docstring below a field of a Struct says, as its `description` in JSON Schemas: msgspec leaves it out."""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any, get_origin

import msgspec
from msgspec.inspect import StructType, multi_type_info


def describe(components: dict[str, dict[str, Any]], types: Iterable[Any]) -> None:
    """Give the properties of the components that `types` led to their descriptions; those that have one keep it."""
    known: dict[tuple[str, frozenset[str]], type[msgspec.Struct]] = {}
    for struct in _structs(multi_type_info(list(types))):
        names = frozenset(field.encode_name for field in msgspec.structs.fields(struct))
        known.setdefault((struct.__name__, names), struct)
    for component in components.values():
        properties = component.get("properties", {})
        # of a generic Struct the title goes on: Items[MatchOut]
        title = str(component.get("title", "")).partition("[")[0]
        if struct_of := known.get((title, frozenset(properties))):
            _give(properties, struct_of)


def _give(properties: dict[str, dict[str, Any]], struct: type[msgspec.Struct]) -> None:
    texts = field_docs(struct)
    for field in msgspec.structs.fields(struct):
        if text := texts.get(field.name):
            properties[field.encode_name].setdefault("description", text)


def field_docs(struct: type[msgspec.Struct]) -> dict[str, str]:
    """Field -> the docstring below it, also of the Structs that it is made of; empty where there is no source."""
    found: dict[str, str] = {}
    for kind in reversed(struct.__mro__):
        found |= _of_module(kind.__module__).get(kind.__qualname__, {})
    return found


@cache
def _of_module(name: str) -> dict[str, dict[str, str]]:
    file = getattr(sys.modules.get(name), "__file__", None)
    try:
        tree = ast.parse(Path(file).read_bytes()) if file else None
    except (OSError, SyntaxError, ValueError):
        tree = None
    return dict(_classes(tree.body)) if tree else {}


def _classes(body: Iterable[ast.stmt], within: str = "") -> Iterator[tuple[str, dict[str, str]]]:
    for statement in body:
        if isinstance(statement, ast.ClassDef):
            yield f"{within}{statement.name}", dict(_fields(statement.body))
            yield from _classes(statement.body, f"{within}{statement.name}.")


def _fields(body: list[ast.stmt]) -> Iterator[tuple[str, str]]:
    for field, below in pairwise(body):
        if not (isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)):
            continue
        if isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant) and isinstance(below.value.value, str):
            yield field.target.id, " ".join(inspect.cleandoc(below.value.value).split())


def _structs(told: Any, seen: set[int] | None = None) -> Iterator[type[msgspec.Struct]]:
    """All Structs within what msgspec tells of types."""
    seen = set() if seen is None else seen
    if isinstance(told, list | tuple):
        for one in told:
            yield from _structs(one, seen)
    elif isinstance(told, msgspec.inspect.Type | msgspec.inspect.Field) and id(told) not in seen:
        seen.add(id(told))
        if isinstance(told, StructType):
            yield get_origin(told.cls) or told.cls
        for name in told.__struct_fields__:
            yield from _structs(getattr(told, name), seen)
