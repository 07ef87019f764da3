"""Secrets that change, what was missed, and how a hook wants to be sent to."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from copyhound.domain.deliveries import take_slot
from copyhound.domain.errors import CopyhoundError
from copyhound.domain.hooks import DeliveryStatus, HookStatus
from copyhound.services.hooks import HookChanges, HookFilter

from ..fixtures.houses import Home, TestClock, home, until
from ..fixtures.receiver import Answer, Receiver
from ..fixtures.telling import attempt, attempted, deliveries, happen, logged, present, subscribed


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[Home]:
    """Nothing works by itself here: attempts are made by the tests."""
    async with home(tmp_path / "data", clock=TestClock(present()), work=False) as opened:
        yield opened


@pytest.fixture
async def at_both_homes(tmp_path: Path, database_url: str) -> AsyncIterator[Home]:
    async with home(tmp_path / "data", database_url, clock=TestClock(present())) as opened:
        yield opened


async def settled(house: Home, count: int = 1) -> None:
    """Until so many deliveries are delivered."""

    async def done() -> bool:
        return sum(one.status is DeliveryStatus.delivered for one in await deliveries(house)) >= count

    await until(done, "the deliveries")


def accepts(secret: str, receiver: Receiver) -> bool:
    """Whether the third-party library takes the last request for one that is signed with `secret`."""
    request = receiver.requests[-1]
    try:
        Webhook(secret).verify(request.body, dict(request.headers))
    except WebhookVerificationError:
        return False
    return True


async def test_both_secrets_hold_for_a_day(house: Home, receiver: Receiver) -> None:
    """After a rotation each delivery has two signatures, for 24 hours; then only the new secret signs."""
    hook, old = await subscribed(house, receiver.url)
    new, until_ = await house.services.hooks.rotate_secret(house.caller, hook.id)
    assert until_ == house.clock() + timedelta(hours=24)
    assert await house.services.hooks.secret(house.caller, hook.id) == new
    await house.services.hooks.test(house.caller, hook.id)
    assert (accepts(old, receiver), accepts(new, receiver)) == (True, True)
    assert len(receiver.requests[0].headers["webhook-signature"].split()) == 2
    house.clock.time = until_
    await house.services.hooks.test(house.caller, hook.id)
    assert len(receiver.requests[1].headers["webhook-signature"].split()) == 1
    house.clock.time = present()
    await house.services.hooks.delete(house.caller, hook.id)


async def test_every_secret_of_the_day_holds(house: Home, receiver: Receiver) -> None:
    """Of several rotations each old secret holds its 24 hours; one too many is refused, and changes nothing."""
    hook, first = await subscribed(house, receiver.url)
    secrets = [first, *[(await house.services.hooks.rotate_secret(house.caller, hook.id))[0] for _ in range(4)]]
    await house.services.hooks.test(house.caller, hook.id)
    assert all(accepts(secret, receiver) for secret in secrets)
    assert len(receiver.requests[0].headers["webhook-signature"].split()) == 5
    with pytest.raises(CopyhoundError) as caught:
        await house.services.hooks.rotate_secret(house.caller, hook.id)
    assert (caught.value.code, caught.value.extra["retry_after"]) == ("too_many_requests", 86400)
    assert await house.services.hooks.secret(house.caller, hook.id) == secrets[-1]
    house.clock.turn(hours=24)
    await house.services.hooks.rotate_secret(house.caller, hook.id)


async def test_what_failed_is_recovered(at_both_homes: Home, receiver: Receiver) -> None:
    """Deliveries that were given up since a time are sent again under their ids; older ones are left alone."""
    house = at_both_homes
    hook, _ = await subscribed(house, receiver.url)
    told = []
    for _ in range(3):
        receiver.will(Answer(400, {"webhook-delivery": "abort-message"}))
        told.append(await happen(house))
        await receiver.wait_for(len(told))
        house.clock.turn(minutes=1)

    async def failed() -> bool:
        return all(one.status is DeliveryStatus.failed for one in await deliveries(house))

    await until(failed, "the failures")
    since = house.clock() - timedelta(minutes=2)
    await house.services.recovery.start(house.caller, hook.id, since, failed=True)
    await settled(house, 2)
    assert {one.headers["webhook-id"] for one in receiver.requests[3:]} == set(told[1:])
    again = (await deliveries(house))[-1]
    assert [one.status_code for one in await logged(house, again.id)] == [400, 200]
    assert (again.status, again.attempts) == (DeliveryStatus.delivered, 1)


async def test_what_was_never_tried_is_replayed(at_both_homes: Home, receiver: Receiver) -> None:
    """Events of the time when a hook was disabled are sent once it is awake, by its filter; delivered ones are not."""
    house = at_both_homes
    hook, _ = await subscribed(house, receiver.url, where=HookFilter(min_confidence=50))
    start = house.clock()
    receiver.will(Answer(200, {"webhook-delivery": "disable"}))
    await happen(house)
    await receiver.wait_for(1)

    async def asleep() -> bool:
        return (await house.services.hooks.get(house.caller, hook.id)).status is HookStatus.disabled

    await until(asleep, "the end of the hook")
    missed = {await happen(house) for _ in range(3)}
    await happen(house, confidence=10.0)
    with pytest.raises(CopyhoundError, match="disabled"):
        await house.services.recovery.start(house.caller, hook.id, start, failed=False)
    await house.services.hooks.enable(house.caller, hook.id)
    for _ in range(2):  # asked twice, sent once
        await house.services.recovery.start(house.caller, hook.id, start, failed=False)
    await settled(house, 4)
    assert {one.headers["webhook-id"] for one in receiver.requests[1:]} == missed
    assert len(receiver.requests) == 4


async def test_a_span_may_have_the_ends_of_the_calendar(at_both_homes: Home, receiver: Receiver) -> None:
    """The first and the last moment that can be written bound a span like any others."""
    house = at_both_homes
    await happen(house)
    hook, _ = await subscribed(house, receiver.url)
    span = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
    for failed in (True, False):
        await house.services.recovery.start(house.caller, hook.id, *span, failed=failed)
    await receiver.wait_for(1)


async def test_a_hook_hears_of_what_was_before_it(at_both_homes: Home, receiver: Receiver) -> None:
    """A new hook can be told of what happened before it was made, in batches of any number."""
    house = at_both_homes
    start = house.clock()
    told = {await happen(house) for _ in range(201)}
    hook, _ = await subscribed(house, receiver.url)
    await house.services.recovery.start(house.caller, hook.id, start, failed=False)
    await receiver.wait_for(201)
    assert {one.headers["webhook-id"] for one in receiver.requests} == told


async def test_a_recovery_has_all_its_attempts_anew(house: Home, receiver: Receiver) -> None:
    """A delivery that still waits for a retry is begun anew; the retry of before finds nothing to do."""
    receiver.will(Answer(500), Answer(500), Answer(500))
    hook, _ = await subscribed(house, receiver.url)
    await happen(house)
    delivery = await attempted(house, 1)
    delivery = await attempted(house, 2)
    span = await house.services.recovery.start(house.caller, hook.id, delivery.created_at, failed=True)
    await house.services.recovery.run(msgspec.to_builtins(span), "")
    (anew,) = await deliveries(house)
    assert (anew.status, anew.attempts, anew.base) == (DeliveryStatus.pending, 0, 11)
    await attempt(house, anew.id, 3, slow=True)
    assert len(receiver.requests) == 2
    after = await attempted(house, 12)
    assert (after.status, after.attempts) == (DeliveryStatus.pending, 1)
    assert after.next_attempt_at is not None
    assert after.next_attempt_at - house.clock() <= timedelta(seconds=6)
    assert [one.number for one in await logged(house, anew.id)] == [1, 2, 12]
    assert (await attempted(house, 13)).status is DeliveryStatus.delivered


async def test_a_span_must_be_one(house: Home) -> None:
    """An end before the beginning is refused, and so is a hook that is not there."""
    hook, _ = await subscribed(house, "http://127.0.0.1:1/")
    now = house.clock()
    with pytest.raises(CopyhoundError) as caught:
        await house.services.recovery.start(house.caller, hook.id, now, now - timedelta(seconds=1), failed=True)
    assert caught.value.code == "invalid_request"
    with pytest.raises(CopyhoundError) as caught:
        await house.services.recovery.start(house.caller, "hook_nobody", now, failed=True)
    assert caught.value.code == "not_found"


async def test_resending_to_a_hook_that_is_gone_changes_nothing(house: Home, receiver: Receiver) -> None:
    """What was delivered stays delivered, also when it is sent by hand after its hook was deleted."""
    hook, _ = await subscribed(house, receiver.url)
    await happen(house)
    delivery = await attempted(house)
    await house.services.hooks.delete(house.caller, hook.id)
    await attempt(house, delivery.id, 11, True)
    assert (await deliveries(house)) == [delivery]


async def test_thin_bodies_hold_ids_alone(house: Home, receiver: Receiver) -> None:
    """`thin` sends the envelope and what ends in `_id`; the filter still sees all of the event."""
    await subscribed(house, receiver.url, where=HookFilter(min_score=10), payload="thin")
    event_id = await happen(
        house, match_id="match_1", search_id="search_1", score=64.0, page_url="https://a.example.com/"
    )
    await attempted(house)
    body = json.loads(receiver.requests[0].body)
    assert set(body) == {"id", "type", "timestamp", "sequence", "match_id", "search_id"}
    assert (body["id"], body["match_id"]) == (event_id, "match_1")


@pytest.mark.parametrize("payload", ["full", "thin"])
async def test_cloudevents_are_structured(house: Home, receiver: Receiver, payload: str) -> None:
    """A CloudEvent has the attributes that CloudEvents 1.0 asks for, the flat body in `data`, and is signed whole."""
    hook, secret = await subscribed(house, receiver.url, format="cloudevents", payload=payload)
    event_id = await happen(house, match_id="match_1", score=64.0)
    await attempted(house)
    (request,) = receiver.requests
    assert request.headers["content-type"] == "application/cloudevents+json"
    event = Webhook(secret).verify(request.body, dict(request.headers))
    assert (event["specversion"], event["id"], event["type"]) == ("1.0", event_id, "copyhound.match_found")
    assert event["source"].endswith("/api/v1")
    assert datetime.fromisoformat(event["time"]) == house.clock()
    assert (event["data"]["id"], event["data"]["match_id"]) == (event_id, "match_1")
    assert ("score" in event["data"]) is (payload == "full")
    assert all(name.isalnum() and name.islower() for name in event)
    await house.services.hooks.test(house.caller, hook.id)
    assert json.loads(receiver.requests[1].body)["data"]["test"] is True


async def test_a_rate_spreads_what_comes_at_once(house: Home, receiver: Receiver) -> None:
    """Of events that come at once, the first goes out, and each other one waits for its place in the minute."""
    await subscribed(house, receiver.url, max_per_minute=20)
    for _ in range(4):
        await happen(house)
    for delivery in await deliveries(house):
        await attempt(house, delivery.id, 1)
    assert len(receiver.requests) == 1
    waiting = [one for one in await deliveries(house) if one.status is DeliveryStatus.pending]
    due = sorted(one.next_attempt_at for one in waiting if one.next_attempt_at)
    assert [(at - house.clock()).total_seconds() for at in due] == [3, 6, 9]
    assert all(one.attempts == 0 for one in waiting)
    (first,) = [one for one in waiting if one.next_attempt_at == due[0]]
    house.clock.time = due[0]
    await attempt(house, first.id, 1, False, due[0].isoformat())
    assert len(receiver.requests) == 2


async def test_after_a_standstill_the_rate_holds(house: Home, receiver: Receiver) -> None:
    """Attempts whose moment is long past don't go out together: they wait for new ones."""
    await subscribed(house, receiver.url, max_per_minute=60)
    for _ in range(3):
        await happen(house)
    for delivery in await deliveries(house):
        await attempt(house, delivery.id, 1)
    slots = [(one.id, one.next_attempt_at.isoformat()) for one in await deliveries(house) if one.next_attempt_at]
    assert len(slots) == 2
    house.clock.turn(hours=1)
    for delivery_id, slot in slots:
        await attempt(house, delivery_id, 1, False, slot)
    assert len(receiver.requests) == 2
    assert [one.status for one in await deliveries(house)].count(DeliveryStatus.pending) == 1


