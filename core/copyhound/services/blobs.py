"""Bytes and the rows that name them: written before, checked after, deleted in two halves.

A picture may be uploaded while the last list that holds the same one is deleted. Whoever writes puts the bytes again
after the commit; whoever deletes sets them aside first and then asks who names them. So either sees the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from copyhound.services.kit import Kit


async def drop_blobs(kit: Kit, workspace_id: str, keys: Sequence[str]) -> None:
    """Delete what nothing uses; after the commit, so that a crash leaves bytes too many, never a row without its."""
    for key in keys:
        await kit.blobs.set_aside(key)
    async with kit.units.read() as uow:
        unused = set(await uow.images.unused_blobs(workspace_id, keys))
    for key in keys:
        await (kit.blobs.drop(key) if key in unused else kit.blobs.restore(key))


async def keep_blobs(kit: Kit, workspace_id: str, blobs: Iterable[bytes | None]) -> None:
    """After the commit of rows that name them: put what a deletion may have taken meanwhile."""
    for data in blobs:
        if data is not None:
            await kit.blobs.put(workspace_id, data)
