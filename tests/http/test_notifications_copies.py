"""The choice between new domains and every new copy, as clients make it."""

from __future__ import annotations

from .conftest import World

POST = {"notifier": "post", "target": {"url": "https://hooks.example.com/in", "token": "very secret"}}


async def test_the_choice_is_made_shown_and_changed(world: World) -> None:
    """It is new domains where nothing is said; POST and PATCH change it, and what is left out stays."""
    assert (await world.call("POST", "/notifications", json=POST)).json()["new_domains_only"] is True
    made = (await world.call("POST", "/notifications", json={**POST, "new_domains_only": False})).json()
    assert made["new_domains_only"] is False
    path = f"/notifications/{made['id']}"
    assert (await world.call("PATCH", path, json={"format": "csv"})).json()["new_domains_only"] is False
    assert (await world.call("PATCH", path, json={"new_domains_only": True})).json()["new_domains_only"] is True
    assert (await world.call("GET", path)).json()["new_domains_only"] is True
    assert (await world.call("PATCH", path, json={"new_domains_only": "no"})).status_code == 400


async def test_a_notification_is_paused_and_goes_on(world: World) -> None:
    """It is active where nothing is said; POST and PATCH change that, keys that only read may not."""
    first = (await world.call("POST", "/notifications", json=POST)).json()
    assert (first["active"], first["retry_at"]) == (True, None)
    made = (await world.call("POST", "/notifications", json={**POST, "active": False})).json()
    path = f"/notifications/{made['id']}"
    assert (made["active"], (await world.call("GET", path)).json()["active"]) == (False, False)
    assert (await world.call("PATCH", path, json={"format": "csv"})).json()["active"] is False
    assert (await world.call("PATCH", path, json={"active": True}, key=world.reader)).status_code == 403
    assert (await world.call("PATCH", path, json={"active": True})).json()["active"] is True
    assert (await world.call("PATCH", path, json={"active": "no"})).status_code == 400
