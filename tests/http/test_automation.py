"""Triggers, actions, hooks and deliveries, as platforms use them."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry

from .conftest import World, found

TRIGGERS = [
    "credits_low",
    "hook_disabled",
    "match_found",
    "match_removed",
    "match_returned",
    "new_domain_found",
    "provider_failing",
    "search_complete",
]
TARGET = "https://hooks.example.com/in"


async def subscribe(world: World, **fields: Any) -> Any:
    return await world.call("POST", "/hooks", json={"target_url": TARGET, "triggers": ["match_found"], **fields})


async def test_every_descriptor_is_whole(world: World) -> None:
    """Each trigger and action tells its key, texts, schemas and a sample that fits its schema."""
    triggers = (await world.call("GET", "/triggers")).json()["items"]
    actions = (await world.call("GET", "/actions")).json()["items"]
    assert sorted(one["key"] for one in triggers) == TRIGGERS
    assert {"start_search", "find_search", "create_list", "export_matches"} <= {one["key"] for one in actions}
    for one in triggers + actions:
        assert one["title"], one["key"]
        assert one["noun"], one["key"]
        assert one["description"], one["key"]
        Draft202012Validator(one["output_schema"], registry=Registry()).validate(one["sample"])
    for one in triggers:
        assert (await world.call("GET", f"/triggers/{one['key']}")).json() == one
    for one in actions:
        assert (await world.call("GET", f"/actions/{one['key']}")).json() == one


@pytest.mark.parametrize("path", ["/triggers/x", "/triggers/x/samples", "/triggers/x/events", "/actions/x"])
async def test_unknown_keys_are_not_found(world: World, path: str) -> None:
    """A trigger or action that does not exist is a 404."""
    assert (await world.call("GET", path)).status_code == 404


async def test_samples_are_static_until_there_are_real_ones(world: World, picture: bytes) -> None:
    """Samples are a bare array: the made-up one, flagged, until an event has happened."""
    before = await world.call("GET", "/triggers/match_found/samples")
    assert before.headers["x-copyhound-sample"] == "static"
    assert [one["type"] for one in before.json()] == ["match_found"]
    result = await found(world, picture)
    after = await world.call("GET", "/triggers/match_found/samples?limit=1")
    assert after.headers["x-copyhound-sample"] == "real"
    assert [one["match_id"] for one in after.json()] == [result["matches"][0]["id"]]
    assert set(after.json()[0]) == set(before.json()[0])


async def test_polling_misses_nothing_and_repeats_nothing(world: World, picture: bytes) -> None:
    """A poller that keeps its cursor gets each event once, oldest first, also those that come later."""
    path = "/triggers/search_complete/events?limit=2"
    empty = (await world.call("GET", path)).json()
    assert empty["items"] == []
    searches = [(await found(world, picture))["search_id"] if n == 0 else await again(world, picture) for n in range(3)]
    seen, cursor = [], empty["cursor"]
    for _ in range(3):
        page = (await world.call("GET", f"{path}&cursor={cursor}")).json()
        seen += [event["search_id"] for event in page["items"]]
        cursor = page["cursor"]
    assert seen == searches
    searches.append(await again(world, picture))
    page = (await world.call("GET", f"{path}&cursor={cursor}")).json()
    assert [event["search_id"] for event in page["items"]] == searches[3:]


async def again(world: World, picture: bytes) -> str:
    """Search once more, to the end."""
    answer = await world.call("POST", "/searches?wait=30", files={"images": picture})
    return str(answer.json()["search_id"])


@pytest.mark.parametrize("cursor", ["nonsense", "c2VxOng", "c2VxOi0x", "ZXZ0OjE"])
async def test_a_made_up_event_cursor_is_refused(world: World, cursor: str) -> None:
    """Only cursors that an answer gave are taken."""
    answer = await world.call("GET", f"/triggers/match_found/events?cursor={cursor}")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "cursor")


async def test_actions_do_what_they_say(world: World) -> None:
    """An action takes its input, and answers its output."""
    body = {"images": [{"url": "https://a.example.com/1.jpg"}], "list_label": "From a flow"}
    answer = await world.call("POST", "/actions/start_search", json=body)
    assert answer.status_code == 200, answer.text
    assert (await world.call("GET", f"/searches/{answer.json()['search_id']}")).status_code == 200
    made = (await world.call("POST", "/actions/create_list", json={"label": "x"})).json()
    assert (await world.call("GET", f"/lists/{made['id']}")).json()["label"] == "x"


@pytest.mark.parametrize(
    ("body", "fields"),
    [({}, {"label"}), ({"label": 1}, {"label"}), ({"label": "x", "colour": "red"}, {"colour"})],
)
async def test_bad_action_inputs_are_refused(world: World, body: dict[str, Any], fields: set[str]) -> None:
    """Each wrong, missing or unknown field of an action's input is named."""
    answer = await world.call("POST", "/actions/create_list", json=body)
    assert answer.status_code == 400
    assert {fault["field"] for fault in answer.json()["errors"]} == fields


