"""Searches and their progress."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from copyhound.domain.lists import Label
from copyhound.domain.searches import ImageProgress, Lookup, Outcome, Search, SearchKind, SearchProgress
from copyhound.http.wire.common import Instant
from copyhound.http.wire.images import ImageError, ImageIn
from copyhound.http.wire.matches import MatchOut


class SearchIn(msgspec.Struct, forbid_unknown_fields=True):
    """What to search. Without `list_id` a new list is made; without providers, those asked by default are."""

    images: list[ImageIn] = []
    """The pictures to look for."""
    list_id: str | None = None
    """Add the images to this list; without it, a new one is made."""
    list_label: Label | None = None
    """What the new list is called."""
    providers: tuple[Annotated[str, msgspec.Meta(max_length=64)], ...] = ()
    """Who is asked; empty: those that are asked by default, such as the own index."""
    verify: bool = True
    """Compare what is found with the picture itself, pixel by pixel."""


class SearchOut(msgspec.Struct):
    """A search, and whether it is complete."""

    search_id: str
    list_id: str
    kind: SearchKind
    complete: bool
    providers: list[str]
    verify: bool
    image_count: int
    created_at: Instant
    completed_at: Instant | None


class LookupOut(msgspec.Struct):
    """One image at one provider. `outcome` is null while it is open."""

    provider: str
    outcome: Outcome | None
    reason: str | None
    candidates: int
    matches: int
    rejected: int
    units_spent: float
    ended_at: Instant | None


class ImageProgressOut(msgspec.Struct):
    """How far one image of a search is."""

    image_id: str
    name: str
    error: ImageError | None
    lookups: list[LookupOut]


class ProgressOut(SearchOut):
    """A search with its progress: each image at each provider."""

    outcomes: dict[str, int]
    """Outcome, or "open" -> how many lookups."""
    images: list[ImageProgressOut]


class ResultOut(ProgressOut):
    """With `?wait=`: the progress, and the first matches of the list."""

    matches: list[MatchOut]
    matches_cursor: str | None
    """Goes on at GET /lists/{id}/matches."""


def search_out(search: Search) -> SearchOut:
    """A search as clients see it."""
    return SearchOut(**_facts(search))


def _facts(search: Search) -> dict[str, Any]:
    return {
        "search_id": search.id,
        "list_id": search.list_id,
        "kind": search.kind,
        "complete": search.complete,
        "providers": list(search.providers),
        "verify": search.verify,
        "image_count": search.image_count,
        "created_at": search.created_at,
        "completed_at": search.completed_at,
    }


def progress_out(progress: SearchProgress) -> ProgressOut:
    """A search's progress as clients see it."""
    images = [_image(image) for image in progress.images]
    return ProgressOut(**_facts(progress.search), outcomes=progress.outcomes, images=images)


def result_out(progress: SearchProgress, matches: list[MatchOut], cursor: str | None) -> ResultOut:
    """A search's progress and first matches as clients see them."""
    told = msgspec.structs.asdict(progress_out(progress))
    return ResultOut(**told, matches=matches, matches_cursor=cursor)


def _image(image: ImageProgress) -> ImageProgressOut:
    error = ImageError(image.error_code, image.error_detail) if image.error_code else None
    return ImageProgressOut(image.image_id, image.name, error, [_lookup(one) for one in image.lookups])


def _lookup(lookup: Lookup) -> LookupOut:
    return LookupOut(
        provider=lookup.provider,
        outcome=lookup.outcome,
        reason=lookup.reason,
        candidates=lookup.candidates,
        matches=lookup.matches,
        rejected=lookup.rejected,
        units_spent=lookup.units_spent,
        ended_at=lookup.ended_at,
    )
