from __future__ import annotations

import asyncio
from typing import Any

import msgspec

from copyhound.domain.events import Event
from copyhound.domain.hooks import Attempt, DeliveryStatus, HookStatus, Subscriber, WantedHooks
from copyhound.storage import Units

from .makers import AT, W1, W2, a_delivery, a_hook, an_event, at


async def test_an_event_comes_back_as_it_was_appended(units: Units) -> None:
    """With a sequence number, and its payload whole."""
    async with units() as unit:
        (event,) = await unit.events.append([an_event()], AT)
    assert event is not None
    assert event == Event(
        event.sequence, "evt_1", W1, "match_found", {"score": 12.5, "nested": ["ü", None]}, AT, "list_1"
    )
    async with units.read() as unit:
        assert await unit.events.get(W1, "evt_1") == event


async def test_an_event_is_appended_once(units: Units) -> None:
    """Of several units that append the same id at once, one does; repeating it later does nothing."""

    async def append() -> bool:
        async with units() as unit:
            return await unit.events.append([an_event()], AT) != [None]

    assert sorted(await asyncio.gather(*[append() for _ in range(5)])) == [False, False, False, False, True]
    assert not await append()


async def test_events_are_appended_together(units: Units) -> None:
    """Of many, those that are there already or come twice are none; the others' sequence numbers are in their order."""
    async with units() as unit:
        await unit.events.append([an_event("evt_007")], AT)
    names = [f"evt_{number:03}" for number in range(700)]
    async with units() as unit:
        appended = await unit.events.append([an_event(name) for name in (*names, "evt_003")], AT)
    assert [event.id if event else None for event in appended] == [*names[:7], None, *names[8:], None]
    sequences = [event.sequence for event in appended if event]
    assert sequences == sorted(sequences)


async def test_a_reader_that_goes_on_after_a_sequence_misses_nothing(units: Units) -> None:
    """Sequence numbers become visible in their order, although units that append overlap and some roll back."""
    seen: list[str] = []
    done = asyncio.Event()

    async def append(number: int) -> None:
        try:
            async with units() as unit:
                await unit.events.append([an_event(f"evt_{number:03}")], AT)
                for _ in range(number % 4):
                    await asyncio.sleep(0)
                if number % 5 == 0:
                    raise ZeroDivisionError
        except ZeroDivisionError:
            pass

    async def follow() -> None:
        sequence = 0
        while True:
            last = done.is_set()
            async with units.read() as unit:
                for event in await unit.events.after(W1, "match_found", sequence, 7):
                    assert event.sequence > sequence
                    sequence = event.sequence
                    seen.append(event.id)
            if last and len(seen) >= 32:
                return

    follower = asyncio.create_task(follow())
    await asyncio.gather(*[append(number) for number in range(40)])
    done.set()
    await asyncio.wait_for(follower, 30)
    assert sorted(seen) == [f"evt_{number:03}" for number in range(40) if number % 5]


async def test_an_append_waits_for_the_one_before_it(units: Units) -> None:
    """A unit that appended holds the log until it commits: later numbers never show before its own."""
    order = []

    async def append_later() -> None:
        async with units() as unit:
            await unit.events.append([an_event("evt_2")], AT)
            order.append("second")

    async with units() as unit:
        await unit.events.append([an_event("evt_1")], AT)
        task = asyncio.create_task(append_later())
        await asyncio.wait({task}, timeout=0.3)
        order.append("first")
    await task
    assert order == ["first", "second"]


async def test_events_are_read_by_trigger(units: Units) -> None:
    """`newest` from the newest, `after` from the oldest, both up to a limit."""
    async with units() as unit:
        for number in range(4):
            trigger = "match_found" if number % 2 else "search_complete"
            await unit.events.append([an_event(f"evt_{number}", trigger=trigger)], at(number))
        newest = await unit.events.newest(W1, "match_found", 10)
        after = await unit.events.after(W1, "match_found", newest[-1].sequence, 10)
        first = await unit.events.after(W1, "match_found", 0, 1)
    assert [event.id for event in newest] == ["evt_3", "evt_1"]
    assert [event.id for event in after] == ["evt_3"]
    assert [event.id for event in first] == ["evt_1"]


