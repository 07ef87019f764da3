"""Receivers of the benchmark, in a process of their own: one that answers, one that hangs, and what they were sent.

POST /ok/<hook>    204 at once
POST /hang/<hook>  never an answer
GET  /take         what has come since the last time: [webhook-id, path, seconds since the epoch, age of the event]
"""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
import time
from datetime import datetime
from typing import Any, Final, NamedTuple, Self

import httpx

_TIMESTAMP: Final = re.compile(rb'"timestamp":"([^"]+)"')
_ANSWER: Final = b"HTTP/1.1 204 No Content\r\ncontent-length: 0\r\n\r\n"


class Receipt(NamedTuple):
    """One request that came in."""

    id: str
    path: str
    at: float
    """Seconds since the epoch."""
    late: float
    """Seconds since the event was made, just before its commit."""


class _Sink:
    def __init__(self) -> None:
        self.came: list[Receipt] = []

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._serve(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.split("\r\n")
        method, path, _ = first.split(" ", 2)
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}
        if method == "GET":
            return await self._told(writer)
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        self._note(headers["webhook-id"], path, body)
        if path.startswith("/hang/"):
            return bool(await reader.read())  # until the sender hangs up
        writer.write(_ANSWER)
        await writer.drain()
        return True

    def _note(self, event_id: str, path: str, body: bytes) -> None:
        now = time.time()
        found = _TIMESTAMP.search(body)
        made = datetime.fromisoformat(found[1].decode()).timestamp() if found else now
        self.came.append(Receipt(event_id, path, now, now - made))

    async def _told(self, writer: asyncio.StreamWriter) -> bool:
        came, self.came = self.came, []
        body = json.dumps(came).encode()
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(body) + body)
        await writer.drain()
        return True


async def _main() -> None:
    server = await asyncio.start_server(_Sink().accept, "127.0.0.1", 0, backlog=2048)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


class Sink:
    """The receivers, running within `with`."""

    def __init__(self) -> None:
        self.port = 0
        self._process: subprocess.Popen[Any] | None = None

    def __enter__(self) -> Self:
        program = [sys.executable, "-m", "tests.bench.deliveries_sink"]
        self._process = subprocess.Popen(program, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def url(self, kind: str, number: int) -> str:
        """Where the hook of a number is sent to; `kind`: ok, hang, or refuse."""
        # nobody listens on port 9 (discard) of a machine of today
        port = 9 if kind == "refuse" else self.port
        return f"http://127.0.0.1:{port}/{kind}/{number}"

    def take(self) -> list[Receipt]:
        """What has come since the last time."""
        answer = httpx.get(f"http://127.0.0.1:{self.port}/take", timeout=60, trust_env=False)
        return [Receipt(*one) for one in answer.json()]


if __name__ == "__main__":
    asyncio.run(_main())
