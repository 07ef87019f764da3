"""Each trigger has an address of its own to subscribe at."""

from __future__ import annotations

import pytest

from .conftest import World

TARGET = "https://hooks.example.com/in"


async def test_it_subscribes_to_that_trigger(world: World) -> None:
    """201 with the hook's secret and `Location`; again, and by `POST /hooks`, it is the same hook: 200."""
    sent = {"target_url": TARGET, "filter": {"min_confidence": 80}}
    made = await world.call("POST", "/triggers/match_found/hooks", json=sent)
    hook = made.json()
    assert (made.status_code, hook["triggers"], hook["filter"]) == (201, ["match_found"], {"min_confidence": 80})
    assert hook["secret"].startswith("whsec_")
    assert made.headers["location"].endswith(f"/api/v1/hooks/{hook['id']}")
    again = await world.call("POST", "/triggers/match_found/hooks", json=sent)
    common = await world.call("POST", "/hooks", json={**sent, "triggers": ["match_found"]})
    assert [(one.status_code, one.json()["id"]) for one in (again, common)] == [(200, hook["id"])] * 2


@pytest.mark.parametrize(
    ("path", "sent", "status"),
    [
        ("/triggers/x/hooks", {"target_url": TARGET}, 404),
        ("/triggers/match_found/hooks", {"target_url": TARGET, "triggers": ["search_complete"]}, 400),
        ("/triggers/match_found/hooks", {}, 400),
        ("/triggers/match_found/hooks", {"target_url": "http://10.0.0.1/"}, 422),
    ],
)
async def test_what_is_wrong_is_refused(world: World, path: str, sent: dict[str, object], status: int) -> None:
    """An unknown trigger, fields that it does not take, no target, a forbidden one: no hook is made."""
    assert (await world.call("POST", path, json=sent)).status_code == status
    assert (await world.call("GET", "/hooks")).json()["items"] == []
