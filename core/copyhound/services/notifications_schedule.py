"""When a notification is due, and when it may not be sent."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec

from copyhound.domain.errors import CopyhoundError
from copyhound.domain.lists import Schedule
from copyhound.domain.notifications import DigestSchedule, Notification, QuietHours
from copyhound.services.kit import Kit

_MAX_DAYS: Final = 365
_DAY_HOURS: Final = 24


def first_due(kit: Kit, schedule: DigestSchedule, quiet: QuietHours | None) -> dict[str, Any]:
    """`slot_at` and `next_at` of a new notification. Raises CopyhoundError invalid_request."""
    _check_quiet(kit, quiet)
    slot = kit.calendar.next_after(_plain(schedule), kit.now())
    return {"slot_at": slot, "next_at": released(quiet, schedule, slot)}


def changed_due(kit: Kit, item: Notification, schedule: DigestSchedule, quiet: QuietHours | None) -> dict[str, Any]:
    """The same where schedule or quiet hours are changed: what is held stays due, and no day is told twice."""
    _check_quiet(kit, quiet)
    slot = item.slot_at or item.next_at
    if schedule != item.schedule:
        changed = msgspec.structs.replace(item, schedule=schedule, quiet_hours=quiet)
        slot = next_slot(kit, changed, item.last_slot_at, item.last_slot_at)
    return {"slot_at": slot, "next_at": released(quiet, schedule, slot)}


def next_slot(
    kit: Kit, item: Notification, series: datetime | None = None, told_at: datetime | None = None
) -> datetime:
    """When it is due next by its schedule, counted from `series`, the slot before.

    What is told once a day is not told on the day of `told_at` again. Raises CopyhoundError invalid_request.
    """
    schedule, plain = item.schedule, _plain(item.schedule)
    slot = kit.calendar.next_after(plain, kit.now(), series)
    if schedule.hours is not None or told_at is None:
        return slot
    zone = ZoneInfo(schedule.timezone)
    day = told_at.astimezone(zone).date()
    if released(item.quiet_hours, schedule, slot).astimezone(zone).date() == day:
        return kit.calendar.next_after(plain, slot, series)
    return slot


def released(quiet: QuietHours | None, schedule: DigestSchedule, moment: datetime) -> datetime:
    """`moment`, UTC, or the end of the quiet hours that it lies in. Both clocks are local ones."""
    if quiet is None:
        return moment
    zone = ZoneInfo(quiet.timezone or schedule.timezone)
    local, start, end = moment.astimezone(zone), time.fromisoformat(quiet.start), time.fromisoformat(quiet.end)
    clock, overnight = local.time(), start > end
    if not (clock >= start or clock < end if overnight else start <= clock < end):
        return moment
    day = local.date() + timedelta(days=1) if overnight and clock >= start else local.date()
    # an end that comes twice, as the clocks are put back, may be behind us once
    return next((one for one in _moments(datetime.combine(day, end, zone)) if one > moment), moment)


def _moments(local: datetime) -> list[datetime]:
    """When the local clock shows a time, UTC, earliest first; where it is skipped: when the clock goes past it."""
    early, late = sorted(local.replace(fold=fold).astimezone(UTC) for fold in (0, 1))
    if late.astimezone(local.tzinfo).replace(tzinfo=None) == local.replace(tzinfo=None):
        return [early, late]
    before = early.astimezone(local.tzinfo).utcoffset()
    while late - early > timedelta(microseconds=1):
        middle = early + (late - early) / 2
        if middle.astimezone(local.tzinfo).utcoffset() == before:
            early = middle
        else:
            late = middle
    return [late]


def _check_quiet(kit: Kit, quiet: QuietHours | None) -> None:
    if quiet is None:
        return
    if quiet.start == quiet.end:
        raise CopyhoundError("invalid_request", "Quiet hours that end when they begin would last for ever.")
    # the calendar knows which times and zones there are
    for at in (quiet.start, quiet.end):
        kit.calendar.next_after(Schedule(days=1, at=at, timezone=quiet.timezone or "UTC"), kit.now())


def _plain(schedule: DigestSchedule) -> Schedule:
    """The same as the calendar has it. Raises CopyhoundError invalid_request."""
    if not 1 <= schedule.days <= _MAX_DAYS:
        raise CopyhoundError("invalid_request", f"A schedule has from 1 to {_MAX_DAYS} days.")
    if schedule.hours is None and not schedule.weekdays:
        return Schedule(days=schedule.days, at=schedule.at, timezone=schedule.timezone)
    if schedule.days != 1:
        raise CopyhoundError("invalid_request", "A schedule has either days, or hours and weekdays.")
    at = _time(schedule.at)
    days = ",".join(dict.fromkeys(schedule.weekdays)) or "*"
    return Schedule(cron=f"{at.minute} {_hours(at.hour, schedule.hours)} * * {days}", timezone=schedule.timezone)


def _hours(first: int, step: int | None) -> str:
    if step is None:
        return str(first)
    if step == 1:
        return "*"
    return ",".join(str(hour) for hour in range(first % step, _DAY_HOURS, step))


def _time(text: str) -> time:
    try:
        return time.fromisoformat(text)
    except ValueError:
        raise CopyhoundError("invalid_request", f"{text!r} is no time of day, such as 08:00.") from None
