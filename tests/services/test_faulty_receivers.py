"""Receivers that misbehave: each fault over a real socket, and what the rules make of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from copyhound.delivery.send import WebhookSender
from copyhound.domain.hooks import DeliveryStatus, HookStatus
from copyhound.net import outbound
from copyhound.services.settling import Outcome

from ..fixtures.houses import Home, TestClock, home, until
from ..fixtures.receiver import Answer, Receiver, redirect
from ..fixtures.telling import attempt, attempted, deliveries, happen, logged, present, subscribed


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[Home]:
    async with home(tmp_path / "data", clock=TestClock(present()), work=False) as opened:
        yield opened


@pytest.fixture
async def at_work(tmp_path: Path) -> AsyncIterator[Home]:
    async with home(tmp_path / "data") as opened:
        yield opened


HINTS = b"HTTP/1.1 103 Early Hints\r\n\r\n" * 2000
FAULTS = {
    "silent": (Answer(wait=asyncio.Event()), "fetch_timeout"),
    "drips its head": (Answer(drip_head=True), "fetch_timeout"),
    "hints for ever": (Answer(flood=HINTS), "fetch_failed"),
    "resets": (Answer(reset=True), "fetch_failed"),
    "hangs up": (Answer(raw=b""), "fetch_failed"),
    "talks nonsense": (Answer(raw=b"\x00\xff 220 mail.example ESMTP\r\n\r\n"), "fetch_failed"),
    "redirects": (redirect("http://127.0.0.1:1/elsewhere"), 302),
    "is not found": (Answer(404), 404),
    "is not modified": (Answer(304), 304),
    "fails": (Answer(500, body=b"\xff\x00"), 500),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_fault_is_logged_and_tried_again(
    house: Home, receiver: Receiver, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever a receiver does wrong is one failed attempt in the log; the next one is due, and the hook lives."""
    answer, told = FAULTS[fault]
    if told == "fetch_timeout":
        hasty = WebhookSender(house.services.kit.outbound, "test", timeout=0.5)
        monkeypatch.setattr(house.services.deliveries, "_sender", hasty)
    receiver.will(answer)
    hook, _ = await subscribed(house, receiver.url)
    await happen(house)
    delivery = await attempted(house)
    (attempt,) = await logged(house, delivery.id)
    assert told == (attempt.status_code if attempt.error is None else attempt.error.partition(":")[0])
    assert (delivery.status, delivery.attempts) == (DeliveryStatus.pending, 1)
    assert delivery.next_attempt_at is not None
    assert timedelta(seconds=4) <= delivery.next_attempt_at - house.clock() <= timedelta(seconds=6)
    assert [request.path for request in receiver.requests] == ["/hook"]
    after = await house.services.hooks.get(house.caller, hook.id)
    assert (after.status, after.failing_since) == (HookStatus.active, house.clock())


