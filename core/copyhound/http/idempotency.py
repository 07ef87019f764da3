"""`Idempotency-Key`: the same request sent again gets the same answer, and makes nothing twice."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Awaitable, Callable
from typing import Any, Final

import msgspec
from litestar import Request, Response

from copyhound.domain.workspaces import Caller
from copyhound.http.problems import refused
from copyhound.services import Services
from copyhound.services.kit import Kit

_LONGEST: Final = 255


class Made(msgspec.Struct):
    """An answer before it is written: any JSON-ready content, its status, and headers such as Location."""

    content: Any
    status: int = 201
    headers: dict[str, str] = {}


class _Answer(msgspec.Struct):
    body: bytes
    headers: dict[str, str]


class Kept:
    """Answers that are kept for a day, by their keys."""

    def __init__(self, kit: Kit, caller: Caller) -> None:
        self._kit, self._caller = kit, caller

    async def __call__(self, key: str, asked: str, make: Callable[[], Awaitable[Made]]) -> Response[Any]:
        """What `make` answers, or did under this key. `asked` is a hash: with another one it is refused (422)."""
        _check(key)
        async with self._kit.units() as uow:
            state, status, sealed = await uow.idempotency.begin(self._caller.workspace_id, key, asked, self._kit.now())
        return self._again(status, sealed) if state == "done" else await self._first(key, make)

    async def _first(self, key: str, make: Callable[[], Awaitable[Made]]) -> Response[Any]:
        try:
            answer = _written(await make())
        except BaseException:
            async with self._kit.units() as uow:
                await uow.idempotency.forget(self._caller.workspace_id, key)
            raise
        kept = msgspec.msgpack.encode(_Answer(answer.content, dict(answer.headers)))
        async with self._kit.units() as uow:
            # sealed: answers may hold a secret (a new key's, a hook's)
            sealed = base64.b64encode(self._kit.secrets.seal(kept))
            await uow.idempotency.finish(self._caller.workspace_id, key, answer.status_code or 200, sealed)
        return answer

    def _again(self, status: int, sealed: bytes) -> Response[Any]:
        kept = msgspec.msgpack.decode(self._kit.secrets.open(base64.b64decode(sealed)), type=_Answer)
        return _json(kept.body, status, {**kept.headers, "Idempotent-Replay": "true"})


class Once:
    """Runs what makes something, once for each key. Without the header it just runs."""

    def __init__(self, services: Services, caller: Caller, request: Request[Any, Any, Any]) -> None:
        self._request = request
        self._key = request.headers.get("idempotency-key")
        self._kept = Kept(services.kit, caller)

    async def __call__(self, given: Any, make: Callable[[], Awaitable[Made]]) -> Response[Any]:
        """`given` is what was asked for: another one under the same key is refused (422)."""
        if self._key is None:
            return await self.never(make)
        return await self._kept(self._key, self._hash(given), make)

    async def never(self, make: Callable[[], Awaitable[Made]]) -> Response[Any]:
        """Just run what only looks, whatever key the header has: nothing is kept."""
        if self._key is not None:
            _check(self._key)
        return _written(await make())

    def same(self, given: Any) -> str | None:
        """What is the same for this request and a repetition of it; None without the header."""
        return None if self._key is None else f"{self._key}:{self._hash(given)}"

    def _hash(self, given: Any) -> str:
        scope = self._request.scope
        return hash_of(scope["method"], scope["path"], scope["query_string"].decode("latin-1"), given)


def _check(key: str) -> None:
    if not 0 < len(key) <= _LONGEST or not key.isprintable():
        raise refused([{"field": "Idempotency-Key", "message": f"Expected 1 to {_LONGEST} printable characters"}])


def hash_of(*asked: Any) -> str:
    """What tells one request from another."""
    return hashlib.sha256(msgspec.json.encode(asked)).hexdigest()


def _written(made: Made) -> Response[Any]:
    return _json(msgspec.json.encode(made.content), made.status, made.headers)


def _json(body: bytes, status: int, headers: dict[str, str]) -> Response[Any]:
    return Response(body, status_code=status, media_type="application/json", headers=headers)