async def test_a_rate_is_kept_by_the_queue(at_both_homes: Home, receiver: Receiver) -> None:
    """All of a burst arrives, each once, and the queue holds each back until its place."""
    house = at_both_homes
    await subscribed(house, receiver.url, max_per_minute=600)
    loop = asyncio.get_running_loop()
    began = loop.time()
    told = {await happen(house) for _ in range(6)}
    await receiver.wait_for(6)
    assert loop.time() - began >= 0.4
    await settled(house, 6)
    assert sorted(one.headers["webhook-id"] for one in receiver.requests) == sorted(told)


def test_slots_are_even() -> None:
    """A hook that was quiet may be sent to at once; one that was not waits a share of the minute."""
    now = present()
    assert take_slot(now - timedelta(hours=1), 30, now) == (now, now + timedelta(seconds=2))
    later = now + timedelta(seconds=9)
    assert take_slot(later, 600, now) == (later, later + timedelta(seconds=0.1))


async def test_subscribing_again_wakes_a_disabled_hook(house: Home, receiver: Receiver) -> None:
    """A platform that subscribes anew after its 410 gets its hook back, active, with its id and secret."""
    receiver.will(Answer(410))
    hook, secret = await subscribed(house, receiver.url)
    await happen(house)
    await attempted(house)
    again, same, new = await house.services.hooks.create(house.caller, receiver.url, ("match_found",), HookFilter())
    assert (again.id, same, new) == (hook.id, secret, False)
    assert (again.status, again.status_reason, again.failing_since) == (HookStatus.active, None, None)
    await happen(house)
    assert len(await deliveries(house)) == 2


