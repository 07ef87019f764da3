"""Content codings, undone in small pieces: a few bytes that unpack to gigabytes never do so at once."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterable, AsyncIterator, Iterator
from typing import Final

import httpx

ACCEPT_ENCODING: Final = "gzip, deflate"
_PIECE: Final = 65536
_MOST_FOR_NOTHING: Final = 2 * _PIECE
"""Bytes in a row that may give none: a file's name in its head may be long, and something may follow its end."""
_WINDOWS: Final = {"gzip": zlib.MAX_WBITS | 16, "x-gzip": zlib.MAX_WBITS | 16, "deflate": zlib.MAX_WBITS}


async def decoded(parts: AsyncIterable[bytes], encoding: str) -> AsyncIterator[bytes]:
    """The body without its coding, in pieces of at most 64 kB. Raises httpx.DecodingError; codings never nest.

    What gives nothing is not read for ever: before the end it is an error, after it nobody waits for more.
    """
    if encoding in ("", "identity"):
        async for part in parts:
            yield part
        return
    if encoding not in _WINDOWS:
        raise httpx.DecodingError("unknown content coding")
    inflater = _Inflater(_WINDOWS[encoding])
    for_nothing = 0
    async for part in parts:
        for_nothing += len(part)
        for piece in inflater.feed(part):
            for_nothing = 0
            yield piece
        if for_nothing > _MOST_FOR_NOTHING:
            if inflater.ended:
                return
            raise httpx.DecodingError("content coding without content")


class _Inflater:
    def __init__(self, window: int) -> None:
        self._inner = zlib.decompressobj(window)
        # some servers send raw deflate without its zlib header
        self._raw_allowed = window == zlib.MAX_WBITS

    @property
    def ended(self) -> bool:
        return self._inner.eof

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
