"""`copyhound serve`."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from copyhound.cli.app import make_app
from copyhound.cli.support import Choices, Failure, data_option, opened, show_first_key, uncollected

if TYPE_CHECKING:
    from copyhound.http.settings import HttpSettings
    from copyhound.settings import Settings

_BACKLOG = 2048
_GRACE_SECONDS = 10


@click.command()
@click.option("--host", help="Address to listen on (else by setting).")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on; 0: any free one (else by setting).")
@data_option
@click.pass_obj
def serve(choices: Choices, host: str | None, port: int | None, data: Path | None) -> None:
    """Run the server: API, searches, webhooks, clock. On a new data folder it shows the first API key, once."""
    import msgspec

    from copyhound.logs import configure_logs

    settings = choices.settings(host=host, port=port, data=data)
    configure_logs(settings.log.level, settings.log.format)
    # the port is taken first: links that leave the house name it
    with _listening(settings) as listener:
        taken = msgspec.structs.replace(settings, port=listener.getsockname()[1])
        asyncio.run(_serve(taken, listener))


@contextlib.contextmanager
def _listening(settings: Settings) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    # asyncio sends at once on sockets that say that they are TCP; on others each answer waits 40 ms for the client
    with socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((settings.host, settings.port))
            listener.listen(_BACKLOG)
        except OSError as error:
            where = f"{settings.host}:{settings.port}"
            raise Failure(f"{where} cannot be listened on: {error.strerror}.", "Choose another --port.") from error
        yield listener


async def _serve(settings: Settings, listener: socket.socket) -> None:
    from copyhound import bootstrap

    async with opened(settings) as house:
        first = await house.services.keys.bootstrap()
        with uncollected():
            server = _server(make_app(house), settings.http)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, _leave, server, house)
        running = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            await _until_started(server, running)
            bootstrap.announce(settings)
            click.echo(f"Copyhound serves {settings.url}, its manual at {settings.url}/docs. Ctrl-C ends it.")
        finally:
            if first is not None:
                show_first_key(first)
        await running


def _server(app: Any, settings: HttpSettings) -> Any:
    import ipaddress

    import uvicorn

    from copyhound.cli.connections import TAKEN_AT_ONCE, Connection, Door

    proxies = settings.trusted_proxies
    for one in proxies:
        try:
            ipaddress.ip_network(one)
        except ValueError:
            raise Failure(f"http.trusted_proxies: {one} is no address and no range.", "Write 10.0.0.0/8.") from None

    class Server(uvicorn.Server):
        """Leaves signals alone: uvicorn's own handling ends the process before the house is closed."""

        @contextlib.contextmanager
        def capture_signals(self) -> Iterator[None]:
            yield

        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            # Python has one figure for who may wait to be taken and who is taken in a round: only these are few
            for one in sockets or ():
                one.listen(_BACKLOG)

    return Server(
        uvicorn.Config(
            app,
            http=functools.partial(Connection, Door(settings)),  # type: ignore[arg-type]
            log_config=None,
            access_log=False,
            server_header=False,
            # whoever may say for whom it asks opens what is opened by address
            proxy_headers=bool(proxies),
            forwarded_allow_ips=list(proxies),
            timeout_graceful_shutdown=_GRACE_SECONDS,
            backlog=TAKEN_AT_ONCE,
        )
    )


def _leave(server: Any, house: Any) -> None:
    # the server waits for open streams, which have no end of their own
    house.services.live.close()
    server.should_exit = True


async def _until_started(server: Any, running: asyncio.Task[None]) -> None:
    while not server.started:
        if running.done():
            await running
            raise Failure("The server ended before it was ready.")
        await asyncio.sleep(0.01)
