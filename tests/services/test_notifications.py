"""Notifications: new domains are told once, when they are due, by real notifiers to real receivers."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import sys
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from importlib import resources
from pathlib import Path
from typing import Any

import msgspec
import PIL.Image
import pytest

from copyhound.domain.errors import CopyhoundError
from copyhound.domain.notifications import (
    DigestFormat,
    DigestSchedule,
    NewNotification,
    Notification,
    NotificationChanges,
)
from copyhound.domain.workspaces import ALL_SCOPES, Caller
from copyhound.services import notifications_digest, notifications_pictures, notifications_sending
from copyhound.services.notifications_sending import opened_target

from ..fixtures import photos
from ..fixtures.findings import a_list, find
from ..fixtures.houses import Home, home, until
from ..fixtures.mailbox import Mailbox
from ..fixtures.notifying import by_post, domains, run_job, turned
from ..fixtures.receiver import Answer, Receiver, redirect

NOWHERE = {"host": "127.0.0.1", "port": 9, "security": "none", "sender": "copyhound@example.org"}
"""A mail server that is set up, and not there."""


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with Mailbox() as opened:
        yield opened


def mail_settings(mailbox: Mailbox) -> dict[str, Any]:
    return {"host": "127.0.0.1", "port": mailbox.port, "security": "none", "sender": "copyhound@example.org"}


@pytest.fixture
async def at_work(
    tmp_path: Path, database_url: str, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Home]:
    """A house with jobs and a mail server, whose clock only the test turns; on both databases."""
    monkeypatch.setattr("copyhound.bootstrap._DUE_NOTIFICATIONS_SECONDS", 3600.0)
    async with home(tmp_path / "data", database_url, plugins={"email": mail_settings(mailbox)}) as opened:
        yield opened


@pytest.fixture
async def idle(tmp_path: Path, sqlite_url: str) -> AsyncIterator[Home]:
    """A house where jobs are queued and never run: the test runs them."""
    async with home(tmp_path / "idle", sqlite_url, work=False, plugins={"email": NOWHERE}) as opened:
        yield opened


async def told(house: Home, notification: Notification) -> Notification:
    """The notification, once all that was found is told."""
    newest = (await house.events("new_domain_found"))[-1]["sequence"]

    async def reached() -> bool:
        now = await house.services.notifications.get(house.caller, notification.id)
        return bool(now.after >= newest)

    await until(reached, "the notification")
    return await house.services.notifications.get(house.caller, notification.id)


async def test_new_domains_come_in_one_message(at_work: Home, receiver: Receiver) -> None:
    """What is found before the slot comes in one message; slots with nothing new send nothing."""
    made = await by_post(at_work, receiver)
    await find(at_work, await a_list(at_work), "https://one.example.com/a.jpg", "https://two.example.org/b.jpg")
    assert await turned(at_work) == 0
    assert await turned(at_work, days=1) == 1
    after = await told(at_work, made)
    assert (await turned(at_work, days=1), await turned(at_work, days=5)) == (0, 0)
    assert domains(receiver) == [["example.com", "example.org"]]
    assert json.loads(receiver.requests[0].body)["new_domains"] == 2
    assert (after.last_sent_at, after.last_error) == (datetime(2026, 3, 3, 12, tzinfo=UTC), None)


async def test_an_old_domain_is_not_told_again(at_work: Home, receiver: Receiver) -> None:
    """A further copy on a known domain sends nothing; one on a new domain sends that domain alone."""
    made, summer = await by_post(at_work, receiver), await a_list(at_work)
    await find(at_work, summer, "https://one.example.com/a.jpg")
    await turned(at_work, days=1)
    await told(at_work, made)
    await find(at_work, summer, "https://one.example.com/other.jpg")
    assert await turned(at_work, days=1) == 0
    await find(at_work, summer, "https://new.example.net/c.jpg")
    assert await turned(at_work, days=1) == 1
    await told(at_work, made)
    assert domains(receiver) == [["example.com"], ["example.net"]]


async def test_a_search_is_mailed(at_work: Home, mailbox: Mailbox) -> None:
    """What a search found comes as a mail with subject, text, page and its thumbnails, to all addresses."""
    new = NewNotification("email", {"to": ["me@example.org", "you@example.org"]})
    made = await at_work.services.notifications.create(at_work.caller, new)
    await at_work.index("https://one.example.com/a.jpg", photos.resaved(1))
    await at_work.search(photos.photo(1))
    await turned(at_work, days=1)
    await told(at_work, made)
    (message,) = mailbox.messages
    assert mailbox.envelopes[0].rcpt_tos == ["me@example.org", "you@example.org"]
    assert message["subject"] == "1 New Domain: example.com"
    plain, related = message.iter_parts()
    page, picture = related.iter_parts()
    assert [part.get_content_type() for part in (plain, page, picture)] == ["text/plain", "text/html", "image/jpeg"]
    assert "/overlay?workspace=" in plain.get_content()
    assert "/overlay?workspace=" in page.get_content()
    assert f'src="cid:{picture["content-id"].strip("<>")}"' in page.get_content()
    assert "/thumbnail?workspace=" not in page.get_content()
    with PIL.Image.open(io.BytesIO(picture.get_content())) as thumbnail:
        assert max(thumbnail.size) == 160


async def test_pictures_have_limits(at_work: Home, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """No more than so many, and none that would make them too large; the others are links, and nothing is left out."""
    monkeypatch.setattr(notifications_pictures, "_MOST", 2)
    new = NewNotification("email", {"to": ["me@example.org"]})
    made = await at_work.services.notifications.create(at_work.caller, new)
    for number in range(3):
        await at_work.index(f"https://one{number}.com/a.jpg", photos.resaved(1))
    await at_work.search(photos.photo(1))
    await turned(at_work, days=1)
    await told(at_work, made)
    monkeypatch.setattr(notifications_pictures, "_BYTES", 10)
    await at_work.services.notifications.update(
        at_work.caller, made.id, NotificationChanges(schedule=DigestSchedule(hours=1))
    )
    await at_work.index("https://two.org/a.jpg", photos.resaved(1))
    await at_work.search(photos.photo(1))
    await turned(at_work, hours=1)
    await told(at_work, made)
    pages = [message.get_body(("html",)).get_content() for message in mailbox.messages]  # type: ignore[union-attr]
    assert [page.count('src="cid:') for page in pages] == [2, 0]
    assert [page.count("/thumbnail?workspace=") for page in pages] == [1, 4]


async def test_two_servers_tell_a_slot_once(
    at_work: Home, receiver: Receiver, tmp_path: Path, database_url: str
) -> None:
    """Two servers on one database, each with a clock that fires three times, send one message."""
    made = await by_post(at_work, receiver)
    await find(at_work, await a_list(at_work), "https://one.example.com/a.jpg")
    clock = at_work.clock
    async with home(tmp_path / "other", database_url, clock=clock, work=False, executor_id="two") as other:
        clock.turn(days=1)
        both = (at_work.services.notifying.send_due, other.services.notifying.send_due) * 3
        assert sum(await asyncio.gather(*(send_due() for send_due in both))) == 1
        await told(at_work, made)
    assert domains(receiver) == [["example.com"]]


async def test_two_processes_queue_each_slot_once(tmp_path: Path, database_url: str, receiver: Receiver) -> None:
    """Two processes that begin at once queue twenty notifications that are due, each of them once."""
    async with home(tmp_path / "data", database_url, work=False) as house:
        for _ in range(20):
            await by_post(house, receiver)
        await find(house, await a_list(house), "https://one.example.com/a.jpg")
        house.clock.turn(days=1)
        counts = await _at_once(tmp_path, database_url, house.clock())
        assert sum(counts) == 20
        assert await house.services.notifying.send_due() == 0


async def _at_once(tmp_path: Path, url: str, time: datetime) -> list[int]:
    """How many each of two processes queued."""
    worker = str(Path(__file__).with_name("due_worker.py"))
    pipes: Any = {"stdin": asyncio.subprocess.PIPE, "stdout": asyncio.subprocess.PIPE}
    both = [
        await asyncio.create_subprocess_exec(
            sys.executable, worker, str(tmp_path / name), url, name, time.isoformat(), **pipes
        )
        for name in ("one", "two")
    ]
    try:
        for process in both:
            assert await process.stdout.readline() == b"ready\n"  # type: ignore[union-attr]
        told = await asyncio.gather(*(process.communicate(b"go\n") for process in both))
    finally:
        for process in both:
            if process.returncode is None:
                process.kill()
    return [int(out) for out, _ in told]


async def test_it_is_due_every_so_many_days(idle: Home, receiver: Receiver) -> None:
    """Due at its time of day, and then not before so many days have gone; four of them in a month."""
    schedules = {days: await by_post(idle, receiver, schedule=DigestSchedule(days=days)) for days in (1, 7, 14, 30)}
    summer = await a_list(idle)
    await find(idle, summer, "https://one.example.com/a.jpg")
    assert (await turned(idle, hours=19), await turned(idle, hours=2)) == (0, 4)
    for day in range(1, 31):
        await find(idle, summer, f"https://shop{day}.com/a.jpg")
        assert await turned(idle, days=1) == sum(day % days == 0 for days in schedules)


async def test_many_are_due_at_once(idle: Home, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """More than are read at once are all queued, and one whose time zone is no more holds up none of them."""
    monkeypatch.setattr(notifications_sending, "_BATCH", 3)
    made = [await by_post(idle, receiver) for _ in range(7)]
    lost = msgspec.structs.replace(made[3], schedule=DigestSchedule(timezone="Atlantis/Harbour"))
    async with idle.services.kit.units() as uow:
        await uow.notifications.save(lost)
    await find(idle, await a_list(idle), "https://one.example.com/a.jpg")
    assert (await turned(idle, days=1), await turned(idle)) == (7, 0)
    after = await idle.services.notifications.get(idle.caller, lost.id)
    assert after.next_at == idle.clock() + timedelta(days=1)


async def test_a_new_schedule_never_tells_twice_a_day(idle: Home, receiver: Receiver) -> None:
    """Told at 08:00, then set to 10:00: it is due at 10:00 of the next day, not of this one."""
    made, summer = await by_post(idle, receiver), await a_list(idle)
    await find(idle, summer, "https://one.example.com/a.jpg")
    assert await turned(idle, hours=20.5) == 1
    changes = NotificationChanges(schedule=DigestSchedule(at="10:00"))
    changed = await idle.services.notifications.update(idle.caller, made.id, changes)
    assert changed.next_at == datetime(2026, 3, 4, 10, tzinfo=UTC)


async def test_a_late_slot_leaves_its_day_to_itself(idle: Home, receiver: Receiver) -> None:
    """A slot of 23:00 that is told at 00:30 is followed by the slot of the day after, not of the same day."""
    made = await by_post(idle, receiver, schedule=DigestSchedule(at="23:00"))
    await find(idle, await a_list(idle), "https://one.example.com/a.jpg")
    assert await turned(idle, hours=12.5) == 1
    now = await idle.services.notifications.get(idle.caller, made.id)
    assert now.next_at == datetime(2026, 3, 4, 23, tzinfo=UTC)


async def test_a_receiver_that_fails_is_asked_three_times_more(
    at_work: Home, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three failures are followed by a success, all with the same id and body."""
    monkeypatch.setattr(notifications_sending, "DELAYS", (0.0, 0.1, 0.1, 0.1))
    receiver.will(Answer(500), redirect(receiver.url), Answer(reset=True))
    made = await by_post(at_work, receiver)
    await find(at_work, await a_list(at_work), "https://one.example.com/a.jpg")
    await turned(at_work, days=1)
    assert (await told(at_work, made)).last_error is None
    assert len(receiver.requests) == 4
    assert len({(request.headers["webhook-id"], request.body) for request in receiver.requests}) == 1


