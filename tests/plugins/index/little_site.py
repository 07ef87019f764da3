"""A little website on loopback, and what stands in for the core around a source."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from copyhound.plugin_api import Candidate, Query


class KilledError(BaseException):
    """Stands for the death of the process."""


class JsonState:
    """State as the core keeps it: JSON values, and keys in order."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}
        self._left = 0
        self._after = False

    def die_at(self, write: int, *, after: bool) -> None:
        """Raise KilledError at the n-th write, before or after it is done."""
        self._left, self._after = write, after

    def _dies(self, *, after: bool) -> None:
        if after is self._after and self._left > 0:
            self._left -= 1
            if self._left == 0:
                raise KilledError

    async def get(self, key: str) -> Any | None:
        return json.loads(self.values[key]) if key in self.values else None

    async def put(self, items: Mapping[str, Any]) -> None:
        self._dies(after=False)
        self.values |= {key: json.dumps(value) for key, value in items.items()}
        self._dies(after=True)

    async def delete(self, keys: Sequence[str] | None = None) -> None:
        self._dies(after=False)
        for key in list(self.values) if keys is None else keys:
            self.values.pop(key, None)
        self._dies(after=True)

    async def scan(self, prefix: str = "", limit: int = 1000) -> dict[str, Any]:
        keys = sorted(key for key in self.values if key.startswith(prefix))[:limit]
        return {key: json.loads(self.values[key]) for key in keys}


class FixedIndex:
    """An own index that answers the same candidates for each collection."""

    def __init__(self, found: Mapping[str, Sequence[Candidate]]) -> None:
        self.found = found

    async def candidates(self, query: Query, collection: str) -> Sequence[Candidate]:
        return self.found.get(collection, ())


@dataclass
class File:
    """What the little website answers for one path."""

    body: bytes = b""
    type: str = "text/html"
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Asked:
    """One request that came in."""

    path: str
    user_agent: str
    conditional: bool
    status: int = 0


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up early is no error here."""


class LittleSite:
    """A website of files in memory, with ETags. It notes every request, and when two are there at a time."""

    def __init__(self) -> None:
        self.files: dict[str, File | Callable[[str], File]] = {}
        self.asked: list[Asked] = []
        self.most_at_once = 0
        self._now = 0
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def page(self, path: str, html: str, **headers: str) -> None:
        self.files[path] = File(html.replace("SITE", self.url).encode(), "text/html; charset=utf-8", headers=headers)

    def picture(self, path: str, **headers: str) -> None:
        self.files[path] = File(b"\x89PNG\r\n" + path.encode(), "image/png", headers=headers)

    def body(self, path: str) -> bytes:
        file = self.files[path]
        assert isinstance(file, File)
        return file.body

    def paths(self, *, robots: bool = False) -> list[str]:
        return [one.path for one in self.asked if robots or one.path not in ("/robots.txt", "/sitemap.xml")]

    def forget(self) -> None:
        self.asked.clear()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _answer(self, asked: Asked, etag: str | None) -> File:
        path = asked.path
        found = self.files.get(path) or self.files.get(path.partition("?")[0] + "?*")
        if found is None:
            return File(b"not here", status=404)
        file = found(path) if callable(found) else found
        own = f'"{hash(file.body)}"'
        if file.status == 200 and "no-etag" not in file.headers:
            if etag == own:
                return File(status=304)
            return File(file.body, file.type, 200, {**file.headers, "ETag": own})
        return file

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        site = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1

            def do_GET(self) -> None:
                with site._lock:
                    site._now += 1
                    site.most_at_once = max(site.most_at_once, site._now)
                etag = self.headers.get("If-None-Match")
                asked = Asked(self.path, self.headers.get("User-Agent", ""), etag is not None)
                file = site._answer(asked, etag)
                asked.status = file.status
                site.asked.append(asked)
                with site._lock:
                    site._now -= 1
                self.send_response(file.status)
                for name, value in {**file.headers, "Content-Type": file.type}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(file.body)))
                self.end_headers()
                try:
                    self.wfile.write(file.body)
                except OSError:
                    self.close_connection = True

            def log_message(self, format: str, *args: Any) -> None: ...

        return Handler


class Clock:
    """Time that passes only where someone sleeps."""

    def __init__(self) -> None:
        self.time = 1000.0
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds
