"""Feeds of lists, as feed readers read them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import feedparser  # type: ignore[import-untyped]
import httpx
import pytest
from structlog.testing import capture_logs

from copyhound.domain.events import NewEvent

from .conftest import PUBLIC_URL, World, found

ODD = "Tom & \"Jerry\" <script>alert('1')</script>\x0b\uffff"


async def a_feed(world: World, **fields: Any) -> dict[str, Any]:
    """A new list with a feed."""
    if "list_id" not in fields:
        fields["list_id"] = (await world.call("POST", "/lists", json={"label": "Posters & prints"})).json()["id"]
    answer = await world.call("POST", "/feeds", json=fields)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def happened(world: World, list_id: str, number: int, **payload: Any) -> None:
    """A copy was found, as the log has it."""
    caller = await world.services.keys.check(world.admin)
    trigger = payload.pop("trigger", "match_found")
    fields: dict[str, Any] = {
        "image_name": "cat.jpg",
        "host": "shop.example.com",
        "domain": "example.com",
        "list_id": list_id,
    }
    fields |= {"page_url": f"https://shop.example.com/{number}", "confidence": 90.0, **payload}
    async with world.services.kit.units() as uow:
        event = NewEvent(f"evt_{number:03}", caller.workspace_id, trigger, fields, list_id)
        await world.services.events.append(uow, event)


async def test_a_reader_reads_what_was_found(world: World, picture: bytes) -> None:
    """feedparser reads the Atom feed of a list: its found copy, with title, link, time, picture and a stable id."""
    result = await found(world, picture)
    made = await a_feed(world, list_id=result["list_id"])
    answer = await world.client.get(made["atom_url"])
    assert answer.headers["content-type"] == "application/atom+xml; charset=utf-8"
    read = feedparser.parse(answer.content, response_headers={"content-type": answer.headers["content-type"]})
    assert (read.bozo, read.version, len(read.entries)) == (False, "atom10", 1)
    (entry,) = read.entries
    match = result["matches"][0]
    assert entry.title == f"mine.jpg found on {match['host']}"
    assert entry.link == "https://shop.example.com/copy.jpg"
    assert entry.published == entry.updated
    assert [tag.term for tag in entry.tags] == ["match_found"]
    assert entry.id.startswith("urn:uuid:")
    assert read.feed.link == PUBLIC_URL
    assert [link.href for link in read.feed.links if link.rel == "self"] == [made["atom_url"]]
    again = feedparser.parse((await world.client.get(made["atom_url"])).content)
    assert again.entries[0].id == entry.id


async def test_a_feeds_picture_needs_no_key(world: World, picture: bytes) -> None:
    """The thumbnail that an item shows is answered to readers, on pages of any site."""
    result = await found(world, picture)
    made = await a_feed(world, list_id=result["list_id"])
    (item,) = (await world.client.get(made["json_url"])).json()["items"]
    shown = await world.client.get(item["image"])
    assert (shown.status_code, shown.headers["content-type"]) == (200, "image/jpeg")
    assert shown.headers["cross-origin-resource-policy"] == "cross-origin"
    assert item["image"].replace("&", "&amp;") in item["content_html"]


async def test_a_json_feed_has_what_its_specification_asks_for(world: World) -> None:
    """JSON Feed 1.1: version, title, addresses, and items with string ids, content and RFC 3339 times; newest first."""
    made = await a_feed(world, description="What the shop does.")
    for number in (1, 2):
        await happened(world, made["list_id"], number)
    answer = await world.client.get(made["json_url"])
    assert answer.headers["content-type"] == "application/feed+json; charset=utf-8"
    feed = answer.json()
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert (feed["title"], feed["description"]) == ("Posters & prints - Copyhound", "What the shop does.")
    assert feed["feed_url"] == made["json_url"]
    assert [item["id"] for item in feed["items"]] == ["evt_002", "evt_001"]
    for item in feed["items"]:
        assert datetime.fromisoformat(item["date_published"]).tzinfo is not None
        assert item["content_html"]
        assert item["content_text"]


async def test_what_has_not_changed_is_not_sent_again(world: World) -> None:
    """With the ETag of the last answer it is 304 without a body, until something happens."""
    made = await a_feed(world)
    for url in (made["json_url"], made["atom_url"]):
        etag = (await world.client.get(url)).headers["etag"]
        for asked in (etag, f'"other", W/{etag}', "*"):
            same = await world.client.get(url, headers={"If-None-Match": asked})
            assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", etag)
        assert (await world.client.get(url, headers={"If-None-Match": '"other"'})).status_code == 200
    before = (await world.client.get(made["json_url"])).headers["etag"]
    await happened(world, made["list_id"], 1)
    after = await world.client.get(made["json_url"], headers={"If-None-Match": before})
    assert (after.status_code, len(after.json()["items"])) == (200, 1)


async def test_a_revoked_feed_is_gone(world: World) -> None:
    """After DELETE both addresses are 404 at once; deleting again is 204; other feeds of the list stay."""
    made = await a_feed(world)
    other = await a_feed(world, list_id=made["list_id"])
    for _ in range(2):
        assert (await world.call("DELETE", f"/feeds/{made['id']}")).status_code == 204
    for name in ("json_url", "atom_url", "live_url"):
        assert (await world.client.get(made[name])).status_code == 404
    assert (await world.client.get(other["json_url"])).status_code == 200
    assert [one["id"] for one in (await world.call("GET", "/feeds")).json()["items"]] == [other["id"]]


async def test_tokens_are_told_once(world: World) -> None:
    """A feed's addresses stand in the answer that made it, in no other, and not in the log."""
    made = await a_feed(world)
    token = made["json_url"].rpartition("/")[2].removesuffix(".json")
    assert len(token) == 43
    for path in ("/feeds", f"/feeds/{made['id']}", f"/feeds?list_id={made['list_id']}"):
        told = await world.call("GET", path)
        assert (told.status_code, token in told.text, "_url" in told.text) == (200, False, False)
    with capture_logs() as lines:
        for address in (made["json_url"], f"{PUBLIC_URL}//feeds/{token}.json"):
            assert (await world.client.get(address)).status_code == 200
    assert lines
    assert token not in str(lines)


