"""The guard: time, number, pace, retries and the breaker; a hanging or blocking plugin stops nothing else."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from copyhound.domain.errors import CopyhoundError
from copyhound.plugin_api import Answer, Outcome, ProviderLimits
from copyhound.plugin_host.guard import Guard, GuardRules, PluginFault
from copyhound.plugin_host.lane import Lane, TimedOutError, WedgedError, close_lanes
from copyhound.plugin_host.valves import Slots

NO_MATCH = Answer(Outcome.no_match)
DOWN = Answer(Outcome.transient, reason="down")


@pytest.fixture
def lane() -> Iterator[Lane]:
    lane = Lane("tested", grace=0.2)
    yield lane
    close_lanes([lane])


@pytest.fixture
def guard_of(lane: Lane, clock: Any) -> Callable[..., Guard]:
    def build(rules: GuardRules | None = None, secrets: tuple[str, ...] = (), **limits: Any) -> Guard:
        return Guard(
            "acme",
            ProviderLimits(**{"retries": 0, "timeout_seconds": 5, **limits}),
            lane=lane,
            now=lambda: datetime(2026, 1, 2, tzinfo=UTC),
            secrets=secrets,
            rules=rules or GuardRules(),
            clock=clock,
            sleep=clock.sleep,
        )

    return build


class Service:
    """Answers one after the other; the last one again and again. Exceptions are raised."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.calls = 0

    async def __call__(self) -> Any:
        self.calls += 1
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, BaseException):
            raise answer
        return answer


def same(answer: Any) -> Any:
    return answer


async def test_an_exception_becomes_transient(guard_of: Callable[..., Guard]) -> None:
    """Whatever a plugin raises ends as a transient answer that names the plugin and the error, and no secret."""
    guard = guard_of(secrets=("tok-secret",))
    answer = await guard.ask(Service(ValueError("no /?key=tok-secret")), same)
    assert answer == Answer(Outcome.transient, reason="acme raised ValueError: no /?key=***")
    assert (guard.counters.calls, guard.counters.failures, guard.counters.last_error) == (1, 1, answer.reason)
    assert guard.health == "failing"


@pytest.mark.parametrize("error", [SystemExit(1), KeyboardInterrupt(), asyncio.CancelledError(), GeneratorExit()])
async def test_a_plugin_cannot_end_the_process(guard_of: Callable[..., Guard], error: BaseException) -> None:
    """Exceptions that end programs or tasks end the call alone."""
    guard = guard_of()
    assert (await guard.ask(Service(error), same)).outcome is Outcome.transient
    assert await guard.ask(Service(NO_MATCH), same) == NO_MATCH


async def test_retries_with_growing_pauses(guard_of: Callable[..., Guard], clock: Any) -> None:
    """Transient answers and exceptions are tried again, after pauses that double."""
    service = Service(DOWN, OSError("gone"), NO_MATCH)
    assert await guard_of(retries=2).ask(service, same) == NO_MATCH
    first, second = clock.slept
    assert 0.375 <= first <= 0.625
    assert 0.75 <= second <= 1.25


async def test_gives_up_after_its_retries(guard_of: Callable[..., Guard]) -> None:
    """The last failure is the answer."""
    service = Service(DOWN)
    assert await guard_of(retries=2).ask(service, same) == DOWN
    assert service.calls == 3


@pytest.mark.parametrize("outcome", [Outcome.blocked, Outcome.quota, Outcome.invalid_image, Outcome.unsupported])
async def test_other_outcomes_are_not_retried(guard_of: Callable[..., Guard], outcome: Outcome) -> None:
    """Only what may pass by itself is tried again."""
    service = Service(Answer(outcome, reason="no"))
    assert (await guard_of(retries=2).ask(service, same)).outcome is outcome
    assert service.calls == 1


async def test_obeys_retry_after(guard_of: Callable[..., Guard], clock: Any) -> None:
    """A short Retry-After is waited for; a long one is left to who asked."""
    short = Answer(Outcome.transient, reason="soon", retry_after=3)
    assert await guard_of(retries=1).ask(Service(short, NO_MATCH), same) == NO_MATCH
    assert clock.slept == [3]
    long = Answer(Outcome.transient, reason="later", retry_after=300)
    service = Service(long)
    assert await guard_of(retries=1).ask(service, same) == long
    assert service.calls == 1


