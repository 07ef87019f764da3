"""The rules of retrying (decision 15)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from copyhound.domain.deliveries import (
    DELAYS,
    MAX_ATTEMPTS,
    SendResult,
    Verdict,
    VerdictKind,
    failing_since,
    next_attempt,
    retry_after,
    slot_delay,
)

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def judge(status: int | None, number: int = 1, since: datetime | None = None, **headers: str) -> Verdict:
    result = SendResult(1, status, {name.replace("_", "-"): value for name, value in headers.items()})
    return next_attempt(result, delivery_id="delivery:e:h", number=number, now=NOW, failing_since=since)


def test_ten_attempts_over_about_three_days() -> None:
    """There are ten attempts, the first at once, the last after three days and some hours."""
    assert MAX_ATTEMPTS == 10
    assert slot_delay("d", 1) == 0
    assert sum(DELAYS) == pytest.approx(timedelta(hours=75, minutes=35, seconds=5).total_seconds())


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_2xx_is_delivered(status: int) -> None:
    """Every 2xx counts as taken, whatever headers come with it."""
    assert judge(status, webhook_delivery="abort-message") == Verdict(VerdictKind.delivered)
    assert judge(status, webhook_delivery="disable").kind is VerdictKind.delivered


@pytest.mark.parametrize("status", [None, 100, 301, 302, 304, 400, 401, 404, 429, 500, 503])
def test_everything_else_is_retried(status: int | None) -> None:
    """No answer, redirects, 404 and all other errors are failures that are tried again."""
    assert judge(status).kind is VerdictKind.retry


def test_410_unsubscribes() -> None:
    """410 Gone ends the subscription at once, even at the last attempt."""
    assert judge(410).kind is VerdictKind.unsubscribe
    assert judge(410, number=10).kind is VerdictKind.unsubscribe


def test_receiver_can_ask_to_be_disabled() -> None:
    """Any answer with `webhook-delivery: disable` ends the hook; other values mean nothing."""
    assert judge(500, webhook_delivery=" Disable ").kind is VerdictKind.disable
    assert judge(500, webhook_delivery=" Disable ").ends_hook
    assert judge(200, webhook_delivery="disable").ends_hook
    assert not judge(200).ends_hook
    assert judge(500, webhook_delivery="enable").kind is VerdictKind.retry


def test_receiver_can_refuse_one_message() -> None:
    """A failure with `webhook-delivery: abort-message` is given up; the hook lives: its receiver answers."""
    verdict = judge(422, webhook_delivery="abort-message")
    assert (verdict.kind, verdict.ends_hook) == (VerdictKind.give_up, False)
    late = judge(422, since=NOW - timedelta(days=5), webhook_delivery="abort-message")
    assert (late.kind, late.ends_hook) == (VerdictKind.give_up, False)


@pytest.mark.parametrize("number", range(1, 10))
def test_delay_is_the_next_slot_with_jitter(number: int) -> None:
    """After attempt n comes slot n+1, at most 20 % early or late, and the same when it is worked out again."""
    delay = judge(500, number=number).delay
    assert 0.8 * DELAYS[number] <= delay <= 1.2 * DELAYS[number]
    assert delay == judge(500, number=number).delay


def test_jitter_spreads_deliveries() -> None:
    """Deliveries that failed together don't come back together."""
    delays = [slot_delay(f"delivery:{n}:h", 5) for n in range(500)]
    assert len(set(delays)) == 500
    assert min(delays) < 0.85 * DELAYS[4]
    assert max(delays) > 1.15 * DELAYS[4]


def test_gives_up_after_the_tenth() -> None:
    """The tenth failure is the last; there is no eleventh slot."""
    assert judge(500, number=9).kind is VerdictKind.retry
    assert judge(500, number=10).kind is VerdictKind.give_up
    with pytest.raises(ValueError, match="no attempt 11"):
        slot_delay("d", 11)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("120", 120.0),
        ("1", slot_delay("delivery:e:h", 2)),
        ("999999999999", 86400.0),
        ("soon", None),
        ("-5", None),
        ("Mon, 01 Jan 9999999999 00:00:00 GMT", None),
        ("Mon, 01 Jan 99999999999999999999 00:00:00 GMT", None),
        ("Mon, 01 Jan 2026 00:00:00 +99999999999999999", None),
        ("Mon, 99999999999999999999 Jan 2026 00:00:00 GMT", None),
        ("Fri, 31 Dec 9999 23:59:59 -2359", 86400.0),
        ("Mon, 01 Jan 0001 00:00:00 +2359", slot_delay("delivery:e:h", 2)),
    ],
)
def test_retry_after_in_seconds(asked: str, expected: float | None) -> None:
    """Retry-After is obeyed between the slot and a day; nonsense is ignored."""
    slot = slot_delay("delivery:e:h", 2)
    assert judge(503, retry_after=asked).delay == pytest.approx(slot if expected is None else expected)


def test_retry_after_as_a_date() -> None:
    """Retry-After may be a date; one in the past asks for nothing."""
    assert retry_after(format_datetime(NOW + timedelta(minutes=10), usegmt=True), NOW) == 600
    assert retry_after(format_datetime(NOW - timedelta(minutes=10), usegmt=True), NOW) == 0


def test_retry_after_never_shortens_the_last_slots() -> None:
    """The cap of a day does not pull a slot forward that is later than that by jitter."""
    late = next(f"d{n}" for n in range(100) if slot_delay(f"d{n}", 10) > 86400)
    result = SendResult(1, 503, {"retry-after": "999999"})
    assert next_attempt(result, delivery_id=late, number=9, now=NOW).delay == slot_delay(late, 10)


def test_disabled_after_five_days_of_failures() -> None:
    """The last attempt of an event ends a hook that has had failures only for five days; a second less ends none."""
    since = NOW - timedelta(days=5)
    assert (judge(500, 10, since).kind, judge(500, 10, since).ends_hook) == (VerdictKind.disable, True)
    assert judge(500, 10, since + timedelta(seconds=1)).kind is VerdictKind.give_up
    assert judge(200, 10, NOW - timedelta(days=9)).kind is VerdictKind.delivered


@pytest.mark.parametrize("number", [1, 2, 9])
def test_an_old_outage_ends_no_hook_at_the_next_blip(number: int) -> None:
    """However long ago the last success was: an event has all of its own attempts first."""
    assert judge(500, number, NOW - timedelta(days=30)).kind is VerdictKind.retry


def test_clock_of_failures() -> None:
    """The first failure starts the clock, later ones leave it, a success resets it."""
    bad, good = SendResult(1, 500), SendResult(1, 200)
    started = failing_since(bad, None, NOW)
    assert started == NOW
    assert failing_since(bad, started, NOW + timedelta(days=1)) == NOW
    assert failing_since(good, started, NOW) is None
