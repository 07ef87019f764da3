"""A wrong value is told for people, wherever it stands."""

from __future__ import annotations

import json
from enum import IntEnum, StrEnum
from typing import Annotated, Any, Literal

import msgspec
import pytest
from msgspec import UNSET, UnsetType

from copyhound.domain.faults import explained


class Colour(StrEnum):
    red = "red"
    blue = "dark blue"


class Size(IntEnum):
    small = 1
    large = 9


class Inner(msgspec.Struct, frozen=True, rename="camel"):
    the_colour: Colour | None = None
    mode: Literal["on", "off"] | UnsetType = UNSET


class Outer(msgspec.Struct):
    inner: Inner = Inner()
    several: Annotated[tuple[Inner, ...], msgspec.Meta(max_length=5)] = ()
    by_name: dict[str, list[Colour]] = {}
    keys: dict[Colour, int] = {}
    pair: tuple[int, Size] = (1, Size.small)
    one: Literal[1, "x"] = 1
    count: int = 0
    name: Annotated[str, msgspec.Meta(pattern="^[a-z]+$", extra={"says": "It has other marks than a to z"})] | None = (
        None
    )
    names: tuple[Annotated[str, msgspec.Meta(pattern="^a`? - at `", extra={"says": "It is not there"})], ...] = ()
    silent: Annotated[str, msgspec.Meta(pattern="^[a-z]+$")] = "a"


def told(value: Any) -> str:
    with pytest.raises(msgspec.ValidationError) as caught:
        msgspec.json.decode(json.dumps(value), type=Outer)
    return explained(str(caught.value), Outer)


@pytest.mark.parametrize(
    ("value", "known"),
    [
        ({"inner": {"theColour": "green"}}, "red, dark blue - at `$.inner.theColour`"),
        ({"several": [{}, {"mode": "half"}]}, "off, on - at `$.several[1].mode`"),
        ({"by_name": {"a.b": ["green"]}}, "red, dark blue - at `$.by_name[...][0]`"),
        ({"keys": {"green": 1}}, "red, dark blue - at `key` in `$.keys`"),
        ({"pair": [1, 5]}, "1, 9 - at `$.pair[1]`"),
        ({"one": 3}, "1, x - at `$.one`"),
    ],
)
def test_the_values_are_told(value: Any, known: str) -> None:
    """In structs, lists, tuples, and dicts, by the names that clients use; the path stays at the end."""
    assert told(value).startswith("Invalid enum value ")
    assert told(value).endswith(f"; there are {known}")


def test_a_pattern_says_what_is_wrong() -> None:
    """The type's own sentence stands in place of its expression, which is told where there is none."""
    assert told({"name": "Ann"}) == "It has other marks than a to z - at `$.name`"
    assert told({"names": ["a - at `", "b"]}) == "It is not there - at `$.names[1]`"
    assert told({"silent": "A"}) == "Expected `str` matching regex '^[a-z]+$' - at `$.silent`"


def test_other_faults_are_as_they_were() -> None:
    """A wrong type is no enum's affair, nor is a path that leads nowhere."""
    assert told({"count": "x"}) == "Expected `int`, got `str` - at `$.count`"
    lost = "Invalid enum value 'x' - at `$.nowhere[2].a`"
    assert explained(lost, Outer) == lost
    assert explained("Invalid enum value 'x'", Colour) == "Invalid enum value 'x'; there are red, dark blue"
