"""Heads without an end: informational answers, before the one that counts."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from copyhound.domain.errors import CopyhoundError
from copyhound.net.outbound import Fetched, Outbound

from .test_outbound import LOOPBACK, certificate, code_of

HINTS = b"HTTP/1.1 103 Early Hints\r\n\r\n"
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def saying(*parts: bytes) -> Any:
    """Says each of these by itself, so that they may arrive as they are."""

    async def handle(request: Any, writer: asyncio.StreamWriter) -> None:
        for part in parts:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(0)

    return handle


def flooding(hints: bytes, sent: Any) -> Any:
    """Never comes to its point, as fast as it can; for a minute at most."""

    async def handle(request: Any, writer: asyncio.StreamWriter) -> None:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            writer.write(hints)
            await writer.drain()
            next(sent)

    return handle


async def post(outbound: Outbound, url: str) -> Fetched:
    return await outbound.post(url, content=b"{}", headers={}, timeout=20)


async def fetch(outbound: Outbound, url: str) -> Fetched:
    return await outbound.fetch(url, max_bytes=1000, timeout=20)


async def delete(outbound: Outbound, url: str) -> Fetched:
    return await outbound.delete(url, timeout=20)


@pytest.mark.parametrize("call", [post, fetch, delete])
@pytest.mark.parametrize(
    "hints",
    [HINTS * 2000, HINTS, b"HTTP/1.1 102 \nx: 1\n\n", b"HTTP/1.0 100 Continue\r\nlink: " + b"a" * 9000 + b"\n\r\n"],
    ids=["many at once", "one by one", "bare line ends", "long ones"],
)
async def test_informational_answers_without_an_end_fail_at_once(
    kit: Any, call: Callable[[Outbound, str], Any], hints: bytes
) -> None:
    """Whoever answers 1xx for ever is cut off after a few of them, long before the time is over."""
    sent = itertools.count()
    site = await kit.site(flooding(hints, sent))
    error = await code_of(call(kit.outbound(LOOPBACK), site.url))
    assert (error.code, error.extra) == ("fetch_failed", {})
    assert error.detail == "The address closed the connection or broke the protocol."
    assert next(sent) * len(hints) < 20_000_000, "what fits the buffers on the way, and no more"


async def test_a_plugins_client_is_cut_off_too(kit: Any) -> None:
    """Plugins' clients meet the same cap, as httpx's error for a broken protocol."""
    site = await kit.site(flooding(HINTS, itertools.count()))
    async with kit.outbound(LOOPBACK).client() as client:
        with pytest.raises(httpx.RemoteProtocolError):
            await client.get(site.url)


async def test_the_cap_holds_under_tls(kit: Any, tmp_path: Path) -> None:
    """An encrypted connection is no way around it."""
    server, trusting = certificate(tmp_path, "hooks.example")
    site = await kit.site(flooding(HINTS, itertools.count()), ssl=server)
    outbound = kit.outbound(LOOPBACK, resolver=kit.Resolver(hooks_example=[["127.0.0.1"]]), ssl_context=trusting)
    assert (await code_of(post(outbound, f"https://hooks.example:{site.port}/"))).code == "fetch_failed"


async def test_the_cap_holds_behind_a_proxy(kit: Any) -> None:
    """A proxy that hands everything on hands on no flood."""
    proxy = await kit.site(flooding(HINTS, itertools.count()))
    outbound = kit.outbound(proxy=proxy.url, resolver=kit.Resolver())
    assert (await code_of(post(outbound, "http://hooks.example/"))).code == "fetch_failed"


@pytest.mark.parametrize(
    "parts",
    [
        [HINTS * 20 + ANSWER],
        [HINTS] * 20 + [ANSWER],
        [bytes([byte]) for byte in HINTS * 3 + ANSWER],
        [b"HTTP/1.1 200 OK\r\nContent-Length: 2606\r\n\r\n" + HINTS * 93 + b".."],
    ],
    ids=["at once", "one after another", "byte by byte", "in the body"],
)
async def test_a_few_informational_answers_are_heard_out(kit: Any, parts: list[bytes]) -> None:
    """Twenty of them may come before an answer, in whatever pieces; what looks like one in a body counts not."""
    site = await kit.site(saying(*parts))
    answer = await post(kit.outbound(LOOPBACK), site.url)
    assert (answer.status, len(answer.body)) == (200, int(answer.headers["content-length"]))


async def test_twenty_one_are_too_many(kit: Any) -> None:
    """The cap is exact."""
    site = await kit.site(saying(HINTS * 21 + ANSWER))
    with pytest.raises(CopyhoundError, match="broke the protocol"):
        await post(kit.outbound(LOOPBACK), site.url)


async def test_each_request_of_a_connection_has_its_own_twenty(kit: Any) -> None:
    """A connection that is used again begins to count anew."""
    connections = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(writer)
        while await reader.readline():
            while (await reader.readline()).strip():
                pass
            writer.write(HINTS * 15 + ANSWER)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    outbound = kit.outbound(LOOPBACK)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    assert [(await fetch(outbound, url)).body for _ in range(3)] == [b"ok"] * 3
    assert len(connections) == 1
    server.close()
