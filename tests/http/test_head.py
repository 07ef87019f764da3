"""HEAD: what link checkers and previews ask before they open an address."""

from __future__ import annotations

import pytest

from .conftest import World, found

PAGES = ["/docs", "/docs/feeds", "/docs/feeds/", "/docs/try", "/docs/try/page.js", "/schema/openapi.json", "/healthz"]
PAGES += ["/lifecycle", "/metrics"]


@pytest.mark.parametrize("path", PAGES)
async def test_head_answers_as_get_without_a_body(world: World, path: str) -> None:
    """Status, type, length and caching are those of GET; nothing follows."""
    plain = {"Accept-Encoding": "identity"}
    got, told = [await world.client.request(method, path, headers=plain) for method in ("GET", "HEAD")]
    assert (told.status_code, told.content) == (200, b"")
    for name in ("content-type", "cache-control", "vary"):
        assert told.headers.get(name) == got.headers.get(name)
    if path != "/metrics":
        assert int(told.headers["content-length"]) == len(got.content)


async def test_a_feed_tells_its_etag(world: World) -> None:
    """A reader may ask whether there is something new, and is told 304; an unknown feed is 404 without a body."""
    listed = (await world.call("POST", "/lists", json={"label": "mine"})).json()["id"]
    feed = (await world.call("POST", "/feeds", json={"list_id": listed})).json()
    for address in (feed["json_url"], feed["atom_url"]):
        told = await world.client.head(address)
        assert (told.status_code, told.content) == (200, b"")
        known = await world.client.head(address, headers={"If-None-Match": told.headers["etag"]})
        assert known.status_code == 304
    gone = await world.client.head("/feeds/nobody.json")
    assert (gone.status_code, gone.content) == (404, b"")


async def test_a_picture_needs_its_key_or_link_as_ever(world: World, picture: bytes) -> None:
    """Pictures answer HEAD to the same keys and links as GET, and to nobody else."""
    match = (await found(world, picture))["matches"][0]
    told = await world.client.head(match["overlay_url"])
    assert (told.status_code, told.headers["content-type"], told.content) == (200, "image/jpeg", b"")
    thumbnail = f"/matches/{match['id']}/thumbnail"
    assert (await world.call("HEAD", thumbnail)).status_code == 200
    assert (await world.client.head(f"/api/v1{thumbnail}")).status_code == 401
    assert (await world.call("HEAD", thumbnail, key=world.other)).status_code == 404


async def test_head_opens_no_stream_and_moves_no_poller(world: World) -> None:
    """Where GET does something, or does not end, HEAD is refused."""
    listed = (await world.call("POST", "/lists", json={"label": "mine"})).json()["id"]
    feed = (await world.call("POST", "/feeds", json={"list_id": listed})).json()
    assert (await world.client.head(feed["live_url"])).status_code == 405
    assert (await world.call("HEAD", f"/lists/{listed}/live")).status_code == 405
    assert (await world.call("HEAD", "/triggers/match_found/events?consumer=x")).status_code == 405
    assert (await world.call("GET", "/triggers/match_found/consumers")).json()["items"] == []


async def test_allow_names_head_where_it_is_answered(world: World) -> None:
    """In the answer to OPTIONS, and in that to a wrong method."""
    for method in ("OPTIONS", "POST"):
        page, stream = [
            await world.client.request(method, path, headers={"X-API-Key": world.admin})
            for path in ("/docs/feeds", "/feeds/x/live")
        ]
        assert "HEAD" in page.headers["allow"]
        assert "HEAD" not in stream.headers["allow"]


async def test_the_figures_tell_head_and_its_route(world: World) -> None:
    """HEAD is counted as what it is, beside the route that answered."""
    await world.client.head("/docs/feeds")
    figures = (await world.client.get("/metrics")).text
    assert 'method="HEAD",route="/docs/{page' in figures
