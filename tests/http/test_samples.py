"""Samples of triggers: real events that pass the filter, else the made-up one."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from .conftest import World
from .test_polling import happened

PATH = "/triggers/match_found/samples"


async def shown(world: World, **query: Any) -> tuple[str, list[str]]:
    """(what the header says, the ids)."""
    answer = await world.call("GET", PATH, params=query)
    assert answer.status_code == 200, answer.text
    return answer.headers["x-copyhound-sample"], [event["id"] for event in answer.json()]


async def test_samples_have_the_filters_of_polling(world: World) -> None:
    """Only real events that pass are shown, newest first, up to the limit."""
    mine, other = [
        (await world.call("POST", "/lists", json={"label": name})).json()["id"] for name in ("mine", "other")
    ]
    await happened(world, 1, 2, list_id=mine, match_type="full", providers=["own"])
    await happened(world, 3, list_id=other, confidence=60.0, match_type="partial", domain="example.org", score=9.0)
    await happened(world, 4, list_id=mine, score=50.0, match_type="full")
    assert await shown(world) == ("real", ["evt_4", "evt_3", "evt_2"])
    assert await shown(world, list_ids=mine) == ("real", ["evt_4", "evt_2", "evt_1"])
    assert await shown(world, list_ids=[mine, other], limit=4) == ("real", ["evt_4", "evt_3", "evt_2", "evt_1"])
    assert await shown(world, list_ids=mine, limit=1) == ("real", ["evt_4"])
    assert await shown(world, min_confidence=80, min_score=20, limit=2) == ("real", ["evt_4", "evt_2"])
    assert await shown(world, match_types="partial") == ("real", ["evt_3"])
    assert await shown(world, domains="https://Shop.Example.ORG/x") == ("real", ["evt_3"])


async def test_where_none_passes_the_made_up_one_is_shown(world: World) -> None:
    """The static sample, flagged as such: an event that its hook would not be told of is never given as real."""
    empty = (await world.call("POST", "/lists", json={"label": "empty"})).json()["id"]
    await happened(world, 1, 2)
    for query in ({"min_confidence": 99.9, "limit": 2}, {"list_ids": empty}, {"domains": "example.net"}):
        assert await shown(world, **query) == ("static", ["evt_sample_match_found"])


async def test_an_older_event_is_found_behind_many(world: World) -> None:
    """What passes is found behind more than a thousand newer events that do not."""
    await happened(world, 1, 2, domain="example.org")
    await happened(world, *range(3, 1204))
    assert await shown(world, domains="example.org") == ("real", ["evt_2", "evt_1"])
    assert await shown(world, domains="example.org", limit=1) == ("real", ["evt_2"])


@pytest.mark.parametrize(
    ("trigger", "query"),
    [
        ("match_found", {"list_ids": "list_nobody"}),
        ("match_found", {"min_confidence": "101"}),
        ("match_found", {"match_types": "colour"}),
        ("match_found", {"domains": "no domain"}),
        ("match_found", {"providers": "nobody"}),
        ("match_found", {"colour": "red"}),
        ("search_complete", {"min_score": "1"}),
        ("hook_disabled", {"providers": "own"}),
    ],
)
async def test_samples_refuse_what_polling_refuses(world: World, trigger: str, query: dict[str, str]) -> None:
    """What could hold nothing is a problem that names the same field."""

    def told(answer: httpx.Response) -> Any:
        assert answer.status_code == 400, answer.text
        return answer.json()["errors"]

    polled = await world.call("GET", f"/triggers/{trigger}/events", params=query)
    sampled = await world.call("GET", f"/triggers/{trigger}/samples", params=query)
    assert told(sampled) == told(polled)


async def test_a_reader_may_look_but_not_subscribe(world: World) -> None:
    """Polling and samples need the scope `read`, which the descriptor names; subscribing needs `write`."""
    descriptor = (await world.call("GET", "/triggers/match_found", key=world.reader)).json()
    assert descriptor["scope"] == "read"
    for path in (PATH, "/triggers/match_found/events"):
        assert (await world.call("GET", path, key=world.reader)).status_code == 200
    target = {"target_url": "https://hooks.example.com/in"}
    for path, body in (("/triggers/match_found/hooks", target), ("/hooks", {**target, "triggers": ["match_found"]})):
        answer = await world.call("POST", path, json=body, key=world.reader)
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
        assert "write" in answer.json()["detail"]
        assert (await world.call("POST", path, json=body, key=world.writer)).status_code in (200, 201)
