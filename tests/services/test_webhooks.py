"""Hooks and deliveries: from an event to a receiver, with a real one on loopback."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook

from copyhound.domain.errors import CopyhoundError
from copyhound.domain.events import NewEvent
from copyhound.domain.hooks import DeliveryStatus, HookStatus, TriedDelivery
from copyhound.domain.ids import new_id
from copyhound.services.hooks import HookChanges, HookFilter

from ..fixtures import photos
from ..fixtures.houses import Home, TestClock, home, until
from ..fixtures.receiver import Answer, Receiver


@pytest.fixture
async def at_home(tmp_path: Path) -> AsyncIterator[Home]:
    """A house in the present: receivers refuse old signatures."""
    async with home(tmp_path / "data", clock=TestClock(datetime.now(UTC))) as opened:
        yield opened


@pytest.fixture
async def at_both_homes(tmp_path: Path, database_url: str) -> AsyncIterator[Home]:
    async with home(tmp_path / "data", database_url, clock=TestClock(datetime.now(UTC))) as opened:
        yield opened


async def happen(house: Home, trigger: str = "match_found", list_id: str | None = None, **payload: Any) -> str:
    """Append an event; its id."""
    event = NewEvent(new_id("evt"), house.caller.workspace_id, trigger, {"confidence": 90.0, **payload}, list_id)
    async with house.services.kit.units() as uow:
        await house.services.events.append(uow, event)
    return event.id


async def settled(house: Home, count: int = 1) -> list[TriedDelivery]:
    """The deliveries, once so many have ended."""

    async def ended() -> list[TriedDelivery]:
        page = await house.services.deliveries.page(house.caller, limit=200)
        done = [delivery for delivery in page.items if delivery.status is not DeliveryStatus.pending]
        return done if len(done) >= count else []

    return await until(ended, "the deliveries")


async def test_a_match_reaches_the_receiver_signed(at_both_homes: Home, receiver: Receiver) -> None:
    """What a search finds is posted to the hook, and a third party's library accepts the signature."""
    house = at_both_homes
    _, secret, _ = await house.services.hooks.create(
        house.caller, receiver.url, ("match_found", "search_complete"), HookFilter()
    )
    await house.index("https://a.example.com/1.jpg", photos.cropped(1))
    await house.search(photos.photo(1))
    deliveries = await settled(house, 2)
    assert {delivery.status for delivery in deliveries} == {DeliveryStatus.delivered}
    bodies = [Webhook(secret).verify(request.body, dict(request.headers)) for request in receiver.requests]
    assert {body["type"] for body in bodies} == {"match_found", "search_complete"}
    for request, body in zip(receiver.requests, bodies, strict=True):
        assert request.headers["webhook-id"] == body["id"]


async def test_subscribing_twice_gives_the_same_hook(at_both_homes: Home) -> None:
    """The same URL, triggers and filter give the hook that is there, with its secret; also under parallel requests."""
    hooks, caller = at_both_homes.services.hooks, at_both_homes.caller
    made = await asyncio.gather(
        *(hooks.create(caller, "https://r.example.com/x", ("match_found",), HookFilter()) for _ in range(8))
    )
    assert len({hook.id for hook, _, _ in made}) == 1
    assert len({secret for _, secret, _ in made}) == 1
    assert sum(new for _, _, new in made) == 1
    other, _, new = await hooks.create(caller, "https://r.example.com/x", ("search_complete",), HookFilter())
    assert new
    assert other.id != made[0][0].id


async def test_a_failed_attempt_is_retried_and_logged(at_home: Home, receiver: Receiver) -> None:
    """A receiver that fails once gets the same `webhook-id` again, and both attempts are in the log."""
    receiver.will(Answer(503, {"retry-after": "0"}, b"busy"))
    await at_home.services.hooks.create(at_home.caller, receiver.url, ("match_found",), HookFilter())
    event_id = await happen(at_home)
    (delivery,) = await settled(at_home)
    attempts = await at_home.services.deliveries.attempts(at_home.caller, delivery.id)
    assert [(attempt.number, attempt.status_code) for attempt in attempts] == [(1, 503), (2, 200)]
    assert attempts[0].response_body == "busy"
    assert [request.headers["webhook-id"] for request in receiver.requests] == [event_id, event_id]


