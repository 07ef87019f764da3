"""The provider that asks TinEye: the conformance kit, what it sends, and what it makes of answers."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from PIL import Image

from copyhound.plugin_api import Answer, Outcome, Page
from copyhound.plugin_api.testing import (
    LoopbackServer,
    ProviderConformance,
    Reply,
    Request,
    RunProvider,
    sample_picture,
)
from copyhound.plugin_host.loader import PluginState
from copyhound_tineye import scale_upload, scaled_size
from copyhound_tineye.provider import TINEYE

KEY = "a-key-of-some-length"
MATCH = {
    "image_url": "http://img.tineye.com/result/1a2b",
    "domain": "copies.example",
    "score": 88.9,
    "width": 531,
    "height": 451,
    "size": 239481,
    "backlinks": [
        {"url": "https://copies.example/1.jpg", "backlink": "https://copies.example/a", "crawl_date": "2015-03-18"},
        {"url": "https://copies.example/1.jpg", "backlink": "https://copies.example/b", "crawl_date": ""},
        {"url": "https://mirror.example/1.jpg", "backlink": "", "crawl_date": None},
    ],
}
STATS = {"timestamp": "1488909217.20", "query_time": "4.74", "total_results": 1}


def found(*matches: Any) -> Reply:
    return Reply.json({"stats": STATS, "code": 200, "messages": [], "results": {"matches": list(matches)}})


def failed(code: int, *messages: str, status: int | None = None, headers: dict[str, str] | None = None) -> Reply:
    body = {"stats": {}, "code": code, "messages": list(messages), "results": []}
    return Reply.json(body, status or code, headers)


class TestTinEye(ProviderConformance):
    """The whole kit."""

    spec = TINEYE

    def settings(self, base_url: str) -> dict[str, Any]:
        return {"base_url": f"{base_url}/rest/", "api_key": KEY}

    def good(self, request: Request) -> Reply:
        return found(MATCH)

    def nothing(self, request: Request) -> Reply:
        return found()


def asked(
    run: RunProvider, reply: Callable[[Request], Reply] | Reply, picture: bytes = b"", **more: Any
) -> tuple[Answer, list[Request]]:
    """The answer, and what was asked."""
    settings, source = more.pop("settings", {}), more.pop("source_url", None)
    with LoopbackServer(reply if callable(reply) else lambda _: reply) as server:
        answer = run(
            TINEYE,
            picture or sample_picture(),
            settings={"base_url": f"{server.base_url}/rest/", "api_key": KEY, **settings},
            source_url=source,
            retries=0,
        )
        return answer, server.requests


def test_matches_become_candidates(run_provider: RunProvider) -> None:
    """Each address of a match is a candidate with its pages and crawl dates; TinEye's own copy of it is none."""
    answer, _ = asked(run_provider, found(MATCH))
    first, second = answer.candidates
    assert first.image_url == "https://copies.example/1.jpg"
    assert first.pages == (
        Page("https://copies.example/a", first_seen=datetime(2015, 3, 18, tzinfo=UTC)),
        Page("https://copies.example/b"),
    )
    assert (first.width, first.height, first.provider_score) == (531, 451, 88.9)
    assert (second.image_url, second.pages) == ("https://mirror.example/1.jpg", ())
    assert (answer.outcome, answer.units_spent) == (Outcome.answered, 1)


def test_upload_is_sent_with_the_key(run_provider: RunProvider) -> None:
    """The picture is posted as image_upload, with the key as a header and the number of matches wanted."""
    _, (request,) = asked(run_provider, found(MATCH), settings={"max_matches": 7})
    assert (request.method, request.path) == ("POST", "/rest/search/")
    assert request.headers["x-api-key"] == KEY
    assert b'name="image_upload"; filename="image.jpg"' in request.body
    assert b'name="limit"\r\n\r\n7\r\n' in request.body
    assert sample_picture() in request.body


def test_large_pictures_are_sent_small(run_provider: RunProvider) -> None:
    """A picture of 800 x 600 pixels is sent as 400 x 300: TinEye works at no more."""
    _, (request,) = asked(run_provider, found(MATCH), picture_of(800, 600))
    start = request.body.index(b"\xff\xd8\xff")
    assert size_of(request.body[start:]) == (400, 300)


def test_addresses_are_sent_where_the_settings_say_so(run_provider: RunProvider) -> None:
    """With send_urls a picture that came by address is asked for by that address."""
    source = "https://pictures.example/a b.jpg?x=1&y=2"
    _, (request,) = asked(run_provider, found(MATCH), settings={"send_urls": True}, source_url=source)
    assert request.method == "GET"
    assert "image_url=https%3A%2F%2Fpictures.example%2Fa%20b.jpg%3Fx%3D1%26y%3D2&" in request.path.replace("+", "%20")