async def test_what_could_not_be_told_comes_with_the_next(idle: Home, receiver: Receiver) -> None:
    """After four failures the reason is kept, no fifth is queued, and the next slot tells the old and the new."""
    receiver.will(*[Answer(503)] * 4)
    made, summer = await by_post(idle, receiver), await a_list(idle)
    await find(idle, summer, "https://one.example.com/a.jpg")
    for number in (1, 2, 3, 4):
        await run_job(idle, made, number)
    failed = await idle.services.notifications.get(idle.caller, made.id)
    assert "503" in (failed.last_error or "")
    assert (failed.after, failed.last_sent_at) == (made.after, None)
    await find(idle, summer, "https://two.example.org/a.jpg")
    await run_job(idle, made)
    assert domains(receiver)[-1] == ["example.com", "example.org"]
    assert (await idle.services.notifications.get(idle.caller, made.id)).last_error is None


async def test_the_attempts_are_a_minute_ten_minutes_and_an_hour_apart(idle: Home, receiver: Receiver) -> None:
    """There are three retries, and the last one comes within the day."""
    assert notifications_sending.DELAYS == (0.0, 60.0, 600.0, 3600.0)


async def test_a_job_that_died_tells_again_under_the_same_id(idle: Home, receiver: Receiver) -> None:
    """Killed after sending and before writing it down, it sends the same once more; written down, nothing more."""
    made = await by_post(idle, receiver)
    await find(idle, await a_list(idle), "https://one.example.com/a.jpg")
    assert (await run_job(idle, made, settle=False))["sent"]
    assert (await run_job(idle, made))["sent"]
    assert await run_job(idle, made) == {}
    first, second = receiver.requests
    assert (first.headers["webhook-id"], first.body) == (second.headers["webhook-id"], second.body)


