from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import pytest

from copyhound.domain.feeds import Consumer, Feed
from copyhound.domain.hooks import Attempt, WantedHooks
from copyhound.domain.matches import MatchFilter
from copyhound.domain.repositories import PageOf, UnitOfWork
from copyhound.domain.workspaces import ApiKey
from copyhound.storage import Units

from .makers import (
    AT,
    W1,
    W2,
    a_delivery,
    a_hook,
    a_list,
    a_lookup,
    a_match,
    a_notification,
    a_search,
    an_entry,
    an_event,
    an_image,
    an_ingest,
    at,
    web,
)

Read = Callable[[UnitOfWork, str], Awaitable[Any]]

READS: dict[str, Read] = {
    "keys.all": lambda unit, ws: unit.keys.all(ws),
    "keys.revoke": lambda unit, ws: unit.keys.revoke(ws, "key_1", AT),
    "lists.get": lambda unit, ws: unit.lists.get(ws, "list_1"),
    "lists.page": lambda unit, ws: unit.lists.page(ws, label=None, cursor=None, limit=9),
    "images.get": lambda unit, ws: unit.images.get(ws, "image_1"),
    "images.by_ids": lambda unit, ws: unit.images.by_ids(ws, ["image_1"]),
    "images.of_list": lambda unit, ws: unit.images.of_list(ws, "list_1", cursor=None, limit=9),
    "images.ids_of_list": lambda unit, ws: unit.images.ids_of_list(ws, "list_1"),
    "searches.get": lambda unit, ws: unit.searches.get(ws, "search_1"),
    "searches.page": lambda unit, ws: unit.searches.page(ws, list_id="list_1", cursor=None, limit=9),
    "matches.get": lambda unit, ws: unit.matches.get(ws, "match_1"),
    "matches.page": lambda unit, ws: unit.matches.page(ws, MatchFilter(list_id="list_1"), cursor=None, limit=9),
    "matches.count": lambda unit, ws: unit.matches.count(ws, MatchFilter(image_id="image_1")),
    "matches.stream": lambda unit, ws: _streamed(unit, ws),
    "matches.page of search": lambda unit, ws: unit.matches.page(
        ws, MatchFilter(search_id="search_1"), cursor=None, limit=9
    ),
    "events.get": lambda unit, ws: unit.events.get(ws, "evt_1"),
    "events.newest": lambda unit, ws: unit.events.newest(ws, "match_found", 9),
    "events.after": lambda unit, ws: unit.events.after(ws, "match_found", 0, 9),
    "log.after": lambda unit, ws: unit.log.after(ws, ["match_found"], 0, 9, list_id="list_1"),
    "log.before": lambda unit, ws: unit.log.before(ws, ["match_found"], None, 9),
    "feeds.get": lambda unit, ws: unit.feeds.get(ws, "feed_1"),
    "feeds.of_workspace": lambda unit, ws: unit.feeds.of_workspace(ws, None),
    "feeds.count": lambda unit, ws: unit.feeds.count(ws),
    "feeds.delete": lambda unit, ws: unit.feeds.delete(ws, "feed_1"),
    "consumers.get": lambda unit, ws: unit.consumers.get(ws, "match_found", "zap-1"),
    "consumers.of_trigger": lambda unit, ws: unit.consumers.of_trigger(ws, "match_found"),
    "consumers.count": lambda unit, ws: unit.consumers.count(ws),
    "consumers.delete": lambda unit, ws: unit.consumers.delete(ws, "match_found", "zap-1"),
    "hooks.get": lambda unit, ws: unit.hooks.get(ws, "hook_1"),
    "hooks.page": lambda unit, ws: unit.hooks.page(ws, WantedHooks(), cursor=None, limit=9),
    "events.between": lambda unit, ws: unit.events.between(ws, ["match_found"], at(-9), at(999), 0, 9),
    "hooks.subscribed": lambda unit, ws: unit.hooks.subscribed(ws, "match_found", at(0)),
    "deliveries.get": lambda unit, ws: unit.deliveries.get(ws, "delivery_1"),
    "deliveries.page": lambda unit, ws: unit.deliveries.page(ws, hook_id="hook_1", status=None, cursor=None, limit=9),
    "deliveries.last_attempts": lambda unit, ws: unit.deliveries.last_attempts(ws, ["delivery_1"]),
    "collections.by_name": lambda unit, ws: unit.collections.by_name(ws, "web"),
    "collections.all": lambda unit, ws: unit.collections.all(ws),
    "collections.by_ids": lambda unit, ws: _entry(unit, ws),
    "collections.by_numbers": lambda unit, ws: unit.collections.by_numbers(ws, list(range(1, 9))),
    "ingests.get": lambda unit, ws: unit.ingests.get(ws, "ingest_1"),
    "ingests.page": lambda unit, ws: unit.ingests.page(ws, cursor=None, limit=9),
    "state.get": lambda unit, ws: unit.state.get(ws, "scope", "key"),
    "state.scan": lambda unit, ws: unit.state.scan(ws, "scope"),
    "notifications.get": lambda unit, ws: unit.notifications.get(ws, "ntf_1"),
    "notifications.by_number": lambda unit, ws: unit.notifications.by_number(ws, 1),
    "notifications.page": lambda unit, ws: unit.notifications.page(ws, cursor=None, limit=9),
    "notifications.delete": lambda unit, ws: unit.notifications.delete(ws, "ntf_1"),
    "hooks.delete": lambda unit, ws: unit.hooks.delete(ws, "hook_1"),
    "images.delete": lambda unit, ws: unit.images.delete(ws, "image_1"),
    "lists.delete": lambda unit, ws: unit.lists.delete(ws, "list_1"),
}


