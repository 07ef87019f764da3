"""Our own index: entries, comparisons, ingests."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from .conftest import World, indexed


async def test_a_collection_is_made_once(world: World) -> None:
    """PUT makes a collection, and gives the same one the next time."""
    first = await world.call("PUT", "/collections/known")
    assert (first.status_code, first.json()["entries"]) == (200, 0)
    assert (await world.call("PUT", "/collections/known")).json() == first.json()
    assert [one["name"] for one in (await world.call("GET", "/collections")).json()["items"]] == ["known"]


@pytest.mark.parametrize("name", ["Upper", "with space", "-x", "x" * 64, "ä"])
async def test_bad_names_are_refused(world: World, name: str) -> None:
    """A collection's name is plain."""
    assert (await world.call("PUT", f"/collections/{name}")).status_code == 400
    assert (await world.call("GET", "/collections")).json()["items"] == []


async def test_entries_are_added_listed_and_removed(world: World, picture: bytes, another_picture: bytes) -> None:
    """Entries come by upload or base64, stand newest first, and go singly or by prefix."""
    await indexed(world, picture, "https://a.example.com/1.jpg")
    entry = {
        "image_url": "https://b.example.com/2.jpg",
        "base64": base64.b64encode(another_picture).decode(),
        "pages": [{"url": "https://b.example.com/", "title": "B"}],
    }
    body = {"entries": [entry]}
    answer = await world.call("POST", "/collections/web/entries", json=body)
    assert (answer.status_code, answer.json()["items"][0]["added"]) == (201, True)
    listed = (await world.call("GET", "/collections/web/entries")).json()["items"]
    assert [one["image_url"] for one in listed] == ["https://b.example.com/2.jpg", "https://a.example.com/1.jpg"]
    assert listed[0]["pages"][0]["title"] == "B"
    assert not {"fingerprint", "hash256", "reduced_blob", "number"} & set(listed[0])
    assert (await world.call("POST", "/collections/web/entries", json=body)).status_code == 200
    removed = await world.call("DELETE", "/collections/web/entries?prefix=https://a.example.com/")
    assert removed.json() == {"removed": 1}
    assert (await world.call("DELETE", f"/collections/web/entries/{listed[0]['id']}")).status_code == 204
    assert (await world.call("GET", "/collections/web")).json()["entries"] == 0


@pytest.mark.parametrize("query", ["", "?prefix=", "?all=false", "?prefix=&all=false", "?prefix=https://a&all=true"])
async def test_removing_asks_for_a_prefix_or_all(world: World, picture: bytes, query: str) -> None:
    """DELETE without a prefix, with an empty one, or with both a prefix and `all` is refused and removes nothing."""
    await indexed(world, picture)
    answer = await world.call("DELETE", f"/collections/web/entries{query}")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
    assert answer.json()["errors"][0]["field"] == "prefix"
    assert (await world.call("GET", "/collections/web")).json()["entries"] == 1


@pytest.mark.parametrize("prefix", ["", "prefix=&"])
async def test_all_entries_are_removed_when_it_is_said(world: World, picture: bytes, prefix: str) -> None:
    """DELETE with `all=true` removes every entry."""
    await indexed(world, picture)
    answer = await world.call("DELETE", f"/collections/web/entries?{prefix}all=true")
    assert answer.json() == {"removed": 1}
    assert (await world.call("GET", "/collections/web")).json()["entries"] == 0


async def test_one_bad_entry_harms_no_other(world: World, picture: bytes) -> None:
    """Of several entries each has its own result."""
    files = [("images", ("a.jpg", picture)), ("images", ("b.jpg", b"nothing"))]
    urls = {"image_urls": ["https://a.example.com/1.jpg", "https://a.example.com/2.jpg"]}
    answer = await world.call("POST", "/collections/web/entries", files=files, data=urls)
    results: list[dict[str, Any]] = answer.json()["items"]
    assert [one["added"] for one in results] == [True, False]
    assert results[1]["error"]["code"] == "not_an_image"


