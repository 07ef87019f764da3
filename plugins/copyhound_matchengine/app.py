"""The surface: paths, passwords, errors."""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
import ipaddress
import logging
import math
from typing import Any, Final

from litestar import HttpMethod, Litestar, Request, Response, route
from litestar.exceptions import HTTPException

from copyhound.plugin_api import Caller, CopyhoundError, Scope, UseCases
from copyhound_matchengine.forms import AbsentError, Asked, RefusedError
from copyhound_matchengine.methods import Methods
from copyhound_matchengine.settings import MatchEngineSettings
from copyhound_matchengine.wire import PLAIN, Envelope, Style, fail, rendered

_log = logging.getLogger(__name__)
_PARTS: Final = 3
_SHOWN: Final = 80
_DRAINED: Final = 32 * 2**20
_CHALLENGE: Final = {"WWW-Authenticate": 'Basic realm="MatchEngine", charset="UTF-8"'}
_STATUSES: Final = frozenset({401, 402, 403, 413, 429, 500, 503})
"""All other errors are told with status 200, as MatchEngine does: its clients read no body of another status."""
_OVERLAY: Final = {"Cache-Control": "private, max-age=600", "Cross-Origin-Resource-Policy": "cross-origin"}
Asking = Request[Any, Any, Any]


class Surface:
    """Answers below /matchengine: /<collection>/rest/<method>. ValueError for a network that is none."""

    def __init__(self, use_cases: UseCases, settings: MatchEngineSettings) -> None:
        self._use_cases = use_cases
        self._methods = Methods(use_cases, settings)
        self._networks = [(ipaddress.ip_network(one.addresses), one.key) for one in settings.networks]

    async def answer(self, request: Asking) -> Response[bytes]:
        """Any request. Slashes may be doubled, and stand at the end or not."""
        answer = await self._answer(request)
        if answer.status_code != 200:
            await _drain(request)
        return answer

    async def _answer(self, request: Asking) -> Response[bytes]:
        # PostgreSQL refuses a NUL; what stands for it here is in no collection's name either
        parts = [part for part in request.scope["path"].replace("\x00", "\ufffd").split("/") if part]
        style = Asked.style_of(request)
        if len(parts) != _PARTS or parts[1] != "rest":
            told = "There is nothing here: expected /matchengine/<collection>/rest/<method>/"
            return _written(fail("", told), 404, style=style)
        collection, _, method = parts
        try:
            if method == "overlay":
                return await self._overlay(request, collection)
            return await self._call(request, collection, method, style)
        except CopyhoundError as error:
            return _refused(method, error, style)
        except HTTPException as error:
            if error.status_code == 413:
                return _written(fail(method, "The request is too large"), 413, style=style)
            return _written(fail(method, "The request cannot be read"), style=style)
        except Exception:
            _log.exception("%s of MatchEngine failed", method[:20])
            return _written(fail(method, "Something broke on our side"), 500, style=style)

    async def _overlay(self, request: Asking, collection: str) -> Response[bytes]:
        picture = await self._methods.overlays.open(collection, dict(request.query_params.items()))
        return Response(picture, media_type="image/jpeg", headers=_OVERLAY)

    async def _call(self, request: Asking, collection: str, method: str, style: Style) -> Response[bytes]:
        caller = await self._caller(request)
        if method not in self._methods.known:
            return _written(fail(method, f"There is no method {method[:40]}"), 404, style=style)
        scope, call = self._methods.known[method]
        _check(request, caller, scope)
        await self._use_cases.limits.count(caller, "matchengine", most=0, seconds=60)
        if request.method == "DELETE" and method != "delete":
            return _written(fail(method, "Send GET or POST"), 405, {"Allow": "GET, POST"}, style)
        try:
            asked = await Asked.read(request)
            style = asked.style()
            async with asyncio.timeout(asked.timeout()):
                return _written(await call(caller, collection, asked), style=style)
        except RefusedError as error:
            return _written(fail(method, str(error)), style=style)
        except AbsentError:
            told = f"There is no collection {collection[:_SHOWN]}."
            return _written(Envelope("warn", [told], method, [0] if method == "count" else []), style=style)
        except TimeoutError:
            return _written(fail(method, "The call timed out"), style=style)
        except CopyhoundError as error:
            return _refused(method, error, style)

    async def _caller(self, request: Asking) -> Caller:
        password = _password(request.headers.get("authorization", ""))
        return await self._use_cases.keys.check(password or self._key_of_network(request) or "")

    def _key_of_network(self, request: Asking) -> str | None:
        if not self._networks or request.client is None:
            return None
        try:
            address = ipaddress.ip_address(request.client.host)
        except ValueError:  # a socket of this machine has no address
            return None
        address = getattr(address, "ipv4_mapped", None) or address
        return next((key for network, key in self._networks if address in network), None)


def make_app(surface: Surface, settings: MatchEngineSettings) -> Litestar:
    """The ASGI application."""

    @route(["/", "/{path:path}"], http_method=[HttpMethod.GET, HttpMethod.POST, HttpMethod.DELETE], status_code=200)
    async def answer(request: Asking) -> Response[bytes]:
        return await surface.answer(request)

    def refuse(request: Asking, error: HTTPException) -> Response[bytes]:
        headers = {name: text for name, text in (error.headers or {}).items() if name.lower() == "allow"}
        return _written(fail("", error.detail), error.status_code, headers, Asked.style_of(request))

    return Litestar(
        [answer],
        exception_handlers={HTTPException: refuse},
        request_max_body_size=settings.max_upload_bytes,
        multipart_form_part_limit=2 * settings.most_pictures + 100,
        openapi_config=None,
        logging_config=None,
        debug=False,
    )


async def _drain(request: Asking) -> None:
    """Read what is still sent: a client that hears nothing before it has sent all would see a broken connection."""
    left = _DRAINED
    with contextlib.suppress(HTTPException):  # it was read already, or is too large, or the client is gone
        async for piece in request.stream():
            left -= len(piece)
            if left < 0:
                return


def _check(request: Asking, caller: Caller, scope: Scope) -> None:
    if scope not in caller.scopes:
        raise CopyhoundError("forbidden", f"This needs a key with the scope {str(scope)!r}.")
    # browsers send a remembered password with whatever another site's page asks for, and GET adds and deletes here
    if scope is not Scope.read and request.headers.get("sec-fetch-site") == "cross-site":
        raise CopyhoundError("forbidden", "Another site's page may not change a collection.")


def _password(header: str) -> str | None:
    """What comes after the name; the name may be any."""
    kind, _, encoded = header.partition(" ")
    if kind.lower() != "basic":
        return None
    try:
        return base64.b64decode(encoded.strip(), validate=True).decode().partition(":")[2]
    except (binascii.Error, ValueError):
        return None


def _refused(method: str, error: CopyhoundError, style: Style = PLAIN) -> Response[bytes]:
    if error.code == "unauthorized":
        return _written(fail(method, "Authorization Required"), 401, _CHALLENGE, style)
    if method == "overlay":
        return _written(fail(method, error.detail), error.status, style=style)
    wait = {"Retry-After": str(math.ceil(error.extra["retry_after"]))} if "retry_after" in error.extra else {}
    return _written(fail(method, error.detail), error.status if error.status in _STATUSES else 200, wait, style)


def _written(
    envelope: Envelope, status: int = 200, headers: dict[str, str] | None = None, style: Style = PLAIN
) -> Response[bytes]:
    body, kind = rendered(envelope, style)
    return Response(body, status_code=status, media_type=kind, headers={"Cache-Control": "no-store", **(headers or {})})
