"""The actions: each described here and nowhere else."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from copyhound.domain.errors import CopyhoundError
from copyhound.domain.lists import Label, Schedule
from copyhound.domain.matches import MatchFilter
from copyhound.domain.pictures import MatchType
from copyhound.domain.searches import ImageInput, SearchRequest
from copyhound.domain.triggers import Action
from copyhound.domain.workspaces import Caller
from copyhound.services.exports import ExportService
from copyhound.services.images import bytes_of_base64
from copyhound.services.links import API
from copyhound.services.lists import ListService
from copyhound.services.payloads import Instant
from copyhound.services.searches import SearchService

_MOST_ROWS = 1000


class ImageReference(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A picture: its address, or its bytes in base64 (a data: URL will do)."""

    url: Annotated[str, msgspec.Meta(max_length=4096)] | None = None
    base64: str | None = None
    name: Annotated[str, msgspec.Meta(max_length=255)] | None = None


class StartSearch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the action `start_search` takes."""

    images: Annotated[list[ImageReference], msgspec.Meta(min_length=1)]
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
    min_confidence: Annotated[float, msgspec.Meta(ge=0, le=100)] = 50.0


class ListCreated(msgspec.Struct, frozen=True):
    """What the action `create_list` answers."""

    id: str
    label: str
    monitored: bool
    next_run_at: Instant | None
    created_at: Instant


class ExportMatches(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the action `export_matches` takes."""

    list_id: str
    match_type: MatchType | None = None
    min_confidence: Annotated[float, msgspec.Meta(ge=0, le=100)] | None = None
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


def image_input(reference: ImageReference) -> ImageInput:
    """The picture that a reference means. CopyhoundError invalid_request where it is none or both."""
    if (reference.url is None) == (reference.base64 is None):
        raise CopyhoundError("invalid_request", "An image has either url or base64.")
    if reference.base64 is None:
        return ImageInput(reference.name or "", url=reference.url)
    return ImageInput(reference.name or "image", data=bytes_of_base64(reference.base64))


class Actions:
    """What the actions do, on the use cases."""

    def __init__(self, searches: SearchService, lists: ListService, exports: ExportService, public_url: str) -> None:
        self._searches, self._lists, self._exports = searches, lists, exports
        self._public_url = public_url

    async def start_search(self, caller: Caller, wanted: StartSearch) -> SearchStarted:
        images = tuple(image_input(reference) for reference in wanted.images)
        request = SearchRequest(images, wanted.list_id, wanted.list_label, wanted.providers, wanted.verify)
        search = await self._searches.start(caller, request)
        return SearchStarted(
            search.id, search.id, search.list_id, search.image_count, search.providers, search.created_at
        )

    async def create_list(self, caller: Caller, wanted: CreateList) -> ListCreated:
        made = await self._lists.create(
            caller,
            wanted.label,
            monitored=wanted.monitored,
            schedule=wanted.schedule,
            providers=wanted.providers,
            min_confidence=wanted.min_confidence,
        )
        return ListCreated(made.id, made.label, made.monitored, made.next_run_at, made.created_at)

    async def export_matches(self, caller: Caller, wanted: ExportMatches) -> MatchesExported:
        where = MatchFilter(
            list_id=wanted.list_id,
            match_type=wanted.match_type,
            min_confidence=wanted.min_confidence,
            found_after=wanted.found_after,
        )
        rows: list[dict[str, Any]] = []
        truncated = False
        async for line in await self._exports.stream(caller, where, "jsonl"):
            if truncated := len(rows) == _MOST_ROWS:
                break
            rows.append(msgspec.json.decode(line))
        url = f"{self._public_url}{API}/lists/{wanted.list_id}/export?format=csv"
        return MatchesExported(wanted.list_id, wanted.list_id, rows, truncated, url)


def builtin_actions(run: Actions) -> list[Action]:
    """The descriptors of the actions that Copyhound itself has."""
    return [
        Action(
            key="start_search",
            title="Start search",
            noun="Search",
            description="Looks for copies of one or more images. Answers at once; `search_complete` tells the end.",
            input=StartSearch,
            output=SearchStarted,
            sample={
                "id": "search_01k9x8r4tv5w9z3c7f1j4m8q2t",
                "search_id": "search_01k9x8r4tv5w9z3c7f1j4m8q2t",
                "list_id": "list_01k9x8r4tq2m6v0c3h7s1n5w9e",
                "images": 1,
                "providers": ["own_index"],
                "created_at": "2026-11-21T09:29:40Z",
            },
            run=run.start_search,
            dynamic_fields={"list_id": f"{API}/lists", "providers": f"{API}/providers"},
        ),
        Action(
            key="create_list",
            title="Create list",
            noun="List",
            description="Makes a list of images; a monitored one is searched again by its schedule.",
            input=CreateList,
            output=ListCreated,
            sample={
                "id": "list_01k9x8r4tq2m6v0c3h7s1n5w9e",
                "label": "Summer collection",
                "monitored": True,
                "next_run_at": "2026-11-22T03:00:00Z",
                "created_at": "2026-11-21T09:29:40Z",
            },
            run=run.create_list,
            dynamic_fields={"providers": f"{API}/providers"},
        ),
        Action(
            key="export_matches",
            title="Export matches",
            noun="Export",
            description="Gives the matches of a list as rows, and the address of the whole export.",
            input=ExportMatches,
            output=MatchesExported,
            sample={
                "id": "list_01k9x8r4tq2m6v0c3h7s1n5w9e",
                "list_id": "list_01k9x8r4tq2m6v0c3h7s1n5w9e",
                "rows": [],
                "truncated": False,
                "download_url": "https://copyhound.example.org/api/v1/lists/list_01k9x8r4tq2m6v0c3h7s1n5w9e/export"
                "?format=csv",
            },
            run=run.export_matches,
            scope="read",
            dynamic_fields={"list_id": f"{API}/lists"},
        ),
    ]
