"""Who is told every new copy, and not new domains only."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from copyhound.domain.notifications import DigestFormat, NewNotification, Notification, NotificationChanges
from copyhound.services import notifications_copies
from copyhound.services.notifications_digest import newest_event

from ..fixtures.findings import a_list, find
from ..fixtures.houses import Home
from ..fixtures.notifying import by_post, domains, turned
from ..fixtures.receiver import Receiver

AT = datetime(2026, 3, 2, 12, tzinfo=UTC)


async def told(house: Home, made: Notification, receiver: Receiver, **by: float) -> list[dict[str, Any]]:
    """What came when the clock was turned by a day."""
    before = len(receiver.requests)
    if await turned(house, **(by or {"days": 1})):
        async with house.services.kit.units.read() as uow:
            now = await uow.notifications.get(house.caller.workspace_id, made.id)
            assert now is not None
            newest = await newest_event(uow, now.workspace_id, new_domains_only=now.new_domains_only)
        job = house.caller.workspace_id, made.id, now.telling or "", newest, 1
        await house.services.notifying.settle(*job, await house.services.notifying.send(*job))
    return [json.loads(request.body) for request in receiver.requests[before:]]


async def test_each_new_copy_is_told_once(idle: Home, receiver: Receiver) -> None:
    """A further copy on a known domain is told, alone; with none nothing comes."""
    made, summer = await by_post(idle, receiver, new_domains_only=False), await a_list(idle)
    await find(idle, summer, "https://one.example.com/a.jpg", "https://two.example.org/b.jpg")
    (first,) = await told(idle, made, receiver)
    assert first == {
        "new_copies": 2,
        "domains": ["example.com", "example.org"],
        "lists": [{"list_id": summer.id, "list_number": summer.number, "list_label": "Summer", "new_copies": 2}],
    }
    assert await told(idle, made, receiver) == []
    await find(idle, summer, "https://one.example.com/c.jpg", "https://two.example.com/d.jpg")
    (second,) = await told(idle, made, receiver)
    assert (second["new_copies"], second["domains"]) == (2, ["example.com"])
    assert await told(idle, made, receiver) == []


async def test_new_domains_only_is_the_default(idle: Home, receiver: Receiver) -> None:
    """Without a word a further copy on a known domain sends nothing."""
    made, summer = await by_post(idle, receiver), await a_list(idle)
    assert made.new_domains_only
    await find(idle, summer, "https://one.example.com/a.jpg")
    assert len(await told(idle, made, receiver)) == 1
    await find(idle, summer, "https://one.example.com/b.jpg")
    assert await told(idle, made, receiver) == []


async def test_the_filter_and_the_lists_count(idle: Home, receiver: Receiver) -> None:
    """A copy that the filter swallows, or of another list, is not told, also not later."""
    summer, winter = await a_list(idle), await a_list(idle, "Winter")
    more: dict[str, Any] = {"filter": {"score-gt": 70}, "list_ids": (summer.id,), "new_domains_only": False}
    made = await by_post(idle, receiver, **more)
    await find(idle, summer, "https://one.example.com/weak.jpg", score=30.0)
    await find(idle, winter, "https://one.example.net/other.jpg")
    assert await told(idle, made, receiver) == []
    await find(idle, summer, "https://one.example.com/strong.jpg", score=90.0)
    (message,) = await told(idle, made, receiver)
    assert (message["new_copies"], message["domains"]) == (1, ["example.com"])


async def test_it_can_be_changed(idle: Home, receiver: Receiver) -> None:
    """Changed to all copies the next message tells those since the last; changed back, no domain is told twice."""
    service, made, summer = idle.services.notifications, await by_post(idle, receiver), await a_list(idle)
    await find(idle, summer, "https://one.example.com/a.jpg")
    await told(idle, made, receiver)
    await find(idle, summer, "https://one.example.com/b.jpg")
    await service.update(idle.caller, made.id, NotificationChanges(new_domains_only=False))
    (copies,) = await told(idle, made, receiver)
    assert copies["new_copies"] == 1
    await find(idle, summer, "https://one.example.org/c.jpg")
    await told(idle, made, receiver)
    back = await service.update(idle.caller, made.id, NotificationChanges(new_domains_only=True))
    assert back.new_domains_only
    assert await told(idle, made, receiver) == []
    await find(idle, summer, "https://one.example.net/d.jpg")
    await told(idle, made, receiver)
    assert domains(receiver) == [["example.com"], ["example.com"], ["example.org"], ["example.net"]]


async def test_what_was_found_before_is_not_told(idle: Home, receiver: Receiver) -> None:
    """A notification tells what is found after it was made, also when it is asked for all copies later."""
    summer = await a_list(idle)
    await find(idle, summer, "https://one.example.com/a.jpg", "https://one.example.com/b.jpg")
    made = await by_post(idle, receiver)
    await idle.services.notifications.update(idle.caller, made.id, NotificationChanges(new_domains_only=False))
    assert await told(idle, made, receiver) == []


async def test_many_copies_come_in_parts(idle: Home, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """A message has so many copies, counts all of a domain and shows the best; the next message has the rest."""
    monkeypatch.setattr(notifications_copies, "_EVENTS", 10)
    monkeypatch.setattr(notifications_copies, "_COPIES", 25)
    made, summer = await by_post(idle, receiver, new_domains_only=False, format=DigestFormat.json), await a_list(idle)
    for number in range(40):
        await find(idle, summer, f"https://one.example.com/{number}.jpg", score=float(number))
    (first,), (second,) = await told(idle, made, receiver), await told(idle, made, receiver)
    assert [first["new_copies"], second["new_copies"]] == [30, 10]
    (domain,) = first["domains"]
    assert (domain["total"], [copy["score"] for copy in domain["copies"]]) == (30, [float(29 - n) for n in range(20)])
    assert first["title"] == "30 New Copies on 1 Domain: example.com"
    assert first["top_domains"] == [{"domain": "example.com", "copies": 30}]


async def test_page_preview_and_trial_tell_copies(idle: Home, receiver: Receiver) -> None:
    """The preview, the page behind the link and the trial speak of copies too."""
    made = await by_post(idle, receiver, new_domains_only=False, format=DigestFormat.htmlsummary)
    summer, service = await a_list(idle), idle.services.notifications
    await find(idle, summer, *(f"https://one.example.com/{number}.jpg" for number in range(3)))
    shown = await service.preview(idle.caller, made.id)
    assert shown.title == "3 New Copies on 1 Domain: example.com"
    assert "and 2 more on this domain" in shown.text
    assert (await service.test(idle.caller, made.id)).ok
    assert "2 New Copies on 2 Domains: example.com, example.org" in receiver.requests[0].body.decode()


def test_what_was_there_before_says_new_domains_only() -> None:
    """What names nothing asks for new domains only, as ever."""
    sent = msgspec.json.decode(b'{"notifier": "email", "target": {}}', type=NewNotification)
    assert sent.new_domains_only
