"""When schedules are due, across changes of the clocks. Germany's go forward on 29 March 2026, back on 25 October."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest
from apscheduler.triggers.cron import CronTrigger

from copyhound.domain.errors import CopyhoundError
from copyhound.domain.lists import Schedule
from copyhound.jobs.calendar import WallCalendar

calendar = WallCalendar()
BERLIN = "Europe/Berlin"


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def series(schedule: Schedule, after: str, count: int) -> list[str]:
    """The next due times, each from the one before, as local time."""
    zone, due, found = ZoneInfo(schedule.timezone), utc(after), []
    for _ in range(count):
        due = calendar.next_after(schedule, due)
        assert due.utcoffset() == timedelta(0)
        found.append(due.astimezone(zone).strftime("%m-%d %H:%M%z"))
    return found


def test_days_begin_with_the_next_time_of_day() -> None:
    """However many days a schedule counts, the first slot is the next `at`: today's, or tomorrow's if that is over."""
    weekly = Schedule(days=7, at="03:00")
    assert calendar.next_after(weekly, utc("2026-01-01T02:59:59")) == utc("2026-01-01T03:00")
    assert calendar.next_after(weekly, utc("2026-01-01T03:00:00.000001")) == utc("2026-01-02T03:00")


def test_days_go_on_from_the_last_slot() -> None:
    """From a slot on, the next ones come every so many days."""
    assert series(Schedule(days=7, at="03:00"), "2026-01-01T00:00", 3) == [
        "01-01 03:00+0000",
        "01-08 03:00+0000",
        "01-15 03:00+0000",
    ]


def test_missed_slots_are_left_out() -> None:
    """After a long pause the series goes on in its own rhythm, with the first slot that is still to come."""
    weekly = Schedule(days=7, at="03:00")
    last = utc("2026-01-01T03:00")
    assert calendar.next_after(weekly, utc("2026-03-05T02:00"), last) == utc("2026-03-05T03:00")
    assert calendar.next_after(weekly, utc("2026-03-05T03:00"), last) == utc("2026-03-12T03:00")
    assert calendar.next_after(weekly, utc("2036-03-05T10:00"), last) > utc("2036-03-05T10:00")
    assert calendar.next_after(weekly, last, last) == utc("2026-01-08T03:00")


def test_a_slot_done_a_moment_late_keeps_the_rhythm() -> None:
    """A weekly list whose search begins seconds after its slot is due a week after that slot, not the next day."""
    weekly = Schedule(days=7, at="03:00")
    slot = utc("2026-01-01T03:00")
    assert calendar.next_after(weekly, slot + timedelta(seconds=4), slot) == utc("2026-01-08T03:00")


def test_a_changed_time_of_day_counts_from_the_last_slot() -> None:
    """A last slot at another time of day, as before a change of the schedule, still says on which day it goes on."""
    slot = utc("2026-01-01T03:00")
    assert calendar.next_after(Schedule(days=7, at="09:00"), slot, slot) == utc("2026-01-08T09:00")
    assert calendar.next_after(Schedule(days=7, at="01:00"), slot, slot) == utc("2026-01-08T01:00")


def test_daily_time_that_the_clocks_skip() -> None:
    """02:30 does not exist on 29 March: the list is due at 03:30 that day, once, and at 02:30 again the day after."""
    assert series(Schedule(days=1, at="02:30", timezone=BERLIN), "2026-03-27T12:00", 4) == [
        "03-28 02:30+0100",
        "03-29 03:30+0200",
        "03-30 02:30+0200",
        "03-31 02:30+0200",
    ]


def test_daily_time_that_comes_twice() -> None:
    """02:30 comes twice on 25 October: the list is due the first time only."""
    assert series(Schedule(days=1, at="02:30", timezone=BERLIN), "2026-10-23T12:00", 4) == [
        "10-24 02:30+0200",
        "10-25 02:30+0200",
        "10-26 02:30+0100",
        "10-27 02:30+0100",
    ]


def test_weekly_stays_at_its_time_of_day() -> None:
    """Over a change of the clocks, seven days are seven local days, not 168 hours."""
    assert series(Schedule(days=7, at="09:00", timezone=BERLIN), "2026-03-22T12:00", 2) == [
        "03-23 09:00+0100",
        "03-30 09:00+0200",
    ]


def test_cron_across_the_change() -> None:
    """A cron line that names its hour is due once a day on both days of change."""
    nightly = Schedule(cron="30 2 * * *", timezone=BERLIN)
    assert series(nightly, "2026-03-28T12:00", 2) == ["03-29 03:30+0200", "03-30 02:30+0200"]
    assert series(nightly, "2026-10-24T12:00", 2) == ["10-25 02:30+0200", "10-26 02:30+0100"]


def test_cron_every_half_hour_across_the_change() -> None:
    """A cron line for every hour goes on at its pace while the clocks repeat an hour."""
    assert series(Schedule(cron="*/30 * * * *", timezone=BERLIN), "2026-10-25T00:10", 4) == [
        "10-25 02:30+0200",
        "10-25 02:00+0100",
        "10-25 02:30+0100",
        "10-25 03:00+0100",
    ]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("0 6 * * 0", ["01-04", "01-11"]),
        ("0 6 * * 7", ["01-04", "01-11"]),
        ("0 6 * * 1", ["01-05", "01-12"]),
        ("0 6 * * 5-7", ["01-02", "01-03", "01-04", "01-09"]),
        ("0 6 * * MON-FRI", ["01-01", "01-02", "01-05", "01-06"]),
        ("0 6 * * sat-mon", ["01-03", "01-04", "01-05", "01-10"]),
        ("0 6 * * */3", ["01-03", "01-04", "01-07", "01-10"]),
        ("0 6 1,15 * *", ["01-01", "01-15", "02-01"]),
        ("0 6 13 * 5", ["01-02", "01-09", "01-13", "01-16"]),
        ("@weekly", ["01-04", "01-11"]),
    ],
)
def test_cron_speaks_crontab(line: str, expected: list[str]) -> None:
    """Weekdays count from Sunday, wrap around, and where day and weekday are both given, either will do."""
    assert [due[:5] for due in series(Schedule(cron=line), "2026-01-01T00:00", len(expected))] == expected


@pytest.mark.parametrize(
    "schedule",
    [
        Schedule(cron="* * *"),
        Schedule(cron="61 * * * *"),
        Schedule(cron="a b c d e"),
        Schedule(cron="0 0 * * 8"),
        Schedule(cron="0 0 * * mon-"),
        Schedule(cron="0 0 * * */0"),
        Schedule(cron="0 0 * * */x"),
        Schedule(cron="*/0 * * * *"),
        Schedule(cron="0 0 30 2 *"),
        Schedule(cron=""),
        Schedule(days=1, timezone="Europe/Atlantis"),
        Schedule(days=1, timezone="../../etc/passwd"),
        Schedule(days=1, timezone=""),
        Schedule(days=1, cron="* * * * *"),
        Schedule(),
    ],
)
def test_wrong_schedules_are_refused(schedule: Schedule) -> None:
    """A wrong cron line, one that is never due, and an unknown time zone are all an invalid request."""
    with pytest.raises(CopyhoundError) as caught:
        calendar.next_after(schedule, utc("2026-01-01T00:00"))
    assert caught.value.code == "invalid_request"


@pytest.mark.parametrize("zone", ["UTC", BERLIN, "America/New_York", "Australia/Lord_Howe", "Pacific/Apia"])
@pytest.mark.parametrize(
    "schedule", [{"days": 1, "at": "02:30"}, {"cron": "15 */6 * * *"}, {"days": 30, "at": "00:00"}]
)
def test_always_later_and_never_twice(zone: str, schedule: dict[str, object]) -> None:
    """Over a year and in any zone, each due time is later than the one before, and none is more than 32 days off."""
    plan = Schedule(timezone=zone, **schedule)  # type: ignore[arg-type]
    due = utc("2026-01-01T00:00")
    while due < utc("2027-01-01T00:00"):
        following = calendar.next_after(plan, due)
        assert timedelta(0) < following - due <= timedelta(days=32)
        due = following


@pytest.mark.parametrize("at", ["03:00\n", "0\u0663:00", "3:00", "24:00", "\u0660\u0663:00", "03:00Z\n", ""])
def test_a_time_of_day_is_five_ascii_characters(at: str) -> None:
    """Neither a client's schedule nor a stored one gets through with another time of day."""
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"days": 1, "at": at}, Schedule)


