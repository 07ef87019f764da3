"""What the actions do, as a platform that knows nothing but the catalogue calls them."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from jsonschema import Draft7Validator, Draft202012Validator
from referencing import Registry

from .conftest import World, found


async def act(world: World, action: str, body: dict[str, Any], **call: Any) -> Any:
    """What an action answers; it fits the schema that the catalogue gives for it."""
    answer = await world.call("POST", f"/actions/{action}", json=body, **call)
    assert answer.status_code == 200, answer.text
    schema = (await world.call("GET", f"/actions/{action}")).json()["output_schema"]
    Draft202012Validator(schema, registry=Registry()).validate(answer.json())
    return answer.json()


async def test_a_list_is_found_or_made(world: World) -> None:
    """What is not found is an empty answer, no error; the action that `creates` names makes it; then it is found."""
    descriptor = (await world.call("GET", "/actions/find_list")).json()
    assert (descriptor["kind"], descriptor["creates"], descriptor["scope"]) == ("find", "create_list", "read")
    assert await act(world, "find_list", {"label": "Sommer ÄRA"}) == {"id": None, "found": False, "items": []}
    made = await act(world, descriptor["creates"], {"label": "Sommer ÄRA"})
    result = await act(world, "find_list", {"label": "sommer ära"})
    assert result == {"id": made["id"], "found": True, "items": [made]}


async def test_a_label_is_found_as_a_whole_or_in_part(world: World) -> None:
    """Only the label itself is found, however many lists hold it; with `exact` false those too, the newest first."""
    labels = ["Summer", *(f"Summer {number}" for number in range(60)), "Wi_ter"]
    ids = [(await act(world, "create_list", {"label": label}))["id"] for label in labels]
    assert [one["id"] for one in (await act(world, "find_list", {"label": "summer"}))["items"]] == ids[:1]
    part = await act(world, "find_list", {"label": "summer", "exact": False})
    assert [one["id"] for one in part["items"]] == ids[-2:-52:-1]
    assert (await act(world, "find_list", {"label": "wi%ter", "exact": False}))["items"] == []


async def test_a_search_is_looked_at(world: World, picture: bytes) -> None:
    """One that runs is open, one that ended is complete; what is told is what `GET /searches/{id}` tells."""
    result = await found(world, picture)
    open_one = await act(world, "start_search", {"images": [{"url": "https://a.example.com/1.jpg"}]})
    (running,) = (await act(world, "find_search", {"search_id": open_one["search_id"]}, key=world.reader))["items"]
    assert (running["complete"], running["outcomes"], running["matches"]) == (False, {"open": 1}, 0)
    assert [(one["outcome"], one["reason"]) for one in running["by_provider"]] == [(None, None)]
    answer = await act(world, "find_search", {"search_id": result["search_id"]})
    (ended,) = answer["items"]
    assert (answer["id"], answer["found"], ended["id"]) == (result["search_id"], True, result["search_id"])
    native = (await world.call("GET", f"/searches/{result['search_id']}")).json()
    for name in ("search_id", "list_id", "complete", "created_at", "completed_at", "outcomes"):
        assert ended[name] == native[name]
    assert (ended["images"], ended["lookups"], ended["matches"]) == (native["image_count"], 1, 1)
    row = {"provider": "own", "outcome": "answered", "lookups": 1, "matches": 1, "reason": None}
    assert ended["by_provider"] == [row]


@pytest.mark.parametrize("key", ["admin", "other"])
async def test_a_search_that_is_not_there_is_not_found(world: World, picture: bytes, key: str) -> None:
    """An unknown id, and another workspace's, are an empty answer, as of all actions that find."""
    search_id = (await found(world, picture))["search_id"] if key == "other" else "search_none"
    told = await act(world, "find_search", {"search_id": search_id}, key=getattr(world, key))
    assert told == {"id": None, "found": False, "items": []}


async def test_who_looks_again_sees_what_is_so_now(world: World) -> None:
    """A loop of a flow has one Idempotency-Key: an action that finds is not answered as it was before."""
    headers = {"Idempotency-Key": "one step"}
    assert (await act(world, "find_list", {"label": "Later"}, headers=headers))["found"] is False
    await act(world, "create_list", {"label": "Later"})
    assert (await act(world, "find_list", {"label": "Later"}, headers=headers))["found"] is True


async def test_images_are_added_without_a_search(world: World, picture: bytes) -> None:
    """An address and bytes are added in their order, under their names; nothing is searched."""
    made = await act(world, "create_list", {"label": "x"})
    data = base64.b64encode(picture).decode()
    images = [{"url": "https://a.example.com/1.jpg"}, {"base64": data[:8000], "name": "mine.jpg"}]
    added = await act(world, "add_images", {"list_id": made["id"], "images": images})
    assert [one["name"] for one in added["images"]] == ["1.jpg", "mine.jpg"]
    assert (added["count"], added["id"], added["list_id"]) == (2, added["images"][0]["id"], made["id"])
    kept = (await world.call("GET", f"/lists/{made['id']}/images")).json()["items"]
    assert [one["id"] for one in kept] == [one["id"] for one in added["images"]]
    assert (await world.call("GET", "/searches")).json()["items"] == []


