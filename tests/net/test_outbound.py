"""Fetching and posting against real loopback servers."""

from __future__ import annotations

import asyncio
import gzip
import itertools
import ssl
import time
import zlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from copyhound.domain.errors import CopyhoundError
from copyhound.net.decoding import decoded
from copyhound.net.outbound import Outbound

LOOPBACK = "127.0.0.0/8"


async def code_of(call: Any) -> CopyhoundError:
    """The error of a call that has to fail."""
    with pytest.raises(CopyhoundError) as caught:
        await call
    return caught.value


async def drip(request: Any, writer: asyncio.StreamWriter) -> None:
    """Answers at once, and never comes to an end."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
    while True:
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.02)


async def never(request: Any, writer: asyncio.StreamWriter) -> None:
    """Does not answer, until the other side gives up."""
    await asyncio.sleep(30)


async def test_a_fetch_gives_status_headers_body_and_final_address(kit: Any) -> None:
    """A plain fetch gives what the server said, and says who we are."""
    site = await kit.site(kit.answering(body=b"picture", Content_Type="image/png", ETag='"1"'))
    fetched = await kit.outbound(LOOPBACK).fetch(f"{site.url}/a.png?x=1", max_bytes=100, timeout=5)
    assert (fetched.status, fetched.body, fetched.url) == (200, b"picture", f"{site.url}/a.png?x=1")
    assert (fetched.headers["content-type"], fetched.headers["etag"]) == ("image/png", '"1"')
    assert site.requests[0].headers["user-agent"] == "Copyhound-test"
    assert site.requests[0].headers["host"] == f"127.0.0.1:{site.port}"


async def test_loopback_is_refused_unless_allowed(kit: Any) -> None:
    """The same server is out of reach when the operator has not allowed it."""
    site = await kit.site(kit.answering())
    error = await code_of(kit.outbound().fetch(site.url, max_bytes=100, timeout=5))
    assert (error.code, site.requests) == ("url_forbidden", [])


async def test_redirects_are_followed_up_to_the_limit(kit: Any) -> None:
    """Three redirects are followed, a fourth is not."""

    async def hop(request: Any, writer: asyncio.StreamWriter) -> None:
        left = int(request.target.strip("/"))
        answer = kit.answering("302 Found", b"", Location=f"/{left - 1}") if left else kit.answering()
        await answer(request, writer)

    site = await kit.site(hop)
    outbound = kit.outbound(LOOPBACK)
    fetched = await outbound.fetch(f"{site.url}/3", max_bytes=100, timeout=5)
    assert fetched.url == f"{site.url}/0"
    assert (await code_of(outbound.fetch(f"{site.url}/4", max_bytes=100, timeout=5))).code == "fetch_failed"


async def test_credentials_stay_with_their_host(kit: Any) -> None:
    """A redirect to another origin takes no Authorization or Cookie along; one to the same origin does."""
    other = await kit.site(kit.answering())

    async def send_on(request: Any, writer: asyncio.StreamWriter) -> None:
        location = "/here" if request.target == "/" else f"{other.url}/there"
        await kit.answering("307 Temporary Redirect", b"", Location=location)(request, writer)

    site = await kit.site(send_on)
    headers = {"Authorization": "Bearer secret", "Cookie": "a=b", "X-Kept": "yes"}
    await kit.outbound(LOOPBACK).fetch(site.url + "/", max_bytes=100, timeout=5, headers=headers)
    assert site.requests[1].headers["authorization"] == "Bearer secret"
    assert "authorization" not in other.requests[0].headers
    assert "cookie" not in other.requests[0].headers
    assert other.requests[0].headers["x-kept"] == "yes"


async def test_no_cookie_outlives_a_request(kit: Any) -> None:
    """A cookie that one fetch was given is not shown by the next."""
    site = await kit.site(kit.answering(Set_Cookie="who=you; Path=/"))
    outbound = kit.outbound(LOOPBACK)
    for _ in range(2):
        await outbound.fetch(site.url, max_bytes=100, timeout=5)
    assert "cookie" not in site.requests[1].headers


@pytest.mark.parametrize("status", [404, 410, 429, 500, 503])
async def test_an_http_error_is_told_with_its_status(kit: Any, status: int) -> None:
    """An answer that is none is `fetch_failed`, with the status for whoever decides on it."""
    site = await kit.site(kit.answering(f"{status} No"))
    error = await code_of(kit.outbound(LOOPBACK).fetch(site.url, max_bytes=100, timeout=5))
    assert (error.code, error.extra) == ("fetch_failed", {"http_status": status})


async def test_callers_may_accept_other_statuses(kit: Any) -> None:
    """A status that the caller accepts is an answer."""
    site = await kit.site(kit.answering("404 Not Found", b"gone"))
    fetched = await kit.outbound(LOOPBACK).fetch(site.url, max_bytes=100, timeout=5, accept_status={200, 404})
    assert (fetched.status, fetched.body) == (404, b"gone")


async def test_not_modified_answers_a_conditional_fetch_only(kit: Any) -> None:
    """304 is an answer to If-None-Match, and an error without it."""
    site = await kit.site(kit.answering("304 Not Modified", b""))
    outbound = kit.outbound(LOOPBACK)
    fetched = await outbound.fetch(site.url, max_bytes=100, timeout=5, headers={"If-None-Match": '"1"'})
    assert (fetched.status, fetched.body) == (304, b"")
    assert (await code_of(outbound.fetch(site.url, max_bytes=100, timeout=5))).code == "fetch_failed"


async def test_an_announced_length_is_refused_before_it_is_read(kit: Any) -> None:
    """A body that says it is too large is not read."""

    async def boast(request: Any, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n")
        await writer.drain()
        await asyncio.sleep(30)

    site = await kit.site(boast)
    error = await code_of(kit.outbound(LOOPBACK).fetch(site.url, max_bytes=1000, timeout=20))
    assert error.code == "image_too_many_bytes"


async def test_an_endless_body_is_cut_off(kit: Any) -> None:
    """A body without a length is read up to the cap, and the error code is the caller's."""
    sent = itertools.count()

    async def flood(request: Any, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
        while next(sent) < 100_000:
            writer.write(bytes(10_000))
            await writer.drain()

    site = await kit.site(flood)
    error = await code_of(
        kit.outbound(LOOPBACK).fetch(site.url, max_bytes=50_000, timeout=30, too_large_code="payload_too_large")
    )
    assert error.code == "payload_too_large"
    assert next(sent) < 10_000


@pytest.mark.parametrize("exact", [0, 1])
async def test_the_cap_is_exact(kit: Any, exact: int) -> None:
    """A body of the largest size passes, one byte more does not."""
    site = await kit.site(kit.answering(body=bytes(1000)))
    call = kit.outbound(LOOPBACK).fetch(site.url, max_bytes=1000 - exact, timeout=5)
    if exact:
        assert (await code_of(call)).code == "image_too_many_bytes"
    else:
        assert len((await call).body) == 1000


def raw_deflate(data: bytes) -> bytes:
    """Deflate without the zlib header, as some servers send it."""
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


@pytest.mark.parametrize(
    ("coding", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress), ("deflate", raw_deflate)]
)
async def test_compressed_bodies_are_unpacked(kit: Any, coding: str, pack: Any) -> None:
    """Content codings are undone, and the headers no longer speak of them."""
    page = b"<html>" * 20_000
    site = await kit.site(kit.answering(body=pack(page), Content_Encoding=coding))
    fetched = await kit.outbound(LOOPBACK).fetch(site.url, max_bytes=200_000, timeout=5)
    assert fetched.body == page
    assert "content-encoding" not in fetched.headers


