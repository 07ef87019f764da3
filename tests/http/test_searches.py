"""Searches: three ways to send pictures, progress, results, and what is refused."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from .conftest import World, found, indexed

TINY_GIF = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")


async def test_search_answers_202_at_once(world: World, picture: bytes) -> None:
    """A search of an uploaded picture is taken with 202, its ids, and where to look."""
    answer = await world.call("POST", "/searches", files={"images": ("mine.jpg", picture)})
    told = answer.json()
    assert answer.status_code == 202
    assert told["complete"] is False
    assert told["image_count"] == 1
    assert told["list_id"].startswith("list_")
    assert answer.headers["location"] == f"http://copyhound.test/api/v1/searches/{told['search_id']}"


async def test_search_queues_its_work(world: World, picture: bytes, recorded_jobs: Any) -> None:
    """What is answered with 202 has been queued as durable work."""
    answer = await world.call("POST", "/searches", files={"images": ("mine.jpg", picture)})
    assert [job[2] for job in recorded_jobs.queued] == [f"search:{answer.json()['search_id']}"]


async def test_wait_answers_the_result(world: World, picture: bytes) -> None:
    """With `wait`, a copy in the own index comes back in the same answer, verified."""
    result = await found(world, picture)
    match = result["matches"][0]
    assert result["complete"] is True
    assert result["outcomes"] == {"answered": 1}
    assert match["image_url"] == "https://shop.example.com/copy.jpg"
    assert match["verification"]["comparison"]["match_type"] == "full"
    assert match["verification"]["comparison"]["confidence"] > 90


async def test_many_uploads_make_one_search(world: World, picture: bytes, another_picture: bytes) -> None:
    """Repeated files become the images of one search, under their own names."""
    files = [("images", ("a.jpg", picture)), ("images", ("b.jpg", another_picture))]
    begun = (await world.call("POST", "/searches", files=files, data={"list_label": "Two"})).json()
    progress = (await world.call("GET", f"/searches/{begun['search_id']}")).json()
    assert [image["name"] for image in progress["images"]] == ["a.jpg", "b.jpg"]
    assert progress["outcomes"] == {"open": 2}
    assert (await world.call("GET", f"/lists/{begun['list_id']}")).json()["label"] == "Two"


@pytest.mark.parametrize("form", ["plain", "data_url", "unpadded", "wrapped"])
async def test_base64_is_taken_in_every_form(world: World, picture: bytes, form: str) -> None:
    """Base64 may be a data: URL, lack its padding, or be broken into lines."""
    text = base64.b64encode(picture).decode()
    text = {
        "plain": text,
        "data_url": f"data:image/jpeg;base64,{text}",
        "unpadded": text.rstrip("="),
        "wrapped": base64.encodebytes(picture).decode(),
    }[form]
    answer = await world.call("POST", "/searches", json={"images": [{"base64": text, "name": "mine.jpg"}]})
    assert answer.status_code == 202, answer.text


async def test_urls_are_searched(world: World, picture: bytes) -> None:
    """A picture given by its address is fetched, and found."""
    await indexed(world, picture)
    world.web.pictures["https://photos.example.org/lake.jpg"] = picture
    body = {"images": [{"url": "https://photos.example.org/lake.jpg"}]}
    result = (await world.call("POST", "/searches?wait=30", json=body)).json()
    assert result["outcomes"] == {"answered": 1}
    assert result["images"][0]["name"] == "lake.jpg"


async def test_unresolved_url_ends_its_own_lookup_only(world: World, picture: bytes) -> None:
    """An address that does not resolve ends as an outcome with a reason; the other image is answered."""
    await indexed(world, picture)
    world.web.pictures["https://photos.example.org/lake.jpg"] = picture
    urls = ["https://gone.example.org/x.jpg", "https://photos.example.org/lake.jpg"]
    answer = await world.call("POST", "/searches?wait=30", json={"images": [{"url": url} for url in urls]})
    images = answer.json()["images"]
    assert answer.status_code == 200, answer.text
    assert images[0]["lookups"][0]["outcome"] in ("transient", "invalid_image")
    assert "url_unresolved" in images[0]["lookups"][0]["reason"]
    assert images[1]["lookups"][0]["outcome"] == "answered"


async def test_search_goes_into_an_existing_list(world: World, picture: bytes) -> None:
    """`list_id` adds the pictures to a list that is there."""
    made = (await world.call("POST", "/lists", json={"label": "Mine"})).json()
    answer = await world.call("POST", "/searches", files={"images": picture}, data={"list_id": made["id"]})
    assert answer.json()["list_id"] == made["id"]


async def test_searches_are_paged_newest_first(world: World, picture: bytes) -> None:
    """Pages follow each other by cursor, newest first, without gaps or repeats."""
    begun = [await world.call("POST", "/searches", files={"images": picture}) for _ in range(3)]
    ids = [answer.json()["search_id"] for answer in begun]
    first = (await world.call("GET", "/searches?limit=2")).json()
    second = (await world.call("GET", f"/searches?limit=2&cursor={first['cursor']}")).json()
    assert [one["search_id"] for one in first["items"] + second["items"]] == ids[::-1]
    assert second["cursor"] is None


REFUSED = {
    "no pictures": ({"json": {"images": []}}, 400, "no_image"),
    "empty object": ({"json": {}}, 400, "no_image"),
    "unknown field": ({"json": {"images": [], "colour": 1}}, 400, "invalid_request"),
    "wrong type": ({"json": {"images": "x"}}, 400, "invalid_request"),
    "neither url nor base64": ({"json": {"images": [{"name": "x"}]}}, 400, "invalid_request"),
    "both url and base64": (
        {"json": {"images": [{"url": "https://a.example", "base64": "AA=="}]}},
        400,
        "invalid_request",
    ),
    "not base64": ({"json": {"images": [{"base64": "$$$"}]}}, 400, "invalid_request"),
    "malformed JSON": ({"content": b"{", "headers": {"Content-Type": "application/json"}}, 400, "malformed_json"),
    "JSON that is no UTF-8": (
        {"content": b'{"list_label": "\xff"}', "headers": {"Content-Type": "application/json"}},
        400,
        "malformed_json",
    ),
    "unnamed content": ({"content": b"{}"}, 400, "invalid_request"),
    "not a picture": ({"files": {"images": b"hello"}}, 422, "not_an_image"),
    "too simple": ({"files": {"images": TINY_GIF}}, 422, "image_too_simple"),
    "private address": ({"json": {"images": [{"url": "http://127.0.0.1/x.jpg"}]}}, 422, "url_forbidden"),
    "private address in decimal": ({"json": {"images": [{"url": "http://2130706433/x.jpg"}]}}, 422, "url_forbidden"),
    "not http": ({"json": {"images": [{"url": "file:///etc/passwd"}]}}, 422, "url_invalid"),
    "too many": ({"files": [("images", b"x")] * 6}, 413, "too_many_images"),
    "too large": ({"files": {"images": b"x" * 3_100_000}}, 413, "payload_too_large"),
    "file in another field": ({"files": {"picture": b"x"}}, 400, "invalid_request"),
    "broken multipart": (
        {"content": b"--x\r\nnonsense", "headers": {"Content-Type": "multipart/form-data; boundary=x"}},
        400,
        "invalid_request",
    ),
    "multipart without boundary": (
        {"content": b"x", "headers": {"Content-Type": "multipart/form-data"}},
        400,
        "invalid_request",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
async def test_bad_searches_are_refused_and_nothing_is_stored(world: World, case: str, recorded_jobs: Any) -> None:
    """What can be seen at once is refused with its code; no list, search or job comes of it."""
    arguments, status, code = REFUSED[case]
    answer = await world.call("POST", "/searches", **arguments)  # type: ignore[arg-type]
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert (await world.call("GET", "/lists")).json()["items"] == []
    assert (await world.call("GET", "/searches")).json()["items"] == []
    assert recorded_jobs.queued == []


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"providers": "nobody"}, "plugin_unknown"),
        ({"list_id": "list_x"}, "not_found"),
        ({"verify": "maybe"}, "invalid_request"),
    ],
)
async def test_bad_settings_of_a_search_are_refused(
    world: World, picture: bytes, fields: dict[str, str], code: str
) -> None:
    """A provider, list or switch that means nothing is refused, and nothing is stored."""
    answer = await world.call("POST", "/searches", files={"images": picture}, data=fields)
    assert answer.json()["code"] == code, answer.text
    assert (await world.call("GET", "/searches")).json()["items"] == []


@pytest.mark.parametrize("wait", ["-1", "61", "soon"])
async def test_wait_is_0_to_60_seconds(world: World, picture: bytes, wait: str) -> None:
    """A `wait` out of range is refused by name."""
    answer = await world.call("POST", f"/searches?wait={wait}", files={"images": picture})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == "wait"


async def test_one_bad_picture_of_many_is_named(world: World, picture: bytes) -> None:
    """Where one of several pictures is refused, the problem says which."""
    files = [("images", ("good.jpg", picture)), ("images", ("bad.jpg", b"nothing"))]
    told = (await world.call("POST", "/searches", files=files)).json()
    assert (told["code"], told["image"], told["index"]) == ("not_an_image", "bad.jpg", 1)


async def test_providers_may_be_a_list_or_repeated(world: World, picture: bytes) -> None:
    """In a form, providers may be separated by commas."""
    answer = await world.call("POST", "/searches", files={"images": picture}, data={"providers": "own, own"})
    assert answer.json()["providers"] == ["own"]
