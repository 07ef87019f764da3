"""Who may ask TinEye's API of ours: keys in a header, signatures, and how many requests at once."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import io
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote_plus

import httpx
import pytest
import pytest_asyncio

from copyhound.domain.workspaces import KeyLimits, Scope

from ..fixtures.photos import photo
from ..fixtures.website import Website
from .tineye_kit import REST, Counter, checked, counter

pytestmark = pytest.mark.asyncio(loop_scope="module")
NO_KEY = "Please provide a valid API key."
BAD = "The provided signature is not valid"
SKEWED = "Request time is too skewed from server time"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Counter]:
    async with counter(tmp_path_factory.mktemp("tineye")) as opened:
        yield opened


async def refused(answer: httpx.Response) -> list[str]:
    body = checked(answer)
    assert body["code"] == 401
    return list(body["messages"])


@pytest.mark.parametrize("key", [None, "", "x", "ch_key_0_short", "6mm60lsCNIB,FwOWjJqA80QZHh9BMwc-ber4u=t^"])
@pytest.mark.parametrize("method", ["search", "image_count", "remaining_searches"])
async def test_without_a_key_nothing_is_told(desk: Counter, method: str, key: str | None) -> None:
    """No key, a key that is none and the public sandbox key get TinEye's own 401 from every method."""
    headers = {} if key is None else {"x-api-key": key}
    answer = await desk.http.get(f"/rest/{method}/", headers=headers)
    assert answer.content == b'{"code":401,"messages":["Please provide a valid API key."],"stats":{},"results":[]}'
    assert answer.status_code == 401


async def test_keys_are_issued_and_revoked(desk: Counter) -> None:
    """A new key works from the next request on, and a revoked one no more; the header's name is in any case."""
    key, plain = await desk.home.services.keys.create(desk.home.caller.workspace_id, "short-lived")
    assert (await desk.http.get("/rest/image_count/", headers={"X-API-KEY": plain})).status_code == 200
    await desk.home.services.keys.revoke(desk.home.caller, key.id)
    assert await refused(await desk.get("image_count", key=plain)) == [NO_KEY]


async def test_scopes_hold(desk: Counter) -> None:
    """A key that may only read counts, and does not search."""
    reader = await desk.new_key(Scope.read)
    assert (await desk.get("image_count", key=reader)).status_code == 200
    answer = checked(await desk.search(photo(3), key=reader))
    assert (answer["code"], answer["messages"][0]) == (403, "This API key may not do that.")


async def test_a_signed_get(desk: Counter) -> None:
    """The four arguments authenticate a GET; its query may hold others, which are signed."""
    query = "image_url=http%3A%2F%2Fnowhere.invalid%2FA.jpg&limit=2"
    auth = desk.signed("search", query, nonce="signed-get")
    sent = "&".join([query, *(f"{name}={value}" for name, value in auth.items())])
    answer = await desk.http.get(f"/rest/search/?{sent}")
    assert checked(answer)["messages"] == ["Couldn't download URL."]
    changed = sent.replace("limit=2", "limit=3").replace("signed-get", "signed-got")
    assert await refused(await desk.http.get(f"/rest/search/?{changed}")) == [BAD]


@pytest.mark.parametrize("where", ["query", "form"])
@pytest.mark.parametrize("filename", ["mel+onca.jpg", "MeL ONca.jpg"])
async def test_a_signed_upload(desk: Counter, where: str, filename: str) -> None:
    """An upload is signed with its content type, its file name (encoded or not) and its arguments."""
    boundary = "-----------RubyMultipartPost"
    kind, date = f"multipart/form-data; boundary={boundary}", str(int(desk.home.clock().timestamp()))
    nonce = f"upload-{where}-{filename}"
    text = f"{desk.plain}POST{kind}{filename}{date}{nonce}{REST}search/limit=2&offset=0"
    made = hmac.new(desk.plain.encode(), text.encode(), hashlib.sha256).hexdigest()
    fields = {"offset": "0", "limit": "2", "api_key": desk.key.id, "api_sig": made, "nonce": nonce, "date": date}
    parts = fields if where == "form" else {}
    body = io.BytesIO()
    for name, value in parts.items():
        body.write(f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode())
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="image_upload"; filename="MeL ONca.jpg"\r\n'
    body.write(f"{head}Content-Type: image/jpeg\r\n\r\n".encode() + photo(3) + f"\r\n--{boundary}--\r\n".encode())
    query = "" if where == "form" else "?" + "&".join(f"{name}={quote_plus(value)}" for name, value in fields.items())
    answer = await desk.http.post(f"/rest/search/{query}", content=body.getvalue(), headers={"content-type": kind})
    assert checked(answer)["code"] == 200, answer.text


