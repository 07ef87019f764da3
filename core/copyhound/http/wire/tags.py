"""Tags, and ignored hosts."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import UNSET, UnsetType

from copyhound.domain.tags import TagLabel, TagState
from copyhound.http.wire.common import Instant

Colour = Annotated[str, msgspec.Meta(pattern="^#?[0-9A-Fa-f]{6}$", max_length=7)]
"""Six hexadecimal digits."""


class TagOut(msgspec.Struct):
    """A tag of a list."""

    key: str
    """What it is called in addresses and filters."""
    label: str
    colour: str
    """Six hexadecimal digits, without a #."""
    state: TagState
    alias_of: str | None
    """The tag that is meant when this one is given."""


class TagIn(msgspec.Struct, forbid_unknown_fields=True):
    """A new tag."""

    label: TagLabel
    colour: Colour = "808080"


class TagChangesIn(msgspec.Struct, forbid_unknown_fields=True):
    """What is to be different; what is left out stays."""

    label: TagLabel | UnsetType = UNSET
    colour: Colour | UnsetType = UNSET
    state: TagState | UnsetType = UNSET
    alias_of: str | None | UnsetType = UNSET


class TaggingIn(msgspec.Struct, forbid_unknown_fields=True):
    """A tag for a match, in place of those that it has."""

    tag: str | None
    """A tag's key; null takes tags off."""
    page_url: str | None = None
    """One page of the match; none: all of it."""


class GivenTag(msgspec.Struct):
    """A tag that a match has."""

    tag: str
    page_url: str | None
    """The page that it is on; null: the whole match."""


class IgnoredHostOut(msgspec.Struct):
    """A host that is left out of results."""

    id: str
    list_id: str | None
    """Null: in all lists."""
    host: str
    created_at: Instant


class IgnoredHostsIn(msgspec.Struct, forbid_unknown_fields=True):
    """Hosts to leave out."""

    hosts: Annotated[list[str], msgspec.Meta(min_length=1, max_length=10_000)]
    """`*` stands for any text, as in `shop.*`."""
    list_id: str | None = None
    """None: in all lists."""
