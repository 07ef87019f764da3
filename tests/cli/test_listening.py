"""The socket that `copyhound serve` listens on."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import click
import httpx
import pytest

from copyhound.cli.serve import _listening, _server
from copyhound.http.settings import HttpSettings
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


async def told(proxies: tuple[str, ...]) -> str:
    """Whom the application sees, and by which scheme, when a request on loopback claims to be for another."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        body = f"{scope['scheme']} {scope['client'][0]}".encode()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": body})

    with _listening(load_settings({}, port=0)) as listener:
        server = _server(app, HttpSettings(trusted_proxies=proxies))
        server.config.lifespan = "off"
        running = asyncio.create_task(server.serve(sockets=[listener]))
        claims = {"X-Forwarded-For": "10.1.2.3", "X-Forwarded-Proto": "https"}
        async with httpx.AsyncClient(trust_env=False) as client:
            answer = await client.get(f"http://127.0.0.1:{listener.getsockname()[1]}/", headers=claims)
        server.should_exit = True
        await running
    return answer.text


async def test_who_claims_to_ask_for_another_is_not_believed() -> None:
    """X-Forwarded-For and X-Forwarded-Proto change nothing, not even from this machine, unless the proxy is named."""
    assert await told(()) == "http 127.0.0.1"
    assert await told(("10.9.0.0/16",)) == "http 127.0.0.1"
    assert await told(("127.0.0.1",)) == "https 10.1.2.3"
    assert await told(("127.0.0.0/8",)) == "https 10.1.2.3"


@pytest.mark.parametrize("proxy", ["10.0.0.0/33", "proxy.example", "*"])
def test_a_proxy_must_be_an_address(proxy: str) -> None:
    """What is neither an address nor a range stops the server: it would be trusted never, or always."""
    with pytest.raises(click.ClickException, match="no address and no range"):
        _server(None, HttpSettings(trusted_proxies=(proxy,)))
