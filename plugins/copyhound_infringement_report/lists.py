"""Lists, and the images in them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Final

import msgspec
from litestar import Controller, Response, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from msgspec import UNSET, UnsetType

from copyhound.plugin_api import (
    Caller,
    CopyhoundError,
    Image,
    ImageFigures,
    ImageInput,
    ImageList,
    ListFigures,
    Search,
    SearchRequest,
)
from copyhound_infringement_report.answers import AnyRequest, good
from copyhound_infringement_report.pictures import picture_url
from copyhound_infringement_report.reading import Office, body_of, count_in, lines_of, number_of, shaped
from copyhound_infringement_report.times import seconds

SURFACE: Final = "infringement_report"
MOST_IMAGES: Final = 500
_MOST_ROWS: Final = 1000
_MOST_START: Final = 1_000_000
_AT_ONCE: Final = 500

ListLabel = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class NewList(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a list is made of."""

    list_label: ListLabel
    monitor: bool = False


class ListChanges(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is to be different; what is left out stays."""

    list_label: ListLabel | UnsetType = UNSET
    monitor: bool | UnsetType = UNSET
    add_lsv_urls: str | UnsetType = UNSET
    """Addresses of images to add and search, one a line."""
    verify: bool | UnsetType = UNSET
    """Ours: whether what is found of those images is verified; else only in monitored lists."""


class _Changes(msgspec.Struct, frozen=True):
    """The same, in the words of the use cases."""

    label: str | UnsetType = UNSET
    monitored: bool | UnsetType = UNSET


class ListController(Controller):
    """Lists."""

    path = "/list"

    @get("/")
    async def list_lists(self, request: AnyRequest, office: NamedDependency[Office]) -> Response[bytes]:
        """The lists, newest first: `start` and `rows` (or `per_page`) page through them."""
        params = request.query_params
        start = count_in(params, "start", 0, _MOST_START)
        rows = count_in(params, "rows" if "rows" in params else "per_page", 50, _MOST_ROWS)
        page = await office.uses.lists.page(request.user, limit=start + rows) if rows else None
        lists: Sequence[ImageList] = page.items[start:] if page else ()
        figures = await office.uses.results.figures(request.user, [one.id for one in lists])
        return good([list_wire(one, figures[one.id]) for one in lists])

    @post("/", status_code=200)
    async def create_list(self, request: AnyRequest, office: NamedDependency[Office]) -> Response[bytes]:
        """Make an empty list."""
        new = shaped(await body_of(request), NewList)
        made = await office.uses.lists.create(request.user, new.list_label, monitored=new.monitor)
        return good({**list_wire(made, ListFigures()), "images": []}, list_id=made.number)

    @get("/{list_id:str}")
    async def get_list(
        self, request: AnyRequest, office: NamedDependency[Office], list_id: FromPath[str]
    ) -> Response[bytes]:
        """One list with its images, and how many of them are still looked for (`search_in_progress`)."""
        found = await office.list_of(request.user, list_id)
        return good(await whole_list(office, request.user, found))

    @patch("/{list_id:str}")
    async def update_list(
        self, request: AnyRequest, office: NamedDependency[Office], list_id: FromPath[str]
    ) -> Response[bytes]:
        """Change a list; `add_lsv_urls` adds images by their addresses, and searches them."""
        caller: Caller = request.user
        found = await office.list_of(caller, list_id)
        changes = shaped(await body_of(request), ListChanges)
        urls = [] if changes.add_lsv_urls is UNSET else lines_of(changes.add_lsv_urls, "add_lsv_urls", MOST_IMAGES)
        if urls:  # first: nothing is changed where an address is refused
            monitored = found.monitored if changes.monitor is UNSET else changes.monitor
            verify = monitored if changes.verify is UNSET else changes.verify
            await search_in(office, caller, found, [ImageInput(name_of(url), url=url) for url in urls], verify)
        found = await office.uses.lists.update(caller, found.id, _Changes(changes.list_label, changes.monitor))
        return good(await whole_list(office, caller, found))

    @delete("/{list_id:str}", status_code=200)
    async def delete_list(
        self, request: AnyRequest, office: NamedDependency[Office], list_id: FromPath[str]
    ) -> Response[bytes]:
        """Delete a list with its images, results and files."""
        found = await office.list_of(request.user, list_id)
        await office.uses.lists.delete(request.user, found.id)
        return good({"list_id": found.number})

    @delete("/{list_id:str}/image/{image_id:str}", status_code=200)
    async def delete_image(
        self, request: AnyRequest, office: NamedDependency[Office], list_id: FromPath[str], image_id: FromPath[str]
    ) -> Response[bytes]:
        """Delete an image with its results."""
        found = await office.list_of(request.user, list_id)
        image = await office.uses.lists.image_by_number(request.user, number_of(image_id, "image"))
        await office.uses.lists.delete_image(request.user, found.id, image.id)
        return good({"image_id": image.number})


async def search_in(
    office: Office, caller: Caller, found: ImageList, images: Sequence[ImageInput], verify: bool
) -> None:
    """Add images to a list, and search them."""
    request = SearchRequest(tuple(images), list_id=found.id, verify=verify, surface=SURFACE)
    await begin(office, caller, request)


async def begin(office: Office, caller: Caller, request: SearchRequest) -> Search:
    """Start a search. An error that is about one of several addresses says which."""
    try:
        return await office.uses.searches.start(caller, request)
    except CopyhoundError as error:
        index = error.extra.get("index")
        if index is None or (url := request.images[index].url) is None:
            raise
        raise CopyhoundError(error.code, f"Address {index + 1}, {url[:200]!r}: {error.detail}", **error.extra) from None


def name_of(url: str) -> str:
    """What an image is called that comes by its address."""
    return url.split("?")[0].rstrip("/").rsplit("/", 1)[-1][:200] or "image"


async def whole_list(office: Office, caller: Caller, found: ImageList) -> dict[str, Any]:
    """A list as clients see it, with all its images."""
    figures = (await office.uses.results.figures(caller, [found.id]))[found.id]
    images = await _images(office, caller, found.id)
    of_images = await office.uses.results.image_figures(caller, [image.id for image in images])
    shown = [_image_wire(office, image, of_images[image.id]) for image in images]
    return {**list_wire(found, figures), "images": shown}


async def _images(office: Office, caller: Caller, list_id: str) -> list[Image]:
    found: list[Image] = []
    cursor: str | None = None
    while True:
        page = await office.uses.lists.images(caller, list_id, cursor=cursor, limit=_AT_ONCE)
        found += page.items
        if (cursor := page.cursor) is None:
            return sorted(found, key=lambda image: image.number)


def list_wire(found: ImageList, figures: ListFigures) -> dict[str, Any]:
    """A list without its images."""
    return {
        "list_id": found.number,
        "list_label": found.label,
        "count": figures.images,
        "source_images_found": figures.found_images,
        "unique_hosts": figures.hosts,
        "unique_pages": figures.pages,
        "last_result_search": seconds(figures.searched_at, busy=figures.open_images > 0),
        "monitor": found.monitored,
        "search_in_progress": figures.open_images,
        "created": seconds(found.created_at),
    }


def _image_wire(office: Office, image: Image, figures: ImageFigures) -> dict[str, Any]:
    url = picture_url(office, "image", image.workspace_id, image.id) if image.reduced_blob else ""
    return {
        "image_id": image.number,
        "filename": image.name,
        "image_url": image.source_url,
        "signed_image_url": url,
        "thumbnail_url": url,
        "unique_hosts": figures.hosts,
        "unique_pages": figures.pages,
        "last_search_start": seconds(figures.began_at),
        "last_search_complete": seconds(figures.ended_at, busy=figures.open),
        "error": image.error_detail,
    }
