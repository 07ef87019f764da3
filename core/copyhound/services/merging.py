"""Found copies become matches: one for each image and image_url, with its pages united and its history kept."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from copyhound.domain.events import NewEvent
from copyhound.domain.hosts import domain_of, host_of
from copyhound.domain.ids import derived_id
from copyhound.domain.lists import Image, ImageList
from copyhound.domain.matches import Decision, Match, MatchStatus, Page, Verification, VerificationState
from copyhound.domain.repositories import UnitOfWork
from copyhound.services.events import EventService
from copyhound.services.kit import Kit
from copyhound.services.payloads import match_payload
from copyhound.services.verifying import Found


class Merging:
    """Writes matches and the events about them, in the caller's transaction."""

    def __init__(self, kit: Kit, events: EventService) -> None:
        self._kit, self._events = kit, events

    async def found(self, uow: UnitOfWork, in_list: ImageList, image: Image, provider: str, found: Found) -> None:
        """A copy was found: a new match, or one that is known brought up to date."""
        known = await uow.matches.find(image.id, found.image_url)
        if known is None:
            await self._add(uow, in_list, image, provider, found)
        else:
            await self._again(uow, in_list, image, provider, found, known)

    async def _add(self, uow: UnitOfWork, in_list: ImageList, image: Image, provider: str, found: Found) -> None:
        now = self._kit.now()
        host = host_of(found.image_url)
        match = Match(
            id=derived_id("match", image.id, found.image_url),
            workspace_id=image.workspace_id,
            list_id=in_list.id,
            image_id=image.id,
            image_url=found.image_url,
            host=host,
            domain=domain_of(host),
            providers=(provider,),
            pages=_seen(found.pages, found.seen_at or now),
            verification=found.verification,
            status=MatchStatus.online,
            decision=Decision.open,
            first_seen=now,
            last_seen=now,
            width=found.width,
            height=found.height,
            small=found.small,
            entry_id=found.entry_id,
            reduced_blob=found.reduced_blob,
            next_check_at=self.next_check(),
            format=found.facts.format if found.facts else None,
            bytes=found.facts.bytes if found.facts else None,
        )
        if not await uow.matches.add(match):
            return
        await uow.matches.add_check(match.id, now, "found", provider)
        if match.small:
            return  # kept and marked; no automation is woken by a logo in common
        await self.tell(uow, "match_found", match, image, in_list, match.id)
        if match.domain and await uow.lists.add_domain(in_list.id, match.domain):
            await self.tell(uow, "new_domain_found", match, image, in_list, in_list.id, match.domain)

    async def _again(
        self, uow: UnitOfWork, in_list: ImageList, image: Image, provider: str, found: Found, known: Match
    ) -> None:
        now = self._kit.now()
        providers = known.providers if provider in known.providers else (*known.providers, provider)
        checked = found.verification.state is VerificationState.verified
        seen_at = found.seen_at or now
        # what the index saw before the picture was found gone is no sign that it is back
        returned = known.status is MatchStatus.removed and checked and seen_at > known.verification.at
        online = known.status is MatchStatus.online
        unchecked = known.verification.state is VerificationState.unchecked
        match = msgspec.structs.replace(
            known,
            providers=providers,
            pages=_seen(found.pages, seen_at),
            verification=found.verification if checked and (returned or online) else known.verification,
            status=MatchStatus.online if returned else known.status,
            last_seen=max(known.last_seen, seen_at) if checked or unchecked else known.last_seen,
            width=found.width or known.width,
            height=found.height or known.height,
            small=found.small if checked else known.small,
            entry_id=found.entry_id or known.entry_id,
            reduced_blob=found.reduced_blob or known.reduced_blob,
            format=found.facts.format if found.facts else known.format,
            bytes=found.facts.bytes if found.facts else known.bytes,
        )
        await uow.matches.save(match)
        if returned:
            await self._returned(uow, in_list, image, match)
        elif online:
            await uow.matches.add_check(match.id, now, "found_again", provider)

    async def removed(self, uow: UnitOfWork, in_list: ImageList, image: Image, match: Match, why: str) -> None:
        """The picture is gone from its address, or is another one now."""
        now = self._kit.now()
        looked = msgspec.structs.replace(match.verification, at=now)
        gone = msgspec.structs.replace(match, status=MatchStatus.removed, verification=looked)
        await uow.matches.save(gone)
        await uow.matches.add_check(match.id, now, "removed", why)
        await self.tell(uow, "match_removed", gone, image, in_list, match.id, now.isoformat())

    async def seen(
        self, uow: UnitOfWork, in_list: ImageList, image: Image, match: Match, verification: Verification
    ) -> None:
        """A recheck found the picture where it was."""
        now = self._kit.now()
        returned = match.status is MatchStatus.removed
        match = msgspec.structs.replace(match, status=MatchStatus.online, last_seen=now, verification=verification)
        await uow.matches.save(match)
        if returned:
            await self._returned(uow, in_list, image, match)
        else:
            await uow.matches.add_check(match.id, now, "verified", None)

    async def _returned(self, uow: UnitOfWork, in_list: ImageList, image: Image, match: Match) -> None:
        now = self._kit.now()
        await uow.matches.add_check(match.id, now, "returned", None)
        await self.tell(uow, "match_returned", match, image, in_list, match.id, now.isoformat())

    async def tell(
        self, uow: UnitOfWork, trigger: str, match: Match, image: Image, in_list: ImageList, *key: str
    ) -> None:
        """Append an event about a match; `key` says which happening it is, once."""
        payload = match_payload(self._kit, match, image, in_list)
        event = NewEvent(derived_id("evt", trigger, *key), match.workspace_id, trigger, payload, in_list.id)
        await self._events.append(uow, event)

    def next_check(self) -> datetime:
        """When a match is looked at again, if its list is monitored then."""
        return self._kit.now() + timedelta(days=self._kit.limits.recheck_days)


def _seen(pages: tuple[Page, ...], at: datetime) -> tuple[Page, ...]:
    """Pages with the time at which they were seen: their own, where the index knows it."""
    return tuple(
        msgspec.structs.replace(page, first_seen=page.first_seen or at, last_seen=page.last_seen or at)
        for page in pages
    )
