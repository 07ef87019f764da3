"""What may be set under [plugins.matchengine]."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta


class Network(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Addresses whose calls need no password: they count as made with a key."""

    addresses: Annotated[str, Meta(description="One address, or a range such as 10.20.0.0/16.")]
    key: Annotated[str, Meta(description="The API key.", extra_json_schema={"x-secret": True})]


class MatchEngineSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Limits and doors of the surface."""

    searches_at_once: Annotated[
        int,
        Meta(ge=0, description="Searches of one key at once; further ones wait. 0: no end."),
    ] = 4
    most_pictures: Annotated[int, Meta(ge=1, description="Pictures in one call of add.")] = 1000
    max_upload_bytes: Annotated[int, Meta(ge=1024, description="Largest body.")] = 200 * 2**20
    overlay_minutes: Annotated[int, Meta(ge=1, description="How long the address of an overlay opens.")] = 60
    networks: Annotated[
        tuple[Network, ...],
        Meta(description="Addresses whose calls need no password."),
    ] = ()
