"""Server-sent events of lists, feeds and searches."""

from __future__ import annotations

import asyncio
import gc
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from copyhound.domain.errors import CopyhoundError
from copyhound.services.live import Told

from .conftest import PUBLIC_URL, World, found
from .test_feeds import a_feed, happened


def read(text: str) -> list[tuple[str, str, Any]]:
    """(id, event, data) of the messages, as a browser reads them."""
    messages = []
    for block in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith((":", "retry")))
        if fields:
            messages.append((fields.get("id", ""), fields["event"], json.loads(fields["data"])))
    return messages


async def a_list(world: World) -> str:
    return str((await world.call("POST", "/lists", json={"label": "Posters"})).json()["id"])


async def caller_of(world: World) -> Any:
    return await world.services.keys.check(world.admin)


async def next_told(telling: AsyncIterator[Told | None]) -> Told:
    """The next message that is no sign of life."""
    async with asyncio.timeout(20):
        while (told := await anext(telling)) is None:
            pass
    return told


async def test_a_page_is_told_at_once(world: World) -> None:
    """What happens in a list reaches those who listen to it, and not those who listen to another."""
    list_id, other = await a_list(world), await a_list(world)
    caller = await caller_of(world)
    await happened(world, list_id, 1)
    telling = await world.services.live.of_list(caller, list_id, None)
    waiting = asyncio.create_task(next_told(telling))
    await asyncio.sleep(0)
    await happened(world, other, 2)
    await happened(world, list_id, 3)
    told = await waiting
    assert (told.kind, told.data["id"], told.sequence) == ("match_found", "evt_003", told.data["sequence"])


async def test_who_was_cut_off_goes_on(world: World) -> None:
    """With Last-Event-ID, as header or query, a stream begins after that event; nothing is missed, nothing repeated."""
    list_id = await a_list(world)
    world.services.live.seconds = 0.2
    for number in range(1, 251):
        await happened(world, list_id, number)
    answer = await world.call("GET", f"/lists/{list_id}/live?last_event_id=0")
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert (answer.headers["cache-control"], answer.headers["x-accel-buffering"]) == ("no-store", "no")
    assert answer.text.startswith("retry: 3000\n\n")
    messages = read(answer.text)
    assert [data["id"] for _, _, data in messages] == [f"evt_{number:03}" for number in range(1, 251)]
    assert {(kind, data["type"]) for _, kind, data in messages} == {("match_found", "match_found")}
    rest = await world.call("GET", f"/lists/{list_id}/live", headers={"Last-Event-ID": messages[247][0]})
    assert [data["id"] for _, _, data in read(rest.text)] == ["evt_249", "evt_250"]


async def test_a_search_is_followed_to_its_end(world: World, picture: bytes) -> None:
    """Its finds, that it is complete, and `search_complete` as the last message: a page that closes at either has all
    that was found. Then 204, which tells browsers to stop."""
    result = await found(world, picture)
    path = f"/searches/{result['search_id']}/live"
    messages = read((await world.call("GET", path)).text)
    kinds = ["match_found", "new_domain_found", "progress", "search_complete"]
    assert [kind for _, kind, _ in messages] == kinds
    assert messages[2][2] == {"search_id": result["search_id"], "complete": True, "outcomes": {"answered": 1}}
    assert messages[0][2]["match_id"] == result["matches"][0]["id"]
    done = await world.call("GET", path, headers={"Last-Event-ID": messages[-1][0]})
    assert (done.status_code, done.content) == (204, b"")
    rest = await world.call("GET", path, headers={"Last-Event-ID": messages[0][0]})
    assert [kind for _, kind, _ in read(rest.text)] == kinds[1:]


async def test_a_search_is_told_from_its_beginning(world: World, picture: bytes) -> None:
    """A stream that is opened before anything is done tells the open lookups, then the finds, then ends by itself."""
    before = await found(world, picture)
    answer = await world.call(
        "POST", "/searches", files={"images": ("mine.jpg", picture)}, data={"list_id": before["list_id"]}
    )
    search_id = answer.json()["search_id"]
    telling = await world.services.live.of_search(await caller_of(world), search_id, None)
    assert telling is not None
    first = await next_told(telling)
    assert (first.kind, first.data["complete"], first.data["outcomes"]) == ("progress", False, {"open": 1})
    await happened(world, before["list_id"], 1, image_id="image_of_another_search")
    caller, lookups = await caller_of(world), world.services.lookups
    (image,) = (await world.services.searches.progress(caller, search_id)).images
    await lookups.prepare(caller.workspace_id, search_id, image.image_id, queue=False)
    address = (caller.workspace_id, search_id, image.image_id, "own")
    await lookups.settle(*address, await lookups.ask(*address))
    async with asyncio.timeout(30):
        rest = [told async for told in telling if told is not None]
    assert rest[-1].kind == "search_complete"
    assert rest[-1].data["search_id"] == search_id
    assert "evt_001" not in [told.data.get("id") for told in rest]
    assert [told.data["complete"] for told in rest if told.kind == "progress"][-1:] == [True]


