"""What a hook's filter may hold, how it is written, and what is the same hook."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import World

TARGET = "https://hooks.example.com/in"


async def subscribe(world: World, **fields: Any) -> Any:
    return await world.call("POST", "/hooks", json={"target_url": TARGET, "triggers": ["match_found"], **fields})


async def test_domains_are_kept_as_events_carry_them(world: World) -> None:
    """Hosts, addresses and capitals become registrable domains, each once, in order."""
    sent = [
        "https://Shop.Example.COM:8443/a?b",
        "b.example.co.uk",
        "EXAMPLE.com ",
        "localhost",
        "10.0.0.1",
        "Bücher.de",
    ]
    made = (await subscribe(world, filter={"domains": sent})).json()
    assert made["filter"]["domains"] == ["10.0.0.1", "example.co.uk", "example.com", "localhost", "xn--bcher-kva.de"]


@pytest.mark.parametrize(
    ("fields", "faults"),
    [
        ({"filter": {"domains": ["example.com", "no domain", ""]}}, ["filter.domains[1]", "filter.domains[2]"]),
        ({"filter": {"domains": ["http://[::1", "a..b", "x" * 300]}}, [f"filter.domains[{n}]" for n in range(3)]),
        ({"filter": {"providers": ["own", "nobody"]}}, ["filter.providers[1]"]),
        ({"triggers": ["search_complete"], "filter": {"min_confidence": 50}}, ["filter.min_confidence"]),
        ({"triggers": ["provider_failing"], "filter": {"list_ids": ["x"]}}, ["filter.list_ids"]),
        ({"triggers": ["hook_disabled", "credits_low"], "filter": {"min_score": 0}}, ["filter.min_score"]),
    ],
)
async def test_filters_that_could_hold_nothing_are_refused(
    world: World, fields: dict[str, Any], faults: list[str]
) -> None:
    """Each field is named, when a hook is made and when it is changed, and the hint speaks of them."""
    made = (await subscribe(world)).json()
    for answer in (await subscribe(world, **fields), await world.call("PATCH", f"/hooks/{made['id']}", json=fields)):
        told = answer.json()
        assert (answer.status_code, told["code"]) == (400, "invalid_request")
        assert [one["field"] for one in told["errors"]] == faults
        assert "fields" in told["hint"]
    assert (await world.call("GET", f"/hooks/{made['id']}")).json()["filter"] == {}
    assert len((await world.call("GET", "/hooks")).json()["items"]) == 1


async def test_a_filter_may_be_of_one_trigger_among_several(world: World) -> None:
    """A field is taken if one of the triggers has it; taking that trigger away is refused, and polling is as strict."""
    made = await subscribe(world, triggers=["match_found", "search_complete"], filter={"min_confidence": 50})
    assert made.status_code == 201
    path = f"/hooks/{made.json()['id']}"
    refused = await world.call("PATCH", path, json={"triggers": ["search_complete"]})
    assert [one["field"] for one in refused.json()["errors"]] == ["filter.min_confidence"]
    assert (await world.call("PATCH", path, json={"triggers": ["search_complete"], "filter": {}})).status_code == 200
    polled = await world.call("GET", "/triggers/search_complete/events?min_confidence=50")
    assert [one["field"] for one in polled.json()["errors"]] == ["min_confidence"]


async def test_each_trigger_offers_the_filters_that_apply_to_it(world: World) -> None:
    """Every field of a trigger's `input_schema` is taken for a hook of that trigger alone, and no other is."""
    list_id = (await world.call("POST", "/lists", json={"label": "mine"})).json()["id"]
    values: dict[str, Any] = {
        "list_ids": [list_id],
        "min_confidence": 50,
        "min_score": 50,
        "match_types": ["full"],
        "domains": ["example.com"],
        "providers": ["own"],
    }
    for trigger in (await world.call("GET", "/triggers")).json()["items"]:
        offered = set((trigger["input_schema"] or {"properties": {}})["properties"])
        for name, value in values.items():
            answer = await subscribe(world, triggers=[trigger["key"]], filter={name: value})
            assert (answer.status_code == 201) is (name in offered), (trigger["key"], name)


async def test_hooks_that_differ_in_writing_alone_are_one(world: World) -> None:
    """The order and number of names in a filter, and the case of scheme and host, make no other hook; a path's does."""
    lists = [(await world.call("POST", "/lists", json={"label": label})).json()["id"] for label in "ab"]
    named = {"list_ids": lists, "domains": ["a.com", "b.com"], "match_types": ["full", "partial"]}
    made = (await subscribe(world, filter=named)).json()
    turned = {name: [*reversed(values), values[0]] for name, values in named.items()}
    again = await subscribe(world, filter=turned, target_url="HTTPS://Hooks.Example.COM/in")
    assert (again.status_code, again.json()["id"]) == (200, made["id"])
    other = await subscribe(world, filter=named, target_url="https://hooks.example.com/IN")
    assert other.status_code == 201


async def test_the_target_of_a_hook_is_changed(world: World) -> None:
    """PATCH takes a new target, checked as the first one was; not one that makes it another hook's twin."""
    made, other = (await subscribe(world)).json(), (await subscribe(world, target_url=f"{TARGET}/2")).json()
    path = f"/hooks/{made['id']}"
    changed = await world.call("PATCH", path, json={"target_url": f"{TARGET}/3"})
    assert (changed.status_code, changed.json()["target_url"]) == (200, f"{TARGET}/3")
    await world.call("POST", f"{path}/test")
    assert [url for url, _, _ in world.sender.sent] == [f"{TARGET}/3"]
    for url, code in (
        (other["target_url"].replace("hooks", "Hooks"), "conflict"),
        ("http://10.0.0.1/", "url_forbidden"),
        ("x", "url_invalid"),
    ):
        assert (await world.call("PATCH", path, json={"target_url": url})).json()["code"] == code
    assert (await world.call("PATCH", path, json={"target_url": None})).json()["code"] == "invalid_request"
    assert (await world.call("GET", path)).json()["target_url"] == f"{TARGET}/3"


async def test_hints_say_what_helps(world: World) -> None:
    """A private target names the setting that allows it; where no fields are named no hint speaks of them."""
    private = (await subscribe(world, target_url="http://10.0.0.1/")).json()
    assert "net.allow_hosts" in private["hint"]
    unknown = (await subscribe(world, triggers=["nothing"])).json()
    assert "errors" not in unknown
    assert "fields" not in unknown["hint"]