async def test_a_job_that_broke_is_tried_again(idle: Home, receiver: Receiver) -> None:
    """What went wrong on our side is kept as the reason, and loses nothing."""
    made = await by_post(idle, receiver)
    await find(idle, await a_list(idle), "https://one.example.com/a.jpg")
    newest = (await idle.events("new_domain_found"))[-1]["sequence"]
    await idle.services.notifying.broke(idle.caller.workspace_id, made.id, "slot", newest, 1, "internal_error: x")
    broken = await idle.services.notifications.get(idle.caller, made.id)
    assert (broken.last_error, broken.after) == ("internal_error: x", made.after)


async def test_what_is_deleted_tells_nothing_more(idle: Home, receiver: Receiver) -> None:
    """Deleted when its message was queued already, and when it was being tried again, nothing is sent."""
    receiver.will(Answer(500))
    summer = await a_list(idle)
    queued, failing = await by_post(idle, receiver), await by_post(idle, receiver)
    await find(idle, summer, "https://one.example.com/a.jpg")
    assert await turned(idle, days=1) == 2
    await run_job(idle, failing)
    for made in (queued, failing):
        await idle.services.notifications.delete(idle.caller, made.id)
        assert await run_job(idle, made, 2) == {}
    assert len(receiver.requests) == 1
    with pytest.raises(CopyhoundError, match="not_found"):
        await idle.services.notifications.delete(idle.caller, queued.id)
    assert await turned(idle, days=1) == 0


