"""Helpers for providers that ask a web service: what went wrong becomes the right outcome."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final, TypeVar

import httpx
import msgspec

from copyhound.domain.searches import Outcome

T = TypeVar("T")
_CAPTCHA: Final = re.compile(
    r"captcha|are you a (?:robot|human)|not a robot|unusual traffic|verify (?:that )?you are human|"
    r"access denied|checking your browser|automated (?:queries|requests)",
    re.IGNORECASE,
)
_LOOKED_AT: Final = 20_000
_BLOCKED: Final = (401, 403, 407, 451)
_QUOTA: Final = (402, 429)
_PICTURE: Final = (413, 415, 422)


class ProviderError(Exception):
    """Raised by a provider's search instead of returning an Answer that failed."""

    def __init__(self, outcome: Outcome, reason: str, *, retry_after: float | None = None) -> None:
        self.outcome = outcome
        self.reason = reason
        self.retry_after = retry_after
        super().__init__(reason)


def read_json(response: httpx.Response, kind: type[T]) -> T:
    """The body of a good answer, as `kind`; required fields keep errors inside a 200 from being taken for results.

    Raises ProviderError: `blocked` (401, 403, a captcha page), `quota` (402, 429), `invalid_image` (413, 415, 422),
    and `transient` for all else, such as 5xx, an empty body, broken JSON, or JSON of another shape.
    """
    refuse_failures(response)
    try:
        return msgspec.json.decode(response.content, type=kind)
    except msgspec.ValidationError as error:
        reason = _error_inside(response.content) or f"The answer has an unexpected shape: {error}"
        raise ProviderError(Outcome.transient, reason) from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise _no_json(response) from None
    except RecursionError:
        raise ProviderError(Outcome.transient, "The service answered with JSON that is nested too deeply.") from None


def refuse_failures(response: httpx.Response) -> None:
    """Returns for a 2xx answer. Raises ProviderError with the outcome that the status stands for."""
    if response.is_success:
        return
    raise ProviderError(
        _outcome(response),
        f"The service answered with HTTP status {response.status_code}.",
        retry_after=retry_after(response),
    )


def retry_after(response: httpx.Response, now: datetime | None = None) -> float | None:
    """Seconds from a Retry-After header, be it a number or a date; None where there is none."""
    text = response.headers.get("retry-after", "").strip()
    if text.isdecimal():
        return float(text[:9])
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - (now or datetime.now(UTC))).total_seconds())


def _outcome(response: httpx.Response) -> Outcome:
    status = response.status_code
    if status in _QUOTA:
        return Outcome.quota
    if status in _BLOCKED or _CAPTCHA.search(response.text[:_LOOKED_AT]):
        return Outcome.blocked
    return Outcome.invalid_image if status in _PICTURE else Outcome.transient


def _no_json(response: httpx.Response) -> ProviderError:
    if _CAPTCHA.search(response.text[:_LOOKED_AT]):
        return ProviderError(Outcome.blocked, "The service answered with a page that asks for a human.")
    what = "an empty body" if not response.content.strip() else "something that is not JSON"
    return ProviderError(Outcome.transient, f"The service answered with {what}.")


def _error_inside(content: bytes) -> str | None:
    try:
        body: Any = msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):  # the shape was wrong before its end was read
        return None
    found = body.get("error") or body.get("errors") or body.get("message") if isinstance(body, dict) else None
    if not found:
        return None
    text = found if isinstance(found, str) else msgspec.json.encode(found).decode()
    return f"The service answered with an error: {text:.300}"