async def test_a_single_bad_entry_is_a_problem(world: World) -> None:
    """A request with one picture that is refused is itself refused, and indexes nothing."""
    fields = {"image_urls": "https://a.example.com/1.jpg"}
    answer = await world.call("POST", "/collections/known/entries", files={"images": b"nothing"}, data=fields)
    assert (answer.status_code, answer.json()["code"]) == (422, "not_an_image")
    assert [one["entries"] for one in (await world.call("GET", "/collections")).json()["items"]] in ([], [0])


async def test_every_file_needs_its_address(world: World, picture: bytes) -> None:
    """Files without an address each are refused."""
    answer = await world.call("POST", "/collections/web/entries", files={"images": picture})
    assert answer.json()["errors"][0]["field"] == "image_urls"


async def test_an_entry_may_be_fetched(world: World, picture: bytes) -> None:
    """Without base64, the picture comes from its address; a private one is refused."""
    world.web.pictures["https://a.example.com/1.jpg"] = picture
    body = {"entries": [{"image_url": "https://a.example.com/1.jpg"}]}
    assert (await world.call("POST", "/collections/web/entries", json=body)).json()["items"][0]["added"] is True
    body = {"entries": [{"image_url": "http://169.254.169.254/x"}]}
    assert (await world.call("POST", "/collections/web/entries", json=body)).json()["code"] == "url_forbidden"


async def test_a_collection_is_searched(world: World, picture: bytes, another_picture: bytes) -> None:
    """A collection answers the entries that show the same picture, and no others."""
    await indexed(world, picture, "https://a.example.com/1.jpg")
    await indexed(world, another_picture, "https://a.example.com/2.jpg")
    answer = await world.call("POST", "/collections/web/search", files={"image": picture})
    assert [one["entry"]["image_url"] for one in answer.json()["items"]] == ["https://a.example.com/1.jpg"]
    assert (await world.call("POST", "/collections/nothing/search", files={"image": picture})).status_code == 404


async def test_two_pictures_are_compared(world: World, picture: bytes, another_picture: bytes) -> None:
    """The same picture is the same; different ones are not."""
    same = await world.call("POST", "/compare", files={"image": picture, "other": picture})
    assert same.json()["same"] is True
    different = await world.call("POST", "/compare", files={"image": picture, "other": another_picture})
    assert different.json()["same"] is False


@pytest.mark.parametrize("fields", [{"image"}, {"other"}, set()])
async def test_a_comparison_needs_two(world: World, picture: bytes, fields: set[str]) -> None:
    """With one picture or none there is nothing to compare."""
    arguments: dict[str, Any] = {"files": dict.fromkeys(fields, picture)} if fields else {"json": {}}
    answer = await world.call("POST", "/compare", **arguments)
    assert (answer.status_code, answer.json()["code"]) == (400, "no_image")


async def test_an_ingest_is_taken_and_told(world: World, recorded_jobs: Any) -> None:
    """A run of a source is queued, can be looked at, and shows no secret of its settings."""
    body = {"source": "files", "settings": {"path": "/pictures", "token": "t0psecret"}}
    begun = await world.call("POST", "/collections/web/ingests", json=body)
    told = begun.json()
    assert (begun.status_code, told["status"], told["collection"]) == (202, "queued", "web")
    assert told["settings"] == {"path": "/pictures", "token": "***"}
    assert (await world.call("GET", f"/ingests/{told['id']}")).json() == told
    assert (await world.call("GET", "/ingests")).json()["items"] == [told]
    assert [job[0] for job in recorded_jobs.queued] == ["ingest"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"source": "nothing"}, "plugin_unknown"),
        ({"source": "files", "settings": {}}, "settings_invalid"),
        ({"source": "files", "settings": {"path": 3}}, "settings_invalid"),
        ({"settings": {}}, "invalid_request"),
    ],
)
async def test_bad_ingests_are_refused(world: World, body: dict[str, Any], code: str, recorded_jobs: Any) -> None:
    """A source or settings that mean nothing are refused, and nothing is queued."""
    assert (await world.call("POST", "/collections/web/ingests", json=body)).json()["code"] == code
    assert (await world.call("GET", "/ingests")).json()["items"] == []
    assert recorded_jobs.queued == []
