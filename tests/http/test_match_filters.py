"""`filter=` of matches and exports: the filter language over the native API."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import quote

import pytest

from .conftest import World

PAGE = {
    "url": "https://blog.example/post",
    "title": "Big sale",
    "language": "en",
    "description": "Shoes",
    "width_on_page": 300,
    "height_on_page": 200,
}


@pytest.fixture
async def match(world: World, picture: bytes) -> dict[str, Any]:
    """A found copy that stands on a page which tells of itself."""
    sent = {
        "image_url": "https://shop.example.com/copy.jpg",
        "base64": base64.b64encode(picture).decode(),
        "pages": [PAGE],
    }
    assert (await world.call("POST", "/collections/web/entries", json={"entries": [sent]})).status_code == 201
    answer = await world.call("POST", "/searches?wait=30", files={"images": ("mine.jpg", picture)})
    only: dict[str, Any] = answer.json()["matches"][0]
    return only


async def ids(world: World, path: str, condition: Any) -> list[str]:
    text = condition if isinstance(condition, str) else json.dumps(condition)
    answer = await world.call("GET", f"{path}?filter={quote(text)}")
    assert answer.status_code == 200, answer.text
    return [one["id"] for one in answer.json()["items"]]


async def test_matches_are_filtered(world: World, match: dict[str, Any]) -> None:
    """Of the workspace, of a list, and in an export: by the facts of a page, of the copy, and in trees."""
    hit = {
        "language-eql": "en",
        "or": [{"host-cont": "blog"}, {"title-cont": "nothing"}],
        "image_width_on_page-gt": 299,
    }
    missed = {"language-eql": "fr"}
    of_list = f"/lists/{match['list_id']}"
    for path in ("/matches", f"{of_list}/matches"):
        assert match["id"] in await ids(world, path, hit)
        assert await ids(world, path, missed) == []
        assert await ids(world, path, {"not": missed}) != []
    for condition, number in ((hit, True), (missed, False)):
        export = await world.call("GET", f"{of_list}/export?format=json&filter={quote(json.dumps(condition))}")
        assert ([one["match_id"] for one in export.json()] == [match["id"]]) == number


async def test_a_page_tells_what_it_says_of_itself(world: World, match: dict[str, Any]) -> None:
    """Language, description and size on the page stand beside address and title."""
    pages = (await world.call("GET", f"/matches/{match['id']}")).json()["pages"]
    told = next(page for page in pages if page["url"] == PAGE["url"])
    assert {name: told[name] for name in PAGE} == PAGE
    entry = (await world.call("GET", "/collections/web/entries")).json()["items"][0]
    assert PAGE["description"] in [page["description"] for page in entry["pages"]]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ('{"hostname-cont": "a"}', "'hostname'"),
        ('{"host-like": "a"}', "'like'"),
        ('{"host-cont": ', "JSON"),
        ("host:ex.com AND title:a", "Lucene"),
        ('{"found_timestamp-between": "2017-11-01 TO 2017-10-01"}', "reversed"),
        ("", "JSON"),
        ("[" * 15_000, "JSON"),
    ],
)
async def test_what_is_no_filter_is_refused(world: World, text: str, names: str) -> None:
    """400, naming what is wrong; never an unfiltered answer."""
    for path in ("/matches", "/lists/list_1/matches", "/lists/list_1/export"):
        answer = await world.call("GET", f"{path}?filter={quote(text)}")
        assert answer.status_code == 400, path
        assert answer.json()["code"] == "invalid_request"
        assert names in answer.json()["detail"]
