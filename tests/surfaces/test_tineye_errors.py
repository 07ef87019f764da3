"""Every failure of TinEye's API, byte for byte, as it is told today and as its old documents show it."""

from __future__ import annotations

import asyncio
import io
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from PIL import Image

from copyhound.domain.errors import ERRORS, CopyhoundError
from copyhound.plugin_api import Answer, Candidate, Outcome, ProviderLimits, ProviderSpec, hookimpl
from copyhound_tineye.errors import refusal_of

from ..fixtures.photos import animation, flat, photo, tiny
from ..fixtures.website import Website
from .tineye_kit import Counter, checked, counter

pytestmark = pytest.mark.asyncio(loop_scope="module")
MAX_BODY = 300_000


def animated_png() -> bytes:
    frames = [Image.new("RGB", (90, 80), colour) for colour in ("red", "green", "blue")]
    out = io.BytesIO()
    frames[0].save(out, "PNG", save_all=True, append_images=frames[1:], duration=50)
    return out.getvalue()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def current(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Counter]:
    async with counter(tmp_path_factory.mktemp("current"), max_body_bytes=MAX_BODY) as opened:
        yield opened


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def classic(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Counter]:
    async with counter(tmp_path_factory.mktemp("classic"), max_body_bytes=MAX_BODY, errors="classic") as opened:
        yield opened


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site() -> AsyncIterator[Website]:
    with Website() as website:
        website.put("/picture.jpg", b"This is a text, whatever its name says.")
        website.put("/flat.jpg", flat())
        website.put("/moving.gif", animation())
        website.put("/broken.jpg", 500)
        yield website


BAD_URL = '{"code":400,"messages":["Couldn\'t download URL."],"stats":{},"results":[]}'
INVALID_URL = '{"code":400,"messages":["Invalid or missing URL."],"stats":{},"results":[]}'
NO_PICTURE = '{"code":400,"messages":["Couldn\'t identify/download image file."],"stats":{},"results":[]}'
TOO_SIMPLE = (
    '{"code":400,"messages":["Image too simple or too small to create unique signature"],"stats":{},"results":[]}'
)
MOVING = '{"code":400,"messages":["Animations are not supported."],"stats":{},"results":[]}'
NOTHING = '{"code":400,"messages":["Please supply an image or a URL for searching."],"stats":{},"results":[]}'
OLD_URL = ["API_ERROR", "Couldn't download URL, caught exception: HTTPError()"], 400
OLD_PICTURE = ["API_ERROR", "cannot identify image file"], 500
OLD_SIMPLE = ["NO_SIGNATURE_ERROR", "Image too simple or too small to create unique signature."], 500
CASES: list[tuple[bytes | str, str, tuple[list[str], int]]] = [
    ("{site}/nowhere.jpg", BAD_URL, OLD_URL),
    ("{site}/broken.jpg", BAD_URL, OLD_URL),
    ("http://nowhere.invalid/a.jpg", BAD_URL, OLD_URL),
    ("not an address", INVALID_URL, OLD_URL),
    ("ftp://example.com/a.jpg", INVALID_URL, OLD_URL),
    ("http://10.0.0.1/a.jpg", INVALID_URL, OLD_URL),
    ("{site}/picture.jpg", NO_PICTURE, OLD_PICTURE),
    (b"This is a text, whatever its name says.", NO_PICTURE, OLD_PICTURE),
    (b"", NO_PICTURE, OLD_PICTURE),
    (photo(3)[:2000], NO_PICTURE, OLD_PICTURE),
    (flat(), TOO_SIMPLE, OLD_SIMPLE),
    (tiny(), TOO_SIMPLE, OLD_SIMPLE),
    ("{site}/flat.jpg", TOO_SIMPLE, OLD_SIMPLE),
    (animation(), MOVING, (["API_ERROR", "Animations are not supported."], 400)),
    (animated_png(), MOVING, (["API_ERROR", "Animations are not supported."], 400)),
    ("{site}/moving.gif", MOVING, (["API_ERROR", "Animations are not supported."], 400)),
    ("", NOTHING, (["API_ERROR", "Please supply an image or a URL for searching."], 400)),
]
NAMES = [
    "no such address", "a broken address", "no such host", "no address", "another scheme", "an address within",
    "a text by address", "a text", "nothing", "cut short", "one colour", "tiny", "one colour by address",
    "animated GIF", "animated PNG", "animation by address", "neither",
]  # fmt: skip


def given(picture: bytes | str, site: Website) -> bytes | str:
    return picture.replace("{site}", site.url) if isinstance(picture, str) else picture


