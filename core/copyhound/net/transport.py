"""Connections to checked addresses only: the network backend of every HTTP client that we hand out."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import socket
import ssl
import threading
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Final

import httpcore
import httpx

from copyhound.domain.errors import CopyhoundError
from copyhound.net.addresses import Address, parse_address, unmapped
from copyhound.net.decoding import decoded
from copyhound.net.heads import CappedBackend
from copyhound.net.policy import NetPolicy, check_addresses, check_url

Resolver = Callable[[str, int], Awaitable[Sequence[str]]]
"""Host name and port to all its addresses, as text. Raises OSError where there is none."""
Dialler = Callable[[str, int, float | None], Awaitable[httpcore.AsyncNetworkStream]]
"""Connects to a literal address and a port, within some seconds."""

_MAX_ATTEMPTS: Final = 4
_MAX_CONNECTIONS: Final = 1000
_MAX_KEPT: Final = 20
_TURN: Final = 64
"""Parts of a body that are read at a stretch: chunks of a byte each come by tens of thousands at a time."""
_DNS_THREADS: Final = 512
"""More than may wait for a name at a time, so that names which hang keep no other waiting; started as needed."""
# common servers hang up after 5 s of silence: a request must not meet that
_KEPT_SECONDS: Final = 4.0


class SystemResolver:
    """Asks the machine's resolver for all addresses of a host: one question about a host at a time, whoever asks."""

    def __init__(self, threads: int = _DNS_THREADS) -> None:
        # getaddrinfo cannot be cancelled: a name server that hangs must not use up the threads that others work on
        self._threads = ThreadPoolExecutor(max_workers=threads, thread_name_prefix="copyhound-dns")
        self._asked: dict[tuple[str, int], Future[list[str]]] = {}
        self._lock = threading.Lock()

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        """Raises OSError where there is none."""
        # others may wait for the same answer, on other event loops too
        return await asyncio.shield(asyncio.wrap_future(self._question(host, port)))

    def _question(self, host: str, port: int) -> Future[list[str]]:
        key = host, port
        with self._lock:
            question = self._asked.get(key)
            if question is None or question.done():
                question = self._asked[key] = self._threads.submit(self._answer, key)
            return question

    def _answer(self, key: tuple[str, int]) -> list[str]:
        try:
            return _getaddrinfo(*key)
        finally:
            with self._lock:
                self._asked.pop(key, None)


@functools.cache
def _system_resolver() -> SystemResolver:
    return SystemResolver()


def _getaddrinfo(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


async def system_resolver(host: str, port: int) -> Sequence[str]:
    """Asks the machine's resolver for all addresses of a host."""
    return await _system_resolver()(host, port)


async def tcp_dialler(address: str, port: int, timeout: float | None) -> httpcore.AsyncNetworkStream:
    """Opens a TCP connection to a literal address."""
    return await httpcore.AnyIOBackend().connect_tcp(address, port, timeout=timeout)


async def resolve(host: str, port: int, resolver: Resolver) -> list[Address]:
    """All addresses of a host, its own if it is literal. Raises `url_unresolved`, `url_invalid`."""
    try:
        literal = parse_address(host)
        if literal is not None:
            return [literal]
        found = [unmapped(_parsed(text)) for text in await resolver(host, port)]
    except (OSError, UnicodeError):
        found = []
    except ValueError:
        raise CopyhoundError("url_invalid", "The host in the address is not valid.") from None
    if not found:
        raise CopyhoundError("url_unresolved", f"The host name {host} does not resolve.")
    return found


def _parsed(text: str) -> Address:
    address = parse_address(text.partition("%")[0])
    if address is None:
        raise ValueError(text)
    return address


class GuardedBackend(httpcore.AsyncNetworkBackend):
    """Resolves a host once, checks all of its addresses, and connects to one of those that it checked."""

    def __init__(self, policy: NetPolicy, resolver: Resolver, dialler: Dialler) -> None:
        self._policy = policy
        self._resolver = resolver
        self._dialler = dialler

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Raises `url_forbidden` and `url_unresolved`, and httpcore's own errors where the connection fails."""
        addresses = await resolve(host, port, self._resolver)
        check_addresses(host, port, addresses, self._policy)
        attempts = addresses[:_MAX_ATTEMPTS]
        share = None if timeout is None else timeout / len(attempts)
        failure: Exception = httpcore.ConnectError("no address")
        for address in attempts:
            try:
                return await self._dialler(str(address), port, share)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


@contextlib.contextmanager
def _httpx_errors() -> Iterator[None]:
    try:
        yield
    except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError, httpcore.ProxyError) as error:
        # both libraries name their errors alike
        kind = next(getattr(httpx, base.__name__) for base in type(error).__mro__ if hasattr(httpx, base.__name__))
        raise kind(str(error)) from error


