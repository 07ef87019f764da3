"""Readers of the log: feeds that are opened by an address nobody can guess, and pollers that the server remembers."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec


class Feed(msgspec.Struct, frozen=True):
    """A list's events for feed readers. Whoever has its token may read it; the token is kept as a hash."""

    id: str
    workspace_id: str
    list_id: str
    triggers: tuple[str, ...]
    filter: dict[str, Any]
    token_hash: str
    created_at: datetime
    description: str | None = None


class Consumer(msgspec.Struct, frozen=True):
    """How far a poller of one trigger is, kept under a name of its own choice."""

    workspace_id: str
    trigger: str
    name: str
    acknowledged: int
    """All up to this sequence number has been taken."""
    given: int
    """All up to this one has been answered; asking on acknowledges it."""
    asked_at: datetime


class FeedItem(msgspec.Struct, frozen=True):
    """One event, to be read by people."""

    id: str
    title: str
    html: str
    text: str
    at: datetime
    url: str | None = None
    image: str | None = None
    tags: tuple[str, ...] = ()


class FeedDocument(msgspec.Struct, frozen=True):
    """A feed before it is written in any format; items newest first."""

    id: str
    title: str
    description: str
    home: str
    updated: datetime
    items: list[FeedItem]
