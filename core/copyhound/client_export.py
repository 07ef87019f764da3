"""Writes the typed clients in connectors/ from the OpenAPI document: for Python, and types for TypeScript."""

from __future__ import annotations

import keyword
import re
import subprocess
import sys
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

Json = Mapping[str, Any]

_NOTE: Final = "Written by `make schemas` from the OpenAPI document, never by hand."
_SCALARS: Final = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": "None"}
_TIMES: Final = {"date-time": "datetime", "date": "date"}
_STYLE: Final = ("--line-length=120", "--config", 'lint.isort.known-first-party=["copyhound_client"]')
_METHODS: Final = ("get", "post", "put", "patch", "delete")
_OBJECT: Final = "dict[str, Any]"
_WIDTH: Final = 110
_EVENTS: Final = "text/event-stream"
_KEY: Final = "Idempotency-Key"


def folder() -> Path | None:
    """connectors/ of the working copy; None where Copyhound is installed without it."""
    found = Path(__file__).parents[2] / "connectors"
    return found if found.is_dir() else None


def clients(document: Json) -> dict[str, bytes]:
    """Path within connectors/ -> text, of every file that is generated."""
    return {
        "python/copyhound_client/models.py": _formatted(models(document)),
        "python/copyhound_client/operations.py": _formatted(operations(document)),
    }


def _formatted(text: str) -> bytes:
    """As `ruff format` would have it, with the imports that are needed. Ruff is there where Copyhound is worked on."""
    for command in (("check", "--fix", "--select=F401,I"), ("format",)):
        called = [sys.executable, "-m", "ruff", *command, "--quiet", "--isolated", *_STYLE, "-"]
        text = subprocess.run(called, input=text, capture_output=True, check=True, text=True).stdout
    return text.encode()


def models(document: Json) -> str:
    """The module of all shapes: enumerations first, then Structs, each in the order of their names."""
    components = sorted(document["components"]["schemas"].items())
    words = [_words(name, schema) for name, schema in components if "enum" in schema]
    structs = [_struct(name, schema) for name, schema in components if "enum" not in schema]
    head = f'''"""The shapes of requests and answers. {_NOTE}"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal

from msgspec import UNSET, Struct, UnsetType, field

from copyhound_client.words import Word
'''
    return "\n\n\n".join((head, *words, *structs)) + "\n"


def class_name(component: str) -> str:
    """`Items_MatchOut_` -> `ItemsMatchOut`."""
    return "".join(part[:1].upper() + part[1:] for part in re.split(r"[^A-Za-z0-9]+", component))


def _words(name: str, schema: Json) -> str:
    lines = [f"class {class_name(name)}(Word):", _docstring(schema, 4), ""]
    lines += [f"    {_identifier(value)} = {value!r}" for value in schema["enum"]]
    return "\n".join(lines)


def _struct(name: str, schema: Json) -> str:
    required = set(schema.get("required", ()))
    lines = [f"class {class_name(name)}(Struct, kw_only=True, omit_defaults=True):", _docstring(schema, 4), ""]
    lines += [_field(one, part, one in required) for one, part in schema.get("properties", {}).items()]
    return "\n".join(lines)


def _field(name: str, schema: Json, required: bool) -> str:
    kind, own = type_of(schema), _identifier(name)
    options = [] if own == name else [f"name={name!r}"]
    if not required:
        kind, default = _default(kind, schema)
        options.insert(0, default)
    if not options:
        return f"    {own}: {kind}"
    simple = len(options) == 1 and options[0].startswith("default=")
    value = options[0].removeprefix("default=") if simple else f"field({', '.join(options)})"
    return f"    {own}: {kind} = {value}"


def _default(kind: str, schema: Json) -> tuple[str, str]:
    """(type, argument of `field`) of what need not be given. Without a default: UNSET, which is never sent."""
    default = schema.get("default", ...)
    if default is ... or (isinstance(default, dict) and "$ref" in schema):
        return f"{kind} | UnsetType", "default=UNSET"
    if isinstance(default, str) and "$ref" in schema:
        return kind, f"default={kind}({default!r})"
    if isinstance(default, list | dict):
        return (
            kind,
            f"default_factory=lambda: {_listed(kind, default)}"
            if default
            else f"default_factory={type(default).__name__}",
        )
    return kind, f"default={default!r}"


def _listed(kind: str, default: Any) -> str:
    inner = re.fullmatch(r"list\[([A-Z]\w+)\]", kind)
    return f"[{', '.join(f'{inner[1]}({one!r})' for one in default)}]" if inner else repr(default)


def type_of(schema: Any, prefix: str = "") -> str:
    """The Python type of a schema. `prefix` stands before names of components."""
    if not isinstance(schema, Mapping):
        return "Any"
    if "$ref" in schema:
        return prefix + class_name(schema["$ref"].rpartition("/")[2])
    if choices := schema.get("anyOf") or schema.get("oneOf"):
        return _union([type_of(one, prefix) for one in choices])
    if "enum" in schema:
        return f"Literal[{', '.join(map(repr, schema['enum']))}]"
    kind = schema.get("type")
    if isinstance(kind, list):
        return _union([type_of({**schema, "type": one}, prefix) for one in kind])
    if kind == "array":
        return _array(schema, prefix)
    if kind == "object":
        return f"dict[str, {type_of(schema.get('additionalProperties'), prefix)}]"
    return _TIMES.get(schema.get("format", ""), _SCALARS.get(str(kind), "Any"))


def _array(schema: Json, prefix: str) -> str:
    if "prefixItems" in schema:
        return f"tuple[{', '.join(type_of(one, prefix) for one in schema['prefixItems'])}]"
    return f"list[{type_of(schema.get('items'), prefix)}]"