BODIES = {
    "drips": Answer(drip=True),
    "ends too early": Answer(raw=b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nshort"),
    "is coded badly": Answer(200, {"content-encoding": "gzip"}, b"no gzip"),
    "is coded in what nobody knows": Answer(200, {"content-encoding": "snappy"}, b"x"),
}


@pytest.mark.parametrize("fault", BODIES)
async def test_a_2xx_is_taken_whatever_its_body(
    house: Home, receiver: Receiver, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A receiver that said 2xx has it, though its body cannot be read: nothing is sent again."""
    monkeypatch.setattr(outbound, "_BODY_SECONDS", 0.2)
    receiver.will(BODIES[fault])
    await subscribed(house, receiver.url)
    await happen(house)
    delivery = await attempted(house)
    (logged_one,) = await logged(house, delivery.id)
    assert (delivery.status, logged_one.status_code, logged_one.error) == (DeliveryStatus.delivered, 200, None)


async def test_410_ends_a_hook_whatever_its_body(house: Home, receiver: Receiver) -> None:
    """What a status asks for is done, though the body is broken."""
    receiver.will(Answer(410, {"content-encoding": "gzip"}, b"no gzip"))
    hook, _ = await subscribed(house, receiver.url)
    await happen(house)
    await attempted(house)
    assert (await house.services.hooks.get(house.caller, hook.id)).status is HookStatus.disabled


@pytest.mark.parametrize("code", [200, 500])
async def test_what_cannot_be_written_down_is_not_sent_again(
    at_work: Home, receiver: Receiver, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the database fails after the answer, only the writing is tried again; the log tells what was answered."""
    house, tries = at_work, 0
    write = house.services.deliveries._write

    async def troubled(outcome: Outcome) -> None:
        nonlocal tries
        tries += 1
        if tries < 3:
            raise OSError("database or disk is full")
        await write(outcome)

    monkeypatch.setattr(house.services.deliveries, "_write", troubled)
    receiver.will(Answer(code))
    await subscribed(house, receiver.url)
    await happen(house)
    (delivery,) = await deliveries(house)
    (attempt_1,) = await until(lambda: logged(house, delivery.id))
    assert (attempt_1.number, attempt_1.status_code, attempt_1.error) == (1, code, None)
    assert len(receiver.requests) == 1


@pytest.mark.parametrize("fault", ["resets", "redirects", "is not found", "talks nonsense"])
async def test_a_receiver_that_recovers_gets_it_with_the_same_id(house: Home, receiver: Receiver, fault: str) -> None:
    """After a fault the second attempt is taken, under the same `webhook-id`, and the hook's clock is reset."""
    receiver.will(FAULTS[fault][0])
    hook, _ = await subscribed(house, receiver.url)
    event_id = await happen(house)
    await attempted(house, 1)
    delivery = await attempted(house, 2)
    assert (delivery.status, delivery.attempts) == (DeliveryStatus.delivered, 2)
    assert [request.headers["webhook-id"] for request in receiver.requests] == [event_id, event_id]
    assert (await house.services.hooks.get(house.caller, hook.id)).failing_since is None


async def test_an_old_outage_ends_a_hook_only_after_all_attempts(house: Home, receiver: Receiver) -> None:
    """Its first failure after a quiet month, and a resend by hand, leave it active; the event's tenth one ends it."""
    receiver.will(*[Answer(500)] * 3)
    hook, _ = await subscribed(house, receiver.url)
    async with house.services.kit.units() as uow:
        await uow.hooks.save(msgspec.structs.replace(hook, failing_since=house.clock() - timedelta(days=30)))
    await happen(house)
    delivery = await attempted(house, 1)
    assert (delivery.status, delivery.next_attempt_at is not None) == (DeliveryStatus.pending, True)
    await attempt(house, delivery.id, 11, True)
    after = await house.services.hooks.get(house.caller, hook.id)
    assert (after.status, len(await logged(house, delivery.id))) == (HookStatus.active, 2)
    await attempt(house, delivery.id, 10, slow=True)
    ended = await house.services.hooks.get(house.caller, hook.id)
    assert (ended.status, ended.status_reason) == (HookStatus.disabled, "All attempts have failed for 5 days.")
    assert [one["hook_id"] for one in await house.events("hook_disabled")] == [hook.id]


async def test_a_receiver_that_is_not_there(house: Home) -> None:
    """A refused connection is a failed attempt, too."""
    async with Receiver() as gone:
        url = gone.url
    await subscribed(house, url)
    await happen(house)
    delivery = await attempted(house)
    (attempt,) = await logged(house, delivery.id)
    assert attempt.error == "fetch_failed: The address refused the connection."


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (Answer(410), DeliveryStatus.failed),
        (Answer(500, {"webhook-delivery": "disable"}), DeliveryStatus.failed),
        (Answer(404, {"Webhook-Delivery": "Disable"}), DeliveryStatus.failed),
        (Answer(200, {"webhook-delivery": "disable"}), DeliveryStatus.delivered),
    ],
)
async def test_a_receiver_can_end_its_subscription(
    house: Home, receiver: Receiver, answer: Answer, status: DeliveryStatus
) -> None:
    """410 and `webhook-delivery: disable` disable the hook, the latter also in a success; it is told."""
    receiver.will(answer)
    hook, _ = await subscribed(house, receiver.url)
    await happen(house)
    assert (await attempted(house)).status is status
    after = await house.services.hooks.get(house.caller, hook.id)
    assert (after.status, bool(after.status_reason)) == (HookStatus.disabled, True)
    assert [event["hook_id"] for event in await house.events("hook_disabled")] == [hook.id]
    await happen(house)
    assert len(await deliveries(house)) == 1


ENDS = [Answer(410), Answer(200, {"webhook-delivery": "disable"}), Answer(500, {"webhook-delivery": "disable"})]


@pytest.mark.parametrize("answer", ENDS)
async def test_a_resend_can_end_a_subscription_too(house: Home, receiver: Receiver, answer: Answer) -> None:
    """410 or `webhook-delivery: disable` to what is sent by hand disables the hook, and it is told; a 500 does not."""
    receiver.will(Answer(200), Answer(500), answer)
    hook, _ = await subscribed(house, receiver.url)
    await happen(house)
    delivery = await attempted(house)
    await attempt(house, delivery.id, 11, True)
    assert (await house.services.hooks.get(house.caller, hook.id)).status is HookStatus.active
    await attempt(house, delivery.id, 12, True)
    after = await house.services.hooks.get(house.caller, hook.id)
    assert (after.status, bool(after.status_reason)) == (HookStatus.disabled, True)
    assert [event["hook_id"] for event in await house.events("hook_disabled")] == [hook.id]
    (kept,) = await deliveries(house)
    assert (kept.status, kept.attempts) == (DeliveryStatus.delivered, 1)


@pytest.mark.parametrize("answer", ENDS)
async def test_a_test_event_ends_no_subscription(house: Home, receiver: Receiver, answer: Answer) -> None:
    """However a test event is answered, the hook stays as it is, and nothing is kept or told of it."""
    receiver.will(answer)
    hook, _ = await subscribed(house, receiver.url)
    tried = await house.services.hooks.test(house.caller, hook.id)
    assert tried.status_code == answer.status
    assert await house.services.hooks.get(house.caller, hook.id) == hook
    assert (await deliveries(house), await house.events("hook_disabled")) == ([], [])


async def test_a_receiver_can_refuse_one_message(house: Home, receiver: Receiver) -> None:
    """`webhook-delivery: abort-message` ends this delivery alone; the next event is sent."""
    receiver.will(Answer(422, {"webhook-delivery": "abort-message"}))
    hook, _ = await subscribed(house, receiver.url)
    await happen(house)
    delivery = await attempted(house)
    assert (delivery.status, delivery.next_attempt_at) == (DeliveryStatus.failed, None)
    await attempt(house, delivery.id, 2, slow=True)
    assert len(receiver.requests) == 1
    assert (await house.services.hooks.get(house.caller, hook.id)).status is HookStatus.active
