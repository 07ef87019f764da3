"""Idempotency-Key: the same request again makes nothing twice."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import httpx
import pytest

from .conftest import PUBLIC_URL, World


def keyed(key: str = "k1") -> dict[str, str]:
    return {"Idempotency-Key": key}


async def count(world: World, path: str) -> int:
    return len((await world.call("GET", path)).json()["items"])


async def test_the_same_request_is_answered_the_same(world: World) -> None:
    """Status, body and Location are replayed, the replay is marked, and one list is made."""
    first = await world.call("POST", "/lists", json={"label": "x"}, headers=keyed())
    second = await world.call("POST", "/lists", json={"label": "x"}, headers=keyed())
    assert (second.status_code, second.content) == (first.status_code, first.content)
    assert second.headers["location"] == first.headers["location"]
    assert "idempotent-replay" not in first.headers
    assert second.headers["idempotent-replay"] == "true"
    assert await count(world, "/lists") == 1


async def test_another_request_under_the_same_key_is_refused(world: World) -> None:
    """A key belongs to one request: another body or another path is a 422."""
    await world.call("POST", "/lists", json={"label": "x"}, headers=keyed())
    for path, body in (("/lists", {"label": "y"}), ("/actions/create_list", {"label": "x"})):
        answer = await world.call("POST", path, json=body, headers=keyed())
        assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_mismatch")
    assert await count(world, "/lists") == 1


async def test_the_order_of_fields_does_not_matter(world: World) -> None:
    """The same request, written another way, is the same request."""
    first = await world.call("POST", "/lists", json={"label": "x", "monitored": True}, headers=keyed())
    second = await world.call("POST", "/lists", json={"monitored": True, "label": "x"}, headers=keyed())
    assert second.json() == first.json()


async def test_while_it_is_answered_it_is_in_flight(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same key during the first answer is a 409 that may be sent again."""
    entered, go = asyncio.Event(), asyncio.Event()
    create = type(world.services.lists).create

    async def slow(*args: Any, **options: Any) -> Any:
        entered.set()
        await go.wait()
        return await create(*args, **options)

    monkeypatch.setattr(type(world.services.lists), "create", slow)
    headers = {"X-API-Key": world.admin, **keyed()}
    # on this test's own event loop, unlike the test client
    transport = httpx.ASGITransport(cast(Any, world.app))
    async with httpx.AsyncClient(transport=transport, base_url=f"{PUBLIC_URL}/api/v1", headers=headers) as client:
        first = asyncio.create_task(client.post("/lists", json={"label": "x"}))
        await entered.wait()
        second = await client.post("/lists", json={"label": "x"})
        go.set()
        assert (await first).status_code == 201
    assert (second.status_code, second.json()["code"]) == (409, "idempotency_in_flight")
    assert second.headers["retry-after"] == "1"
    assert await count(world, "/lists") == 1


async def test_a_failed_request_may_be_sent_again(world: World) -> None:
    """What was refused made nothing, so its key is free."""
    body: dict[str, Any] = {"label": "x", "providers": ["nobody"]}
    assert (await world.call("POST", "/lists", json=body, headers=keyed())).status_code == 422
    assert (await world.call("POST", "/lists", json={"label": "x"}, headers=keyed())).status_code == 201


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/lists", {"label": "x"}),
        ("/notifications", {"notifier": "post", "target": {"url": "https://r.example.com"}}),
    ],
)
async def test_a_thing_whose_answer_was_lost_is_found_again(
    world: World, monkeypatch: pytest.MonkeyPatch, path: str, body: dict[str, Any]
) -> None:
    """A server died between making it and keeping the answer: repeated later, the same thing is answered."""

    async def die(*_: Any) -> None:
        raise RuntimeError("the process ended here")

    with monkeypatch.context() as patched:
        patched.setattr("copyhound.storage.accounts.Idempotency.finish", die)
        assert (await world.call("POST", path, json=body, headers=keyed())).status_code == 500
    (made,) = (await world.call("GET", path)).json()["items"]
    assert (await world.call("POST", path, json=body, headers=keyed())).json()["code"] == "idempotency_in_flight"
    monkeypatch.setattr("copyhound.storage.accounts.IN_FLIGHT", timedelta(0))
    again = await world.call("POST", path, json=body, headers=keyed())
    assert (again.status_code, again.json()["id"]) == (201, made["id"])
    assert await count(world, path) == 1


async def test_keys_of_two_workspaces_do_not_meet(world: World) -> None:
    """Another workspace may use the same key for what it wants."""
    mine = await world.call("POST", "/lists", json={"label": "x"}, headers=keyed())
    theirs = await world.call("POST", "/lists", json={"label": "y"}, headers=keyed(), key=world.other)
    assert theirs.status_code == 201
    assert theirs.json()["id"] != mine.json()["id"]


async def test_uploads_are_told_apart_by_their_bytes(world: World, picture: bytes, another_picture: bytes) -> None:
    """A search with the same pictures is the same search; with others it is not."""
    first = await world.call("POST", "/searches", files={"images": ("a.jpg", picture)}, headers=keyed())
    second = await world.call("POST", "/searches", files={"images": ("a.jpg", picture)}, headers=keyed())
    third = await world.call("POST", "/searches", files={"images": ("a.jpg", another_picture)}, headers=keyed())
    assert second.json() == first.json()
    assert third.status_code == 422
    assert await count(world, "/searches") == 1


async def test_kept_answers_are_sealed(world: World, tmp_path: Path) -> None:
    """A new key that is replayed once more stands nowhere in the database in plain."""
    body = {"name": "ci"}
    first = await world.call("POST", "/keys", json=body, headers=keyed())
    assert (await world.call("POST", "/keys", json=body, headers=keyed())).json() == first.json()
    stored = b"".join(file.read_bytes() for file in tmp_path.glob("copyhound.db*"))
    assert first.json()["key"].encode() not in stored
    assert b"k1" in stored


@pytest.mark.parametrize("key", ["", "x" * 256])
async def test_bad_keys_are_refused(world: World, key: str) -> None:
    """A key is 1 to 255 characters, also where it is of no use, as for an action that only looks."""
    for path in ("/lists", "/actions/find_list"):
        answer = await world.call("POST", path, json={"label": "x"}, headers=keyed(key))
        assert answer.json()["errors"][0]["field"] == "Idempotency-Key"
    assert await count(world, "/lists") == 0
