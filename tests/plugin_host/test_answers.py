"""We believe no provider: lies are refused, floods are cut, and what was cut is said."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from copyhound.plugin_api import Answer, Candidate, Context, Outcome, Page, ProviderLimits, ProviderSpec, Query
from copyhound.plugin_host.answers import check_answer, is_web_url
from copyhound.plugin_host.vetting import FaultySpecError

URL = "https://copies.example/1.jpg"


async def search(query: Query, context: Context) -> Answer:
    return Answer(Outcome.no_match)


SPEC = ProviderSpec("acme", "T", "D", search, limits=ProviderLimits(max_candidates=3))


def answered(*candidates: Any, **more: Any) -> Answer:
    return Answer(Outcome.answered, candidates, **more)


LIES = [
    (None, "search returned NoneType"),
    ([Candidate(URL)], "search returned list"),
    (Answer("answered?"), "wrong type"),  # type: ignore[arg-type]
    (Answer(Outcome.answered, "abc"), "candidates must be a tuple"),  # type: ignore[arg-type]
    (answered(URL), "wrong type"),
    (answered(Candidate(7)), "wrong type"),  # type: ignore[arg-type]
    (answered(Candidate(URL, width="wide")), "wrong type"),  # type: ignore[arg-type]
    (answered(Candidate(URL, pages=(URL,))), "wrong type"),  # type: ignore[arg-type]
    (answered(object()), "cannot be written as JSON"),
    (answered(Candidate(URL), units_spent=-1), "units_spent"),
    (Answer(Outcome.no_match, units_spent=float("inf")), "units_spent"),
    (Answer(Outcome.quota, retry_after=-5), "retry_after"),
    (answered(Candidate(URL, provider_score=float("nan"))), "provider_score"),
    (Answer(Outcome.no_match, (Candidate(URL),)), "the outcome is no_match, yet there are candidates"),
    (Answer(Outcome.quota, (Candidate(URL),)), "the outcome is quota, yet there are candidates"),
    (answered(Candidate("javascript:alert(1)")), "none of its candidates"),
]


@pytest.mark.parametrize("size", [-1, 2**31, 2**63, 10**30])
def test_a_size_that_cannot_be_is_left_out(size: int) -> None:
    """One impossible number of a service does not lose what it found."""
    (kept,) = check_answer(SPEC, answered(Candidate(URL, width=size, height=3))).candidates
    assert (kept.image_url, kept.width, kept.height) == (URL, None, 3)


@pytest.mark.parametrize(("answer", "reason"), LIES)
def test_lies_are_refused(answer: Any, reason: str) -> None:
    """What has a wrong type or makes no sense is not believed, and the reason says what it is."""
    with pytest.raises(FaultySpecError, match=reason):
        check_answer(SPEC, answer)


def test_answered_with_nothing_is_no_match() -> None:
    """`answered` without candidates is read as `no_match`; units stay."""
    assert check_answer(SPEC, answered(units_spent=2)) == Answer(Outcome.no_match, units_spent=2)


def test_a_failure_always_has_a_reason() -> None:
    """A failure without a reason gets one, and a long one is cut."""
    assert check_answer(SPEC, Answer(Outcome.blocked)).reason == "The provider gave no reason."
    assert len(check_answer(SPEC, Answer(Outcome.blocked, reason="x" * 9999)).reason or "") == 600


def test_a_flood_is_cut_and_says_so() -> None:
    """More candidates than the limit are cut; the reason tells both numbers."""
    answer = check_answer(SPEC, answered(*(Candidate(f"{URL}?{number}") for number in range(10))))
    assert [candidate.image_url for candidate in answer.candidates] == [f"{URL}?{number}" for number in range(3)]
    assert answer.reason == "The provider gave 10 candidates; the first 3 were kept."


def test_unusable_addresses_are_dropped_and_counted() -> None:
    """One odd address costs one candidate, not the answer."""
    answer = check_answer(SPEC, answered(Candidate("data:image/png;base64,AA"), Candidate(URL)))
    assert [candidate.image_url for candidate in answer.candidates] == [URL]
    assert answer.reason == "1 candidates without a usable http(s) address were dropped."


@pytest.mark.parametrize("odd", ["\ud800", "\x00", "\x9f", " ", "\u3000"])
def test_an_address_that_cannot_be_written_costs_one_candidate(odd: str) -> None:
    """Half a character, a control character or a blank in an address: the candidate goes, the good ones stay."""
    bad = Candidate(f"https://copies.example/{odd}.jpg")
    good = Candidate(URL, (Page(f"https://copies.example/{odd}"), Page("https://copies.example/", "t\ud800")))
    answer = check_answer(SPEC, answered(bad, good, reason="half \udfff"))
    assert answer.candidates == (Candidate(URL, (Page("https://copies.example/", "t?"),)),)
    assert answer.reason == "half ? 1 candidates without a usable http(s) address were dropped."
    assert msgspec.json.decode(msgspec.json.encode(answer), type=Answer) == answer


def test_pages_are_tidied() -> None:
    """Pages without a usable address are dropped, and long titles cut."""
    pages = (Page("/relative"), Page("https://copies.example/", "t" * 5000))
    (candidate,) = check_answer(SPEC, answered(Candidate(URL, pages))).candidates
    assert candidate.pages == (Page("https://copies.example/", "t" * 1000),)


def test_what_pages_say_is_cut_too() -> None:
    """Language and description are cut; a size that no database could hold is left out, not the page."""
    pages = (
        Page(URL, language="x" * 99, description="d" * 5000, width_on_page=2**31, height_on_page=200),
        Page(f"{URL}?", width_on_page=0, height_on_page=-1),
    )
    (candidate,) = check_answer(SPEC, answered(Candidate(URL, pages))).candidates
    assert candidate.pages == (
        Page(URL, language="x" * 20, description="d" * 1000, height_on_page=200),
        Page(f"{URL}?", width_on_page=0),
    )


def test_only_our_own_entries_count() -> None:
    """An entry id that our index did not give is taken away: nobody may point at another's entries."""
    given = answered(Candidate("", entry_id="entry_1"), Candidate(URL, entry_id="entry_2"))
    answer = check_answer(SPEC, given, {"entry_1"})
    assert [candidate.entry_id for candidate in answer.candidates] == ["entry_1", None]


@pytest.mark.parametrize(
    ("url", "usable"),
    [
        (URL, True),
        ("http://[::1]:8080/x", True),
        ("//copies.example/x", False),
        ("https://", False),
        ("https:///x", False),
        ("ftp://copies.example/x", False),
        ("https://copies.example/a b", False),
        ("https://copies.example/\nx", False),
        ("https://copies.example:99999/", False),
        ("https://copies.example/\ud800.jpg", False),
        ("https://\udfff.example/1.jpg", False),
        ("https://copies.example/\x001.jpg", False),
        ("https://copies.example/\x851.jpg", False),
        ("https://copies.example/\u00a01.jpg", False),
        ("https://copies.example/\u20281.jpg", False),
        ("https://copies.example/caf\u00e9/\U0001f436.jpg", True),
        ("https://[bad/", False),
        ("https://copies.example/" + "x" * 5000, False),
    ],
)
def test_addresses(url: str, usable: bool) -> None:
    """Absolute http(s) addresses of sane length and nothing else."""
    assert is_web_url(url) is usable
