"""Clients that connect and do not ask, against the real server."""

from __future__ import annotations

import contextlib
import select
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from .servers import PATIENCE, Server

HALF_HEAD = b"GET /api/v1/me HTTP/1.1\r\nHost: x\r\nX-A: "


@contextlib.contextmanager
def connected(server: Server) -> Iterator[socket.socket]:
    address = urlsplit(server.url)
    assert address.hostname is not None
    with socket.create_connection((address.hostname, address.port or 80), PATIENCE) as connection:
        yield connection


def closed(connection: socket.socket) -> bool:
    """Whether the server hangs up without a word."""
    try:
        return connection.recv(1000) == b""
    except ConnectionError:
        return True


def closed_by_now(connections: list[socket.socket]) -> int:
    readable, _, _ = select.select(connections, [], [], 0)
    return sum(map(closed, readable))


def test_half_heads_make_nobody_wait_and_fill_no_log(tmp_path: Path) -> None:
    """With 256 descriptors in all, hundreds hold a half head: who asks is answered, and the log says it in one line."""
    server = Server(tmp_path / "data", COPYHOUND_HTTP_HEAD_SECONDS="600")
    server.descriptors = 256
    with server, contextlib.ExitStack() as stack:
        held = []
        for _ in range(4):
            for _ in range(100):
                held.append(stack.enter_context(connected(server)))
                held[-1].sendall(HALF_HEAD)
            began = time.monotonic()
            assert httpx.get(f"{server.url}/healthz", timeout=PATIENCE, trust_env=False).is_success
            with server.client() as client:
                assert client.get("/me").is_success
            assert time.monotonic() - began < 10
        assert 150 < closed_by_now(held) < 400, "the last ones are held"
        log = server.log.read_text()
        assert "Too many open files" not in log
        assert log.count("connections are open") == 1
    assert "Traceback" not in server.log.read_text()


@pytest.mark.parametrize("kind", ["head", "body"])
def test_who_stops_sending_is_hung_up_on(tmp_path: Path, kind: str) -> None:
    """By settings: half a head, and half a body with a key, are held for a moment, and the server goes on."""
    server = Server(tmp_path / "data", COPYHOUND_HTTP_HEAD_SECONDS="0.5", COPYHOUND_HTTP_STALL_SECONDS="0.5")
    with server, contextlib.ExitStack() as stack:
        body = (
            f"POST /api/v1/lists HTTP/1.1\r\nHost: x\r\nX-API-Key: {server.key}\r\n"
            "Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"
        )
        held = [stack.enter_context(connected(server)) for _ in range(50)]
        for connection in held:
            connection.sendall(HALF_HEAD if kind == "head" else body.encode())
        assert all(map(closed, held))
        with server.client() as client:
            assert client.get("/me").is_success
    assert "Traceback" not in server.log.read_text()
