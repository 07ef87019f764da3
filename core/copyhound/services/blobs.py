"""Bytes and the rows that name them.

A picture may be uploaded, or found, while the last row that names the same bytes is deleted. So whoever writes rows
makes sure of their bytes at the end of that transaction, whoever deletes asks who names them in one of its own, and
the two never run at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from copyhound.domain.repositories import UnitOfWork
from copyhound.services.kit import Kit

_AT_ONCE = 100
"""Bytes deleted in one transaction: SQLite's other writers wait for it."""


async def drop_blobs(kit: Kit, workspace_id: str, keys: Sequence[str]) -> None:
    """Delete what nothing uses; after the commit, so that a crash leaves bytes too many, never a row without its."""
    for start in range(0, len(keys), _AT_ONCE):
        async with kit.units() as uow:
            await uow.images.guard_blobs(workspace_id, alone=True)
            for key in await uow.images.unused_blobs(workspace_id, keys[start : start + _AT_ONCE]):
                await kit.blobs.drop(key)


async def keep_blobs(
    kit: Kit, uow: UnitOfWork, workspace_id: str, blobs: Iterable[tuple[str | None, bytes | None]]
) -> None:
    """Last in a transaction whose rows name these keys: put again what a deletion has taken since it was put."""
    named = [(key, data) for key, data in blobs if key is not None and data is not None]
    if named:
        await uow.images.guard_blobs(workspace_id)  # the last lock that is taken, so that nobody waits in a circle
    for key, data in named:
        if not await kit.blobs.has(key):
            await kit.blobs.put(workspace_id, data)
