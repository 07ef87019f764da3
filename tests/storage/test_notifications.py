"""Notifications in both databases: what is due, and whose slot it is."""

from __future__ import annotations

from typing import Any

from copyhound.storage import Units

from .makers import AT, W1, a_notification, at


async def test_what_is_kept_comes_back_as_it_was(units: Units) -> None:
    """Every field, with the number that the database gave it; a null filter stays null."""
    async with units() as unit:
        first = await unit.notifications.add(a_notification(number=0))
        second = await unit.notifications.add(a_notification("ntf_2", filter=None, last_error=None))
    async with units.read() as unit:
        assert first == a_notification(number=1)
        assert await unit.notifications.get(W1, "ntf_1") == first
        assert await unit.notifications.by_number(W1, second.number) == second


async def test_a_number_is_never_used_again(units: Units) -> None:
    """Not even that of the last one, when it was deleted."""
    async with units() as unit:
        gone = await unit.notifications.add(a_notification())
        assert await unit.notifications.delete(W1, "ntf_1")
        assert not await unit.notifications.delete(W1, "ntf_1")
        assert (await unit.notifications.add(a_notification("ntf_2"))).number > gone.number


async def test_due_ones_come_in_their_order(units: Units) -> None:
    """Those of all workspaces whose time has come, the longest due first, and no more than asked for."""
    async with units() as unit:
        for seconds in (30, 10, 20, 40):
            await unit.notifications.add(
                a_notification(f"ntf_{seconds}", next_at=at(seconds), workspace_id=f"ws_{seconds}")
            )
        due = await unit.notifications.due(at(30), 9)
        assert [one.id for one in due] == ["ntf_10", "ntf_20", "ntf_30"]
        assert [one.id for one in await unit.notifications.due(at(30), 2)] == ["ntf_10", "ntf_20"]


async def test_a_slot_has_one_owner(units: Units) -> None:
    """Who claims a slot second does not get it, and nothing else of the notification changes."""
    times: Any = {"slot_at": at(110), "next_at": at(120)}
    async with units() as unit:
        await unit.notifications.add(a_notification())
        assert await unit.notifications.claim_slot("ntf_1", at(60), at=AT, slot="mine", **times)
        assert not await unit.notifications.claim_slot("ntf_1", at(60), at=AT, slot="yours", **times)
        now = await unit.notifications.get(W1, "ntf_1")
    assert now == a_notification(**times, last_slot_at=AT, telling="mine", retry_at=None)


async def test_no_slot_is_claimed_while_somebody_tells(units: Units) -> None:
    """While a job tells, its notification is not due; when its time is over it is, and the claim clears it."""
    async with units() as unit:
        await unit.notifications.add(a_notification(busy_until=at(90)))
        times: Any = {"slot_at": at(200), "next_at": at(200), "slot": "next"}
        assert await unit.notifications.due(at(89), 9) == []
        assert not await unit.notifications.claim_slot("ntf_1", at(60), at=at(89), **times)
        assert [one.id for one in await unit.notifications.due(at(90), 9)] == ["ntf_1"]
        assert await unit.notifications.claim_slot("ntf_1", at(60), at=at(90), **times)
        now = await unit.notifications.get(W1, "ntf_1")
    assert now is not None
    assert now.busy_until is None


async def test_what_is_put_off_keeps_its_slot(units: Units) -> None:
    """Only its time is later; the slot of its schedule stays, also where it was not written down before."""
    async with units() as unit:
        await unit.notifications.add(a_notification())
        await unit.notifications.add(a_notification("ntf_2", slot_at=None))
        assert await unit.notifications.hold("ntf_1", at(60), at(300))
        assert not await unit.notifications.hold("ntf_1", at(60), at(400))
        assert await unit.notifications.hold("ntf_2", at(60), at(300))
        first, second = [await unit.notifications.get(W1, name) for name in ("ntf_1", "ntf_2")]
    assert first == a_notification(next_at=at(300))
    assert second is not None
    assert (second.next_at, second.slot_at) == (at(300), at(60))
