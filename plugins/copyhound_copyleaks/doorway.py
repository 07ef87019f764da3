"""What stands before the surface's routes: scan ids may hold slashes."""

from __future__ import annotations

import re
from typing import Any, Final
from urllib.parse import quote, unquote

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

_ROOT: Final = "/image-plagiarism-detector/"
_SCAN: Final = re.compile(rf"/v1{_ROOT}(?:(?P<checked>.*)(?P<check>/check)|(?P<seen>[^/]*))", re.DOTALL)


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
        await self._app(inner, receive, send)


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