async def test_a_compressed_bomb_is_cut_off(kit: Any) -> None:
    """The cap counts unpacked bytes."""
    site = await kit.site(kit.answering(body=gzip.compress(bytes(50_000_000)), Content_Encoding="gzip"))
    error = await code_of(kit.outbound(LOOPBACK).fetch(site.url, max_bytes=1_000_000, timeout=20))
    assert error.code == "image_too_many_bytes"


async def test_a_bomb_unpacks_in_small_pieces() -> None:
    """A few bytes that unpack to megabytes do so 64 kB at a time."""

    async def parts() -> Any:
        yield gzip.compress(bytes(5_000_000))

    sizes = [len(piece) async for piece in decoded(parts(), "gzip")]
    assert (sum(sizes), max(sizes)) == (5_000_000, 65536)


@pytest.mark.parametrize("coding", ["gzip, gzip", "br", "gzip"])
async def test_codings_that_are_nested_unknown_or_broken_fail(kit: Any, coding: str) -> None:
    """Nested codings are the way to build a bigger bomb: they, unknown and broken ones are `fetch_failed`."""
    site = await kit.site(kit.answering(body=b"not packed at all", Content_Encoding=coding))
    error = await code_of(kit.outbound(LOOPBACK).fetch(site.url, max_bytes=100, timeout=5))
    assert (error.code, error.extra) == ("fetch_failed", {"http_status": 200})