@pytest.mark.parametrize(
    ("images", "code"),
    [
        ([{}], "invalid_request"),
        ([{"url": "https://a.example.com/1.jpg", "base64": "AAAA"}], "invalid_request"),
        ([{"url": "http://127.0.0.1/1.jpg"}], "url_forbidden"),
        ([{"base64": base64.b64encode(b"no picture").decode()}], "not_an_image"),
        ([{"url": f"https://a.example.com/{n}.jpg"} for n in range(6)], "too_many_images"),
    ],
)
async def test_bad_images_are_not_added(world: World, images: list[dict[str, Any]], code: str) -> None:
    """Neither or both of address and bytes, a private address, no picture, too many: refused, nothing is kept."""
    made = await act(world, "create_list", {"label": "x"})
    answer = await world.call("POST", "/actions/add_images", json={"list_id": made["id"], "images": images})
    assert answer.json()["code"] == code
    assert (await world.call("GET", f"/lists/{made['id']}/images")).json()["items"] == []


async def test_a_match_is_decided(world: World, picture: bytes) -> None:
    """The decision is kept; a note that is left out stays, null takes it away."""
    match = (await found(world, picture))["matches"][0]
    told = {"match_id": match["id"], "decision": "infringing", "note": "Letter sent."}
    first = await act(world, "decide_match", told)
    assert (first["decision"], first["note"], first["host"]) == ("infringing", "Letter sent.", "shop.example.com")
    second = await act(world, "decide_match", {"match_id": match["id"], "decision": "allowed"})
    assert (second["decision"], second["note"]) == ("allowed", "Letter sent.")
    third = await act(world, "decide_match", {"match_id": match["id"], "decision": "open", "note": None})
    assert (third["decision"], third["note"]) == ("open", None)
    assert (await world.call("GET", f"/matches/{match['id']}")).json()["decision"] == "open"


@pytest.mark.parametrize(
    ("key", "body"),
    [
        ("add_images", {"list_id": "LIST", "images": [{"url": "https://a.example.com/1.jpg"}]}),
        ("decide_match", {"match_id": "MATCH", "decision": "allowed"}),
        ("export_matches", {"list_id": "LIST"}),
    ],
)
async def test_actions_reach_nothing_of_others(world: World, picture: bytes, key: str, body: dict[str, Any]) -> None:
    """Another workspace's list or match is not found; a key that may only read is refused what changes something."""
    result = await found(world, picture)
    ids = {"LIST": result["list_id"], "MATCH": result["matches"][0]["id"]}
    told = {name: ids.get(value, value) if isinstance(value, str) else value for name, value in body.items()}
    assert (await world.call("POST", f"/actions/{key}", json=told, key=world.other)).json()["code"] == "not_found"
    expected = 200 if key == "export_matches" else 403
    assert (await world.call("POST", f"/actions/{key}", json=told, key=world.reader)).status_code == expected
    before = (await world.call("GET", f"/lists/{result['list_id']}/images")).json()["items"]
    assert len(before) == 1


async def test_nothing_of_others_is_found(world: World) -> None:
    """A list of another workspace is not found, whatever its label; a key that may only read finds its own."""
    made = await act(world, "create_list", {"label": "Shared name"})
    assert (await act(world, "find_list", {"label": "shared name"}, key=world.other))["items"] == []
    assert (await act(world, "find_list", {"label": "shared name"}, key=world.reader))["id"] == made["id"]


async def test_an_action_is_done_once_under_one_key(world: World) -> None:
    """The same Idempotency-Key gives the same answer, and the list is made once."""
    headers = {"Idempotency-Key": "flow-7"}
    first, second = [await act(world, "create_list", {"label": "once"}, headers=headers) for _ in range(2)]
    assert first == second
    assert len((await act(world, "find_list", {"label": "once"}))["items"]) == 1


@pytest.mark.parametrize("kind", ["triggers", "actions"])
async def test_schemas_come_in_draft_7_where_asked(world: World, kind: str) -> None:
    """`dialect=draft-07` gives the same descriptors with schemas of that draft; another dialect is refused."""
    new = (await world.call("GET", f"/{kind}")).json()["items"]
    old = (await world.call("GET", f"/{kind}?dialect=draft-07")).json()["items"]
    assert [one["key"] for one in old] == [one["key"] for one in new]
    for one, as_before in zip(old, new, strict=True):
        assert (await world.call("GET", f"/{kind}/{one['key']}?dialect=draft-07")).json() == one
        Draft7Validator(one["output_schema"], registry=Registry()).validate(one["sample"])
        for name in ("input_schema", "output_schema"):
            if one[name] is not None:
                Draft7Validator.check_schema(one[name])
                assert "draft-07" in one[name]["$schema"]
                assert set(one[name]["properties"]) == set(as_before[name]["properties"])
    assert (await world.call("GET", f"/{kind}?dialect=draft-04")).json()["code"] == "invalid_request"
