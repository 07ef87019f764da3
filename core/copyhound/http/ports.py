"""What the API needs of rooms that it does not build itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

from copyhound.plugin_host.posts import SpecState


@runtime_checkable
class States(Protocol):
    """A desk of `plugin_host`, as far as it tells how its specifications fare."""

    def states(self) -> list[SpecState]: ...


Plugins = Mapping[str, States]
"""Kind (`providers`, `notifiers`, `sources`) -> its desk."""