async def test_the_same_hook_is_made_once(units: Units) -> None:
    """Whoever asks for a subscription that is there gets that one; another workspace gets its own."""

    async def add(number: int) -> str:
        async with units() as unit:
            return (await unit.hooks.add(a_hook(f"hook_{number}"), "same")).id

    ids = await asyncio.gather(*[add(number) for number in range(4)])
    assert len(set(ids)) == 1
    async with units() as unit:
        other = await unit.hooks.add(a_hook("hook_w2", workspace_id=W2), "same")
        assert other.id == "hook_w2"
        assert await unit.hooks.delete(W1, ids[0])
        assert not await unit.hooks.delete(W1, ids[0])
        assert (await unit.hooks.add(a_hook("hook_new"), "same")).id == "hook_new"


async def test_a_hook_comes_back_as_it_was_saved(units: Units) -> None:
    """Status, filter and sealed secret included."""
    changed = a_hook(status=HookStatus.disabled, status_reason="410", failing_since=at(3), filter={})
    async with units() as unit:
        await unit.hooks.add(a_hook(), "key")
        assert await unit.hooks.get(W1, "hook_1") == a_hook()
        await unit.hooks.save(changed)
        assert await unit.hooks.get(W1, "hook_1") == changed


async def test_what_is_read_to_be_changed_is_held(units: Units) -> None:
    """A hook and a delivery that one unit reads and saves are read by the next one as they were saved."""
    async with units() as unit:
        await unit.hooks.add(a_hook(), "key")
        await unit.deliveries.add(a_delivery())

    async def read() -> tuple[str | None, int]:
        async with units() as unit:
            hook, delivery = await unit.hooks.get(W1, "hook_1"), await unit.deliveries.by_id("delivery_1")
            assert hook is not None
            assert delivery is not None
            return hook.description, delivery.attempts

    async with units() as unit:
        hook, delivery = await unit.hooks.get(W1, "hook_1"), await unit.deliveries.by_id("delivery_1")
        assert hook is not None
        assert delivery is not None
        task = asyncio.create_task(read())
        await asyncio.wait({task}, timeout=0.3)
        await unit.hooks.save(msgspec.structs.replace(hook, description="changed"))
        await unit.deliveries.save(msgspec.structs.replace(delivery, attempts=3))
    assert await task == ("changed", 3)


async def test_subscribed_hooks_are_the_active_ones_of_the_trigger(units: Units) -> None:
    """A trigger whose name is part of another one's is not that one; what has expired is not active."""
    async with units() as unit:
        await unit.hooks.add(a_hook(), "1")
        await unit.hooks.add(a_hook("hook_2", triggers=("match_found_again",)), "2")
        await unit.hooks.add(a_hook("hook_3", status=HookStatus.disabled), "3")
        await unit.hooks.add(a_hook("hook_4", workspace_id=W2), "4")
        await unit.hooks.add(a_hook("hook_5", expires_at=at(9)), "5")
        assert [hook.id for hook in await unit.hooks.subscribed(W1, "match_found", at(8))] == ["hook_1", "hook_5"]
        assert [hook.id for hook in await unit.hooks.subscribed(W1, "match_found", at(9))] == ["hook_1"]
        assert await unit.hooks.subscribed(W1, "match%", at(8)) == []


async def test_a_subscriber_is_what_telling_it_needs(units: Units) -> None:
    """Its filter, and since when it fails, as the hook has them."""
    async with units() as unit:
        hook = await unit.hooks.add(a_hook(filter={"domains": ["shop.example"]}, failing_since=at(3)), "1")
        told = Subscriber(hook.id, {"domains": ["shop.example"]}, at(3))
        assert await unit.hooks.subscribed(W1, "match_found", at(8)) == [told]