async def test_gone_unsubscribes_and_is_told(at_home: Home, receiver: Receiver) -> None:
    """410 disables the hook, with an event that another hook hears."""
    async with Receiver() as other:
        receiver.will(Answer(410))
        hook, _, _ = await at_home.services.hooks.create(at_home.caller, receiver.url, ("match_found",), HookFilter())
        await at_home.services.hooks.create(at_home.caller, other.url, ("hook_disabled",), HookFilter())
        await happen(at_home)
        await other.wait_for(1)
        assert json.loads(other.requests[0].body)["hook_id"] == hook.id
    after = await at_home.services.hooks.get(at_home.caller, hook.id)
    assert after.status is HookStatus.disabled
    await happen(at_home)
    assert len(receiver.requests) == 1
    awake = await at_home.services.hooks.enable(at_home.caller, hook.id)
    assert (awake.id, awake.status) == (hook.id, HookStatus.active)


async def test_the_end_of_a_hook_is_told_once(at_home: Home, receiver: Receiver) -> None:
    """Three deliveries that are answered 410 at the same time disable the hook once, with one event."""
    answer = asyncio.Event()
    receiver.will(*(Answer(410, wait=answer) for _ in range(3)))
    await at_home.services.hooks.create(at_home.caller, receiver.url, ("match_found",), HookFilter())
    for _ in range(3):
        await happen(at_home)
    await receiver.wait_for(3)
    answer.set()
    await settled(at_home, 3)
    assert len(await at_home.events("hook_disabled")) == 1


async def test_resend_repeats_with_the_same_id(at_home: Home, receiver: Receiver) -> None:
    """A delivered event can be sent once more; it is logged as manual and changes nothing else."""
    await at_home.services.hooks.create(at_home.caller, receiver.url, ("match_found",), HookFilter())
    event_id = await happen(at_home)
    (delivery,) = await settled(at_home)
    await at_home.services.deliveries.resend(at_home.caller, delivery.id)
    await receiver.wait_for(2)
    assert {request.headers["webhook-id"] for request in receiver.requests} == {event_id}

    async def logged() -> bool:
        return len(await at_home.services.deliveries.attempts(at_home.caller, delivery.id)) == 2

    await until(logged, "the attempt in the log")
    attempts = await at_home.services.deliveries.attempts(at_home.caller, delivery.id)
    assert [attempt.manual for attempt in attempts] == [False, True]
    after = await at_home.services.deliveries.get(at_home.caller, delivery.id)
    assert (after.status, after.attempts) == (DeliveryStatus.delivered, 1)


async def test_a_resend_is_made_once_however_often_it_is_asked_for(at_home: Home, receiver: Receiver) -> None:
    """Asked for in parallel, and again before it is in the log, it is one attempt of one number; then it is the next.
    One whose hook is gone is refused."""
    deliveries, caller = at_home.services.deliveries, at_home.caller
    hook, _, _ = await at_home.services.hooks.create(caller, receiver.url, ("match_found",), HookFilter())
    await happen(at_home)
    (delivery,) = await settled(at_home)
    assert (delivery.last_status_code, delivery.last_error) == (200, None)

    async def logged(count: int) -> list[int]:
        numbers = [attempt.number for attempt in await deliveries.attempts(caller, delivery.id)]
        return numbers if len(numbers) >= count else []

    answer = asyncio.Event()
    receiver.will(Answer(503, wait=answer))
    asked = await asyncio.gather(*(deliveries.resend(caller, delivery.id) for _ in range(4)))
    await receiver.wait_for(2)
    asked.append(await deliveries.resend(caller, delivery.id))
    answer.set()
    assert [number for _, number in asked] == [11] * 5
    assert await until(lambda: logged(2), "the log") == [1, 11]
    assert (await deliveries.get(caller, delivery.id)).last_status_code == 503
    assert (await deliveries.resend(caller, delivery.id))[1] == 12
    assert await until(lambda: logged(3), "the log") == [1, 11, 12]
    assert len(receiver.requests) == 3
    await at_home.services.hooks.delete(caller, hook.id)
    with pytest.raises(CopyhoundError, match="gone"):
        await deliveries.resend(caller, delivery.id)


