"""What stands between the core and a plugin's calls: time, number, pace, retries, and a breaker."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, Final, Literal, TypeVar

import msgspec

from copyhound.domain.errors import CopyhoundError
from copyhound.plugin_api.types import Answer, Outcome, ProviderLimits
from copyhound.plugin_host.lane import Ended, Lane, TimedOutError, WedgedError
from copyhound.plugin_host.settings import scrub
from copyhound.plugin_host.valves import Breaker, Pace, Slots
from copyhound.plugin_host.vetting import FaultySpecError, brief

T = TypeVar("T")
Health = Literal["ready", "failing", "open", "misconfigured"]
Sleep = Callable[[float], Awaitable[None]]
_OPERATORS: Final = frozenset({"index_version_mismatch", "settings_invalid"})
"""Errors that stay until an operator does what their hint says."""


class GuardRules(msgspec.Struct, frozen=True):
    """How patient the core is with plugins."""

    breaker_failures: int = 5
    """As many failures in a row open the breaker."""
    breaker_seconds: float = 60.0
    """How long it stays open before one call is let through."""
    backoff_seconds: float = 0.5
    """Before the first retry; doubled for each further one. 0 in tests."""
    max_wait_seconds: float = 10.0
    """A longer wait (for the pace, or asked for by the service) is answered at once, with `retry_after`."""


class Counters(msgspec.Struct):
    """What happened to a plugin's calls since the process started."""

    calls: int = 0
    failures: int = 0
    timeouts: int = 0
    blocked: int = 0
    """Calls that blocked their event loop."""
    longest_block_seconds: float = 0.0
    consecutive_failures: int = 0
    latency_seconds: float | None = None
    """Of the last call."""
    last_error: str | None = None
    last_error_at: datetime | None = None
    last_success_at: datetime | None = None


class PluginFault(Exception):  # noqa: N818 - a fault is what it is called all over this room
    """A call that failed; the text says how, without secrets. A lie is no use to `retry`.

    `lasting`: it fails until an operator does something, through no fault of the service.
    """

    def __init__(self, reason: str, *, retry: bool = True, lasting: bool = False) -> None:
        self.retry = retry
        self.lasting = lasting
        super().__init__(reason)


