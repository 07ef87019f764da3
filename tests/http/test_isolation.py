"""Nothing crosses a workspace: the ids of one are unknown to the keys of another."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import World, found

WRITES: dict[str, dict[str, Any]] = {
    "PATCH /lists/{list}": {"json": {"label": "theirs"}},
    "PATCH /matches/{match}": {"json": {"decision": "allowed"}},
    "POST /lists/{list}/tags": {"json": {"label": "theirs"}},
    "PATCH /lists/{list}/tags/trash": {"json": {"label": "theirs"}},
    "PUT /matches/{match}/tags": {"json": {"tag": "trash"}},
    "POST /ignored-hosts": {"json": {"hosts": ["a.example"], "list_id": "{list}"}},
    "PATCH /hooks/{hook}": {"json": {"description": "theirs"}},
    "POST /hooks/{hook}/recover": {"json": {"since": "2026-01-01T00:00:00Z"}},
    "POST /hooks/{hook}/replay": {"json": {"since": "2026-01-01T00:00:00Z"}},
    "PATCH /notifications/{notification}": {"json": {"format": "csv"}},
    "POST /feeds": {"json": {"list_id": "{list}"}},
    "POST /lists/{list}/images": {"json": {"images": [{"url": "https://a.example.com/1.jpg"}]}},
    "POST /searches": {"json": {"list_id": "{list}", "images": [{"url": "https://a.example.com/1.jpg"}]}},
    "POST /actions/start_search": {"json": {"list_id": "{list}", "images": [{"url": "https://a.example.com/1.jpg"}]}},
    "POST /actions/export_matches": {"json": {"list_id": "{list}"}},
}
HIDDEN = [
    "GET /searches/{search}",
    "GET /lists/{list}",
    "GET /lists/{list}/images",
    "GET /lists/{list}/matches",
    "GET /lists/{list}/export",
    "GET /lists/{list}/tags",
    "DELETE /lists/{list}/tags/mine",
    "GET /ignored-hosts?list_id={list}",
    "DELETE /ignored-hosts/{ignored}",
    "GET /matches/{match}",
    "GET /matches/{match}/tags",
    "GET /matches/{match}/history",
    "GET /matches/{match}/overlay",
    "GET /matches/{match}/thumbnail",
    "GET /collections/web",
    "GET /collections/web/entries",
    "GET /hooks/{hook}",
    "GET /hooks/{hook}/secret",
    "GET /notifications/{notification}",
    "GET /notifications/{notification}/preview",
    "POST /notifications/{notification}/test",
    "DELETE /notifications/{notification}",
    "GET /feeds/{feed}",
    "GET /deliveries/{delivery}",
    "GET /deliveries/{delivery}/attempts",
    "GET /ingests/{ingest}",
    "GET /keys/{key}",
    "POST /hooks/{hook}/enable",
    "POST /hooks/{hook}/disable",
    "POST /hooks/{hook}/rotate-secret",
    "POST /hooks/{hook}/test",
    "POST /deliveries/{delivery}/resend",
    "DELETE /lists/{list}/images/{image}",
    "DELETE /collections/web/entries/{entry}",
    "DELETE /collections/web/entries?all=true",
    "DELETE /keys/{key}",
    "DELETE /lists/{list}",
    *WRITES,
]
PAGES = [
    "/lists",
    "/searches",
    "/matches",
    "/collections",
    "/hooks",
    "/notifications",
    "/deliveries",
    "/ingests",
    "/feeds",
]


@pytest.fixture
async def ids(world: World, picture: bytes) -> dict[str, str]:
    """One thing of every kind, all of the first workspace."""
    target = {"target_url": "https://hooks.example.com/in", "triggers": ["match_found"]}
    hook = (await world.call("POST", "/hooks", json=target)).json()
    told = {"notifier": "post", "target": {"url": "https://hooks.example.com/in"}}
    notification = (await world.call("POST", "/notifications", json=told)).json()
    result = await found(world, picture)
    ingest = (await world.call("POST", "/collections/web/ingests", json={"source": "feed"})).json()
    items = {path: (await world.call("GET", path)).json()["items"] for path in ("/deliveries", "/keys")}
    entries = (await world.call("GET", "/collections/web/entries")).json()["items"]
    ignored = (await world.call("POST", "/ignored-hosts", json={"hosts": ["a.example"]})).json()["items"][0]
    await world.call("POST", f"/lists/{result['list_id']}/tags", json={"label": "Mine"})
    feed = (await world.call("POST", "/feeds", json={"list_id": result["list_id"]})).json()
    return {
        "feed": feed["id"],
        "ignored": ignored["id"],
        "search": result["search_id"],
        "list": result["list_id"],
        "image": result["images"][0]["image_id"],
        "match": result["matches"][0]["id"],
        "hook": hook["id"],
        "notification": notification["id"],
        "delivery": items["/deliveries"][0]["id"],
        "key": items["/keys"][0]["id"],
        "entry": entries[0]["id"],
        "ingest": ingest["id"],
    }


def filled(value: Any, ids: dict[str, str]) -> Any:
    """The value with {names} replaced by ids."""
    if isinstance(value, dict):
        return {name: filled(item, ids) for name, item in value.items()}
    return value.format(**ids) if isinstance(value, str) else value


async def test_the_ids_of_another_workspace_are_not_found(world: World, ids: dict[str, str]) -> None:
    """Every route that takes an id answers another workspace's key with 404."""
    for route in HIDDEN:
        method, path = filled(route, ids).split(" ", 1)
        answer = await world.call(method, path, key=world.other, **filled(WRITES.get(route, {}), ids))
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), f"{route}: {answer.text}"


