"""Two servers on loopback: the little website, and the receiver of webhooks."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from copyhound.demo.site import Resource


@contextmanager
def _serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass
class Website:
    """Serves `pages`; remembers what was asked for, and by whom."""

    base_url: str = ""
    pages: Mapping[str, Resource] = field(default_factory=dict)
    requested: list[str] = field(default_factory=list)
    agents: set[str] = field(default_factory=set)


@contextmanager
def serve_website() -> Iterator[Website]:
    """A website on a free port. Fill its `pages` once its address is known."""
    website = Website()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._answer(body=True)

        def do_HEAD(self) -> None:
            self._answer(body=False)

        def _answer(self, *, body: bool) -> None:
            path = self.path.partition("?")[0]
            website.requested.append(path)
            website.agents.add(self.headers.get("User-Agent", ""))
            found = website.pages.get(path)
            if found is None:
                self._send(404, Resource("text/plain", b"not here\n"), body=body)
                return
            known = self.headers.get("If-None-Match") == _etag(found.body)
            self._send(304 if known else 200, found, body=body and not known)

        def _send(self, status: int, what: Resource, *, body: bool) -> None:
            self.send_response(status)
            self.send_header("Content-Type", what.content_type)
            self.send_header("ETag", _etag(what.body))
            self.send_header("Content-Length", str(len(what.body)))
            self.end_headers()
            if body:
                self.wfile.write(what.body)

        def log_message(self, *_: Any) -> None:
            pass

    with _serving(Handler) as website.base_url:
        yield website


def _etag(body: bytes) -> str:
    return f'"{hashlib.sha256(body).hexdigest()[:20]}"'


@dataclass
class Receiver:
    """Takes webhooks, and checks each signature with the third-party library."""

    url: str = ""
    secret: str = ""
    events: dict[str, dict[str, Any]] = field(default_factory=dict)
    """webhook-id -> body, of those whose signature was right."""
    requests: int = 0
    forged: int = 0
    arrived: threading.Event = field(default_factory=threading.Event)
    """Set at each arrival."""

    def take(self, body: bytes, headers: Mapping[str, str]) -> int:
        """The status to answer: 204 for a genuine webhook, else 401."""
        self.requests += 1
        try:
            Webhook(self.secret).verify(body, {name.lower(): value for name, value in headers.items()})
        except (WebhookVerificationError, ValueError):
            self.forged += 1
            return 401
        self.events[headers["webhook-id"]] = json.loads(body)
        self.arrived.set()
        return 204

    def of(self, trigger: str) -> list[dict[str, Any]]:
        """The bodies of one trigger's events."""
        return [event for event in list(self.events.values()) if event["type"] == trigger]


@contextmanager
def receive_webhooks() -> Iterator[Receiver]:
    """A receiver on a free port. Give it the hook's `secret` before the first event."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(receiver.take(body, self.headers))  # type: ignore[arg-type]
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    with _serving(Handler) as base_url:
        receiver.url = f"{base_url}/webhook"
        yield receiver
