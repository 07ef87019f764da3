"""Requests and answers: the part of the client that is written by hand."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any, Protocol, Self, TypeVar

import httpx
import msgspec

T = TypeVar("T")
Files = Mapping[str, Sequence[tuple[str, bytes]]]
"""Form field -> (file name, bytes) of each file."""


class CopyhoundApiError(Exception):
    """An error answer. `code` is stable and stands in the manual; `problem` is the whole body (RFC 9457)."""

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        self.status, self.problem = status, problem
        self.code = str(problem.get("code", "unknown"))
        self.detail = str(problem.get("detail", ""))
        self.hint = str(problem.get("hint", ""))
        self.retryable = bool(problem.get("retryable", False))
        super().__init__(f"{status} {self.code}: {self.detail}")


class LiveEvent(msgspec.Struct, frozen=True):
    """What a `watch_*` method tells."""

    kind: str
    """Such as `match_found` or `progress`."""
    data: dict[str, Any]
    id: str | None = None
    """Pass it as `last_event_id` to go on after it."""


class _Paged(Protocol[T]):
    items: list[T]
    cursor: str | None


class Transport:
    """Speaks HTTP. Close it, or use it in a `with` block."""

    def __init__(
        self, base_url: str, key: str, *, timeout: float = 60.0, transport: httpx.BaseTransport | None = None
    ) -> None:
        """`base_url`: of the server, such as https://copyhound.example.com. Environment proxies are not used."""
        self._http = httpx.Client(
            base_url=base_url,
            headers={"X-API-Key": key},
            timeout=timeout,
            transport=transport,
            trust_env=False,
            follow_redirects=False,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def pages(self, method: Callable[..., _Paged[T]], *arguments: Any, **options: Any) -> Iterator[T]:
        """The items of every page: `client.pages(client.list_matches, host="example.com")`."""
        cursor: str | None = None
        while True:
            page = method(*arguments, **options, cursor=cursor)
            yield from page.items
            cursor = page.cursor
            if not cursor:
                return

    def _call(
        self,
        method: str,
        path: str,
        kinds: Mapping[int, Any],
        *,
        query: Mapping[str, Any] | None = None,
        body: Any = msgspec.UNSET,
        files: Files | None = None,
        key: str | None = None,
    ) -> Any:
        """The answer as the type of its status, else of the first that is told; None where it is empty."""
        headers = {"Idempotency-Key": key} if key is not None else {}
        sent: dict[str, Any] = {}
        if files is not None:
            sent["files"] = [(name, file) for name, some in files.items() for file in some]
            sent["data"] = _form(body)
        elif body is not msgspec.UNSET:
            sent["content"] = msgspec.json.encode(body)
            headers["Content-Type"] = "application/json"
        answer = self._http.request(method, path, params=_plain(query or {}), headers=headers, **sent)
        if not answer.is_success:
            raise CopyhoundApiError(answer.status_code, _problem(answer))
        kind = kinds.get(answer.status_code, next(iter(kinds.values()), None))
        if kind is bytes:
            return answer.content
        return msgspec.json.decode(answer.content, type=kind) if kind is not None and answer.content else None

    def _watch(self, path: str, *, query: Mapping[str, Any]) -> Generator[LiveEvent, None, None]:
        """Server-sent events as they come, until the server ends the stream; close the iterator to end it sooner."""
        headers = {"Accept": "text/event-stream"}
        with self._http.stream("GET", path, params=_plain(query), headers=headers) as answer:
            if not answer.is_success:
                answer.read()
                raise CopyhoundApiError(answer.status_code, _problem(answer))
            fields: dict[str, str] = {}
            for line in answer.iter_lines():
                name, _, value = line.partition(":")
                if name in ("id", "event", "data"):
                    fields[name] = value.removeprefix(" ")
                elif not line:
                    if "data" in fields:
                        kind = fields.get("event", "message")
                        yield LiveEvent(kind, msgspec.json.decode(fields["data"]), fields.get("id"))
                    fields = {}


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """Without what is None; times and enumerations as texts."""
    return {name: msgspec.to_builtins(value) for name, value in values.items() if value is not None}


def _form(body: Any) -> dict[str, Any]:
    fields = {} if body is msgspec.UNSET or body is None else msgspec.to_builtins(body)
    return {name: _text(value) for name, value in fields.items() if value is not None}


def _text(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    return [_text(one) for one in value] if isinstance(value, list) else str(value)


def _problem(answer: httpx.Response) -> Mapping[str, Any]:
    try:
        told = answer.json()
    except ValueError:
        told = None
    return told if isinstance(told, dict) else {"detail": answer.text[:500]}