async def test_only_the_lists_that_are_named_are_told(idle: Home, receiver: Receiver) -> None:
    """One that names a list tells that alone; one that names none tells all, also a list made later."""
    summer = await a_list(idle)
    named, every = await by_post(idle, receiver, list_ids=(summer.id,)), await by_post(idle, receiver)
    await find(idle, summer, "https://one.example.com/a.jpg")
    await find(idle, await a_list(idle, "Winter"), "https://two.example.org/a.jpg")
    await run_job(idle, named)
    await run_job(idle, every)
    assert domains(receiver) == [["example.com"], ["example.com", "example.org"]]


async def test_a_filter_says_which_copies_count(idle: Home, receiver: Receiver) -> None:
    """Domains without a copy that passes are left out; with none left nothing is sent, and they count as seen."""
    wanted = {"host-cont": "shop", "score-gt": 50}
    made, summer = await by_post(idle, receiver, filter=wanted), await a_list(idle)
    assert made.filter == wanted
    await find(idle, summer, "https://shop.example.com/a.jpg", "https://blog.example.org/a.jpg")
    await find(idle, summer, "https://shop.example.net/a.jpg", score=20.0)
    await run_job(idle, made)
    assert domains(receiver) == [["example.com"]]
    await find(idle, summer, "https://blog.other.com/a.jpg")
    assert await run_job(idle, made) == {
        "after": (await idle.events("new_domain_found"))[-1]["sequence"],
        "sent": False,
        "error": None,
    }
    assert len(receiver.requests) == 1