async def test_a_feeds_stream_needs_no_key(world: World) -> None:
    """Pages of any origin follow a feed by its address; its triggers and filter hold."""
    world.services.live.seconds = 0.2
    made = await a_feed(world, filter={"min_confidence": 80})
    await happened(world, made["list_id"], 1, confidence=10.0)
    await happened(world, made["list_id"], 2)
    await happened(world, made["list_id"], 3, trigger="match_removed")
    answer = await world.client.get(made["live_url"], params={"last_event_id": "0"})
    assert [data["id"] for _, _, data in read(answer.text)] == ["evt_002"]
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("what", ["feed", "key", "list"])
async def test_a_stream_ends_when_its_right_is_gone(world: World, what: str) -> None:
    """A revoked feed or key, and a deleted list, end the streams that they opened at the next sign of life."""
    live = world.services.live
    made = await a_feed(world)
    key, plain = await world.services.keys.create((await caller_of(world)).workspace_id, "page")
    if what == "feed":
        feed = await world.services.feeds.opened(made["live_url"].split("/")[-2])
        telling = await live.of_feed(feed, None)
    else:
        telling = await live.of_list(await world.services.keys.check(plain), made["list_id"], None)
    live.beat = 0.0
    assert await anext(telling) is None
    path = {"feed": f"/feeds/{made['id']}", "key": f"/keys/{key.id}", "list": f"/lists/{made['list_id']}"}[what]
    assert (await world.call("DELETE", path)).status_code == 204
    async with asyncio.timeout(20):
        assert [told async for told in telling if told is not None] == []


async def test_a_search_is_followed_no_longer_than_the_key_holds(world: World, picture: bytes) -> None:
    """A revoked key, and one that has expired, end the stream of an open search at the next sign of life."""
    caller = await caller_of(world)
    answer = await world.call("POST", "/searches", files={"images": ("mine.jpg", picture)})
    search_id, live = answer.json()["search_id"], world.services.live
    key, plain = await world.services.keys.create(caller.workspace_id, "page")
    telling = await live.of_search(await world.services.keys.check(plain), search_id, None)
    assert telling is not None
    live.beat = 0.0
    assert (await next_told(telling)).kind == "progress"
    assert (await world.call("DELETE", f"/keys/{key.id}")).status_code == 204
    async with asyncio.timeout(20):
        assert [told async for told in telling if told is not None] == []


async def test_a_server_that_goes_down_ends_its_streams(world: World) -> None:
    """After `close` no stream goes on."""
    telling = await world.services.live.of_list(await caller_of(world), await a_list(world), None)
    waiting = asyncio.create_task(anext(telling, "ended"))
    await asyncio.sleep(0)
    world.services.live.close()
    async with asyncio.timeout(20):
        assert await waiting == "ended"


async def test_streams_of_a_workspace_are_limited(world: World) -> None:
    """The hundred and first at once is refused; when one ends there is a place again."""
    live, caller, list_id = world.services.live, await caller_of(world), await a_list(world)
    live.beat = 0.0
    streams = [await live.of_list(caller, list_id, None) for _ in range(100)]
    for stream in streams:
        await anext(stream)
    refused = await world.call("GET", f"/lists/{list_id}/live")
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "10")
    await streams[0].aclose()  # type: ignore[attr-defined]
    live.seconds = 0.0
    assert (await world.call("GET", f"/lists/{list_id}/live")).status_code == 200
    for stream in streams[1:]:
        await stream.aclose()  # type: ignore[attr-defined]


async def test_streams_that_are_opened_at_once_are_counted(world: World) -> None:
    """Of 130 that are asked for in the same moment a hundred are opened; those let go of leave their places."""
    live, caller, list_id = world.services.live, await caller_of(world), await a_list(world)
    asked = [live.of_list(caller, list_id, None) for _ in range(130)]
    opened = [one for one in await asyncio.gather(*asked, return_exceptions=True) if not isinstance(one, Exception)]
    assert len(opened) == 100
    opened.clear()  # nobody has read from them
    await asyncio.sleep(0)  # the loop keeps what it has gathered until then
    gc.collect()
    for _ in range(200):
        with pytest.raises(CopyhoundError) as refused:
            await live.of_list(caller, "list_none", None)
        assert refused.value.code == "not_found"
    assert len([await live.of_list(caller, list_id, None) for _ in range(100)]) == 100


@pytest.mark.parametrize("mark", ["x", "-1", "1.5", "9" * 20, "\u0661"])
async def test_made_up_marks_are_refused(world: World, mark: str) -> None:
    """Only ids that a stream has told are taken."""
    answer = await world.call("GET", f"/lists/{await a_list(world)}/live", params={"last_event_id": mark})
    assert answer.status_code == 400


async def test_what_is_not_there_cannot_be_followed(world: World, picture: bytes) -> None:
    """Unknown lists, searches and feeds, and those of another workspace, are 404 before any stream begins."""
    result = await found(world, picture)
    for path in (f"/lists/{result['list_id']}/live", f"/searches/{result['search_id']}/live"):
        assert (await world.call("GET", path, key=world.other)).status_code == 404
        assert (await world.call("GET", path, key=None)).status_code == 401
    for path in ("/lists/list_x/live", "/searches/search_x/live"):
        assert (await world.call("GET", path)).status_code == 404
    assert (await world.client.get(f"{PUBLIC_URL}/feeds/x/live")).status_code == 404
