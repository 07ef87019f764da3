"""Pictures of the workspace's own."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from copyhound.domain.lists import Image
from copyhound.http.wire.common import Instant


class ImageIn(msgspec.Struct, forbid_unknown_fields=True):
    """A picture: either its address, or its bytes in base64 (a `data:` URL will do)."""

    url: Annotated[str, msgspec.Meta(min_length=1, max_length=4000)] | None = None
    """Its address; it is fetched from there."""
    base64: str | None = None
    """Its bytes, in place of an address."""
    name: Annotated[str, msgspec.Meta(max_length=255)] | None = None
    """What it is called in lists; else what its address ends in."""


class ImagesIn(msgspec.Struct, forbid_unknown_fields=True):
    """Images to add; in multipart as files in `images`."""

    images: list[ImageIn] = []
    """The pictures to add."""


class ImageError(msgspec.Struct):
    """Why an image cannot be searched; codes are those of problems."""

    code: str
    detail: str | None


class ImageOut(msgspec.Struct):
    """An image of a list, and what is known of it."""

    id: str
    list_id: str
    name: str
    state: Literal["waiting", "ready", "invalid"]
    """`waiting` until it was fetched and decoded."""
    created_at: Instant
    source_url: str | None
    format: str | None
    width: int | None
    height: int | None
    bytes: int | None
    sha256: str | None
    error: ImageError | None


def image_out(image: Image) -> ImageOut:
    """An image as clients see it."""
    ready: Literal["waiting", "ready"] = "ready" if image.fingerprint is not None else "waiting"
    return ImageOut(
        id=image.id,
        list_id=image.list_id,
        name=image.name,
        state="invalid" if image.error_code else ready,
        created_at=image.created_at,
        source_url=image.source_url,
        format=image.format,
        width=image.width,
        height=image.height,
        bytes=image.bytes,
        sha256=image.sha256,
        error=ImageError(image.error_code, image.error_detail) if image.error_code else None,
    )
