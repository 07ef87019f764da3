"""A value that is none of an enum's is told with those that there are, wherever it stands."""

from __future__ import annotations

import json
from enum import IntEnum, StrEnum
from typing import Annotated, Any, Literal

import msgspec
import pytest
from msgspec import UNSET, UnsetType

from copyhound.domain.enum_faults import explained


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


def test_other_faults_are_as_they_were() -> None:
    """A wrong type is no enum's affair, nor is a path that leads nowhere."""
    assert told({"count": "x"}) == "Expected `int`, got `str` - at `$.count`"
    lost = "Invalid enum value 'x' - at `$.nowhere[2].a`"
    assert explained(lost, Outer) == lost
    assert explained("Invalid enum value 'x'", Colour) == "Invalid enum value 'x'; there are red, dark blue"
