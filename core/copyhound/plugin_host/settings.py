"""A plugin's settings: from plain values to its Struct, and back to what may be shown."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec
from msgspec import inspect as shapes

from copyhound.domain.errors import CopyhoundError
from copyhound.domain.faults import sentence

SECRET_KEY: Final = "x-secret"
REDACTED: Final = "***"
_MAX_FILE: Final = 65536
_MIN_SCRUBBED: Final = 4
_AT: Final = re.compile(r" - at `(?P<key>key in )?\$\.?(?P<path>[^`]*)`$")
_SAFE: Final = ("Expected `", "Object missing required field `", "Object contains unknown field `")
T = TypeVar("T", bound=msgspec.Struct)


@lru_cache(maxsize=256)
def _shape(struct: type[msgspec.Struct]) -> shapes.Type:
    return shapes.type_info(struct)


def read_settings(
    section: str,
    struct: type[T],
    values: Mapping[str, Any],
    environ: Mapping[str, str] | None = None,
    *,
    lookup: bool = True,
) -> T:
    """An instance of `struct` from plain values; numbers, booleans and lists (with commas) may come as texts.

    `$env:NAME` and `$file:PATH` are looked up now, unless `lookup` is off: only the operator may read them.
    `section` is what messages call it, such as `plugins.acme`.
    Raises CopyhoundError `settings_invalid`, which names the field and never tells a value.
    """
    plain = dict(values)
    if lookup:
        plain = _listed(_looked_up(section, plain, os.environ if environ is None else environ), struct)
    try:
        return msgspec.convert(plain, struct, strict=False)
    except msgspec.ValidationError as error:
        raise _invalid(*_told(section, str(error), struct)) from None


def settings_schema(struct: type[msgspec.Struct]) -> dict[str, Any]:
    """JSON Schema of a settings Struct; fields with `x-secret` are to be asked for like passwords."""
    return msgspec.json.schema(struct)


def redacted(settings: msgspec.Struct) -> dict[str, Any]:
    """The settings as plain values, secrets replaced by `***`; empty secrets stay empty."""
    shown: dict[str, Any] = _shown(msgspec.to_builtins(settings), _shape(type(settings)))
    return shown


def secret_values(settings: msgspec.Struct) -> tuple[str, ...]:
    """The secrets themselves, longest first: what must not stand in any message.

    Also without blanks around them, and as Python writes them out: exceptions tell them so.
    """
    found = list(_secrets(msgspec.to_builtins(settings), _shape(type(settings))))
    forms = {form for text in found for form in (text, text.strip(), repr(text)[1:-1], repr(text.encode())[2:-1])}
    return tuple(sorted({text for text in forms if len(text) >= _MIN_SCRUBBED}, key=len, reverse=True))


def uri_values(settings: msgspec.Struct) -> tuple[str, ...]:
    """The texts in fields of the format `uri`, at the top."""
    fields = _shape(type(settings)).fields  # type: ignore[attr-defined]
    plain = msgspec.to_builtins(settings)
    named = [field.encode_name for field in fields if _of_format(field.type, "uri")]
    return tuple(plain[name] for name in named if isinstance(plain.get(name), str))


def scrub(text: str, secrets: tuple[str, ...]) -> str:
    """`text` without the secrets."""
    for secret in secrets:
        text = text.replace(secret, REDACTED)
    return text


def _invalid(section: str, detail: str) -> CopyhoundError:
    errors = [{"field": section, "message": detail[:1].upper() + detail[1:]}]
    return CopyhoundError("settings_invalid", f"{section}: {detail}.", field=section, errors=errors)


def _looked_up(path: str, value: Any, environ: Mapping[str, str]) -> Any:
    if isinstance(value, Mapping):
        return {key: _looked_up(f"{path}.{key}", inner, environ) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_looked_up(f"{path}[{index}]", inner, environ) for index, inner in enumerate(value)]
    if isinstance(value, str) and value.startswith("$env:"):
        return _from_environment(path, value.removeprefix("$env:"), environ)
    if isinstance(value, str) and value.startswith("$file:"):
        return _from_file(path, Path(value.removeprefix("$file:")))
    return value


def _from_environment(path: str, name: str, environ: Mapping[str, str]) -> str:
    if name not in environ:
        raise _invalid(path, f"the environment variable {name} is not set")
    return environ[name]


def _from_file(path: str, file: Path) -> str:
    try:
        if file.stat().st_size > _MAX_FILE:
            raise _invalid(path, f"the file {file} is larger than {_MAX_FILE} bytes")
        return file.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise _invalid(path, f"the file {file} could not be read ({type(error).__name__})") from None


def _told(section: str, message: str, struct: type[msgspec.Struct]) -> tuple[str, str]:
    """Where it is wrong, and why, without the value: msgspec tells some values, and so may a plugin's own check."""
    at = _AT.search(message)
    path = at["path"] if at else ""
    reason = message[: at.start()] if at else message
    if said := sentence(message, struct):
        reason = said
    elif not reason.startswith(_SAFE):
        reason = "the value is not allowed"
    elif reason.startswith("Object "):
        reason = (
            reason.removeprefix("Object ").replace("missing", "it lacks the", 1).replace("contains", "it has an", 1)
        )
    return (f"{section}.{path}" if path else section), reason[:1].lower() + reason[1:]