class Guard:
    """Guards the calls of one specification. Usable from any event loop of the process."""

    def __init__(
        self,
        name: str,
        limits: ProviderLimits,
        *,
        lane: Lane,
        now: Callable[[], datetime],
        secrets: tuple[str, ...] = (),
        rules: GuardRules | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self.name = name
        self.counters = Counters()
        self._limits = limits
        self._lane = lane
        self._now = now
        self._secrets = secrets
        self._rules = rules or GuardRules()
        self._sleep = sleep
        self._clock = clock
        self._paused_as = Outcome.quota
        self._slots = Slots(limits.concurrency)
        self._pace = Pace(limits.per_minute, clock)
        self._breaker = Breaker(self._rules.breaker_failures, self._rules.breaker_seconds, clock)

    @property
    def health(self) -> Health:
        """`open` while the breaker or a quota keeps callers off, `failing` after a failure, else `ready`."""
        if self._breaker.is_open:
            return "open"
        return "failing" if self.counters.consecutive_failures else "ready"

    @property
    def broken(self) -> bool:
        """Whether the breaker keeps callers off for failures, not because the service asked for a pause."""
        return self._breaker.is_open and self._breaker.failures > 0

    async def call(self, call: Callable[[], Awaitable[Any]], check: Callable[[Any], T], timeout: float) -> T:
        """One call, without retries. `check` raises FaultySpecError for a lie. Raises PluginFault for any failure."""
        async with self._slots:
            started = time.monotonic()
            try:
                ended: Ended[Any] = await self._lane.run(call, timeout)
                self._note_blocking(ended.blocked)
                value = check(ended.result())
            except FaultySpecError as error:
                raise self._fault(f"broke its contract: {error}", retry=False) from error
            except (TimedOutError, WedgedError) as error:
                self.counters.timeouts += 1
                self._note_blocking(timeout if isinstance(error, WedgedError) else 0.0)
                raise self._fault(f"failed: {error}") from error
            except asyncio.CancelledError:
                raise
            except CopyhoundError as error:
                lasting = error.code in _OPERATORS
                hint = f" {error.kind.hint}" if lasting else ""
                raise self._fault(f"raised {brief(error)}{hint}", retry=error.retryable, lasting=lasting) from error
            except BaseException as error:
                raise self._fault(f"raised {brief(error)}") from error
            finally:
                self.counters.calls += 1
                self.counters.latency_seconds = time.monotonic() - started
        return value

    async def ask(self, call: Callable[[], Awaitable[Any]], check: Callable[[Any], Answer]) -> Answer:
        """A provider's answer, after as many retries as its limits allow; never raises for the provider's sake."""
        left = self._breaker.admit()
        if left > 0:
            return self._left_alone(left)
        attempt = 0
        while True:
            answer, again = await self._once(call, check)
            pause = self._pause_before_retry(answer, attempt) if again else None
            if pause is None:
                return answer
            await self._sleep(pause)
            attempt += 1

    def succeeded(self) -> None:
        """Notes a call that went well."""
        self._breaker.succeeded()
        self.counters.consecutive_failures = 0
        self.counters.last_success_at = self._now()

    def failed(self, reason: str, *, counts: bool = True) -> None:
        """Notes a call that did not; without `counts` the breaker does not mind."""
        if counts:
            self._breaker.failed()
        self.counters.failures += 1
        self.counters.consecutive_failures += 1
        self.counters.last_error = reason
        self.counters.last_error_at = self._now()

    async def _once(self, call: Callable[[], Awaitable[Any]], check: Callable[[Any], Answer]) -> tuple[Answer, bool]:
        """An answer, and whether to ask again may help."""
        refused = await self._paced()
        if refused is not None:
            return refused, False
        try:
            answer = self._scrubbed(await self.call(call, check, self._limits.timeout_seconds))
        except PluginFault as fault:
            return self._failed_as(fault), fault.retry
        self._note(answer)
        return answer, answer.outcome is Outcome.transient

    def _failed_as(self, fault: PluginFault) -> Answer:
        if fault.lasting:
            # it answers: other collections and workspaces need not wait for the breaker
            self._breaker.succeeded()
        self.failed(str(fault), counts=not fault.lasting)
        return Answer(Outcome.skipped if fault.lasting else Outcome.transient, reason=str(fault))

    def _note(self, answer: Answer) -> None:
        reason = answer.reason or answer.outcome.value
        if answer.outcome is Outcome.transient:
            self.failed(reason)
        elif answer.outcome in (Outcome.quota, Outcome.blocked):
            self._breaker.succeeded()
            self.failed(reason, counts=False)
            if answer.retry_after:
                self._paused_as = answer.outcome
                self._breaker.pause(answer.retry_after)
        else:
            self.succeeded()

    async def _paced(self) -> Answer | None:
        while wait := self._pace.take():
            if wait > self._rules.max_wait_seconds:
                reason = f"{self.name} may be asked {self._limits.per_minute} times a minute, and was."
                return Answer(Outcome.quota, reason=reason, retry_after=wait)
            await self._sleep(wait)
        return None

    def _pause_before_retry(self, answer: Answer, attempt: int) -> float | None:
        """Seconds to wait before another attempt; None where there shall be none."""
        if attempt >= self._limits.retries or self._breaker.is_open:
            return None
        if answer.retry_after is not None:
            return answer.retry_after if answer.retry_after <= self._rules.max_wait_seconds else None
        return self._rules.backoff_seconds * float(2**attempt) * random.uniform(0.75, 1.25)

    def _left_alone(self, seconds: float) -> Answer:
        outcome = self._paused_as if self._breaker.failures == 0 else Outcome.transient
        last = f": {self.counters.last_error}" if self.counters.last_error else ""
        reason = f"{self.name} is left alone for {seconds:.0f} more seconds{last}"
        return Answer(outcome, reason=reason, retry_after=seconds)

    def _scrubbed(self, answer: Answer) -> Answer:
        if answer.reason is None or not self._secrets:
            return answer
        return msgspec.structs.replace(answer, reason=scrub(answer.reason, self._secrets))

    def _fault(self, what: str, *, retry: bool = True, lasting: bool = False) -> PluginFault:
        return PluginFault(scrub(f"{self.name} {what}", self._secrets), retry=retry, lasting=lasting)

    def _note_blocking(self, seconds: float) -> None:
        if seconds > 0:
            self.counters.blocked += 1
            self.counters.longest_block_seconds = max(seconds, self.counters.longest_block_seconds)
