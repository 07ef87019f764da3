"""Notifications: new domains are told once, when they are due, by real notifiers to real receivers."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from copyhound.domain.notifications import (
    DigestFormat,
    NewNotification,
    Notification,
)

from ..fixtures import photos
from ..fixtures.houses import Home, home, until
from ..fixtures.mailbox import Mailbox
from ..fixtures.receiver import Receiver

DAY = {"days": 1}


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with Mailbox() as opened:
        yield opened


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with Receiver() as opened:
        yield opened


@pytest.fixture
async def at_work(
    tmp_path: Path, database_url: str, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Home]:
    """A house with jobs and a mail server, whose clock only the test turns; on both databases."""
    monkeypatch.setattr("copyhound.bootstrap._DUE_NOTIFICATIONS_SECONDS", 3600.0)
    monkeypatch.setattr("copyhound.bootstrap._DUE_LISTS_SECONDS", 3600.0)
    email = {"host": "127.0.0.1", "port": mailbox.port, "security": "none", "sender": "copyhound@example.org"}
    async with home(tmp_path / "data", database_url, plugins={"email": email}) as opened:
        yield opened


async def found(house: Home, *urls: str, list_id: str | None = None, label: str = "Summer") -> str:
    """Search a picture of which there are copies at these addresses; the list's id."""
    for number, url in enumerate(urls):
        await house.index(url, photos.resaved(1) if number % 2 == 0 else photos.cropped(1))
    request: dict[str, Any] = {"list_id": list_id} if list_id else {"list_label": label}
    progress = await house.search(photos.photo(1), **request)
    return progress.search.list_id


async def by_post(house: Home, receiver: Receiver, **more: Any) -> Notification:
    """A notification to the receiver."""
    new = NewNotification("webhook", {"url": receiver.url}, **{"format": DigestFormat.jsonsummary, **more})
    return await house.services.notifications.create(house.caller, new)


async def settled(house: Home, notification: Notification) -> Notification:
    """The notification, once what was due is told."""
    newest = await house.events("new_domain_found")

    async def told() -> Notification | None:
        now = await house.services.notifications.get(house.caller, notification.id)
        return now if now.after >= newest[-1]["sequence"] else None

    return await until(told, "the notification")


async def due(house: Home, **by: float) -> int:
    house.clock.turn(**by)
    return await house.services.notifying.send_due()


async def test_new_domains_are_told_in_one_message(at_work: Home, receiver: Receiver) -> None:
    """What is found before the slot comes in one message; a second slot with nothing new sends nothing."""
    made = await by_post(at_work, receiver)
    await found(at_work, "https://one.example.com/a.jpg", "https://two.example.org/b.jpg")
    assert await due(at_work) == 0
    assert await due(at_work, days=1) == 1
    after = await settled(at_work, made)
    assert (await due(at_work, days=1), await due(at_work, days=5)) == (0, 0)
    (request,) = receiver.requests
    told = json.loads(request.body)
    assert (told["new_domains"], sorted(told["domains"])) == (2, ["example.com", "example.org"])
    assert (request.headers["content-type"], after.last_sent_at) == (
        "application/json",
        datetime(2026, 3, 3, 12, tzinfo=UTC),
    )


async def test_an_old_domain_is_not_told_again(at_work: Home, receiver: Receiver) -> None:
    """A further copy on a known domain sends nothing; one on a new domain sends that alone."""
    made = await by_post(at_work, receiver)
    list_id = await found(at_work, "https://one.example.com/a.jpg")
    await due(at_work, days=1)
    await settled(at_work, made)
    await found(at_work, "https://one.example.com/other.jpg", list_id=list_id)
    assert await due(at_work, days=1) == 0
    await found(at_work, "https://new.example.net/c.jpg", list_id=list_id)
    assert await due(at_work, days=1) == 1
    await settled(at_work, made)
    assert [json.loads(request.body)["domains"] for request in receiver.requests] == [["example.com"], ["example.net"]]


async def test_a_notification_is_mailed(at_work: Home, mailbox: Mailbox) -> None:
    """The message has a subject, a text and a page, and goes to all its addresses."""
    new = NewNotification("email", {"to": ["me@example.org", "you@example.org"]})
    made = await at_work.services.notifications.create(at_work.caller, new)
    await found(at_work, "https://one.example.com/a.jpg")
    await due(at_work, days=1)
    await settled(at_work, made)
    (message,) = mailbox.messages
    assert mailbox.envelopes[0].rcpt_tos == ["me@example.org", "you@example.org"]
    assert message["subject"] == "1 New Domain: example.com"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    page = message.get_body(("html",))
    assert page is not None
    assert "/overlay?workspace=" in page.get_content()
    assert "/thumbnail?workspace=" in page.get_content()
