"""What msgspec says of a value that is none of an enum's, with the values that there are."""

from __future__ import annotations

import re
from typing import Any, Final

from msgspec import inspect

_WRONG: Final = "Invalid enum value"
_STEP: Final = re.compile(r"\.(?P<field>[^.\[]+)|\[(?P<item>\d+|\.\.\.)\]")
_KEY: Final = "key` in `"
_LISTS: Final = (inspect.ListType, inspect.VarTupleType, inspect.SetType, inspect.FrozenSetType)


def explained(message: str, wanted: Any) -> str:
    """A message of msgspec on converting to the type `wanted`: as it is, or with the values that are known."""
    if not message.startswith(_WRONG):
        return message
    told, at, place = message.partition(" - at `")
    ends = [inspect.type_info(wanted)]
    for step in _STEP.finditer(place.removesuffix("`")):
        ends = [one for end in ends for one in _within(end, step["field"], step["item"])]
    if place.startswith(_KEY):
        ends = [one.key_type for end in ends for one in _plain(end) if isinstance(one, inspect.DictType)]
    known = [value for end in ends for value in _values(end)]
    return f"{told}; there are {', '.join(map(str, known))}{at}{place}" if known else message


def _plain(kind: inspect.Type) -> list[inspect.Type]:
    """The type without its constraints; those of a union, each."""
    if isinstance(kind, inspect.Metadata):
        return _plain(kind.type)
    return [plain for one in kind.types for plain in _plain(one)] if isinstance(kind, inspect.UnionType) else [kind]


def _values(kind: inspect.Type) -> list[Any]:
    found: list[Any] = []
    for one in _plain(kind):
        if isinstance(one, inspect.EnumType):
            found += [member.value for member in one.cls]
        elif isinstance(one, inspect.LiteralType):
            found += one.values
    return found


def _within(kind: inspect.Type, field: str | None, item: str | None) -> list[inspect.Type]:
    """What stands one step further in: behind a field's name, or behind a position or `...`."""
    found: list[inspect.Type] = []
    for one in _plain(kind):
        if isinstance(one, inspect.StructType):
            found += [known.type for known in one.fields if known.encode_name == field]
        elif isinstance(one, _LISTS):
            found.append(one.item_type)
        elif isinstance(one, inspect.DictType):
            found.append(one.value_type)
        elif isinstance(one, inspect.TupleType) and item is not None and item.isdigit():
            found += one.item_types[int(item) : int(item) + 1]
    return found
