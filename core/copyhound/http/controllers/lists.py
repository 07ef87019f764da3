"""Lists, their images, matches and exports."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from litestar import Controller, Response, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter
from litestar.response import Stream

from copyhound.domain.matches import MatchFilter
from copyhound.domain.workspaces import Caller
from copyhound.http.bodies import JsonBody
from copyhound.http.controllers.matches import match_page
from copyhound.http.idempotency import Made, Once
from copyhound.http.paging import Cursor, Limit, Sort
from copyhound.http.uploads import PicturesBody, Sent, fingerprint, limit_count
from copyhound.http.wire.common import Items, items, shaped
from copyhound.http.wire.exports import FILES
from copyhound.http.wire.images import ImageOut, ImagesIn, image_out
from copyhound.http.wire.lists import ListIn, ListOut
from copyhound.http.wire.matches import MatchOut
from copyhound.services import Services
from copyhound.services.lists import ListChanges

_TYPES = {"csv": "text/csv; charset=utf-8", "json": "application/json", "jsonl": "application/jsonl"}
Label = Annotated[str | None, QueryParameter(max_length=200, description="Only labels that contain this.")]


class ListController(Controller):
    """A list is a named set of images, with its settings."""

    path = "/lists"
    tags = ("lists",)

    @get("/")
    async def list_lists(
        self,
        services: NamedDependency[Services],
        caller: NamedDependency[Caller],
        label: Label = None,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Items[ListOut]:
        """Lists, newest first."""
        page = await services.lists.page(caller, label=label, cursor=cursor, limit=limit)
        return items(page, lambda one: shaped(ListOut, one))

    @post("/", dependencies={"sent": JsonBody(ListIn)})
    async def create_list(
        self,
        services: NamedDependency[Services],
        caller: NamedDependency[Caller],
        once: NamedDependency[Once],
        sent: NamedDependency[ListIn],
    ) -> Response[ListOut]:
        """Make a list."""

        async def make() -> Made:
            made = await services.lists.create(
                caller,
                sent.label,
                monitored=sent.monitored,
                schedule=sent.schedule,
                providers=sent.providers,
                min_confidence=sent.min_confidence,
                key=once.same(sent),
            )
            return Made(shaped(ListOut, made), 201, {"Location": f"{services.kit.public_url}/api/v1/lists/{made.id}"})

        return await once(sent, make)

    @get("/{list_id:str}")
    async def get_list(
        self, services: NamedDependency[Services], caller: NamedDependency[Caller], list_id: FromPath[str]
    ) -> ListOut:
        """One list."""
        return shaped(ListOut, await services.lists.get(caller, list_id))

    @patch("/{list_id:str}", dependencies={"sent": JsonBody(ListChanges)})
    async def update_list(
        self,
        services: NamedDependency[Services],
        caller: NamedDependency[Caller],
        list_id: FromPath[str],
        sent: NamedDependency[ListChanges],
    ) -> ListOut:
        """Change a list: its label, whether and when it is searched again, its providers and threshold."""
        return shaped(ListOut, await services.lists.update(caller, list_id, sent))

    @delete("/{list_id:str}")
    async def delete_list(
        self, services: NamedDependency[Services], caller: NamedDependency[Caller], list_id: FromPath[str]
    ) -> None:
        """Delete a list with its images, searches and matches."""
        await services.lists.delete(caller, list_id)


class ListContentController(Controller):
    """What is in a list."""

    path = "/lists/{list_id:str}"
    tags = ("lists",)

    @get("/images")
    async def list_images(
        self,
        services: NamedDependency[Services],
        caller: NamedDependency[Caller],
        list_id: FromPath[str],
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Items[ImageOut]:
        """The images of a list, as they were added."""
        return items(await services.lists.images(caller, list_id, cursor=cursor, limit=limit), image_out)

    @post("/images", dependencies={"sent": PicturesBody(ImagesIn)})
    async def add_images(
        self,
        services: NamedDependency[Services],
        caller: NamedDependency[Caller],
        once: NamedDependency[Once],
        list_id: FromPath[str],
        sent: NamedDependency[Sent],
    ) -> Response[Items[ImageOut]]:
        """Add images to a list without searching them now."""
        images = sent.pictures("images", sent.fields.images)
        limit_count(images, services.kit.limits.images_per_search)

        async def make() -> Made:
            added = await services.lists.add_images(caller, list_id, images)
            return Made(Items([image_out(image) for image in added]))

        return await once(fingerprint(images), make)

    @delete("/images/{image_id:str}")
    async def delete_image(
        self,
        services: NamedDependency[Services],
        caller: NamedDependency[Caller],
        list_id: FromPath[str],
        image_id: FromPath[str],
    ) -> None:
        """Delete an image with its matches."""
        await services.lists.delete_image(caller, list_id, image_id)

    @get("/matches")
    async def list_matches_of_list(
        self,
        services: NamedDependency[Services],
        caller: NamedDependency[Caller],
        where: NamedDependency[MatchFilter],
        list_id: FromPath[str],
        sort: FromQuery[Sort] = "-first_seen",
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Items[MatchOut]:
        """The matches of a list, as soon as they are there."""
        within = msgspec.structs.replace(where, list_id=list_id)
        return await match_page(services, caller, within, cursor, limit, sort)

    @get("/export", opt={"files": FILES})
    async def export_matches(
        self,
        services: NamedDependency[Services],
        caller: NamedDependency[Caller],
        where: NamedDependency[MatchFilter],
        list_id: FromPath[str],
        format: FromQuery[Literal["csv", "json", "jsonl"]] = "csv",
    ) -> Stream:
        """All matches of a list, streamed: as CSV for spreadsheets, as one JSON array, or as a JSON object a line."""
        within = msgspec.structs.replace(where, list_id=list_id)
        headers = {
            "Content-Disposition": f'attachment; filename="copyhound-matches.{format}"',
            "Cache-Control": "no-store",
        }
        stream = await services.exports.stream(caller, within, format)
        return Stream(stream, media_type=_TYPES[format], headers=headers)
