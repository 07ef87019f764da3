"""The polling twin: durable cursors under a name, `since`, and the filters of hooks."""

from __future__ import annotations

from asyncio import gather
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from copyhound.domain.events import NewEvent

from .conftest import World

PATH = "/triggers/match_found/events"


async def happened(world: World, *numbers: int, list_id: str | None = None, at: str = "", **payload: Any) -> None:
    """Copies were found, as the log has it; `at` is another time than now."""
    caller = await world.services.keys.check(world.admin)
    when = datetime.fromisoformat(at) if at else datetime.now(UTC)
    async with world.services.kit.units() as uow:
        for number in numbers:
            fields = {"host": "shop.example.com", "domain": "example.com", "confidence": 90.0, **payload}
            event = NewEvent(f"evt_{number}", caller.workspace_id, "match_found", fields, list_id)
            await uow.events.append([event], when)


async def ask(world: World, **query: Any) -> list[str]:
    """The ids of what is answered."""
    return [event["id"] for event in (await asked(world, **query))["items"]]


async def asked(world: World, **query: Any) -> dict[str, Any]:
    answer = await world.call("GET", PATH, params=query)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def test_the_server_remembers_a_consumer(world: World) -> None:
    """A poller with nothing but a name gets each event once, in order, also after long silence."""
    await happened(world, 1, 2, 3)
    assert await ask(world, consumer="zap-1", limit=2) == ["evt_1", "evt_2"]
    assert await ask(world, consumer="zap-1", limit=2) == ["evt_3"]
    assert await ask(world, consumer="zap-1", limit=2) == []
    await happened(world, 4)
    assert await ask(world, consumer="zap-1", limit=2) == ["evt_4"]


async def test_consumers_do_not_share_a_place(world: World) -> None:
    """Two names, two triggers, two workspaces: each is where it is."""
    await happened(world, 1)
    assert await ask(world, consumer="zap-1") == ["evt_1"]
    assert await ask(world, consumer="zap-2") == ["evt_1"]
    other = await world.call("GET", f"{PATH}?consumer=zap-1", key=world.other)
    assert other.json()["items"] == []
    await world.call("GET", "/triggers/search_complete/events?consumer=zap-1")
    await happened(world, 2)
    assert await ask(world, consumer="zap-1") == ["evt_2"]


async def test_an_answer_that_was_lost_is_given_again(world: World) -> None:
    """`again` gives what the last answer gave, as often as it is asked; asking on without it goes on."""
    await happened(world, 1, 2, 3)
    assert await ask(world, consumer="zap-1", limit=2) == ["evt_1", "evt_2"]
    for _ in range(2):
        assert await ask(world, consumer="zap-1", limit=2, again=True) == ["evt_1", "evt_2"]
    assert await ask(world, consumer="zap-1", limit=2) == ["evt_3"]


async def retried(world: World, **query: Any) -> dict[str, Any]:
    """What a client gets whose first answers are lost on the way: it sends the same request until one arrives."""
    for _ in range(2):
        await asked(world, **query)
    return await asked(world, **query)


async def test_a_flow_that_acknowledges_loses_nothing(world: World) -> None:
    """With `again` in every question each answer may be lost: the work, too, may fail before the cursor is sent."""
    await happened(world, *range(1, 6))
    taken: list[str] = []
    while page := (await retried(world, consumer="n8n", again=True, limit=2))["items"]:
        assert [event["id"] for event in page] == await ask(world, consumer="n8n", again=True, limit=2)
        taken += [event["id"] for event in page]
        cursor = (await asked(world, consumer="n8n", again=True, limit=2))["cursor"]
        await retried(world, consumer="n8n", again=True, cursor=cursor, limit=1)
    assert taken == ["evt_1", "evt_2", "evt_3", "evt_4", "evt_5"]


async def test_one_address_serves_whoever_keeps_the_cursor(world: World) -> None:
    """`cursor` may be empty at the first question; repeated questions are answered the same from there on, too."""
    await happened(world, *range(1, 6))
    taken, cursor = [], ""
    for _ in range(3):
        page = await retried(world, consumer="zap-1", again=True, cursor=cursor, limit=2)
        taken += [event["id"] for event in page["items"]]
        cursor = page["cursor"]
    assert taken == ["evt_1", "evt_2", "evt_3", "evt_4", "evt_5"]


