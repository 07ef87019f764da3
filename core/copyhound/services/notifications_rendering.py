"""A digest in each of its formats. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from html import escape
from typing import Any, Final

import msgspec

from copyhound.domain.notifications import Digest, DigestFormat, FoundCopy, FoundDomain
from copyhound.services.exports import safe_cell
from copyhound.services.notifications_counting import (
    by_list,
    copies_by_domain,
    counts,
    headline,
    largest,
    new,
    one_line,
)

COLUMNS: Final = (
    "domain",
    "list_id",
    "list_label",
    "image_id",
    "image_number",
    "image_name",
    "match_id",
    "image_url",
    "page_url",
    "page_title",
    "confidence",
    "score",
    "match_type",
    "first_seen",
    "overlay_url",
    "list_number",
)
MOST_COPIES: Final = 20
"""Copies of one domain that a digest has."""
_IN_TITLE: Final = 3
IN_PAGE: Final = 50
"""Rows of the HTML page: mail clients cut what is longer than about 100 kB."""
_CELL: Final = "padding:8px;border-bottom:1px solid #ddd;vertical-align:top"


class Rendered(msgspec.Struct, frozen=True):
    """A digest, written."""

    title: str
    """One line, such as the subject of an e-mail."""
    text: str
    """For people, without markup."""
    body: bytes
    content_type: str
    html: str | None = None


def page_of(digest: Digest) -> str:
    """All of a digest as a page, however long, with every copy that it has; it leads to no other."""
    rows = "".join(_row(found, copy) for found in digest.domains for copy in found.copies)
    more = f"Of a domain with many copies, the {MOST_COPIES} best are here." if any(map(_cut, digest.domains)) else ""
    return _whole(digest, rows, more)


def render(digest: Digest, format: DigestFormat) -> Rendered:
    """Write a digest. The same digest gives the same bytes."""
    content_type, write = _WRITERS[format]
    written = write(digest)
    html = written if format is DigestFormat.htmlsummary else None
    text = _mark(digest) + _for_people(digest)
    return Rendered(_title(digest), text, written.encode(), content_type, html)


def _mark(digest: Digest) -> str:
    return "Test: " if digest.test else ""


def _title(digest: Digest) -> str:
    return _mark(digest) + headline(digest, _IN_TITLE)


def _for_people(digest: Digest) -> str:
    parts = ["\n".join([headline(digest), *counts(digest)]), *map(_domain_for_people, digest.domains[:IN_PAGE])]
    if (left_out := len(digest.domains) - IN_PAGE) > 0:
        parts.append(f"and {left_out} more")
    if digest.url:
        parts.append(f"All of them: {digest.url}")
    return "\n\n".join(parts)


def _domain_for_people(found: FoundDomain) -> str:
    best = found.copies[0]
    facts = [
        f"{one_line(best.image_name)}: {best.page_url or best.image_url}",
        _verdict(best),
        f"overlay: {best.overlay_url}" if best.overlay_url else "",
        _further(found),
    ]
    return "\n  ".join([f"{found.domain} (list: {one_line(found.list_label)})", *filter(None, facts)])


def _further(found: FoundDomain) -> str:
    further = found.count - 1
    return f"and {further}{' or' if _full(found) else ''} more on this domain" if further else ""


def _cut(found: FoundDomain) -> bool:
    return len(found.copies) >= MOST_COPIES


def _full(found: FoundDomain) -> bool:
    """Whether the domain may have more copies than the digest."""
    return found.total is None and len(found.copies) >= MOST_COPIES


def _line(digest: Digest) -> str:
    return headline(digest)


def _json_line(digest: Digest) -> str:
    return _json({"message": headline(digest)})


def _json_summary(digest: Digest) -> str:
    counted = "new_domains" if digest.new_domains_only else "new_copies"
    return _json(
        {
            counted: new(digest),
            "domains": digest.names,
            "lists": [
                {"list_id": list_id, "list_number": number, "list_label": label, counted: count}
                for (list_id, number, label), count in by_list(digest).items()
            ],
        }
    )


def _json_all(digest: Digest) -> str:
    return _json(
        {
            "id": digest.id,
            **({"test": True} if digest.test else {}),
            "title": _title(digest),
            **msgspec.json.decode(_json_summary(digest)),
            "top_domains": [
                {"domain": name, "copies": count} for name, count in largest(list(copies_by_domain(digest).items()))
            ],
            "domains": [_domain(found) for found in digest.domains],
            "url": digest.url,
        }
    )


def _domain(found: FoundDomain) -> dict[str, Any]:
    told: dict[str, Any] = msgspec.to_builtins(found)
    return {name: value for name, value in told.items() if name != "total" or value is not None}


def _json_full(digest: Digest) -> str:
    images: dict[str, dict[str, Any]] = {}
    for found, copy in _rows(digest):
        key = f"image_{copy.image_number}"
        about = {
            "image_id": copy.image_id,
            "image_number": copy.image_number,
            "image_name": copy.image_name,
            "list_id": found.list_id,
            "list_number": found.list_number,
        }
        image = images.setdefault(key, {"domains_found": [], **about, "copies": []})
        if found.domain not in image["domains_found"]:
            image["domains_found"].append(found.domain)
        image["copies"].append(_copy_row(found, copy))
    return _json(images)


def _copy_row(found: FoundDomain, copy: FoundCopy) -> dict[str, Any]:
    row: dict[str, Any] = {"domain": found.domain, **msgspec.to_builtins(copy)}
    return {name: row[name] for name in row if not name.startswith("image_") or name == "image_url"}


def _csv(digest: Digest) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for found, copy in _rows(digest):
        row = {**msgspec.to_builtins(found), **msgspec.to_builtins(copy)}
        writer.writerow([safe_cell(row[name]) for name in COLUMNS])
    return text.getvalue()


def _rows(digest: Digest) -> list[tuple[FoundDomain, FoundCopy]]:
    return [(found, copy) for found in digest.domains for copy in found.copies]


def _page(digest: Digest) -> str:
    rows = "".join(_row(found, found.copies[0], _further(found)) for found in digest.domains[:IN_PAGE])
    left_out = len(digest.domains) - IN_PAGE
    more = [f"And {left_out} more."] if left_out > 0 else []
    if digest.url:
        more.append(_link(digest.url, "See all"))
    return _whole(digest, rows, " ".join(more))


def _whole(digest: Digest, rows: str, more: str) -> str:
    title, told = escape(_title(digest)), "<br>".join(escape(line) for line in counts(digest))
    return (
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>{title}</title></head>'
        f'<body style="font-family:sans-serif"><h1 style="font-size:1.3em">{title}</h1>'
        f'{_paragraph(told)}<table style="border-collapse:collapse">{rows}</table>{_paragraph(more)}'
        "</body></html>"
    )


def _paragraph(html: str) -> str:
    return f"<p>{html}</p>" if html else ""


def _row(found: FoundDomain, copy: FoundCopy, further: str = "") -> str:
    facts = [
        f"<strong>{escape(found.domain)}</strong>",
        _link(copy.page_url or copy.image_url, copy.page_title or copy.page_url or copy.image_url),
        f"{escape(copy.image_name)}, list {escape(found.list_label)}",
        escape(_verdict(copy)),
        further,
        _link(copy.overlay_url, "Compare") if copy.overlay_url else "",
    ]
    told = "<br>".join(fact for fact in facts if fact)
    return f'<tr><td style="{_CELL}">{_thumbnail(copy)}</td><td style="{_CELL}">{told}</td></tr>'


def _thumbnail(copy: FoundCopy) -> str:
    if copy.thumbnail_url is None:
        return ""
    picture = f'<img src="{escape(copy.thumbnail_url)}" alt="{escape(copy.image_name)}" width="120">'
    return f'<a href="{escape(copy.overlay_url)}">{picture}</a>' if copy.overlay_url else picture


def _verdict(copy: FoundCopy) -> str:
    if copy.confidence is None:
        return "not verified"
    kind = f"{one_line(copy.match_type)} copy" if copy.match_type else "copy"
    return f"{kind}, confidence {copy.confidence:g} %"


def _link(url: str, text: str) -> str:
    # what a page says of itself may hold any scheme; only these are to be clicked
    if not url.lower().startswith(("http://", "https://")):
        return escape(text)
    return f'<a href="{escape(url)}" rel="noreferrer">{escape(text)}</a>'


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


_WRITERS: Final[dict[DigestFormat, tuple[str, Callable[[Digest], str]]]] = {
    DigestFormat.htmlsummary: ("text/html; charset=utf-8", _page),
    DigestFormat.textsummary: ("text/plain; charset=utf-8", _line),
    DigestFormat.jsontextsummary: ("application/json", _json_line),
    DigestFormat.jsonsummary: ("application/json", _json_summary),
    DigestFormat.jsonfull: ("application/json", _json_full),
    DigestFormat.json: ("application/json", _json_all),
    DigestFormat.csv: ("text/csv; charset=utf-8", _csv),
}
