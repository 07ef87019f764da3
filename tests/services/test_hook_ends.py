"""How long a hook lasts, what it hears of before it was there, and what its target hears when it is gone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from copyhound.domain.errors import CopyhoundError
from copyhound.domain.hooks import EXPIRED, DeliveryStatus, HookStatus, WantedHooks
from copyhound.services.hooks import HookChanges, HookFilter, Sending

from ..fixtures.houses import Home, TestClock, home
from ..fixtures.receiver import Answer, Receiver
from ..fixtures.telling import attempted, deliveries, happen, present, subscribed

ASKED = ("match_found",)


@pytest.fixture
async def house(tmp_path: Path, database_url: str) -> AsyncIterator[Home]:
    """Nothing works by itself here: attempts are made by the tests."""
    async with home(tmp_path / "data", database_url, clock=TestClock(present()), work=False) as opened:
        yield opened


@pytest.fixture
async def at_work(tmp_path: Path) -> AsyncIterator[Home]:
    async with home(tmp_path / "data", clock=TestClock(present())) as opened:
        yield opened


async def test_an_expired_hook_is_told_nothing(house: Home, receiver: Receiver) -> None:
    """Once it has expired a hook is disabled, gets no delivery of what happens then, and none that waits for it."""
    hooks, caller = house.services.hooks, house.caller
    hook, _ = await subscribed(house, receiver.url, expires_at=house.clock() + timedelta(hours=1))
    await happen(house)
    house.clock.turn(hours=1)
    await happen(house)
    assert (await attempted(house)).status is DeliveryStatus.failed
    assert receiver.requests == []
    after = await hooks.get(caller, hook.id)
    assert (after.status, after.status_reason) == (HookStatus.disabled, EXPIRED)
    for status, ids in ((HookStatus.disabled, [hook.id]), (HookStatus.active, [])):
        page = await hooks.page(caller, WantedHooks(status=status))
        assert [(one.id, one.status) for one in page.items] == [(one, status) for one in ids]
    with pytest.raises(CopyhoundError, match="disabled"):
        await house.services.recovery.start(caller, hook.id, house.clock() - timedelta(days=1), failed=True)


async def test_subscribing_again_renews_it(house: Home, receiver: Receiver) -> None:
    """The same subscribe call renews a hook, before and after it has expired: the last one says when it expires."""
    hooks, caller = house.services.hooks, house.caller
    soon, later = (house.clock() + timedelta(hours=hours) for hours in (1, 9))
    hook, secret = await subscribed(house, receiver.url, expires_at=soon)
    for until in (later, soon, None):
        again, same, new = await hooks.create(
            caller, receiver.url, ASKED, HookFilter(), None, Sending(expires_at=until)
        )
        assert (again.id, same, new, again.expires_at) == (hook.id, secret, False, until)
    await hooks.update(caller, hook.id, HookChanges(expires_at=soon))
    house.clock.turn(hours=2)
    await subscribed(house, receiver.url, expires_at=later)
    assert (await hooks.get(caller, hook.id)).status is HookStatus.active
    await happen(house)
    assert (await attempted(house)).status is DeliveryStatus.delivered


async def test_enabling_an_expired_hook_keeps_it(house: Home, receiver: Receiver) -> None:
    """Enabling a hook that has expired makes it one that does not; one that is yet to expire keeps its time."""
    hooks, caller = house.services.hooks, house.caller
    hook, _ = await subscribed(house, receiver.url, expires_at=house.clock() + timedelta(hours=1))
    assert (await hooks.enable(caller, hook.id)).expires_at == hook.expires_at
    house.clock.turn(hours=2)
    assert (await hooks.enable(caller, hook.id)).expires_at is None
    for refused in (HookChanges(expires_at=house.clock()), HookChanges(expires_at=house.clock() - timedelta(days=1))):
        with pytest.raises(CopyhoundError, match="in the past"):
            await hooks.update(caller, hook.id, refused)


async def test_a_new_hook_hears_of_what_was_before(at_work: Home, receiver: Receiver) -> None:
    """`since` a time or a sequence, what was told after it comes too, each once, and nothing from before."""
    house = at_work
    await happen(house)
    (first,) = await house.events("match_found")
    missed = {await happen(house) for _ in range(3)}
    create = house.services.hooks.create
    _, _, new = await create(house.caller, receiver.url, ASKED, HookFilter(), since=first["sequence"])
    await receiver.wait_for(3)
    assert new
    assert {one.headers["webhook-id"] for one in receiver.requests} == missed
    # again, as platforms do: only the one that was not sent yet comes
    await create(house.caller, receiver.url, ASKED, HookFilter(), since=house.clock() - timedelta(days=1))
    await receiver.wait_for(4)
    assert receiver.requests[3].headers["webhook-id"] == first["id"]


async def test_a_hook_from_a_time_to_come_is_refused(house: Home, receiver: Receiver) -> None:
    """`since` in the future is a mistake, as it is for `replay`: no hook is made."""
    soon = house.clock() + timedelta(seconds=1)
    with pytest.raises(CopyhoundError, match="in the future"):
        await house.services.hooks.create(house.caller, receiver.url, ASKED, HookFilter(), since=soon)
    assert (await house.services.hooks.page(house.caller)).items == []


async def test_what_is_older_than_a_month_is_not_sent(house: Home, receiver: Receiver) -> None:
    """However early `since` is, it begins 30 days ago."""
    await happen(house)
    house.clock.turn(days=31)
    told = await happen(house)
    begin = house.clock() - timedelta(days=400)
    hook, _, _ = await house.services.hooks.create(house.caller, receiver.url, ASKED, HookFilter(), since=begin)
    span = {"id": "r", "workspace_id": house.caller.workspace_id, "hook_id": hook.id, "failed": False}
    ends = {"since": (house.clock() - timedelta(days=30)).isoformat(), "until": house.clock().isoformat()}
    await house.services.recovery.run({**span, **ends}, "0")
    assert [one.event_id for one in await deliveries(house)] == [told]


@pytest.mark.parametrize("asked", [True, False])
async def test_a_target_is_told_once_that_its_hook_is_gone(at_work: Home, receiver: Receiver, asked: bool) -> None:
    """With `reverse_unsubscribe` one DELETE follows the end of a hook, by its failures or by hand; else none."""
    house = at_work
    receiver.will(Answer(200, {"webhook-delivery": "disable"}), Answer(500))
    hook, _ = await subscribed(house, receiver.url, reverse_unsubscribe=asked)
    await happen(house)
    if asked:
        await receiver.wait_for(2)
        await house.services.hooks.delete(house.caller, hook.id)
        await receiver.wait_for(3)
    else:
        await receiver.wait_for(1)
        await house.services.hooks.delete(house.caller, hook.id)
    await house.services.hooks.delete(house.caller, hook.id)
    methods = [one.method for one in receiver.requests]
    assert methods == (["POST", "DELETE", "DELETE"] if asked else ["POST"])


async def test_who_answers_410_is_told_nothing(house: Home, receiver: Receiver) -> None:
    """A target that is gone already gets no DELETE."""
    receiver.will(Answer(410))
    await subscribed(house, receiver.url, reverse_unsubscribe=True)
    await happen(house)
    await attempted(house)
    assert [one.method for one in receiver.requests] == ["POST"]


async def test_the_delete_goes_the_guarded_way(house: Home) -> None:
    """A target inside of the network, or one that is not there, ends in nothing: no error, no connection."""
    for url in ("http://10.1.2.3/x", "http://127.0.0.1:1/"):
        await house.services.unsubscribing.run(url)
