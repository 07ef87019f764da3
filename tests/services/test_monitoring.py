"""Monitored lists and rechecks: what the clock does."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from copyhound.domain.errors import CopyhoundError
from copyhound.domain.lists import ImageList, Schedule
from copyhound.domain.matches import Decision, Match, MatchStatus
from copyhound.domain.searches import ImageInput
from copyhound.services.lists import ListChanges

from ..fixtures import photos
from ..fixtures.houses import Home, TestClock, home, until
from ..fixtures.website import Website


async def monitored(house: Home, *pictures: bytes, schedule: Schedule | None = None) -> ImageList:
    """A monitored list with these pictures."""
    made = await house.services.lists.create(house.caller, "watched", monitored=True, schedule=schedule)
    images = [ImageInput(f"picture {number}", data) for number, data in enumerate(pictures)]
    if not images:
        return made
    await house.services.lists.add_images(house.caller, made.id, images)
    return made


async def run_due(house: Home, expected: int = 1) -> None:
    """Let the clock's duty run, and wait until the searches it began are complete."""

    async def complete() -> bool:
        page = await house.services.searches.page(house.caller, limit=200)
        return all(search.complete for search in page.items)

    assert await house.services.monitoring.run_due_lists() == expected
    await until(complete, "the due searches")


async def recheck(house: Home, list_id: str) -> Match:
    """Look again at what is due, and give the one match of the list."""
    (before,) = await house.matches(list_id)
    checks = len(await house.services.matches.history(house.caller, before.id))
    assert await house.services.monitoring.run_due_checks() == 1

    async def looked() -> bool:
        return len(await house.services.matches.history(house.caller, before.id)) > checks

    await until(looked, "the recheck")
    (after,) = await house.matches(list_id)
    return after


