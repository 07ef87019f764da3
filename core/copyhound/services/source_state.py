"""What sources remember between their runs, and when it must be forgotten."""

from __future__ import annotations

import msgspec

from copyhound.domain.collections import Collection, Ingest
from copyhound.domain.ids import derived_id
from copyhound.domain.paging import items_of
from copyhound.domain.repositories import UnitOfWork

_BATCH = 200


def state_scope(ingest: Ingest) -> str:
    """What a source remembers belongs to it, its settings' target, and the collection."""
    target = {key: ingest.settings.get(key) for key in ("url", "path", "base_url")}
    return derived_id(
        "source", ingest.source, ingest.collection_id, msgspec.json.encode(target, order="sorted").decode()
    )


async def forget_sources(uow: UnitOfWork, collection: Collection) -> None:
    """Entries were removed by hand: a source that remembers them as taken would never give them again."""
    ingests = items_of(lambda cursor: uow.ingests.page(collection.workspace_id, cursor=cursor, limit=_BATCH))
    scopes = {f"{one.source}:{state_scope(one)}" async for one in ingests if one.collection_id == collection.id}
    for scope in scopes:
        await uow.state.delete(collection.workspace_id, scope)
