"""What holds connections open: clients that send too little, over real sockets; the server waits for them so long."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from typing import Any, Self

import pytest

from copyhound.cli.serve import _listening, _server
from copyhound.http.settings import HttpSettings
from copyhound.settings import load_settings

SHORT = 0.4
"""Seconds: the limit that is tried."""
PATIENCE = 60
HALF_HEAD = b"GET / HTTP/1.1\r\nHost: x\r\nX-A: "
ASK = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


class Application:
    """Answers the length of the body. `/early`: before it is read; `/late`: reads, and answers, when told to."""

    def __init__(self) -> None:
        self.release = asyncio.Event()
        self.begun = asyncio.Semaphore(0)
        self.left: asyncio.Queue[str] = asyncio.Queue()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.begun.release()
        if scope["path"] == "/late":
            await self.release.wait()
        length, more = 0, scope["path"] != "/early"
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                self.left.put_nowait(scope["path"])
                return
            length, more = length + len(message["body"]), message["more_body"]
        body = str(length).encode()
        headers = [(b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})


class Client:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def send(self, data: bytes) -> Self:
        self.writer.write(data)
        await self.writer.drain()
        return self

    async def answer(self) -> tuple[int, bytes]:
        """Status and body of the next answer."""
        async with asyncio.timeout(PATIENCE):
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode().lower()
            length = int(head.partition("content-length: ")[2].partition("\r\n")[0] or "0")
            return int(head.split(" ")[1]), await self.reader.readexactly(length)

    async def closed(self) -> bytes:
        """What comes before the server hangs up."""
        async with asyncio.timeout(PATIENCE):
            with contextlib.suppress(ConnectionError):
                return await self.reader.read()
        return b""

    async def drips_until_closed(self, drop: bytes) -> None:
        """Sends a little again and again, for as long as the server takes it."""
        async with asyncio.timeout(PATIENCE):
            with contextlib.suppress(ConnectionError):
                while not self.reader.at_eof():
                    await self.send(drop)
                    await asyncio.sleep(SHORT / 10)


class House:
    """A server with the application, and its clients."""

    def __init__(self, port: int, app: Application) -> None:
        self._port = port
        self.app = app

    async def client(self) -> Client:
        return Client(*await asyncio.open_connection("127.0.0.1", self._port))

    async def a_while(self) -> None:
        """Until the server has run out of patience with somebody who came just now, several times."""
        for _ in range(3):
            await (await (await self.client()).send(HALF_HEAD)).closed()


@contextlib.asynccontextmanager
async def serving(**settings: Any) -> AsyncIterator[House]:
    """The server as `copyhound serve` makes it, on a free port."""
    app = Application()
    with _listening(load_settings({}, port=0)) as listener:
        server = _server(app, HttpSettings(**{"head_seconds": SHORT, "stall_seconds": SHORT, **settings}))
        server.config.lifespan = "off"
        running = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            yield House(listener.getsockname()[1], app)
        finally:
            app.release.set()
            server.should_exit = True
            await running


def post(path: str, length: int, *headers: bytes) -> bytes:
    """The head of a request with a body."""
    lines = [f"POST {path} HTTP/1.1".encode(), b"Host: x", f"Content-Length: {length}".encode(), *headers]
    return b"\r\n".join(lines) + b"\r\n\r\n"


@pytest.mark.parametrize("begun", [b"", b"G", HALF_HEAD])
async def test_a_head_that_does_not_come_ends_the_connection(begun: bytes) -> None:
    """Who connects and does not send a whole head in time is hung up on, without a word."""
    async with serving() as house:
        assert await (await (await house.client()).send(begun)).closed() == b""


async def test_a_head_that_drips_ends_the_connection() -> None:
    """More bytes are no more time."""
    async with serving() as house:
        await (await (await house.client()).send(HALF_HEAD)).drips_until_closed(b"a")


async def test_the_next_head_of_a_connection_has_its_time_too() -> None:
    """A connection that was of use once is closed, too, where its next head stops half-way."""
    async with serving() as house:
        client = await house.client()
        assert await (await client.send(ASK)).answer() == (200, b"0")
        await (await client.send(HALF_HEAD)).drips_until_closed(b"a")


async def test_a_kept_connection_waits_for_its_next_request() -> None:
    """The time for a head begins with its first byte: connections are kept between requests as before."""
    async with serving() as house:
        client = await house.client()
        for _ in range(3):
            assert await (await client.send(ASK)).answer() == (200, b"0")
            await house.a_while()


async def test_a_body_that_stalls_ends_the_connection() -> None:
    """Where no more of a body comes, the connection is closed, and the application is told."""
    async with serving() as house:
        assert await (await (await house.client()).send(post("/", 1000) + b"{")).closed() == b""
        async with asyncio.timeout(PATIENCE):
            assert await house.app.left.get() == "/"


async def test_a_slow_and_steady_body_is_taken() -> None:
    """An upload may take as long as it likes, while some of it comes."""
    async with serving(stall_seconds=2.0, head_seconds=3.0) as house:
        upload = await (await house.client()).send(post("/", 1000))
        silent = asyncio.ensure_future((await house.client()).closed())
        sent = 0
        while not silent.done():
            await upload.send(b"a")
            sent += 1
            await asyncio.wait([silent], timeout=0.05)
        assert await (await upload.send(b"a" * (1000 - sent))).answer() == (200, b"1000")


async def test_the_rest_of_an_answered_body_has_to_come_in_time() -> None:
    """Who was answered and drips on is hung up on."""
    async with serving() as house:
        client = await (await house.client()).send(post("/early", 10**6))
        assert await client.answer() == (200, b"0")
        await client.drips_until_closed(b"a")


async def test_a_long_answer_is_waited_for() -> None:
    """While a request is answered, no time runs."""
    async with serving() as house:
        clients = [
            await (await house.client()).send(sent)
            for sent in (b"GET /late HTTP/1.1\r\nHost: x\r\n\r\n", post("/late", 3) + b"abc")
        ]
        await house.a_while()
        house.app.release.set()
        assert [await client.answer() for client in clients] == [(200, b"0"), (200, b"3")]


async def test_a_client_does_not_answer_for_a_slow_application() -> None:
    """A body that the application does not read, or was not asked for yet, is not late."""
    async with serving() as house:
        large, polite = await house.client(), await house.client()
        sending = asyncio.ensure_future(large.send(post("/late", 30_000_000) + bytes(30_000_000)))
        await polite.send(post("/late", 3, b"Expect: 100-continue"))
        await house.a_while()
        house.app.release.set()
        assert (await polite.answer())[0] == 100
        assert await (await polite.send(b"abc")).answer() == (200, b"3")
        await sending
        assert await large.answer() == (200, b"30000000")


async def test_who_says_nothing_makes_room(caplog: pytest.LogCaptureFixture) -> None:
    """Where all places are taken, those leave who have been silent for longest; the log says it once."""
    async with serving(max_connections=5, head_seconds=PATIENCE) as house:
        silent = [await (await house.client()).send(HALF_HEAD) for _ in range(20)]
        asking = [await house.client() for _ in range(2)]
        for client in asking:
            assert await (await client.send(ASK)).answer() == (200, b"0")
        assert [await client.closed() for client in silent[:17]] == [b""] * 17
        assert not any(client.reader.at_eof() for client in silent[17:])
        for client in silent[17:]:
            assert await (await client.send(b"\r\n\r\n")).answer() == (200, b"0")
    warnings = [record for record in caplog.records if record.name == "copyhound.cli.connections"]
    assert [record.levelno for record in warnings] == [logging.WARNING]
    assert "connections are open" in warnings[0].getMessage()


async def test_who_is_being_answered_keeps_its_place() -> None:
    """Where everybody has asked for something, who comes is sent away at once."""
    async with serving(max_connections=3) as house:
        served = [await (await house.client()).send(b"GET /late HTTP/1.1\r\nHost: x\r\n\r\n") for _ in range(3)]
        for _ in served:
            await house.app.begun.acquire()
        assert [await (await house.client()).closed() for _ in range(5)] == [b""] * 5
        house.app.release.set()
        assert [await client.answer() for client in served] == [(200, b"0")] * 3
        assert await (await served[0].send(ASK)).answer() == (200, b"0")