async def _streamed(unit: UnitOfWork, workspace_id: str) -> list[Any]:
    return [match async for match in unit.matches.stream(workspace_id, MatchFilter())]


async def _entry(unit: UnitOfWork, workspace_id: str) -> Any:
    collection = await unit.collections.by_name(W1, "web")
    assert collection is not None
    entries = await unit.collections.entries(collection, image_url=None, cursor=None, limit=1)
    return await unit.collections.by_ids(workspace_id, [entries.items[0].id])


async def _fill(unit: UnitOfWork) -> None:
    await unit.keys.add(ApiKey("key_1", W1, "laptop", "hash", (), AT))
    await unit.lists.add(a_list())
    await unit.images.add([an_image()])
    await unit.searches.add(a_search(), [a_lookup()])
    await unit.matches.add(a_match())
    await unit.events.append([an_event()], AT)
    await unit.hooks.add(a_hook(), "key")
    await unit.deliveries.add(a_delivery())
    await unit.sending.add_attempts([(W1, Attempt("delivery_1", 1, AT, 120, status_code=500))])
    await unit.collections.put_entry(await web(unit), an_entry(), AT)
    await unit.notifications.add(a_notification())
    await unit.ingests.add(an_ingest())
    await unit.state.put(W1, "scope", {"key": 1})
    await unit.feeds.add(Feed("feed_1", W1, "list_1", ("match_found",), {}, "hash", AT))
    await unit.consumers.put(Consumer(W1, "match_found", "zap-1", 0, 1, AT))


@pytest.mark.parametrize("name", READS)
async def test_nothing_crosses_workspaces(units: Units, name: str) -> None:
    """What the owner gets, another workspace that knows the ids does not."""
    async with units() as unit:
        await _fill(unit)
        theirs = await READS[name](unit, W2)
        mine = await READS[name](unit, W1)
    assert not (theirs.items if isinstance(theirs, PageOf) else theirs)
    assert mine.items if isinstance(mine, PageOf) else mine


async def test_another_workspace_changes_nothing(units: Units) -> None:
    """Saving a thing under another workspace's name leaves the owner's as it was."""
    async with units() as unit:
        await _fill(unit)
        await unit.lists.save(a_list(workspace_id=W2, label="theirs"))
        await unit.images.save(an_image(workspace_id=W2, name="theirs"))
        await unit.matches.save(a_match(workspace_id=W2, note="theirs", last_seen=at(9)))
        await unit.hooks.save(a_hook(workspace_id=W2, description="theirs"))
        await unit.deliveries.save(a_delivery(workspace_id=W2, attempts=7))
        await unit.notifications.save(a_notification(workspace_id=W2, notifier="theirs"))
        await unit.ingests.save(an_ingest(workspace_id=W2, note="theirs"))
        await unit.state.delete(W2, "scope")
        collection = msgspec.structs.replace(await web(unit), workspace_id=W2)
        assert await unit.collections.remove_entries(collection, prefix="") == (0, [])
        assert not await unit.collections.touch_entry(collection, an_entry().image_url, [], at(9))
        assert await unit.collections.count(collection) == 0
        assert await unit.lists.get(W1, "list_1") == a_list()
        assert await unit.images.get(W1, "image_1") == an_image()
        assert await unit.matches.get(W1, "match_1") == a_match()
        assert await unit.hooks.get(W1, "hook_1") == a_hook()
        assert await unit.deliveries.get(W1, "delivery_1") == a_delivery()
        assert await unit.notifications.get(W1, "ntf_1") == a_notification()
        assert await unit.ingests.get(W1, "ingest_1") == an_ingest()
        assert await unit.state.get(W1, "scope", "key") == 1
        assert await unit.collections.count(await web(unit)) == 1