async def test_subscribing_gives_what_platforms_need(world: World) -> None:
    """A new hook is 201, with an absolute Location, its id, secret and status."""
    answer = await subscribe(world, description="Zap 7")
    made = answer.json()
    assert answer.status_code == 201
    assert answer.headers["location"] == f"http://copyhound.test/api/v1/hooks/{made['id']}"
    assert made["secret"].startswith("whsec_")
    assert (made["status"], made["triggers"], made["target_url"]) == ("active", ["match_found"], TARGET)


async def test_subscribing_again_gives_the_same_hook(world: World) -> None:
    """The same target, triggers and filter are one hook, with one secret: 200."""
    first, second = await subscribe(world), await subscribe(world)
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json() == second.json()
    other = await subscribe(world, filter={"min_confidence": 90})
    assert other.status_code == 201
    assert len((await world.call("GET", "/hooks")).json()["items"]) == 2


async def test_hooks_are_found_by_target(world: World) -> None:
    """`target_url` finds the hook of exactly that address, without its secret."""
    made = (await subscribe(world)).json()
    found_hooks = (await world.call("GET", "/hooks", params={"target_url": TARGET})).json()["items"]
    assert [one["id"] for one in found_hooks] == [made["id"]]
    assert "secret" not in found_hooks[0]
    assert (await world.call("GET", "/hooks", params={"target_url": TARGET + "2"})).json()["items"] == []


async def test_hooks_are_found_by_trigger_and_status(world: World) -> None:
    """`trigger` and `status` find hooks that are told of it, and that are so; both together must hold."""
    made = (await subscribe(world)).json()
    other = (await subscribe(world, triggers=["search_complete", "match_removed"])).json()

    async def ids(**wanted: str) -> list[str]:
        answer = await world.call("GET", "/hooks", params=wanted)
        return [one["id"] for one in answer.json()["items"]]

    assert await ids(trigger="match_found") == [made["id"]]
    assert await ids(trigger="search_complete", status="active") == [other["id"]]
    assert await ids(trigger="match") == []
    assert await ids(status="disabled") == []
    assert (await world.call("GET", "/hooks", params={"status": "asleep"})).json()["code"] == "invalid_request"


async def test_a_hook_tells_when_it_expires(world: World) -> None:
    """`expires_at` is answered as `expiration_date`, too; one that is over is refused."""
    until = "2999-01-01T00:00:00Z"
    made = await subscribe(world, expires_at=until, reverse_unsubscribe=True, since="2026-01-01T00:00:00Z")
    assert made.status_code == 201
    assert (made.json()["expires_at"], made.json()["expiration_date"]) == (until, until)
    changed = await world.call("PATCH", f"/hooks/{made.json()['id']}", json={"expires_at": None})
    assert (changed.json()["expires_at"], changed.json()["expiration_date"]) == (None, None)
    assert changed.json()["reverse_unsubscribe"] is True
    assert (await subscribe(world, expires_at="2001-01-01T00:00:00Z")).json()["code"] == "invalid_request"
    one = {"target_url": TARGET, "expires_at": until, "since": 4}
    of_one = await world.call("POST", "/triggers/match_removed/hooks", json=one)
    assert of_one.json()["expiration_date"] == until


async def test_unsubscribing_is_always_204(world: World) -> None:
    """Deleting a hook that is gone, or never was, is no error."""
    made = (await subscribe(world)).json()
    for hook_id in (made["id"], made["id"], "hook_never"):
        assert (await world.call("DELETE", f"/hooks/{hook_id}")).status_code == 204
    assert (await world.call("GET", f"/hooks/{made['id']}")).status_code == 404


async def test_a_hook_is_changed_woken_and_tested(world: World) -> None:
    """What a hook is told can change; enabling keeps id and secret; a test sends one event now."""
    made = (await subscribe(world)).json()
    path = f"/hooks/{made['id']}"
    list_id = (await world.call("POST", "/lists", json={"label": "mine"})).json()["id"]
    changes = {"triggers": ["search_complete"], "filter": {"list_ids": [list_id]}}
    changed = (await world.call("PATCH", path, json=changes)).json()
    assert (changed["triggers"], changed["filter"]["list_ids"]) == (["search_complete"], [list_id])
    for _ in range(2):
        paused = (await world.call("POST", f"{path}/disable")).json()
        assert (paused["status"], "client" in paused["status_reason"]) == ("disabled", True)
    assert (await world.call("POST", f"{path}/disable", key=world.reader)).status_code == 403
    assert (await world.call("POST", f"{path}/enable")).json()["status"] == "active"
    assert (await world.call("GET", f"{path}/secret")).json() == {"secret": made["secret"]}
    attempt = (await world.call("POST", f"{path}/test")).json()
    assert (attempt["status_code"], attempt["duration_ms"]) == (204, 7)
    assert [(url, body["type"]) for url, _, body in world.sender.sent] == [(TARGET, "search_complete")]