async def test_ignored_hosts_are_not_told(idle: Home, receiver: Receiver) -> None:
    """A host that is ignored in the list, or in all lists, is left out."""
    made, summer = await by_post(idle, receiver), await a_list(idle)
    await idle.services.ignores.add(idle.caller, summer.id, ["*.example.org"])
    await idle.services.ignores.add(idle.caller, None, ["mine.example.net"])
    urls = ("https://one.example.com/a.jpg", "https://two.example.org/a.jpg", "https://mine.example.net/a.jpg")
    await find(idle, summer, *urls)
    await run_job(idle, made)
    assert domains(receiver) == [["example.com"]]


async def test_only_what_is_found_from_now_on_is_told(idle: Home, receiver: Receiver) -> None:
    """Domains that were known before the notification was made are not told."""
    summer = await a_list(idle)
    await find(idle, summer, "https://one.example.com/a.jpg")
    made = await by_post(idle, receiver)
    assert await turned(idle, days=1) == 0
    await find(idle, summer, "https://two.example.org/a.jpg")
    await run_job(idle, made)
    assert domains(receiver) == [["example.org"]]


async def test_lists_and_copies_that_are_gone_are_not_told(idle: Home, receiver: Receiver) -> None:
    """A list that was deleted before its notification was due sends nothing."""
    made, summer = await by_post(idle, receiver), await a_list(idle)
    await find(idle, summer, "https://one.example.com/a.jpg")
    await idle.services.lists.delete(idle.caller, summer.id)
    assert not (await run_job(idle, made))["sent"]
    assert receiver.requests == []


