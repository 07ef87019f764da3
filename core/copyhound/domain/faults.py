"""What msgspec says of a wrong value, for people: the values of an enum that there are, a sentence for a pattern."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from msgspec import inspect

SAYS: Final = "says"
"""In the `extra` of a `msgspec.Meta` with a pattern: what to say of a text that does not match."""
_WRONG: Final = "Invalid enum value"
_UNMATCHED: Final = "Expected `str` matching regex "
_AT: Final = " - at `"
_STEP: Final = re.compile(r"\.(?P<field>[^.\[]+)|\[(?P<item>\d+|\.\.\.)\]")
_KEY: Final = "key` in `"
_LISTS: Final = (inspect.ListType, inspect.VarTupleType, inspect.SetType, inspect.FrozenSetType)


def explained(message: str, wanted: Any) -> str:
    """A message of msgspec on converting to the type `wanted`: as it is, or with what is known of the type."""
    if said := sentence(message, wanted):
        return said + "".join(message.rpartition(_AT)[1:] if _AT in message else ())
    if not message.startswith(_WRONG):
        return message
    told, at, place = message.partition(_AT)
    ends = _ends(place, wanted)
    if place.startswith(_KEY):
        ends = [one.key_type for end in ends for one in _plain(end) if isinstance(one, inspect.DictType)]
    known = [value for end in ends for value in _values(end)]
    return f"{told}; there are {', '.join(map(str, known))}{at}{place}" if known else message


def sentence(message: str, wanted: Any) -> str | None:
    """What the type itself says of a text that its pattern refuses; None where it says nothing, and of other faults.

    >>> from typing import Annotated
    >>> Name = Annotated[str, msgspec.Meta(pattern="^[a-z]+$", extra={SAYS: "It has other marks than a to z"})]
    >>> sentence("Expected `str` matching regex '^[a-z]+$'", Name)
    'It has other marks than a to z'
    """
    if not message.startswith(_UNMATCHED):
        return None
    place = message.rpartition(_AT)[2] if _AT in message else ""
    return next((said for end in _ends(place, wanted) for said in _said(end)), None)


def _ends(place: str, wanted: Any) -> list[inspect.Type]:
    """The types at a place such as `$.to[0]`, several where there are unions on the way."""
    ends = [inspect.type_info(wanted)]
    for step in _STEP.finditer(place.removesuffix("`")):
        ends = [one for end in ends for one in _within(end, step["field"], step["item"])]
    return ends


def _said(kind: inspect.Type) -> Iterator[str]:
    if isinstance(kind, inspect.Metadata):
        if kind.extra and SAYS in kind.extra:
            yield str(kind.extra[SAYS])
        yield from _said(kind.type)
    elif isinstance(kind, inspect.UnionType):
        for one in kind.types:
            yield from _said(one)


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
