"""The provider: makes a list of one picture, waits for its search, reads what was found."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import Any, Final, TypeVar
from urllib.parse import quote

import httpx
import msgspec

from copyhound.plugin_api import (
    Answer,
    Candidate,
    Context,
    Outcome,
    Page,
    ProviderError,
    ProviderLimits,
    ProviderSpec,
    Query,
    read_json,
)
from copyhound_infringement_report.settings import ProviderSettings
from copyhound_infringement_report.wire import Document, Envelope, ListAnswer, Made, QueryAnswer, SearchAnswer

T = TypeVar("T")
_ROWS: Final = 1000
_MOST: Final = 10_000
_DIGITS: Final = 20
_MIME: Final = {"JPEG": "image/jpeg", "PNG": "image/png", "GIF": "image/gif", "WEBP": "image/webp"}
_BAD_PICTURE: Final = ("image", "picture", "file type", "url")


class GoneError(ProviderError):
    """The list is not there any more."""


class Client:
    """The few calls that a search needs. Raises ProviderError for all that goes wrong."""

    def __init__(self, http: httpx.AsyncClient, settings: ProviderSettings) -> None:
        self._http, self._base = http, f"{_root(settings.base_url)}/3.0"
        self._headers = {"X-API-Key": settings.api_key}

    async def search_url(self, url: str, label: str) -> str:
        """Start a search of a public address; the list's id."""
        body = {"images": [url], "list_label": label}
        answer = _checked(read_json(await self._send("POST", "/search", json=body), SearchAnswer))
        return _number_in(answer.list_id if answer.list_id is not None else _as(answer.result, Made).list_id)

    async def upload(self, query: Query, label: str) -> str:
        """Make a list, and put the file into it; the list's id."""
        made = await self._result("POST", "/list", Made, json={"list_label": label, "monitor": False})
        list_id = _number_in(made.list_id)
        mime = _MIME[query.format]
        name = quote(f"{query.sha256[:32]}.{mime.removeprefix('image/')}")
        headers = {"Content-Type": "application/octet-stream", "X-Mime-Type": mime}
        sent = await self._send("PUT", f"/list/{list_id}/file/{name}", content=query.data, headers=headers)
        _checked(read_json(sent, SearchAnswer))
        return list_id

    async def state_of(self, list_id: str) -> ListAnswer:
        """How far a list's search is."""
        return await self._result("GET", f"/list/{list_id}", ListAnswer)

    async def search_again(self, list_id: str) -> None:
        """Queue a search of the whole list."""
        _checked(read_json(await self._send("GET", f"/search/{list_id}"), SearchAnswer))

    async def rows(self, list_id: str, start: int) -> list[Document]:
        """Up to 1000 results."""
        params = {"rows": _ROWS, "start": start, "sort": "found_timestamp asc"}
        found = (await self._result("GET", f"/list/{list_id}/query", QueryAnswer, params=params)).query_result
        if found.docs:
            return found.docs
        return [document for group in found.groups or () for document in group.doclist.docs]

    async def delete(self, list_id: str) -> None:
        """Delete a list; what is gone already is fine."""
        with contextlib.suppress(GoneError):
            await self._send("DELETE", f"/list/{list_id}")

    async def _result(self, method: str, path: str, kind: type[T], **options: Any) -> T:
        envelope: Envelope = _checked(read_json(await self._send(method, path, **options), Envelope))
        return _as(msgspec.json.decode(envelope.result), kind)

    async def _send(self, method: str, path: str, headers: dict[str, str] | None = None, **options: Any) -> Any:
        sent = {**self._headers, **(headers or {})}
        response = await self._http.request(method, f"{self._base}{path}", headers=sent, **options)
        _refuse(response)
        return response


def _root(base_url: str) -> str:
    """The address before the version, which may be written or left out."""
    return base_url.strip().rstrip("/").removesuffix("/3.0").rstrip("/")


async def search(query: Query, context: Context) -> Answer:
    """One picture. What was begun is remembered: an attempt after a time-out goes on with the same list."""
    settings: ProviderSettings = context.settings
    client = Client(context.http, settings)
    key = f"list:{query.image_id}"
    begun = await context.state.get(key)
    list_id = _number_in(str(begun)) if begun else await _begin(client, query)
    await context.state.put({key: list_id})
    try:
        await _finished(client, list_id, settings)
        candidates = await _candidates(client, list_id)
    except GoneError:
        await context.state.delete([key])
        raise
    await context.state.delete([key])
    if not settings.keep_lists:
        await client.delete(list_id)
    return Answer(Outcome.answered if candidates else Outcome.no_match, candidates, units_spent=1)


