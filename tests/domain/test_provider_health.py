"""When a provider counts as failing: told once for each time of trouble."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from copyhound.domain.provider_health import FAILED, MANY, QUIET, SUCCEEDED, ProviderTrouble, after_lookup
from copyhound.domain.searches import Outcome

START = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
LETTERS = {
    "x": Outcome.transient,
    "b": Outcome.blocked,
    "q": Outcome.quota,
    ".": Outcome.answered,
    "n": Outcome.no_match,
}


def told_at(outcomes: str, minutes: float = 1, *, open_breaker: bool = False) -> list[int]:
    """At which of the lookups, so many minutes apart, it is told."""
    trouble, told = ProviderTrouble(), []
    for number, letter in enumerate(outcomes):
        now = START + timedelta(minutes=minutes * number)
        trouble, tell = after_lookup(trouble, LETTERS[letter], now, open_breaker=open_breaker)
        if tell:
            told.append(number)
    return told


def test_a_few_failures_are_nothing() -> None:
    """Fewer than five in a row, all within an hour, are not told; a success begins the count anew."""
    assert told_at("xxxx") == []
    assert told_at("xxxx.xxxxnxxxx") == []


@pytest.mark.parametrize("letter", ["x", "b", "q"])
def test_many_failures_are_told_once(letter: str) -> None:
    """The fifth in a row is told; however many follow, it is not told again."""
    assert told_at(letter * 500) == [MANY - 1]


def test_rare_lookups_are_told_when_it_lasts() -> None:
    """A list that is searched once a day: the second failed day is told, not the fifth."""
    assert told_at("x" * 30, minutes=24 * 60) == [1]


def test_an_open_breaker_is_told_at_once() -> None:
    """Where the process has given the provider up, the first failed lookup is told."""
    assert told_at("xxx", open_breaker=True) == [0]


def test_flapping_is_told_seldom() -> None:
    """A provider that comes and goes all day is told of at most every six hours."""
    told = told_at(("x" * MANY + ".") * 480)
    assert len(told) == 480 * (MANY + 1) / 60 / 6
    assert all(later - earlier >= QUIET / timedelta(minutes=1) for earlier, later in pairwise(told))


def test_trouble_that_lasts_is_told_when_the_quiet_time_is_over() -> None:
    """What began anew within the quiet time, and goes on after it, is told then."""
    assert told_at("xxxxx.xxxxx", minutes=90) == [1, 6 + 1]
    assert told_at("xxxxx." + "x" * 400, minutes=1) == [4, 4 + 360]


@pytest.mark.parametrize("outcome", [one for one in Outcome if one not in FAILED | SUCCEEDED])
def test_other_outcomes_say_nothing_of_the_provider(outcome: Outcome) -> None:
    """An image that is refused neither ends nor prolongs a time of trouble."""
    trouble = ProviderTrouble(failures=3, since=START)
    assert after_lookup(trouble, outcome, START, open_breaker=True) == (trouble, False)