async def test_many_domains_are_read_in_pieces(idle: Home, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """More domains than are read at once come in one message; more than one message holds come with the next."""
    monkeypatch.setattr(notifications_digest, "_EVENTS", 2)
    monkeypatch.setattr(notifications_digest, "_DOMAINS", 5)
    made, summer = await by_post(idle, receiver), await a_list(idle)
    await find(idle, summer, *(f"https://shop{number}.com/a.jpg" for number in range(7)))
    await run_job(idle, made)
    await run_job(idle, made)
    assert [len(message) for message in domains(receiver)] == [5, 2]


FORMATS = {
    "htmlsummary": ("text/html; charset=utf-8", b"<!DOCTYPE html>"),
    "textsummary": ("text/plain; charset=utf-8", b"1 New Domain: example.com"),
    "jsontextsummary": ("application/json", b'{"message":"1 New Domain: example.com"}'),
    "jsonsummary": ("application/json", b'{"new_domains":1,'),
    "jsonfull": ("application/json", b'{"image_1":{"domains_found":["example.com"]'),
    "json": ("application/json", b'{"id":"ntc_'),
    "csv": ("text/csv; charset=utf-8", b"domain,list_id,"),
}


async def test_every_format_is_posted(idle: Home, receiver: Receiver) -> None:
    """The body is what was chosen, and the content type says so."""
    made = [await by_post(idle, receiver, format=format) for format in DigestFormat]
    await find(idle, await a_list(idle), "https://one.example.com/a.jpg")
    for notification in made:
        await run_job(idle, notification)
    assert set(FORMATS) == set(DigestFormat)
    for format, request in zip(DigestFormat, receiver.requests, strict=True):
        content_type, begins = FORMATS[format]
        assert (request.method, request.headers["content-type"]) == ("POST", content_type)
        assert request.body.startswith(begins)


async def test_a_test_tells_a_sample_and_counts_for_nothing(idle: Home, receiver: Receiver) -> None:
    """It says how it went, moves nothing on, and may be asked for ten times a minute."""
    receiver.will(Answer(200), Answer(404))
    made, service = await by_post(idle, receiver), idle.services.notifications
    assert (await service.test(idle.caller, made.id)).ok
    failed = await service.test(idle.caller, made.id)
    assert (failed.ok, "404" in (failed.error or "")) == (False, True)
    assert await service.get(idle.caller, made.id) == made
    for _ in range(8):
        await service.test(idle.caller, made.id)
    with pytest.raises(CopyhoundError, match="too_many_requests"):
        await service.test(idle.caller, made.id)


async def test_a_test_says_so_where_its_format_has_room(idle: Home, receiver: Receiver) -> None:
    """By post `json` says it as a field and in its title, a page in its title; bodies of a fixed form are as ever."""
    for format in DigestFormat:
        made = await by_post(idle, receiver, format=format)
        assert (await idle.services.notifications.test(idle.caller, made.id)).ok
    bodies = {format: one.body.decode() for format, one in zip(DigestFormat, receiver.requests, strict=True)}
    marked = {format for format, body in bodies.items() if "test" in body.lower()}
    assert marked == {DigestFormat.json, DigestFormat.htmlsummary}
    told = json.loads(bodies[DigestFormat.json])
    title = "Test: 2 New Domains: example.com, example.org"
    assert (
        told["test"],
        told["title"],
        f'<h1 style="font-size:1.3em">{title}</h1>' in bodies[DigestFormat.htmlsummary],
    ) == (
        True,
        title,
        True,
    )
    await find(idle, await a_list(idle), "https://one.example.com/a.jpg")
    found = await by_post(idle, receiver, format=DigestFormat.json, new_domains_only=False)
    preview = json.loads((await idle.services.notifications.preview(idle.caller, found.id)).body)
    assert "test" not in preview
    assert not preview["title"].startswith("Test")


async def test_a_preview_sends_nothing(idle: Home, receiver: Receiver) -> None:
    """It shows what would be told, and moves nothing on."""
    made = await by_post(idle, receiver, format=DigestFormat.textsummary)
    await find(idle, await a_list(idle), "https://one.example.com/a.jpg")
    shown = await idle.services.notifications.preview(idle.caller, made.id)
    assert (shown.body, receiver.requests) == (b"1 New Domain: example.com", [])
    assert await idle.services.notifications.get(idle.caller, made.id) == made


async def test_secrets_of_a_target_are_kept_sealed(idle: Home, receiver: Receiver) -> None:
    """A secret is shown as stars, stands nowhere in the database in plain, and still signs what is sent."""
    secret = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3"
    new = NewNotification("webhook", {"url": receiver.url, "secret": secret})
    made = await idle.services.notifications.create(idle.caller, new)
    assert made.target == {"url": receiver.url, "secret": "***"}
    assert secret.encode() not in made.sealed_target
    assert (await idle.services.notifications.test(idle.caller, made.id)).ok
    assert receiver.requests[0].headers["webhook-signature"].startswith("v1,")
    changes = NotificationChanges(format=DigestFormat.csv)
    assert (await idle.services.notifications.update(idle.caller, made.id, changes)).sealed_target == made.sealed_target


async def test_a_target_sent_back_as_shown_keeps_its_secret(idle: Home, receiver: Receiver) -> None:
    """A secret given as the stars that stand for it stays as it is; another one takes its place."""
    secret = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3"
    service, kit = idle.services.notifications, idle.services.kit
    made = await service.create(idle.caller, NewNotification("webhook", {"url": receiver.url, "secret": secret}))
    moved = {**made.target, "url": receiver.at("/other")}
    changed = await service.update(idle.caller, made.id, NotificationChanges(target=moved))
    assert (changed.target, opened_target(kit, changed)) == (moved, {**moved, "secret": secret})
    new = {"url": receiver.url, "secret": secret.replace("M", "N")}
    changed = await service.update(idle.caller, made.id, NotificationChanges(target=new))
    assert opened_target(kit, changed) == new


async def test_a_secret_that_was_kept_before_goes_on(idle: Home, receiver: Receiver) -> None:
    """What is refused by now still signs; the target may be sent back as it is shown, and is refused where it moves."""
    service, kit, caller = idle.services.notifications, idle.services.kit, idle.caller
    old = {"url": receiver.url, "secret": "my secret word!"}
    with pytest.raises(CopyhoundError, match="24 to 64 bytes") as refused:
        await service.create(caller, NewNotification("webhook", old))
    assert refused.value.code == "settings_invalid"
    taken = {**old, "secret": base64.b64encode(bytes(24)).decode()}
    made = await service.create(caller, NewNotification("webhook", taken))
    kept = msgspec.structs.replace(made, sealed_target=kit.secrets.seal(msgspec.json.encode(old)))
    async with kit.units() as uow:
        await uow.notifications.save(kept)
    assert (await service.test(caller, made.id)).ok
    assert receiver.requests[0].headers["webhook-signature"].startswith("v1,")
    changes = NotificationChanges(notifier="webhook", target=made.target, active=False)
    assert (await service.update(caller, made.id, changes)).sealed_target == kept.sealed_target
    with pytest.raises(CopyhoundError, match="24 to 64 bytes"):
        await service.update(caller, made.id, NotificationChanges(target={**made.target, "url": receiver.at("/other")}))


async def test_a_kept_secret_goes_to_no_other_notifier(idle: Home, receiver: Receiver) -> None:
    """It might show what is hidden here; with a target that keeps nothing the notifier may be changed."""
    service = idle.services.notifications
    secret = {"url": receiver.url, "secret": "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3"}
    made = await service.create(idle.caller, NewNotification("webhook", secret))
    kept: list[dict[str, Any]] = [{}, {"target": {"to": ["a@example.org"], "secret": "***"}}]
    for fields in kept:
        with pytest.raises(CopyhoundError) as refused:
            await service.update(idle.caller, made.id, NotificationChanges(notifier="email", **fields))
        assert (refused.value.code, "secret" in refused.value.detail) == ("secret_needed", True)
    assert await service.get(idle.caller, made.id) == made


REFUSED = [
    (NewNotification("webhook", {"url": "http://10.0.0.1/x"}), "url_forbidden"),
    (NewNotification("webhook", {"url": "http://169.254.169.254/latest"}), "url_forbidden"),
    (NewNotification("webhook", {"url": "ftp://example.com/"}), "settings_invalid"),
    (NewNotification("webhook", {"url": "https://example.com", "more": 1}), "settings_invalid"),
    (NewNotification("email", {"to": ["not an address"]}), "settings_invalid"),
    (NewNotification("email", {"to": ["a@example.org\nBcc: b@example.org"]}), "settings_invalid"),
    (NewNotification("email", {"to": []}), "settings_invalid"),
    (NewNotification("pigeon", {}), "plugin_unknown"),
    (NewNotification("email", {"to": ["a@example.org"]}, list_ids=("list_none",)), "invalid_request"),
    (NewNotification("email", {"to": ["a@example.org"]}, filter={"hots-cont": "x"}), "invalid_request"),
    (NewNotification("email", {"to": ["a@example.org"]}, filter="host:x"), "invalid_request"),
    (NewNotification("email", {"to": ["a@example.org"]}, schedule=DigestSchedule(days=0)), "invalid_request"),
    (NewNotification("email", {"to": ["a@example.org"]}, schedule=DigestSchedule(at="25:00")), "invalid_request"),
    (
        NewNotification("email", {"to": ["a@example.org"]}, schedule=DigestSchedule(timezone="Mars/Base")),
        "invalid_request",
    ),
]


async def test_what_cannot_be_is_refused(idle: Home) -> None:
    """Nothing is kept of a notification that could not be told or read, neither new nor changed."""
    service, caller = idle.services.notifications, idle.caller
    made = await service.create(caller, NewNotification("email", {"to": ["me@example.org"]}))
    for new, code in REFUSED:
        changes = NotificationChanges(new.notifier, new.target, new.list_ids, new.filter, new.schedule)
        for refused in (service.create(caller, new), service.update(caller, made.id, changes)):
            with pytest.raises(CopyhoundError) as caught:
                await refused
            assert caught.value.code == code, new
    assert (await service.page(caller)).items == [made]


async def test_notifications_are_found_by_id_and_number_in_their_workspace(idle: Home) -> None:
    """Numbers are never used twice; another workspace finds neither."""
    service, caller = idle.services.notifications, idle.caller
    new = NewNotification("email", {"to": ["me@example.org"]})
    first, second = await service.create(caller, new), await service.create(caller, new)
    assert first.number != second.number
    assert await service.by_number(caller, first.number) == first
    await service.delete(caller, second.id)
    third = await service.create(caller, new)
    assert third.number not in (first.number, second.number)
    assert [one.id for one in (await service.page(caller)).items] == [third.id, first.id]
    stranger = Caller("ws_other", "key_other", ALL_SCOPES)
    for number in (first.number, 0, -1, 2**70):
        with pytest.raises(CopyhoundError, match="not_found"):
            await service.by_number(stranger, number)
    with pytest.raises(CopyhoundError, match="not_found"):
        await service.get(stranger, first.id)


async def test_a_target_inside_is_refused(tmp_path: Path) -> None:
    """Where nothing inside is allowed, no address of this machine is taken as a target."""
    async with home(tmp_path / "strict", work=False, net={}, plugins={"email": NOWHERE}) as house:
        for url in ("http://[::1]:9/", "http://127.0.0.1/", "http://0x7f000001/", "http://localhost/"):
            with pytest.raises(CopyhoundError, match="url_forbidden"):
                await house.services.notifications.create(house.caller, NewNotification("webhook", {"url": url}))


async def test_a_target_is_checked_again_when_it_is_dialled(tmp_path: Path, receiver: Receiver) -> None:
    """A target that was allowed when it was kept, and is not any more, is not dialled."""
    async with home(tmp_path / "data", work=False) as lenient:
        made = await by_post(lenient, receiver)
    async with home(tmp_path / "data", work=False, net={}) as strict:
        trial = await strict.services.notifications.test(strict.caller, made.id)
    assert (trial.ok, "url_forbidden" in (trial.error or "")) == (False, True)
    assert receiver.requests == []


async def test_the_manuals_examples_work(tmp_path: Path) -> None:
    """Both are taken as they stand, where the list is there; all formats and fields are in the tables."""
    page = (resources.files("copyhound") / "docs" / "notifications.md").read_text("utf-8")
    examples = [part.split("```")[0] for part in page.split("```json")[1:]]
    assert len(examples) == 2
    async with home(tmp_path / "strict", work=False, net={}, plugins={"email": NOWHERE}) as house:
        summer = await a_list(house)
        for example in examples:
            there = example.replace("list_01k9x8r4tq2m6v0c3h7s1n5w9e", summer.id)
            new = msgspec.json.decode(there, type=NewNotification)
            assert (await house.services.notifications.create(house.caller, new)).notifier == new.notifier
    for word in (*DigestFormat, *NewNotification.__struct_fields__):
        assert f"| `{word}` |" in page


@pytest.fixture
async def without_mail(tmp_path: Path, sqlite_url: str) -> AsyncIterator[Home]:
    """A house whose operator has set up no mail server."""
    async with home(tmp_path / "mute", sqlite_url, work=False) as opened:
        yield opened


async def test_a_notifier_that_is_not_set_up_is_refused(without_mail: Home, receiver: Receiver) -> None:
    """Without a mail server no notification by e-mail is made, nor is another one changed to it."""
    new = NewNotification("email", {"to": ["me@example.org"]})
    with pytest.raises(CopyhoundError, match=r"email is not set up: .* `host`") as caught:
        await without_mail.services.notifications.create(without_mail.caller, new)
    assert caught.value.code == "settings_invalid"
    other = await by_post(without_mail, receiver)
    with pytest.raises(CopyhoundError, match="email is not set up"):
        await without_mail.services.notifications.update(
            without_mail.caller, other.id, NotificationChanges(notifier=new.notifier, target=new.target)
        )
    (kept,) = (await without_mail.services.notifications.page(without_mail.caller)).items
    assert kept.notifier == "webhook"
