"""Zapier: what the integration in connectors/zapier is made from."""

from __future__ import annotations

from copyhound.connector_export.catalogue import Described, pretty


def render(catalogue: Described) -> dict[str, str]:
    """Path within connectors/zapier -> text."""
    return {"catalogue.json": pretty({"triggers": catalogue.triggers, "actions": catalogue.actions})}
