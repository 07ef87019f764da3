"""Constants of TypeScript, as connectors hold what is rendered for them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

_NOTE: Final = "// Rendered from the catalogue by `make connectors`, never by hand.\n"
_WORD: Final = re.compile(r"[A-Za-z_$][\w$]*")


def module(imports: Iterable[str], exported: Mapping[str, Any]) -> str:
    """A module of TypeScript with constants; the names have their types."""
    constants = (f"export const {name} = {literal(value)};\n" for name, value in exported.items())
    return "\n".join((_NOTE, *(f"{one}\n" for one in imports), *constants))


def literal(value: Any, depth: int = 0) -> str:
    """A value in TypeScript, as prettier would have it but for the length of lines."""
    inside, end = "\t" * (depth + 1), "\t" * depth
    if isinstance(value, str):
        quoted = json.dumps(value, ensure_ascii=False)[1:-1].replace('\\"', '"')
        return f'"{json.dumps(value)[1:-1]}"' if "'" in value and '"' not in value else f"'{_escaped(quoted)}'"
    if isinstance(value, Mapping) and value:
        keys = {key: key if _WORD.fullmatch(key) else literal(key) for key in value}
        return "{\n" + "".join(f"{inside}{keys[k]}: {literal(v, depth + 1)},\n" for k, v in value.items()) + end + "}"
    if isinstance(value, list) and any(isinstance(one, Mapping | list) for one in value):
        return "[\n" + "".join(f"{inside}{literal(one, depth + 1)},\n" for one in value) + end + "]"
    if isinstance(value, list):
        return f"[{', '.join(literal(one) for one in value)}]"
    return json.dumps(value)


def _escaped(text: str) -> str:
    return text.replace("'", "\\'")
