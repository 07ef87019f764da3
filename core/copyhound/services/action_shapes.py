"""What the actions take and answer: Structs whose JSON Schemas are exported."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import UNSET, UnsetType

from copyhound.domain.lists import Label, Schedule
from copyhound.domain.matches import Decision
from copyhound.domain.pictures import MatchType
from copyhound.domain.searches import Outcome
from copyhound.services.payloads import Instant

Percent = Annotated[float, msgspec.Meta(ge=0, le=100)]


class ImageReference(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A picture: its address, or its bytes in base64 (a data: URL will do)."""

    url: Annotated[str, msgspec.Meta(max_length=4096)] | None = None
    """Its address; it is fetched from there."""
    base64: str | None = None
    """Its bytes, in place of an address."""
    name: Annotated[str, msgspec.Meta(max_length=255)] | None = None
    """What it is called in lists; else what its address ends in."""


Images = Annotated[list[ImageReference], msgspec.Meta(min_length=1)]


class StartSearch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the action `start_search` takes."""

    images: Images
    """The pictures to look for."""
    list_id: str | None = None
    """Add the images to this list; without it, a new one is made."""
    list_label: Label | None = None
    """What the new list is called, where there is no `list_id`."""
    providers: tuple[str, ...] = ()
    """Empty: those that are asked by default, such as the own index."""
    verify: bool = True
    """Compare what is found with the picture itself, pixel by pixel."""


class SearchStarted(msgspec.Struct, frozen=True):
    """What the action `start_search` answers."""

    id: str
    """The same as `search_id`."""
    search_id: str
    """Of the search that runs now."""
    list_id: str
    """Where the images are, and where the matches will be."""
    images: int
    """How many are searched."""
    providers: tuple[str, ...]
    """Who is asked."""
    created_at: Instant
    """When it was started."""


class FindSearch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the action `find_search` takes."""

    search_id: str
    """The search to look at; `start_search` answered it."""


class ProviderOutcome(msgspec.Struct, frozen=True):
    """Lookups of a search at one provider that ended alike."""

    provider: str
    """Who was asked."""
    outcome: Outcome | None
    """How they ended; null while they are open."""
    lookups: int
    """How many images it was asked for with this outcome."""
    matches: int
    """What was found by them; a match that two providers found counts at both."""
    reason: str | None
    """Why there is no answer; null where there is one, and while they are open."""


class SearchFound(msgspec.Struct, frozen=True):
    """The search that `find_search` found."""

    id: str
    """The same as `search_id`."""
    search_id: str
    """The search."""
    list_id: str
    """Where the images are, and the matches."""
    complete: bool
    """Whether every lookup has its outcome; while it is false, more may be found."""
    created_at: Instant
    """When it was started."""
    completed_at: Instant | None
    """When it ended; null while it is not complete."""
    images: int
    """How many are searched."""
    lookups: int
    """How often a provider is asked for an image."""
    matches: int
    """Matches of its images that it found or saw again so far, as `export_matches` gives them."""
    outcomes: dict[str, int]
    """Outcome, or "open" -> how many lookups."""
    by_provider: list[ProviderOutcome]
    """The same for each provider, with reasons; of one provider at most 20, the most lookups first."""


class SearchesFound(msgspec.Struct, frozen=True):
    """What the action `find_search` answers."""

    id: str | None
    """Of the search; null where there is none."""
    found: bool
    """Whether there is one."""
    items: list[SearchFound]
    """The search; empty where there is none of this id."""


class CreateList(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the action `create_list` takes."""

    label: Label
    """What the list is called."""
    monitored: bool = False
    """Search its images again and again."""
    schedule: Schedule | None = None
    """Without it a monitored list is searched daily."""
    providers: tuple[str, ...] = ()
    """Who is asked; empty: those that are asked by default, such as the own index."""
    min_confidence: Percent = 50.0
    """Matches below it are not told of; 50 is the line between a copy and another picture."""
    if_absent: bool = False
    """Where there are lists of this label, upper and lower case being the same, the newest is answered as it is."""


class ListCreated(msgspec.Struct, frozen=True):
    """What the action `create_list` answers, and each list that `find_list` finds."""

    id: str
    """The list's id."""
    label: str
    """What the list is called."""
    monitored: bool
    """Whether its images are searched again and again."""
    next_run_at: Instant | None
    """When it is searched next; null where it is not monitored."""
    created_at: Instant
    """When it was made."""


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
    """Whether there is one."""
    items: list[ListCreated]
    """Newest first, at most 50; empty where there is none."""


class AddImages(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the action `add_images` takes."""

    list_id: str
    """The list to add them to."""
    images: Images
    """The pictures to add."""


class ImageAdded(msgspec.Struct, frozen=True):
    """An image that was added."""

    id: str
    """The image's id."""
    name: str
    """What it is called."""
    source_url: str | None
    """The address it came from; null where its bytes were sent."""


class ImagesAdded(msgspec.Struct, frozen=True):
    """What the action `add_images` answers."""

    id: str
    """Of the first image that was added."""
    list_id: str
    """The list they were added to."""
    count: int
    """How many were added."""
    images: list[ImageAdded]
    """In the order in which they were sent."""


class DecideMatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the action `decide_match` takes."""

    match_id: str
    """The match to decide on."""
    decision: Decision
    """What you make of it."""
    note: Annotated[str, msgspec.Meta(max_length=2000)] | None | UnsetType = UNSET
    """Left out, the one that is there stays; null takes it away."""


class MatchDecided(msgspec.Struct, frozen=True):
    """What the action `decide_match` answers."""

    id: str
    """The same as `match_id`."""
    match_id: str
    """The match that was decided on."""
    list_id: str
    """The list it is in."""
    image_id: str
    """The image of yours that it is a copy of."""
    image_url: str
    """Where the copy lies."""
    host: str
    """The host of the copy."""
    decision: Decision
    """What was decided."""
    note: str | None
    """The note that it has now."""
    decided_at: Instant
    """When it was decided."""


class ExportMatches(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the action `export_matches` takes."""

    list_id: str
    """The list whose matches are wanted."""
    match_type: MatchType | None = None
    """Only matches of this type."""
    min_confidence: Percent | None = None
    """Only matches as sure as this."""
    found_after: Instant | None = None
    """Only matches that were found after this time."""


class MatchesExported(msgspec.Struct, frozen=True):
    """What the action `export_matches` answers."""

    id: str
    """The same as `list_id`."""
    list_id: str
    """The list whose matches these are."""
    rows: list[dict[str, Any]]
    """At most 1,000; `download_url` has all."""
    truncated: bool
    """Whether there are more than `rows` holds."""
    download_url: str
    """CSV; needs the API key."""
