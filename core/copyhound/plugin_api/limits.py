"""Answers of any length, cut: what guards the memory of the one who asks."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx

MAX_ANSWER_BYTES = 32 * 2**20


class AnswerTooLargeError(httpx.HTTPError):
    """A service sent more than we take."""


class _Capped(httpx.AsyncByteStream):
    def __init__(self, stream: httpx.AsyncByteStream, max_bytes: int) -> None:
        self._stream = stream
        self._left = max_bytes
        self._max_bytes = max_bytes

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for part in self._stream:
            self._left -= len(part)
            if self._left < 0:
                raise AnswerTooLargeError(f"The answer has more than {self._max_bytes} bytes.")
            yield part

    async def aclose(self) -> None:
        await self._stream.aclose()


def limit_answers(client: httpx.AsyncClient, max_bytes: int = MAX_ANSWER_BYTES) -> httpx.AsyncClient:
    """The same client, whose answers raise `AnswerTooLargeError` after `max_bytes` of body."""

    async def cap(response: httpx.Response) -> None:
        if isinstance(response.stream, httpx.AsyncByteStream):
            response.stream = _Capped(response.stream, max_bytes)

    hooks = client.event_hooks
    client.event_hooks = {**hooks, "response": [*hooks.get("response", []), cap]}
    return client