@pytest.fixture
async def idle_home(tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    """A house with jobs, whose clock only the test turns; on both databases."""
    monkeypatch.setattr("copyhound.bootstrap._DUE_LISTS_SECONDS", 3600.0)
    monkeypatch.setattr("copyhound.bootstrap._DUE_CHECKS_SECONDS", 3600.0)
    async with home(tmp_path / "data", database_url) as opened:
        yield opened


async def test_only_what_is_new_is_told(idle_home: Home) -> None:
    """A second search of a monitored list tells the new copy alone, and the new domain alone."""
    made = await monitored(idle_home, photos.photo(1), schedule=Schedule(days=1))
    await idle_home.index("https://one.example.com/a.jpg", photos.resaved(1))
    idle_home.clock.turn(days=1)
    await run_due(idle_home)
    await idle_home.index("https://one.example.com/b.jpg", photos.cropped(1))
    await idle_home.index("https://two.example.org/c.jpg", photos.mirrored(1))
    idle_home.clock.turn(days=1)
    await run_due(idle_home)
    first, *later = [event["image_url"] for event in await idle_home.events("match_found")]
    assert first == "https://one.example.com/a.jpg"
    assert len(later) == 2
    assert [event["domain"] for event in await idle_home.events("new_domain_found")] == ["example.com", "example.org"]
    assert [event["new_matches"] for event in await idle_home.events("search_complete")] == [1, 2]
    assert len(await idle_home.matches(made.id)) == 3


async def test_a_slot_is_searched_once(idle_home: Home) -> None:
    """Two clocks at once begin one search for one slot."""
    await monitored(idle_home, photos.photo(1))
    idle_home.clock.turn(days=1)
    begun = await asyncio.gather(*(idle_home.services.monitoring.run_due_lists() for _ in range(5)))
    assert sum(begun) == 1
    assert len((await idle_home.services.searches.page(idle_home.caller)).items) == 1


async def test_slots_missed_while_down_are_made_up_for_once(idle_home: Home) -> None:
    """A list that was due ten times while nothing ran is searched once, and then waits for its next slot."""
    made = await monitored(idle_home, photos.photo(1), schedule=Schedule(days=1, at="03:00"))
    idle_home.clock.turn(days=10)
    await run_due(idle_home)
    await run_due(idle_home, expected=0)
    later = await idle_home.services.lists.get(idle_home.caller, made.id)
    assert later.next_run_at == datetime(2026, 3, 13, 3, 0, tzinfo=UTC)


async def test_a_list_without_images_completes(idle_home: Home) -> None:
    """A monitored list that is empty makes a search that is complete at once."""
    await monitored(idle_home)
    idle_home.clock.turn(days=1)
    await run_due(idle_home)


async def test_schedules_are_kept_in_their_time_zone(at_home: Home) -> None:
    """03:00 in Berlin is 02:00 UTC in winter; a cron line is read in its zone; switching off clears the due time."""
    lists, caller = at_home.services.lists, at_home.caller
    made = await lists.create(caller, "a", monitored=True, schedule=Schedule(days=1, timezone="Europe/Berlin"))
    assert made.next_run_at == datetime(2026, 3, 3, 2, 0, tzinfo=UTC)
    cron = ListChanges(schedule=Schedule(cron="30 18 * * 1", timezone="America/New_York"))
    assert (await lists.update(caller, made.id, cron)).next_run_at == datetime(2026, 3, 2, 23, 30, tzinfo=UTC)
    assert (await lists.update(caller, made.id, ListChanges(monitored=False))).next_run_at is None


@pytest.mark.parametrize("monitored", [True, False])
@pytest.mark.parametrize(
    "schedule",
    [Schedule(), Schedule(days=1, cron="* * * * *"), Schedule(cron="nonsense"), Schedule(days=1, timezone="Mars/One")],
)
async def test_bad_schedules_are_refused(at_home: Home, schedule: Schedule, monitored: bool) -> None:
    """Neither or both of days and cron, a broken cron line, and an unknown time zone are refused, also for a list
    that is not monitored yet."""
    with pytest.raises(CopyhoundError) as caught:
        await at_home.services.lists.create(at_home.caller, "a", monitored=monitored, schedule=schedule)
    assert caught.value.code == "invalid_request"


async def test_a_new_match_is_last_seen_when_it_is_first_seen(idle_home: Home) -> None:
    """A copy that the index saw a day before the search is seen, as a match, at the search: never before its first."""
    made = await monitored(idle_home, photos.photo(1))
    await idle_home.index("https://a.example.com/copy.jpg", photos.resaved(1))
    idle_home.clock.turn(days=1)
    await run_due(idle_home)
    (match,) = await idle_home.matches(made.id)
    assert match.last_seen == match.first_seen == idle_home.clock.time
    (told,) = await idle_home.events("match_found")
    assert told["last_seen"] == told["first_seen"]


async def test_a_copy_that_goes_and_comes_back_is_told(idle_home: Home, website: Website) -> None:
    """A recheck finds a copy gone (404), then another picture there, then itself again: each change is told once."""
    url = website.put("/copy.jpg", photos.resaved(1))
    made = await monitored(idle_home, photos.photo(1))
    await idle_home.index(url, photos.resaved(1))
    idle_home.clock.turn(days=1)
    await run_due(idle_home)
    first_seen = (await idle_home.matches(made.id))[0].first_seen
    for answer, status in (
        (photos.resaved(1), MatchStatus.online),
        (404, MatchStatus.removed),
        (photos.photo(12), MatchStatus.removed),
        (503, MatchStatus.removed),
        (photos.resaved(1), MatchStatus.online),
    ):
        website.put("/copy.jpg", answer)
        idle_home.clock.turn(days=8)
        match = await recheck(idle_home, made.id)
        assert match.status is status
    assert match.first_seen == first_seen
    assert match.last_seen == idle_home.clock.time
    assert len(await idle_home.events("match_removed")) == 1
    assert len(await idle_home.events("match_returned")) == 1
    history = await idle_home.services.matches.history(idle_home.caller, match.id)
    assert [line["result"] for line in history] == ["found", "verified", "removed", "absent", "unreachable", "returned"]


async def test_what_the_index_remembers_is_no_return(idle_home: Home, website: Website) -> None:
    """A search that finds a removed copy in the index, seen there before it went, leaves it removed."""
    url = website.put("/copy.jpg", photos.resaved(1))
    made = await monitored(idle_home, photos.photo(1))
    await idle_home.index(url, photos.resaved(1))
    idle_home.clock.turn(days=1)
    await run_due(idle_home)
    website.put("/copy.jpg", 410)
    idle_home.clock.turn(days=8)
    assert (await recheck(idle_home, made.id)).status is MatchStatus.removed
    await run_due(idle_home)
    assert (await idle_home.matches(made.id))[0].status is MatchStatus.removed
    assert await idle_home.events("match_returned") == []


async def test_a_decision_sticks(idle_home: Home) -> None:
    """What a person decided of a match is still there after it was found again."""
    made = await monitored(idle_home, photos.photo(1))
    await idle_home.index("https://one.example.com/a.jpg", photos.resaved(1))
    for _ in range(2):
        idle_home.clock.turn(days=1)
        await run_due(idle_home)
        (match,) = await idle_home.matches(made.id)
        await idle_home.services.matches.decide(idle_home.caller, match.id, Decision.allowed, "our own shop")
    (match,) = await idle_home.matches(made.id)
    assert (match.decision, match.note) == (Decision.allowed, "our own shop")


async def test_due_while_down_is_searched_when_up(tmp_path: Path) -> None:
    """A house that was shut when a list was due searches it once it is open, by its own clock."""
    clock = TestClock()
    async with home(tmp_path / "data", clock=clock) as house:
        await monitored(house, photos.photo(1))
    clock.turn(days=3)
    async with home(tmp_path / "data", clock=clock) as house:

        async def done() -> bool:
            return bool(await house.events("search_complete"))

        await until(done, "the search that was due")
        assert len((await house.services.searches.page(house.caller)).items) == 1
