"""Pages of what there is much of."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import msgspec


class PageOf(msgspec.Struct, frozen=True):
    """One page of anything. `cursor` is None on the last page."""

    items: list[Any]
    cursor: str | None = None


async def items_of(read: Callable[[str | None], Awaitable[PageOf]]) -> AsyncIterator[Any]:
    """The items of all pages; `read` is given each page's cursor, None for the first."""
    cursor: str | None = None
    while True:
        page = await read(cursor)
        for item in page.items:
            yield item
        if (cursor := page.cursor) is None:
            return
