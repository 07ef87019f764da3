"""Drop-downs: choices in pages, sought by name, each set what the action or the filter takes."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import World, found


async def make_lists(world: World, *labels: str) -> list[str]:
    return [(await world.call("POST", "/lists", json={"label": label})).json()["id"] for label in labels]


async def all_pages(world: World, path: str) -> list[dict[str, Any]]:
    """Every choice, followed by cursor."""
    seen: list[dict[str, Any]] = []
    cursor = ""
    while True:
        page = (await world.call("GET", f"{path}{cursor}")).json()
        assert set(page) == {"items", "cursor"}
        seen += page["items"]
        if page["cursor"] is None:
            return seen
        cursor = f"&cursor={page['cursor']}"


async def test_lists_are_chosen_page_by_page(world: World) -> None:
    """Every list comes once, newest first, as id and name and nothing else."""
    ids = await make_lists(world, *(f"List {number}" for number in range(5)))
    seen = await all_pages(world, "/choices/lists?limit=2")
    assert sorted(one["id"] for one in seen) == sorted(ids)
    assert all(set(one) == {"id", "name"} for one in seen)


async def test_lists_are_sought_by_their_labels(world: World) -> None:
    """`q` is found anywhere in the label, upper and lower case alike; what is not there is an empty page."""
    await make_lists(world, "Summer ÄRA", "Winter")
    path = "/choices/lists"
    assert [one["name"] for one in (await world.call("GET", f"{path}?q=ära")).json()["items"]] == ["Summer ÄRA"]
    assert (await world.call("GET", f"{path}?q=spring")).json() == {"items": [], "cursor": None}


async def test_pages_can_be_counted(world: World) -> None:
    """A platform that counts pages gets the same as one that follows the cursor; after the last one, nothing."""
    await make_lists(world, *(f"List {number}" for number in range(5)))
    counted = [(await world.call("GET", f"/choices/lists?limit=2&page={n}")).json()["items"] for n in range(4)]
    assert [len(page) for page in counted] == [2, 2, 1, 0]
    assert [one for page in counted for one in page] == await all_pages(world, "/choices/lists?limit=2")


async def test_what_is_at_hand_is_paged_too(world: World) -> None:
    """Triggers, providers and collections come by the same rules, and are sought by id and title."""
    seen = await all_pages(world, "/choices/triggers?limit=2")
    assert [one["id"] for one in seen] == sorted(one["id"] for one in seen)
    assert {"match_found", "provider_failing"} <= {one["id"] for one in seen}
    assert (await world.call("GET", "/choices/providers?q=OWN")).json()["items"] == [
        {"id": "own", "name": "Own (asked by default)"}
    ]
    assert (await world.call("GET", "/choices/triggers?q=new domain")).json()["items"] == [
        {"id": "new_domain_found", "name": "New domain found"}
    ]


async def test_images_and_matches_are_chosen_within_a_list(world: World, picture: bytes) -> None:
    """A match is named by its image and its address; images need the list that they are in."""
    result = await found(world, picture)
    matches = (await world.call("GET", "/choices/matches?q=example")).json()["items"]
    assert matches == [{"id": result["matches"][0]["id"], "name": "mine.jpg at shop.example.com/copy.jpg"}]
    path = f"/choices/images?list_id={result['list_id']}"
    assert [one["name"] for one in (await world.call("GET", path)).json()["items"]] == ["mine.jpg"]
    assert [one["name"] for one in (await world.call("GET", f"{path}&q=MINE")).json()["items"]] == ["mine.jpg"]
    assert (await world.call("GET", f"{path}&q=other")).json()["items"] == []
    assert (await world.call("GET", "/choices/images")).json()["code"] == "invalid_request"
    assert (await world.call("GET", "/choices/matches?q=elsewhere")).json()["items"] == []


async def test_searches_are_chosen_by_list_and_time(world: World, picture: bytes) -> None:
    """A search is named by its list's label and when it was started, the newest first; both are sought."""
    files = {"images": ("mine.jpg", picture)}
    ids, lists = [], []
    for label in ("Summer", "Winter"):
        made = (await world.call("POST", "/searches", files=files, data={"list_label": label})).json()
        ids.append(made["search_id"])
        lists.append(made["list_id"])
    path = "/choices/searches"
    seen = await all_pages(world, f"{path}?limit=1")
    assert [one["id"] for one in seen] == ids[::-1]
    assert [one["name"].split(", ")[0] for one in seen] == ["Winter", "Summer"]
    day = seen[1]["name"].split(", ")[1]
    assert (await world.call("GET", f"/searches/{ids[0]}")).json()["created_at"].startswith(day.replace(" ", "T"))
    for query in ("q=SUMM", f"list_id={lists[0]}", f"q=summer, {day}"):
        assert (await world.call("GET", f"{path}?{query}")).json()["items"] == [seen[1]], query
    assert await all_pages(world, f"{path}?q=spring&limit=1") == []


@pytest.mark.parametrize("kind", ["lists", "images", "searches", "matches", "collections"])
async def test_nothing_of_another_workspace_is_offered(world: World, picture: bytes, kind: str) -> None:
    """Another workspace's key sees none of the choices."""
    result = await found(world, picture)
    answer = await world.call("GET", f"/choices/{kind}?list_id={result['list_id']}", key=world.other)
    assert answer.json().get("items", []) == []


@pytest.mark.parametrize("path", ["/choices/colours", "/choices/lists/x"])
async def test_there_are_no_other_choices(world: World, path: str) -> None:
    """Choices of something unknown are a 404."""
    assert (await world.call("GET", path)).status_code == 404


@pytest.mark.parametrize("query", ["cursor=nonsense", "cursor=c2VxOjE", "limit=0", "page=-1", "colour=red"])
@pytest.mark.parametrize("kind", ["lists", "triggers"])
async def test_bad_questions_are_refused(world: World, kind: str, query: str) -> None:
    """A cursor of something else, a size out of bounds, and an unknown parameter are refused."""
    assert (await world.call("GET", f"/choices/{kind}?{query}")).json()["code"] == "invalid_request"


async def test_every_dynamic_field_leads_somewhere(world: World) -> None:
    """Each address in `dynamic_fields` answers choices, and each field is one that the schema has."""
    for kind in ("triggers", "actions"):
        for one in (await world.call("GET", f"/{kind}")).json()["items"]:
            for field, address in one["dynamic_fields"].items():
                assert field in one["input_schema"]["properties"], one["key"]
                answer = await world.call("GET", f"{address.removeprefix('/api/v1')}?limit=1&q=x")
                assert (answer.status_code, set(answer.json())) == (200, {"items", "cursor"}), address
