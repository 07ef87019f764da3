"""TinEye's API over our own use cases, below /rest."""

from functools import partial
from typing import Any, Final

from litestar import Litestar, Request, Response, get, post
from litestar.types import ASGIApp

from copyhound.plugin_api import ApiVersion, SurfaceSpec, UseCases
from copyhound_tineye.answers import exception_handlers
from copyhound_tineye.described import OPERATIONS
from copyhound_tineye.desk import Desk
from copyhound_tineye.settings import TinEyeSettings

PREFIX: Final = "/rest"


def tineye_surface(use_cases: UseCases) -> SurfaceSpec:
    """The surface, as its settings have it."""
    settings = use_cases.settings("tineye", TinEyeSettings)
    return SurfaceSpec(
        name="tineye",
        title="TinEye API",
        description="Search, image_count, remaining_searches and overlay, as TinEye's own clients ask for them.",
        prefixes=(PREFIX,),
        make_app=partial(make_app, use_cases, settings),
        versions=(ApiVersion(api="tineye", version="rest", prefix=PREFIX),),
        openapi=OPERATIONS,
        security=("key",),
    )


def make_app(use_cases: UseCases, settings: TinEyeSettings) -> ASGIApp:
    """The application. Slashes at the end of a path and doubled ones make no difference."""
    desk = Desk(use_cases, settings)

    @get("/search")
    async def search_by_url(request: Request[Any, Any, Any]) -> Response[bytes]:
        """Search for the picture at `image_url`; with `offset limit sort order domain tags backlink_limit pretty`."""
        return await desk.answer(request, "search", desk.search)

    @post("/search")
    async def search_by_upload(request: Request[Any, Any, Any]) -> Response[bytes]:
        """Search for the file `image_upload` of a form; the arguments stand in the form or the query."""
        return await desk.answer(request, "search", desk.search)

    @get("/image_count")
    async def image_count(request: Request[Any, Any, Any]) -> Response[bytes]:
        """How many pictures are indexed."""
        return await desk.answer(request, "image_count", desk.image_count)

    @get("/remaining_searches")
    async def remaining_searches(request: Request[Any, Any, Any]) -> Response[bytes]:
        """The bundles that can be searched with."""
        return await desk.answer(request, "remaining_searches", desk.remaining_searches)

    @get("/overlay/{query_hash:str}/{match_id:str}")
    async def overlay(request: Request[Any, Any, Any]) -> Response[bytes]:
        """A JPEG: the match on the left, the search image laid onto it on the right; needs no key, but its link."""
        return await desk.overlay(request, request.path_params["match_id"])

    @get("/result/{match_id:str}")
    async def result(request: Request[Any, Any, Any]) -> Response[bytes]:
        """A JPEG: our small copy of a match; needs no key, but its link."""
        return await desk.result(request, request.path_params["match_id"])

    return Litestar(
        [search_by_url, search_by_upload, image_count, remaining_searches, overlay, result],
        exception_handlers=exception_handlers(settings, use_cases.now),
        request_max_body_size=settings.max_body_bytes,
        openapi_config=None,
        logging_config=None,
        debug=False,
    )
