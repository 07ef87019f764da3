"""kill -9 while a notification is being sent: it is told again under the same id, and then never more."""

from __future__ import annotations

import base64
import sqlite3
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

import pytest

from ..fixtures import photos
from .servers import PATIENCE, Server


class Doorstep:
    """A receiver that lets the first message stand and takes the others."""

    def __init__(self) -> None:
        self.came: list[tuple[str, bytes]] = []
        self.closing = threading.Event()
        doorstep = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                doorstep.came.append((self.headers["webhook-id"], body))
                if len(doorstep.came) == 1:
                    doorstep.closing.wait(PATIENCE)
                    return
                self.send_response(204)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                """Keep the tests' output clean."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self.server.shutdown()
        self.server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/"


def make_due(data: Path) -> None:
    """Turn the clock of all notifications back; the server is not running."""
    connection = sqlite3.connect(data / "copyhound.db", timeout=30)
    with connection:
        connection.execute("update domain_notifications set next_at = '2026-01-01 08:00:00.000000'")
    connection.close()


def waited(condition: Any, server: Server) -> Any:
    """The first true answer."""
    deadline = time.monotonic() + PATIENCE
    while not (answer := condition()):
        assert time.monotonic() < deadline, server.tail()
        time.sleep(0.05)
    return answer


@pytest.mark.timeout(300)
def test_a_notification_survives_a_kill(tmp_path: Path) -> None:
    """The server dies while the receiver thinks; the next one sends the same message once, and no other."""
    with Doorstep() as doorstep, Server(tmp_path / "data") as server:
        with server.client() as client:
            told = {"notifier": "webhook", "target": {"url": doorstep.url}, "format": "jsonsummary"}
            path = f"/notifications/{client.post('/notifications', json=told).raise_for_status().json()['id']}"
            copy = base64.b64encode(photos.cropped(1)).decode()
            entry = {"image_url": "https://shop.example.com/a.jpg", "base64": copy}
            client.post("/collections/web/entries", json={"entries": [entry]}).raise_for_status()
            files = [("images", ("mine.jpg", photos.photo(1), "image/jpeg"))]
            assert client.post("/searches?wait=30", files=files).json()["complete"]
        server.stop()
        make_due(server.data)
        server.start()
        waited(lambda: doorstep.came, server)
        server.kill()
        server.start()
        with server.client() as client:
            waited(lambda: client.get(path).json()["last_sent_at"], server)
        server.stop()
        make_due(server.data)
        server.start()
        with server.client() as client:
            waited(lambda: not client.get(path).json()["next_at"].startswith("2026-01-01"), server)
    first, second = doorstep.came
    assert first == second
    assert b'"domains":["example.com"]' in first[1]
