"""From matches to Copyleaks' list of them, whatever the matches are; and what the manual says of errors."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from importlib.resources import files

from hypothesis import given
from hypothesis import strategies as st

from copyhound.domain.matches import Decision, Match, MatchStatus, Page, Verification, VerificationState
from copyhound.domain.pictures import Comparison, MatchType
from copyhound_copyleaks import errors
from copyhound_copyleaks.projecting import project

NOW = datetime(2026, 3, 2, tzinfo=UTC)
STRAIGHT = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))


def match(url: str, kind: MatchType | None, pages: tuple[str, ...] = (), decision: Decision = Decision.open) -> Match:
    compared = None if kind is None else Comparison(99.0, 99.0, kind, (), 100.0, 100.0, STRAIGHT, True)
    state = VerificationState.verified if compared else VerificationState.unchecked
    return Match(
        id=f"match_{url}", workspace_id="w", list_id="l", image_id="i", image_url=url, host="h", domain="h",
        providers=("own_index",), pages=tuple(map(Page, pages)), verification=Verification(state, NOW, compared),
        status=MatchStatus.online, decision=decision, first_seen=NOW, last_seen=NOW,
    )  # fmt: skip


URLS = st.sampled_from([f"https://{host}.example/{n}.jpg" for host in "ab" for n in range(4)])
MATCHES = st.builds(
    match, URLS, st.sampled_from([None, *MatchType]), st.lists(URLS, max_size=3).map(tuple), st.sampled_from(Decision)
)


@given(st.lists(MATCHES))
def test_full_matches_come_first(found: list[Match]) -> None:
    """Full before partial, each address once, pages each once or left out, and a score that adds up."""
    told = project(found)
    kinds = [one.match_type for one in told.internet]
    assert kinds == sorted(kinds)
    urls = [one.url for one in told.internet]
    assert len(urls) == len(set(urls))
    assert set(urls) == {one.image_url for one in found if one.decision is not Decision.not_a_match}
    for one in told.internet:
        assert one.web_pages != ()
        pages = one.web_pages or ()
        assert len(pages) == len(set(pages))
    score = told.score
    assert score.total_matches == score.full_matches + score.partial_matches == len(told.internet)
    assert score.full_matches == kinds.count(0)


def test_only_web_addresses_are_told() -> None:
    """Pictures of a folder of the server have no place in a list of the internet; all others are absolute addresses."""
    found = [match("file:///srv/pictures/a.jpg", MatchType.full), match("https://a.example/a.jpg", MatchType.full)]
    assert [one.url for one in project(found).internet] == ["https://a.example/a.jpg"]


def test_the_manual_tells_of_every_error() -> None:
    """The page about Copyleaks has guide and reference, and each error with its status and code."""
    page = (files("copyhound") / "docs" / "copyleaks.md").read_text("utf-8")
    faults = [one for one in vars(errors).values() if isinstance(one, errors.Fault)]
    assert len(faults) == 13
    for one in faults:
        assert re.search(rf"\| {one.status} \| `{one.id}` \| {one.code} \|", page), one.id
    for heading in ("## Guide", "## Reference", "## Where their documents leave a choice"):
        assert heading in page
