"""Lists, searches and matches as resources: `copyhound://lists/{list_id}` and what lies below it, and others."""

from __future__ import annotations

import base64
import re
from typing import Any, Final
from urllib.parse import unquote

import msgspec

from copyhound.plugin_api import Caller, CopyhoundError, ImageList, Match, MatchFilter, UseCases

JSON: Final = "application/json"
JPEG: Final = "image/jpeg"
TEMPLATES: Final[list[dict[str, Any]]] = [
    {
        "uri_template": "copyhound://lists/{list_id}",
        "name": "list",
        "title": "List",
        "description": "A list of images: its settings, and when it is searched again.",
        "mime_type": JSON,
    },
    {
        "uri_template": "copyhound://lists/{list_id}/matches{?cursor}",
        "name": "matches",
        "title": "Matches of a list",
        "description": "The copies that were found of a list's images, newest first. `cursor` asks for the next page.",
        "mime_type": JSON,
    },
    {
        "uri_template": "copyhound://searches/{search_id}",
        "name": "search",
        "title": "Search",
        "description": "How far a search is, as find_search tells it: complete or not, outcomes and reasons.",
        "mime_type": JSON,
    },
    {
        "uri_template": "copyhound://matches/{match_id}",
        "name": "match",
        "title": "Match",
        "description": "A found copy: where it is, how it compares, what was decided.",
        "mime_type": JSON,
    },
    {
        "uri_template": "copyhound://matches/{match_id}/overlay",
        "name": "overlay",
        "title": "Overlay of a match",
        "description": "A picture: the copy on the left, the image laid onto it on the right.",
        "mime_type": JPEG,
    },
]
_URI: Final = re.compile(
    r"copyhound://(lists|searches|matches)/([^/?#]{1,100})(?:/(matches|overlay))?(?:\?cursor=([^&#]*))?"
)
_OURS: Final = ("workspace_id", "number", "entry_id", "reduced_blob", "next_check_at")


class Found(msgspec.Struct, frozen=True):
    """What a resource holds: text, or bytes in base64."""

    mime_type: str
    text: str | None = None
    base64: str = ""


class Reader:
    """Reads resources for a caller, as the use cases let it."""

    def __init__(self, use_cases: UseCases, page_size: int) -> None:
        self._use_cases, self._size = use_cases, page_size

    async def page(self, caller: Caller, cursor: str | None) -> tuple[list[dict[str, Any]], str | None]:
        """(the resources of a page of lists, two each; the cursor of the next page)."""
        page = await self._use_cases.lists.page(caller, cursor=cursor, limit=self._size)
        return [one for found in page.items for one in _of_list(found)], page.cursor

    async def read(self, caller: Caller, uri: str) -> Found:
        """One resource. CopyhoundError not_found, invalid_request."""
        told = _URI.fullmatch(uri)
        if told is None:
            raise _absent(uri)
        kind, thing, part, cursor = (unquote(one) if one else one for one in told.groups())
        if (kind, part) == ("lists", None) and cursor is None:
            return _json(_shown(await self._use_cases.lists.get(caller, thing)))
        if (kind, part) == ("lists", "matches"):
            return _json(await self._matches(caller, thing, cursor))
        if (kind, part) == ("searches", None) and cursor is None:
            return _json(await self._search(caller, thing, uri))
        if (kind, part) == ("matches", None) and cursor is None:
            return _json(self._match(await self._use_cases.matches.get(caller, thing)))
        if (kind, part) == ("matches", "overlay") and cursor is None:
            picture = await self._use_cases.matches.overlay(caller.workspace_id, thing)
            return Found(JPEG, base64=base64.b64encode(picture).decode())
        raise _absent(uri)

    async def _matches(self, caller: Caller, list_id: str, cursor: str | None) -> dict[str, Any]:
        where = MatchFilter(list_id=list_id)
        page = await self._use_cases.matches.page(caller, where, cursor=cursor or None, limit=self._size)
        return {"items": [self._match(one) for one in page.items], "cursor": page.cursor}

    async def _search(self, caller: Caller, search_id: str, uri: str) -> dict[str, Any]:
        asked = msgspec.json.encode({"search_id": search_id})
        found: list[dict[str, Any]] = (await self._use_cases.catalogue.run(caller, "find_search", asked))["items"]
        if not found:
            raise _absent(uri)
        return found[0]

    def _match(self, found: Match) -> dict[str, Any]:
        link = self._use_cases.matches.overlay_url(found) if found.reduced_blob else None
        return {**_shown(found), "overlay_url": link}


def _of_list(found: ImageList) -> list[dict[str, Any]]:
    uri = f"copyhound://lists/{found.id}"
    about = {"mime_type": JSON}
    return [
        {"uri": uri, "name": found.id, "title": found.label, "description": "A list of images.", **about},
        {
            "uri": f"{uri}/matches",
            "name": f"{found.id}/matches",
            "title": f"{found.label}: matches",
            "description": "The copies that were found of its images, newest first.",
            **about,
        },
    ]


def _shown(thing: ImageList | Match) -> dict[str, Any]:
    """As the native API shows it: without what is ours alone."""
    shown: dict[str, Any] = msgspec.to_builtins(thing)
    return {name: value for name, value in shown.items() if name not in _OURS}


def _json(content: Any) -> Found:
    return Found(JSON, text=msgspec.json.encode(content).decode())


def _absent(uri: str) -> CopyhoundError:
    return CopyhoundError("not_found", f"There is no resource {uri[:200]!r}.")