@pytest.mark.parametrize("missing", ["api_key", "api_sig", "nonce", "date"])
async def test_each_argument_is_needed(desk: Counter, missing: str) -> None:
    """Without any one of the four a request is refused, and told which."""
    auth = desk.signed("image_count", nonce=f"without-{missing}")
    del auth[missing]
    answer = await desk.get("image_count", key=None, **auth)
    assert await refused(answer) == [NO_KEY, f"The argument {missing} is missing."]


async def test_a_nonce_is_good_for_once(desk: Counter) -> None:
    """A request that is sent again is refused; one whose signature was wrong has not used up its nonce."""
    auth = desk.signed("image_count", nonce="only-once")
    wrong = {**auth, "api_sig": "0" * 64}
    assert await refused(await desk.get("image_count", key=None, **wrong)) == [BAD]
    assert (await desk.get("image_count", key=None, **auth)).status_code == 200
    assert await refused(await desk.get("image_count", key=None, **auth)) == [BAD, "The nonce was used before."]
    desk.home.clock.turn(minutes=14)
    assert (await refused(await desk.get("image_count", key=None, **auth)))[0] == BAD
    desk.home.clock.turn(minutes=2)
    assert await refused(await desk.get("image_count", key=None, **auth)) == [SKEWED]


@pytest.mark.parametrize(("skew", "good"), [(-899, True), (899, True), (-905, False), (905, False)])
async def test_the_clock_may_be_fifteen_minutes_off(desk: Counter, skew: int, good: bool) -> None:
    """A date up to 15 minutes off is taken; beyond it the documents' sentence is told."""
    auth = desk.signed("image_count", nonce=f"skewed{skew}", skew=skew)
    answer = await desk.get("image_count", key=None, **auth)
    assert answer.status_code == (200 if good else 401)
    assert good or await refused(answer) == [SKEWED]


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"nonce": "1234567"}, "The nonce must have 8 to 255 characters."),
        ({"date": "2026-03-02"}, "The date must be a Unix timestamp in whole seconds."),
        ({"date": "1772452800.5"}, "The date must be a Unix timestamp in whole seconds."),
        ({"api_key": "key_unknown"}, NO_KEY),
        ({"api_sig": "wrong"}, BAD),
        ({"api_sig": "ü"}, BAD),
    ],
)
async def test_what_is_wrong_with_a_signature(desk: Counter, changed: dict[str, str], told: str) -> None:
    """A short nonce, a date that is none, an unknown key and a wrong signature are each told."""
    auth = {**desk.signed("image_count", nonce="wrong-ones"), **changed}
    assert await refused(await desk.get("image_count", key=None, **auth)) == [told]


async def test_only_keys_made_for_it_can_sign(desk: Counter) -> None:
    """A key that was not made for signatures cannot be signed with: its secret is not kept."""
    key, plain = await desk.home.services.keys.create(desk.home.caller.workspace_id, "plain")
    auth = {**desk.signed("image_count", nonce="plain-key", secret=plain), "api_key": key.id}
    assert await refused(await desk.get("image_count", key=None, **auth)) == [NO_KEY]


async def test_a_revoked_key_signs_no_more(desk: Counter) -> None:
    """Revoking holds for signatures, too."""
    key, plain = await desk.home.services.keys.create(desk.home.caller.workspace_id, "signs", signs=True)
    good = {**desk.signed("image_count", nonce="before-1", secret=plain), "api_key": key.id}
    assert (await desk.get("image_count", key=None, **good)).status_code == 200
    await desk.home.services.keys.revoke(desk.home.caller, key.id)
    late = {**desk.signed("image_count", nonce="after-12", secret=plain), "api_key": key.id}
    assert await refused(await desk.get("image_count", key=None, **late)) == [NO_KEY]


@pytest.mark.parametrize(
    ("base", "good"),
    [("http://copyhound.test/rest/", True), ("https://copyhound.test/rest/", True), ("http://other.test/rest/", False)],
)
async def test_the_address_is_signed(desk: Counter, base: str, good: bool) -> None:
    """Without a setting the Host header says which address was signed, by either scheme."""
    auth = desk.signed("image_count", nonce=f"at {base}", base=base)
    assert (await desk.get("image_count", key=None, **auth)).status_code == (200 if good else 401)


