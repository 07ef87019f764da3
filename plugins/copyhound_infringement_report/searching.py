"""Searches: by addresses, of a whole list again, and by files that are put into a list."""

from __future__ import annotations

import asyncio
import base64
import binascii
from typing import Any, Final

import msgspec
from litestar import Controller, Response, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath

from copyhound.plugin_api import Caller, CopyhoundError, ImageInput, ImageList, SearchRequest
from copyhound_infringement_report.answers import AnyRequest, good
from copyhound_infringement_report.auth import WRITES
from copyhound_infringement_report.lists import MOST_IMAGES, SURFACE, ListLabel, begin, name_of, search_in
from copyhound_infringement_report.reading import ALL_LISTS, Office, body_of, number_of, shaped, yes

MAX_FILE_BYTES: Final = 10 * 2**20
MAX_BODY_BYTES: Final = 15 * 2**20
"""A file of that size in base64, with line breaks."""
_MAX_WIDTH, _MAX_HEIGHT = 8000, 6000
_FORMATS: Final = ("JPEG", "PNG", "GIF", "WEBP")


class NewSearch(msgspec.Struct, frozen=True):
    """What is searched. What we don't know is ignored, as the documents' table of parameters is lost."""

    images: list[str]
    """Addresses of images."""
    list_label: ListLabel | None = None
    verify: bool = False
    """Ours: fetch and compare what is found."""


class SearchController(Controller):
    """Searches."""

    path = "/search"

    @post("/", status_code=200)
    async def search(self, request: AnyRequest, office: NamedDependency[Office]) -> Response[bytes]:
        """Search images by their addresses, 1 to 500, in a new list. Answers at once.

        With `verify` what is found is fetched and compared; else it is told as it was found.
        """
        new = shaped(_as_list(await body_of(request)), NewSearch)
        urls = [url.strip() for url in new.images if url.strip()]
        if not urls:
            raise CopyhoundError("no_image", "images holds the addresses of the images that are searched.")
        if len(urls) > MOST_IMAGES:
            raise CopyhoundError("too_many_images", f"At most {MOST_IMAGES} images are searched at once.")
        asked = SearchRequest(
            tuple(ImageInput(name_of(url), url=url) for url in urls),
            list_label=new.list_label,
            verify=new.verify,
            surface=SURFACE,
        )
        search = await begin(office, request.user, asked)
        made = await office.uses.lists.get(request.user, search.list_id)
        return good({"list_id": made.number}, list_id=made.number)

    @get("/{list_id:str}", opt=WRITES)
    async def search_again(
        self, request: AnyRequest, office: NamedDependency[Office], list_id: FromPath[str]
    ) -> Response[bytes]:
        """Search all images of a list again. Its results are verified where it is monitored, or with `verify=true`."""
        found = await office.list_of(request.user, list_id)
        verify = yes(request.query_params, "verify", found.monitored)
        await office.uses.searches.repeat(request.user, found.id, verify=verify, surface=SURFACE)
        return good({"list_id": found.number}, list_id=found.number)


def _as_list(fields: dict[str, Any]) -> dict[str, Any]:
    """A single address stands for a list of it."""
    images = fields.get("images", fields.get("image", []))
    if images is None or isinstance(images, str):
        images = [images] if images else []
    label = fields.get("list_label") or None
    return {**fields, "images": images, "list_label": label}


class UploadController(Controller):
    """Files."""

    path = "/list/{list_id:str}"

    @put("/file/{filename:path}")
    async def upload(
        self, request: AnyRequest, office: NamedDependency[Office], list_id: FromPath[str], filename: FromPath[str]
    ) -> Response[bytes]:
        """Put a file into a list, and search it: the body is the file, with `base64=true` its base64."""
        found = await office.list_of(request.user, list_id)
        return await _take(request, office, found, filename, await _file(request, office))

    @put("/trial_file/{filename:path}")
    async def upload_first(
        self, request: AnyRequest, office: NamedDependency[Office], list_id: FromPath[str], filename: FromPath[str]
    ) -> Response[bytes]:
        """Upload a picture into a list; list 0 stands for a new list."""
        if number_of(list_id, "list") != ALL_LISTS:
            found = await office.list_of(request.user, list_id)
            return await _take(request, office, found, filename, await _file(request, office))
        data = await _file(request, office)  # first: no list is made for what is refused
        made = await office.uses.lists.create(request.user, "My first images")
        try:
            return await _take(request, office, made, filename, data)
        except BaseException:  # whatever it was, also that nobody waits any more
            await asyncio.shield(office.uses.lists.delete(request.user, made.id))
            raise


async def _file(request: AnyRequest, office: Office) -> bytes:
    """The file in the body. CopyhoundErrors of pictures."""
    data = await request.body()
    if yes(request.query_params, "base64", False):
        data = _decoded(data)
    await _check(office, data)
    return data


async def _take(request: AnyRequest, office: Office, found: ImageList, filename: str, data: bytes) -> Response[bytes]:
    caller: Caller = request.user
    verify = yes(request.query_params, "verify", found.monitored)
    name = filename.strip("/").rsplit("/", 1)[-1][:200] or "image"
    await search_in(office, caller, found, [ImageInput(name, data=data)], verify)
    return good({"list_id": found.number, "filename": name}, success=True, list_id=found.number)


async def _check(office: Office, data: bytes) -> None:
    """CopyhoundErrors of pictures, and of the limits that the service has."""
    if not data:
        raise CopyhoundError("no_image", "The body is empty: it should be the file.")
    if len(data) > MAX_FILE_BYTES:
        raise CopyhoundError("image_too_many_bytes", "A file has at most 10 MB.")
    facts = await office.uses.pictures.readable(data)
    if facts.format not in _FORMATS:
        raise CopyhoundError("image_unsupported", "Only JPEG, PNG, GIF and WebP files are taken.")
    if facts.width > _MAX_WIDTH or facts.height > _MAX_HEIGHT:
        raise CopyhoundError("image_too_many_pixels", f"A picture has at most {_MAX_WIDTH} x {_MAX_HEIGHT} pixels.")


def _decoded(text: bytes) -> bytes:
    """The bytes behind base64, with or without `data:...;base64,` before it."""
    bare = text.partition(b";base64,")[2] if text.lstrip()[:5].lower() == b"data:" else text
    bare = b"".join(bare.split()).replace(b"-", b"+").replace(b"_", b"/").rstrip(b"=")
    try:
        return base64.b64decode(bare + b"=" * (-len(bare) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise CopyhoundError("invalid_request", "That is not base64.") from None
