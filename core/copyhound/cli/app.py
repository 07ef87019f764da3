"""The ASGI application over an open house."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from copyhound.bootstrap import House


def make_app(house: House) -> Any:
    """The native API, and the surfaces of the plugins beside it."""
    from copyhound.http.app import create_app

    return create_app(
        house.services,
        catalogue=house.catalogue,
        plugins={
            "providers": house.providers,
            "notifiers": house.notifiers,
            "sources": house.sources,
            "actions": house.actions,
        },
        settings=house.settings.http,
        surfaces=tuple(house.catalogue.surfaces.values()),
        executor=house.settings.executor_id,
    )