async def test_public_addresses_are_a_setting(tmp_path: Path) -> None:
    """With public_urls those are what is signed, whatever Host says; links name the first."""
    async with counter(tmp_path, public_urls=["https://search.example/rest", "http://alias.example/rest/"]) as desk:
        for number, base in enumerate(("https://search.example/rest/", "http://alias.example/rest/", REST)):
            auth = desk.signed("image_count", nonce=f"public-{number}", base=base)
            assert (await desk.get("image_count", key=None, **auth)).status_code == (401 if base == REST else 200)
        await desk.home.index("https://a.example.com/1.jpg", photo(3))
        assert (await desk.matches(photo(3)))[0]["image_url"].startswith("https://search.example/rest/result/")


async def test_signatures_can_be_turned_off(tmp_path: Path) -> None:
    """Where signatures are off, old clients are told what TinEye tells them today."""
    async with counter(tmp_path, signatures=False) as desk:
        (told,) = await refused(await desk.get("image_count", key=None, **desk.signed("image_count")))
        assert told.startswith("The authentication method that you are using has been removed.")
        assert (await desk.get("image_count")).status_code == 200


async def test_the_fifth_request_at_once_is_refused(desk: Counter) -> None:
    """While four requests of a key run, the fifth gets 429 with Retry-After; another key's does not; then it may."""
    with Website() as site:
        held = [site.hold(f"/{number}.jpg") for number in range(4)]
        key, other = await desk.new_key(), await desk.new_key()
        running = [asyncio.create_task(desk.search(one.url, key=key)) for one in held]
        async with asyncio.timeout(30):
            while len(site.asked) < len(held):
                await asyncio.sleep(0.02)
        fifth = await desk.get("image_count", key=key)
        assert fifth.content == b'{"code":429,"messages":["Too many requests."],"stats":{},"results":[]}'
        assert (fifth.status_code, fifth.headers["retry-after"]) == (429, "1")
        assert (await desk.get("image_count", key=other)).status_code == 200
        for one in held:
            one.release(photo(3))
        assert [answer.status_code for answer in await asyncio.gather(*running)] == [200] * 4
        assert (await desk.get("image_count", key=key)).status_code == 200


async def test_a_keys_own_limit_goes_first(desk: Counter) -> None:
    """How many requests a key may run at once is changed without a restart, up and down."""
    key, plain = await desk.home.services.keys.create(desk.home.caller.workspace_id, "busy")
    with Website() as site:
        held = site.hold("/1.jpg")
        running = asyncio.create_task(desk.search(held.url, key=plain))
        async with asyncio.timeout(30):
            while not site.asked:
                await asyncio.sleep(0.02)
        for limits, status in ((KeyLimits(concurrent=1), 429), (KeyLimits(concurrent=9), 200), (KeyLimits(), 200)):
            await desk.home.services.keys.set_limits(desk.home.caller, key.id, limits)
            assert (await desk.get("image_count", key=plain)).status_code == status
        held.release(photo(3))
        await running


async def test_searches_a_minute_may_be_limited(tmp_path: Path) -> None:
    """With per_minute, or a rate of the key's own, further ones get 429 until the minute ends; that of the key's own
    counts all that it asks."""
    async with counter(tmp_path, per_minute=1) as desk:
        busy = await desk.new_key(limits=KeyLimits(requests=2, seconds=60))
        for key, most in ((desk.plain, 1), (busy, 2)):
            for _ in range(most):
                assert (await desk.search("nowhere", key=key)).status_code == 400
            refused_one = await desk.search("nowhere", key=key)
            body = checked(refused_one)
            assert (body["code"], refused_one.headers["retry-after"]) == (429, "60")
            told = f"You have exceeded your {most} search quota (will reset 2026-03-02 12:01:00 UTC)"
            assert body["messages"] == [told]
            assert (await desk.get("image_count", key=key)).status_code == (200 if key is desk.plain else 429)
        desk.home.clock.turn(minutes=1)
        assert (await desk.search("nowhere")).status_code == 400


async def test_a_nul_is_no_key_on_postgresql(tmp_path: Path, postgres_url: str) -> None:
    """PostgreSQL's texts hold no NUL: a public key or a nonce with one is 401 like any other wrong one."""
    async with counter(tmp_path, database_url=postgres_url) as opened:
        strange = opened.signed("image_count", api_key="key\0")
        assert await refused(await opened.get("image_count", key=None, **strange)) == [NO_KEY]
        strange = opened.signed("image_count", nonce="a-nonce\0")
        assert await refused(await opened.get("image_count", key=None, **strange))
        assert (await opened.get("image_count", key=None, **opened.signed("image_count"))).status_code == 200