@pytest.mark.parametrize("at", ["03:00\n", "noon", "25:00"])
def test_a_stored_time_of_day_that_is_none_is_told(at: str) -> None:
    """A time of day that cannot be read is `invalid_request`, whoever wrote it."""
    with pytest.raises(CopyhoundError, match="time of day"):
        calendar.next_after(Schedule(days=1, at=at), utc("2026-01-01T00:00"))


@pytest.mark.parametrize(
    "name", ["localtime", "LocalTime", "posixrules", "Factory", "factory", "right/Europe/Berlin", "posix/UTC"]
)
def test_what_lies_beside_the_zones_is_no_zone(name: str) -> None:
    """`localtime` means something else on every server; so do rules, a placeholder, and zones with leap seconds."""
    with pytest.raises(CopyhoundError, match="no time zone"):
        calendar.next_after(Schedule(days=1, timezone=name), utc("2026-01-01T00:00"))


@pytest.mark.parametrize("line", ["*/1000 * * * *", "0 0 * * 1/99999999999", "1000 * * * *", "\u0663 * * * *"])
def test_long_and_foreign_numbers_in_cron_lines_are_refused(line: str) -> None:
    """A number of more than three digits, or in other digits, is never right in a cron line."""
    with pytest.raises(CopyhoundError, match="digits"):
        calendar.next_after(Schedule(cron=line), utc("2026-01-01T00:00"))


@pytest.mark.parametrize("line", ["0 0 31 2 *", "0 0 30 2 *", "0 0 31 4,6,9,11 *", "0 0 31 feb *", "* * 30-31 2 *"])
def test_lines_that_never_fire_are_refused_at_once(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A day that none of the months has is told without a search through all years to come."""
    monkeypatch.setattr(CronTrigger, "get_next_fire_time", lambda *_: pytest.fail("it was searched for"))
    with pytest.raises(CopyhoundError, match="never due"):
        calendar.next_after(Schedule(cron=line), utc("2026-01-01T00:00"))


def test_rare_days_are_still_due() -> None:
    """The 29th of February is, in leap years; and a weekday is where the day beside it never comes."""
    assert calendar.next_after(Schedule(cron="0 0 29 2 *"), utc("2097-01-01T00:00")) == utc("2104-02-29T00:00")
    assert calendar.next_after(Schedule(cron="0 0 30 2 1"), utc("2026-01-01T00:00")) == utc("2026-02-02T00:00")
