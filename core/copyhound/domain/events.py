"""What happened, in an append-only log."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec


class EventBase(msgspec.Struct, frozen=True, kw_only=True):
    """What every event has."""

    id: str
    """Stable over retries and replays: the `webhook-id`."""
    type: str
    """The key of its trigger."""
    timestamp: Annotated[datetime, msgspec.Meta(tz=True)]
    """When it was told."""
    sequence: int
    """Grows with every event; a poller goes on after the highest it saw."""


class NewEvent(msgspec.Struct, frozen=True):
    """An event about to be appended. The same id is appended once: repeated work is harmless."""

    id: str
    workspace_id: str
    trigger: str
    payload: dict[str, Any]
    """Flat and JSON-ready, without the envelope (id, type, timestamp, sequence)."""
    list_id: str | None = None


class Event(msgspec.Struct, frozen=True):
    """One happening, as it stands in the log."""

    sequence: int
    """Grows in the order of commits; a reader that goes on after it misses nothing."""
    id: str
    workspace_id: str
    trigger: str
    payload: dict[str, Any]
    created_at: datetime
    list_id: str | None = None


def envelope(event: Event) -> dict[str, Any]:
    """The body that webhooks, polling and samples all show: flat, with `id` at the top."""
    return {
        "id": event.id,
        "type": event.trigger,
        "timestamp": event.created_at.isoformat().replace("+00:00", "Z"),
        "sequence": event.sequence,
        **event.payload,
    }