async def test_a_changed_hook_is_found_by_what_it_is_now(house: Home) -> None:
    """After a change, subscribing as it is now gives this hook; a change into another hook's likeness is refused."""
    hooks, caller = house.services.hooks, house.caller
    url = "http://127.0.0.1:1/"
    one, _ = await subscribed(house, url)
    await hooks.update(caller, one.id, HookChanges(triggers=("search_complete",)))
    same, _, new = await hooks.create(caller, url, ("search_complete",), HookFilter())
    assert (same.id, new) == (one.id, False)
    other, _, new = await hooks.create(caller, url, ("match_found",), HookFilter())
    assert new
    with pytest.raises(CopyhoundError) as caught:
        await hooks.update(caller, other.id, HookChanges(triggers=("search_complete",)))
    assert caught.value.code == "conflict"
    assert (await hooks.get(caller, other.id)).triggers == ("match_found",)


async def test_how_a_hook_is_sent_to_can_change(house: Home) -> None:
    """PATCH changes payload, format and rate, and takes the rate away by null."""
    hooks, caller = house.services.hooks, house.caller
    hook, _ = await subscribed(house, "http://127.0.0.1:1/", max_per_minute=5)
    await hooks.update(caller, hook.id, HookChanges(payload="thin", format="cloudevents"))  # type: ignore[arg-type]
    changed = await hooks.get(caller, hook.id)
    assert (changed.payload, changed.format, changed.max_per_minute) == ("thin", "cloudevents", 5)
    await hooks.update(caller, hook.id, HookChanges(max_per_minute=None))
    assert (await hooks.get(caller, hook.id)).max_per_minute is None
