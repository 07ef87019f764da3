"""The surface: Copyleaks' endpoints for pictures, and honest refusals for those that are about texts."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any, Final

import msgspec
from litestar import Litestar, Request, Response, get, post, route
from litestar.config.cors import CORSConfig
from litestar.enums import HttpMethod
from litestar.exceptions import HTTPException
from litestar.params import FromPath

from copyhound.plugin_api import CopyhoundError, SurfaceSpec, UseCases
from copyhound_copyleaks.described import ACCOUNT, CHECKS
from copyhound_copyleaks.desk import Desk
from copyhound_copyleaks.doorway import Doorway
from copyhound_copyleaks.errors import (
    CREDENTIALS,
    INTERNAL,
    METHOD,
    MISSING,
    NOT_FOUND,
    NOT_OFFERED,
    TOO_LARGE,
    RefusalError,
    refusal_of,
)
from copyhound_copyleaks.form import BODY_BYTES
from copyhound_copyleaks.settings import CopyleaksSettings
from copyhound_copyleaks.wire import EXTENSIONS

_BEARER: Final = ("bearer",)
_SMALL_BODY: Final = 65_536
_FAULTS: Final = {401: CREDENTIALS, 404: NOT_FOUND, 405: METHOD, 413: TOO_LARGE}
_METHODS: Final = (HttpMethod.GET, HttpMethod.POST, HttpMethod.PUT, HttpMethod.PATCH, HttpMethod.DELETE)
_TEXTS_V1: Final = ["/ai-image-detector/{rest:path}", "/text-moderation/{rest:path}", "/writing-feedback/{rest:path}"]
_TEXTS_V3: Final = ["/downloads/{rest:path}", "/scans/{rest:path}"]
_TEXTS: Final = ["/", "/{rest:path}"]
_TEXT_PREFIXES: Final = ("/v2/writer-detector", "/v3.1")
_NO_STORE: Final = {"Cache-Control": "no-store"}
_FILE_TYPES: Final = {"textual": [], "ocr": [], "sourceCode": [], "image": [one[1:] for one in EXTENSIONS]}
_log = logging.getLogger(__name__)


def make_surfaces(use_cases: UseCases) -> Sequence[SurfaceSpec]:
    """The surface over the use cases, one part for each version of the paths."""
    settings = use_cases.settings("copyleaks", CopyleaksSettings)
    desk = Desk(use_cases, settings)

    def checks() -> Litestar:
        app = _app([*_checks(desk), _texts(desk, _TEXTS_V1)], settings)
        app.asgi_handler = Doorway(app.asgi_handler)
        return app

    def account() -> Litestar:
        return _app([*_account(desk), *_fixed(), _texts(desk, _TEXTS_V3)], settings)

    def texts() -> Litestar:
        return _app([_texts(desk, _TEXTS)], settings)

    return [
        SurfaceSpec(
            "copyleaks",
            "Copyleaks",
            "Image Plagiarism Detection: checks.",
            ("/v1",),
            checks,
            openapi=CHECKS,
            security=_BEARER,
        ),
        SurfaceSpec(
            "copyleaks_account",
            "Copyleaks account",
            "Login, credits and usage.",
            ("/v3",),
            account,
            openapi=ACCOUNT,
            security=_BEARER,
        ),
        SurfaceSpec(
            "copyleaks_texts",
            "Copyleaks texts",
            "Refuses what is about texts.",
            _TEXT_PREFIXES,
            texts,
            security=_BEARER,
        ),
    ]


def _app(handlers: list[Any], settings: CopyleaksSettings) -> Litestar:
    cors = CORSConfig(
        allow_origins=list(settings.allowed_origins),
        allow_methods=["GET", "POST", "OPTIONS"],
        allow_headers=["Authorization", "Content-Type"],
        expose_headers=["Retry-After"],
    )
    return Litestar(
        handlers,
        exception_handlers={
            RefusalError: lambda request, error: _refused(request, error),
            CopyhoundError: lambda request, error: _refused(request, refusal_of(error)),
            HTTPException: lambda request, error: _refused(request, _refusal_of_litestar(error)),
            Exception: _broken,
        },
        cors_config=cors if settings.allowed_origins else None,
        request_max_body_size=BODY_BYTES,
        multipart_form_part_limit=20,
        openapi_config=None,
        logging_config=None,
        debug=False,
    )


def _checks(desk: Desk) -> list[Any]:
    @post("/image-plagiarism-detector/{scan_id:str}/check", status_code=200)
    async def check(request: Request[Any, Any, Any], scan_id: FromPath[str]) -> Response[bytes]:
        """Search for copies of a picture: multipart fields image, filename, sandbox, developerPayload."""
        return _json(await desk.check(request))

    @get("/image-plagiarism-detector/{scan_id:str}")
    async def get_check(request: Request[Any, Any, Any], scan_id: FromPath[str]) -> Response[bytes]:
        """The result of a check that was made before. Copyhound's own."""
        return _json(await desk.again(request))

    return [check, get_check]