@pytest.mark.parametrize("file", ["x.json", "x.atom", "x", "x.rss", ".json", "feed_1.json", "%00.json"])
async def test_addresses_that_nobody_was_told_are_not_found(world: World, file: str) -> None:
    """A made-up token, or an ending that there is not, is a problem with status 404."""
    answer = await world.client.get(f"{PUBLIC_URL}/feeds/{file}")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_odd_characters_break_no_feed(world: World) -> None:
    """Titles with mark-up, control characters are shown as text; addresses are http or none."""
    made = await a_feed(world)
    await happened(
        world, made["list_id"], 1, image_name=ODD, page_title=ODD, page_url="javascript:alert(1)", image_url="x://["
    )
    atom = await world.client.get(made["atom_url"])
    read = feedparser.parse(atom.content, sanitize_html=False)
    (entry,) = read.entries
    assert not read.bozo
    assert entry.title.startswith("Tom & \"Jerry\" <script>alert('1')</script>") or "&lt;script" in entry.title
    assert "<script>" not in entry.content[0].value
    assert entry.get("link") in (None, entry.id)
    assert "href" not in entry.content[0].value
    (item,) = (await world.client.get(made["json_url"])).json()["items"]
    assert "<script>" not in item["content_html"]
    assert "href" not in item["content_html"]
    assert "url" not in item


async def test_a_feed_holds_what_its_filter_lets_through(world: World) -> None:
    """Triggers and filter are those of hooks; what is of another list is not in it."""
    made = await a_feed(world, triggers=["match_found", "match_removed"], filter={"min_confidence": 80})
    elsewhere = await a_feed(world)
    await happened(world, made["list_id"], 1, confidence=79.0)
    await happened(world, made["list_id"], 2, trigger="match_removed")
    await happened(world, made["list_id"], 3, trigger="match_returned")
    await happened(world, elsewhere["list_id"], 4)
    items = (await world.client.get(made["json_url"])).json()["items"]
    assert [(item["id"], item["title"]) for item in items] == [("evt_002", "cat.jpg removed from shop.example.com")]


async def test_a_feed_has_fifty_items_at_most(world: World) -> None:
    """The newest fifty that pass, also where many that do not pass lie between them."""
    made = await a_feed(world, filter={"min_confidence": 80})
    for number in range(1, 301):
        await happened(world, made["list_id"], number, confidence=90.0 if number <= 60 else 10.0)
    items = (await world.client.get(made["json_url"])).json()["items"]
    assert [item["id"] for item in items] == [f"evt_{number:03}" for number in range(60, 10, -1)]


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"list_id": "list_nobody"}, 404),
        ({"triggers": []}, 400),
        ({"triggers": ["nothing"]}, 400),
        ({"triggers": ["hook_disabled"]}, 400),
        ({"filter": {"list_ids": ["list_1"]}}, 400),
        ({"filter": {"colour": "red"}}, 400),
        ({"token": "mine"}, 400),
    ],
)
async def test_bad_feeds_are_refused(world: World, fields: dict[str, Any], status: int) -> None:
    """A list that is not there, a trigger that no list has, a filter of other lists: no feed is made."""
    list_id = (await world.call("POST", "/lists", json={"label": "x"})).json()["id"]
    answer = await world.call("POST", "/feeds", json={"list_id": list_id, **fields})
    assert answer.status_code == status, answer.text
    assert (await world.call("GET", "/feeds")).json()["items"] == []


async def test_making_needs_a_key_that_writes(world: World) -> None:
    """A key that only reads may see feeds, and neither make nor revoke one."""
    made = await a_feed(world)
    for method, path in (("POST", "/feeds"), ("DELETE", f"/feeds/{made['id']}")):
        answer = await world.call(method, path, key=world.reader, json={"list_id": made["list_id"]})
        assert answer.status_code == 403
    assert (await world.call("GET", f"/feeds/{made['id']}", key=world.reader)).status_code == 200


async def test_another_workspace_has_no_part_in_it(world: World) -> None:
    """Its keys neither see nor revoke a feed, nor make one of a list that is not theirs."""
    made = await a_feed(world)
    assert (await world.call("GET", f"/feeds/{made['id']}", key=world.other)).status_code == 404
    assert (await world.call("GET", "/feeds", key=world.other)).json()["items"] == []
    answer = await world.call("POST", "/feeds", key=world.other, json={"list_id": made["list_id"]})
    assert answer.status_code == 404
    await world.call("DELETE", f"/feeds/{made['id']}", key=world.other)
    assert (await world.client.get(made["json_url"])).status_code == 200


async def test_feeds_go_with_their_list(world: World) -> None:
    """Deleting a list closes its feeds."""
    made = await a_feed(world)
    assert (await world.call("DELETE", f"/lists/{made['list_id']}")).status_code == 204
    assert (await world.client.get(made["json_url"])).status_code == 404


async def test_pages_of_other_sites_may_read_a_feed(world: World) -> None:
    """Whoever knows the address may read it from any origin; search machines are told to leave it."""
    answer: httpx.Response = await world.client.get((await a_feed(world))["json_url"])
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["x-robots-tag"] == "noindex"
    assert "set-cookie" not in answer.headers