async def _by_turns(parts: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    """The same, with the event loop left to others now and then: parts that are there already come without a pause."""
    count = 0
    async for part in parts:
        count += 1
        if count % _TURN == 0:
            await asyncio.sleep(0)
        yield part


class _Body(httpx.AsyncByteStream):
    def __init__(self, response: httpcore.Response, encoding: str) -> None:
        self._response = response
        self._encoding = encoding

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _httpx_errors():
            async for part in decoded(_by_turns(self._response.aiter_stream()), self._encoding):
                yield part

    async def aclose(self) -> None:
        await self._response.aclose()


class GuardedTransport(httpx.AsyncBaseTransport):
    """Checks each request's address, and decodes each answer a little at a time, so that nothing can burst.

    Belongs to one event loop.
    """

    def __init__(self, policy: NetPolicy, resolver: Resolver, dialler: Dialler, context: ssl.SSLContext) -> None:
        self._policy = policy
        self._resolver = resolver
        limits: dict[str, Any] = {
            "ssl_context": context,
            "max_connections": _MAX_CONNECTIONS,
            "max_keepalive_connections": _MAX_KEPT,
            "keepalive_expiry": _KEPT_SECONDS,
        }
        backend = GuardedBackend(policy, resolver, dialler)
        self._direct = httpcore.AsyncConnectionPool(network_backend=CappedBackend(backend), **limits)
        self._proxied: httpcore.AsyncConnectionPool | None = None
        if policy.proxy is not None:
            proxy = httpx.Proxy(policy.proxy)
            self._proxied = httpcore.AsyncHTTPProxy(
                str(proxy.url),
                proxy_auth=proxy.raw_auth,
                network_backend=CappedBackend(httpcore.AnyIOBackend()),
                **limits,
            )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Raises `url_invalid`, `url_forbidden`, `url_unresolved`, and httpx's errors."""
        pool = await self._pool(request.url)
        url = httpcore.URL(
            scheme=request.url.raw_scheme,
            host=request.url.raw_host,
            port=request.url.port,
            target=request.url.raw_path,
        )
        with _httpx_errors():
            response = await pool.handle_async_request(
                httpcore.Request(
                    request.method, url, headers=request.headers.raw, content=request.stream,
                    extensions=request.extensions,
                )
            )  # fmt: skip
        return _plain(response)

    async def _pool(self, url: httpx.URL) -> httpcore.AsyncConnectionPool:
        split = check_url(f"{url.scheme}://{url.netloc.decode('ascii')}/", self._policy)
        if self._proxied is None or self._policy.allows_name(split.host):
            return self._direct
        if split.address is not None and self._policy.allows_address(split.address):
            return self._direct
        # the proxy resolves; we refuse what we can see ourselves, and leave it the names that only it knows
        with contextlib.suppress(OSError, UnicodeError):
            seen = [_parsed(text) for text in await self._resolver(split.host, split.port)]
            check_addresses(split.host, split.port, seen, self._policy)
        return self._proxied

    async def aclose(self) -> None:
        """Closes all connections."""
        await self._direct.aclose()
        if self._proxied is not None:
            await self._proxied.aclose()


def _plain(response: httpcore.Response) -> httpx.Response:
    headers = httpx.Headers(response.headers)
    encoding = headers.pop("content-encoding", "").strip().lower()
    if encoding not in ("", "identity"):
        headers.pop("content-length", None)
    return httpx.Response(
        response.status, headers=headers, stream=_Body(response, encoding), extensions=response.extensions
    )
