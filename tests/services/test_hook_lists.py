"""Hooks whose lists, or whose triggers, are gone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from copyhound.domain.errors import CopyhoundError
from copyhound.domain.hooks import HookStatus
from copyhound.services import hook_ends
from copyhound.services.hook_ends import LISTS_GONE
from copyhound.services.hook_filters import Filters
from copyhound.services.hooks import HookChanges, HookFilter
from copyhound.services.triggers import TRIGGERS
from copyhound.storage.events import Hooks
from copyhound.storage.units import Units

from ..fixtures.houses import Home, TestClock, home
from ..fixtures.telling import present, subscribed

TARGET = "https://hooks.example.com/in"


@pytest.fixture
async def house(tmp_path: Path, database_url: str) -> AsyncIterator[Home]:
    """Nothing works by itself here."""
    async with home(tmp_path / "data", database_url, clock=TestClock(present()), work=False) as opened:
        yield opened


async def test_a_hook_ends_with_the_last_of_its_lists(house: Home) -> None:
    """It is disabled with a reason, told once, and not woken without a list; hooks of other lists stay as they are."""
    lists, hooks, caller = house.services.lists, house.services.hooks, house.caller
    one, two, three = [(await lists.create(caller, label)).id for label in ("one", "two", "three")]
    hook, _ = await subscribed(house, TARGET, where=HookFilter(list_ids=(one, two)))
    others = [(await subscribed(house, TARGET, where=HookFilter(list_ids=ids)))[0].id for ids in ((), (three,))]
    soon = house.clock() + timedelta(hours=1)
    expired, _ = await subscribed(house, f"{TARGET}/2", where=HookFilter(list_ids=(two,)), expires_at=soon)
    house.clock.turn(hours=2)
    await lists.delete(caller, one)
    assert (await hooks.get(caller, hook.id)).status is HookStatus.active
    await lists.delete(caller, two)
    ended = await hooks.get(caller, hook.id)
    assert (ended.status, ended.status_reason) == (HookStatus.disabled, LISTS_GONE)
    (told,) = await house.events("hook_disabled")
    assert (told["hook_id"], told["reason"]) == (hook.id, LISTS_GONE)
    assert [(await hooks.get(caller, other)).status for other in others] == [HookStatus.active] * 2
    for gone in (hook, expired):
        with pytest.raises(CopyhoundError, match="deleted"):
            await hooks.enable(caller, gone.id)
    await hooks.update(caller, hook.id, HookChanges(filter=HookFilter(list_ids=(three,), min_score=1)))
    assert (await hooks.enable(caller, hook.id)).status is HookStatus.active


async def test_a_hook_of_many_is_found_when_its_list_goes(house: Home) -> None:
    """Hooks are disabled also where a workspace has more of them than a page."""
    list_id = (await house.services.lists.create(house.caller, "one")).id
    first, _ = await subscribed(house, TARGET, where=HookFilter(list_ids=(list_id,)))
    for number in range(205):
        await subscribed(house, f"{TARGET}/{number}")
    await house.services.lists.delete(house.caller, list_id)
    assert (await house.services.hooks.get(house.caller, first.id)).status is HookStatus.disabled


def stopped_in(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str) -> tuple[asyncio.Event, asyncio.Event]:
    """(set once a call of `name` has done its work, set it and the calls go on)."""
    there, go_on = asyncio.Event(), asyncio.Event()
    original = getattr(owner, name)

    async def stopped(*arguments: Any, **named: Any) -> Any:
        answer = await original(*arguments, **named)
        there.set()
        await go_on.wait()
        return answer

    monkeypatch.setattr(owner, name, stopped)
    return there, go_on


@pytest.mark.parametrize("change", ["create", "update", "enable"])
async def test_a_hook_made_while_its_list_is_deleted_ends_with_it(
    house: Home, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    """Whether it is made, changed or woken in that moment, the deletion waits for it, and disables it."""
    hooks, caller = house.services.hooks, house.caller
    one, other = [(await house.services.lists.create(caller, label)).id for label in ("one", "other")]
    where, at_first = HookFilter(list_ids=(one,)), HookFilter(list_ids=(one if change == "enable" else other,))
    kept, _ = await subscribed(house, TARGET, where=at_first)
    async with house.services.kit.units() as uow:
        await uow.hooks.save(msgspec.structs.replace(kept, status=HookStatus.disabled))
    changes: dict[str, Callable[[], Awaitable[Any]]] = {
        "create": lambda: subscribed(house, f"{TARGET}/2", where=where),
        "update": lambda: hooks.update(caller, kept.id, HookChanges(filter=where)),
        "enable": lambda: hooks.enable(caller, kept.id),
    }
    if change == "update":
        await hooks.enable(caller, kept.id)
    there, go_on = stopped_in(monkeypatch, Hooks, "add" if change == "create" else "save")
    changing = asyncio.ensure_future(changes[change]())
    await there.wait()
    deleting = asyncio.ensure_future(house.services.lists.delete(caller, one))
    await asyncio.wait({deleting}, timeout=0.5)
    go_on.set()
    await asyncio.gather(changing, deleting)
    ended = [one for one in (await hooks.page(caller)).items if one.filter["list_ids"] != [other]]
    assert [(one.status, one.status_reason) for one in ended] == [(HookStatus.disabled, LISTS_GONE)]


async def test_a_hook_is_not_made_for_a_list_that_is_being_deleted(
    house: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once the deletion has looked for hooks, whoever makes one waits for its end, and is refused."""
    caller = house.caller
    one = (await house.services.lists.create(caller, "one")).id
    there, go_on = stopped_in(monkeypatch, hook_ends, "_waiting")
    deleting = asyncio.ensure_future(house.services.lists.delete(caller, one))
    await there.wait()
    making = asyncio.ensure_future(subscribed(house, TARGET, where=HookFilter(list_ids=(one,))))
    await asyncio.wait({making}, timeout=0.5)
    go_on.set()
    with pytest.raises(CopyhoundError, match=r"filter.list_ids\[0\]"):
        await making
    await deleting
    assert (await house.services.hooks.page(caller)).items == []


