"""Feeds, and pollers that are remembered."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from copyhound.http.wire.automation import Description
from copyhound.http.wire.common import Instant
from copyhound.services.hooks import HookFilter, TriggerKeys


class FeedIn(msgspec.Struct, forbid_unknown_fields=True):
    """A feed of a list's events. Its filter is that of hooks, without `list_ids`."""

    list_id: Annotated[str, msgspec.Meta(max_length=100)]
    """The list whose events it has."""
    triggers: TriggerKeys = ("match_found",)
    """Of which kinds."""
    filter: HookFilter = HookFilter()
    """Which of these events; what is left out lets all through."""
    description: Description | None = None
    """A note of your own."""


class FeedOut(msgspec.Struct):
    """A feed, without its addresses."""

    id: str
    list_id: str
    triggers: list[str]
    filter: dict[str, Any]
    description: str | None
    created_at: Instant


class FeedMade(FeedOut):
    """A feed as it is answered when it is made: whoever has an address may read it, and it is told this once."""

    json_url: str
    """JSON Feed 1.1."""
    atom_url: str
    live_url: str
    """Server-sent events."""


class ConsumerOut(msgspec.Struct):
    """How far a poller is."""

    name: str
    acknowledged: str
    """The cursor up to which all was taken."""
    given: str
    """The cursor up to which all was answered: asking on acknowledges it."""
    asked_at: Instant
