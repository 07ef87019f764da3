"""The public API, as any client would use it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any, Self

import httpx
import msgspec

from copyhound.demo.verdict import Hit
from copyhound.domain.pictures import Edit
from copyhound.domain.wording import edit_in_words, shares_in_words


class Client:
    """A handful of calls of the native API. An error answer raises `httpx.HTTPStatusError` with its detail."""

    def __init__(self, base_url: str, key: str, transport: httpx.BaseTransport | None = None) -> None:
        headers = {"X-API-Key": key}
        self._http = httpx.Client(
            base_url=f"{base_url}/api/v1", headers=headers, timeout=60, trust_env=False, transport=transport
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def _call(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        answer = self._http.request(method, path, **arguments)
        if answer.is_error:
            raise httpx.HTTPStatusError(
                f"{method} {path}: {answer.status_code} {answer.text[:500]}", request=answer.request, response=answer
            )
        return answer

    def _json(self, method: str, path: str, **arguments: Any) -> dict[str, Any]:
        answer: dict[str, Any] = self._call(method, path, **arguments).json()
        return answer

    def _all(self, path: str, **params: Any) -> Iterator[dict[str, Any]]:
        cursor: str | None = None
        while True:
            page = self._json("GET", path, params={**params, **({"cursor": cursor} if cursor else {})})
            yield from page["items"]
            cursor = page.get("cursor")
            if not cursor:
                return

    def start_crawl(self, url: str) -> str:
        """Crawl a website into the collection `web`, without a pause between requests; answers the ingest's id."""
        body = {"source": "site", "settings": {"url": url, "delay_seconds": 0}}
        return str(self._json("POST", "/collections/web/ingests", json=body)["id"])

    def ingest(self, ingest_id: str) -> dict[str, Any]:
        return self._json("GET", f"/ingests/{ingest_id}")

    def add_hook(self, target_url: str, triggers: list[str]) -> str:
        """Subscribe; answers the secret that the webhooks are signed with."""
        body = {"target_url": target_url, "triggers": triggers, "description": "The demo's receiver"}
        return str(self._json("POST", "/hooks", json=body)["secret"])

    def start_search(self, pictures: Mapping[str, bytes], label: str) -> dict[str, Any]:
        """Search for all pictures at once; answers `search_id` and `list_id`."""
        files = [("images", (f"{name}.jpg", data, "image/jpeg")) for name, data in pictures.items()]
        return self._json("POST", "/searches", files=files, data={"list_label": label})

    def search(self, search_id: str) -> dict[str, Any]:
        return self._json("GET", f"/searches/{search_id}")

    def hits(self, list_id: str, names: Mapping[str, str]) -> list[Hit]:
        """All matches of a list. `names`: image id -> name."""
        return [_hit(match, names) for match in self._all(f"/lists/{list_id}/matches", limit=100)]

    def overlay(self, hit: Hit) -> bytes:
        """The aligned pair as JPEG: left the match, right the own picture."""
        return self._call("GET", f"/matches/{hit.match_id}/overlay").content


def _hit(match: Mapping[str, Any], names: Mapping[str, str]) -> Hit:
    compared = match["verification"]["comparison"] or {}
    return Hit(
        match_id=match["id"],
        image=names[match["image_id"]].removesuffix(".jpg"),
        image_url=match["image_url"],
        pages=tuple(page["url"] for page in match["pages"]),
        confidence=compared.get("confidence", 0.0),
        score=compared.get("score", 0.0),
        match_type=compared.get("match_type", "unchecked"),
        edits=tuple(edit_in_words(msgspec.convert(edit, Edit)) for edit in compared.get("edits", ())),
        shares=shares_in_words(compared["query_share"], compared["match_share"]) if compared else "",
    )
