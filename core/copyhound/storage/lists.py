"""Lists and their images."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec
import sqlalchemy as sa

from copyhound.domain.lists import Image, ImageList
from copyhound.domain.repositories import PageOf
from copyhound.storage.base import Order, Repository, chunks
from copyhound.storage.credits import numbers
from copyhound.storage.tables_collections import ENTRIES
from copyhound.storage.tables_lists import IMAGES, LIST_DOMAINS, LISTS
from copyhound.storage.tables_matches import MATCHES
from copyhound.storage.types import like_literal, row_of, struct_of

_BLOB_COLUMNS = (IMAGES.c.original_blob, IMAGES.c.reduced_blob, MATCHES.c.reduced_blob, ENTRIES.c.reduced_blob)
_NEWEST = Order("lists", LISTS.c.created_at, LISTS.c.id, down=True)
_OLDEST_IMAGE = Order("images", IMAGES.c.created_at, IMAGES.c.id, down=False)


async def unused_blobs(repository: Repository, workspace_id: str, keys: Iterable[str | None]) -> list[str]:
    """Those of `keys` that no row of the workspace names (any more), sorted."""
    left = {key for key in keys if key}
    for column in _BLOB_COLUMNS:
        for chunk in chunks(sorted(left)):
            used = sa.select(column).distinct().where(column.table.c.workspace_id == workspace_id, column.in_(chunk))
            left -= {row[0] for row in await repository.all_rows(used)}
    return sorted(left)


async def _blobs_of(repository: Repository, images: sa.Select[tuple[str]]) -> set[str | None]:
    """Blob keys of the chosen images and of their matches."""
    own = sa.select(IMAGES.c.original_blob, IMAGES.c.reduced_blob).where(IMAGES.c.id.in_(images))
    found = sa.select(MATCHES.c.reduced_blob).where(MATCHES.c.image_id.in_(images))
    return {key for query in (own, found) for row in await repository.all_rows(query) for key in row}


class Lists(Repository):
    """Lists in SQL."""

    async def add(self, item: ImageList) -> ImageList:
        (number,) = await numbers(self.connection, item.workspace_id, "lists", 1)
        # the counter is ours until this transaction ends: whoever added the same list has committed
        if (there := await self.get(item.workspace_id, item.id)) is not None:
            return there
        item = msgspec.structs.replace(item, number=number)
        await self.insert(LISTS, [{**_list_row(item), "number": number}])
        return item

    async def by_number(self, workspace_id: str, number: int) -> ImageList | None:
        mine = LISTS.c.workspace_id == workspace_id, LISTS.c.number == number
        row = await self.one_row(sa.select(LISTS).where(*mine))
        return struct_of(ImageList, row) if row else None

    async def get(self, workspace_id: str, list_id: str) -> ImageList | None:
        row = await self.one_row(sa.select(LISTS).where(LISTS.c.id == list_id, LISTS.c.workspace_id == workspace_id))
        return struct_of(ImageList, row) if row else None

    async def labelled(self, workspace_id: str, label: str) -> ImageList | None:
        await self.lock_text(f"label:{workspace_id}:{label.casefold()}")
        found = (await self.page(workspace_id, label=label, exact=True, cursor=None, limit=1)).items
        return found[0] if found else None

    async def save(self, item: ImageList) -> None:
        mine = LISTS.c.id == item.id, LISTS.c.workspace_id == item.workspace_id
        await self.run(sa.update(LISTS).where(*mine).values(_list_row(item)))

    async def delete(self, workspace_id: str, list_id: str) -> list[str]:
        mine = LISTS.c.id == list_id, LISTS.c.workspace_id == workspace_id
        images = sa.select(IMAGES.c.id).where(IMAGES.c.list_id == list_id, IMAGES.c.workspace_id == workspace_id)
        blobs = await _blobs_of(self, images)
        await self.run(sa.delete(LISTS).where(*mine))
        return await unused_blobs(self, workspace_id, blobs)

    async def page(
        self, workspace_id: str, *, label: str | None, exact: bool = False, cursor: str | None, limit: int
    ) -> PageOf:
        statement = sa.select(LISTS).where(LISTS.c.workspace_id == workspace_id)
        if label and exact:
            statement = statement.where(LISTS.c.label_folded == label.casefold())
        elif label:
            pattern = f"%{like_literal(label.casefold())}%"
            statement = statement.where(LISTS.c.label_folded.like(pattern, escape="\\"))
        rows = await self.all_rows(_NEWEST.apply(statement, cursor, limit))
        return PageOf([struct_of(ImageList, row) for row in rows[:limit]], _NEWEST.cursor(rows, limit))

    async def due(self, now: datetime, limit: int) -> list[ImageList]:
        statement = sa.select(LISTS).where(LISTS.c.monitored.is_(True), LISTS.c.next_run_at <= now)
        rows = await self.all_rows(statement.order_by(LISTS.c.next_run_at, LISTS.c.id).limit(limit))
        return [struct_of(ImageList, row) for row in rows]

    async def claim_slot(self, list_id: str, slot: datetime, next_run_at: datetime | None) -> bool:
        still = LISTS.c.id == list_id, LISTS.c.next_run_at == slot
        moved = sa.update(LISTS).where(*still).values(next_run_at=next_run_at, last_run_at=slot)
        return bool(await self.run(moved))

    async def add_domain(self, list_id: str, domain: str) -> bool:
        workspace = sa.select(LISTS.c.workspace_id).where(LISTS.c.id == list_id).scalar_subquery()
        row = {"list_id": list_id, "domain": domain, "workspace_id": workspace}
        return await self.insert_new(LIST_DOMAINS, row) is not None


class Images(Repository):
    """Images in SQL."""

    async def add(self, images: Sequence[Image]) -> list[Image]:
        if not images:
            return []
        counted = await numbers(self.connection, images[0].workspace_id, "images", len(images))
        numbered = [msgspec.structs.replace(image, number=n) for image, n in zip(images, counted, strict=True)]
        await self.insert(IMAGES, [row_of(image, IMAGES) for image in numbered])
        return numbered

    async def by_number(self, workspace_id: str, number: int) -> Image | None:
        mine = IMAGES.c.workspace_id == workspace_id, IMAGES.c.number == number
        row = await self.one_row(sa.select(IMAGES).where(*mine))
        return struct_of(Image, row) if row else None

    async def get(self, workspace_id: str, image_id: str) -> Image | None:
        row = await self.one_row(sa.select(IMAGES).where(*_is_image(workspace_id, image_id)))
        return struct_of(Image, row) if row else None

    async def save(self, image: Image) -> None:
        row = row_of(image, IMAGES)
        del row["number"]  # it is given once
        await self.run(sa.update(IMAGES).where(*_is_image(image.workspace_id, image.id)).values(row))

    async def of_list(self, workspace_id: str, list_id: str, *, cursor: str | None, limit: int) -> PageOf:
        statement = sa.select(IMAGES).where(IMAGES.c.list_id == list_id, IMAGES.c.workspace_id == workspace_id)
        rows = await self.all_rows(_OLDEST_IMAGE.apply(statement, cursor, limit))
        return PageOf([struct_of(Image, row) for row in rows[:limit]], _OLDEST_IMAGE.cursor(rows, limit))

    async def by_ids(self, workspace_id: str, image_ids: Sequence[str]) -> list[Image]:
        found: dict[str, Image] = {}
        for chunk in chunks(list(dict.fromkeys(image_ids))):
            mine = sa.select(IMAGES).where(IMAGES.c.workspace_id == workspace_id, IMAGES.c.id.in_(chunk))
            found.update({row.id: struct_of(Image, row) for row in await self.all_rows(mine)})
        return [found[image_id] for image_id in image_ids if image_id in found]

    async def ids_of_list(self, workspace_id: str, list_id: str) -> list[str]:
        statement = sa.select(IMAGES.c.id).where(IMAGES.c.list_id == list_id, IMAGES.c.workspace_id == workspace_id)
        return [row.id for row in await self.all_rows(statement.order_by(IMAGES.c.created_at, IMAGES.c.id))]

    async def unused_blobs(self, workspace_id: str, keys: Sequence[str]) -> list[str]:
        return await unused_blobs(self, workspace_id, keys)

    async def guard_blobs(self, workspace_id: str, *, alone: bool = False) -> None:
        await self.lock_text(f"blobs:{workspace_id}", shared=not alone)

    async def delete(self, workspace_id: str, image_id: str) -> list[str]:
        mine = _is_image(workspace_id, image_id)
        blobs = await _blobs_of(self, sa.select(IMAGES.c.id).where(*mine))
        await self.run(sa.delete(IMAGES).where(*mine))
        return await unused_blobs(self, workspace_id, blobs)


def _is_image(workspace_id: str, image_id: str) -> tuple[sa.ColumnElement[bool], ...]:
    return IMAGES.c.id == image_id, IMAGES.c.workspace_id == workspace_id


def _list_row(item: ImageList) -> dict[str, object]:
    """All but its number, which is given once."""
    row = row_of(item, LISTS, label_folded=item.label.casefold())
    del row["number"]
    return row
