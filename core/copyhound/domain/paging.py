"""Pages of what there is much of."""

from __future__ import annotations

from typing import Any

import msgspec


class PageOf(msgspec.Struct, frozen=True):
    """One page of anything. `cursor` is None on the last page."""

    items: list[Any]
    cursor: str | None = None