async def test_hooks_are_paged_and_found_by_target(units: Units) -> None:
    """Newest first."""
    async with units() as unit:
        for number in range(3):
            url = f"https://hooks.example/{number % 2}"
            await unit.hooks.add(a_hook(f"hook_{number}", target_url=url, created_at=at(number)), str(number))
        first = await unit.hooks.page(W1, WantedHooks(), cursor=None, limit=2)
        rest = await unit.hooks.page(W1, WantedHooks(), cursor=first.cursor, limit=2)
        zero = await unit.hooks.page(W1, WantedHooks("https://hooks.example/0"), cursor=None, limit=5)
    assert [hook.id for hook in first.items + rest.items] == ["hook_2", "hook_1", "hook_0"]
    assert [hook.id for hook in zero.items] == ["hook_2", "hook_0"]


async def test_a_delivery_is_added_once_and_saved(units: Units) -> None:
    """The same event for the same hook is one delivery."""
    changed = a_delivery(status=DeliveryStatus.delivered, attempts=2, next_attempt_at=None, delivered_at=at(9))
    async with units() as unit:
        assert await unit.deliveries.add(a_delivery())
        assert not await unit.deliveries.add(a_delivery(attempts=5))
        assert await unit.deliveries.get(W1, "delivery_1") == a_delivery()
        await unit.deliveries.save(changed)
        assert await unit.deliveries.by_id("delivery_1") == changed


async def test_deliveries_are_filtered_and_paged(units: Units) -> None:
    """By hook and by status, newest first; they stay when their hook goes."""
    async with units() as unit:
        await unit.hooks.add(a_hook(), "key")
        for number in range(4):
            status = DeliveryStatus.failed if number == 1 else DeliveryStatus.pending
            hook_id = "hook_2" if number == 3 else "hook_1"
            await unit.deliveries.add(a_delivery(f"d{number}", status=status, hook_id=hook_id, created_at=at(number)))
        await unit.hooks.delete(W1, "hook_1")
        first = await unit.deliveries.page(W1, hook_id="hook_1", status=None, cursor=None, limit=2)
        rest = await unit.deliveries.page(W1, hook_id="hook_1", status=None, cursor=first.cursor, limit=2)
        failed = await unit.deliveries.page(W1, hook_id=None, status="failed", cursor=None, limit=9)
    assert [one.id for one in first.items + rest.items] == ["d2", "d1", "d0"]
    assert [one.id for one in failed.items] == ["d1"]


async def test_an_attempt_that_is_repeated_overwrites(units: Units) -> None:
    """The log has one line for each number, in order."""
    first = Attempt("delivery_1", 1, AT, 120, status_code=500, response_body="no")
    second = Attempt("delivery_1", 2, at(5), 80, manual=True, error="fetch_timeout: Too slow.")
    again = msgspec.structs.replace(first, status_code=None, error="lost", response_body=None)
    async with units() as unit:
        await unit.deliveries.add(a_delivery())
        await unit.sending.add_attempts([(W1, attempt) for attempt in (second, first, again)])
        assert await unit.deliveries.attempts("delivery_1") == [again, second]


async def test_the_last_attempts_of_many_are_read_at_once(units: Units) -> None:
    """The latest by time, whatever its number; of the higher number where two are of one time; none of a stranger's."""
    resent = Attempt("d1", 11, at(5), 80, manual=True, status_code=200)
    retried = Attempt("d1", 2, at(9), 80, error="fetch_timeout: Too slow.")
    earlier, later = (Attempt("d2", number, at(1), 80, status_code=500) for number in (1, 2))
    async with units() as unit:
        for number in range(1, 4):
            await unit.deliveries.add(a_delivery(f"d{number}", event_id=f"evt_{number}"))
        await unit.sending.add_attempts([(W1, attempt) for attempt in (resent, retried, later, earlier)])
        asked = ["d1", "d2", "d3", "d4"]
        last = await unit.deliveries.last_attempts(W1, asked)
        assert sorted(last, key=lambda one: one.delivery_id) == [retried, later]
        assert await unit.deliveries.last_attempts(W2, asked) == []
        assert await unit.deliveries.last_attempts(W1, []) == []


