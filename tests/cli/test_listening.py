"""The socket that `copyhound serve` listens on."""

from __future__ import annotations

import asyncio
import socket

from copyhound.cli.serve import _listening
from copyhound.settings import load_settings


async def test_answers_are_sent_at_once() -> None:
    """Connections do not hold back small packets: an answer in two of them would wait 40 ms for the client."""
    taken: asyncio.Queue[int] = asyncio.Queue()

    def meet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection: socket.socket = writer.get_extra_info("socket")
        taken.put_nowait(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        writer.close()

    with _listening(load_settings({}, port=0)) as listener:
        async with await asyncio.start_server(meet, sock=listener):
            _, writer = await asyncio.open_connection(*listener.getsockname())
            assert await taken.get() == 1
            writer.close()