async def test_a_deleted_hook_gets_nothing_more(at_home: Home, receiver: Receiver) -> None:
    """Deleting a hook ends its pending deliveries; deleting it again is quiet."""
    receiver.will(Answer(500), Answer(500))
    hook, _, _ = await at_home.services.hooks.create(at_home.caller, receiver.url, ("match_found",), HookFilter())
    await happen(at_home)
    await receiver.wait_for(1)
    await at_home.services.hooks.delete(at_home.caller, hook.id)
    await at_home.services.hooks.delete(at_home.caller, hook.id)
    await happen(at_home)
    with pytest.raises(CopyhoundError):
        await at_home.services.hooks.get(at_home.caller, hook.id)


@pytest.mark.parametrize(
    ("where", "payload", "told"),
    [
        (HookFilter(min_confidence=80), {"confidence": 79.9}, False),
        (HookFilter(min_score=10), {"score": 10.0}, True),
        (HookFilter(match_types=("full",)), {"match_type": "partial"}, False),  # type: ignore[arg-type]
        (HookFilter(domains=("example.com",)), {"domain": "example.com"}, True),
        (HookFilter(domains=("example.com",)), {"domain": "example.org"}, False),
        (HookFilter(domains=("https://shop.example.com/",)), {"domain": "Shop.example.com"}, True),
        (HookFilter(providers=("own_index",)), {"providers": ["best", "own_index"]}, True),
        (HookFilter(providers=("own_index",)), {"providers": ["best"]}, False),
    ],
)
async def test_filters(
    at_home: Home, receiver: Receiver, where: HookFilter, payload: dict[str, Any], told: bool
) -> None:
    """A hook is told of the events that its filter lets through, and of no other."""
    await at_home.services.hooks.create(at_home.caller, receiver.url, ("match_found",), where)
    await happen(at_home, **payload)
    page = await at_home.services.deliveries.page(at_home.caller)
    assert bool(page.items) is told


async def test_a_filter_of_lists(at_home: Home, receiver: Receiver) -> None:
    """A hook with lists is told of their events alone; a list that is not there is refused."""
    hooks, caller = at_home.services.hooks, at_home.caller
    one, two = [await at_home.services.lists.create(caller, label) for label in ("one", "two")]
    await hooks.create(caller, receiver.url, ("match_found",), HookFilter(list_ids=(one.id,)))
    await happen(at_home, list_id=two.id)
    told = await happen(at_home, list_id=one.id)
    deliveries = (await at_home.services.deliveries.page(caller)).items
    assert [delivery.event_id for delivery in deliveries] == [told]
    with pytest.raises(CopyhoundError) as caught:
        await hooks.create(caller, receiver.url, ("match_found",), HookFilter(list_ids=("list_nobody",)))
    assert caught.value.code == "invalid_request"


async def test_hook_targets_are_checked(at_home: Home) -> None:
    """A target that is private or not http is refused; one that does not answer yet is accepted."""
    hooks, caller = at_home.services.hooks, at_home.caller
    for url, code in (
        ("http://10.1.2.3/x", "url_forbidden"),
        ("http://[::ffff:169.254.169.254]/", "url_forbidden"),
        ("file:///etc/passwd", "url_invalid"),
        ("not a url", "url_invalid"),
    ):
        with pytest.raises(CopyhoundError) as caught:
            await hooks.create(caller, url, ("match_found",), HookFilter())
        assert caught.value.code == code
    with pytest.raises(CopyhoundError) as caught:
        await hooks.create(caller, "https://r.example.com/", ("nonsense",), HookFilter())
    assert caught.value.code == "invalid_request"
    assert (await hooks.page(caller)).items == []
    assert (await hooks.create(caller, "http://127.0.0.1:1/", ("match_found",), HookFilter()))[2]


async def test_a_hook_can_be_changed_and_tried(at_home: Home, receiver: Receiver) -> None:
    """PATCH changes triggers and filter, keeping id and secret; a test event carries the sample."""
    hooks, caller = at_home.services.hooks, at_home.caller
    hook, secret, _ = await hooks.create(caller, receiver.url, ("match_found",), HookFilter())
    changed = await hooks.update(caller, hook.id, HookChanges(triggers=("search_complete",), description="mine"))
    assert (changed.id, changed.triggers, changed.description) == (hook.id, ("search_complete",), "mine")
    attempt = await hooks.test(caller, hook.id)
    assert attempt.status_code == 200
    body = Webhook(secret).verify(receiver.requests[0].body, dict(receiver.requests[0].headers))
    assert (body["type"], body["test"]) == ("search_complete", True)
