"""Actions of plugins: one that hangs, blocks, breaks or lies stops nothing else, and `GET /plugins` tells of it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from litestar.testing import AsyncTestClient

from copyhound.cli.app import make_app
from copyhound.plugin_api import ActionSpec, Caller, CopyhoundError, EventBase, TriggerSpec, UseCases, hookimpl
from copyhound.plugin_host.vetting import FaultySpecError, vet

from ..fixtures.houses import Home, home

ENVELOPE = {"id": "evt_1", "timestamp": "2026-01-02T03:04:05Z", "sequence": 1}


class Odd(EventBase, frozen=True, kw_only=True):
    """Something odd."""

    what: str


class Way(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    way: str = "well"


class Said(msgspec.Struct, frozen=True):
    text: str
    number: float = 0.0


class Odds:
    """A plugin whose action goes wrong as it is told."""

    def __init__(self) -> None:
        self.entered, self.released = threading.Event(), threading.Event()
        self.threads: list[str] = []

    @hookimpl
    def copyhound_triggers(self) -> list[TriggerSpec]:
        sample = {**ENVELOPE, "type": "odd", "what": "a"}
        return [TriggerSpec("odd", "Odd", "Odd", "Triggers when something is odd.", Odd, sample)]

    @hookimpl
    def copyhound_actions(self, use_cases: UseCases) -> list[ActionSpec]:
        lists = use_cases.lists  # taken at start, used in a call

        async def use(caller: Caller, wanted: Way) -> Said:
            self.threads.append(threading.current_thread().name)
            made = await lists.create(caller, wanted.way)
            state = use_cases.state(caller.workspace_id, "odds")
            await state.put({"list": made.id})
            await use_cases.triggers.emit(caller.workspace_id, "odd", {"what": made.label}, list_id=made.id)
            async with use_cases.limits.place(caller, "odd", most=1):
                page = await lists.page(caller)
            return Said(f"{len(page.items)} {await state.get('list') == made.id} {use_cases.now().year > 2000}")

        async def wrong(caller: Caller, wanted: Way) -> Any:
            return await self._wrong(wanted.way)

        ways = ("Odd", "Odd", "Does it.", Way, Said, {"text": "a"})
        return [
            ActionSpec("odd_use", *ways, use),
            ActionSpec("odd_wrong", *ways, wrong, timeout_seconds=0.3),
        ]

    async def _wrong(self, way: str) -> Any:
        raised = {"raise": RuntimeError("boom"), "exit": SystemExit(3), "interrupt": KeyboardInterrupt()}
        raised |= {"cancel": asyncio.CancelledError(), "surrogate error": CopyhoundError("not_found", "\ud800")}
        raised["own"] = CopyhoundError("not_found", "There is no such letter.")
        if way in raised:
            raise raised[way]
        if way == "hang":
            await asyncio.Event().wait()
        if way == "block":
            self.entered.set()
            self.released.wait(20)
        wrong = {"none": None, "number": 5, "field": Said(5), "surrogate": Said("\ud800")}  # type: ignore[arg-type]
        return {**wrong, "not a number": Said("a", float("nan")), "no JSON": object()}.get(way, Said(way))


class World(msgspec.Struct):
    house: Home
    api: httpx.AsyncClient
    odds: Odds

    async def run(self, way: str, action: str = "odd_wrong") -> httpx.Response:
        return await self.api.post(f"/api/v1/actions/{action}", json={"way": way})

    async def state(self) -> Any:
        (found,) = [one for one in (await self.api.get("/api/v1/plugins")).json()["items"] if one["name"] == "odds"]
        (state,) = [one for one in found["specs"]["actions"] if one["name"] == "odd_wrong"]
        return state


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    odds = Odds()
    async with home(tmp_path / "data", work=False, extra_plugins=[("odds", odds)]) as house:
        key = (await house.services.keys.create(house.caller.workspace_id, "mine", house.caller.scopes))[1]
        async with AsyncTestClient(make_app(house.house), base_url=house.services.kit.public_url) as client:
            client.headers["X-API-Key"] = key
            yield World(house, client, odds)
        odds.released.set()


@pytest.mark.parametrize(
    ("way", "why"),
    [
        ("hang", "it did not answer within 0.3 seconds"),
        ("raise", "odd_wrong raised RuntimeError; the log has more."),
        ("exit", "it tried to end the process (SystemExit)"),
        ("interrupt", "it tried to end the process (KeyboardInterrupt)"),
        ("cancel", "it cancelled itself"),
        ("surrogate error", "its error cannot be written as JSON"),
        ("none", "its output is no Said"),
        ("number", "its output is no Said"),
        ("field", "its output is no Said"),
        ("not a number", "its output is no Said"),
        ("surrogate", "its output cannot be written as JSON"),
        ("no JSON", "its output cannot be written as JSON"),
    ],
)
async def test_what_goes_wrong_in_an_action_is_plugin_failed(world: World, way: str, why: str) -> None:
    """The client is told with 502, `GET /plugins` says the same, and the next call is answered."""
    answer = await world.run(way)
    assert (answer.status_code, answer.json()["code"]) == (502, "plugin_failed")
    assert why in answer.json()["detail"]
    assert "boom" not in answer.text
    state = await world.state()
    assert (state["health"], state["reason"]) == ("failing", answer.json()["detail"])
    assert (await world.run("well")).json() == {"text": "well", "number": 0.0}
    assert (await world.state())["health"] == "ready"


async def test_an_action_that_blocks_stops_nothing_else(world: World) -> None:
    """While it blocks its thread the core goes on; its own caller is told in time."""
    house = world.house
    action = house.house.catalogue.actions["odd_wrong"]
    blocked: asyncio.Task[Any] = asyncio.create_task(action.run(house.caller, Way("block")))  # type: ignore[arg-type]
    assert await asyncio.to_thread(world.odds.entered.wait, 10)
    await house.services.lists.page(house.caller)
    assert not blocked.done()
    with pytest.raises(CopyhoundError, match="plugin_failed: odd_wrong failed: it blocked its event loop"):
        await blocked
    assert (await world.run("well")).status_code == 200


async def test_an_agent_is_told_too(world: World) -> None:
    """What fails in a tool of MCP is the tool's error, in the protocol."""
    asked = {"name": "odd_wrong", "arguments": {"way": "cancel"}}
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": asked}
    accept = {"accept": "application/json, text/event-stream"}
    result = (await world.api.post("/mcp", json=call, headers=accept)).json()["result"]
    assert result["isError"]
    assert "plugin_failed" in result["content"][0]["text"]


async def test_what_an_action_says_to_its_client_is_no_failure(world: World) -> None:
    """A CopyhoundError of its own goes out as it is, and nothing is wrong with the plugin."""
    answer = await world.run("own")
    assert (answer.status_code, answer.json()["detail"]) == (404, "There is no such letter.")
    assert (await world.state())["health"] == "ready"


async def test_an_action_uses_the_use_cases_from_its_own_thread(world: World) -> None:
    """What they do is done in the core's event loop: lists, state, events, places."""
    answer = await world.run("mine", "odd_use")
    assert answer.json()["text"] == "1 True True", answer.text
    assert world.odds.threads == ["plugin-odds"]
    events = (await world.api.get("/api/v1/triggers/odd/events")).json()["items"]
    assert [event["what"] for event in events] == ["mine"]


def test_an_action_has_at_most_two_minutes() -> None:
    """The answers of an `Idempotency-Key` are waited for no longer than that."""

    async def run(caller: Caller, wanted: Way) -> Said:
        return Said("a")

    spec = ActionSpec("odd", "Odd", "Odd", "Odd.", Way, Said, {"text": "a"}, run, timeout_seconds=121)
    with pytest.raises(FaultySpecError, match="timeout_seconds"):
        vet("action", spec)
