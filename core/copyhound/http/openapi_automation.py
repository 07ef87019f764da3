"""What automations are sent and may do, in the OpenAPI document: webhooks in all shapes, each action by itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from copyhound.domain.triggers import Action, Trigger
from copyhound.services.rendering import is_thin, thin

_GENERIC: Final = "/api/v1/actions/{key}"
_SIGNED: Final = [
    {"name": name, "in": "header", "required": True, "schema": {"type": kind}, "description": told}
    for name, kind, told in (
        ("webhook-id", "string", "The event's id: the same on every retry and replay."),
        ("webhook-timestamp", "integer", "Seconds since 1970, of this attempt."),
        (
            "webhook-signature",
            "string",
            "Standard Webhooks: `v1,` and base64; after a rotation also one for each secret before, for a day.",
        ),
    )
]
_RECEIVED: Final = {
    "2XX": {"description": "Taken; anything else is tried again."},
    "410": {"description": "Ends the subscription."},
}


def webhooks(
    triggers: Iterable[Trigger], known: Mapping[Any, dict[str, Any]], components: Mapping[str, dict[str, Any]]
) -> dict[str, dict[str, Any]]:
    """Two for each trigger: all of the event, and what hooks with the payload `thin` get."""
    found: dict[str, dict[str, Any]] = {}
    for trigger in triggers:
        full = known[trigger.payload]
        whole = components.get(str(full.get("$ref", "")).rpartition("/")[2], full)
        found[trigger.key] = _webhook(trigger, f"webhook_{trigger.key}", full, lambda event: event)
        found[f"{trigger.key}.thin"] = _webhook(trigger, f"webhook_{trigger.key}_thin", _thin(whole), thin)
    return found


def _thin(schema: dict[str, Any]) -> dict[str, Any]:
    """The shape of a thin body; the rest is read from the API."""
    properties = {name: one for name, one in schema.get("properties", {}).items() if is_thin(name)}
    required = [name for name in schema.get("required", ()) if name in properties]
    return {"type": "object", "properties": properties, "required": required}


def _webhook(trigger: Trigger, name: str, schema: dict[str, Any], shape: Any) -> dict[str, Any]:
    events = [shape(event) for event in (trigger.sample, *trigger.examples)]
    examples = {event["id"]: {"value": event} for event in events}
    return {
        "post": {
            "operationId": name,
            "summary": trigger.title if shape is not thin else f"{trigger.title}, thin",
            "description": trigger.description,
            "parameters": _SIGNED,
            "requestBody": {
                "required": True,
                "content": {
                    "application/json": {"schema": schema, "examples": examples},
                    "application/cloudevents+json": {"schema": _cloud_event(trigger, schema)},
                },
            },
            "responses": _RECEIVED,
            "security": [],
        }
    }


def _cloud_event(trigger: Trigger, schema: dict[str, Any]) -> dict[str, Any]:
    """A hook with the format `cloudevents` gets this."""
    text = {"type": "string"}
    told = {
        "specversion": {"const": "1.0"},
        "id": text,
        "source": {"type": "string", "format": "uri"},
        "type": {"const": f"copyhound.{trigger.key}"},
        "time": {"type": "string", "format": "date-time"},
        "datacontenttype": {"const": "application/json"},
        "sequence": text,
        "data": schema,
    }
    return {"type": "object", "properties": told, "required": list(told)}


def called(
    actions: Iterable[Action], known: Mapping[Any, dict[str, Any]], paths: Mapping[str, dict[str, Any]]
) -> dict[str, dict[str, Any]]:
    """Path -> what may be done there, for each action: its own shapes in place of any object."""
    generic = paths.get(_GENERIC, {}).get("post", {})
    return {_GENERIC.replace("{key}", action.key): {"post": _called(action, known, generic)} for action in actions}


def _called(action: Action, known: Mapping[Any, dict[str, Any]], generic: dict[str, Any]) -> dict[str, Any]:
    taken: dict[str, Any] = {"schema": known[action.input]}
    if action.examples:
        taken["examples"] = {str(number): {"value": one} for number, one in enumerate(action.examples, 1)}
    given = {"schema": known[action.output], "example": action.sample}
    return {
        **generic,
        "operationId": f"action_{action.key}",
        "summary": action.title,
        "description": f"{action.description} Needs a key with the scope `{action.scope}`.",
        "parameters": [one for one in generic.get("parameters", ()) if one["in"] != "path"],
        "requestBody": {"required": True, "content": {"application/json": taken}},
        "responses": {
            **generic.get("responses", {}),
            "200": {"description": "Done.", "content": {"application/json": given}},
        },
    }
