"""What a notification has to tell: the domains that are new since its last one, with the copies on them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from copyhound.domain.events import Event
from copyhound.domain.filters import Filter, parse_filter, read_filter
from copyhound.domain.ids import derived_id
from copyhound.domain.lists import ImageList
from copyhound.domain.matches import Match, MatchFilter
from copyhound.domain.notifications import Digest, FoundCopy, FoundDomain, Notification
from copyhound.domain.repositories import UnitOfWork
from copyhound.services.kit import Kit
from copyhound.services.links import signed_overlay_url, signed_thumbnail_url
from copyhound.services.notifications_page import digest_url
from copyhound.services.notifications_rendering import MOST_COPIES

NEW_DOMAIN: Final = "new_domain_found"
_EVENTS: Final = 500
_DOMAINS: Final = 1000
"""Domains in one digest; the next one tells the others."""


async def newest_event(uow: UnitOfWork, workspace_id: str) -> int:
    """The sequence number of the last new domain; 0 where there is none yet."""
    newest = await uow.events.newest(workspace_id, NEW_DOMAIN, 1)
    return newest[0].sequence if newest else 0


async def gather(kit: Kit, uow: UnitOfWork, notification: Notification, until: int) -> tuple[Digest, int]:
    """(what is new after `notification.after` up to `until`, the last event that it takes in)."""
    found: list[FoundDomain] = []
    after = notification.after
    while after < until and len(found) < _DOMAINS:
        read = await uow.events.after(notification.workspace_id, NEW_DOMAIN, after, _EVENTS)
        events = [event for event in read if event.sequence <= until]
        after = events[-1].sequence if events else until
        for event in events:
            if told := await _told(kit, uow, notification, event):
                found.append(told)
            if len(found) == _DOMAINS:
                after = event.sequence
                break
    return _digest(kit, notification, found, after), after


def _digest(kit: Kit, notification: Notification, found: list[FoundDomain], until: int) -> Digest:
    digest_id = derived_id("ntc", notification.id, str(notification.after), str(until))
    url = digest_url(kit, notification.workspace_id, notification.id, notification.after, until) if found else None
    return Digest(digest_id, notification.id, tuple(found), url)


async def _told(kit: Kit, uow: UnitOfWork, notification: Notification, event: Event) -> FoundDomain | None:
    """None where the notification is not about it, or the list or its copies are gone."""
    list_id, domain = event.list_id, event.payload.get("domain")
    if list_id is None or domain is None or (notification.list_ids and list_id not in notification.list_ids):
        return None
    in_list = await uow.lists.get(notification.workspace_id, list_id)
    if in_list is None:
        return None
    copies = await _copies(kit, uow, notification, in_list, domain)
    if not copies:
        return None
    return FoundDomain(domain, list_id, in_list.label, event.created_at, copies, in_list.number)


async def _copies(
    kit: Kit, uow: UnitOfWork, notification: Notification, in_list: ImageList, domain: str
) -> tuple[FoundCopy, ...]:
    wanted = filter_of(notification.filter)
    where = MatchFilter(list_id=in_list.id, domain=domain, filter=wanted, without_ignored=True)
    page = await uow.matches.page(in_list.workspace_id, where, cursor=None, limit=MOST_COPIES, sort="-score")
    matches: list[Match] = page.items
    images = await uow.images.by_ids(in_list.workspace_id, [match.image_id for match in matches])
    by_id = {image.id: image for image in images}
    return tuple(
        _copy(kit, match, by_id[match.image_id].number, by_id[match.image_id].name)
        for match in matches
        if match.image_id in by_id
    )


def filter_of(wanted: Any) -> Filter | None:
    """A notification's filter, from JSON or from its text. Raises CopyhoundError invalid_request."""
    if wanted is None:
        return None
    return read_filter(wanted) if isinstance(wanted, str) else parse_filter(wanted)


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


def sample(now: datetime) -> Digest:
    """A digest that shows how one looks; its addresses lead nowhere."""
    copy = FoundCopy(
        match_id="match_sample",
        image_id="image_sample",
        image_number=1,
        image_name="lighthouse.jpg",
        image_url="https://shop.example.com/img/9f2c.jpg",
        page_url="https://shop.example.com/posters/lighthouse",
        page_title="Lighthouse poster",
        confidence=99.2,
        score=64.0,
        match_type="partial",
        first_seen=now.astimezone(UTC),
        overlay_url=None,
        thumbnail_url=None,
    )
    domains = tuple(
        FoundDomain(name, "list_sample", "Summer collection", now, (copy,), 1)
        for name in ("example.com", "example.org")
    )
    return Digest(derived_id("ntc", "sample", now.isoformat()), "sample", domains)
