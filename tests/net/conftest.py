"""Loopback servers, and a dialler that records and never dials."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any

import httpcore
import pytest

from copyhound.net.outbound import Outbound
from copyhound.net.policy import NetPolicy

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"


class Dialler:
    """Records what it is asked to dial, and gives a canned answer instead of a connection."""

    def __init__(self, answer: bytes = ANSWER) -> None:
        self.dialled: list[tuple[str, int]] = []
        self.answer = answer

    async def __call__(self, address: str, port: int, timeout: float | None) -> httpcore.AsyncNetworkStream:
        self.dialled.append((address, port))
        return httpcore.AsyncMockStream([self.answer])


class Resolver:
    """Answers from a table; each answer may be a list that is used up one after another."""

    def __init__(self, **answers: Sequence[Sequence[str]]) -> None:
        self._answers = {name.replace("_", "."): list(lists) for name, lists in answers.items()}
        self.asked: list[str] = []

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append(host)
        answers = self._answers.get(host)
        if not answers:
            raise OSError(-2, "Name or service not known")
        return answers.pop(0) if len(answers) > 1 else answers[0]


class Request:
    """What a loopback server got."""

    def __init__(self, line: str, headers: dict[str, str], body: bytes) -> None:
        self.line, self.headers, self.body = line, headers, body
        self.method, self.target, _ = line.split(" ")


Handler = Callable[[Request, asyncio.StreamWriter], Awaitable[None]]


class Site:
    """A loopback server, scripted by a handler; one request a connection."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self.requests: list[Request] = []
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            line, *fields = (await reader.readuntil(b"\r\n\r\n")).decode().strip().split("\r\n")
            headers = {name.lower(): value for name, value in (field.split(": ", 1) for field in fields)}
            body = await reader.readexactly(int(headers.get("content-length", 0)))
            self.requests.append(Request(line, headers, body))
            await self._handler(self.requests[-1], writer)
        writer.close()


def answering(status: str = "200 OK", body: bytes = b"ok", **headers: str) -> Handler:
    """A handler that always gives the same answer."""
    fields = {"Content-Length": str(len(body)), "Connection": "close"}
    fields |= {name.replace("_", "-"): value for name, value in headers.items()}
    head = f"HTTP/1.1 {status}\r\n" + "".join(f"{name}: {value}\r\n" for name, value in fields.items()) + "\r\n"

    async def handle(request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(head.encode() + body)
        await writer.drain()

    return handle


class Kit:
    """What the tests of this room work with."""

    ANSWER = ANSWER
    Dialler = Dialler
    Resolver = Resolver
    Request = Request
    answering = staticmethod(answering)

    def __init__(self, stack: contextlib.AsyncExitStack) -> None:
        self._stack = stack

    async def site(self, handler: Handler, **options: Any) -> Site:
        """Starts a loopback server on a free port."""
        site = Site(handler)
        server = await asyncio.start_server(site.serve, "127.0.0.1", 0, **options)
        site.port = server.sockets[0].getsockname()[1]
        self._stack.callback(server.close)
        return site

    def outbound(self, *allow_hosts: str, proxy: str | None = None, **parts: Any) -> Outbound:
        """An Outbound with a policy; closed after the test."""
        outbound = Outbound(NetPolicy(allow_hosts=allow_hosts, proxy=proxy), user_agent="Copyhound-test", **parts)
        self._stack.push_async_callback(outbound.aclose)
        return outbound


@pytest.fixture
async def kit() -> AsyncIterator[Kit]:
    """Servers and clients for one test."""
    async with contextlib.AsyncExitStack() as stack:
        yield Kit(stack)