async def _begin(client: Client, query: Query) -> str:
    label = f"{query.name[:150]} (Copyhound)"
    if not query.source_url and query.format not in _MIME:
        raise ProviderError(Outcome.unsupported, f"The service takes no {query.format} files.")
    try:
        return await (client.search_url(query.source_url, label) if query.source_url else client.upload(query, label))
    except GoneError:
        # no list is known yet that could be gone: asking again would change nothing
        told = "The service is not at plugins.infringement_report.base_url: HTTP status 404."
        raise ProviderError(Outcome.blocked, told) from None


async def _finished(client: Client, list_id: str, settings: ProviderSettings) -> None:
    """Return as soon as nothing of the list is looked for any more."""
    deadline = time.monotonic() + settings.wait_seconds
    asked = False
    while True:
        state = await client.state_of(list_id)
        if not state.search_in_progress:
            if asked or _was_searched(state):
                return
            asked = True  # an upload does not start a search everywhere
            await client.search_again(list_id)
        elif time.monotonic() >= deadline:
            raise ProviderError(Outcome.transient, f"The search was not done in {settings.wait_seconds:g} seconds.")
        else:
            await asyncio.sleep(settings.poll_seconds)


def _was_searched(state: ListAnswer) -> bool:
    images = state.images.values() if isinstance(state.images, dict) else state.images
    told = [image["last_search_start"] for image in images if isinstance(image, dict) and "last_search_start" in image]
    return not told or any(told)


async def _candidates(client: Client, list_id: str) -> tuple[Candidate, ...]:
    found: dict[str, list[Document]] = {}
    for start in range(0, _MOST, _ROWS):
        documents = await client.rows(list_id, start)
        for document in documents:
            found.setdefault(document.image_url, []).append(document)
        if len(documents) < _ROWS:
            break
    return tuple(_candidate(url, documents) for url, documents in found.items())


def _candidate(image_url: str, documents: list[Document]) -> Candidate:
    pages = {one.url: Page(one.url, one.title or None) for one in documents if one.url and one.url != image_url}
    first = documents[0]
    return Candidate(
        image_url,
        tuple(pages.values()),
        width=_number(first.image_width),
        height=_number(first.image_height),
        provider_score=first.similarity,
    )


def _number_in(list_id: int | str) -> str:
    """A list's number as it goes into addresses: nothing else may, whatever the service answers."""
    text = str(list_id)
    if text.isascii() and text.isdigit() and len(text) <= _DIGITS:
        return text
    raise ProviderError(Outcome.transient, "The answer has an unexpected shape: list_id is no number.")


def _number(value: int | str | None) -> int | None:
    text = str(value or "")
    return int(text) if text.isascii() and text.isdigit() and 0 < len(text) < 10 and int(text) else None


def _checked(answer: Any) -> Any:
    """Bodies may say `status: false` with HTTP 200."""
    if answer.status:
        return answer
    raise ProviderError(Outcome.transient, "The service answered with status false.")


def _refuse(response: httpx.Response) -> None:
    """A body with `status: false` and a text says what went wrong, at HTTP 200 and at 403."""
    if response.status_code == httpx.codes.NOT_FOUND:
        raise GoneError(Outcome.transient, "The service answered with HTTP status 404.")
    try:
        body = msgspec.json.decode(response.content)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return
    if not isinstance(body, dict) or body.get("status") is not False:
        return
    text = str(body.get("error") or "it did not say what went wrong")[:300]
    if (outcome := _outcome(response.status_code, text.lower())) is not None:
        raise ProviderError(outcome, f"The service answered: {text}")


def _outcome(status: int, text: str) -> Outcome | None:
    """None: the HTTP status tells."""
    if status not in (200, 400, 403):
        return None
    if "credit" in text or "limit" in text:
        return Outcome.quota
    if "key" in text or "account" in text or "permission" in text:
        return Outcome.blocked
    if any(word in text for word in _BAD_PICTURE):
        return Outcome.invalid_image
    return None if status == 403 else Outcome.transient


def _as(value: Any, kind: type[T]) -> T:
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise ProviderError(Outcome.transient, f"The answer has an unexpected shape: {error}") from None


INFRINGEMENT_REPORT = ProviderSpec(
    name="infringement_report",
    title="Infringement.Report",
    description="Asks Infringement.Report, or another Copyhound, for the pages that show a picture.",
    search=search,
    settings=ProviderSettings,
    limits=ProviderLimits(timeout_seconds=120.0, concurrency=4, max_bytes=10 * 2**20),
    price_unit="credit",
    accepts=("url", "bytes"),
    formats=("JPEG", "PNG", "GIF", "WEBP"),
    default=False,
    homepage="https://infringement.report/api/",
)