async def test_the_breaker_opens_and_closes(guard_of: Callable[..., Guard], clock: Any) -> None:
    """Five failures in a row open it: nobody asks, until one call is let through and goes well."""
    guard, service = guard_of(), Service(DOWN)
    for _ in range(5):
        await guard.ask(service, same)
    assert guard.health == "open"
    answer = await guard.ask(service, same)
    assert (answer.outcome, answer.retry_after) == (Outcome.transient, 60)
    assert answer.reason == "acme is left alone for 60 more seconds: down"
    assert service.calls == 5
    clock.time += 60
    assert await guard.ask(Service(NO_MATCH), same) == NO_MATCH
    health: str = guard.health
    assert health == "ready"


async def test_a_failed_trial_opens_it_again(guard_of: Callable[..., Guard], clock: Any) -> None:
    """Half open: one call goes, without retries; its failure costs another minute."""
    guard, service = guard_of(retries=2), Service(DOWN)
    for _ in range(2):
        await guard.ask(service, same)
    assert service.calls == 5
    clock.time += 60
    await guard.ask(service, same)
    assert service.calls == 6
    assert guard.health == "open"


async def test_half_open_lets_one_call_through(guard_of: Callable[..., Guard], clock: Any) -> None:
    """While the trial runs, nobody else asks."""
    guard, down = guard_of(), Service(DOWN)
    for _ in range(5):
        await guard.ask(down, same)
    clock.time += 60
    entered, leave = asyncio.Event(), threading.Event()
    home = asyncio.get_running_loop()

    async def trial() -> Answer:
        home.call_soon_threadsafe(entered.set)
        await asyncio.to_thread(leave.wait, 30)
        return NO_MATCH

    asked = asyncio.create_task(guard.ask(trial, same))
    await entered.wait()
    other = Service(NO_MATCH)
    assert (await guard.ask(other, same)).outcome is Outcome.transient
    assert other.calls == 0
    leave.set()
    assert await asked == NO_MATCH
    assert await guard.ask(other, same) == NO_MATCH


async def test_being_blocked_is_failing_but_opens_nothing(guard_of: Callable[..., Guard]) -> None:
    """A service that blocks us shows as failing; the breaker is for what is down."""
    guard, service = guard_of(), Service(Answer(Outcome.blocked, reason="captcha"))
    for _ in range(10):
        await guard.ask(service, same)
    assert (guard.health, guard.counters.last_error, service.calls) == ("failing", "captcha", 10)


async def test_what_cannot_pass_is_not_retried(guard_of: Callable[..., Guard]) -> None:
    """An error of the domain says itself whether trying again may help."""
    forbidden, gone = Service(CopyhoundError("url_forbidden")), Service(CopyhoundError("fetch_failed"))
    for service in (forbidden, gone):
        await guard_of(retries=2).ask(service, same)
    assert (forbidden.calls, gone.calls) == (1, 3)


@pytest.mark.parametrize("code", ["index_version_mismatch", "settings_invalid"])
async def test_what_only_an_operator_can_mend_lasts(guard_of: Callable[..., Guard], code: str) -> None:
    """Such an error is asked for once, never ends as transient, names the way out, and opens no breaker."""
    guard, service = guard_of(retries=2), Service(CopyhoundError(code, "The collection web is old."))
    for asked in range(1, 8):
        answer = await guard.ask(service, same)
        assert (answer.outcome, service.calls) == (Outcome.skipped, asked)
    told = f"acme raised {code}: The collection web is old. {CopyhoundError(code).kind.hint}"
    assert (answer.reason, guard.counters.last_error, guard.health) == (told, told, "failing")
    assert await guard.ask(Service(NO_MATCH), same) == NO_MATCH