async def test_events_of_a_span_are_read_in_order(units: Units) -> None:
    """Those of any of the triggers, from the first moment to the last, after a sequence number, up to a limit."""
    async with units() as unit:
        for number in range(6):
            trigger = ("match_found", "search_complete", "hook_disabled")[number % 3]
            await unit.events.append([an_event(f"evt_{number}", trigger=trigger)], at(number))
        await unit.events.append([an_event("evt_theirs", workspace_id=W2)], at(3))
        asked = ("match_found", "search_complete"), at(1), at(4)
        found = await unit.events.between(W1, *asked, 0, 9)
        assert [event.id for event in found] == ["evt_1", "evt_3", "evt_4"]
        further = await unit.events.between(W1, *asked, found[0].sequence, 1)
        assert [event.id for event in further] == ["evt_3"]


async def test_what_failed_in_a_span_is_read_in_pages(units: Units) -> None:
    """Failed deliveries and those that have failed so far, oldest first; not those that were never tried."""
    kinds: dict[str, dict[str, Any]] = {
        "failed": {"status": DeliveryStatus.failed},
        "failing": {"attempts": 1},
        "fresh": {},
        "done": {"status": DeliveryStatus.delivered, "attempts": 1},
        "other": {"status": DeliveryStatus.failed, "hook_id": "hook_2"},
    }
    async with units() as unit:
        for number in range(3):
            for name, changes in kinds.items():
                await unit.deliveries.add(a_delivery(f"{name}_{number}", created_at=at(number), **changes))
        first = await unit.deliveries.undelivered(W1, "hook_1", since=at(1), until=at(2), cursor=None, limit=3)
        rest = await unit.deliveries.undelivered(W1, "hook_1", since=at(1), until=at(2), cursor=first.cursor, limit=3)
        theirs = await unit.deliveries.undelivered(W2, "hook_1", since=at(0), until=at(2), cursor=None, limit=3)
    assert [one.id for one in first.items + rest.items] == ["failed_1", "failing_1", "failed_2", "failing_2"]
    assert (rest.cursor, theirs.items) == (None, [])


async def test_a_hook_moves_to_a_free_key_only(units: Units) -> None:
    """Saved under a key that another hook has, nothing is saved; its own, and one of another workspace, are free."""
    async with units() as unit:
        await unit.hooks.add(a_hook(), "one")
        await unit.hooks.add(a_hook("hook_2"), "two")
        await unit.hooks.add(a_hook("hook_3", workspace_id=W2), "three")
        assert not await unit.hooks.save(a_hook(description="changed"), "two")
        assert await unit.hooks.get(W1, "hook_1") == a_hook()
        assert await unit.hooks.save(a_hook(description="changed"), "one")
        assert await unit.hooks.save(a_hook(description="moved"), "three")
        assert (await unit.hooks.add(a_hook("hook_4"), "one")).id == "hook_4"


async def test_many_rows_are_written_at_once(units: Units) -> None:
    """New deliveries are told apart from those that are there; many are read, changed and saved as one by one."""
    fresh = [a_delivery(f"d{number:04}") for number in range(1200)]
    async with units() as unit:
        assert await unit.sending.add_deliveries(fresh[:3]) == fresh[:3]
        assert await unit.sending.add_deliveries(fresh) == fresh[3:]
        held = await unit.sending.deliveries({one.id for one in fresh} | {"unknown"})
        assert held == fresh
        await unit.sending.save_deliveries([msgspec.structs.replace(one, attempts=7) for one in held[:600]])
        hook = await unit.hooks.add(a_hook("hook_1"), "key")
        await unit.sending.save_hooks([msgspec.structs.replace(hook, failing_since=AT)])
    async with units.read() as unit:
        assert [one.attempts for one in await unit.sending.deliveries(["d0599", "d0600"])] == [7, 0]
        (saved,) = await unit.sending.hooks(["hook_1"])
        assert saved == msgspec.structs.replace(hook, failing_since=AT)
