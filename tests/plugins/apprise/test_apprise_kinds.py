"""Services of several kinds, by Apprise's own code, against real receivers: title, text and links arrive whole."""

from __future__ import annotations

import asyncio
import html
import json
from collections.abc import AsyncIterator, Callable
from urllib.parse import parse_qs
from xml.etree import ElementTree

import pytest

from copyhound.plugin_api import Notice
from copyhound.plugin_host.trial import RunNotifier
from copyhound_apprise import APPRISE

from ...fixtures.mailbox import Mailbox
from ...fixtures.receiver import Answer, Received, Receiver

LINKS = (
    "https://a.com/posters?page=1&sort=new_first#p_2",
    "https://hound.test/api/v1/matches/match_1/overlay?workspace=w_1&expires=2&signature=a-B_c",
    "https://hound.test/digests/ntf_1?after=0&until=9&signature=x_y",
)
TEXT = (
    "1 New Domain: a.com\n\n"
    f"a.com (list: größer & <mehr>)\n  it's *mine*: {LINKS[0]}\n  overlay: {LINKS[1]}\n\n"
    f"All of them: {LINKS[2]}\n"
)
NOTICE = Notice("1 New Domain: größer.com & co", TEXT, (), id="ntc_1", url=LINKS[2])
Said = tuple[str, str]
"""(title, text)."""


def _xml(request: Received) -> Said:
    said = {one.tag.rpartition("}")[2]: one.text or "" for one in ElementTree.fromstring(request.body).iter()}
    return said["Subject"], said["Message"]


def _form(request: Received) -> Said:
    said = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
    return said["title"], said["message"]


def _json(request: Received) -> Said:
    said = json.loads(request.body)
    return said["title"], said["message"]


def _gotify(request: Received) -> Said:
    assert (request.path, request.headers["x-gotify-key"]) == ("/message", "a_token")
    return _json(request)


def _ntfy(request: Received) -> Said:
    assert json.loads(request.body)["topic"] == "a_topic"
    return _json(request)


def _mattermost(request: Received) -> Said:
    assert request.path == "/hooks/atoken12345"
    title, _, text = json.loads(request.body)["text"].partition("\n")
    return title, text


KINDS: dict[str, Callable[[Received], Said]] = {
    "xml://HERE/path": _xml,
    "form://HERE/path": _form,
    "gotify://HERE/a_token": _gotify,
    "ntfy://HERE/a_topic": _ntfy,
    "mmost://HERE/atoken12345": _mattermost,
}
"""Apprise's address -> how what it sends is read."""


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with Receiver() as opened:
        yield opened


async def tell(run: RunNotifier, url: str) -> None:
    """By the plugin, behind its walls, in a process of its own."""
    settings = {"services": [url.partition(":")[0]], "allow_hosts": ["127.0.0.1"]}
    await asyncio.to_thread(run, APPRISE, NOTICE, target={"url": url}, settings=settings)


@pytest.mark.parametrize("url", KINDS)
async def test_title_text_and_links_arrive(run_notifier: RunNotifier, receiver: Receiver, url: str) -> None:
    """One request comes, with the title, and with every line and link of the text as it was written."""
    receiver.will(Answer(200, {"content-type": "application/json"}, b"{}"))
    await tell(run_notifier, url.replace("HERE", receiver.at("").removeprefix("http://")))
    (request,) = receiver.requests
    title, text = KINDS[url](request)
    assert title.strip() == NOTICE.title
    assert text.strip() == TEXT.strip()


async def test_a_mail_by_apprise_has_title_text_and_links(run_notifier: RunNotifier) -> None:
    """By `mailto://` a mail comes with the title as its subject; as text and as HTML every word and link is whole."""
    with Mailbox() as mailbox:
        address = f"mailto://127.0.0.1:{mailbox.port}/?from=hound@example.org&to=me@example.com&format=html"
        await tell(run_notifier, address)
    (message,) = mailbox.messages
    assert (message["subject"], mailbox.envelopes[0].rcpt_tos) == (NOTICE.title, ["me@example.com"])
    parts = {part.get_content_type(): part.get_content() for part in message.iter_parts()}
    assert words(parts["text/plain"]) == words(TEXT)
    assert words(html.unescape(parts["text/html"].replace("<br/>", "\n"))) == words(TEXT)


def words(text: str) -> list[str]:
    """What people read, without the spaces between."""
    return text.split()
