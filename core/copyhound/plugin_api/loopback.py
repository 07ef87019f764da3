"""A little web service on loopback that answers as it is told, well or badly; for tests."""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Final, Self, cast

import msgspec

_PIECE: Final = b" " * 65536
_MAX_PIECES: Final = 4096
_LONGEST_HANG: Final = 30.0


class Request(msgspec.Struct, frozen=True):
    """What came in."""

    method: str
    path: str
    headers: dict[str, str]
    """Names in lower case."""
    body: bytes


class Reply(msgspec.Struct, frozen=True):
    """What goes out."""

    status: int = 200
    headers: Mapping[str, str] = {}
    body: bytes = b""
    hangs: bool = False
    """Never answers while the server runs."""
    endless: bool = False
    """Goes on with blanks after the body, up to 256 MB."""
    resets: bool = False
    """Breaks the connection instead of answering."""

    @staticmethod
    def json(content: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
        """Any content, as JSON."""
        return Reply(status, {"Content-Type": "application/json", **(headers or {})}, json.dumps(content).encode())

    @staticmethod
    def html(page: str, status: int = 200) -> Reply:
        """A page, as a browser would get it."""
        return Reply(status, {"Content-Type": "text/html; charset=utf-8"}, page.encode())


class LoopbackServer:
    """Serves on 127.0.0.1, on a free port, while it is entered; `requests` are those that came in."""

    def __init__(self, reply: Callable[[Request], Reply]) -> None:
        self.requests: list[Request] = []
        self.released = threading.Event()
        self.drained = False
        """Whether a client has read an endless answer to its end."""
        self._reply = reply

    @property
    def base_url(self) -> str:
        """Where it listens, such as http://127.0.0.1:40001."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def answer(self, request: Request) -> Reply:
        """Notes a request, and says what goes out."""
        self.requests.append(request)
        return self._reply(request)

    def __enter__(self) -> Self:
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.owner = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.released.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    owner: LoopbackServer

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that hang up are what is tested."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""

    def handle_one_request(self) -> None:
        with contextlib.suppress(ConnectionError, TimeoutError):
            super().handle_one_request()

    def _answer(self) -> None:
        owner = cast("_Server", self.server).owner
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self._send(owner, owner.answer(Request(self.command, self.path, headers, body)))

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = _answer  # noqa: N815 - http.server's names

    def _send(self, owner: LoopbackServer, reply: Reply) -> None:
        self.close_connection = reply.hangs or reply.resets or reply.endless
        if reply.hangs:
            owner.released.wait(_LONGEST_HANG)
            return
        if reply.resets:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
            return
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if not reply.endless:
            self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        self.wfile.write(reply.body)
        if reply.endless:
            self._flood(owner)

    def _flood(self, owner: LoopbackServer) -> None:
        for _ in range(_MAX_PIECES):
            if owner.released.is_set():
                return
            self.wfile.write(_PIECE)
        owner.drained = True