def _union(kinds: list[str]) -> str:
    """Several shapes in one place cannot be told apart: then anything."""
    shapes = [kind for kind in kinds if kind not in _SCALARS.values() and kind not in _TIMES.values()]
    if "Any" in kinds or len(shapes) > 1:
        return "Any"
    return " | ".join(dict.fromkeys(kinds))


def operations(document: Json) -> str:
    """The module of the class with a method for each operation."""
    head = f'''"""A method for every operation. {_NOTE}"""

from __future__ import annotations

from collections.abc import Generator
from datetime import date, datetime
from typing import Any, Literal, cast
from urllib.parse import quote

from copyhound_client import models
from copyhound_client.transport import Files, LiveEvent, Transport


class Copyhound(Transport):
    """The Copyhound API, version 1. Error answers raise CopyhoundApiError."""
'''
    methods = [_method(path, method, operation) for path, method, operation in _operations(document)]
    return "\n\n".join((head, *methods)) + "\n"


def _operations(document: Json) -> Iterator[tuple[str, str, Json]]:
    """(path, method, operation) of all but what is for people in a browser, in the order of their names."""
    found = [
        (path, method, item[method])
        for path, item in document["paths"].items()
        for method in _METHODS
        if method in item
    ]
    for path, method, operation in sorted(found, key=lambda one: str(one[2]["operationId"])):
        answers = [answer for status, answer in operation["responses"].items() if status.startswith("2")]
        if answers and not any("text/html" in answer.get("content", {}) for answer in answers):
            yield path, method, operation


def _method(path: str, method: str, operation: Json) -> str:
    parameters = operation.get("parameters", ())
    positional = [f"{_identifier(one['name'])}: str" for one in parameters if one["in"] == "path"]
    query = {one["name"]: _optional(type_of(one["schema"], "models.")) for one in parameters if one["in"] == "query"}
    options = [f"{_identifier(name)}: {kind} = None" for name, kind in query.items()]
    kinds, kind = _answers(operation)
    arguments = [
        f'"{method.upper()}"',
        _path(path),
        f"{{{', '.join(f'{code}: {one}' for code, one in kinds.items())}}}",
    ]
    if query:
        arguments.append(f"query={{{', '.join(f'{name!r}: {_identifier(name)}' for name in query)}}}")
    if body := operation.get("requestBody"):
        _add_body(body["content"], positional, options, arguments)
    if any(one["name"] == _KEY for one in parameters):
        options.append("idempotency_key: str | None = None")
        arguments.append("key=idempotency_key")
    signature = ", ".join(("self", *positional, *(("*", *options) if options else ())))
    if _streams(operation):
        return _stream(path, query, signature, operation)
    call = f"self._call({', '.join(arguments)})"
    done = (
        call
        if kind == "None"
        else f"return cast({kind}, {call})"
        if " " not in kind
        else f'return cast("{kind}", {call})'
    )
    return f"    def {operation['operationId']}({signature}) -> {kind}:\n{_docstring(operation, 8)}\n        {done}"


def _streams(operation: Json) -> bool:
    return any(_EVENTS in answer.get("content", {}) for answer in operation["responses"].values())


def _stream(path: str, query: Json, signature: str, operation: Json) -> str:
    """What does not end is told as it comes."""
    asked = ", ".join(f"{name!r}: {_identifier(name)}" for name in query)
    head = f"    def {operation['operationId']}({signature}) -> Generator[LiveEvent, None, None]:\n"
    head += _docstring(operation, 8)
    return f"{head}\n        return self._watch({_path(path)}, query={{{asked}}})"


def _add_body(content: Json, positional: list[str], options: list[str], arguments: list[str]) -> None:
    kind = type_of(content["application/json"]["schema"], "models.")
    if "multipart/form-data" in content:
        positional.append(f"body: {kind} | None = None")
        options.append("files: Files | None = None")
        arguments += ["body=body", "files=files"]
    else:
        positional.append(f"body: {kind}")
        arguments.append("body=body")


def _answers(operation: Json) -> tuple[dict[str, str], str]:
    """(status -> type, type of what the method returns)."""
    kinds: dict[str, str] = {}
    for status, answer in operation["responses"].items():
        content = answer.get("content", {})
        if status.startswith("2") and content:
            only_json = set(content) == {"application/json"}
            kinds[status] = type_of(content["application/json"]["schema"], "models.") if only_json else "bytes"
    return kinds, " | ".join(dict.fromkeys(kinds.values())) or "None"


def _optional(kind: str) -> str:
    return kind if kind.endswith("None") or kind == "Any" else f"{kind} | None"


def _path(path: str) -> str:
    if "{" not in path:
        return f'"{path}"'
    return 'f"' + re.sub(r"{([^}]+)}", lambda part: f"{{quote({_identifier(part[1])}, safe='')}}", path) + '"'


def _identifier(name: str) -> str:
    plain = re.sub(r"\W", "_", name)
    return f"{plain}_" if keyword.iskeyword(plain) or plain[:1].isdigit() else plain


def _docstring(told: Json, indent: int) -> str:
    text = str(told.get("description") or told.get("title") or "")
    text = text.replace("\\", "\\\\").replace('"""', "'''")
    lines = [line for part in text.split("\n") for line in (textwrap.wrap(part, _WIDTH - indent) or [""])]
    margin = " " * indent
    if len(lines) == 1:
        return f'{margin}"""{lines[0]}"""'
    return "\n".join((f'{margin}"""{lines[0]}', *(f"{margin}{line}".rstrip() for line in lines[1:]), f'{margin}"""'))
