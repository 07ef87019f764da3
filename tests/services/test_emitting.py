"""A plugin tells what its own trigger waits for: the log, pollers and hooks have it like any other event."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Any

import pytest

from copyhound.domain.errors import CopyhoundError
from copyhound.plugin_api import EventBase, TriggerSpec, UseCases, hookimpl
from copyhound.services import events as events_of_services
from copyhound.services.hooks import HookFilter
from copyhound.storage.events import Hooks

from ..fixtures.houses import Home, home

SAMPLE = {"id": "evt_1", "type": "takedown_answered", "timestamp": "2026-01-02T03:04:05Z", "sequence": 1}


class Answered(EventBase, frozen=True, kw_only=True):
    """A host has answered a letter."""

    host: str
    gone: bool


class Letters:
    """A plugin with a trigger, which keeps the use cases that it is given."""

    use_cases: UseCases

    @hookimpl
    def copyhound_triggers(self) -> list[TriggerSpec]:
        sample = {**SAMPLE, "host": "shop.example.com", "gone": True}
        said = "Triggers when a host answers a letter."
        return [TriggerSpec("takedown_answered", "Letter answered", "Letter", said, Answered, sample)]

    @hookimpl
    def copyhound_actions(self, use_cases: UseCases) -> list[Any]:
        self.use_cases = use_cases
        return []


@pytest.fixture
async def posted(tmp_path: Path) -> AsyncIterator[tuple[Home, UseCases]]:
    letters = Letters()
    async with home(tmp_path / "data", work=False, extra_plugins=[("letters", letters)]) as house:
        yield house, letters.use_cases


async def test_an_event_of_a_plugin_is_like_any_other(posted: tuple[Home, UseCases]) -> None:
    """It is polled, shown as a sample and queued for the hooks of its trigger, with the envelope of the core."""
    house, use_cases = posted
    space = house.caller.workspace_id
    await house.services.hooks.create(
        house.caller, "https://r.example.com/x", ("takedown_answered", "match_found"), HookFilter()
    )
    event_id = await use_cases.triggers.emit(space, "takedown_answered", {"host": "a.example", "gone": True})
    (event,) = await house.events("takedown_answered")
    assert event == {
        "id": event_id,
        "type": "takedown_answered",
        "timestamp": "2026-03-02T12:00:00Z",
        "sequence": event["sequence"],
        "host": "a.example",
        "gone": True,
    }
    (delivery,) = (await house.services.deliveries.page(house.caller)).items
    assert delivery.event_id == event_id


async def test_the_same_key_is_told_once(posted: tuple[Home, UseCases]) -> None:
    """Repeated work is harmless: a key that was emitted answers None, and nothing is told again."""
    house, use_cases = posted
    space = house.caller.workspace_id
    fields = {"host": "a.example", "gone": False}
    first = await use_cases.triggers.emit(space, "takedown_answered", fields, key="letter 7")
    assert first is not None
    assert await use_cases.triggers.emit(space, "takedown_answered", fields, key="letter 7") is None
    assert await use_cases.triggers.emit(space, "takedown_answered", fields, key="letter 8") is not None
    assert len(await house.events("takedown_answered")) == 2


@pytest.mark.parametrize(
    ("trigger", "fields", "why"),
    [
        ("match_found", {"match_id": "match_1"}, "no trigger 'match_found' of the plugin letters"),
        ("nothing", {}, "no trigger 'nothing' of the plugin letters"),
        ("takedown_answered", {"host": "a.example"}, "missing required field `gone`"),
        ("takedown_answered", {"host": "a.example", "gone": "yes"}, "Expected `bool`"),
        ("takedown_answered", {"host": "a.example", "gone": True, "id": "evt_mine"}, "id is put in by the core"),
        ("takedown_answered", {"host": "x" * 20_000, "gone": True}, "at most 20000 bytes"),
    ],
)
async def test_what_is_no_such_event_is_refused(
    posted: tuple[Home, UseCases], trigger: str, fields: dict[str, Any], why: str
) -> None:
    """Events of the core's triggers, and such as do not fit their payload, are refused; nothing is told."""
    house, use_cases = posted
    with pytest.raises(CopyhoundError, match="plugin_failed") as raised:
        await use_cases.triggers.emit(house.caller.workspace_id, trigger, fields)
    assert why in raised.value.detail
    assert not raised.value.retryable
    assert await house.events(trigger) == []


async def test_what_is_told_at_once_is_appended_together(
    posted: tuple[Home, UseCases], monkeypatch: pytest.MonkeyPatch
) -> None:
    """While one is being written others wait for the next transaction; it asks for hooks once, is full where many
    deliveries have come together, and one that belongs to nobody keeps nobody else out."""
    house, use_cases = posted
    space = house.caller.workspace_id
    await house.services.hooks.create(house.caller, "https://r.example.com/x", ("takedown_answered",), HookFilter())
    subscribed, asked = Hooks.subscribed, []

    async def counted(self: Hooks, *args: Any) -> Any:
        asked.append(args)
        return await subscribed(self, *args)

    monkeypatch.setattr(Hooks, "subscribed", counted)

    def told(numbers: Iterable[int], of: str = space) -> list[Any]:
        fields = [{"host": f"h{number}.example", "gone": True} for number in numbers]
        return [use_cases.triggers.emit(of, "takedown_answered", one) for one in fields]

    ids = await asyncio.gather(*told(range(30)))
    assert len(asked) <= 3
    events = await house.events("takedown_answered")
    assert [event["id"] for event in events] == ids
    assert [event["host"] for event in events] == [f"h{number}.example" for number in range(30)]
    assert len((await house.services.deliveries.page(house.caller)).items) == 30
    monkeypatch.setattr(events_of_services, "_MANY", 2)
    asked.clear()
    ids += await asyncio.gather(*told(range(30, 40)))
    assert len(asked) == 5
    asked.clear()
    mixed = [*told([40]), *told([41], of="ws_nobody"), *told([42])]
    first, lost, third = await asyncio.gather(*mixed, return_exceptions=True)
    assert isinstance(lost, CopyhoundError)
    assert lost.code == "not_found"
    assert len(asked) == 1
    assert [event["id"] for event in await house.events("takedown_answered")] == [*ids, first, third]


@pytest.mark.parametrize(("space", "list_id"), [("ws_nobody", None), (None, "list_nobody")])
async def test_nobody_is_told_of_what_is_not_there(
    posted: tuple[Home, UseCases], space: str | None, list_id: str | None
) -> None:
    """An event belongs to a workspace that is there, and to one of its lists."""
    house, use_cases = posted
    fields = {"host": "a.example", "gone": True}
    workspace = space or house.caller.workspace_id
    with pytest.raises(CopyhoundError, match="not_found"):
        await use_cases.triggers.emit(workspace, "takedown_answered", fields, list_id=list_id)
