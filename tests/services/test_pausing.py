"""Hooks and notifications that their owner pauses, and what comes when they go on."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from copyhound.domain.hooks import EXPIRED, PAUSED, DeliveryStatus, HookStatus
from copyhound.domain.notifications import Notification, NotificationChanges
from copyhound.domain.workspaces import Caller

from ..fixtures.findings import a_list, find
from ..fixtures.houses import Home, TestClock, home
from ..fixtures.notifying import by_post, domains, run_job, turned
from ..fixtures.receiver import Answer, Receiver
from ..fixtures.telling import attempted, deliveries, happen, present, subscribed

ONE, TWO = "https://one.example.com/a.jpg", "https://two.example.org/b.jpg"


@pytest.fixture
async def house(tmp_path: Path, database_url: str) -> AsyncIterator[Home]:
    """Nothing works by itself here: attempts are made by the tests."""
    async with home(tmp_path / "data", database_url, clock=TestClock(present()), work=False) as opened:
        yield opened


async def test_a_disabled_hook_is_told_nothing(house: Home, receiver: Receiver) -> None:
    """A client disables a hook, twice like once; what waits and what happens then is not sent, and nobody is told."""
    hooks, caller = house.services.hooks, house.caller
    hook, secret = await subscribed(house, receiver.url, reverse_unsubscribe=True)
    await happen(house)
    for _ in range(2):
        paused = await hooks.disable(caller, hook.id)
        assert (paused.id, paused.status, paused.status_reason) == (hook.id, HookStatus.disabled, PAUSED)
    await happen(house)
    assert (await attempted(house)).status is DeliveryStatus.failed
    assert (receiver.requests, await house.events("hook_disabled")) == ([], [])
    awake = await hooks.enable(caller, hook.id)
    assert (awake.status, awake.status_reason, await hooks.secret(caller, hook.id)) == (
        HookStatus.active,
        None,
        secret,
    )


async def test_what_a_disabled_hook_missed_is_replayed(house: Home, receiver: Receiver) -> None:
    """Enabled, `replay` sends what happened while a client had it disabled, and what waited then; each once."""
    hooks, caller = house.services.hooks, house.caller
    start = house.clock()
    hook, _ = await subscribed(house, receiver.url)
    missed = {await happen(house)}
    await hooks.disable(caller, hook.id)
    await attempted(house)
    missed |= {await happen(house), await happen(house)}
    await hooks.enable(caller, hook.id)
    span = await house.services.recovery.start(caller, hook.id, start, failed=False)
    await house.services.recovery.run(
        {"id": span.id, "workspace_id": span.workspace_id, "hook_id": hook.id, "since": start.isoformat()}
        | {"until": span.until.isoformat(), "failed": False},
        "",
    )
    waiting = await deliveries(house)
    assert ({one.event_id for one in waiting}, len(waiting)) == (missed, 3)
    assert {one.status for one in waiting} == {DeliveryStatus.pending}


async def test_disabling_keeps_the_reason_of_before(house: Home, receiver: Receiver) -> None:
    """One that is disabled for another reason, or has expired, stays as it is."""
    hook, _ = await subscribed(house, receiver.url, expires_at=house.clock() + timedelta(hours=1))
    house.clock.turn(hours=2)
    seen = await house.services.hooks.disable(house.caller, hook.id)
    assert (seen.status, seen.status_reason) == (HookStatus.disabled, EXPIRED)


async def test_what_fails_under_way_does_not_change_the_reason(house: Home, receiver: Receiver) -> None:
    """An attempt that ends with 410 after a client disabled the hook leaves it disabled by the client."""
    hook, _ = await subscribed(house, receiver.url)
    await happen(house)
    (delivery,) = await deliveries(house)
    receiver.will(Answer(410))
    outcome = await house.services.deliveries.attempt(delivery.id, 1)
    await house.services.hooks.disable(house.caller, hook.id)
    await house.services.deliveries.settle(outcome)
    assert (await house.services.hooks.get(house.caller, hook.id)).status_reason == PAUSED
    assert await house.events("hook_disabled") == []


async def changed(house: Home, made: Notification, *, active: bool) -> Notification:
    return await house.services.notifications.update(house.caller, made.id, NotificationChanges(active=active))


async def seen(house: Home, made: Notification) -> Notification:
    return await house.services.notifications.get(house.caller, made.id)


async def test_a_paused_notification_tells_nothing_until_it_goes_on(idle: Home, receiver: Receiver) -> None:
    """Slots pass while it is paused; active again, the next message tells what came meanwhile, and nothing twice."""
    made, summer = await by_post(idle, receiver), await a_list(idle)
    await find(idle, summer, "https://zero.example.net/a.jpg")
    assert await turned(idle, days=1) == 1
    await run_job(idle, made)
    assert not (await changed(idle, made, active=False)).active
    await find(idle, summer, ONE)
    assert await turned(idle, days=1) == 0
    await find(idle, summer, TWO)
    assert await turned(idle, days=1) == 0
    assert (await seen(idle, made)).next_at > idle.clock()
    assert (await changed(idle, made, active=True)).active
    assert await turned(idle, days=1) == 1
    await run_job(idle, made)
    assert await turned(idle, days=1) == 0
    assert domains(receiver) == [["example.net"], ["example.com", "example.org"]]


async def test_a_pause_holds_for_what_is_queued(idle: Home, receiver: Receiver) -> None:
    """The job of a slot that was claimed before the pause sends nothing, and nothing of it is lost."""
    made = await by_post(idle, receiver)
    await find(idle, await a_list(idle), ONE)
    assert await turned(idle, days=1) == 1
    await changed(idle, made, active=False)
    assert (await run_job(idle, made), receiver.requests) == ({}, [])
    await changed(idle, made, active=True)
    assert await turned(idle, days=1) == 1
    await run_job(idle, made)
    assert domains(receiver) == [["example.com"]]


async def test_a_pause_in_the_middle_of_telling_tells_nothing_twice(idle: Home, receiver: Receiver) -> None:
    """What a receiver took just as the notification was paused counts as told."""
    made = await by_post(idle, receiver)
    await find(idle, await a_list(idle), ONE)
    await turned(idle, days=1)
    newest = (await idle.events("new_domain_found"))[-1]["sequence"]
    job = idle.caller.workspace_id, made.id, (await seen(idle, made)).telling or "", newest, 1
    answer = await idle.services.notifying.send(*job)
    await changed(idle, made, active=False)
    await idle.services.notifying.settle(*job, answer)
    await changed(idle, made, active=True)
    assert await turned(idle, days=1) == 0
    assert len(receiver.requests) == 1


async def test_a_failed_message_says_when_it_is_tried_again(idle: Home, receiver: Receiver) -> None:
    """`retry_at` is a minute away, then ten, then an hour; after that it waits for `next_at`, as after a success."""
    receiver.will(*[Answer(503)] * 4)
    made = await by_post(idle, receiver)
    await find(idle, await a_list(idle), ONE)
    await turned(idle, days=1)
    for number, minutes in ((1, 1), (2, 10), (3, 60), (4, None)):
        await run_job(idle, made, number)
        due = None if minutes is None else idle.clock() + timedelta(minutes=minutes)
        assert (await seen(idle, made)).retry_at == due, number
    receiver.will(Answer(503))
    await turned(idle, days=1)
    await run_job(idle, made)
    assert (await seen(idle, made)).retry_at is not None
    await run_job(idle, made, 2)
    after = await seen(idle, made)
    assert (after.retry_at, after.last_error) == (None, None)


async def test_the_next_slot_takes_the_place_of_a_retry(idle: Home, receiver: Receiver) -> None:
    """Once the next slot is claimed nothing of the one before is tried again, nor while it is paused."""
    receiver.will(*[Answer(503)] * 4)
    made = await by_post(idle, receiver)
    await find(idle, await a_list(idle), ONE)
    await turned(idle, days=1)
    await run_job(idle, made)
    await turned(idle, days=1)
    assert (await seen(idle, made)).retry_at is None
    await run_job(idle, made)
    await changed(idle, made, active=False)
    assert (await run_job(idle, made, 2), (await seen(idle, made)).retry_at) == ({}, None)


async def test_only_its_workspace_pauses(idle: Home, receiver: Receiver) -> None:
    """Hook and notification of another workspace are not there."""
    stranger = Caller("key_2", "ws_2", idle.caller.scopes)
    hook, _ = await subscribed(idle, receiver.url)
    made = await by_post(idle, receiver)
    with pytest.raises(Exception, match="There is no hook"):
        await idle.services.hooks.disable(stranger, hook.id)
    with pytest.raises(Exception, match="There is no notification"):
        await idle.services.notifications.update(stranger, made.id, NotificationChanges(active=False))
