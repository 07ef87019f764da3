"""Fetching and posting under guard: checked addresses, byte caps, one deadline for all of it."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import threading
import weakref
from collections.abc import AsyncIterator, Collection, Mapping
from typing import Final
from urllib.parse import urljoin

import httpx
import msgspec

from copyhound.domain.errors import CopyhoundError
from copyhound.net.decoding import ACCEPT_ENCODING
from copyhound.net.policy import NetPolicy, check_url
from copyhound.net.transport import Dialler, GuardedTransport, Resolver, system_resolver, tcp_dialler

_REDIRECTS: Final = (301, 302, 303, 307, 308)
_NOT_MODIFIED: Final = 304
_BODY_SECONDS: Final = 2.0
"""How long the body of an answer to `post` may take, once its status is there."""
_BODY_PARTS: Final = 1000
"""In how many chunks, at most."""
_CREDENTIALS: Final = ("authorization", "cookie", "proxy-authorization")


class Fetched(msgspec.Struct):
    """An answer. `body` is decoded; `headers` have lower-case names; `url` is where the redirects ended."""

    status: int
    headers: dict[str, str]
    body: bytes
    url: str


class Outbound:
    """The one way out, one per process; usable from any event loop, each with connections of its own."""

    def __init__(
        self,
        policy: NetPolicy,
        *,
        user_agent: str,
        resolver: Resolver | None = None,
        dialler: Dialler | None = None,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        """`resolver`, `dialler` and `ssl_context` stand in for the machine's own, in tests."""
        self.policy = policy
        self._user_agent = user_agent
        self._resolver = resolver or system_resolver
        self._dialler = dialler or tcp_dialler
        self._ssl_context = ssl_context
        self._transports: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, GuardedTransport]
        self._transports = weakref.WeakKeyDictionary()
        self._lock = threading.Lock()

    async def fetch(
        self,
        url: str,
        *,
        max_bytes: int,
        timeout: float,
        headers: Mapping[str, str] | None = None,
        max_redirects: int = 3,
        accept_status: Collection[int] | None = None,
        too_large_code: str = "image_too_many_bytes",
    ) -> Fetched:
        """GET, within `timeout` seconds in all and `max_bytes` of decoded body.

        Accepts 2xx, and 304 to a conditional request, unless `accept_status` says otherwise. Redirects are checked
        like the first address. Raises `url_invalid`, `url_forbidden`, `url_unresolved`, `fetch_failed` (with
        `http_status` if there was an answer), `fetch_timeout`, and `too_large_code`.
        """
        sent = httpx.Headers(headers)
        async with _deadline(timeout):
            for _ in range(max_redirects + 1):
                async with self._answer("GET", url, sent) as response:
                    if _accepted(response.status_code, sent, accept_status):
                        body, whole = await _read(response, max_bytes)
                        if not whole:
                            raise CopyhoundError(too_large_code, f"It has more than {max_bytes} bytes.")
                        return Fetched(response.status_code, dict(response.headers), body, str(response.url))
                    url, sent = _redirected(response, sent)
        raise CopyhoundError("fetch_failed", f"The address redirects more than {max_redirects} times.")

    async def post(
        self,
        url: str,
        *,
        content: bytes,
        headers: Mapping[str, str],
        timeout: float = 15,
        max_response_bytes: int = 65536,
    ) -> Fetched:
        """POST once, following no redirect: any status within `timeout` seconds is an answer. Of its body there is what
        comes in the 2 seconds after and can be decoded, at most `max_response_bytes`.

        Raises `url_invalid`, `url_forbidden`, `url_unresolved`, `fetch_failed`, `fetch_timeout`.
        """
        return await self._once("POST", url, httpx.Headers(headers), content, timeout, max_response_bytes)

    async def delete(self, url: str, *, timeout: float = 15, max_response_bytes: int = 65536) -> Fetched:
        """DELETE once, as `post` does."""
        return await self._once("DELETE", url, httpx.Headers(), None, timeout, max_response_bytes)

    async def _once(
        self, method: str, url: str, headers: httpx.Headers, content: bytes | None, timeout: float, max_bytes: int
    ) -> Fetched:
        async with _deadline(timeout) as deadline, self._answer(method, url, headers, content) as response:
            deadline.reschedule(None)
            body = await _beginning(response, max_bytes)
            return Fetched(response.status_code, dict(response.headers), body, str(response.url))

    def client(self, *, timeout: float = 30) -> httpx.AsyncClient:
        """A new httpx client for a plugin: guarded, without proxies or credentials from the environment."""
        return httpx.AsyncClient(
            transport=_PerLoop(self),
            trust_env=False,
            timeout=timeout,
            headers={"user-agent": self._user_agent, "accept-encoding": ACCEPT_ENCODING},
        )

    async def aclose(self) -> None:
        """Closes the connections of every event loop that still runs."""
        with self._lock:
            transports = dict(self._transports)
            self._transports.clear()
        here = asyncio.get_running_loop()
        for loop, transport in transports.items():
            if loop is here:
                await transport.aclose()
            elif loop.is_running():
                await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(transport.aclose(), loop))

    def transport(self) -> GuardedTransport:
        """The transport of the running event loop."""
        loop = asyncio.get_running_loop()
        with self._lock:
            if self._ssl_context is None:
                self._ssl_context = httpx.create_ssl_context(trust_env=False)
            if loop not in self._transports:
                self._transports[loop] = GuardedTransport(self.policy, self._resolver, self._dialler, self._ssl_context)
            return self._transports[loop]

    @contextlib.asynccontextmanager
    async def _answer(
        self, method: str, url: str, headers: httpx.Headers, content: bytes | None = None
    ) -> AsyncIterator[httpx.Response]:
        request = self._request(method, check_url(url, self.policy).url, headers, content)
        response = None
        try:
            # without a client between: no cookies that outlive a request, and no opinions on redirects
            response = await self.transport().handle_async_request(request)
            response.request = request
            yield response
        except httpx.TimeoutException as error:
            raise _too_slow() from error
        except httpx.HTTPError as error:
            status = {} if response is None else {"http_status": response.status_code}
            raise CopyhoundError("fetch_failed", _reason(error), **status) from error
        finally:
            if response is not None:
                await response.aclose()

    def _request(self, method: str, url: str, headers: httpx.Headers, content: bytes | None) -> httpx.Request:
        merged = httpx.Headers({"user-agent": self._user_agent, "accept": "*/*", "accept-encoding": ACCEPT_ENCODING})
        merged.update(headers)
        try:
            return httpx.Request(method, url, headers=merged, content=content)
        except (httpx.InvalidURL, UnicodeError, ValueError) as error:
            raise CopyhoundError("url_invalid", "The address is not valid.") from error


