"""What a notification has to tell: the domains that are new since its last one, with the copies on them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from copyhound.domain.events import Event
from copyhound.domain.ids import derived_id
from copyhound.domain.lists import ImageList
from copyhound.domain.matches import MatchFilter
from copyhound.domain.notifications import Digest, FoundCopy, FoundDomain, Notification
from copyhound.domain.repositories import UnitOfWork
from copyhound.services.kit import Kit
from copyhound.services.notifications_copies import NEW_COPY, copies_of, filter_of, gather_copies
from copyhound.services.notifications_page import digest_url
from copyhound.services.notifications_rendering import MOST_COPIES

NEW_DOMAIN: Final = "new_domain_found"
_EVENTS: Final = 500
_DOMAINS: Final = 1000
"""Domains in one digest; the next one tells the others."""


async def newest_event(uow: UnitOfWork, workspace_id: str, *, new_domains_only: bool) -> int:
    """The sequence number of the last event that counts; 0 where there is none yet.

    Who is told every copy passes over the new domains too, so that none is told again once only they are wanted.
    """
    triggers = (NEW_DOMAIN,) if new_domains_only else (NEW_COPY, NEW_DOMAIN)
    newest = [event for trigger in triggers for event in await uow.events.newest(workspace_id, trigger, 1)]
    return max((event.sequence for event in newest), default=0)


async def gather(kit: Kit, uow: UnitOfWork, notification: Notification, until: int) -> tuple[Digest, int]:
    """(what is new after `notification.after` up to `until`, the last event that it takes in)."""
    if notification.new_domains_only:
        found, after = await _new_domains(kit, uow, notification, until)
    else:
        found, after = await gather_copies(kit, uow, notification, until)
    return _digest(kit, notification, found, after), after


async def _new_domains(
    kit: Kit, uow: UnitOfWork, notification: Notification, until: int
) -> tuple[list[FoundDomain], int]:
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
    return found, after


def _digest(kit: Kit, notification: Notification, found: list[FoundDomain], until: int) -> Digest:
    digest_id = derived_id("ntc", notification.id, str(notification.after), str(until))
    url = digest_url(kit, notification.workspace_id, notification.id, notification.after, until) if found else None
    return Digest(digest_id, notification.id, tuple(found), url, notification.new_domains_only)


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
    return await copies_of(kit, uow, page.items)


def sample(now: datetime, *, new_domains_only: bool = True) -> Digest:
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
    digest_id = derived_id("ntc", "sample", now.isoformat())
    return Digest(digest_id, "sample", domains, new_domains_only=new_domains_only, test=True)