@pytest.mark.parametrize("told", ["Couldn't download URL.", "Couldn't identify/download image file."])
def test_an_address_that_tineye_cannot_fetch_is_uploaded(run_provider: RunProvider, told: str) -> None:
    """Where TinEye cannot fetch the address, the picture itself is sent."""

    def reply(request: Request) -> Reply:
        return failed(400, told) if request.method == "GET" else found(MATCH)

    settings, source = {"send_urls": True}, "https://pictures.example/a.jpg"
    answer, requests = asked(run_provider, reply, settings=settings, source_url=source)
    assert [request.method for request in requests] == ["GET", "POST"]
    assert answer.outcome is Outcome.answered


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [
        (failed(401, "Please provide a valid API key."), Outcome.blocked),
        (failed(402, "You have no more searches available."), Outcome.quota),
        (failed(429, "Too many requests."), Outcome.quota),
        (failed(400, "Image too simple or too small to create unique signature"), Outcome.invalid_image),
        (failed(400, "Couldn't identify/download image file."), Outcome.invalid_image),
        (failed(500, "API_ERROR", "cannot identify image file"), Outcome.invalid_image),
        (failed(500, "NO_SIGNATURE_ERROR", "Image too simple or too small to create unique signature."),
         Outcome.invalid_image),
        (failed(500, "API_ERROR", "something broke"), Outcome.transient),
        (failed(503, "The service is busy due to high load"), Outcome.transient),
        (failed(402, "You have no more searches available.", status=200), Outcome.quota),
        (failed(500, "NO_SIGNATURE_ERROR", "Image too simple.", status=200), Outcome.invalid_image),
    ],
)  # fmt: skip
def test_errors_become_outcomes(run_provider: RunProvider, reply: Reply, outcome: Outcome) -> None:
    """Every error of the documents, of both generations, also inside a 200, ends in the outcome that it stands for."""
    answer, _ = asked(run_provider, reply)
    assert answer.outcome is outcome
    assert answer.reason
    assert KEY not in answer.reason


def test_retry_after_is_passed_on(run_provider: RunProvider) -> None:
    """429 with Retry-After says when to ask again."""
    answer, _ = asked(run_provider, failed(429, "Too many requests.", headers={"Retry-After": "3"}))
    assert (answer.outcome, answer.retry_after) == (Outcome.quota, 3)


def test_without_a_key_it_is_not_set_up(run_provider: RunProvider) -> None:
    """Without a key nobody is asked, and the reason names the setting; it is not asked by default."""
    answer = run_provider(TINEYE, sample_picture(), settings={"api_key": ""})
    assert answer.outcome is Outcome.skipped
    answer = run_provider(TINEYE, sample_picture())
    assert answer.outcome is Outcome.skipped
    assert (answer.reason or "").startswith("tineye is not set up: ")
    assert "api_key" in (answer.reason or "")
    assert not TINEYE.default
    assert TINEYE.limits.concurrency == 4


def test_it_is_installed(installed_plugin: Callable[[str], PluginState]) -> None:
    """The wheel's entry point is found."""
    state = installed_plugin("copyhound_tineye")
    assert (state.status, state.providers) == ("loaded", ("tineye",))


@pytest.mark.parametrize(
    ("size", "wanted"),
    [((800, 600), (400, 300)), ((1000, 200), (1000, 200)), ((301, 300), (301, 300)), ((301, 302), (300, 301)),
     ((3000, 301), (2990, 300)), ((300, 300), (300, 300))],
)  # fmt: skip
def test_the_scaler(size: tuple[int, int], wanted: tuple[int, int]) -> None:
    """Only pictures of which both sides are longer than 300 pixels are scaled, to a smaller side of 300."""
    assert scaled_size(*size) == wanted
    data = picture_of(*size)
    scaled = scale_upload(data)
    assert size_of(scaled) == wanted
    assert (scaled == data) == (size == wanted)


def test_turned_pictures_are_scaled_upright() -> None:
    """The EXIF orientation is applied, not lost."""
    exif = Image.Exif()
    exif[0x0112] = 6
    assert size_of(scale_upload(picture_of(800, 600, exif=exif))) == (300, 400)


def test_transparent_pictures_are_scaled_on_white() -> None:
    """What is transparent becomes white: a JPEG has no transparency."""
    out = io.BytesIO()
    Image.new("RGBA", (600, 600), (0, 0, 0, 0)).save(out, "PNG")
    with Image.open(io.BytesIO(scale_upload(out.getvalue()))) as image:
        assert (image.size, image.format, image.getpixel((5, 5))) == ((300, 300), "JPEG", (255, 255, 255))


@pytest.mark.parametrize("data", [b"", b"not a picture", b"\x89PNG\r\n\x1a\n cut"])
def test_what_cannot_be_read_is_sent_as_it_is(data: bytes) -> None:
    """The service says what is wrong with a picture, not the scaler."""
    assert scale_upload(data) == data


def picture_of(width: int, height: int, **more: Any) -> bytes:
    out = io.BytesIO()
    Image.linear_gradient("L").resize((width, height)).convert("RGB").save(out, "JPEG", **more)
    return out.getvalue()


def size_of(data: bytes) -> tuple[int, int]:
    with Image.open(io.BytesIO(data)) as image:
        return image.size
