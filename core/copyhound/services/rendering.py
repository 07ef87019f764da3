"""The bytes of a webhook: thin or full, flat or as a CloudEvent."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from copyhound.domain.hooks import Hook, HookFormat, HookPayload
from copyhound.services.kit import Kit

_ENVELOPE: Final = ("id", "type", "timestamp", "sequence", "test")
_TYPES: Final = {HookFormat.flat: "application/json", HookFormat.cloudevents: "application/cloudevents+json"}


def rendered(kit: Kit, hook: Hook, event: dict[str, Any]) -> tuple[bytes, str]:
    """(the body, its media type) of an event in its envelope, as the hook wants it."""
    told = thin(event) if hook.payload is HookPayload.thin else event
    if hook.format is HookFormat.cloudevents:
        told = _cloud_event(f"{kit.public_url}/api/v1", told)
    return msgspec.json.encode(told), _TYPES[hook.format]


def thin(event: dict[str, Any]) -> dict[str, Any]:
    """The envelope, and the ids of what the event is about.

    >>> thin({"id": "evt_1", "type": "match_found", "match_id": "match_1", "score": 64.0})
    {'id': 'evt_1', 'type': 'match_found', 'match_id': 'match_1'}
    """
    return {name: value for name, value in event.items() if is_thin(name)}


def is_thin(field: str) -> bool:
    """Whether a thin body has it: the envelope, and ids."""
    return field in _ENVELOPE or field.endswith("_id")


def _cloud_event(source: str, event: dict[str, Any]) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": event["id"],
        "source": source,
        "type": f"copyhound.{event['type']}",
        "time": event["timestamp"],
        "datacontenttype": "application/json",
        "sequence": f"{event['sequence']:020}",  # the extension of that name is text, in the order of letters
        "data": event,
    }
