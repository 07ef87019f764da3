"""Events in words, for people who read feeds."""

from __future__ import annotations

import html
from typing import Any, Final
from urllib.parse import urlsplit

from copyhound.domain.events import Event
from copyhound.domain.feeds import FeedItem
from copyhound.domain.triggers import Trigger
from copyhound.services.kit import Kit
from copyhound.services.links import lasting_thumbnail_url

_TITLES: Final = {
    "match_found": "{image_name} found on {host}",
    "new_domain_found": "{image_name} found on a new domain: {domain}",
    "match_removed": "{image_name} removed from {host}",
    "match_returned": "{image_name} is back on {host}",
    "search_complete": "Search complete: {new_matches} new matches, {matches} in all",
}
_LINES: Final = {
    "page_title": "Page",
    "page_url": "Address of the page",
    "image_url": "Address of the picture",
    "match_type": "Match type",
    "confidence": "Confidence",
    "score": "Score",
    "images": "Images",
    "list_label": "List",
}


def item_of(kit: Kit, event: Event, trigger: Trigger | None) -> FeedItem:
    """One event as an item. The events of third-party triggers go by their trigger's title."""
    told = event.payload
    title = _title(event, trigger)
    lines = [(word, str(told[key])) for key, word in _LINES.items() if told.get(key) not in (None, "")]
    image = None
    if told.get("overlay_url") and isinstance(told.get("match_id"), str):
        image = lasting_thumbnail_url(kit, event.workspace_id, told["match_id"])
    return FeedItem(
        id=event.id,
        title=title,
        html=_html(lines, image, title),
        text="\n".join(f"{word}: {value}" for word, value in lines) or title,
        at=event.created_at,
        url=web_address(told.get("page_url")) or web_address(told.get("image_url")),
        image=image,
        tags=(event.trigger,),
    )


def web_address(value: Any) -> str | None:
    """An address that a reader may be led to; None for anything but http and https."""
    if not isinstance(value, str):
        return None
    try:
        parts = urlsplit(value)
    except ValueError:
        return None
    return value if parts.scheme in ("http", "https") and parts.netloc else None


def _title(event: Event, trigger: Trigger | None) -> str:
    try:
        return _TITLES[event.trigger].format_map(event.payload)
    except KeyError:
        return trigger.title if trigger else event.trigger


def _html(lines: list[tuple[str, str]], image: str | None, title: str) -> str:
    parts = [f'<p><img src="{html.escape(image)}" alt="{html.escape(title)}"></p>'] if image else []
    told = [f"<li>{html.escape(word)}: {_value(value)}</li>" for word, value in lines]
    return "".join([*parts, "<ul>", *told, "</ul>"]) if told else f"<p>{html.escape(title)}</p>"


def _value(value: str) -> str:
    shown = html.escape(value)
    return f'<a href="{shown}" rel="noreferrer">{shown}</a>' if web_address(value) else shown