@pytest.mark.parametrize(("picture", "body", "_"), CASES, ids=NAMES)
async def test_pictures_that_cannot_be_searched(
    current: Counter, site: Website, picture: bytes | str, body: str, _: Any
) -> None:
    """Each fault of a picture or an address has today's body, to the byte; nothing is searched by its first frame."""
    answer = await current.search(given(picture, site))
    assert answer.text == body
    assert checked(answer)["code"] == answer.status_code == 400


@pytest.mark.parametrize(("picture", "_", "old"), CASES, ids=NAMES)
async def test_the_documents_error_bodies(
    classic: Counter, site: Website, picture: bytes | str, _: Any, old: tuple[list[str], int]
) -> None:
    """With errors = "classic" the documents' bodies and codes are sent, to the byte, with their stats filled."""
    answer = await classic.search(given(picture, site))
    messages, code = old
    stats = r'\{"timestamp":"1772452800\.00","query_time":"\d+\.\d\d"\}'
    told = re.escape("[" + ",".join(f'"{message}"' for message in messages) + "]")
    assert re.fullmatch(f'{{"stats":{stats},"code":{code},"messages":{told},"results":\\[\\]}}', answer.text)
    assert checked(answer)["code"] == answer.status_code == code


async def test_an_unknown_path(current: Counter, classic: Counter) -> None:
    """404 is told in TinEye's way, for methods that there are none of and for paths below them."""
    for path in ("/rest", "/rest/", "/rest/nothing/", "/rest/search/more/", "/rest/overlay/x", "/rest/result/match_1"):
        answer = await current.http.get(path, headers={"x-api-key": current.plain})
        assert answer.text == '{"code":404,"messages":["There is nothing here."],"stats":{},"results":[]}', path
        assert checked(await classic.http.get(path))["messages"] == ["API_ERROR", "There is nothing here."]


@pytest.mark.parametrize("verb", ["PUT", "PATCH", "DELETE", "POST"])
@pytest.mark.parametrize("method", ["search", "image_count", "remaining_searches", "overlay/a/b"])
async def test_other_verbs(current: Counter, verb: str, method: str) -> None:
    """All is asked by GET, and search by POST, too; other verbs get 405, and told in `Allow` which there are."""
    if (verb, method) == ("POST", "search"):
        return
    answer = await current.http.request(verb, f"/rest/{method}/", headers={"x-api-key": current.plain})
    assert answer.text == '{"code":405,"messages":["This method is not allowed here."],"stats":{},"results":[]}'
    allowed = {verb.strip() for verb in answer.headers["allow"].split(",")}
    assert allowed - {"OPTIONS"} == ({"GET", "POST"} if method == "search" else {"GET"})
    assert checked(answer)["code"] == 405


