"""What stands before the surface's routes: scan ids with slashes, and uploads that nobody reads."""

from __future__ import annotations

import asyncio
import re
from typing import Any, Final
from urllib.parse import quote, unquote

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

_ROOT: Final = "/image-plagiarism-detector/"
_SCAN: Final = re.compile(rf".*?{_ROOT}(?:(?P<checked>.*)(?P<check>/check)|(?P<seen>[^/]*))", re.DOTALL)
_DRAINED_BYTES: Final = 64 * 2**20
_DRAINED_SECONDS: Final = 15.0
_WITH_BODY: Final = ("POST", "PUT", "PATCH")


class Doorway:
    """Routes scan ids of all kinds; the id is `scan_id` in the scope's state.

    A scan id may hold a slash, as `%2F`: only the raw path tells it from the path's own.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        raw = scope.get("raw_path") or quote(scope["path"]).encode()
        path, scan_id = placed(raw.partition(b"?")[0].decode("latin-1"))
        state = {**scope.get("state", {}), "scan_id": scan_id}
        inner: Any = {**scope, "path": path or scope["path"], "state": state}
        tide = _Tide(inner, receive, send)
        await self._app(inner, tide.receive, tide.send)


def placed(raw: str) -> tuple[str | None, str | None]:
    """(path to route, scan id) of a raw path; (None, None) where there is no scan id in it.

    >>> placed("/v1/image-plagiarism-detector/a%2Fb/check")
    ('/image-plagiarism-detector/a%2Fb/check', 'a/b')
    >>> placed("/v1/image-plagiarism-detector/my-scan")
    ('/image-plagiarism-detector/my-scan', 'my-scan')
    >>> placed("/v1/ai-image-detector/a/check")
    (None, None)
    """
    found = _SCAN.fullmatch(raw)
    if found is None:
        return None, None
    scan_id = unquote(found["seen"] if found["checked"] is None else found["checked"])
    # as one segment, never empty: its length and its characters are judged later
    return f"{_ROOT}{quote(scan_id, safe='') or '-'}{found['check'] or ''}", scan_id


class _Tide:
    """A body that was not read is read to its end before the answer goes out.

    Many clients send all of an upload before they look at what was answered: a connection that is closed on them
    is all that they would see.
    """

    def __init__(self, scope: Any, receive: Receive, send: Send) -> None:
        headers = {name.lower(): value for name, value in scope["headers"]}
        self._receive, self._send = receive, send
        self._begun, self._waits = False, headers.get(b"expect", b"").lower() == b"100-continue"
        self._done = scope["method"] not in _WITH_BODY or _number(headers.get(b"content-length")) > _DRAINED_BYTES

    async def receive(self) -> Any:
        message = await self._receive()
        self._begun = True
        self._done = self._done or message["type"] != "http.request" or not message.get("more_body")
        return message

    async def send(self, message: Message) -> None:
        # who waits to be told to continue has sent nothing yet, and need not
        if message["type"] == "http.response.start" and not self._done and (self._begun or not self._waits):
            await self._drain()
        await self._send(message)

    async def _drain(self) -> None:
        left = _DRAINED_BYTES
        try:
            async with asyncio.timeout(_DRAINED_SECONDS):
                while not self._done and left > 0:
                    message = await self.receive()
                    left -= len(message.get("body", b""))
        except TimeoutError:
            self._done = True


def _number(text: bytes | None) -> int:
    return int(text) if text and text.isdigit() else 0
