"""What may be asked of an address."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

from litestar import Request, Response
from litestar.routes import BaseRoute, HTTPRoute
from litestar.types import Message, Send

NO_HEAD: Final = {"head": False}
"""Handler option: public, and still no HEAD, for nothing ends there."""
_PARAMETER: Final = re.compile(r"\\\{.*?\\\}")


async def tell_methods(request: Request[Any, Any, Any]) -> Response[None] | None:
    """Answers OPTIONS with all methods of the address: Litestar's own answer knows the first handler's alone."""
    if request.method != "OPTIONS":
        return None
    template = request.scope.get("path_template")
    routes = [one for one in request.app.routes if isinstance(one, HTTPRoute)]
    methods = sorted({method for one in routes if template in (one.path, one.path_format) for method in one.methods})
    return Response(None, status_code=204, headers={"Allow": ", ".join(methods)})


class Openable:
    """The addresses that are opened without a key in a header: pages, feeds, pictures. HEAD is answered there.

    Nowhere else: a HEAD that is done as GET is would move a poller on, or open a stream that does not end.
    """

    def __init__(self, routes: Iterable[BaseRoute]) -> None:
        paths = [one.path_format for one in routes if isinstance(one, HTTPRoute) and _opened(one)]
        patterns = sorted(_PARAMETER.sub("[^/]+", re.escape(path)) for path in paths)
        self._pattern = re.compile("|".join(patterns) or "(?!)")

    def __contains__(self, path: object) -> bool:
        plain = "/" + "/".join(part for part in str(path).split("/") if part)
        return self._pattern.fullmatch(plain) is not None


def _opened(route: HTTPRoute) -> bool:
    return any(
        "GET" in handler.http_methods
        and handler.opt.get("head", handler.opt.get("public") or handler.opt.get("signed"))
        for handler in route.route_handlers
    )


def with_head(send: Send, *, bodiless: bool) -> Send:
    """Sends on, with HEAD beside GET in `Allow`. `bodiless`: the headers of the answer to GET, and nothing more."""

    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [
                (name, value.replace(b"GET", b"GET, HEAD") if name.lower() == b"allow" else value)
                for name, value in message.get("headers", ())
            ]
        elif message["type"] == "http.response.body" and bodiless:
            message["body"] = b""
        await send(message)

    return sent
