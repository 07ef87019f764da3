"""Tags, with which people sort what was found, and hosts that they don't want to see."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Final
from urllib.parse import urlsplit

import msgspec
from msgspec import UNSET, UnsetType

from copyhound.domain.errors import CopyhoundError

NO_PAGE: Final = ""
"""The page key of a tag that is on a match as a whole."""
_HOST: Final = re.compile(r"[a-z0-9*_](?:[a-z0-9*._-]{0,251}[a-z0-9*_])?")
_SLUG: Final = re.compile(r"[^a-z0-9]+")
_LONGEST_KEY: Final = 60


TagLabel = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]


class TagState(StrEnum):
    """Whether a tag is offered."""

    default = "default"
    """One of those that every list has."""
    live = "live"
    hidden = "hidden"


class Tag(msgspec.Struct, frozen=True):
    """A tag of a list, or of a whole workspace."""

    key: str
    """What it is called in addresses and filters; unique in its list."""
    label: str
    colour: str
    """Six hexadecimal digits, without a #."""
    state: TagState = TagState.live
    alias_of: str | None = None
    """The tag that is meant when this one is given."""


DEFAULT_TAGS: Final = (
    Tag("approved", "Approved", "79E524", TagState.default),
    Tag("unapproved", "Unapproved", "E52424", TagState.default),
    Tag("investigate", "Investigate", "E5A424", TagState.default),
    Tag("followup", "Follow up", "2484E5", TagState.default),
    Tag("trash", "Trash", "808080", TagState.default),
)


class TagChanges(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What is to be different; what is left out stays."""

    label: TagLabel | UnsetType = UNSET
    colour: str | UnsetType = UNSET
    """Six hexadecimal digits, with or without a #."""
    state: TagState | UnsetType = UNSET
    alias_of: str | None | UnsetType = UNSET


class IgnoredHost(msgspec.Struct, frozen=True):
    """A host whose copies are left out where a reader asks for it; `*` stands for any text."""

    id: str
    workspace_id: str
    list_id: str | None
    """None: in all lists."""
    host: str
    created_at: datetime


def tag_key(label: str, taken: Iterable[str]) -> str:
    """A key made of a label, none of those that are taken.

    >>> tag_key("Take-down sent!", ["trash"])
    'take-down-sent'
    >>> tag_key("Trash", ["trash"])
    'trash-2'
    """
    slug = _SLUG.sub("-", label.casefold()).strip("-")[:_LONGEST_KEY].rstrip("-") or "tag"
    used, number = set(taken), 1
    while (key := slug if number == 1 else f"{slug}-{number}") in used:
        number += 1
    return key


def meant(tags: Iterable[Tag], key: str) -> str:
    """The key that a tag's alias points to, or its own. CopyhoundError invalid_request where there is no such tag."""
    known = {tag.key: tag for tag in tags}
    seen: set[str] = set()
    while key not in seen:
        seen.add(key)
        if (tag := known.get(key)) is None:
            raise CopyhoundError("invalid_request", f"There is no tag {key!r} here.", tag=key)
        if tag.alias_of is None or tag.alias_of not in known:
            return key
        key = tag.alias_of
    return key


def host_pattern(text: str) -> str:
    """A host as it is ignored: lower case, from a pasted address too. CopyhoundError invalid_request for others.

    >>> host_pattern(" https://www.YellowPages.example/a?b ")
    'www.yellowpages.example'
    """
    given = text.strip().lower()
    host = (urlsplit(given).hostname or "") if "://" in given else given.rstrip("/")
    if not host.isascii():
        host = _ascii(host)
    if not _HOST.fullmatch(host) or not host.strip("*."):
        raise CopyhoundError("invalid_request", f"{text.strip()[:100]!r} is not a host; * may stand for a part of it.")
    return host


def _ascii(host: str) -> str:
    try:
        return host.encode("idna").decode()
    except UnicodeError:
        return ""


def page_key(url: str) -> str:
    """What a page is known by in a row's id: short, however long its address is."""
    return hashlib.sha256(url.encode()).hexdigest()[:32]


def row_id(match_id: str, page_key: str) -> str:
    """The id of one row: a match on one page, or a match of which no page is known."""
    return f"{match_id}.{page_key}" if page_key else match_id


def row_parts(row: str) -> tuple[str, str]:
    """(match id, page key) of a row's id."""
    match_id, _, page_key = row.partition(".")
    return match_id, page_key
