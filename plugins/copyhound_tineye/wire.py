"""What is said over the wire, in both directions: the provider reads these Structs, the surface writes them.

Fields that a client may miss in an answer of TinEye have a default, so that reading is lenient; writing gives all.
"""

from typing import Any, Final

import msgspec

SCORE_SORT: Final = "score"
DATE: Final = "%Y-%m-%d"
MOMENT: Final = "%Y-%m-%d %H:%M:%S UTC"
"""Of bundles; clients parse it to the letter."""


class Stats(msgspec.Struct, frozen=True):
    """When it was answered (Unix seconds) and how long it took (seconds): texts with two decimals."""

    timestamp: str = "0.00"
    query_time: str = "0.00"


class SearchStats(Stats, frozen=True):
    """Totals of a search, whatever part of it was asked for."""

    total_backlinks: int = 0
    total_collection: int = 0
    total_results: int = 0
    """Before `domain` and `tags`."""
    total_stock: int = 0
    total_filtered_results: int = 0
    """After them."""


class Backlink(msgspec.Struct, frozen=True):
    """One place where a found picture stands."""

    url: str
    """Of the picture."""
    backlink: str | None = ""
    """Of the page; empty where no page is known."""
    crawl_date: str | None = ""
    """YYYY-MM-DD."""


class TinEyeMatch(msgspec.Struct, frozen=True):
    """A found picture."""

    image_url: str = ""
    """The service's own copy of the found picture; where it stands in the web is in `backlinks`."""
    domain: str = ""
    top_level_domain: str = ""
    score: float = 0.0
    """0-100: how little it was changed."""
    query_match_percent: float = 0.0
    """Percent of the search image that is in the found one."""
    width: int = 0
    height: int = 0
    size: int = 0
    """Pixels."""
    filesize: int = 0
    """Bytes."""
    format: str = ""
    query_hash: str = ""
    overlay: str = ""
    """Path below the API's base address."""
    tags: list[str] = []
    backlinks: list[Backlink] = []


class Matches(msgspec.Struct, frozen=True):
    """The results of a search. `matches` is required: an answer without it is an error, not an empty result."""

    matches: list[TinEyeMatch]


class Bundle(msgspec.Struct, frozen=True):
    """Searches that were bought together."""

    remaining_searches: int
    start_date: str
    expire_date: str


class Remaining(msgspec.Struct, frozen=True):
    """The results of `remaining_searches`."""

    bundles: list[Bundle]
    total_remaining_searches: int


class SearchReply(msgspec.Struct, frozen=True):
    """The answer of `search`."""

    stats: SearchStats
    code: int
    messages: list[str]
    results: Matches


class CountReply(msgspec.Struct, frozen=True):
    """The answer of `image_count`."""

    stats: Stats
    code: int
    messages: list[str]
    results: int


class RemainingReply(msgspec.Struct, frozen=True):
    """The answer of `remaining_searches`."""

    stats: Stats
    code: int
    messages: list[str]
    results: Remaining


class ErrorReply(msgspec.Struct, frozen=True):
    """Any failure, as it is told today."""

    code: int
    messages: list[str] = []
    stats: dict[str, Any] = {}
    results: list[Any] = []


class ClassicErrorReply(msgspec.Struct, frozen=True):
    """Any failure, as the old documents show it."""

    stats: Stats
    code: int
    messages: list[str]
    results: list[Any] = []
