"""Deleting what is gone already."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import World, indexed, picture_named

AT = {"target_url": "https://hooks.example.com/in"}
QUIET = ["hook", "feed", "consumer", "key", "default tag"]
TOLD = ["list", "image", "tag", "ignored host", "entry", "notification"]


async def made(world: World, kind: str) -> tuple[str, str]:
    """(the address of a new thing of this kind, that of one that never was)."""

    async def post(path: str, **body: Any) -> Any:
        answer = await world.call("POST", path, json=body)
        assert answer.is_success, answer.text
        return answer.json()

    if kind == "consumer":
        await world.call("GET", "/triggers/match_found/events?consumer=zap-1")
        return "/triggers/match_found/consumers/zap-1", "/triggers/match_found/consumers/never"
    simple: dict[str, tuple[str, dict[str, Any]]] = {
        "hook": ("/hooks", {**AT, "triggers": ["match_found"]}),
        "key": ("/keys", {"name": "once"}),
        "list": ("/lists", {"label": "once"}),
        "notification": ("/notifications", {"notifier": "post", "target": {"url": AT["target_url"]}}),
        "ignored host": ("/ignored-hosts", {"hosts": ["a.example"]}),
    }
    if kind in simple:
        path, body = simple[kind]
        told = await post(path, **body)
        return f"{path}/{told.get('id') or told['items'][0]['id']}", f"{path}/never"
    if kind == "entry":
        await indexed(world, picture_named("kodak_0001.jpg"))
        (entry,) = (await world.call("GET", "/collections/web/entries")).json()["items"]
        return f"/collections/web/entries/{entry['id']}", "/collections/web/entries/never"
    in_list = f"/lists/{(await post('/lists', label='around'))['id']}"
    if kind == "feed":
        return f"/feeds/{(await post('/feeds', list_id=in_list.rpartition('/')[2]))['id']}", "/feeds/never"
    if kind == "image":
        added = await post(f"{in_list}/images", images=[{"url": "https://a.example.com/1.jpg"}])
        return f"{in_list}/images/{added['items'][0]['id']}", f"{in_list}/images/never"
    if kind == "tag":
        return f"{in_list}/tags/{(await post(f'{in_list}/tags', label='Mine'))['key']}", f"{in_list}/tags/never"
    tags = (await world.call("GET", f"{in_list}/tags")).json()["items"]
    return f"{in_list}/tags/{tags[0]['key']}", f"{in_list}/tags/never"


@pytest.mark.parametrize("kind", QUIET)
async def test_ending_what_has_ended_is_no_error(world: World, kind: str) -> None:
    """Subscriptions, accesses and default tags are 204 each time; a key or tag that never was is 404."""
    path, never = await made(world, kind)
    for _ in range(3):
        assert (await world.call("DELETE", path)).status_code == 204
    assert (await world.call("DELETE", never)).status_code == (404 if kind in ("key", "default tag") else 204)


@pytest.mark.parametrize("kind", TOLD)
async def test_deleting_what_is_gone_is_told(world: World, kind: str) -> None:
    """What holds data or a plan of yours is 204 once, and then `not_found`, as if it had never been."""
    path, never = await made(world, kind)
    assert (await world.call("DELETE", path)).status_code == 204
    for gone in (path, never):
        answer = await world.call("DELETE", gone)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