async def test_a_change_is_checked_while_nobody_waits(
    tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A filter is looked at before the transaction that writes: SQLite has one writer at a time."""
    async with home(tmp_path / "data", sqlite_url, work=False) as house:
        hook, _ = await subscribed(house, TARGET)
        held, writing = list[bool](), False
        write, checked = Units._write, Filters.checked

        @asynccontextmanager
        async def noted(self: Any) -> AsyncIterator[Any]:
            nonlocal writing
            async with write(self) as uow:
                writing = True
                try:
                    yield uow
                finally:
                    writing = False

        def look(*arguments: Any) -> Any:
            held.append(writing)
            return checked(*arguments)

        monkeypatch.setattr(Units, "_write", noted)
        monkeypatch.setattr(Filters, "checked", look)
        changes = HookChanges(target_url=f"{TARGET}/2", filter=HookFilter(domains=("https://Shop.Example.com",)))
        changed = await house.services.hooks.update(house.caller, hook.id, changes)
    assert (changed.target_url, list(changed.filter["domains"])) == (f"{TARGET}/2", ["example.com"])
    assert held == [False]


async def test_a_filter_must_suit_the_triggers_that_it_gets_with(house: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the triggers are changed by another request between the check and the writing."""
    hooks, caller = house.services.hooks, house.caller
    hook, _ = await subscribed(house, TARGET, "match_found")
    get = hooks.get

    async def overtaken(*arguments: Any) -> Any:
        before = await get(*arguments)
        async with house.services.kit.units() as uow:
            await uow.hooks.save(msgspec.structs.replace(hook, triggers=("credits_low",)))
        return before

    monkeypatch.setattr(hooks, "get", overtaken)
    with pytest.raises(CopyhoundError, match="does not apply"):
        await hooks.update(caller, hook.id, HookChanges(filter=HookFilter(min_score=5)))


async def test_a_hook_of_a_plugin_that_is_gone_says_so(house: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """It names the triggers that are not offered; a test sends another one's sample, or is refused as a conflict."""
    hooks, caller = house.services.hooks, house.caller
    both, _ = await subscribed(house, TARGET, "match_found", "credits_low")
    alone, _ = await subscribed(house, TARGET, "credits_low")
    sent: list[Any] = []

    async def send(*arguments: Any, **_: Any) -> Any:
        sent.append(arguments)
        raise CopyhoundError("unavailable")

    monkeypatch.setattr(hooks, "_triggers", {key: one for key, one in TRIGGERS.items() if key != "credits_low"})
    monkeypatch.setattr(hooks, "_sender", type("Sender", (), {"send": staticmethod(send)})())
    told = await hooks.get(caller, alone.id)
    assert told.status is HookStatus.active
    assert "credits_low" in (told.status_reason or "")
    assert all("credits_low" in (hook.status_reason or "") for hook in (await hooks.page(caller)).items)
    with pytest.raises(CopyhoundError) as caught:
        await hooks.test(caller, alone.id)
    assert caught.value.code == "conflict"
    assert sent == []
    with pytest.raises(CopyhoundError):
        await hooks.test(caller, both.id)
    assert b'"match_found"' in sent[0][3]
