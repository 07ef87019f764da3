"""Hooks that are changed or deleted while a request to them is under way."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from copyhound.domain.hooks import DeliveryStatus, HookStatus
from copyhound.services.hooks import HookChanges

from ..fixtures.houses import Home, TestClock, home
from ..fixtures.receiver import Answer, Receiver
from ..fixtures.telling import attempt, attempted, deliveries, happen, logged, present, subscribed


@pytest.fixture
async def house(tmp_path: Path, database_url: str) -> AsyncIterator[Home]:
    """Nothing works by itself here: attempts are made by the tests."""
    async with home(tmp_path / "data", database_url, clock=TestClock(present()), work=False) as opened:
        yield opened


@pytest.mark.parametrize(
    "answer",
    [Answer(410), Answer(500), Answer(500, {"webhook-delivery": "disable"})],
    ids=["gone", "failed", "disable"],
)
async def test_the_old_address_does_not_end_a_hook_that_moved(house: Home, receiver: Receiver, answer: Answer) -> None:
    """What the old address answers changes nothing of a hook that was moved meanwhile; the new one gets the event."""
    receiver.will(answer)
    hook, _ = await subscribed(house, receiver.at("/old"), reverse_unsubscribe=True)
    event_id = await happen(house)
    (delivery,) = await deliveries(house)
    answered = await house.services.deliveries.attempt(delivery.id, 1)
    moved = await house.services.hooks.update(house.caller, hook.id, HookChanges(target_url=receiver.at("/new")))
    await house.services.deliveries.settle(answered)
    assert await house.services.hooks.get(house.caller, hook.id) == moved
    assert (await attempted(house, 2)).status is DeliveryStatus.delivered
    assert [(one.method, one.path) for one in receiver.requests] == [("POST", "/old"), ("POST", "/new")]
    assert json.loads(receiver.requests[1].body)["id"] == event_id


async def test_what_the_old_address_took_is_delivered(house: Home, receiver: Receiver) -> None:
    """A 2xx of the old address counts, also where it asks to be disabled: the hook stays active."""
    receiver.will(Answer(200, {"webhook-delivery": "disable"}))
    hook, _ = await subscribed(house, receiver.at("/old"))
    await happen(house)
    (delivery,) = await deliveries(house)
    answered = await house.services.deliveries.attempt(delivery.id, 1)
    await house.services.hooks.update(house.caller, hook.id, HookChanges(target_url=receiver.at("/new")))
    await house.services.deliveries.settle(answered)
    assert (await deliveries(house))[0].status is DeliveryStatus.delivered
    assert (await house.services.hooks.get(house.caller, hook.id)).status is HookStatus.active


@pytest.mark.parametrize(("status", "ends"), [(200, DeliveryStatus.delivered), (500, DeliveryStatus.failed)])
async def test_a_deleted_hook_leaves_no_delivery_pending(
    house: Home, receiver: Receiver, status: int, ends: DeliveryStatus
) -> None:
    """What was under way when the hook was deleted ends by its answer, and no retry is due."""
    receiver.will(Answer(status))
    hook, _ = await subscribed(house, receiver.url)
    await happen(house)
    (delivery,) = await deliveries(house)
    answered = await house.services.deliveries.attempt(delivery.id, 1)
    await house.services.hooks.delete(house.caller, hook.id)
    await house.services.deliveries.settle(answered)
    (after,) = await deliveries(house)
    assert (after.status, after.attempts, after.next_attempt_at) == (ends, 1, None)
    assert [one.status_code for one in await logged(house, delivery.id)] == [status]


@pytest.mark.parametrize(("rate", "at_once"), [(60_000, True), (None, True), (1, False)])
async def test_a_raised_rate_holds_for_what_comes_after(
    house: Home, receiver: Receiver, rate: int | None, at_once: bool
) -> None:
    """New events do not queue up behind what waits under a lower rate; a lowered rate lets nothing out sooner."""
    hook, _ = await subscribed(house, receiver.url, max_per_minute=2)
    for _ in range(3):
        await happen(house)
    for delivery in await deliveries(house):
        await attempt(house, delivery.id, 1)
    await receiver.wait_for(1)
    await house.services.hooks.update(house.caller, hook.id, HookChanges(max_per_minute=rate))
    event_id = await happen(house)
    (newest,) = [one for one in await deliveries(house) if one.event_id == event_id]
    await attempt(house, newest.id, 1)
    sent = [one.headers["webhook-id"] for one in receiver.requests]
    assert (event_id in sent) is at_once
    if not at_once:
        after = await house.services.deliveries.get(house.caller, newest.id)
        assert after.next_attempt_at == house.clock() + timedelta(seconds=90)
