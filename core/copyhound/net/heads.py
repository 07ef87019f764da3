"""Answers' heads: a receiver that says `103 Early Hints` for ever is heard out for only so long."""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterable
from typing import Any, Final

import httpcore

_MAX_INFORMATIONAL: Final = 20
"""Informational answers before the one that counts; a server that says `102 Processing` now and then sends a few."""
# both as the HTTP library reads them: what it takes for a head, and for an informational one, is counted as such here
_END: Final = re.compile(rb"\n\r?\n")
_INFORMATIONAL: Final = re.compile(rb"HTTP/[0-9]\.[0-9] 1(?!01)[0-9]{2}")


class CappedBackend(httpcore.AsyncNetworkBackend):
    """Another backend's connections, with a cap on the informational answers before each answer that counts.

    The HTTP library reads them in a loop without an end, and hundreds of thousands a second keep the event loop from
    everything else. It limits the length of each head itself.
    """

    def __init__(self, inner: httpcore.AsyncNetworkBackend) -> None:
        self._inner = inner

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """As the other backend does."""
        return _CappedStream(await self._inner.connect_tcp(host, port, timeout, local_address, socket_options))

    async def sleep(self, seconds: float) -> None:
        await self._inner.sleep(seconds)


class _CappedStream(httpcore.AsyncNetworkStream):
    """Raises httpcore.RemoteProtocolError where an answer's head does not come to its point."""

    def __init__(self, inner: httpcore.AsyncNetworkStream) -> None:
        self._inner = inner
        self._head: _Head | None = None

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        data = await self._inner.read(max_bytes, timeout)
        if self._head is not None and self._head.is_over(data):
            self._head = None
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        # whatever is sent, an answer to it comes next
        self._head = _Head()
        await self._inner.write(buffer, timeout)

    async def aclose(self) -> None:
        await self._inner.aclose()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        return _CappedStream(await self._inner.start_tls(ssl_context, server_hostname, timeout))

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


class _Head:
    """What has come of an answer's head."""

    def __init__(self) -> None:
        self._begun = bytearray()
        self._informational = 0

    def is_over(self, data: bytes) -> bool:
        """Whether the head of the answer that counts ends in these bytes, or before."""
        unsearched = max(0, len(self._begun) - 2)
        self._begun += data
        while (end := _END.search(self._begun, unsearched)) is not None:
            if _INFORMATIONAL.match(self._begun) is None:
                return True
            self._informational += 1
            if self._informational > _MAX_INFORMATIONAL:
                raise httpcore.RemoteProtocolError("informational answers without an end")
            del self._begun[: end.end()]
            unsearched = 0
        return False
