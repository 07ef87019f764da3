"""The catalogue's actions for surfaces: described and run as the native API does."""

from __future__ import annotations

from typing import Any

import msgspec

from copyhound.domain.errors import CopyhoundError
from copyhound.domain.triggers import Action
from copyhound.domain.workspaces import Caller
from copyhound.http.auth import require
from copyhound.http.bodies import decode
from copyhound.http.idempotency import Kept, Made, hash_of
from copyhound.http.wire.descriptors import descriptor
from copyhound.plugin_api import ActionDescription
from copyhound.plugin_host.catalogue import Catalogue
from copyhound.services.kit import Kit


class Offering:
    """`UseCases.catalogue`."""

    def __init__(self, catalogue: Catalogue, kit: Kit) -> None:
        self._catalogue, self._kit = catalogue, kit
        self._told: dict[str, ActionDescription] = {}

    def actions(self) -> list[ActionDescription]:
        """All of them, third-party ones last. One whose plugin has failed since is gone."""
        for key, action in self._catalogue.actions.items():
            if key not in self._told:
                self._told[key] = _described(action)
        return [self._told[key] for key in self._catalogue.actions]

    async def run(self, caller: Caller, key: str, arguments: bytes, *, once: str | None = None) -> dict[str, Any]:
        """The JSON-ready answer. CopyhoundError not_found, forbidden, invalid_request, and the action's own."""
        action = self._catalogue.actions.get(key)
        if action is None:
            raise CopyhoundError("not_found", f"There is no action {key[:100]!r}.")
        require(caller, action.scope)
        sent = decode(arguments, action.input)

        async def make() -> Made:
            return Made(msgspec.to_builtins(await action.run(caller, sent)), 200)

        if once is None or action.kind == "find":  # one that only looks tells what is so now
            answer: dict[str, Any] = (await make()).content
            return answer
        asked = hash_of("catalogue", key, msgspec.to_builtins(sent))
        return msgspec.json.decode((await Kept(self._kit, caller)(once, asked, make)).content, type=dict[str, Any])


def _described(action: Action) -> ActionDescription:
    told = descriptor(action)
    schemas = told.input_schema or {}, told.output_schema
    return ActionDescription(action.key, action.title, action.description, action.scope, *schemas, action.sample)
