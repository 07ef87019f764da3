"""How versions end: the promise, and the table that keeps it."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from copyhound.domain.lifecycle import (
    NATIVE,
    OLD_OPERATIONS,
    ApiVersion,
    Ending,
    Lifecycle,
    OldOperation,
    Use,
    earliest_sunset,
    may_go,
    state_of,
)

ANNOUNCED = date(2027, 1, 15)
SUNSET = date(2028, 1, 15)
OLD = ApiVersion(api="acme", version="1", prefix="/acme/1", announced=ANNOUNCED, sunset=SUNSET, successor="/acme/2")
NEW = ApiVersion(api="acme", version="2", prefix="/acme/2")
GOING = OldOperation(
    method="GET", path="/acme/2/pictures/{id}", announced=ANNOUNCED, sunset=SUNSET, successor="/acme/2/images/{id}"
)


def day(after_announcement: int) -> date:
    return ANNOUNCED + timedelta(days=after_announcement)


def test_the_native_table_keeps_the_promise() -> None:
    """All that is deprecated has a sunset at least twelve months after its announcement, and a note or successor."""
    for one in (*NATIVE, *OLD_OPERATIONS):
        if one.announced is not None:
            assert one.sunset is not None
            assert one.sunset >= earliest_sunset(one.announced)
            assert one.successor or one.note


def test_less_than_a_year_is_refused() -> None:
    """A sunset one day short of twelve months, or an announcement alone, cannot be written down."""
    with pytest.raises(ValueError, match="12 months"):
        Ending(announced=ANNOUNCED, sunset=SUNSET - timedelta(days=1))
    with pytest.raises(ValueError, match="go together"):
        Ending(announced=ANNOUNCED)
    with pytest.raises(ValueError, match="go together"):
        Ending(sunset=SUNSET)
    assert Ending(announced=ANNOUNCED, sunset=SUNSET).sunset == SUNSET


def test_a_year_from_a_leap_day() -> None:
    """Twelve months from 29 February end on 1 March."""
    assert earliest_sunset(date(2028, 2, 29)) == date(2029, 3, 1)


@pytest.mark.parametrize(
    ("today", "last_used", "expected"),
    [
        (SUNSET, SUNSET, True),  # the date has come, though it is used
        (SUNSET - timedelta(days=1), SUNSET - timedelta(days=1), False),
        (day(89), None, False),  # nobody has used it, but it was announced a moment ago
        (day(90), None, True),
        (day(100), day(11), False),
        (day(101), day(11), True),  # nobody has used it for 90 days
        (day(90), ANNOUNCED - timedelta(days=300), True),
    ],
)
def test_it_may_go_by_date_or_for_want_of_use(today: date, last_used: date | None, expected: bool) -> None:
    """A version may go when its sunset has come, or when nobody has used it for 90 days since its announcement."""
    assert may_go(OLD, today, last_used) is expected


def test_what_is_not_deprecated_never_goes() -> None:
    """Without an announcement nothing may go, used or not."""
    assert not may_go(NEW, date(2099, 1, 1), None)
    assert state_of(NEW, date(2099, 1, 1), None) == "current"


def test_the_states_follow_each_other() -> None:
    """Current until the announcement, then deprecated, then it may go."""
    assert state_of(OLD, ANNOUNCED - timedelta(days=1), None) == "current"
    assert state_of(OLD, ANNOUNCED, ANNOUNCED) == "deprecated"
    assert state_of(OLD, SUNSET, SUNSET) == "may_go"


def test_a_request_is_found_in_the_table() -> None:
    """A path belongs to the version with the longest prefix, and to a deprecated operation by method and template."""
    inner = ApiVersion(api="acme", version="2b", prefix="/acme/2/beta")
    table = Lifecycle([OLD, NEW, inner], [GOING])
    assert table.of("GET", "/acme/1/x") == [OLD]
    assert table.of("GET", "/acme/1") == [OLD]
    assert table.of("GET", "/acme/10") == []
    assert table.of("GET", "/acme/2/beta/x") == [inner]
    assert table.of("GET", "/acme/2/pictures/7") == [NEW, GOING]
    assert table.of("POST", "/acme/2/pictures/7") == [NEW]
    assert table.of("GET", "/acme/2/pictures/7/more") == [NEW]


def test_what_may_go_is_listed() -> None:
    """The table names what may be taken away, by either rule."""
    table = Lifecycle([OLD, NEW], [GOING])
    used = {OLD.key: Use(9, day(95)), NEW.key: Use(9, day(1))}
    assert table.may_go(day(100), used) == [GOING.key]
    assert table.may_go(SUNSET, used) == [OLD.key, GOING.key]


def test_uses_add_up() -> None:
    """Counts are added; the later day stays."""
    assert Use().with_more(2, day(1)).with_more(3, day(0)) == Use(5, day(1))