def _account(desk: Desk) -> list[Any]:
    @post("/account/login/api", status_code=200, request_max_body_size=_SMALL_BODY)
    async def login(request: Request[Any, Any, Any]) -> Response[bytes]:
        """A token for 48 hours, for {email, key}."""
        client = request.client.host if request.client else ""
        return _json(await desk.login(await request.body(), client))

    @get("/scans/credits")
    async def get_credits(request: Request[Any, Any, Any]) -> Response[bytes]:
        """Credits that are left."""
        return _json(await desk.credits(request))

    @get("/scans/usages/history")
    async def get_usage(request: Request[Any, Any, Any]) -> Response[bytes]:
        """What each day took, as CSV: start and end as dd-MM-yyyy."""
        headers = {"Content-Disposition": 'attachment; filename="usage.csv"', **_NO_STORE}
        return Response(await desk.usage(request), media_type="text/csv", headers=headers)

    return [login, get_credits, get_usage]


def _fixed() -> list[Any]:
    @get("/miscellaneous/supported-file-types")
    async def get_file_types() -> Response[bytes]:
        """The kinds of files that are taken."""
        return _json(_FILE_TYPES)

    @get("/miscellaneous/ocr-languages-list")
    async def get_languages() -> Response[bytes]:
        """Languages that are read in pictures: none."""
        return _json([])

    @get("/release-logs.json")
    async def get_release_logs() -> Response[bytes]:
        """None: Copyhound has a changelog."""
        return _json([])

    return [get_file_types, get_languages, get_release_logs]


def _texts(desk: Desk, paths: list[str]) -> Any:
    @route(paths, http_method=_METHODS, include_in_schema=False)
    async def refuse(request: Request[Any, Any, Any]) -> None:
        await desk.other(request)
        raise RefusalError(NOT_OFFERED)

    return refuse


def _json(content: Any) -> Response[bytes]:
    return Response(msgspec.json.encode(content), media_type="application/json", headers=_NO_STORE)


def _refused(request: Request[Any, Any, Any], error: RefusalError) -> Response[bytes]:
    headers = dict(_NO_STORE)
    if error.wait is not None:
        headers["Retry-After"] = str(max(1, round(error.wait)))
    if error.fault is CREDENTIALS:
        headers["WWW-Authenticate"] = "Bearer"
    body = error.body(str(request.scope["state"].get("request_id", "")))
    return Response(body, status_code=error.fault.status, media_type="application/json", headers=headers)


def _refusal_of_litestar(error: HTTPException) -> RefusalError:
    return RefusalError(_FAULTS.get(error.status_code, INTERNAL if error.status_code >= 500 else MISSING))


def _broken(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    _log.exception("Copyleaks surface: %s %s", request.method, request.url.path, exc_info=error)
    return _refused(request, RefusalError(INTERNAL))
