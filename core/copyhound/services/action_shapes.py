"""What the actions take and answer: Structs whose JSON Schemas are exported."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import UNSET, UnsetType

from copyhound.domain.lists import Label, Schedule
from copyhound.domain.matches import Decision
from copyhound.domain.pictures import MatchType
from copyhound.services.payloads import Instant

Percent = Annotated[float, msgspec.Meta(ge=0, le=100)]


class ImageReference(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A picture: its address, or its bytes in base64 (a data: URL will do)."""

    url: Annotated[str, msgspec.Meta(max_length=4096)] | None = None
    base64: str | None = None
    name: Annotated[str, msgspec.Meta(max_length=255)] | None = None


Images = Annotated[list[ImageReference], msgspec.Meta(min_length=1)]


class StartSearch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the action `start_search` takes."""

    images: Images
    list_id: str | None = None
    """Add the images to this list; without it, a new one is made."""
    list_label: Label | None = None
    providers: tuple[str, ...] = ()
    """Empty: all that are ready."""
    verify: bool = True


class SearchStarted(msgspec.Struct, frozen=True):
    """What the action `start_search` answers."""

    id: str
    search_id: str
    list_id: str
    images: int
    providers: tuple[str, ...]
    created_at: Instant


class CreateList(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the action `create_list` takes."""

    label: Label
    monitored: bool = False
    schedule: Schedule | None = None
    """Without it a monitored list is searched daily."""
    providers: tuple[str, ...] = ()
    min_confidence: Percent = 50.0
    if_absent: bool = False
    """Where there are lists of this label, upper and lower case being the same, the newest is answered as it is."""


class ListCreated(msgspec.Struct, frozen=True):
    """What the action `create_list` answers, and each list that `find_list` finds."""

    id: str
    label: str
    monitored: bool
    next_run_at: Instant | None
    created_at: Instant


class FindList(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the action `find_list` takes."""

    label: Label
    """Upper and lower case are the same."""
    exact: bool = True
    """False: any label that contains it."""


class ListsFound(msgspec.Struct, frozen=True):
    """What the action `find_list` answers."""

    id: str | None
    """Of the newest that was found; null where none was."""
    found: bool
    items: list[ListCreated]
    """Newest first, at most 50; empty where there is none."""


class AddImages(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the action `add_images` takes."""

    list_id: str
    images: Images


class ImageAdded(msgspec.Struct, frozen=True):
    """An image that was added."""

    id: str
    name: str
    source_url: str | None


class ImagesAdded(msgspec.Struct, frozen=True):
    """What the action `add_images` answers."""

    id: str
    """Of the first image that was added."""
    list_id: str
    count: int
    images: list[ImageAdded]
    """In the order in which they were sent."""


class DecideMatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the action `decide_match` takes."""

    match_id: str
    decision: Decision
    note: Annotated[str, msgspec.Meta(max_length=2000)] | None | UnsetType = UNSET
    """Left out, the one that is there stays; null takes it away."""


class MatchDecided(msgspec.Struct, frozen=True):
    """What the action `decide_match` answers."""

    id: str
    match_id: str
    list_id: str
    image_id: str
    image_url: str
    host: str
    decision: Decision
    note: str | None
    decided_at: Instant


class ExportMatches(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the action `export_matches` takes."""

    list_id: str
    match_type: MatchType | None = None
    min_confidence: Percent | None = None
    found_after: Instant | None = None


class MatchesExported(msgspec.Struct, frozen=True):
    """What the action `export_matches` answers."""

    id: str
    list_id: str
    rows: list[dict[str, Any]]
    """At most 1,000; `download_url` has all."""
    truncated: bool
    download_url: str
    """CSV; needs the API key."""
