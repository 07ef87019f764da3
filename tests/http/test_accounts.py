"""Keys and their limits, workspaces, credits and usage, as clients see them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from .conftest import World


def in_days(days: float) -> str:
    return (datetime.now(UTC) + timedelta(days=days)).isoformat()


async def first_workspace(world: World) -> str:
    return str((await world.call("GET", "/me")).json()["id"])


async def test_me_tells_limits_and_credits(world: World) -> None:
    """A key sees its own limits, and whether its workspace is metered."""
    me = (await world.call("GET", "/me")).json()
    assert me["key"]["limits"] == {}
    assert me["credits"] == {"metered": False, "remaining": 0, "bundles": []}


async def test_a_key_is_made_with_limits_and_held_to_others(world: World) -> None:
    """Limits stand in the key's answer, a PATCH replaces them, and unknown ones are refused."""
    body = {"name": "client", "limits": {"concurrent": 4}, "signs": True}
    made = (await world.call("POST", "/keys", json=body)).json()
    assert (made["limits"], made["signs"]) == ({"concurrent": 4}, True)
    changed = await world.call("PATCH", f"/keys/{made['id']}", json={"limits": {"requests": 10, "seconds": 60}})
    assert changed.json()["limits"] == {"requests": 10, "seconds": 60}
    assert "key" not in changed.json()
    for wrong in ({"limits": {"concurrent": -1}}, {"limits": {"speed": 3}}, {"name": "x"}, {}):
        refused = await world.call("PATCH", f"/keys/{made['id']}", json=wrong)
        assert (refused.status_code, refused.json()["code"]) == (400, "invalid_request"), wrong
    assert (await world.call("PATCH", f"/keys/{made['id']}", json={"limits": {}}, key=world.other)).status_code == 404


async def test_a_workspace_is_made_with_its_first_key(world: World) -> None:
    """The key works, belongs to the new workspace, and is no operator's; all workspaces are listed."""
    made = (await world.call("POST", "/workspaces", json={"name": "client two"})).json()
    me = (await world.call("GET", "/me", key=made["key"]["key"])).json()
    assert (me["id"], me["name"]) == (made["id"], "client two")
    assert (await world.call("GET", "/workspaces", key=made["key"]["key"])).status_code == 403
    listed = (await world.call("GET", "/workspaces")).json()["items"]
    assert made["id"] in {one["id"] for one in listed}
    more = await world.call("POST", f"/workspaces/{made['id']}/keys", json={"name": "second"})
    assert (await world.call("GET", "/me", key=more.json()["key"])).json()["id"] == made["id"]


async def test_credits_are_granted_shown_and_used_up(world: World, picture: bytes) -> None:
    """With one credit one picture is searched, the next is refused with 402, and usage shows the day."""
    path = f"/workspaces/{await first_workspace(world)}/credits"
    body = {"credits": 1, "expires_at": in_days(30), "note": "trial"}
    granted = await world.call("POST", path, json=body)
    assert (granted.status_code, granted.json()["remaining"]) == (201, 1)
    files = [("images", ("mine.jpg", picture, "image/jpeg"))]
    assert (await world.call("POST", "/searches", files=files)).status_code == 202
    refused = await world.call("POST", "/searches", files=files)
    assert (refused.status_code, refused.json()["code"], refused.json()["needed"]) == (402, "insufficient_credits", 1)
    usage = (await world.call("GET", "/usage")).json()
    assert (usage["credits"]["metered"], usage["credits"]["remaining"]) == (True, 0)
    assert [(day["surface"], day["reserved"]) for day in usage["days"]] == [("native", 1)]
    (bundle,) = (await world.call("GET", path)).json()["items"]
    assert (bundle["granted"], bundle["remaining"], bundle["note"]) == (1, 0, "trial")


@pytest.mark.parametrize(
    "wrong",
    [
        {"credits": 0, "expires_at": in_days(1)},
        {"credits": 5, "expires_at": in_days(-1)},
        {"credits": 5, "expires_at": in_days(1), "starts_at": in_days(2)},
        {"credits": 5, "expires_at": "2030-01-01T00:00:00"},
        {"credits": 5},
    ],
)
async def test_credits_that_make_no_sense_are_refused(world: World, wrong: dict[str, Any]) -> None:
    """No credits, no end, an end before the beginning, and a time without a zone are told as such."""
    refused = await world.call("POST", f"/workspaces/{await first_workspace(world)}/credits", json=wrong)
    assert (refused.status_code, refused.json()["code"]) == (400, "invalid_request")


async def test_credits_of_nobody(world: World) -> None:
    """A workspace that is not there has no credits to list or to be given."""
    body = {"credits": 5, "expires_at": in_days(1)}
    cases: tuple[tuple[str, dict[str, Any]], ...] = (("GET", {}), ("POST", {"json": body}))
    for method, arguments in cases:
        assert (await world.call(method, "/workspaces/ws_none/credits", **arguments)).status_code == 404
    assert (await world.call("POST", "/workspaces/ws_none/keys", json={"name": "x"})).status_code == 404


async def test_usage_asks_for_days(world: World) -> None:
    """Days in a wrong form, or reversed, are refused."""
    for query in ("first=yesterday", "first=2026-02-02&last=2026-02-01"):
        assert (await world.call("GET", f"/usage?{query}")).status_code == 400
    assert (await world.call("GET", "/usage?first=2026-02-01&last=2026-02-02")).json()["days"] == []


@pytest.mark.parametrize("query", ["last=9999-12-31", "last=0001-01-01", "first=0001-01-01&last=9999-12-31"])
async def test_usage_reaches_to_the_ends_of_the_calendar(world: World, query: str) -> None:
    """The first and the last day that there are can be asked for."""
    answer = await world.call("GET", f"/usage?{query}")
    assert (answer.status_code, type(answer.json()["days"])) == (200, list)


async def test_operating_needs_the_operators_scope(world: World) -> None:
    """Keys that read and write make no workspaces, and nobody gives a scope that they lack."""
    for method, path in (("GET", "/workspaces"), ("POST", "/workspaces"), ("GET", "/workspaces/ws_other/credits")):
        assert (await world.call(method, path, key=world.writer)).status_code == 403
    admin = (await world.call("POST", "/keys", json={"name": "admin", "scopes": ["read", "admin"]})).json()["key"]
    body = {"name": "more", "scopes": ["operator"]}
    assert (await world.call("POST", "/keys", json=body, key=admin)).status_code == 403
