"""The nodes for n8n, compiled against n8n-workflow, beside a live server."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from standardwebhooks.webhooks import Webhook

from copyhound.connector_export import built_in
from copyhound.connector_export.n8n import render, sentence, title_case
from copyhound.connector_export.typescript import literal

from ..e2e.servers import PATIENCE
from ..fixtures.clients import node_client
from ..fixtures.receiver import Answer, Receiver
from .live import PICTURE, Live, live_server
from .n8n import PACKAGE, N8n, RefusedError, copied

WORKFLOW, TYPESCRIPT, NODE_TYPES = "n8n-workflow@2.41.0", "typescript@5.9.2", "@types/node@20.19.0"


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package as its compiler leaves it: it has no error against n8n's types."""
    modules = node_client(WORKFLOW, TYPESCRIPT, NODE_TYPES) / "node_modules"
    folder = copied(tmp_path_factory.mktemp("n8n") / "package", modules)
    tsc = ["node", "node_modules/typescript/bin/tsc"]
    done = subprocess.run(tsc, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout
    return folder


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A running server."""
    with live_server(tmp_path_factory.mktemp("server")) as one:
        yield one


@pytest.fixture
def n8n(package: Path, live: Live) -> Iterator[N8n]:
    """n8n with the server's key; no hook is left from earlier tests."""
    for hook in live.hooks():
        live.call("DELETE", f"/hooks/{hook['id']}")
    with N8n(package) as one:
        one.do("set", credentials={"baseUrl": f"{live.url}/", "apiKey": live.key})
        yield one


def activated(n8n: N8n, **parameters: Any) -> None:
    """What n8n does when a workflow is switched on, and at each of its own starts."""
    n8n.do("set", active=True, parameters={"triggers": ["match_found"], **parameters})
    if not n8n.do("webhook", method="checkExists"):
        assert n8n.do("webhook", method="create") is True


def deactivated(n8n: N8n) -> None:
    """What n8n does when a workflow is switched off."""
    assert n8n.do("webhook", method="delete") is True
    n8n.do("set", active=False)


def delivered(live: Live, **wanted: Any) -> dict[str, Any]:
    """The first delivery that is as wanted, once there is one."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        for one in live.call("GET", "/deliveries")["items"]:
            if all(one[name] == value for name, value in wanted.items()):
                return dict(one)
        time.sleep(0.05)
    raise AssertionError(live.call("GET", "/deliveries"))


def signed(secret: str, body: bytes, at: datetime | None = None) -> dict[str, str]:
    """The headers of a delivery."""
    moment = at or datetime.now(UTC)
    return {
        "content-type": "application/json",
        "webhook-id": "evt_1",
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": Webhook(secret).sign("evt_1", moment, body.decode()),
    }


def post(n8n: N8n, body: bytes, headers: dict[str, str]) -> int:
    return httpx.post(f"{n8n.base}/webhook/1", content=body, headers=headers, trust_env=False, timeout=30).status_code


def images(live: Live) -> dict[str, Any]:
    """An item as n8n has it after a file was read: the picture is in the binary field `data`."""
    return {"json": {}, "binary": {"data": {"fileName": PICTURE, "data": live.picture, "mimeType": "image/jpeg"}}}


# --- the credentials


def test_credentials_are_tested(n8n: N8n, live: Live) -> None:
    """The credentials' own test passes with the right key, also with a slash after the address, and fails else."""
    assert n8n.do("testCredential")["name"]
    n8n.do("set", credentials={"baseUrl": live.url, "apiKey": "wrong"})
    with pytest.raises(RefusedError, match="401"):
        n8n.do("testCredential")


@pytest.mark.parametrize("ending", ["/docs", "/docs/n8n#the-trigger-node", "/api/v1/", "/docs?"])
def test_a_page_of_the_manual_is_an_address(n8n: N8n, live: Live, ending: str) -> None:
    """What a browser shows behind the server's address does no harm: the test passes, and a node runs."""
    n8n.do("set", credentials={"baseUrl": f" {live.url}{ending}", "apiKey": live.key})
    assert n8n.do("testCredential")["name"]
    (item,) = n8n.run("list", "create_list", label="By a page's address")
    assert item["json"]["id"]


@pytest.mark.parametrize("answer", [(404, b"{}"), (404, b"<html>"), (200, b"<html>Hello</html>")])
async def test_another_server_is_told_as_such(package: Path, answer: tuple[int, bytes]) -> None:
    """The credentials' test and the nodes say that nobody knows Copyhound's API there."""
    status, body = answer
    kind = "text/html" if body.startswith(b"<") else "application/json"
    async with Receiver() as receiver:
        receiver.will(*[Answer(status, {"content-type": kind}, body)] * 2)
        with N8n(package) as n8n:
            n8n.do("set", credentials={"baseUrl": receiver.url, "apiKey": "key"})
            with pytest.raises(RefusedError, match="This address is no Copyhound server"):
                await asyncio.to_thread(n8n.do, "testCredential")
            with pytest.raises(RefusedError, match="This address is no Copyhound server"):
                await asyncio.to_thread(n8n.run, "list", "create_list", label="Nowhere")


# --- the trigger node


def test_an_event_starts_the_workflow(n8n: N8n, live: Live) -> None:
    """Switching a workflow on subscribes; a search that finds a copy starts it; switching it off leaves no hook."""
    activated(n8n)
    (hook,) = live.hooks()
    assert (hook["target_url"], hook["triggers"]) == (f"{n8n.base}/webhook/1", ["match_found"])
    assert hook["description"] == "n8n: Copies of my pictures"
    n8n.run("search", "start_search", items=[images(live)], binaryFields="data")
    event = n8n.event()
    assert event["type"] == "match_found"
    assert event["image_name"] == PICTURE
    deactivated(n8n)
    assert live.hooks() == []


def test_a_restart_leaves_one_hook(n8n: N8n, live: Live) -> None:
    """checkExists finds the hook by its address, with or without what n8n kept: the same one, with its secret."""
    activated(n8n)
    (hook,) = live.hooks()
    kept = n8n.do("state")["staticData"]
    activated(n8n)
    n8n.do("set", staticData={})
    activated(n8n)
    assert [one["id"] for one in live.hooks()] == [hook["id"]]
    assert n8n.do("state")["staticData"]["secret"] == kept["secret"]


def test_changed_settings_change_the_hook(n8n: N8n, live: Live) -> None:
    """A workflow saved with other triggers or another filter changes its hook; surplus hooks of its address go."""
    made = live.call("POST", "/lists", {"label": "Summer"})
    activated(n8n)
    (hook,) = live.hooks()
    second = {"target_url": hook["target_url"], "triggers": ["hook_disabled"]}
    live.call("POST", "/hooks", second)
    condition = {"list_ids": [made["id"]], "min_confidence": 60, "match_types": ["full"], "domains": []}
    activated(n8n, triggers=["search_complete", "match_found"], filter=condition)
    (changed,) = live.hooks()
    assert changed["triggers"] == ["match_found", "search_complete"]
    assert changed["filter"] == {"list_ids": [made["id"]], "min_confidence": 60.0, "match_types": ["full"]}


def test_a_forged_delivery_is_refused(n8n: N8n, live: Live) -> None:
    """401, and no workflow: without a signature, with a wrong one, over another body, or an old one."""
    activated(n8n)
    secret = n8n.do("state")["staticData"]["secret"]
    body = b'{"id": "evt_1", "type": "match_found", "image_name": "\xc3\xbc.jpg"}'
    old = datetime.fromtimestamp(time.time() - 600, UTC)
    other = "whsec_" + "A" * 43 + "="
    bad = [{}, signed(other, body), signed(secret, b"{}"), signed(secret, body, old)]
    assert [post(n8n, body, headers) for headers in bad] == [401] * 4
    assert n8n.quiet()
    assert post(n8n, body, signed(secret, body)) == 200
    assert n8n.event()["image_name"] == "\u00fc.jpg"


def test_a_new_secret_is_learnt(n8n: N8n, live: Live) -> None:
    """A delivery signed with a secret that n8n has not seen yet makes the node read it, and is believed."""
    activated(n8n)
    (hook,) = live.hooks()
    kept = n8n.do("state")["staticData"]
    n8n.do("set", staticData={**kept, "secret": "whsec_" + "A" * 43 + "="})
    secret = live.call("GET", f"/hooks/{hook['id']}/secret")["secret"]
    body = b'{"id": "evt_1"}'
    assert post(n8n, body, signed(secret, body)) == 200
    assert n8n.do("state")["staticData"]["secret"] == secret


def test_a_deactivated_workflow_answers_404_and_loses_nothing(n8n: N8n, live: Live) -> None:
    """n8n answers 404 while it restarts: the hook stays, the delivery waits, and a resend starts the workflow."""
    activated(n8n, triggers=["search_complete"])
    n8n.do("set", active=False)
    started = live.happen()
    failed = delivered(live, trigger="search_complete", status="pending", attempts=1)
    (attempt,) = live.call("GET", f"/deliveries/{failed['id']}/attempts")["items"]
    assert attempt["status_code"] == 404
    (hook,) = live.hooks()
    assert hook["status"] == "active"
    n8n.do("set", active=True)
    live.call("POST", f"/deliveries/{failed['id']}/resend")
    assert n8n.event()["search_id"] == started["search_id"]


def test_a_repeated_delivery_starts_once_where_that_is_asked_for(n8n: N8n, live: Live) -> None:
    """With Skip Repeated Deliveries the second delivery of an event is answered 200 and starts nothing."""
    activated(n8n, options={"skipRepeated": True})
    secret = n8n.do("state")["staticData"]["secret"]
    body = b'{"id": "evt_1"}'
    assert [post(n8n, body, signed(secret, body)) for _ in range(2)] == [200, 200]
    assert n8n.event() == {"id": "evt_1"}
    assert n8n.quiet()


def test_a_workflow_stops_while_the_server_is_away(n8n: N8n) -> None:
    """Switching off never fails: n8n's log says what was not done."""
    activated(n8n)
    n8n.do("set", credentials={"baseUrl": "http://127.0.0.1:9", "apiKey": "x"})
    assert n8n.do("webhook", method="delete") is False
    (warning,) = n8n.do("state")["warned"]
    assert "could not be told to stop" in warning


def test_a_trigger_must_be_chosen(n8n: N8n) -> None:
    """Without one the workflow can't be switched on, and n8n says why."""
    n8n.do("set", parameters={"triggers": []})
    with pytest.raises(RefusedError, match="Choose at least one trigger"):
        n8n.do("webhook", method="create")


# --- the action node


def test_a_search_is_started(n8n: N8n, live: Live) -> None:
    """Addresses and pictures of the item are searched together, in a list that is chosen or made."""
    made = live.call("POST", "/lists", {"label": "Posters"})
    locator = {"__rl": True, "mode": "list", "value": made["id"]}
    more = {"list_id": locator, "verify": False, "providers": ["own_index"]}
    (item,) = n8n.run(
        "search", "start_search", items=[images(live)], binaryFields="data", images={}, additionalFields=more
    )
    assert (item["json"]["list_id"], item["json"]["images"]) == (made["id"], 1)
    assert item["pairedItem"] == {"item": 0}


def test_a_search_is_looked_at(n8n: N8n, live: Live) -> None:
    """Its id comes from the node that started it, or from the list of searches; what it tells is the item."""
    search_id = live.happen()["search_id"]
    ended = live.ended(search_id)
    locator = {"__rl": True, "mode": "id", "value": search_id}
    (item,) = n8n.run("search", "find_search", search_id=locator)
    assert item["json"] == {"id": search_id, "found": True, "items": [ended]}
    offered = n8n.do("choices", node="action", kind="listSearch", method="searchSearches", filter="")
    assert search_id in [one["value"] for one in offered["results"]]


def test_a_list_is_made(n8n: N8n, live: Live) -> None:
    """Fields behind Add Field go along, a group of fields too; what was left empty does not."""
    more = {"monitored": True, "schedule": {"days": 7, "at": "04:30"}, "min_confidence": 80, "providers": []}
    (item,) = n8n.run("list", "create_list", label="Weekly", additionalFields=more)
    made = live.call("GET", f"/lists/{item['json']['id']}")
    assert (made["monitored"], made["min_confidence"]) == (True, 80)
    assert (made["schedule"]["days"], made["schedule"]["at"]) == (7, "04:30")


def test_a_match_is_decided(n8n: N8n, live: Live) -> None:
    """A match is found by its event's id and decided on; a list is found by its label and gets more images."""
    activated(n8n)
    live.happen()
    event = n8n.event()
    match = {"__rl": True, "mode": "id", "value": event["match_id"]}
    more = {"note": "Ask them first."}
    n8n.run("match", "decide_match", match_id=match, decision="infringing", additionalFields=more)
    assert live.call("GET", f"/matches/{event['match_id']}")["decision"] == "infringing"
    label = live.call("GET", f"/lists/{event['list_id']}")["label"]
    (item,) = n8n.run("list", "find_list", label=label)
    assert item["json"]["found"] is True
    chosen = {"__rl": True, "mode": "list", "value": item["json"]["id"]}
    (added,) = n8n.run("image", "add_images", list_id=chosen, items=[images(live)], binaryFields="data")
    assert added["json"]["list_id"] == item["json"]["id"]


def test_a_retry_makes_nothing_twice(n8n: N8n, live: Live) -> None:
    """n8n's Retry On Fail sends the same Idempotency-Key: one list. Another execution makes another."""
    once, again, later = (
        n8n.run("list", "create_list", label="Retried", execution=execution)[0]["json"]["id"]
        for execution in ("1", "1", "2")
    )
    assert once == again != later


def test_each_item_is_run(n8n: N8n) -> None:
    """Items of the input come out one by one, paired, and one that fails leaves the others alone."""
    labels = {"resource": "list", "operation": "create_list", "label": "Each"}
    (found,) = n8n.do("execute", parameters=labels, items=[{"json": {}}, {"json": {}}])
    assert [item["pairedItem"]["item"] for item in found] == [0, 1]
    assert found[0]["json"]["id"] != found[1]["json"]["id"]
    missing = {"__rl": True, "mode": "id", "value": "list_none"}
    (item,) = n8n.run("export", "export_matches", list_id=missing, continueOnFail=True)
    assert "list" in item["json"]["error"]


def test_a_refusal_is_told_in_the_servers_words(n8n: N8n) -> None:
    """A problem's detail is the error's message, its hint the description, its status the code."""
    with pytest.raises(RefusedError) as refused:
        n8n.run("search", "start_search", images={"values": [{"url": "", "name": "nothing"}]})
    assert refused.value.name == "NodeApiError"
    assert refused.value.told["httpCode"] == "400"
    assert "url or base64" in str(refused.value)
    assert refused.value.told["itemIndex"] == 0


def test_a_wrong_key_is_told(n8n: N8n, live: Live) -> None:
    """With a wrong key the error has the code 401."""
    n8n.do("set", credentials={"baseUrl": live.url, "apiKey": "wrong"})
    with pytest.raises(RefusedError) as refused:
        n8n.run("list", "create_list", label="None")
    assert refused.value.told["httpCode"] == "401"


async def test_a_busy_server_is_waited_for(package: Path) -> None:
    """429 and 503 are tried again after Retry-After, with the same Idempotency-Key; a wait too long is told at once."""
    told = {"content-type": "application/json"}
    async with Receiver() as receiver:
        receiver.will(
            Answer(429, {"retry-after": "0", **told}, b"{}"),
            Answer(503, {"retry-after": "0", **told}, b"{}"),
            Answer(200, told, b'{"id": "list_1"}'),
            Answer(429, {"retry-after": "3600", **told}, b'{"detail": "Too many."}'),
        )
        with N8n(package) as n8n:
            n8n.do("set", credentials={"baseUrl": receiver.url, "apiKey": "key"})
            (item,) = await asyncio.to_thread(n8n.run, "list", "create_list", label="Busy")
            with pytest.raises(RefusedError, match="Too many") as refused:
                await asyncio.to_thread(n8n.run, "list", "create_list", label="Busy")
    assert item["json"] == {"id": "list_1"}
    assert refused.value.told["httpCode"] == "429"
    assert len(receiver.requests) == 4
    assert len({one.headers["idempotency-key"] for one in receiver.requests}) == 1


def test_required_fields_are_asked_for(n8n: N8n) -> None:
    """n8n itself refuses an action whose required field is empty."""
    with pytest.raises(RefusedError, match="Label"):
        n8n.run("list", "create_list", label="")


def test_an_action_of_a_plugin_is_run(n8n: N8n, live: Live) -> None:
    """An action is run by its key with a body of JSON; text that is none is told."""
    plugin = {"resource": "plugin", "operation": "plugin_action", "action": "create_list"}
    (item,) = n8n.do("execute", parameters={**plugin, "body": json.dumps({"label": "By key"})})[0]
    assert live.call("GET", f"/lists/{item['json']['id']}")["label"] == "By key"
    with pytest.raises(RefusedError, match="not JSON"):
        n8n.do("execute", parameters={**plugin, "body": "{"})
    assert n8n.do("choices", node="action", kind="loadOptions", method="getPluginActions") == []
    assert n8n.do("choices", node="trigger", kind="loadOptions", method="getPluginTriggers") == []


def test_lists_are_chosen_by_name(n8n: N8n, live: Live) -> None:
    """Drop-downs offer lists by name and id, also those sought by a part of the name, and providers."""
    made = live.call("POST", "/lists", {"label": "Lighthouses of the north"})
    wanted = {"name": "Lighthouses of the north", "value": made["id"]}
    found = n8n.do("choices", node="action", kind="listSearch", method="searchLists", filter="lighthouse")
    assert [{"name": one["name"], "value": one["value"]} for one in found["results"]] == [wanted]
    for node in ("action", "trigger"):
        providers = n8n.do("choices", node=node, kind="loadOptions", method="getProviders")
        assert "own_index" in [one["value"] for one in providers]
    every = n8n.do("choices", node="trigger", kind="loadOptions", method="getLists")
    assert wanted["value"] in [one["value"] for one in every]


# --- what is rendered


def test_everything_of_the_catalogue_is_there() -> None:
    """Each trigger and each action is in the rendered files under its own key, each required field among the shown."""
    catalogue = built_in()
    rendered = render(catalogue)
    triggers, actions = rendered["nodes/CopyhoundTrigger/catalogue.ts"], rendered["nodes/Copyhound/catalogue.ts"]
    for one in catalogue.triggers:
        assert f"value: '{one['key']}'" in triggers
    for one in catalogue.actions:
        assert f"value: '{one['key']}'" in actions
        for name in one["input_schema"]["required"]:
            assert f"name: '{name}'" in actions


def test_an_operation_that_is_added_changes_no_default() -> None:
    """n8n saves no parameter that has its default: a node that starts a search must not become one that looks at it."""
    rendered = render(built_in())["nodes/Copyhound/catalogue.ts"]
    operations = rendered.split("export const operations")[1].split("export const actionFields")[0]
    defaults = re.findall(r"default: '(\w+)'", operations)
    assert defaults == ["start_search", "create_list", "add_images", "decide_match", "export_matches"]


def test_words_are_as_n8n_wants_them() -> None:
    """Titles are capitalised, abbreviations upper case, one sentence has no full stop."""
    assert title_case("image_url of list_ids".replace("_", " ")) == "Image URL of List IDs"
    assert title_case("") == ""
    assert sentence("One  sentence.") == "One sentence"
    assert sentence("One. Two.") == "One. Two."


def test_literals_are_typescript() -> None:
    """Strings are quoted whatever they hold, keys only where they must be."""
    assert literal("it's") == '"it\'s"'
    assert literal('"it\'s"') == "'\"it\\'s\"'"
    assert literal("a\\b\n") == "'a\\\\b\\n'"
    assert literal({"a-b": [1, True, None]}) == "{\n\t'a-b': [1, true, null],\n}"
    assert literal({}) == "{}"


def test_the_package_pins_what_is_tested() -> None:
    """The versions that the tests install are those that the package is made with."""
    made_with = json.loads((PACKAGE / "package.json").read_text())["devDependencies"]
    for one in (WORKFLOW, TYPESCRIPT):
        name, _, version = one.rpartition("@")
        assert made_with[name] == version
