"""Copies in a notification: all the new ones, for who wants to be told of each, and how one is told."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from copyhound.domain.events import Event
from copyhound.domain.filters import Filter, parse_filter, read_filter
from copyhound.domain.matches import Match, MatchFilter
from copyhound.domain.notifications import FoundCopy, FoundDomain, Notification
from copyhound.domain.repositories import UnitOfWork
from copyhound.services.kit import Kit
from copyhound.services.links import signed_overlay_url, signed_thumbnail_url
from copyhound.services.notifications_rendering import MOST_COPIES

NEW_COPY: Final = "match_found"
_EVENTS: Final = 500
_COPIES: Final = 2000
"""Copies in one digest, and not many more; the next one tells the others."""
_Place = tuple[str, str]
"""(id of a list, domain)."""


async def gather_copies(
    kit: Kit, uow: UnitOfWork, notification: Notification, until: int
) -> tuple[list[FoundDomain], int]:
    """(each domain on which there are new copies, in the order in which they were found; the last event taken in)."""
    found: dict[_Place, FoundDomain] = {}
    after = notification.after
    while after < until and sum(one.count for one in found.values()) < _COPIES:
        read = await uow.events.after(notification.workspace_id, NEW_COPY, after, _EVENTS)
        events = [event for event in read if event.sequence <= until]
        after = events[-1].sequence if events else until
        for place, one in (await _by_place(kit, uow, notification, events)).items():
            found[place] = _united(found[place], one) if place in found else one
    return list(found.values()), after


async def _by_place(
    kit: Kit, uow: UnitOfWork, notification: Notification, events: list[Event]
) -> dict[_Place, FoundDomain]:
    told = {event.payload["match_id"]: event for event in events if _is_wanted(notification, event)}
    wanted = filter_of(notification.filter)
    found: dict[_Place, list[Match]] = {}
    for list_id in dict.fromkeys(str(event.list_id) for event in told.values()):
        ids = tuple(match_id for match_id, event in told.items() if event.list_id == list_id)
        where = MatchFilter(list_id=list_id, ids=ids, filter=wanted, without_ignored=True)
        page = await uow.matches.page(notification.workspace_id, where, cursor=None, limit=len(ids), sort="-score")
        for match in page.items:
            found.setdefault((list_id, match.domain or match.host), []).append(match)
    ordered = sorted(found, key=lambda place: min(told[match.id].sequence for match in found[place]))
    places = [await _place(kit, uow, place, found[place], told) for place in ordered]
    return {(one.list_id, one.domain): one for one in places if one}


def _is_wanted(notification: Notification, event: Event) -> bool:
    in_lists = not notification.list_ids or event.list_id in notification.list_ids
    return event.list_id is not None and in_lists and "match_id" in event.payload


async def _place(
    kit: Kit, uow: UnitOfWork, place: _Place, matches: list[Match], told: dict[str, Event]
) -> FoundDomain | None:
    """None where the list or all images are gone."""
    in_list = await uow.lists.get(matches[0].workspace_id, place[0])
    copies = await copies_of(kit, uow, matches[:MOST_COPIES])
    if in_list is None or not copies:
        return None
    at = min(told[match.id].created_at for match in matches)
    return FoundDomain(place[1], in_list.id, in_list.label, at, copies, in_list.number, len(matches))


def _united(first: FoundDomain, second: FoundDomain) -> FoundDomain:
    copies = sorted((*first.copies, *second.copies), key=lambda copy: -(copy.score or 0.0))
    return msgspec.structs.replace(first, copies=tuple(copies[:MOST_COPIES]), total=first.count + second.count)


def filter_of(wanted: Any) -> Filter | None:
    """A notification's filter, from JSON or from its text. Raises CopyhoundError invalid_request."""
    if wanted is None:
        return None
    return read_filter(wanted) if isinstance(wanted, str) else parse_filter(wanted)


async def copies_of(kit: Kit, uow: UnitOfWork, matches: list[Match]) -> tuple[FoundCopy, ...]:
    """These matches as they are told; those whose image is gone are left out."""
    if not matches:
        return ()
    images = await uow.images.by_ids(matches[0].workspace_id, [match.image_id for match in matches])
    by_id = {image.id: image for image in images}
    return tuple(
        _copy(kit, match, by_id[match.image_id].number, by_id[match.image_id].name)
        for match in matches
        if match.image_id in by_id
    )


def _copy(kit: Kit, match: Match, image_number: int, image_name: str) -> FoundCopy:
    comparison = match.verification.comparison
    page = match.pages[0] if match.pages else None
    return FoundCopy(
        match_id=match.id,
        image_id=match.image_id,
        image_number=image_number,
        image_name=image_name,
        image_url=match.image_url,
        page_url=page.url if page else None,
        page_title=page.title if page else None,
        confidence=comparison.confidence if comparison else None,
        score=comparison.score if comparison else None,
        match_type=comparison.match_type if comparison else None,
        first_seen=match.first_seen,
        overlay_url=signed_overlay_url(kit, match.workspace_id, match.id) if comparison else None,
        thumbnail_url=signed_thumbnail_url(kit, match.workspace_id, match.id) if match.reduced_blob else None,
    )
