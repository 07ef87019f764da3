"""Feeds of a list's events, behind addresses that nobody can guess and everybody may be shut out of."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from typing import Final

import msgspec

from copyhound.domain.errors import CopyhoundError
from copyhound.domain.events import Event
from copyhound.domain.feeds import Feed, FeedDocument
from copyhound.domain.ids import new_id
from copyhound.domain.repositories import UnitOfWork
from copyhound.domain.triggers import Trigger
from copyhound.domain.workspaces import Caller, Scope
from copyhound.services.events import newest_passing
from copyhound.services.feeds_telling import item_of
from copyhound.services.hook_filters import Filters, HookFilter
from copyhound.services.kit import Kit

ITEMS: Final = 50
"""In one feed at most."""
_SCANNED: Final = 2_000
_MOST: Final = 1_000


class FeedService:
    """Feeds of a workspace's lists. A token is made with its feed, told once, and gone with it."""

    def __init__(self, kit: Kit, triggers: Mapping[str, Trigger], filters: Filters) -> None:
        self._kit, self._triggers, self._filters = kit, triggers, filters

    async def create(
        self,
        caller: Caller,
        list_id: str,
        triggers: tuple[str, ...],
        where: HookFilter,
        description: str | None = None,
    ) -> tuple[Feed, str]:
        """(the feed, its token: shown now and never again). CopyhoundError not_found, invalid_request, conflict."""
        names = self._checked(triggers)
        if where.list_ids:
            raise CopyhoundError("invalid_request", "A feed is of one list: its filter names none.")
        where = self._filters.checked(where, names)
        token = secrets.token_urlsafe(32)
        feed = Feed(
            id=new_id("feed"),
            workspace_id=caller.workspace_id,
            list_id=list_id,
            triggers=names,
            filter=msgspec.to_builtins(where),
            token_hash=_hash(token),
            created_at=self._kit.now(),
            description=description,
        )
        async with self._kit.units() as uow:
            if await uow.lists.get(caller.workspace_id, list_id) is None:
                raise CopyhoundError("not_found", f"There is no list {list_id}.")
            if await uow.feeds.count(caller.workspace_id) >= _MOST:
                raise CopyhoundError("conflict", f"There are {_MOST} feeds already. Revoke some.")
            await uow.feeds.add(feed)
        return feed, token

    def _checked(self, triggers: tuple[str, ...]) -> tuple[str, ...]:
        of_lists = {key for key, one in self._triggers.items() if "list_id" in one.payload.__struct_fields__}
        for key in triggers:
            if key not in of_lists:
                raise CopyhoundError(
                    "invalid_request", f"{key!r} is no trigger of lists; there are {', '.join(sorted(of_lists))}."
                )
        if not triggers:
            raise CopyhoundError("invalid_request", "A feed needs at least one trigger.")
        return tuple(sorted(set(triggers)))

    async def all(self, caller: Caller, list_id: str | None = None) -> list[Feed]:
        """Newest first."""
        async with self._kit.units.read() as uow:
            return await uow.feeds.of_workspace(caller.workspace_id, list_id)

    async def get(self, caller: Caller, feed_id: str) -> Feed:
        async with self._kit.units.read() as uow:
            found = await uow.feeds.get(caller.workspace_id, feed_id)
        if found is None:
            raise CopyhoundError("not_found", f"There is no feed {feed_id}.")
        return found

    async def delete(self, caller: Caller, feed_id: str) -> None:
        """Revoke its token. Quiet where there is none."""
        async with self._kit.units() as uow:
            await uow.feeds.delete(caller.workspace_id, feed_id)

    async def opened(self, token: str) -> Feed:
        """The feed of a token. CopyhoundError not_found for one that was revoked or never made."""
        async with self._kit.units.read() as uow:
            return await _opened(uow, token)

    async def document(self, token: str) -> FeedDocument:
        """What readers are told: the newest events that pass the feed's filter. CopyhoundError not_found."""
        async with self._kit.units.read() as uow:
            feed = await _opened(uow, token)
            in_list = await uow.lists.get(feed.workspace_id, feed.list_id)
            events = await _newest(uow, feed)
        label = in_list.label if in_list else ""
        return FeedDocument(
            id=feed.id,
            title=f"{label} - Copyhound",
            description=feed.description or f"What happens in the list {label}.",
            home=self._kit.public_url,
            updated=events[0].created_at if events else feed.created_at,
            items=[item_of(self._kit, event, self._triggers.get(event.trigger)) for event in events],
        )


def reader(feed: Feed) -> Caller:
    """Who a token's holder is: somebody who reads."""
    return Caller(feed.workspace_id, feed.id, (Scope.read,))


async def _opened(uow: UnitOfWork, token: str) -> Feed:
    feed = await uow.feeds.by_token(_hash(token))
    if feed is None:
        raise CopyhoundError("not_found", "There is no such feed. Its address may have been revoked.")
    return feed


async def _newest(uow: UnitOfWork, feed: Feed) -> list[Event]:
    return await newest_passing(
        uow, feed.workspace_id, feed.triggers, feed.filter, ITEMS, scanned=_SCANNED, list_id=feed.list_id
    )


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
