"""The exported schemas, as data: written from the code by `make schemas`, never by hand."""

from __future__ import annotations

import json
from importlib import resources
from typing import Any


def read_openapi() -> dict[str, Any]:
    """The OpenAPI 3.1 document of the native API."""
    return _read("openapi.json")


def read_surface(name: str, version: str) -> dict[str, Any]:
    """The OpenAPI 3.1 document of a version of a surface: `read_surface("infringement_report", "3.0")`."""
    return _read(f"openapi/{name}-{version}.json")


def read_trigger(key: str) -> dict[str, Any]:
    """JSON Schema of a trigger's events."""
    return _read(f"triggers/{key}.json")


def read_action(key: str, part: str = "input") -> dict[str, Any]:
    """JSON Schema of what an action takes (`input`) or answers (`output`)."""
    return _read(f"actions/{key}.{part}.json")


def _read(name: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((resources.files(__package__) / name).read_text("utf-8"))
    return read