async def test_how_a_hook_is_sent_to_is_said_and_changed(world: World) -> None:
    """Payload, format and rate are taken when a hook is made, shown, and changed alone."""
    made = (await subscribe(world, payload="thin", format="cloudevents", max_per_minute=30)).json()
    assert (made["payload"], made["format"], made["max_per_minute"]) == ("thin", "cloudevents", 30)
    path = f"/hooks/{made['id']}"
    changed = (await world.call("PATCH", path, json={"payload": "full", "max_per_minute": None})).json()
    assert (changed["payload"], changed["format"], changed["max_per_minute"]) == ("full", "cloudevents", None)
    plain = (await subscribe(world, filter={"min_score": 1})).json()
    assert (plain["payload"], plain["format"], plain["max_per_minute"]) == ("full", "flat", None)


async def test_a_secret_rotates(world: World) -> None:
    """The new secret is told with the end of the old one, is kept by no cache, and is the hook's from now on."""
    made = (await subscribe(world)).json()
    path = f"/hooks/{made['id']}"
    answer = await world.call("POST", f"{path}/rotate-secret", headers={"Idempotency-Key": "one"})
    rotated = answer.json()
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    assert rotated["secret"].startswith("whsec_")
    assert rotated["secret"] != made["secret"]
    assert rotated["previous_until"].endswith("Z")
    again = await world.call("POST", f"{path}/rotate-secret", headers={"Idempotency-Key": "one"})
    assert again.json() == rotated
    assert (await world.call("GET", f"{path}/secret")).json() == {"secret": rotated["secret"]}


@pytest.mark.parametrize("verb", ["recover", "replay"])
async def test_what_was_missed_is_asked_for(world: World, recorded_jobs: Any, verb: str) -> None:
    """202 with the span of time, and a job for it; times without a zone and ends before beginnings are refused."""
    path = f"/hooks/{(await subscribe(world)).json()['id']}"
    span = {"since": "2026-01-01T00:00:00Z", "until": "2026-02-01T00:00:00+01:00"}
    answer = await world.call("POST", f"{path}/{verb}", json=span)
    assert answer.status_code == 202
    assert (answer.json()["since"], answer.json()["hook_id"]) == (span["since"], path.rpartition("/")[2])
    assert recorded_jobs.queued[-1][0] == "recover"
    for edge in ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"):
        assert (await world.call("POST", f"{path}/{verb}", json={"since": edge})).status_code in (202, 400)
    for bad in ({}, {"since": "2026-01-01T00:00:00"}, {"since": span["until"], "until": span["since"]}):
        assert (await world.call("POST", f"{path}/{verb}", json=bad)).json()["code"] == "invalid_request"


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"target_url": "http://127.0.0.1/x"}, "url_forbidden"),
        ({"target_url": "http://[::ffff:10.0.0.1]/x"}, "url_forbidden"),
        ({"target_url": "ftp://hooks.example.com/"}, "url_invalid"),
        ({"target_url": "nonsense"}, "url_invalid"),
        ({"triggers": ["nothing"]}, "invalid_request"),
        ({"triggers": []}, "invalid_request"),
        ({"filter": {"colour": "red"}}, "invalid_request"),
        ({"filter": {"list_ids": ["list_nobody"]}}, "invalid_request"),
        ({"filter": {"min_confidence": 101}}, "invalid_request"),
        ({"secret": "mine"}, "invalid_request"),
        ({"payload": "half"}, "invalid_request"),
        ({"format": "xml"}, "invalid_request"),
        ({"max_per_minute": 0}, "invalid_request"),
    ],
)
async def test_bad_hooks_are_refused(world: World, fields: dict[str, Any], code: str) -> None:
    """A target that is private or no web address, or a subscription to nothing, is refused; no hook is kept."""
    assert (await subscribe(world, **fields)).json()["code"] == code
    assert (await world.call("GET", "/hooks")).json()["items"] == []


async def test_deliveries_are_told_and_sent_again(world: World, picture: bytes, recorded_jobs: Any) -> None:
    """An event for a hook is a delivery that can be read, followed, and sent once more."""
    hook = (await subscribe(world)).json()
    await found(world, picture)
    deliveries = (await world.call("GET", f"/deliveries?hook_id={hook['id']}&status=pending")).json()["items"]
    assert [(one["trigger"], one["last_attempt_at"]) for one in deliveries] == [("match_found", None)]
    path = f"/deliveries/{deliveries[0]['id']}"
    made = world.services.deliveries
    await made.settle(await made.attempt(deliveries[0]["id"], 1))
    shown = (await world.call("GET", path)).json()
    assert (shown["status"], shown["last_status_code"], shown["last_error"]) == ("delivered", 204, None)
    assert (await world.call("GET", "/deliveries")).json()["items"] == [shown]
    attempts = (await world.call("GET", f"{path}/attempts")).json()["items"]
    assert [(one["number"], one["status_code"], one["manual"]) for one in attempts] == [(1, 204, False)]
    assert attempts[0]["at"] == shown["last_attempt_at"]
    before = len(recorded_jobs.queued)
    again = await world.call("POST", f"{path}/resend")
    assert (again.status_code, again.json()) == (202, {**shown, "attempt_number": 11})
    assert [job[0] for job in recorded_jobs.queued[before:]] == ["deliver"]
    assert world.sender.sent[0][2] == (await world.call("GET", "/triggers/match_found/samples")).json()[0]