async def test_too_large_a_body(current: Counter) -> None:
    """A body beyond the setting is refused, with and without its length in front."""

    async def parts() -> AsyncIterator[bytes]:
        yield b'--x\r\nContent-Disposition: form-data; name="image_upload"; filename="a"\r\n\r\n'
        for _ in range(MAX_BODY // 10_000 + 2):
            yield b"x" * 10_000
        yield b"\r\n--x--\r\n"

    headers = {"x-api-key": current.plain, "content-type": "multipart/form-data; boundary=x"}
    chunked = await current.http.post("/rest/search/", content=parts(), headers=headers)
    for answer in (await current.search(b"x" * (MAX_BODY + 1)), chunked):
        assert answer.text == '{"code":413,"messages":["The request is too large."],"stats":{},"results":[]}'
        assert checked(answer)["code"] == 413


@pytest.mark.parametrize(
    "parameter",
    ["limit=x", "limit=-1", "limit=1.5", "limit=١", "offset=-2", "backlink_limit=-2", "sort=age", "order=up",
     "tags=free", "min_score=high", "min_score=nan"],
)  # fmt: skip
async def test_arguments_that_make_no_sense(current: Counter, parameter: str) -> None:
    """Numbers that are none and words that are unknown are refused, each by its name."""
    name, value = parameter.split("=")
    answer = checked(await current.search(photo(3), **{name: value}))
    assert answer["code"] == 400
    assert answer["messages"][0].startswith(name if name != "tags" else "tags must be one of stock, collection.")


async def test_what_breaks_on_our_side(current: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    """500 is told in TinEye's way, without a word of what broke; pretty holds there, too."""

    async def breaks(*_: Any, **__: Any) -> int:
        raise RuntimeError("secret")

    monkeypatch.setattr(type(current.home.services.collections), "count", breaks)
    answer = await current.get("image_count")
    assert answer.text == '{"code":500,"messages":["Something broke on our side."],"stats":{},"results":[]}'
    assert checked(answer)["code"] == 500
    assert "\n    " in (await current.get("image_count", pretty="true")).text


@pytest.mark.parametrize("code", ["unavailable", "compute_unavailable"])
async def test_what_passes(current: Counter, monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    """Trouble of ours that passes is 503 with Retry-After, in the words that clients look for."""

    async def busy(*_: Any, **__: Any) -> int:
        raise CopyhoundError(code)

    monkeypatch.setattr(type(current.home.services.searches), "start", busy)
    answer = await current.search(photo(3))
    assert checked(answer)["messages"] == ["The service is busy due to high load. Please try again later."]
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")


async def test_every_error_of_ours_has_an_answer() -> None:
    """Whatever code a use case raises, the answer has a status from 400 on, and a message."""
    for code in ERRORS:
        refusal = refusal_of(CopyhoundError(code))
        assert 400 <= refusal.code < 600
        assert all(refusal.messages)
    for code in ("invalid_request", "conflict", "too_many_images", "malformed_json", "method_not_allowed"):
        assert refusal_of(CopyhoundError(code, "Why.")).told(classic=False) == (
            400,
            ["The request cannot be answered.", "Why."],
        )
    for code in ("settings_invalid", "plugin_unknown", "internal_error"):
        assert refusal_of(CopyhoundError(code, "Why.")).told(classic=False) == (500, ["Something broke on our side."])


class Slow:
    """A provider that answers when it is told to, or fails."""

    def __init__(self, answer: Answer | None) -> None:
        self.answer = answer

    @hookimpl
    def copyhound_providers(self) -> list[ProviderSpec]:
        limits = ProviderLimits(retries=0, timeout_seconds=30)
        return [ProviderSpec("slow", "Slow", "Tests.", self._search, default=False, limits=limits)]

    async def _search(self, query: Any, context: Any) -> Answer:
        if self.answer is None:
            await asyncio.sleep(20)
        return self.answer or Answer(Outcome.no_match)


async def asked(folder: Path, answer: Answer | None, *providers: str, deadline: float) -> httpx.Response:
    extra = [("slow", Slow(answer))]
    async with counter(folder, extra, providers=list(providers), deadline_seconds=deadline) as desk:
        await desk.home.index("https://a.example.com/1.jpg", photo(3))
        return await desk.search(photo(3))


async def test_nobody_answers_in_time(tmp_path: Path) -> None:
    """Where no provider has answered by the deadline the service is busy: no empty answer hides it."""
    answer = await asked(tmp_path, None, "slow", deadline=1.5)
    body = checked(answer)
    assert (body["code"], body["messages"][1]) == (503, "slow: it has not answered yet")
    assert "retry-after" in answer.headers


async def test_a_picture_that_does_not_come_in_time(tmp_path: Path) -> None:
    """A host that has not sent the picture by the deadline is told as one that cannot be fetched, not as our load."""
    with Website() as website:
        held = website.hold("/slow.jpg")
        async with counter(tmp_path, deadline_seconds=0.5) as desk:
            answer = await desk.search(website.url + "/slow.jpg")
            held.release(500)
    assert (answer.status_code, answer.text) == (400, BAD_URL)


async def test_somebody_answers_in_time(tmp_path: Path) -> None:
    """What was found by the deadline is told, with a message about each provider that did not answer."""
    body = checked(await asked(tmp_path, None, "own_index", "slow", deadline=8))
    assert (body["code"], len(body["results"]["matches"])) == (200, 1)
    assert body["messages"] == ["slow: it has not answered yet"]


async def test_a_provider_that_fails_is_told(tmp_path: Path) -> None:
    """Where a provider fails and another answers, the failure is a message; where all fail it is 503."""
    failed = Answer(Outcome.quota, reason="Its quota is used up.")
    body = checked(await asked(tmp_path / "1", failed, "own_index", "slow", deadline=20))
    assert (body["code"], body["messages"]) == (200, ["slow: Its quota is used up."])
    body = checked(await asked(tmp_path / "2", failed, "slow", deadline=20))
    assert (body["code"], body["messages"][1]) == (503, "slow: Its quota is used up.")


async def test_what_could_not_be_compared_is_told(tmp_path: Path) -> None:
    """A copy that could not be fetched is a match with score 0 and no overlay, its own address as image_url."""
    lost = Answer(Outcome.answered, (Candidate("http://nowhere.invalid/a.jpg", width=5, height=4),))
    (match,) = checked(await asked(tmp_path, lost, "slow", deadline=20))["results"]["matches"]
    assert (match["score"], match["overlay"], match["image_url"]) == (0, "", "http://nowhere.invalid/a.jpg")
    assert (match["width"], match["height"], match["size"]) == (5, 4, 20)
