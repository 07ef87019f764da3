"""Take pictures in: what can be seen at once is refused before anything is stored."""

from __future__ import annotations

import asyncio
import base64
import binascii
import re
from collections.abc import Sequence
from urllib.parse import unquote, urlsplit

import msgspec

from copyhound.domain.errors import CopyhoundError
from copyhound.domain.ids import new_id
from copyhound.domain.lists import Image
from copyhound.domain.searches import ImageInput
from copyhound.matching import FINGERPRINT_VERSION, Prepared, read_facts, version_of
from copyhound.services.kit import Kit

_NAME_LENGTH = 255
_DATA_URL = re.compile(r"data:[^,]{0,200};base64,", re.IGNORECASE)
_BLANKS = re.compile(r"\s+")


class ImageIntake:
    """Turns inputs into images, checked as far as can be told at once."""

    def __init__(self, kit: Kit) -> None:
        self._kit = kit

    async def take(self, workspace_id: str, inputs: tuple[ImageInput, ...]) -> list[Image]:
        """Images with `list_id` still empty. Raises CopyhoundError, with `image` naming which, and stores nothing.

        A single upload is looked at here and now, so that a bad one is refused; of many, and of addresses,
        what shows only later ends their lookups.
        """
        limits = self._kit.limits
        if not inputs:
            raise CopyhoundError("no_image")
        if len(inputs) > limits.images_per_search:
            raise CopyhoundError("too_many_images", f"At most {limits.images_per_search} pictures in one request.")
        # in a thread: hundreds of headers, or a hostile one, must not hold up everybody else's requests
        await asyncio.to_thread(self._check_all, inputs)
        if len(inputs) == 1 and inputs[0].data is not None:
            await self._look(inputs[0])
        return await asyncio.gather(*(self._image(workspace_id, item) for item in inputs))

    async def _look(self, item: ImageInput) -> None:
        try:
            await self._kit.compute.run("check_picture", item.data, self._kit.limits.picture)
        except CopyhoundError as error:
            raise _about(error, item, 0) from None

    def _check_all(self, inputs: Sequence[ImageInput]) -> None:
        for number, item in enumerate(inputs):
            self._check(number, item)

    def _check(self, number: int, item: ImageInput) -> None:
        try:
            if item.data is not None:
                read_facts(item.data, self._kit.limits.picture)
            elif item.url is not None:
                self._kit.check_url(item.url)
            else:
                raise CopyhoundError("no_image", "Neither bytes nor an address was sent.")
        except CopyhoundError as error:
            raise _about(error, item, number) from None

    async def _image(self, workspace_id: str, item: ImageInput) -> Image:
        image = Image(
            id=new_id("image"),
            workspace_id=workspace_id,
            list_id="",
            name=(item.name or _name_of(item.url))[:_NAME_LENGTH],
            created_at=self._kit.now(),
            source_url=item.url,
        )
        if item.data is None:
            return image
        return msgspec.structs.replace(image, original_blob=await self._kit.blobs.put(workspace_id, item.data))

    async def _with_facts(self, image: Image, prepared: Prepared) -> Image:
        """The image with what was read from its pixels."""
        facts = prepared.facts
        return msgspec.structs.replace(
            image,
            fingerprint=prepared.fingerprint,
            reduced_blob=await self._kit.blobs.put(image.workspace_id, prepared.reduced),
            sha256=facts.sha256,
            format=facts.format,
            width=facts.width,
            height=facts.height,
            bytes=facts.bytes,
            error_code=None,
            error_detail=None,
        )

    async def is_worn(self, image: Image) -> bool:
        """Whether its reduced copy is lost or damaged and can be made anew: its file is still there."""
        return await self._is_lost(image.reduced_blob) and not await self._is_lost(image.original_blob)

    async def _is_lost(self, key: str | None) -> bool:
        try:
            return key is None or not await self._kit.blobs.get(key)
        except CopyhoundError:
            return True

    async def load(self, image: Image) -> tuple[Image, list[tuple[str | None, bytes]]]:
        """Fetch (where it came by address) and decode an image; (it, the keys that it names now with their bytes).

        Raises the CopyhoundError that says why not.
        """
        limits = self._kit.limits
        if image.original_blob is not None:
            data = await self._kit.blobs.get(image.original_blob)
        else:
            assert image.source_url is not None
            data = await fetch_picture(self._kit, image.source_url)
            image = msgspec.structs.replace(image, original_blob=await self._kit.blobs.put(image.workspace_id, data))
        prepared: Prepared = await self._kit.compute.run("prepare_query", data, limits.picture)
        image = await self._with_facts(image, prepared)
        return image, [(image.original_blob, data), (image.reduced_blob, prepared.reduced)]


def bytes_of(images: Sequence[Image], inputs: Sequence[ImageInput]) -> list[tuple[str | None, bytes | None]]:
    """The key and the bytes of each image that was taken in."""
    return [(image.original_blob, item.data) for image, item in zip(images, inputs, strict=True)]


def is_ready(image: Image) -> bool:
    """Whether an image can be searched as it is: decoded, and its fingerprint of this version."""
    return image.fingerprint is not None and version_of(image.fingerprint) == FINGERPRINT_VERSION


def _about(error: CopyhoundError, item: ImageInput, number: int) -> CopyhoundError:
    return CopyhoundError(error.code, error.detail, **{**error.extra, "image": item.name, "index": number})


async def fetch_picture(kit: Kit, url: str) -> bytes:
    """A picture's bytes from a web address, within the limits of size and time."""
    answer = await kit.outbound.fetch(
        url,
        max_bytes=kit.limits.picture.max_bytes,
        timeout=kit.limits.fetch_seconds,
        headers={"Accept": "image/*,*/*;q=0.5"},
    )
    return answer.body


def bytes_of_base64(text: str) -> bytes:
    """Bytes of base64, with or without padding, line breaks, URL-safe letters, or a `data:` URL around it.

    CopyhoundError invalid_request where it is none.
    """
    text = text[found.end() :] if (found := _DATA_URL.match(text)) else text
    text = _BLANKS.sub("", text).replace("-", "+").replace("_", "/").rstrip("=")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise CopyhoundError("invalid_request", "That is not base64.") from None


def _name_of(url: str | None) -> str:
    return unquote(urlsplit(url or "").path.rsplit("/", 1)[-1]) or "image"
