"""Result rows as documents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from copyhound.plugin_api import Caller, ImageList, ResultRow
from copyhound_infringement_report.pictures import picture_url
from copyhound_infringement_report.reading import Office
from copyhound_infringement_report.times import iso, written
from copyhound_infringement_report.wire import Document

_SIDES = ("image_width", "image_height", "image_width_on_page", "image_height_on_page")


async def documents(
    office: Office, caller: Caller, within: ImageList, rows: Sequence[ResultRow], *, thumbnails: bool = False
) -> list[Document]:
    """Rows as documents, in the shape of the surface's version, with their tags."""
    tags = await office.uses.tags.given(caller, [row.match.id for row in rows])
    # signing is slow, and one image has many rows
    own = {image: picture_url(office, "image", caller.workspace_id, image) for image in {row.image.id for row in rows}}
    return [
        _shape(office, _document(office, within, row, tags_of(row, tags), own[row.image.id], thumbnails))
        for row in rows
    ]


def tags_of(row: ResultRow, tags: dict[tuple[str, str], list[str]]) -> list[str]:
    """The tags of a row's page and of its whole match."""
    match_id, _, page_key = row.id.partition(".")
    own = tags.get((match_id, page_key), []) if page_key else []
    return sorted({*own, *tags.get((match_id, ""), [])})


def _document(
    office: Office, within: ImageList, row: ResultRow, tags: list[str], own: str, thumbnails: bool
) -> Document:
    match, page, image = row.match, row.page, row.image
    comparison = match.verification.comparison
    shown = thumbnails and match.reduced_blob is not None
    return Document(
        id=row.id,
        url=row.url,
        host=row.host,
        protocol=row.protocol,
        title=(page.title if page else None) or "",
        description=page.description if page else None,
        language=page.language if page else None,
        image_url=match.image_url,
        image_url_thumbnail=picture_url(office, "match", match.workspace_id, match.id) if shown else None,
        image_width=match.width,
        image_height=match.height,
        image_width_on_page=page.width_on_page if page else None,
        image_height_on_page=page.height_on_page if page else None,
        image_id=image.number,
        list_id=within.number,
        search_image_url=image.source_url or own,
        search_image_url_signed=own,
        search_image_url_thumbnail=own if thumbnails else None,
        date=written(row.found_at),
        found_timestamp=iso(row.found_at),
        verified=msgspec.UNSET if row.verified is None else row.verified,
        verified_timestamp=iso(match.verification.at) if row.verified is not None else None,
        verified_status_code=row.verified_status,
        similarity=comparison.score if comparison else None,
        tag=tags,
    )


def _shape(office: Office, document: Document) -> Document:
    """Version 2.0 writes the sides of pictures as text."""
    if office.version > 2:
        return document
    sides: dict[str, Any] = {name: getattr(document, name) for name in _SIDES}
    texts = {name: None if value is None else str(value) for name, value in sides.items()}
    return msgspec.structs.replace(document, **texts)
