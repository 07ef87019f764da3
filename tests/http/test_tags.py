"""Tags and ignored hosts through the native API."""

from __future__ import annotations

import pytest

from .conftest import World, found


@pytest.fixture
async def tagged(world: World, picture: bytes) -> tuple[str, str]:
    """A list's id, and its match's."""
    result = await found(world, picture)
    return result["list_id"], result["matches"][0]["id"]


async def test_tags_of_a_list(world: World, tagged: tuple[str, str]) -> None:
    """A list has five tags; more are made, changed and deleted."""
    path = f"/lists/{tagged[0]}/tags"
    assert len((await world.call("GET", path)).json()["items"]) == 5
    made = await world.call("POST", path, json={"label": "Letter sent", "colour": "#79e524"})
    expected = {"key": "letter-sent", "label": "Letter sent", "colour": "79E524", "state": "live", "alias_of": None}
    assert (made.status_code, made.json()) == (201, expected)
    changed = await world.call("PATCH", f"{path}/letter-sent", json={"state": "hidden", "alias_of": "followup"})
    assert changed.json() == {**expected, "state": "hidden", "alias_of": "followup"}
    assert (await world.call("DELETE", f"{path}/letter-sent")).status_code == 204
    assert (await world.call("DELETE", f"{path}/letter-sent")).status_code == 404


async def test_a_match_is_tagged(world: World, tagged: tuple[str, str]) -> None:
    """A tag takes the place of the one before, null takes it off; matches are filtered by it."""
    path = f"/matches/{tagged[1]}/tags"
    for tag, shown in (("trash", ["trash"]), ("approved", ["approved"]), (None, [])):
        answer = await world.call("PUT", path, json={"tag": tag})
        assert answer.json()["items"] == [{"tag": one, "page_url": None} for one in shown]
        assert (await world.call("GET", path)).json() == answer.json()
        matches = await world.call("GET", "/matches", params={"filter": '{"tag-in": ["approved"]}'})
        assert len(matches.json()["items"]) == (tag == "approved")


async def test_what_is_refused(world: World, tagged: tuple[str, str]) -> None:
    """Unknown tags, pages and lists, and hosts that are none, are refused."""
    path = f"/matches/{tagged[1]}/tags"
    assert (await world.call("PUT", path, json={"tag": "nonsense"})).status_code == 400
    elsewhere = {"tag": "trash", "page_url": "https://nowhere.example/"}
    assert (await world.call("PUT", path, json=elsewhere)).status_code == 400
    assert (await world.call("POST", "/ignored-hosts", json={"hosts": ["*"]})).status_code == 400
    assert (await world.call("POST", "/ignored-hosts", json={"hosts": ["a.b"], "list_id": "list_9"})).status_code == 404
    assert (await world.call("GET", path)).json()["items"] == []


async def test_ignored_hosts(world: World, tagged: tuple[str, str]) -> None:
    """Hosts are ignored in a list or in all; who asks for it does not see their copies."""
    match = (await world.call("GET", f"/matches/{tagged[1]}")).json()
    everywhere = await world.call("POST", "/ignored-hosts", json={"hosts": [match["host"]]})
    assert everywhere.status_code == 201
    (one,) = everywhere.json()["items"]
    assert (one["host"], one["list_id"]) == (match["host"], None)
    assert (await world.call("GET", "/matches?without_ignored=true")).json()["items"] == []
    assert len((await world.call("GET", "/matches")).json()["items"]) == 1
    assert (await world.call("DELETE", f"/ignored-hosts/{one['id']}?list_id={tagged[0]}")).status_code == 404
    assert (await world.call("DELETE", f"/ignored-hosts/{one['id']}")).status_code == 204
    own = {"hosts": ["*.example"], "list_id": tagged[0]}
    assert (await world.call("POST", "/ignored-hosts", json=own)).status_code == 201
    assert (await world.call("GET", "/ignored-hosts")).json()["items"] == []
    listed = (await world.call("GET", f"/ignored-hosts?list_id={tagged[0]}")).json()["items"]
    assert [host["host"] for host in listed] == ["*.example"]
