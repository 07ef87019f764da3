"""Found copies as TinEye tells them: which of them, in which order, with which backlinks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec

from copyhound.plugin_api import Match, Page
from copyhound_tineye.links import Links
from copyhound_tineye.requests import Options
from copyhound_tineye.settings import TinEyeSettings
from copyhound_tineye.wire import DATE, Backlink, TinEyeMatch

_HASH_LENGTH: Final = 40
_SORT_KEYS: Final[dict[str, Callable[[TinEyeMatch], Any]]] = {
    "score": lambda match: match.score,
    "size": lambda match: match.size,
    "crawl_date": lambda match: max(link.crawl_date or "" for link in match.backlinks),
}


class Told(msgspec.Struct, frozen=True):
    """The part of the results that was asked for, and the totals of all."""

    matches: list[TinEyeMatch]
    totals: dict[str, int]


class Teller:
    """Turns matches into TinEye's."""

    def __init__(self, settings: TinEyeSettings, links: Links, base_url: str) -> None:
        self._settings, self._links, self._base_url = settings, links, base_url

    def match(self, match: Match, query_hash: str) -> TinEyeMatch:
        """One match, with all its backlinks."""
        seen = match.verification.comparison
        width, height = match.width or 0, match.height or 0
        return TinEyeMatch(
            image_url=self._own_copy(match),
            domain=match.host.removeprefix("www."),
            top_level_domain=match.domain,
            score=round(seen.score, 1) if seen else 0.0,
            query_match_percent=round(seen.query_share, 1) if seen else 0.0,
            width=width,
            height=height,
            size=width * height,
            filesize=match.bytes or 0,
            format=match.format or "",
            query_hash=query_hash,
            overlay=self._overlay(match, query_hash),
            tags=self._tags(match),
            backlinks=_backlinks(match),
        )

    def _own_copy(self, match: Match) -> str:
        if match.reduced_blob is None:
            return match.image_url
        return f"{self._base_url}result/{match.id}?k={self._links.make('result', match)}"

    def _overlay(self, match: Match, query_hash: str) -> str:
        seen = match.verification.comparison
        if seen is None or match.reduced_blob is None:
            return ""
        (m11, m12, m13), (m21, m22, m23), (_, _, m33) = seen.matrix
        cells = {"m21": m21, "m22": m22, "m23": m23, "m11": m11, "m13": m13, "m12": m12}
        written = "&".join(f"{name}={cell / (m33 or 1.0):.6g}" for name, cell in cells.items())
        return f"overlay/{query_hash}/{match.id}?{written}&k={self._links.make('overlay', match)}"

    def _tags(self, match: Match) -> list[str]:
        known = {"stock": self._settings.stock_domains, "collection": self._settings.collection_domains}
        mine = (match.domain, match.host)
        return [tag for tag, domains in known.items() if any(one.lower() in mine for one in domains)]


def hash_of(sha256: str | None) -> str:
    """What TinEye calls the hash of a search image: 40 hexadecimal digits."""
    return (sha256 or "")[:_HASH_LENGTH].ljust(_HASH_LENGTH, "0")


def tell(found: Sequence[TinEyeMatch], options: Options) -> Told:
    """What was asked for of all that was found; nothing is left out by its score, unless the client says so."""
    chosen = [match for match in found if _is_wanted(match, options)]
    chosen.sort(key=_SORT_KEYS[options.sort], reverse=options.order == "desc")
    part = chosen[options.offset : options.offset + options.limit]
    totals = {
        "total_backlinks": sum(len(match.backlinks) for match in found),
        "total_collection": sum("collection" in match.tags for match in found),
        "total_results": len(found),
        "total_stock": sum("stock" in match.tags for match in found),
        "total_filtered_results": len(chosen),
    }
    return Told([_with_links(match, options.backlink_limit) for match in part], totals)


def _is_wanted(match: TinEyeMatch, options: Options) -> bool:
    if options.domain and options.domain not in (match.domain, match.top_level_domain):
        return False
    if options.tags and not set(options.tags) & set(match.tags):
        return False
    return options.min_score is None or match.score >= options.min_score


def _with_links(match: TinEyeMatch, limit: int | None) -> TinEyeMatch:
    return match if limit is None else msgspec.structs.replace(match, backlinks=match.backlinks[:limit])


def _backlinks(match: Match) -> list[Backlink]:
    """The pages, the newest first; a match whose pages nobody knows still tells where the picture stands."""
    if not match.pages:
        return [Backlink(match.image_url, "", _day(match.first_seen))]
    pages = sorted(match.pages, key=lambda page: _seen(page, match), reverse=True)
    return [Backlink(match.image_url, page.url, _day(_seen(page, match))) for page in pages]


def _seen(page: Page, match: Match) -> datetime:
    return page.first_seen or match.first_seen


def _day(moment: datetime) -> str:
    return moment.strftime(DATE)
