"""Sending over real sockets, through the guard."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
import standardwebhooks
from tests.fixtures.receiver import Answer, Receiver, redirect

from copyhound.delivery.send import WebhookSender
from copyhound.delivery.sign import new_secret
from copyhound.domain.deliveries import SendResult
from copyhound.net.outbound import Outbound
from copyhound.net.policy import NetPolicy

SECRET = new_secret()
BODY = '{"id":"evt_1","name":"Süd"}'.encode()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with Receiver() as listening:
        yield listening


@pytest.fixture
async def outbound() -> AsyncIterator[Outbound]:
    way_out = Outbound(NetPolicy(allow_hosts=("127.0.0.0/8",)), user_agent="test")
    yield way_out
    await way_out.aclose()


async def send(outbound: Outbound, url: str, timeout: float = 15) -> SendResult:
    sender = WebhookSender(outbound, "Copyhound/1 (+https://example.com)", timeout=timeout)
    return await sender.send(url, [SECRET.encode()], "evt_1", BODY, datetime.now(UTC))


async def test_sends_signed_bytes(outbound: Outbound, receiver: Receiver) -> None:
    """What arrives is a POST of exactly the bytes given, with headers that the third-party library accepts."""
    result = await send(outbound, receiver.url)
    (request,) = receiver.requests
    assert (request.method, request.path, request.body) == ("POST", "/hook", BODY)
    assert request.headers["content-type"] == "application/json"
    assert request.headers["user-agent"] == "Copyhound/1 (+https://example.com)"
    assert standardwebhooks.Webhook(SECRET).verify(request.body, dict(request.headers))["name"] == "Süd"
    assert result.ok
    assert result.error is None


async def test_keeps_the_status_and_only_telling_headers(outbound: Outbound, receiver: Receiver) -> None:
    """Of an answer's headers only Retry-After and Webhook-Delivery are kept, in lower case."""
    receiver.will(Answer(503, {"Retry-After": "120", "Webhook-Delivery": "disable", "Set-Cookie": "a=b"}, b"later"))
    result = await send(outbound, receiver.url)
    assert (result.status_code, result.body, result.ok) == (503, "later", False)
    assert result.headers == {"retry-after": "120", "webhook-delivery": "disable"}


async def test_cuts_the_answer(outbound: Outbound, receiver: Receiver) -> None:
    """Of a long answer in bad UTF-8 the first 2048 characters are kept, without NUL, which PostgreSQL cannot store."""
    receiver.will(Answer(500, body=b"\x00\xff" + "ä".encode() * 100_000))
    result = await send(outbound, receiver.url)
    assert result.body == "\ufffd\ufffd" + "ä" * 2046


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_redirect_is_not_followed(outbound: Outbound, receiver: Receiver, status: int) -> None:
    """A redirect is an answer like any other: nothing is sent to where it points."""
    receiver.will(Answer(status, redirect(receiver.at("/elsewhere")).headers))
    result = await send(outbound, receiver.url)
    assert (result.status_code, result.ok) == (status, False)
    assert [request.path for request in receiver.requests] == ["/hook"]


async def test_reset_is_a_result(outbound: Outbound, receiver: Receiver) -> None:
    """A connection that is hung up comes out as a result with an error, not as an exception."""
    receiver.will(Answer(reset=True))
    result = await send(outbound, receiver.url)
    assert result.status_code is None
    assert str(result.error).startswith("fetch_failed: ")


@pytest.mark.parametrize("slow", [Answer(wait=asyncio.Event()), Answer(drip_head=True)], ids=["silent", "dripping"])
async def test_slow_answer_times_out(outbound: Outbound, receiver: Receiver, slow: Answer) -> None:
    """The time limit is for all of it: a silent receiver and one that drips its head both run into it."""
    receiver.will(slow)
    result = await send(outbound, receiver.url, timeout=0.3)
    assert str(result.error).startswith("fetch_timeout: ")
    assert 250 <= result.duration_ms < 5000


async def test_private_target_is_refused_without_a_request(receiver: Receiver) -> None:
    """Without leave, loopback is refused by the guard, and nothing is sent."""
    guarded = Outbound(NetPolicy(), user_agent="test")
    result = await send(guarded, receiver.url)
    assert str(result.error).startswith("url_forbidden: ")
    assert receiver.requests == []
    await guarded.aclose()


class Broken:
    """A way out with a fault of its own."""

    async def fetch(self, url: str, **_: Any) -> Any:
        raise NotImplementedError

    async def post(self, url: str, **_: Any) -> Any:
        raise RuntimeError("whsec_secret")

    async def delete(self, url: str, **_: Any) -> Any:
        raise RuntimeError("whsec_secret")


async def test_fault_of_our_own_is_a_failed_attempt(caplog: pytest.LogCaptureFixture) -> None:
    """Something unexpected on the way out counts as a failed attempt; its text stays in the log."""
    sender = WebhookSender(Broken(), "test")
    result = await sender.send("http://127.0.0.1/", [SECRET.encode()], "evt_1", BODY, datetime.now(UTC))
    assert (result.status_code, result.error) == (None, "internal_error: Something broke on our side.")
    assert "sending evt_1 broke" in caplog.text
    await sender.unsubscribe("http://127.0.0.1/")  # of which nothing follows either


async def test_same_sender_on_two_loops(outbound: Outbound, receiver: Receiver) -> None:
    """One sender serves the request loop and the loop of the jobs alike."""
    elsewhere = await asyncio.to_thread(asyncio.run, send(outbound, receiver.url))
    assert elsewhere.ok
    assert (await send(outbound, receiver.url)).ok
