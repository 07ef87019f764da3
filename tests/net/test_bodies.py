"""Bodies that cost more than they bring."""

from __future__ import annotations

import asyncio
import gzip
import itertools
import time
from typing import Any

import httpx
import pytest

from copyhound.net.decoding import decoded

from .test_outbound import LOOPBACK, code_of


def endless(head: bytes, begin: bytes, flood: bytes, sent: Any) -> Any:
    """A head, the beginning of a body, and then the same again and again; for a minute at most."""

    async def handle(request: Any, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n\r\n" + begin)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            writer.write(flood)
            await writer.drain()
            next(sent)

    return handle


NAMED = b"\x1f\x8b\x08\x08\x00\x00\x00\x00\x00\x03"
"""The head of a gzip file, up to where its name begins."""


@pytest.mark.parametrize(
    ("begin", "code"), [(NAMED, "fetch_failed"), (gzip.compress(b"all of it"), "")], ids=["name", "after its end"]
)
async def test_a_coding_that_gives_nothing_is_not_read_for_ever(kit: Any, begin: bytes, code: str) -> None:
    """A gzip file whose name has no end is broken; what goes on after its end is not waited for."""
    sent = itertools.count()
    site = await kit.site(endless(b"Content-Encoding: gzip\r\nConnection: close", begin, b"a" * 50_000, sent))
    call = kit.outbound(LOOPBACK).fetch(site.url, max_bytes=1000, timeout=20)
    if code:
        assert (await code_of(call)).code == code
    else:
        assert (await call).body == b"all of it"
    assert next(sent) * 50_000 < 20_000_000, "what fits the buffers on the way, and no more"


async def test_small_parts_of_a_coding_are_put_together() -> None:
    """Parts that give nothing by themselves are no fault: not a byte at a time, and not a long name."""
    packed = NAMED + b"n" * 60_000 + b"\0" + gzip.compress(bytes(100_000))[10:]

    async def parts() -> Any:
        for byte in packed:
            yield bytes([byte])

    assert b"".join([piece async for piece in decoded(parts(), "gzip")]) == bytes(100_000)


async def test_tiny_chunks_keep_nobody_else_waiting(kit: Any) -> None:
    """A body in chunks of a byte each leaves the event loop to others in between."""
    site = await kit.site(endless(b"Transfer-Encoding: chunked", b"", b"1\r\nx\r\n" * 10_000, itertools.count()))
    outbound, turns, done = kit.outbound(LOOPBACK), 0, False

    async def others() -> None:
        nonlocal turns
        while not done:
            turns += 1
            await asyncio.sleep(0)

    waiting = asyncio.ensure_future(others())
    assert (await code_of(outbound.fetch(site.url, max_bytes=100_000, timeout=60))).code == "image_too_many_bytes"
    done = True
    await waiting
    assert turns > 1000


async def test_of_a_posts_answer_only_so_many_chunks_are_read(kit: Any) -> None:
    """The status is there: of a body in tiny pieces the beginning will do."""
    site = await kit.site(endless(b"Transfer-Encoding: chunked", b"", b"1\r\nx\r\n" * 10_000, itertools.count()))
    answer = await kit.outbound(LOOPBACK).post(site.url, content=b"", headers={})
    assert (answer.status, answer.body) == (200, b"x" * 1000)


async def test_broken_codings_are_told_as_httpx_tells_them() -> None:
    """Past the cap a coding is an error of httpx's kind."""

    async def parts() -> Any:
        yield NAMED
        while True:
            yield b"n" * 1000

    with pytest.raises(httpx.DecodingError):
        [piece async for piece in decoded(parts(), "gzip")]