async def test_a_list_of_another_workspace_is_none_to_name(world: World, ids: dict[str, str]) -> None:
    """Hooks and notifications answer another workspace's list as one that is not there; its owner's is taken."""
    hook = {"target_url": "https://a.example.com/", "triggers": ["match_found"]}
    told = {"notifier": "post", "target": {"url": "https://a.example.com/"}}
    for path, field, name in (("/hooks", "filter.list_ids[0]", "filter"), ("/notifications", "list_ids[0]", "")):
        for list_id in (ids["list"], "list_none"):
            named: dict[str, Any] = {"list_ids": [list_id]}
            body = {**hook, name: named} if name else {**told, **named}
            answer = await world.call("POST", path, key=world.other, json=body)
            assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request"), answer.text
            assert answer.json()["errors"] == [{"field": field, "message": f"There is no list {list_id!r}"}]
            if list_id == ids["list"]:
                assert (await world.call("POST", path, json=body)).status_code == 201


async def test_the_owner_still_has_everything(world: World, ids: dict[str, str]) -> None:
    """What another workspace tried has changed nothing: deleting its hook is quiet, and does nothing."""
    assert (await world.call("DELETE", f"/hooks/{ids['hook']}", key=world.other)).status_code == 204
    for route in HIDDEN:
        method, path = filled(route, ids).split(" ", 1)
        if method == "GET":
            assert (await world.call(method, path)).status_code == 200, route


async def test_pages_show_one_workspace_only(world: World, ids: dict[str, str]) -> None:
    """Every page of another workspace is empty, also when asked by these ids."""
    queries = {"/searches": f"list_id={ids['list']}", "/matches": f"image_id={ids['image']}"}
    queries["/deliveries"] = f"hook_id={ids['hook']}"
    for path in PAGES:
        for query in ("", queries.get(path, "")):
            assert (await world.call("GET", f"{path}?{query}", key=world.other)).json()["items"] == [], path
    for trigger in ("match_found", "search_complete"):
        polled = await world.call("GET", f"/triggers/{trigger}/events", key=world.other)
        assert polled.json()["items"] == []
        samples = await world.call("GET", f"/triggers/{trigger}/samples", key=world.other)
        assert samples.headers["x-copyhound-sample"] == "static"


async def test_a_link_belongs_to_its_workspace(world: World, ids: dict[str, str]) -> None:
    """An overlay link that names another workspace opens nothing."""
    match = (await world.call("GET", f"/matches/{ids['match']}")).json()
    mine = (await world.call("GET", "/me")).json()["id"]
    assert (await world.client.get(match["overlay_url"].replace(mine, "ws_other"))).status_code == 401