async def test_two_at_once_under_one_name_lose_nothing(world: World) -> None:
    """Both get what neither has acknowledged; who acknowledges less than the other repeats, and hides nothing."""
    await happened(world, 1, 2, 3, 4)
    pages = await gather(*(asked(world, consumer="n8n", again=True, limit=limit) for limit in (1, 3)))
    assert [len(page["items"]) for page in pages] == [1, 3]
    for page in reversed(pages):
        await asked(world, consumer="n8n", again=True, cursor=page["cursor"])
    assert await ask(world, consumer="n8n", again=True) == ["evt_2", "evt_3", "evt_4"]


async def test_what_is_filtered_away_is_acknowledged_by_itself(world: World) -> None:
    """An answer without events cannot be lost: a poller that acknowledges nothing does not stop before it."""
    await happened(world, 1, 2, confidence=10.0)
    nothing = await asked(world, consumer="n8n", again=True, min_confidence=80)
    assert nothing["items"] == []
    (told,) = (await world.call("GET", "/triggers/match_found/consumers")).json()["items"]
    assert told["acknowledged"] == nothing["cursor"]


async def test_an_empty_answer_acknowledges_no_other(world: World) -> None:
    """What was given and not acknowledged is given again, though a question between was answered with nothing."""
    await happened(world, 1, 2, confidence=60.0)
    assert await ask(world, consumer="n8n", again=True) == ["evt_1", "evt_2"]
    assert await ask(world, consumer="n8n", again=True, min_confidence=80) == []
    assert await ask(world, consumer="n8n", again=True) == ["evt_1", "evt_2"]


async def test_a_cursor_says_exactly_what_was_taken(world: World) -> None:
    """A consumer that sends its cursor acknowledges up to it, and no further; an older one goes back."""
    await happened(world, 1, 2, 3, 4)
    first = await asked(world, consumer="zap-1", limit=2)
    for _ in range(2):
        assert await ask(world, consumer="zap-1", cursor=first["cursor"], limit=1) == ["evt_3"]
    assert await ask(world, consumer="zap-1") == ["evt_4"]
    assert await ask(world, consumer="zap-1", cursor=first["cursor"]) == ["evt_3", "evt_4"]


async def test_a_cursor_from_beyond_the_end_silences_nobody(world: World) -> None:
    """It is taken for the end: of a consumer that sends one, all that happens later is told."""
    await happened(world, 1)
    assert await ask(world, consumer="zap-1", cursor="c2VxOjk5OTk5OTk5OTk5OTk5OTk5") == []
    await happened(world, 2)
    assert await ask(world, consumer="zap-1") == ["evt_2"]


async def test_how_far_consumers_are_can_be_read(world: World) -> None:
    """The consumers of a trigger, with cursors of what was given and of what was acknowledged."""
    await happened(world, 1, 2)
    first = await asked(world, consumer="zap-1", limit=1)
    second = await asked(world, consumer="zap-1", limit=1)
    (told,) = (await world.call("GET", "/triggers/match_found/consumers")).json()["items"]
    assert (told["name"], told["acknowledged"], told["given"]) == ("zap-1", first["cursor"], second["cursor"])
    assert (await world.call("GET", "/triggers/match_found/consumers", key=world.other)).json()["items"] == []
    assert (await world.call("GET", "/triggers/search_complete/consumers")).json()["items"] == []


async def test_a_forgotten_consumer_begins_anew(world: World) -> None:
    """DELETE is 204 always; the name is free again. Another workspace's keys do nothing."""
    await happened(world, 1)
    await ask(world, consumer="zap-1")
    path = "/triggers/match_found/consumers/zap-1"
    assert (await world.call("DELETE", path, key=world.other)).status_code == 204
    assert await ask(world, consumer="zap-1") == []
    for _ in range(2):
        assert (await world.call("DELETE", path)).status_code == 204
    assert await ask(world, consumer="zap-1") == ["evt_1"]


async def test_a_reader_may_poll(world: World) -> None:
    """A key that only reads is remembered, too; it may forget nobody."""
    await happened(world, 1)
    answer = await world.call("GET", f"{PATH}?consumer=zap-1", key=world.reader)
    assert [event["id"] for event in answer.json()["items"]] == ["evt_1"]
    refused = await world.call("DELETE", "/triggers/match_found/consumers/zap-1", key=world.reader)
    assert refused.status_code == 403