@pytest.mark.parametrize("handler", [drip, never])
async def test_the_deadline_is_for_all_of_it(kit: Any, handler: Any) -> None:
    """A server that keeps dripping, or stays silent, is given up when the time is over."""
    site = await kit.site(handler)
    outbound = kit.outbound(LOOPBACK)
    began = time.monotonic()
    assert (await code_of(outbound.fetch(site.url, max_bytes=10**7, timeout=0.3))).code == "fetch_timeout"
    assert time.monotonic() - began < 10


async def test_the_deadline_holds_for_the_resolver_too(kit: Any) -> None:
    """A name server that does not answer is a time-out."""

    async def silent(host: str, port: int) -> list[str]:
        await asyncio.sleep(30)
        return []

    error = await code_of(kit.outbound(resolver=silent).fetch("http://pictures.example/", max_bytes=1, timeout=0.1))
    assert error.code == "fetch_timeout"


async def test_a_refused_connection_is_told_without_internals(kit: Any) -> None:
    """Nobody listening is `fetch_failed`, in words that show no error number and no other address."""
    site = await kit.site(kit.answering())
    server_port = site.port
    async with asyncio.timeout(5):
        closed = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
        server_port = closed.sockets[0].getsockname()[1]
        closed.close()
        await closed.wait_closed()
    error = await code_of(kit.outbound(LOOPBACK).fetch(f"http://127.0.0.1:{server_port}/", max_bytes=1, timeout=5))
    assert (error.code, error.detail) == ("fetch_failed", "The address refused the connection.")


@pytest.mark.parametrize("answer", [b"", b"garbage\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"])
async def test_broken_answers_fail(kit: Any, answer: bytes) -> None:
    """A server that hangs up, talks nonsense or stops half-way is `fetch_failed`."""

    async def broken(request: Any, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)

    site = await kit.site(broken)
    assert (await code_of(kit.outbound(LOOPBACK).fetch(site.url, max_bytes=100, timeout=5))).code == "fetch_failed"


async def test_a_post_is_sent_once_as_it_is(kit: Any) -> None:
    """Body and headers arrive byte for byte."""
    site = await kit.site(kit.answering("204 No Content", b""))
    headers = {"Content-Type": "application/json", "webhook-id": "msg_1"}
    answer = await kit.outbound(LOOPBACK).post(site.url + "/hook", content=b'{"a":1}', headers=headers)
    assert answer.status == 204
    [request] = site.requests
    assert (request.method, request.body, request.headers["webhook-id"]) == ("POST", b'{"a":1}', "msg_1")
    assert request.headers["user-agent"] == "Copyhound-test"


@pytest.mark.parametrize("status", [302, 307, 400, 410, 429, 500])
async def test_a_post_returns_any_status_and_follows_nothing(kit: Any, status: int) -> None:
    """A redirect or an error is an answer to a post, with its headers, and nothing else is sent."""
    handler = kit.answering(f"{status} X", b"no", Location="http://127.0.0.1:1/ [", Retry_After="7")
    site = await kit.site(handler)
    answer = await kit.outbound(LOOPBACK).post(site.url, content=b"x", headers={})
    assert (answer.status, answer.body, answer.headers["retry-after"]) == (status, b"no", "7")
    assert len(site.requests) == 1


async def test_a_posts_status_must_come_in_time(kit: Any) -> None:
    """A server that never answers a post is a time-out."""
    site = await kit.site(never)
    error = await code_of(kit.outbound(LOOPBACK).post(site.url, content=b"", headers={}, timeout=0.3))
    assert error.code == "fetch_timeout"


async def test_a_posts_answer_is_cut_not_refused(kit: Any) -> None:
    """Of a long answer to a post the beginning is kept."""
    site = await kit.site(kit.answering(body=b"a" * 1000))
    answer = await kit.outbound(LOOPBACK).post(site.url, content=b"x", headers={}, max_response_bytes=10)
    assert answer.body == b"a" * 10


