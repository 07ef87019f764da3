"""What is resolved, checked and dialled; the dialler records and never dials."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from typing import Any

import httpcore
import httpx
import pytest

from copyhound.domain.errors import CopyhoundError
from copyhound.net import transport

BAD_ANSWERS = {
    "loopback": ["127.0.0.1"],
    "private among public ones": ["93.184.215.14", "10.0.0.5"],
    "metadata": ["169.254.169.254"],
    "mapped": ["::ffff:10.0.0.5"],
    "scoped link-local": ["fe80::1%eth0"],
    "NAT64": ["64:ff9b::a00:5"],
    "CGNAT": ["100.64.0.1"],
}
TRICKS = [
    "http://2130706433/", "http://0177.0.0.1/", "http://0x7f.1/", "http://127.1/", "http://[::1]/",
    "http://[::ffff:127.0.0.1]/", "http://[64:ff9b::7f00:1]/", "http://169.254.169.254/", "http://localhost/",
    "http://①②⑦.⓪.⓪.①/", "http://user@127.0.0.1/", "http://0/", "http://pictures.example:22/",
]  # fmt: skip


@pytest.mark.parametrize("url", [*TRICKS, "file:///etc/passwd", "http://pictures.example@127.0.0.1/"])
async def test_nothing_is_dialled_for_a_forbidden_address(kit: Any, url: str) -> None:
    """Neither fetch nor post connects anywhere for an address that is refused, nor asks DNS."""
    dialler, resolver = kit.Dialler(), kit.Resolver()
    outbound = kit.outbound(dialler=dialler, resolver=resolver)
    with pytest.raises(CopyhoundError, match="url_"):
        await outbound.fetch(url, max_bytes=100, timeout=5)
    with pytest.raises(CopyhoundError, match="url_"):
        await outbound.post(url, content=b"", headers={})
    assert (dialler.dialled, resolver.asked) == ([], [])


@pytest.mark.parametrize("url", TRICKS)
async def test_plugin_clients_are_guarded_too(kit: Any, url: str) -> None:
    """A client that a plugin uses as it likes is refused the same addresses."""
    dialler = kit.Dialler()
    async with kit.outbound(dialler=dialler).client() as client:
        with pytest.raises((CopyhoundError, httpx.InvalidURL)):
            await client.get(url, follow_redirects=True)
    assert dialler.dialled == []


@pytest.mark.parametrize("answer", BAD_ANSWERS.values(), ids=BAD_ANSWERS.keys())
async def test_one_bad_address_of_a_name_spoils_it(kit: Any, answer: list[str]) -> None:
    """A name is refused if any of its addresses is internal, and the error does not tell which."""
    dialler = kit.Dialler()
    outbound = kit.outbound(dialler=dialler, resolver=kit.Resolver(pictures_example=[answer]))
    with pytest.raises(CopyhoundError) as caught:
        await outbound.fetch("http://pictures.example/", max_bytes=100, timeout=5)
    assert caught.value.code == "url_forbidden"
    assert dialler.dialled == []
    assert not any(address in str(caught.value) for address in answer)


async def test_the_checked_address_is_the_one_dialled(kit: Any) -> None:
    """A resolver that tells something else the second time is not asked a second time."""
    dialler = kit.Dialler()
    resolver = kit.Resolver(pictures_example=[["93.184.215.14"], ["127.0.0.1"]])
    fetched = await kit.outbound(dialler=dialler, resolver=resolver).fetch(
        "http://pictures.example/a.jpg", max_bytes=100, timeout=5
    )
    assert fetched.body == b"ok"
    assert dialler.dialled == [("93.184.215.14", 80)]
    assert resolver.asked == ["pictures.example"]


async def test_every_new_connection_is_checked_again(kit: Any) -> None:
    """A name that turns internal after its first visit is refused at the second."""
    dialler = kit.Dialler()
    resolver = kit.Resolver(pictures_example=[["93.184.215.14"], ["127.0.0.1"]])
    outbound = kit.outbound(dialler=dialler, resolver=resolver)
    await outbound.fetch("http://pictures.example/", max_bytes=100, timeout=5)
    with pytest.raises(CopyhoundError, match="url_forbidden"):
        await outbound.fetch("http://pictures.example/", max_bytes=100, timeout=5)
    assert dialler.dialled == [("93.184.215.14", 80)]


async def test_the_next_address_is_tried_when_one_does_not_connect(kit: Any) -> None:
    """A host with several addresses is reached through one that answers."""
    dialled = []

    async def dial(address: str, port: int, timeout: float | None) -> httpcore.AsyncNetworkStream:
        dialled.append(address)
        if address == "93.184.215.14":
            raise httpcore.ConnectError("refused")
        return httpcore.AsyncMockStream([kit.ANSWER])

    resolver = kit.Resolver(pictures_example=[["93.184.215.14", "2606:4700::1111"]])
    fetched = await kit.outbound(dialler=dial, resolver=resolver).fetch(
        "http://pictures.example/", max_bytes=100, timeout=5
    )
    assert (fetched.status, dialled) == (200, ["93.184.215.14", "2606:4700::1111"])


@pytest.mark.parametrize(
    "target",
    ["http://127.0.0.1/", "http://2130706433/", "//169.254.169.254/", "http://inside.example/", "file:///etc/passwd",
     "http://user@pictures.example/", "http://[::1", "http://pictures.example:22/"],
)  # fmt: skip
async def test_redirects_are_checked_like_the_first_address(kit: Any, target: str) -> None:
    """A redirect to an address that may not be visited ends the fetch, undialled."""
    answer = f"HTTP/1.1 302 Found\r\nLocation: {target}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    dialler = kit.Dialler(answer.encode())
    resolver = kit.Resolver(pictures_example=[["93.184.215.14"]], inside_example=[["10.0.0.5"]])
    with pytest.raises(CopyhoundError, match="url_"):
        await kit.outbound(dialler=dialler, resolver=resolver).fetch(
            "http://pictures.example/", max_bytes=100, timeout=5
        )
    assert dialler.dialled == [("93.184.215.14", 80)]


async def test_plugin_clients_redirects_are_checked(kit: Any) -> None:
    """A client that follows redirects by itself is stopped at the internal one."""
    dialler = kit.Dialler(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\nContent-Length: 0\r\n\r\n")
    resolver = kit.Resolver(pictures_example=[["93.184.215.14"]])
    async with kit.outbound(dialler=dialler, resolver=resolver).client() as client:
        with pytest.raises(CopyhoundError, match="url_forbidden"):
            await client.get("http://pictures.example/", follow_redirects=True)
    assert dialler.dialled == [("93.184.215.14", 80)]


async def test_a_name_is_asked_for_once_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many that wait for one name share one question and its answer; who stops waiting takes it from no other."""
    asked: list[str] = []
    answer = threading.Event()

    def ask(host: str, port: int) -> list[str]:
        asked.append(host)
        answer.wait(30)
        return ["93.184.215.14"]

    monkeypatch.setattr(transport, "_getaddrinfo", ask)
    resolver = transport.SystemResolver(threads=2)
    waiting = [asyncio.create_task(resolver("slow.example", 80)) for _ in range(50)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    other = asyncio.create_task(resolver("other.example", 80))
    await asyncio.sleep(0)
    answer.set()
    assert await asyncio.gather(*waiting[1:], other) == [["93.184.215.14"]] * 50
    assert sorted(asked) == ["other.example", "slow.example"]


async def test_names_that_hang_keep_no_other_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """While two hundred names hang, the next one is answered."""
    answer = threading.Event()

    def ask(host: str, port: int) -> list[str]:
        if host.startswith("slow"):
            answer.wait(30)
        return ["93.184.215.14"]

    monkeypatch.setattr(transport, "_getaddrinfo", ask)
    waiting = [asyncio.create_task(transport.system_resolver(f"slow{number}.example", 80)) for number in range(200)]
    await asyncio.sleep(0)
    async with asyncio.timeout(10):
        assert await transport.system_resolver("quick.example", 80) == ["93.184.215.14"]
    assert not any(one.done() for one in waiting)
    answer.set()
    await asyncio.gather(*waiting)


async def test_a_name_that_does_not_resolve_is_told_so(kit: Any) -> None:
    """An unknown name is `url_unresolved`, and worth another try."""
    with pytest.raises(CopyhoundError) as caught:
        await kit.outbound(dialler=kit.Dialler(), resolver=kit.Resolver()).fetch(
            "http://nowhere.example/", max_bytes=100, timeout=5
        )
    assert (caught.value.code, caught.value.retryable) == ("url_unresolved", True)


@pytest.mark.parametrize(
    ("allow", "port", "address", "dialled"),
    [
        ("192.168.0.0/16", 5678, "192.168.1.5", True),
        ("n8n.lan", 5678, "192.168.1.5", True),
        ("10.0.0.0/8", 80, "192.168.1.5", False),
        ("10.0.0.0/8", 5678, "93.184.215.14", False),
        ("10.0.0.0/8", 443, "93.184.215.14", True),
    ],
)
async def test_ranges_decide_once_a_name_is_resolved(
    kit: Any, allow: str, port: int, address: str, dialled: bool
) -> None:
    """A name is let through by its range, on any port; a public address keeps to the public ports."""
    dialler = kit.Dialler()
    outbound = kit.outbound(allow, dialler=dialler, resolver=kit.Resolver(n8n_lan=[[address]]))
    with contextlib.suppress(CopyhoundError):
        await outbound.post(f"http://n8n.lan:{port}/hook", content=b"{}", headers={})
    assert bool(dialler.dialled) is dialled