class _PerLoop(httpx.AsyncBaseTransport):
    """Hands each request to the transport of the loop it runs on; closing a client closes nothing that is shared."""

    def __init__(self, outbound: Outbound) -> None:
        self._outbound = outbound

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await self._outbound.transport().handle_async_request(request)


@contextlib.asynccontextmanager
async def _deadline(seconds: float) -> AsyncIterator[asyncio.Timeout]:
    try:
        async with asyncio.timeout(seconds) as timer:
            yield timer
    except TimeoutError as error:
        raise _too_slow() from error


def _too_slow() -> CopyhoundError:
    return CopyhoundError("fetch_timeout", "The address did not answer in time.")


def _accepted(status: int, sent: httpx.Headers, accept_status: Collection[int] | None) -> bool:
    if accept_status is not None:
        return status in accept_status
    conditional = "if-none-match" in sent or "if-modified-since" in sent
    return httpx.codes.is_success(status) or (status == _NOT_MODIFIED and conditional)


def _redirected(response: httpx.Response, sent: httpx.Headers) -> tuple[str, httpx.Headers]:
    """Where an answer sends us, and the headers to take along. Raises `fetch_failed` where it is no redirect."""
    status = response.status_code
    location = response.headers.get("location")
    if status not in _REDIRECTS or not location:
        raise CopyhoundError("fetch_failed", f"The address answered with HTTP status {status}.", http_status=status)
    try:
        url = urljoin(str(response.url), location)
        same = httpx.URL(url).netloc == response.url.netloc and httpx.URL(url).scheme == response.url.scheme
    except (httpx.InvalidURL, ValueError) as error:
        raise CopyhoundError("url_invalid", "It redirects to an address that is not valid.") from error
    if same:
        return url, sent
    return url, httpx.Headers({name: value for name, value in sent.items() if name not in _CREDENTIALS})


async def _read(response: httpx.Response, max_bytes: int) -> tuple[bytes, bool]:
    """The body up to a length, and whether that is all of it."""
    announced = response.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > max_bytes:
        return b"", False
    body = bytearray()
    async for part in response.aiter_raw():
        body += part
        if len(body) > max_bytes:
            return bytes(body[:max_bytes]), False
    return bytes(body), True


async def _beginning(response: httpx.Response, max_bytes: int) -> bytes:
    """What there is of the body, up to a length. What is wrong with it changes nothing of the status."""
    body, parts = bytearray(), 0
    with contextlib.suppress(httpx.HTTPError, TimeoutError):
        async with asyncio.timeout(_BODY_SECONDS):
            async for part in response.aiter_raw():
                body += part
                parts += 1
                if len(body) >= max_bytes or parts >= _BODY_PARTS:
                    break
    return bytes(body[:max_bytes])


def _reason(error: httpx.HTTPError) -> str:
    """Why a request failed, in words that tell nothing of our network."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return "The address has no valid TLS certificate, or speaks no TLS."
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, httpx.ConnectError):
        return "The address refused the connection."
    if isinstance(error, httpx.DecodingError):
        return "The answer's content coding is broken or unknown."
    return "The address closed the connection or broke the protocol."