async def test_proxies_of_the_environment_are_ignored(kit: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """HTTP_PROXY and its kin change nothing, for fetches and for plugins' clients."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", "")
    site = await kit.site(kit.answering())
    outbound = kit.outbound(LOOPBACK)
    assert (await outbound.fetch(site.url, max_bytes=100, timeout=5)).status == 200
    async with outbound.client() as client:
        assert (await client.get(site.url)).text == "ok"


async def test_a_plugins_client_works_as_httpx_does(kit: Any) -> None:
    """Clients unpack, stream, and one that is closed takes no other down."""
    site = await kit.site(kit.answering(body=gzip.compress(b'{"a": 1}'), Content_Encoding="gzip"))
    outbound = kit.outbound(LOOPBACK)
    async with outbound.client() as first:
        assert (await first.get(site.url)).json() == {"a": 1}
    async with outbound.client(timeout=5) as second:
        assert (await second.get(site.url)).json() == {"a": 1}


async def test_a_plugins_client_sees_httpx_errors(kit: Any) -> None:
    """Network failures reach a plugin as httpx's own exceptions."""
    site = await kit.site(never)
    async with kit.outbound(LOOPBACK).client(timeout=0.1) as client:
        with pytest.raises(httpx.ReadTimeout):
            await client.get(site.url)
        with pytest.raises(httpx.ConnectError):
            await client.get("http://127.0.0.1:1/")


async def test_a_proxy_that_is_set_is_used(kit: Any) -> None:
    """Names go to the operator's proxy, also such that only it can resolve; allowed hosts don't."""
    proxy, inside = await kit.site(kit.answering(body=b"by proxy")), await kit.site(kit.answering(body=b"direct"))
    outbound = kit.outbound("127.0.0.1", proxy=proxy.url, resolver=kit.Resolver())
    assert (await outbound.fetch("http://pictures.example/a", max_bytes=100, timeout=5)).body == b"by proxy"
    assert proxy.requests[0].target == "http://pictures.example/a"
    assert (await outbound.fetch(inside.url, max_bytes=100, timeout=5)).body == b"direct"


async def test_a_proxy_is_not_asked_for_internal_hosts(kit: Any) -> None:
    """What we can see to be internal is not left to the proxy."""
    proxy = await kit.site(kit.answering())
    outbound = kit.outbound(proxy=proxy.url, resolver=kit.Resolver(inside_example=[["10.0.0.5"]]))
    for url in ("http://inside.example/", "http://10.0.0.5/"):
        assert (await code_of(outbound.fetch(url, max_bytes=100, timeout=5))).code == "url_forbidden"
    assert proxy.requests == []


async def test_every_event_loop_has_its_own_connections(kit: Any) -> None:
    """One Outbound serves two loops at once, and closing it closes both."""

    async def answer_kept(request: Any, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        await writer.drain()

    site = await kit.site(answer_kept)
    outbound = kit.outbound(LOOPBACK)

    async def fetch_some(one: Outbound) -> list[bytes]:
        fetches = [one.fetch(site.url, max_bytes=100, timeout=20) for _ in range(10)]
        return [fetched.body for fetched in await asyncio.gather(*fetches)]

    here, there = await asyncio.gather(
        fetch_some(outbound), asyncio.to_thread(lambda: asyncio.run(fetch_some(outbound)))
    )
    assert here == there == [b"ok"] * 10
    await outbound.aclose()
    assert (await outbound.fetch(site.url, max_bytes=100, timeout=20)).body == b"ok"


def certificate(folder: Path, name: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's TLS context with a certificate for a name, and a client's that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    public = made.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = folder / "server.pem"
    path.write_bytes(public + private)
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(path)
    return server, ssl.create_default_context(cadata=public.decode())


async def test_tls_is_checked_against_the_name_not_the_address(kit: Any, tmp_path: Path) -> None:
    """The server is told the host's name (SNI), and its certificate must be for that name."""
    server, client = certificate(tmp_path, "pictures.example")
    told: list[str | None] = []
    server.sni_callback = lambda _socket, name, _context: told.append(name)
    site = await kit.site(kit.answering(body=b"safe"), ssl=server)
    resolver = kit.Resolver(pictures_example=[["127.0.0.1"]], other_example=[["127.0.0.1"]])
    outbound = kit.outbound(LOOPBACK, resolver=resolver, ssl_context=client)
    url = f"https://pictures.example:{site.port}/"
    assert (await outbound.fetch(url, max_bytes=100, timeout=5)).body == b"safe"
    assert told == ["pictures.example"]
    error = await code_of(outbound.fetch(url.replace("pictures", "other"), max_bytes=100, timeout=5))
    assert (error.code, "TLS" in error.detail) == ("fetch_failed", True)


async def test_unknown_certificates_are_refused(kit: Any, tmp_path: Path) -> None:
    """A certificate that nobody vouches for is refused by default."""
    server, _ = certificate(tmp_path, "localhost")
    site = await kit.site(kit.answering(), ssl=server)
    error = await code_of(kit.outbound(LOOPBACK).fetch(f"https://localhost:{site.port}/", max_bytes=100, timeout=5))
    assert (error.code, "TLS" in error.detail) == ("fetch_failed", True)
