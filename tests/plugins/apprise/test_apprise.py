"""The notifier for Apprise: the real library, in its own process, against a real receiver on loopback."""

from __future__ import annotations

import asyncio
import base64
import importlib.util
import json
import subprocess
import sys
import tomllib
from collections.abc import AsyncIterator
from importlib import resources
from pathlib import Path
from typing import Any

import msgspec
import psutil
import pytest

import copyhound_apprise
from copyhound.domain.errors import CopyhoundError as CoreError
from copyhound.domain.extras import missing_extra
from copyhound.domain.notifications import NewNotification
from copyhound.plugin_api import CopyhoundError, Notice, NoticePicture
from copyhound.plugin_host.settings import read_settings, redacted
from copyhound.plugin_host.trial import RunNotifier
from copyhound_apprise import APPRISE, AppriseSettings, sending
from copyhound_apprise.child import fitting
from copyhound_apprise.sending import without_secrets
from copyhound_apprise.walls import Walls

from ...fixtures.findings import a_list, find
from ...fixtures.houses import home
from ...fixtures.receiver import Answer, Receiver, redirect

NOTICE = Notice("2 New Domains: a.com, b.com", "2 New Domains: a.com, b.com\n\na.com (list: größer)\n", (), id="ntc_1")
HERE: dict[str, Any] = {"services": ["json"], "allow_hosts": ["127.0.0.1"]}


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with Receiver() as opened:
        yield opened


def at(receiver: Receiver, path: str = "/a-secret-path", host: str = "127.0.0.1") -> str:
    return receiver.at(path).replace("http://127.0.0.1", f"json://{host}")


async def told(
    run: RunNotifier, target: dict[str, Any], settings: dict[str, Any] = HERE, notice: Notice = NOTICE
) -> None:
    """Tell, beside the receiver's event loop."""
    await asyncio.to_thread(run, APPRISE, notice, target=target, settings=settings)


async def refused(run: RunNotifier, target: dict[str, Any], settings: dict[str, Any] = HERE) -> str:
    with pytest.raises(CopyhoundError) as caught:
        await told(run, target, settings)
    return str(caught.value)


async def test_a_service_is_told(run_notifier: RunNotifier, receiver: Receiver) -> None:
    """Apprise's own JSON service posts title and text, once."""
    await told(run_notifier, {"url": at(receiver)})
    (request,) = receiver.requests
    body = json.loads(request.body)
    assert (request.method, request.path) == ("POST", "/a-secret-path")
    assert (body["title"], body["message"], body["attachments"]) == (NOTICE.title, NOTICE.text.rstrip(), [])


async def test_thumbnails_are_attached_where_they_are_asked_for(run_notifier: RunNotifier, receiver: Receiver) -> None:
    """As many as the target says, from the top."""
    pictures = tuple(NoticePicture(f"https://c.test/{n}", f"{n}", f"jpeg {n}".encode()) for n in (1, 2, 3))
    notice = msgspec.structs.replace(NOTICE, pictures=pictures)
    await told(run_notifier, {"url": at(receiver), "pictures": 2}, notice=notice)
    sent = json.loads(receiver.requests[0].body)["attachments"]
    assert [base64.b64decode(one["base64"]) for one in sent] == [b"jpeg 1", b"jpeg 2"]
    assert {one["mimetype"] for one in sent} == {"image/jpeg"}


async def test_a_service_that_fails_is_told_without_secrets(run_notifier: RunNotifier, receiver: Receiver) -> None:
    """The reason is there; no part of the address is."""
    receiver.will(Answer(500))
    url = at(receiver).replace("json://", "json://someone:passw0rd@")
    told = await refused(run_notifier, {"url": url})
    assert "500" in told
    assert "passw0rd" not in told
    assert "a-secret-path" not in told
    assert without_secrets("no a_token here\nat x", "slack://a_token/b/?x=1") == "no *** here at x"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_nothing_inside_is_reached(run_notifier: RunNotifier, receiver: Receiver, host: str) -> None:
    """By address or by name, this machine is refused unless the operator allows it, and what allows it is named."""
    told = await refused(run_notifier, {"url": at(receiver, host=host)}, {"services": ["json"]})
    assert "plugin_failed" in told
    assert "not among plugins.apprise.allow_hosts" in told
    assert receiver.requests == []


