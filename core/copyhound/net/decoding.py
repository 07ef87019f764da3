"""Content codings, undone in small pieces: a few bytes that unpack to gigabytes never do so at once."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterable, AsyncIterator, Iterator
from typing import Final

import httpx

ACCEPT_ENCODING: Final = "gzip, deflate"
_PIECE: Final = 65536
_WINDOWS: Final = {"gzip": zlib.MAX_WBITS | 16, "x-gzip": zlib.MAX_WBITS | 16, "deflate": zlib.MAX_WBITS}


async def decoded(parts: AsyncIterable[bytes], encoding: str) -> AsyncIterator[bytes]:
    """The body without its coding, in pieces of at most 64 kB. Raises httpx.DecodingError; codings never nest."""
    if encoding in ("", "identity"):
        async for part in parts:
            yield part
        return
    if encoding not in _WINDOWS:
        raise httpx.DecodingError("unknown content coding")
    inflater = _Inflater(_WINDOWS[encoding])
    async for part in parts:
        for piece in inflater.feed(part):
            yield piece


class _Inflater:
    def __init__(self, window: int) -> None:
        self._inner = zlib.decompressobj(window)
        # some servers send raw deflate without its zlib header
        self._raw_allowed = window == zlib.MAX_WBITS

    def feed(self, data: bytes) -> Iterator[bytes]:
        while data and not self._inner.eof:
            piece = self._step(data)
            data = self._inner.unconsumed_tail
            if piece:
                yield piece

    def _step(self, data: bytes) -> bytes:
        raw_allowed, self._raw_allowed = self._raw_allowed, False
        try:
            return self._inner.decompress(data, _PIECE)
        except zlib.error as error:
            if not raw_allowed:
                raise httpx.DecodingError("broken content coding") from error
        self._inner = zlib.decompressobj(-zlib.MAX_WBITS)
        return self._step(data)
