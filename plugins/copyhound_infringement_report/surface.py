"""Infringement.Report's API over our own use cases, below /3.0 and /2.0."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from litestar import Litestar
from litestar.di import Provide

from copyhound.plugin_api import ApiVersion, SurfaceSpec, UseCases
from copyhound_infringement_report.account import AccountController
from copyhound_infringement_report.answers import HANDLERS
from copyhound_infringement_report.auth import KeyGuard
from copyhound_infringement_report.cors import OtherOrigins
from copyhound_infringement_report.described import OPERATIONS
from copyhound_infringement_report.exporting import ExportController
from copyhound_infringement_report.lists import ListController
from copyhound_infringement_report.notifying import NotifyController
from copyhound_infringement_report.pictures import PictureController
from copyhound_infringement_report.querying import QueryController
from copyhound_infringement_report.reading import Office
from copyhound_infringement_report.searching import MAX_BODY_BYTES, SearchController, UploadController
from copyhound_infringement_report.settings import InfringementReportSettings
from copyhound_infringement_report.tagging import IgnoreController, ResultController, TagController

NAME: Final = "infringement_report"
_ABOUT: Final = (
    "Searches, lists, queries, exports, tags and notifications, as Infringement.Report's own app asks for them."
)
_CONTROLLERS: Final[list[Any]] = [
    SearchController,
    ListController,
    UploadController,
    QueryController,
    ExportController,
    TagController,
    ResultController,
    IgnoreController,
    NotifyController,
    AccountController,
    PictureController,
]


_NEW = ApiVersion(api=NAME, version="3.0", prefix="/3.0")
_OLD = ApiVersion(
    api=NAME,
    version="2.0",
    prefix="/2.0",
    successor="/3.0",
    note="Answers as 3.0 does, for the clients that were built for it. It stays for as long as 3.0.",
)


def surfaces(use_cases: UseCases) -> Sequence[SurfaceSpec]:
    """One surface for each version."""
    settings = use_cases.settings(NAME, InfringementReportSettings)
    return [_surface(use_cases, settings, version) for version in (3, 2)]


def _surface(use_cases: UseCases, settings: InfringementReportSettings, version: int) -> SurfaceSpec:
    prefix = f"/{version}.0"
    return SurfaceSpec(
        name=NAME if version == 3 else f"{NAME}_{version}",
        title=f"Infringement.Report API {version}.0",
        description=_ABOUT,
        prefixes=(prefix,),
        make_app=lambda: make_app(Office(use_cases, settings, version)),
        versions=(_NEW if version == 3 else _OLD,),
        openapi=OPERATIONS,
        security=("key",),
    )


def make_app(office: Office) -> Litestar:
    """The application of one version."""
    app = Litestar(
        _CONTROLLERS,
        guards=[KeyGuard(office)],
        dependencies={"office": Provide(lambda: office, sync_to_thread=False)},
        exception_handlers=HANDLERS,
        request_max_body_size=MAX_BODY_BYTES,
        openapi_config=None,
        logging_config=None,
        debug=False,
    )
    app.asgi_handler = OtherOrigins(app.asgi_handler, office.settings.allowed_origins)
    return app