def _marked(shape: shapes.Type) -> bool:
    if isinstance(shape, shapes.Metadata):
        return bool((shape.extra_json_schema or {}).get(SECRET_KEY)) or _marked(shape.type)
    return isinstance(shape, shapes.UnionType) and any(_marked(one) for one in shape.types)


def _of_format(shape: shapes.Type, name: str) -> bool:
    if isinstance(shape, shapes.Metadata):
        return (shape.extra_json_schema or {}).get("format") == name or _of_format(shape.type, name)
    return isinstance(shape, shapes.UnionType) and any(_of_format(one, name) for one in shape.types)


def _bare(shape: shapes.Type) -> list[shapes.Type]:
    """A type without its annotations; the members of a union."""
    if isinstance(shape, shapes.Metadata):
        return _bare(shape.type)
    if isinstance(shape, shapes.UnionType):
        return [inner for one in shape.types for inner in _bare(one)]
    return [shape]


def _inner(value: Any, shape: shapes.Type) -> Iterator[tuple[Any, Any, shapes.Type]]:
    """Key, value and type of what is in a dict or a list."""
    for one in _bare(shape):
        if isinstance(one, shapes.StructType) and isinstance(value, dict):
            yield from ((field.encode_name, value[field.encode_name], field.type)
                        for field in one.fields if field.encode_name in value)  # fmt: skip
        elif isinstance(one, shapes.DictType) and isinstance(value, dict):
            yield from ((key, inner, one.value_type) for key, inner in value.items())
        elif isinstance(one, (shapes.ListType, shapes.VarTupleType)) and isinstance(value, (list, tuple)):
            yield from ((index, inner, one.item_type) for index, inner in enumerate(value))


def _shown(value: Any, shape: shapes.Type) -> Any:
    if _marked(shape):
        return REDACTED if value else value
    if not isinstance(value, (dict, list, tuple)):
        return value
    copy: Any = dict(value) if isinstance(value, dict) else list(value)
    for key, inner, inner_shape in _inner(value, shape):
        copy[key] = _shown(inner, inner_shape)
    return copy


def _secrets(value: Any, shape: shapes.Type) -> Iterator[str]:
    if _marked(shape):
        yield from _texts(value)
        return
    for _, inner, inner_shape in _inner(value, shape):
        yield from _secrets(inner, inner_shape)


def _listed(values: dict[str, Any], struct: type[msgspec.Struct]) -> dict[str, Any]:
    """Lists that came as one text, parted at its commas: the environment knows no others."""
    fields = _shape(struct).fields  # type: ignore[attr-defined]
    lists = {
        field.encode_name
        for field in fields
        if any(isinstance(one, (shapes.ListType, shapes.VarTupleType)) for one in _bare(field.type))
    }
    return {
        name: [part.strip() for part in value.split(",") if part.strip()]
        if name in lists and isinstance(value, str)
        else value
        for name, value in values.items()
    }


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        for inner in value:
            yield from _texts(inner)
    elif value is not None:
        yield str(value)
