"""The rules of sending webhooks: what an answer means, and when the next attempt is due. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Final, Protocol

import msgspec

DELAYS: Final = (0.0, 5.0, 300.0, 1800.0, 7200.0, 18000.0, 36000.0, 50400.0, 72000.0, 86400.0)
"""Seconds to wait before attempt 1, 2 ... 10; each counts from the attempt before it."""
MAX_ATTEMPTS: Final = len(DELAYS)
JITTER: Final = 0.2
DISABLE_AFTER: Final = timedelta(days=5)
KEPT_HEADERS: Final[tuple[str, ...]] = ("retry-after", "webhook-delivery")
_DAY: Final = 86400.0
_GONE: Final = 410


class SendResult(msgspec.Struct, frozen=True):
    """What came of one HTTP request. `status_code` is None where there was no answer; `error` then says why."""

    duration_ms: int
    status_code: int | None = None
    headers: dict[str, str] = {}
    """Names in lower case; only those of KEPT_HEADERS."""
    body: str = ""
    """The beginning of the answer, at most 2048 characters."""
    error: str | None = None
    """`code: sentence`, from the table of errors."""

    @property
    def ok(self) -> bool:
        """Whether the receiver took it: 2xx and nothing else."""
        return self.status_code is not None and 200 <= self.status_code < 300


class Sender(Protocol):
    """Signs and sends one webhook. Implemented by `copyhound.delivery`."""

    async def send(
        self,
        url: str,
        secrets: Sequence[bytes],
        event_id: str,
        body: bytes,
        now: datetime,
        *,
        content_type: str = "application/json",
    ) -> SendResult:
        """One signed request, never a redirect followed. Failures are results, not exceptions."""

    async def unsubscribe(self, url: str) -> None:
        """One DELETE, which tells the target that nothing more will come. What it answers is of no matter."""


class VerdictKind(StrEnum):
    """What follows from an attempt."""

    delivered = "delivered"
    retry = "retry"
    give_up = "give_up"
    """All attempts are used up, or the receiver wants no more of this one; the hook stays active."""
    unsubscribe = "unsubscribe"
    """The receiver said 410 Gone: the subscription is over."""
    disable = "disable"
    """The receiver asked for it; or an event has used up its attempts, and the hook has failed for five days."""


class Verdict(msgspec.Struct, frozen=True):
    """What follows from an attempt. `delay`: seconds until the next one, for `retry` only."""

    kind: VerdictKind
    delay: float = 0.0
    reason: str | None = None
    """One sentence for people: why it is given up, or why the hook ends."""
    ends_hook: bool = False
    """Whether the hook is disabled by it: also by a 2xx with `webhook-delivery: disable`."""


_ASKED: Final = "The receiver asked to be disabled."
_DELIVERED: Final = Verdict(VerdictKind.delivered)


def next_attempt(
    result: SendResult, *, delivery_id: str, number: int, now: datetime, failing_since: datetime | None = None
) -> Verdict:
    """Judge attempt `number` (from 1). `failing_since`: since when the hook has had no success, None where it has.

    3xx and 404 are failures like any other. `webhook-delivery: disable` counts in every answer, `abort-message` in
    those that are no success. Five days without a success count only once an event has used up its own attempts: a
    hook that was not sent anything since an old failure is not ended by the first one after it.
    """
    asked = result.headers.get("webhook-delivery", "").strip().lower()
    if result.ok:
        return Verdict(VerdictKind.delivered, reason=_ASKED, ends_hook=True) if asked == "disable" else _DELIVERED
    if result.status_code == _GONE:
        return Verdict(VerdictKind.unsubscribe, reason="The receiver answered 410 Gone.", ends_hook=True)
    if asked == "disable":
        return Verdict(VerdictKind.disable, reason=_ASKED, ends_hook=True)
    if asked == "abort-message":
        return Verdict(VerdictKind.give_up, reason="The receiver asked not to be sent it again.")
    if number < MAX_ATTEMPTS:
        return Verdict(VerdictKind.retry, delay=_delay(result, delivery_id, number + 1, now))
    if failing_since is not None and now - failing_since >= DISABLE_AFTER:
        reason = f"All attempts have failed for {DISABLE_AFTER.days} days."
        return Verdict(VerdictKind.disable, reason=reason, ends_hook=True)
    return Verdict(VerdictKind.give_up, reason=f"All {MAX_ATTEMPTS} attempts failed.")


def failing_since(result: SendResult, since: datetime | None, now: datetime) -> datetime | None:
    """The hook's clock after an attempt: a success resets it, the first failure starts it."""
    return None if result.ok else since or now


def take_slot(next_slot_at: datetime | None, max_per_minute: int, now: datetime) -> tuple[datetime, datetime]:
    """(when this request may go out, when the one after it may), evenly spread over the minute.

    >>> at = datetime(2026, 1, 1, tzinfo=UTC)
    >>> [str(slot.time()) for slot in take_slot(None, 20, at)]
    ['00:00:00', '00:00:03']
    """
    slot = now if next_slot_at is None else max(now, next_slot_at)
    return slot, slot + timedelta(minutes=1) / max_per_minute


def slot_delay(delivery_id: str, number: int) -> float:
    """Seconds before attempt `number`, up to 20 % more or less; the same for the same delivery and number."""
    if not 1 <= number <= MAX_ATTEMPTS:
        raise ValueError(f"there is no attempt {number}")
    digest = hashlib.sha256(f"{delivery_id}:{number}".encode()).digest()
    share = int.from_bytes(digest[:8]) / 2**64
    return DELAYS[number - 1] * (1 - JITTER + 2 * JITTER * share)


def retry_after(value: str, now: datetime) -> float | None:
    """Seconds that a Retry-After header asks for: a number, or a date. None where it is neither, or in no calendar."""
    text = value.strip()
    if text.isascii() and text.isdecimal():
        return float(text[:9])
    try:
        at = parsedate_to_datetime(text)
        return max(0.0, ((at if at.tzinfo else at.replace(tzinfo=UTC)) - now).total_seconds())
    except (ValueError, OverflowError):
        return None


def _delay(result: SendResult, delivery_id: str, number: int, now: datetime) -> float:
    slot = slot_delay(delivery_id, number)
    asked = retry_after(result.headers.get("retry-after", ""), now)
    return slot if asked is None else max(slot, min(asked, _DAY))
