"""When a schedule is due: local wall-clock times, right across changes of the clocks. Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from apscheduler.triggers.cron import CronTrigger

from copyhound.domain.errors import CopyhoundError
from copyhound.domain.lists import Schedule

_WEEKDAYS: Final = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_CRON_FIELDS: Final = 5
_LONG_NUMBER: Final = re.compile(r"[0-9]{4}")
_LEAP_YEAR: Final = 2024
_DAY_FIELD = CronTrigger.FIELD_NAMES.index("day")
_MONTH_FIELD = CronTrigger.FIELD_NAMES.index("month")
_MACROS: Final = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
}
_NO_ZONES: Final = ("localtime", "posixrules", "factory", "posix/", "right/")
"""Files beside the zones: the server's own zone, whatever that is today, and copies that count leap seconds or not."""


class WallCalendar:
    """Implements `copyhound.domain.ports.Calendar`."""

    def next_after(self, schedule: Schedule, after: datetime, last: datetime | None = None) -> datetime:
        """The first due time after `after`, UTC.

        With `days`: the next time of day `at`, and from then on every so many days. `last`, the slot that was due
        before, says where the series stands; an `after` that is a time `at` itself counts as one. Slots that lie
        before `after` are left out, not made up for. A time that the clocks skip is due as much later as they are
        put forward; one that comes twice is due once, the first time.
        Raises CopyhoundError invalid_request where cron line or time zone is wrong.
        """
        if (schedule.cron is None) == (schedule.days is None):
            raise CopyhoundError("invalid_request", "A schedule has either days or cron.")
        zone = _zone(schedule.timezone)
        if schedule.cron is not None:
            return _next_cron(schedule.cron, zone, after)
        return _next_days(schedule, zone, after, last)


def _next_days(schedule: Schedule, zone: ZoneInfo, after: datetime, last: datetime | None) -> datetime:
    at = _time_of_day(schedule.at)
    day = after.astimezone(zone).date()
    step = timedelta(days=1)
    if last is None and _utc(datetime.combine(day, at, zone)) == after:
        last = after
    if last is not None:
        step = timedelta(days=schedule.days or 1)
        first = last.astimezone(zone).date()
        # straight to the neighbourhood of `after`, however long ago the last slot was
        day = first + max(1, (day - first) // step) * step
    while (due := _utc(datetime.combine(day, at, zone))) <= after:
        day += step
    return due


def _time_of_day(text: str) -> time:
    try:
        return time.fromisoformat(text)
    except ValueError:
        raise CopyhoundError("invalid_request", f"{text!r} is no time of day, such as 03:00.") from None


def _next_cron(line: str, zone: ZoneInfo, after: datetime) -> datetime:
    due = [found for trigger, once in _triggers(line, zone) if (found := _fire(trigger, zone, after, once=once))]
    if not due:
        raise _never(line)
    return min(due)


def _never(line: str) -> CopyhoundError:
    return CopyhoundError("invalid_request", f"The cron line {line!r} is never due: no such day is in any such month.")


def _fire(trigger: CronTrigger, zone: ZoneInfo, after: datetime, *, once: bool) -> datetime | None:
    moment = after
    while True:
        later = (moment.astimezone(UTC) + timedelta(microseconds=1)).astimezone(zone)
        found: datetime | None = trigger.get_next_fire_time(None, later)
        if found is None or not (once and found.fold):
            return found and _utc(found)
        moment = found  # the same time of day again, as the clocks are put back


@lru_cache(maxsize=256)
def _triggers(line: str, zone: ZoneInfo) -> tuple[tuple[CronTrigger, bool], ...]:
    """A cron line as triggers, the first of which counts; with each, whether it names hours and so is due once a day
    even when the clocks are put back."""
    fields = _MACROS.get(line.strip().lower(), line).split()
    if len(fields) != _CRON_FIELDS:
        raise CopyhoundError("invalid_request", f"The cron line {line!r} does not have five fields.")
    if not line.isascii() or _LONG_NUMBER.search(line):
        raise CopyhoundError("invalid_request", f"The cron line {line!r} has other than ASCII digits, or over three.")
    minute, hour, day, month, weekday = fields
    # as crontab has it: where both day and weekday are given, either will do
    either = not day.startswith("*") and not weekday.startswith("*")
    pairs = [(day, "*"), ("*", weekday)] if either else [(day, weekday)]
    try:
        every = [_trigger(minute, hour, d, month, w, zone) for d, w in pairs]
    except ValueError as error:
        raise CopyhoundError("invalid_request", f"The cron line {line!r} is not right: {error}.") from None
    # one that is never due would be looked for up to the year 9999, each time
    if not (some := [trigger for trigger in every if _has_days(trigger)]):
        raise _never(line)
    return tuple((trigger, not hour.startswith("*")) for trigger in some)


def _has_days(trigger: CronTrigger) -> bool:
    """Whether any of its months, in a leap year, has any of its days."""
    months = [datetime(_LEAP_YEAR, number, 1, tzinfo=UTC) for number in range(1, 13)]
    day, month = trigger.fields[_DAY_FIELD], trigger.fields[_MONTH_FIELD]
    return any(month.get_next_value(at) == at.month and day.get_next_value(at) is not None for at in months)


def _trigger(minute: str, hour: str, day: str, month: str, weekday: str, zone: ZoneInfo) -> CronTrigger:
    days = None if weekday == "*" else ",".join(_weekday_names(weekday))
    return CronTrigger(
        minute=minute, hour=hour, day=day, month=month.lower(), day_of_week=days, second=0, timezone=zone
    )


def _weekday_names(field: str) -> list[str]:
    """The weekdays of a crontab field by name: APScheduler counts from Monday, crontab from Sunday."""
    found: set[int] = set()
    for part in field.lower().split(","):
        span, _, step = part.partition("/")
        first, dash, last = ("0", "-", "6") if span == "*" else span.partition("-")
        start = _weekday(first)
        end = _weekday(last) if dash else (6 if step else start)
        if end < start:
            end += 7
        found.update(number % 7 for number in range(start, end + 1, int(step or 1)))
    return [_WEEKDAYS[number] for number in sorted(found)]


def _weekday(name: str) -> int:
    if name in _WEEKDAYS:
        return _WEEKDAYS.index(name)
    if name.isdecimal() and int(name) <= 7:
        return int(name)
    raise ValueError(f"{name!r} is no weekday")


def _zone(name: str) -> ZoneInfo:
    try:
        if name.lower().startswith(_NO_ZONES):
            raise ValueError(name)
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise CopyhoundError("invalid_request", f"There is no time zone {name!r}.") from None


def _utc(local: datetime) -> datetime:
    return local.astimezone(UTC)