async def test_a_quota_pauses_the_provider(guard_of: Callable[..., Guard], clock: Any) -> None:
    """After a quota with Retry-After nobody asks until then; what is answered meanwhile is a quota too."""
    guard, service = guard_of(), Service(Answer(Outcome.quota, reason="used up", retry_after=120), NO_MATCH)
    await guard.ask(service, same)
    paused = await guard.ask(service, same)
    assert (paused.outcome, paused.retry_after, service.calls) == (Outcome.quota, 120, 1)
    clock.time += 120
    assert await guard.ask(service, same) == NO_MATCH


async def test_keeps_the_pace(guard_of: Callable[..., Guard], clock: Any) -> None:
    """So many calls a minute: a short wait is waited, a long one is a quota with the time to wait."""
    guard, service = guard_of(per_minute=2), Service(NO_MATCH)
    await guard.ask(service, same)
    clock.time += 55
    await guard.ask(service, same)
    assert await guard.ask(service, same) == NO_MATCH
    assert clock.slept == [5]
    answer = await guard.ask(service, same)
    assert (answer.outcome, answer.retry_after) == (Outcome.quota, 55)
    assert service.calls == 3


async def test_a_hanging_call_is_cancelled(guard_of: Callable[..., Guard]) -> None:
    """At its timeout a call is cancelled, and may clean up."""
    cleaned = threading.Event()

    async def hang() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cleaned.set()

    guard = guard_of(timeout_seconds=0.05)
    answer = await guard.ask(hang, same)
    assert answer.reason == "acme failed: it did not answer within 0.05 seconds"
    assert cleaned.is_set()
    assert guard.counters.timeouts == 1


async def test_a_call_that_ignores_cancellation_is_abandoned(lane: Lane) -> None:
    """A call that goes on though it was cancelled is left behind; the lane serves others meanwhile."""
    stop = threading.Event()

    async def deaf() -> None:
        while not stop.is_set():
            try:
                await asyncio.sleep(0.01)
            except asyncio.CancelledError:
                continue

    with pytest.raises(TimedOutError) as caught:
        await lane.run(deaf, 0.05)
    assert caught.value.ignored
    assert (await lane.run(Service(7), 5)).result() == 7
    stop.set()


async def test_a_blocking_call_costs_its_own_loop(lane: Lane) -> None:
    """A call that blocks the loop stops neither our loop nor the next call: the loop is replaced."""
    release, beats = threading.Event(), 0

    async def block() -> None:
        release.wait(30)

    async def tick() -> None:
        nonlocal beats
        while True:
            await asyncio.sleep(0.01)
            beats += 1

    ticking = asyncio.create_task(tick())
    with pytest.raises(WedgedError, match="blocked its event loop"):
        await lane.run(block, 0.05)
    assert beats > 1
    assert lane.replaced == 1
    assert (await lane.run(Service(7), 5)).result() == 7
    ticking.cancel()
    release.set()


async def test_a_neighbour_of_a_blocking_call_is_not_cancelled(lane: Lane) -> None:
    """A call that waits in a loop that is given up ends as a fault, not as our own cancellation."""
    release, entered = threading.Event(), asyncio.Event()
    home = asyncio.get_running_loop()

    async def wait() -> None:
        home.call_soon_threadsafe(entered.set)
        await asyncio.Event().wait()

    async def block() -> None:
        release.wait(30)

    neighbour = asyncio.create_task(lane.run(wait, 20))
    await entered.wait()
    with pytest.raises(WedgedError):
        await lane.run(block, 0.05)
    release.set()
    with pytest.raises(WedgedError):
        await neighbour


async def test_closing_waits_for_nobody_who_blocks(lane: Lane) -> None:
    """Closing ends what waits, leaves behind what blocks, and takes a little time in all however many there are."""
    release, ended = threading.Event(), threading.Event()
    entered = threading.Barrier(5)  # the three that block, the one that waits, and this test

    async def block() -> None:
        entered.wait(30)
        release.wait(30)

    async def wait() -> None:
        entered.wait(30)
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    stuck = [Lane(f"stuck{number}", grace=0.2) for number in range(3)]
    calls = [asyncio.create_task(each.run(block, 20)) for each in stuck] + [asyncio.create_task(lane.run(wait, 20))]
    await asyncio.sleep(0)
    await asyncio.to_thread(entered.wait, 30)
    started = time.monotonic()
    close_lanes([lane, *stuck])
    assert time.monotonic() - started < 4
    assert ended.wait(60)
    release.set()
    for call in calls:
        with pytest.raises(WedgedError):
            await call


