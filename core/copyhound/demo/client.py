"""The public API, by its own typed client, as anyone would use it."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Self

import httpx
import msgspec

from copyhound.demo.verdict import Hit
from copyhound.domain.pictures import Edit
from copyhound.domain.wording import edit_in_words, shares_in_words
from copyhound_client import Copyhound, models


class Client:
    """A handful of calls of the native API. An error answer raises `CopyhoundApiError` with its detail."""

    def __init__(self, base_url: str, key: str, transport: httpx.BaseTransport | None = None) -> None:
        self._api = Copyhound(base_url, key, transport=transport)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._api.close()

    def start_crawl(self, url: str) -> str:
        """Crawl a website into the collection `web`, without a pause between requests; answers the ingest's id."""
        asked = models.IngestIn(source="site", settings={"url": url, "delay_seconds": 0})
        return self._api.start_ingest("web", asked).id

    def ingest(self, ingest_id: str) -> models.IngestOut:
        return self._api.get_ingest(ingest_id)

    def add_hook(self, target_url: str, triggers: list[str]) -> str:
        """Subscribe; answers the secret that the webhooks are signed with."""
        asked = models.HookIn(target_url=target_url, triggers=triggers, description="The demo's receiver")
        return self._api.create_hook(asked).secret

    def start_search(self, pictures: Mapping[str, bytes], label: str) -> models.SearchOut | models.ResultOut:
        """Search for all pictures at once; the answer has `search_id` and `list_id`."""
        files = {"images": [(f"{name}.jpg", data) for name, data in pictures.items()]}
        return self._api.start_search(models.SearchIn(list_label=label), files=files)

    def search(self, search_id: str) -> models.ProgressOut:
        return self._api.get_search(search_id)

    def hits(self, list_id: str, names: Mapping[str, str]) -> list[Hit]:
        """All matches of a list. `names`: image id -> name."""
        found = self._api.pages(self._api.list_matches_of_list, list_id, limit=100)
        return [_hit(match, names) for match in found]

    def overlay(self, hit: Hit) -> bytes:
        """The aligned pair as JPEG: left the match, right the own picture."""
        return self._api.get_overlay(hit.match_id)


def _hit(match: models.MatchOut, names: Mapping[str, str]) -> Hit:
    compared = match.verification.comparison
    return Hit(
        match_id=match.id,
        image=names[match.image_id].removesuffix(".jpg"),
        image_url=match.image_url,
        pages=tuple(page.url for page in match.pages),
        confidence=compared.confidence if compared else 0.0,
        score=compared.score if compared else 0.0,
        match_type=compared.match_type if compared else "unchecked",
        edits=tuple(_in_words(edit) for edit in compared.edits) if compared else (),
        shares=shares_in_words(compared.query_share, compared.match_share) if compared else "",
    )


def _in_words(edit: models.Edit) -> str:
    return edit_in_words(msgspec.convert(msgspec.to_builtins(edit), Edit))
