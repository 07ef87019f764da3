"""Node-RED: the catalogue that its editor offers until it knows a server."""

from __future__ import annotations

from copyhound.connector_export.catalogue import Described, Json, pretty
from copyhound.connector_export.shapes import plain

_TOLD = ("key", "title", "description", "dynamic_fields")


def render(catalogue: Described) -> dict[str, str]:
    """Path within connectors/node-red -> text."""
    parts = {"triggers": catalogue.triggers, "actions": catalogue.actions}
    return {"catalogue.json": pretty({name: [_short(one) for one in found] for name, found in parts.items()})}


def _short(one: Json) -> Json:
    schema = one["input_schema"]
    found = {name: one[name] for name in _TOLD} | {"input_schema": plain(schema) if schema else None}
    # an action's examples are inputs, which the form shows; a trigger's are events
    return found if one["kind"] == "trigger" else found | {"examples": one["examples"]}