async def test_short_blocking_is_recorded(guard_of: Callable[..., Guard]) -> None:
    """A call that blocks its loop and then answers is believed, and counted."""

    async def doze() -> Answer:
        time.sleep(0.5)  # noqa: ASYNC251 - this is what is tested
        return NO_MATCH

    guard = guard_of()
    assert await guard.ask(doze, same) == NO_MATCH
    assert guard.counters.blocked == 1
    assert guard.counters.longest_block_seconds >= 0.4


async def test_our_cancellation_reaches_the_plugin(lane: Lane) -> None:
    """Who cancels a call gets the cancellation, and so does the plugin."""
    entered, cancelled = asyncio.Event(), threading.Event()
    home = asyncio.get_running_loop()

    async def wait() -> None:
        home.call_soon_threadsafe(entered.set)
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    call = asyncio.create_task(lane.run(wait, 20))
    await entered.wait()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert await asyncio.to_thread(cancelled.wait, 5)


async def test_so_many_at_a_time(guard_of: Callable[..., Guard]) -> None:
    """No more calls than `concurrency` run at once, be they made from two event loops."""
    guard, running, most, lock = guard_of(concurrency=2), 0, 0, threading.Lock()

    async def work() -> Answer:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        await asyncio.sleep(0.01)
        with lock:
            running -= 1
        return NO_MATCH

    async def many() -> list[Answer]:
        return await asyncio.gather(*(guard.ask(work, same) for _ in range(10)))

    here, there = await asyncio.gather(many(), asyncio.to_thread(asyncio.run, many()))
    assert here + there == [NO_MATCH] * 20
    assert most == 2


async def test_a_cancelled_wait_gives_its_place_back() -> None:
    """Waiting for a place may be cancelled; the place goes to the next."""
    slots = Slots(1)

    async def hold(entered: asyncio.Event, leave: asyncio.Event) -> None:
        async with slots:
            entered.set()
            await leave.wait()

    entered, leave, later = asyncio.Event(), asyncio.Event(), asyncio.Event()
    first = asyncio.create_task(hold(entered, leave))
    await entered.wait()
    second, third = (asyncio.create_task(hold(later, leave)) for _ in range(2))
    await asyncio.sleep(0)
    second.cancel()
    leave.set()
    await asyncio.wait_for(asyncio.gather(first, third), 5)
    assert later.is_set()
    assert second.cancelled()


@pytest.mark.parametrize("turns", range(5))
async def test_a_place_is_never_lost(turns: int) -> None:
    """However closely a grant and a cancellation meet, the place is there for the next."""
    slots, leave, entered = Slots(1), asyncio.Event(), asyncio.Event()

    async def hold() -> None:
        async with slots:
            entered.set()
            await leave.wait()

    first = asyncio.create_task(hold())
    await entered.wait()
    second = asyncio.create_task(hold())
    await asyncio.sleep(0)
    leave.set()
    for _ in range(turns):
        await asyncio.sleep(0)
    second.cancel()
    await asyncio.wait({first, second})
    await asyncio.wait_for(hold(), 5)


async def test_a_lie_is_not_retried(guard_of: Callable[..., Guard]) -> None:
    """What breaks the contract breaks it again; it counts as a failure."""
    from copyhound.plugin_host.vetting import FaultySpecError

    def check(answer: Any) -> Answer:
        raise FaultySpecError("candidates must be a tuple")

    service = Service(NO_MATCH)
    answer = await guard_of(retries=2).ask(service, check)
    assert answer == Answer(Outcome.transient, reason="acme broke its contract: candidates must be a tuple")
    assert service.calls == 1


async def test_one_call_raises_a_fault(guard_of: Callable[..., Guard]) -> None:
    """`call` is for what has no outcomes: it raises one kind of error for whatever went wrong."""
    with pytest.raises(PluginFault, match="acme raised OSError: gone"):
        await guard_of().call(Service(OSError("gone")), same, 5)
