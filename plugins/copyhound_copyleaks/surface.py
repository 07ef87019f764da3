"""The surface: Copyleaks' endpoints for pictures, and honest refusals for those that are about texts."""

from __future__ import annotations

import csv
import hashlib
import io
import logging
import re
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import msgspec
from litestar import Litestar, Request, Response, get, post, route
from litestar.config.cors import CORSConfig
from litestar.exceptions import HTTPException

from copyhound.plugin_api import Caller, CopyhoundError, Scope, SurfaceSpec, UseCases
from copyhound_copyleaks.checking import SURFACE, Checker
from copyhound_copyleaks.doorway import CHECK, SCAN, Doorway
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
    wrong,
)
from copyhound_copyleaks.form import BODY_BYTES, check_scan_id, read_form
from copyhound_copyleaks.projecting import instant_of_token
from copyhound_copyleaks.settings import CopyleaksSettings
from copyhound_copyleaks.wire import (
    EXTENSIONS,
    LOGIN_PATH,
    REQUESTS,
    WINDOW_SECONDS,
    CreditsAnswer,
    LoginAnswer,
    LoginRequest,
)

_TOKEN_LIFE: Final = timedelta(hours=48)
_LOGINS: Final = 12
_OTHERS_A_SECOND: Final = 10
_UNMETERED: Final = 1_000_000
"""What is told to be left where nothing is counted: clients look before they scan."""
_SMALL_BODY: Final = 65_536
_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+")
_FAULTS: Final = {401: CREDENTIALS, 404: NOT_FOUND, 405: METHOD, 413: TOO_LARGE}
_NOT_OFFERED: Final = [
    "/v1/ai-image-detector/{rest:path}",
    "/v1/text-moderation/{rest:path}",
    "/v1/writing-feedback/{rest:path}",
    "/v2/writer-detector/{rest:path}",
    "/v3/downloads/{rest:path}",
    "/v3/scans/{rest:path}",
    "/v3.1/scans/{rest:path}",
]
PREFIXES: Final = ("/v1", "/v2/writer-detector", "/v3", "/v3.1")
_log = logging.getLogger(__name__)