async def test_no_redirect_leads_inside(run_notifier: RunNotifier, receiver: Receiver) -> None:
    """A receiver that may be reached cannot send on to one that may not."""
    elsewhere = receiver.at("/inside").replace("127.0.0.1", "127.0.0.2")
    receiver.will(redirect(elsewhere))
    target = {"url": at(receiver) + "?redirect=yes"}
    assert "plugin_failed" in await refused(run_notifier, target)
    assert [request.path.partition("?")[0] for request in receiver.requests] == ["/a-secret-path"]


async def test_who_does_not_answer_is_left(
    run_notifier: RunNotifier, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After its time the process is ended; none is left behind."""
    monkeypatch.setattr(sending, "SECONDS", 6.0)
    receiver.will(Answer(drip=True))
    assert "fetch_timeout" in await refused(run_notifier, {"url": at(receiver)})
    lines = [child.cmdline() for child in psutil.Process().children(recursive=True)]
    assert not [line for line in lines if "copyhound_apprise.child" in line]


async def test_only_services_that_the_operator_names(run_notifier: RunNotifier) -> None:
    """Others are refused, and without any named the notifier is not set up."""
    assert "dbus:// is not allowed here" in await refused(run_notifier, {"url": "dbus://"})
    assert "it lacks the required field `services`" in await refused(run_notifier, {"url": "json://x"}, {})
    assert "allow_hosts" in await refused(run_notifier, {"url": "json://x"}, {**HERE, "allow_hosts": ["a.com"]})


async def test_an_address_that_apprise_does_not_know(run_notifier: RunNotifier) -> None:
    """It says so, and not which address."""
    told = await refused(run_notifier, {"url": "slack://nonsense"}, {"services": ["slack"]})
    assert "does not understand this address" in told
    assert "nonsense" not in told


async def test_a_missing_library_is_named(run_notifier: RunNotifier, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever makes a notification is told what to install."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert missing_extra("Apprise needs", "apprise") in await refused(run_notifier, {"url": "json://x"})


async def test_the_process_gets_none_of_our_environment(
    run_notifier: RunNotifier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Passwords and proxies stand there; a process that says nothing is a failure."""
    seen, python = tmp_path / "seen", tmp_path / "python"
    python.write_text(f"#!/bin/sh\nenv > {seen}\necho $PWD >> {seen}\n")
    python.chmod(0o700)
    monkeypatch.setenv("COPYHOUND_PLUGINS_EMAIL__PASSWORD", "correct horse")
    monkeypatch.setenv("HTTPS_PROXY", "http://10.0.0.1:3128")
    monkeypatch.setattr(sys, "executable", str(python))
    assert "Apprise ended with 0" in await refused(run_notifier, {"url": "json://x"})
    told = seen.read_text()
    assert "correct horse" not in told
    assert "3128" not in told
    home = told.splitlines()[-1]
    assert f"HOME={home}" in told
    assert not Path(home).exists()


@pytest.mark.parametrize(
    ("text", "most", "kept"),
    [
        ("a\nb\nc", 5, "a\nb\nc"),
        ("line one\nline two\nline three\nline four\nend", 38, "line one\nline two\n...\nhttps://c.test"),
        ("line one\nline two\nline three", 20, "line one\n..."),
        ("x" * 99, 50, "x" * 31 + "\n...\nhttps://c.test"),
    ],
)
def test_a_text_is_cut_to_what_a_service_takes(text: str, most: int, kept: str) -> None:
    """At the end of a line, with the link to all where there is room for it."""
    made = fitting(text, "https://c.test", most)
    assert made == kept
    assert len(made) <= most


TRIES = """
import os, socket, subprocess, sys
from copyhound_apprise.walls import Walls
Walls(["127.0.0.1"]).raise_()
def udp(): socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("10.0.0.1", 9))
def connect(where): socket.socket(*where[:1]).connect(where[1])
def write(): open(os.path.join(os.path.dirname(os.__file__), "written.py"), "w")
tries = {
    "file": lambda: open("/etc/passwd"),
    "environment": lambda: open(f"/proc/{os.getppid()}/environ"),
    "around": lambda: open(os.path.dirname(os.__file__) + "/../../../../../../../../etc/passwd"),
    "write": write,
    "program": lambda: subprocess.run(["true"]),
    "shell": lambda: os.system("true"),
    "udp": udp,
    "unix": lambda: connect((socket.AF_UNIX, "/run/x.sock")),
    "metadata": lambda: connect((socket.AF_INET, ("169.254.169.254", 80))),
    "name": lambda: connect((socket.AF_INET, ("localhost", 9))),
    "mapped": lambda: connect((socket.AF_INET6, ("::ffff:10.0.0.1", 80))),
    "own file": lambda: open("mine.txt", "w").close(),
    "module": lambda: __import__("apprise.plugins.custom_json"),
    "allowed": lambda: connect((socket.AF_INET, ("127.0.0.1", 9))),
}
for name, attempt in tries.items():
    try:
        attempt()
        print(name, "done")
    except PermissionError:
        print(name, "refused")
    except ConnectionRefusedError:
        print(name, "done")
"""


def test_the_walls_hold(tmp_path: Path) -> None:
    """No file of others, no program, no address inside, in whatever way; what is the library's and its own, yes."""
    made = subprocess.run([sys.executable, "-I", "-B", "-c", TRIES], cwd=tmp_path, capture_output=True, check=True)
    told = dict(line.rsplit(" ", 1) for line in made.stdout.decode().splitlines())
    done = {name for name, word in told.items() if word == "done"}
    assert done == {"own file", "module", "allowed"}
    assert len(told) == 14


@pytest.mark.parametrize(
    ("host", "reached"),
    [
        *[(host, True) for host in ("93.184.216.34", "2606:2800:220:1::1", "10.1.2.3", "::ffff:93.184.216.34")],
        *[(host, False) for host in ("10.2.0.1", "169.254.169.254", "168.63.129.16", "100.64.0.1", "224.0.0.1")],
        *[(host, False) for host in ("::1", "fd00::1", "64:ff9b::a00:1", "2002:a00:1::", "fe80::1%eth0", "a.com", "")],
    ],
)
def test_what_is_public_is_reached(tmp_path: Path, host: str, reached: bool) -> None:
    """Public addresses and those that are allowed; relays and translations end who knows where."""
    assert Walls(["10.1.0.0/16"], tmp_path).reaches(host) is reached


async def test_a_notification_goes_out(tmp_path: Path, sqlite_url: str, receiver: Receiver) -> None:
    """A digest reaches the service in one message, with a link to all; its address is sealed and shown as stars."""
    async with home(tmp_path / "data", sqlite_url, work=False, plugins={"apprise": HERE}) as house:
        new = NewNotification("apprise", {"url": at(receiver), "pictures": 3})
        made = await house.services.notifications.create(house.caller, new)
        assert made.target == {"url": "***", "pictures": 3}
        assert b"a-secret-path" not in made.sealed_target
        with pytest.raises(CoreError, match="slack:// is not allowed here"):
            await house.services.notifications.create(house.caller, NewNotification("apprise", {"url": "slack://a/b"}))
        await find(house, await a_list(house), *(f"https://shop{n}.com/a.jpg" for n in range(52)))
        newest = (await house.events("new_domain_found"))[-1]["sequence"]
        job = house.caller.workspace_id, made.id, "slot", newest, 1
        assert (await house.services.notifying.send(*job))["error"] is None
    (request,) = receiver.requests
    body = json.loads(request.body)
    assert body["title"] == "52 New Domains: shop0.com, shop1.com, shop2.com and 49 more"
    assert "and 2 more" in body["message"]
    assert "/digests/ntf_" in body["message"]


def test_every_setting_is_told() -> None:
    """The manual's table has all settings, and its example is taken."""
    page = (resources.files("copyhound") / "docs" / "notifications.md").read_text("utf-8")
    for field in msgspec.structs.fields(AppriseSettings):
        assert f"| `{field.name}` | `COPYHOUND_PLUGINS_APPRISE__{field.name.upper()}` |" in page
    example = page.split("[plugins.apprise]")[1].split("```")[0]
    assert read_settings("plugins.apprise", AppriseSettings, tomllib.loads(example)).services == (
        "discord",
        "slack",
        "tgram",
    )
    target = copyhound_apprise.AppriseTarget("discord://1/2")
    assert redacted(target)["url"] == "***"