async def test_since_is_where_a_poller_begins(world: World) -> None:
    """Without a cursor, events of that time and later; later than all of them: only what comes then."""
    await happened(world, 1, at="2026-11-20T10:00:00+00:00")
    await happened(world, 2, at="2026-11-21T10:00:00+00:00")
    await happened(world, 3, at="2026-11-22T10:00:00+00:00")
    assert await ask(world, since="2026-11-21T10:00:00Z") == ["evt_2", "evt_3"]
    assert await ask(world, since="2026-11-21T12:00:00+01:00") == ["evt_3"]
    assert await ask(world, since="2026-11-21T10:00:00") == ["evt_2", "evt_3"]
    late = await asked(world, since=(datetime.now(UTC) + timedelta(days=1)).isoformat())
    assert late["items"] == []
    await happened(world, 4)
    assert await ask(world, cursor=late["cursor"]) == ["evt_4"]


async def test_since_moves_no_consumer_that_is_known(world: World) -> None:
    """An address that always says `since` begins there once, and then goes on."""
    await happened(world, 1, at="2026-11-20T10:00:00+00:00")
    await happened(world, 2, 3, at="2026-11-21T10:00:00+00:00")
    query = {"consumer": "zap-1", "since": "2026-11-21T00:00:00Z", "limit": 1}
    assert [await ask(world, **query) for _ in range(3)] == [["evt_2"], ["evt_3"], []]


async def test_polling_has_the_filters_of_hooks(world: World) -> None:
    """List, confidence, match type, domain and provider; what was filtered away is read, and not read again."""
    mine = (await world.call("POST", "/lists", json={"label": "mine"})).json()["id"]
    other = (await world.call("POST", "/lists", json={"label": "other"})).json()["id"]
    await happened(world, 1, list_id=mine, match_type="full", providers=["tineye"])
    await happened(world, 2, list_id=other, confidence=60.0, match_type="partial", providers=["own"])
    await happened(world, 3, list_id=mine, domain="example.org", match_type="partial", providers=["tineye", "own"])
    assert await ask(world, list_ids=mine) == ["evt_1", "evt_3"]
    assert await ask(world, list_ids=[mine, other]) == ["evt_1", "evt_2", "evt_3"]
    assert await ask(world, min_confidence=80) == ["evt_1", "evt_3"]
    assert await ask(world, match_types=["partial"]) == ["evt_2", "evt_3"]
    assert await ask(world, domains=["https://Shop.Example.ORG/x", "example.net"]) == ["evt_3"]
    assert await ask(world, providers="own", list_ids=mine) == ["evt_3"]
    nothing = await asked(world, domains="example.net")
    assert (nothing["items"], nothing["more"]) == ([], False)
    assert await ask(world, cursor=nothing["cursor"]) == []


async def test_it_is_told_when_there_is_more(world: World) -> None:
    """`more` is true exactly when asking on at once gives something."""
    await happened(world, *range(1, 1202))
    await happened(world, 2000, confidence=10.0)
    first = await asked(world, limit=200)
    assert (len(first["items"]), first["more"]) == (200, True)
    last = await asked(world, limit=2, cursor=(await asked(world, limit=200, since="2200-01-01T00:00:00Z"))["cursor"])
    assert (last["items"], last["more"]) == ([], False)
    low = await asked(world, limit=1, providers="own")
    assert low["more"] is True
    assert await ask(world, min_confidence=95, limit=1) == []


async def test_what_names_consist_of_is_told(world: World) -> None:
    """A consumer's name with other marks is refused with a sentence, not with an expression."""
    told = (await world.call("GET", PATH, params={"consumer": "my poller"})).json()
    assert (
        told["detail"]
        == "consumer: Only letters, digits and . _ : - are taken, at most 100, and first a letter or a digit."
    )


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"consumer": "-x"}, 400),
        ({"consumer": "a b"}, 400),
        ({"consumer": "x" * 101}, 400),
        ({"consumer": ""}, 400),
        ({"consumer": "x\n"}, 400),
        ({"again": "true"}, 400),
        ({"since": "yesterday"}, 400),
        ({"list_ids": "list_nobody"}, 400),
        ({"domains": [f"{number}.example" for number in range(101)]}, 400),
        ({"min_confidence": "101"}, 400),
        ({"match_types": "colour"}, 400),
        ({"domains": "no domain"}, 400),
        ({"providers": "nobody"}, 400),
        ({"colour": "red"}, 400),
    ],
)
async def test_bad_questions_are_refused(world: World, query: dict[str, Any], status: int) -> None:
    """Each is a problem that names what is wrong; no consumer is made of it."""
    answer = await world.call("GET", PATH, params=query)
    assert answer.status_code == status, answer.text
    assert (await world.call("GET", "/triggers/match_found/consumers")).json()["items"] == []