class Surface:
    """What the endpoints do."""

    def __init__(self, use_cases: UseCases, settings: CopyleaksSettings) -> None:
        self._use, self._checker = use_cases, Checker(use_cases, settings)

    async def login(self, body: bytes) -> LoginAnswer:
        """A token for an API key. Raises RefusalError, CopyhoundError."""
        try:
            asked = msgspec.json.decode(body, type=LoginRequest)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise RefusalError(MISSING) from None
        if not _EMAIL.fullmatch(asked.email):
            raise wrong("email", "It must be an e-mail address.")
        if not asked.key:
            raise wrong("key", "It is required.")
        who = hashlib.sha256(f"{asked.email.lower()}\n{asked.key}".encode()).hexdigest()
        await self._use.limits.count(who, f"{SURFACE}.login", most=_LOGINS, seconds=WINDOW_SECONDS)
        caller = await self._use.keys.check(asked.key)
        issued = self._use.now()
        token, expires = self._use.keys.issue_token(caller, SURFACE, _TOKEN_LIFE)
        return LoginAnswer(token, instant_of_token(issued), instant_of_token(expires))

    async def caller(self, request: Request[Any, Any, Any], scope: Scope = Scope.read) -> Caller:
        """Whose token it is. CopyhoundError unauthorized, forbidden."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            raise CopyhoundError("unauthorized")
        caller = await self._use.keys.check_token(token.strip(), SURFACE)
        if scope not in caller.scopes:
            raise CopyhoundError("forbidden")
        return caller

    async def other(self, request: Request[Any, Any, Any]) -> Caller:
        """The caller of anything but a check; counted. CopyhoundError unauthorized, too_many_requests."""
        caller = await self.caller(request)
        await self._use.limits.count(caller.key_id, f"{SURFACE}.other", most=_OTHERS_A_SECOND, seconds=1)
        return caller

    async def check(self, request: Request[Any, Any, Any]) -> Any:
        """A check. Raises RefusalError, CopyhoundError."""
        caller = await self.caller(request, Scope.write)
        await self._use.limits.count(caller, f"{SURFACE}.check", most=REQUESTS, seconds=WINDOW_SECONDS)
        scan_id = check_scan_id(request.scope["state"]["scan_id"])
        return await self._checker.check(caller, scan_id, await read_form(request))

    async def again(self, request: Request[Any, Any, Any]) -> Any:
        """The result of a check that was made before."""
        caller = await self.other(request)
        return await self._checker.again(caller, check_scan_id(request.scope["state"]["scan_id"]))

    async def credits(self, request: Request[Any, Any, Any]) -> CreditsAnswer:
        """Credits that are left."""
        balance = await self._use.credits.balance(await self.other(request))
        return CreditsAnswer(balance.remaining if balance.metered else _UNMETERED)

    async def usage(self, request: Request[Any, Any, Any]) -> bytes:
        """What each day took, as CSV."""
        caller = await self.other(request)
        start, end = (_day(request, name) for name in ("start", "end"))
        if end < start:
            raise wrong("end", "It is before start.")
        file = io.StringIO()
        out = csv.writer(file)
        out.writerow(["Date", "Product", "Scans", "Credits"])
        for used in await self._use.credits.usage(caller, start, end):
            scans = used.reserved + used.settled + used.refunded
            out.writerow([f"{used.day:%d-%m-%Y}", used.surface, scans, used.reserved + used.settled])
        return file.getvalue().encode()


def _day(request: Request[Any, Any, Any], name: str) -> date:
    try:
        return datetime.strptime(request.query_params.get(name, ""), "%d-%m-%Y").replace(tzinfo=UTC).date()
    except ValueError:
        raise wrong(name, "It must be a date as dd-MM-yyyy.") from None


def make_surface(use_cases: UseCases) -> SurfaceSpec:
    """The surface, over the use cases."""
    settings = use_cases.settings("copyleaks", CopyleaksSettings)
    return SurfaceSpec(
        name="copyleaks",
        title="Copyleaks",
        description="Copyleaks' Image Plagiarism Detection: clients of theirs need another address and key.",
        prefixes=PREFIXES,
        app=Doorway(_app(Surface(use_cases, settings), settings)),
    )


def _app(surface: Surface, settings: CopyleaksSettings) -> Litestar:
    cors = CORSConfig(
        allow_origins=list(settings.allowed_origins),
        allow_methods=["GET", "POST", "OPTIONS"],
        allow_headers=["Authorization", "Content-Type"],
        expose_headers=["Retry-After"],
    )
    return Litestar(
        _handlers(surface),
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


def _handlers(surface: Surface) -> list[Any]:
    @post(LOGIN_PATH, status_code=200, request_max_body_size=_SMALL_BODY)
    async def login(request: Request[Any, Any, Any]) -> Response[bytes]:
        return _json(await surface.login(await request.body()))

    @post(CHECK, status_code=200)
    async def check(request: Request[Any, Any, Any]) -> Response[bytes]:
        return _json(await surface.check(request))

    @get(SCAN)
    async def again(request: Request[Any, Any, Any]) -> Response[bytes]:
        return _json(await surface.again(request))

    @get("/v3/scans/credits")
    async def balance(request: Request[Any, Any, Any]) -> Response[bytes]:
        return _json(await surface.credits(request))

    @get("/v3/scans/usages/history")
    async def usage(request: Request[Any, Any, Any]) -> Response[bytes]:
        headers = {"Content-Disposition": 'attachment; filename="usage.csv"', **_NO_STORE}
        return Response(await surface.usage(request), media_type="text/csv; charset=utf-8", headers=headers)

    @route(_NOT_OFFERED, http_method=["GET", "POST", "PUT", "PATCH", "DELETE"])
    async def not_offered(request: Request[Any, Any, Any]) -> None:
        await surface.other(request)
        raise RefusalError(NOT_OFFERED)

    return [login, check, again, balance, usage, not_offered, *(_fixed(*one) for one in _FIXED)]


_FIXED: Final[tuple[tuple[str, Any], ...]] = (
    (
        "/v3/miscellaneous/supported-file-types",
        {"textual": [], "ocr": [], "sourceCode": [], "image": [one[1:] for one in EXTENSIONS]},
    ),
    ("/v3/miscellaneous/ocr-languages-list", []),
    ("/v3/release-logs.json", []),
)
_NO_STORE: Final = {"Cache-Control": "no-store"}


def _fixed(path: str, content: Any) -> Any:
    @get(path, name=path)
    async def fixed() -> Response[bytes]:
        return _json(content)

    return fixed


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
