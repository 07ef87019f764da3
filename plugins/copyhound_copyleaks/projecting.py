"""From searches and matches to what Copyleaks' clients read."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from msgspec import UNSET

from copyhound.plugin_api import Decision, Lookup, Match, MatchType, Outcome
from copyhound_copyleaks.wire import (
    FULL,
    PARTIAL,
    InternetMatch,
    Matches,
    Score,
    Warned,
    WebPage,
)

ANSWERED: Final = (Outcome.answered, Outcome.no_match)
PENDING: Final = "pending"
_LATE: Final = "It had not answered when the deadline came."


def project(found: Sequence[Match]) -> Matches:
    """Matches as Copyleaks tells them: full ones first, in the order that is given; no file addresses of ours."""
    kept = {m.image_url: _match(m) for m in found if _is_told(m)}
    return count(sorted(kept.values(), key=lambda one: one.match_type))


def count(internet: Sequence[InternetMatch]) -> Matches:
    """Matches with their score."""
    full = sum(one.match_type == FULL for one in internet)
    return Matches(tuple(internet), Score(len(internet), full, len(internet) - full))


def _is_told(match: Match) -> bool:
    on_web = match.image_url.startswith(("http://", "https://"))
    return on_web and match.decision is not Decision.not_a_match


def _match(match: Match) -> InternetMatch:
    pages = tuple(WebPage(url) for url in dict.fromkeys(page.url for page in match.pages))
    compared = match.verification.comparison
    # what nobody has compared is not called an exact copy
    full = compared is not None and compared.match_type is MatchType.full
    return InternetMatch(match.image_url, FULL if full else PARTIAL, pages or UNSET)


def warned(lookups: Sequence[Lookup]) -> tuple[Warned, ...]:
    """The providers of which there is no answer, or not yet."""
    return tuple(
        Warned(one.provider, one.outcome or PENDING, one.reason or _LATE)
        for one in lookups
        if one.outcome not in ANSWERED
    )


def instant(time: datetime) -> str:
    """A time as scans tell it.

    >>> instant(datetime(2026, 5, 24, 10, tzinfo=UTC))
    '2026-05-24T10:00:00Z'
    """
    return f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def instant_of_token(time: datetime) -> str:
    """A time as logins tell it: to the seventh digit.

    >>> instant_of_token(datetime(2025, 7, 31, 10, 19, 40, 69001, tzinfo=UTC))
    '2025-07-31T10:19:40.0690010Z'
    """
    return f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}0Z"


SANDBOX: Final = count(
    [
        InternetMatch(
            "https://example.com/images/photo.jpg",
            FULL,
            (WebPage("https://example.com/blog/my-post"), WebPage("https://example.org/news/article")),
        ),
        InternetMatch("https://example.com/thumbs/photo-thumb.jpg", PARTIAL, (WebPage("https://example.org/gallery"),)),
        InternetMatch("https://example.org/gallery/photo-sm.jpg", PARTIAL),
    ]
)
"""What a sandbox check finds, always: the example of the documents."""
