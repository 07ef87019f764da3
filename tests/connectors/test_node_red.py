"""The nodes for Node-RED, in a real Node-RED without a screen, beside a live server."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from playwright.sync_api import sync_playwright
from standardwebhooks.webhooks import Webhook

from copyhound import connector_export

from ..fixtures.clients import node_client
from ..fixtures.receiver import Answer, Receiver
from .live import Live, live_server
from .node_red import NODE_RED, Node, NodeRed, deliveries, taken, told_states, until, waits

CHROMIUM = shutil.which("chromium")
needs_chromium = pytest.mark.skipif(
    CHROMIUM is None and os.environ.get("CI") != "true", reason="Chromium is not installed"
)
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    with live_server(tmp_path_factory.mktemp("live")) as running:
        yield running


@pytest.fixture(scope="module")
def red(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NodeRed]:
    running = NodeRed(node_client(NODE_RED), tmp_path_factory.mktemp("node-red"))
    try:
        running.start()
        yield running
    finally:
        running.stop()


@pytest.fixture
def server(live: Live, red: NodeRed) -> Node:
    """The node that knows the server."""
    told = {"url": live.url, "callback": red.url, "credentials": {"apiKey": live.key}}
    return {"id": "server", "type": "copyhound-server", **told}


def does(action: str, **fields: Any) -> list[Node]:
    """A flow that does an action for each POST to /do, and answers what came of it, or 422 and why not."""
    act = {"id": "act", "type": "copyhound-action", "server": "server", "action": action, "fields": fields}
    sorry = {"id": "sorry", "type": "change", "rules": [
        {"t": "set", "p": "payload", "pt": "msg", "to": "error.message", "tot": "msg"},
        {"t": "set", "p": "statusCode", "pt": "msg", "to": "422", "tot": "num"},
    ]}  # fmt: skip
    return [
        {"id": "in", "type": "http in", "url": "/do", "method": "post", "wires": [["act"]]},
        {**act, "wires": [["out"]]},
        {"id": "catch", "type": "catch", "scope": ["act"], "wires": [["sorry"]]},
        {**sorry, "wires": [["out"]]},
        {"id": "out", "type": "http response", "wires": []},
    ]


def test_the_nodes_are_loaded(red: NodeRed) -> None:
    """Node-RED has the three nodes without an error, and gives their forms to its editor."""
    sets = httpx.get(f"{red.url}/nodes", headers={"accept": "application/json"}, trust_env=False).json()
    (ours,) = (one for one in sets if one["module"] == "node-red-contrib-copyhound")
    assert ours["types"] == ["copyhound-server", "copyhound-trigger", "copyhound-action"]
    assert "err" not in ours
    page = httpx.get(f"{red.url}/nodes", headers={"accept": "text/html"}, trust_env=False).text
    assert all(f'data-template-name="{name}"' in page for name in ours["types"])


async def test_an_event_goes_through_a_flow(live: Live, red: NodeRed, server: Node) -> None:
    """Deploying subscribes, a match is a message, another filter is the same hook's, taking the node out ends it."""
    async with Receiver() as receiver:
        red.deploy(server, *waits("match_found", receiver.url, min_confidence=50))
        (hook,) = await asyncio.to_thread(until, live.hooks, red.log)
        assert (hook["triggers"], hook["filter"]) == (["match_found"], {"min_confidence": 50})
        live.happen()
        (told,) = await receiver.wait_for(1)
        red.deploy(server, *waits("match_found", receiver.url, min_confidence=60))
        await asyncio.to_thread(until, lambda: [one["filter"] for one in live.hooks()] == [{"min_confidence": 60}])
        assert [one["id"] for one in live.hooks()] == [hook["id"]]
        red.deploy(server)
        await asyncio.to_thread(until, lambda: not live.hooks())
    event = json.loads(told.body)
    assert (event["type"], event["image_url"]) == ("match_found", "https://shop.example.com/kodak_0001.jpg")


async def test_nothing_is_lost_or_doubled_over_a_restart(live: Live, red: NodeRed, server: Node) -> None:
    """What happens while Node-RED is stopped comes after its start, once, by the same hook; what is resent, too."""
    async with Receiver() as receiver:
        red.deploy(server, *waits("search_complete", receiver.url))
        (hook,) = await asyncio.to_thread(until, live.hooks, red.log)
        await asyncio.to_thread(red.stop)
        try:
            search = live.happen()["search_id"]
            (delivery,) = await asyncio.to_thread(until, lambda: deliveries(live, hook["id"], tried=True))
        finally:
            await asyncio.to_thread(red.start)
        await receiver.wait_for(1)
        await asyncio.to_thread(until, lambda: taken(live, delivery))
        assert [json.loads(told.body)["search_id"] for told in receiver.requests] == [search]
        live.call("POST", f"/deliveries/{delivery['id']}/resend")
        first, again = await receiver.wait_for(2)
        assert first.body == again.body
        assert [one["id"] for one in live.hooks()] == [hook["id"]]
        red.deploy(server)
        await asyncio.to_thread(until, lambda: not live.hooks())


async def test_repeated_deliveries_are_skipped_where_that_is_asked_for(live: Live, red: NodeRed, server: Node) -> None:
    """With the option, what is resent is taken and starts nothing, also after another deploy."""
    async with Receiver() as receiver:
        trigger, request = waits("search_complete", receiver.url)
        flow = {**trigger, "skipRepeated": True}, request
        red.deploy(server, *flow)
        (hook,) = await asyncio.to_thread(until, live.hooks, red.log)
        live.happen()
        await receiver.wait_for(1)
        (delivery,) = await asyncio.to_thread(until, lambda: deliveries(live, hook["id"], tried=True))
        red.deploy({**server, "name": "again"}, *flow)
        resend = f"/deliveries/{delivery['id']}/resend"
        await asyncio.to_thread(until, lambda: live.call("POST", resend) and taken(live, delivery) >= 2)
        red.deploy(server)
        await asyncio.to_thread(until, lambda: not live.hooks())
        assert len(receiver.requests) == 1


async def test_what_waits_comes_to_another_address(live: Live, red: NodeRed, server: Node) -> None:
    """Another address of Node-RED and another filter, over a restart: the one hook is changed, what waited arrives."""
    async with Receiver() as receiver:
        nowhere = {**server, "callback": "http://127.0.0.1:9"}
        red.deploy(nowhere, *waits("match_found", receiver.url, min_confidence=50))
        (before,) = await asyncio.to_thread(until, live.hooks, red.log)
        live.happen()
        (delivery,) = await asyncio.to_thread(until, lambda: deliveries(live, before["id"], tried=True))
        await asyncio.to_thread(red.stop)
        try:
            red.rewrite('"http://127.0.0.1:9"', f'"{red.url}"')
            red.rewrite('"min_confidence":50', '"min_confidence":60')
        finally:
            await asyncio.to_thread(red.start)
        (told,) = await receiver.wait_for(1)
        (after,) = live.hooks()
        assert json.loads(told.body)["id"] == delivery["event_id"]
        assert before["target_url"].startswith("http://127.0.0.1:9/")
        assert (after["id"], after["target_url"]) == (before["id"], f"{red.url}/copyhound/wait")
        assert after["filter"] == {"min_confidence": 60}
        red.deploy(server)
        await asyncio.to_thread(until, lambda: not live.hooks())


def test_of_two_hooks_alike_one_stays(live: Live, red: NodeRed, server: Node) -> None:
    """Where there is a hook already that the node's would become, the node takes that one, and the other is ended."""
    red.deploy(server, *waits("match_found", "http://127.0.0.1:9/", min_confidence=50))
    (hook,) = until(live.hooks, red.log)
    alike = {name: hook[name] for name in ("target_url", "triggers")} | {"filter": {"min_confidence": 70}}
    other = live.call("POST", "/hooks", alike)["id"]
    red.deploy(server, *waits("match_found", "http://127.0.0.1:9/", min_confidence=70))
    until(lambda: [one["id"] for one in live.hooks()] == [other], red.log)
    red.deploy(server)
    until(lambda: not live.hooks())


def test_a_hook_that_is_sent_elsewhere_is_not_taken_back(live: Live, red: NodeRed, server: Node) -> None:
    """As where a Node-RED was copied with its settings: the hook is the other one's, and this one makes its own."""
    flow = waits("match_found", "http://127.0.0.1:9/")
    red.deploy(server, *flow)
    (hook,) = until(live.hooks, red.log)
    live.call("PATCH", f"/hooks/{hook['id']}", {"target_url": "http://127.0.0.1:9/copyhound/wait"})
    assert red.ask("DELETE", "/copyhound/wait").status_code == 204  # as the server does it: look after the hook
    until(lambda: "The hook goes to http://127.0.0.1:9/copyhound/wait now" in red.log(), red.log)
    red.deploy({**server, "name": "again"}, *flow)
    (own,) = until(lambda: others(live, hook), red.log)
    assert own["target_url"] == f"{red.url}/copyhound/wait"
    red.deploy(server)
    until(lambda: [one["id"] for one in live.hooks()] == [hook["id"]], red.log)
    live.call("DELETE", f"/hooks/{hook['id']}")


async def test_a_hook_that_is_deleted_at_the_server_is_made_anew(live: Live, red: NodeRed, server: Node) -> None:
    """Where the server tells that it deleted the hook, another one is made, and is sent what was told since."""
    async with Receiver() as receiver:
        red.deploy(server, *waits("search_complete", receiver.url))
        (first,) = await asyncio.to_thread(until, live.hooks, red.log)
        live.call("DELETE", f"/hooks/{first['id']}")
        (second,) = await asyncio.to_thread(until, lambda: others(live, first), red.log)
        seen = live.happen()["search_id"]
        await receiver.wait_for(1)
        live.call("PATCH", f"/hooks/{second['id']}", {"reverse_unsubscribe": False})
        live.call("DELETE", f"/hooks/{second['id']}")
        missed = live.happen()["search_id"]
        await asyncio.to_thread(until, lambda: live.call("GET", f"/searches/{missed}")["complete"])
        assert live.hooks() == []
        assert red.ask("DELETE", "/copyhound/wait").status_code == 204
        await receiver.wait_for(2)
        (third,) = live.hooks()
        assert [json.loads(told.body)["search_id"] for told in receiver.requests] == [seen, missed]
        assert len(deliveries(live, third["id"])) == 1
        red.deploy(server)
        await asyncio.to_thread(until, lambda: not live.hooks())
    assert "The hook was deleted at the server" in red.log()


def others(live: Live, hook: Node) -> list[Node]:
    return [one for one in live.hooks() if one["id"] != hook["id"]]


async def test_a_hook_that_ends_unheard_is_looked_after(live: Live, red: NodeRed, server: Node) -> None:
    """Now and then the node asks: a disabled hook is told and woken by deploying, one that is gone is made anew."""
    red.rewrite("module.exports = {", "module.exports = {copyhoundCheckSeconds: 0.3, ", "settings.js")
    await asyncio.to_thread(red.stop)
    await asyncio.to_thread(red.start)
    async with Receiver() as states:
        flow = [*waits("match_found", "http://127.0.0.1:9/"), *told_states(states.url)]
        red.deploy(server, *flow)
        (hook,) = await asyncio.to_thread(until, live.hooks, red.log)
        soon = (datetime.now(UTC) + timedelta(seconds=1)).isoformat()
        live.call("PATCH", f"/hooks/{hook['id']}", {"expires_at": soon, "reverse_unsubscribe": False})
        state = await asyncio.to_thread(until, lambda: shown(states, "red"), red.log)
        assert state.startswith("disabled: ")
        assert live.hooks()[0]["status_reason"] in state
        red.deploy({**server, "name": "again"}, *flow)
        await asyncio.to_thread(until, lambda: live.hooks()[0]["status"] == "active", red.log)
        assert [one["id"] for one in live.hooks()] == [hook["id"]]
        live.call("PATCH", f"/hooks/{hook['id']}", {"reverse_unsubscribe": False})
        live.call("DELETE", f"/hooks/{hook['id']}")
        await asyncio.to_thread(until, lambda: others(live, hook), red.log)
        red.deploy(server)
        await asyncio.to_thread(until, lambda: not live.hooks())
    red.rewrite("copyhoundCheckSeconds: 0.3, ", "", "settings.js")


def shown(states: Receiver, colour: str) -> str:
    """The last state of the node, if it has that colour."""
    said = [json.loads(one.body) for one in list(states.requests)]
    return str(said[-1]["text"]) if said and said[-1].get("fill") == colour else ""


async def test_what_is_not_signed_is_refused(live: Live, red: NodeRed, server: Node) -> None:
    """A forged delivery is 401; one that is signed, also after the secret was changed, goes through."""
    async with Receiver() as receiver:
        red.deploy(server, *waits("match_found", receiver.url))
        (hook,) = await asyncio.to_thread(until, live.hooks, red.log)
        forged = Webhook("whsec_" + "A" * 32)
        body = json.dumps({"type": "match_found"})
        now = datetime.now(UTC)
        headers = {"webhook-id": "evt_1", "webhook-timestamp": str(int(now.timestamp()))}
        headers["webhook-signature"] = forged.sign("evt_1", now, body)
        async with httpx.AsyncClient(trust_env=False) as sender:
            answer = await sender.post(hook["target_url"], content=body, headers=headers)
        assert answer.status_code == 401
        assert receiver.requests == []
        assert live.call("POST", f"/hooks/{hook['id']}/test")["status_code"] == 204
        red.deploy(server)
        await asyncio.to_thread(until, lambda: not live.hooks())


def test_an_action_answers(live: Live, red: NodeRed, server: Node) -> None:
    """What is filled in and what a message brings are sent together, and the answer is the payload."""
    red.deploy(server, *does("create_list", monitored=False, providers=[]))
    made = red.ask("POST", "/do", {"label": "From Node-RED"}).json()
    assert live.call("GET", f"/lists/{made['id']}")["label"] == "From Node-RED"
    refused = red.ask("POST", "/do", {"label": ""})
    assert refused.status_code == 422
    assert "label" in refused.text or "field" in refused.text


async def test_a_trigger_is_wired_straight_to_an_action(live: Live, red: NodeRed, server: Node) -> None:
    """An action takes from an event the fields that it knows, and the rest does not get in its way."""
    async with Receiver() as receiver:
        trigger, request = waits("match_found", receiver.url)
        act, _ = does("decide_match", decision="allowed", note="by a flow")[1:3]
        red.deploy(server, {**trigger, "wires": [["act"]]}, {**act, "wires": [["tell"]]}, request)
        await asyncio.to_thread(until, live.hooks, red.log)
        live.happen()
        (told,) = await receiver.wait_for(1)
        red.deploy(server)
        await asyncio.to_thread(until, lambda: not live.hooks())
    match = json.loads(told.body)["match_id"]
    assert live.call("GET", f"/matches/{match}")["decision"] == "allowed"


def test_of_a_list_and_its_label_the_list_is_taken(live: Live, red: NodeRed, server: Node) -> None:
    """An event names its list by id and by label; a search that takes it over is in that list."""
    made = live.call("POST", "/lists", {"label": "Of an event"})
    images = [{"base64": live.picture, "name": "again.jpg"}]
    red.deploy(server, *does("start_search", images=images))
    event = {"id": "evt_1", "type": "match_found", "list_id": made["id"], "list_label": made["label"]}
    answer = red.ask("POST", "/do", event)
    assert answer.is_success, answer.text
    assert answer.json()["list_id"] == made["id"]


def test_a_message_that_comes_again_does_nothing_twice(red: NodeRed, server: Node) -> None:
    """A flow that sends a message to the node once more makes one list; another message, or another input, another."""
    rule = {"t": "set", "p": "_msgid", "pt": "msg", "to": "req.query.message", "tot": "msg"}
    flow = does("create_list")
    flow[0]["wires"] = [["name"]]
    red.deploy(server, *flow, {"id": "name", "type": "change", "rules": [rule], "wires": [["act"]]})
    asked = [("m1", "Again"), ("m1", "Again"), ("m2", "Again"), ("m1", "Another")]
    ids = [red.ask("POST", "/do", {"label": label}, message=name).json()["id"] for name, label in asked]
    assert ids[0] == ids[1]
    assert len(set(ids)) == 3


def test_a_flow_looks_until_a_search_is_complete(live: Live, red: NodeRed, server: Node) -> None:
    """The same message that asks again, as in a loop, is told what is so now."""
    rule = {"t": "set", "p": "_msgid", "pt": "msg", "to": "looking", "tot": "str"}
    flow = does("find_search")
    flow[0]["wires"] = [["name"]]
    red.deploy(server, *flow, {"id": "name", "type": "change", "rules": [rule], "wires": [["act"]]})
    search_id = live.happen()["search_id"]

    def looked() -> Any:
        return red.ask("POST", "/do", {"search_id": search_id, "list_id": "not asked for"}).json()["items"][0]

    looked()
    until(lambda: looked()["complete"], red.log)
    assert looked() == live.ended(search_id)


def test_a_wrong_key_is_told(live: Live, red: NodeRed, server: Node) -> None:
    """A Catch node gets a sentence of why it was refused."""
    red.deploy({**server, "credentials": {"apiKey": "ch_key_wrong"}}, *does("create_list"))
    answer = red.ask("POST", "/do", {"label": "Never"})
    assert answer.status_code == 422
    assert "key" in answer.text


async def test_a_page_of_the_manual_is_an_address(live: Live, red: NodeRed, server: Node) -> None:
    """What a browser shows behind the server's address does no harm: the node subscribes."""
    pasted = {**server, "url": f"{live.url}/docs/node-red#the-nodes"}
    red.deploy(pasted, *waits("match_found", "http://127.0.0.1:9/"))
    (hook,) = await asyncio.to_thread(until, live.hooks, red.log)
    assert hook["target_url"].startswith(red.url)
    red.deploy(server)
    await asyncio.to_thread(until, lambda: not live.hooks())


@pytest.mark.parametrize("answer", [(404, b"<html>"), (404, b'{"detail": "Not Found"}'), (200, b"<html>Hello</html>")])
async def test_another_server_is_told_as_such(red: NodeRed, server: Node, answer: tuple[int, bytes]) -> None:
    """A Catch node gets the sentence."""
    status, body = answer
    async with Receiver() as receiver:
        receiver.will(*[Answer(status, {}, body)] * 9)
        red.deploy({**server, "url": receiver.url}, *does("create_list"))
        told = await asyncio.to_thread(red.ask, "POST", "/do", {"label": "Nowhere"})
    assert told.status_code == 422
    assert told.text.endswith("This address is no Copyhound server.")


def test_a_server_that_does_not_answer_is_named(red: NodeRed, server: Node) -> None:
    """A Catch node gets the address and the reason."""
    with socket.create_server(("127.0.0.1", 0)) as gone:
        nobody = f"http://127.0.0.1:{gone.getsockname()[1]}"
    red.deploy({**server, "url": nobody}, *does("create_list"))
    told = red.ask("POST", "/do", {"label": "Nowhere"})
    assert told.status_code == 422
    assert f"{nobody} does not answer (ECONNREFUSED)" in told.text


def test_another_address_of_the_server_is_told_on_deploying(live: Live, red: NodeRed, server: Node) -> None:
    """Where no hooks are listed, the log says what is wrong with the address."""
    red.deploy({**server, "url": f"{live.url}/shop"}, *waits("match_found", "http://127.0.0.1:9/"))
    until(lambda: "This address is no Copyhound server." in red.log(), red.log)
    red.deploy(server)


def test_the_editor_offers_what_the_server_has(live: Live, red: NodeRed, server: Node) -> None:
    """Triggers and actions of the server, or of this version where none is known; drop-downs of its lists alone."""
    red.deploy(server, *does("create_list"))
    red.ask("POST", "/do", {"label": "In the drop-down"})
    known = red.ask("GET", "/copyhound/catalogue", server="server").json()
    shipped = red.ask("GET", "/copyhound/catalogue").json()
    catalogue = connector_export.built_in()
    assert [one["key"] for one in shipped["triggers"]] == [one["key"] for one in catalogue.triggers]
    assert shipped == known
    (start,) = (one for one in known["actions"] if one["key"] == "start_search")
    kinds = {field["name"]: field["kind"] for field in start["fields"]}
    assert kinds == {
        "images": "json",
        "list_id": "text",
        "list_label": "text",
        "providers": "list",
        "verify": "boolean",
    }
    examples = {field["name"]: field["example"] for field in start["fields"]}
    assert examples["images"] == [{"url": "https://www.example.com/pictures/lighthouse.jpg"}]
    assert examples["verify"] is False
    filters = {field["name"]: field for field in shipped["triggers"][0]["fields"]}
    assert (filters["match_types"]["kind"], filters["match_types"]["choices"]) == ("choices", ["full", "partial"])
    assert all(field["example"] is None for field in filters.values())
    (lists,) = (field["dynamic"] for field in start["fields"] if field["name"] == "list_id")
    offered = red.ask("GET", "/copyhound/choices", server="server", path=lists).json()
    assert "In the drop-down" in [one["name"] for one in offered]
    assert red.ask("GET", "/copyhound/choices", server="server", path="/api/v1/keys").json() == []


@needs_chromium
def test_the_form_is_filled_in(live: Live, red: NodeRed, server: Node) -> None:
    """In the editor: triggers by their titles, fields for the parts of the filter; what is filled in is kept, also when
    the editor tells the server once more, which is asked for its triggers once."""
    made = [live.call("POST", "/lists", {"label": f"Offered in the form {number}"})["id"] for number in (1, 2)]
    red.deploy(server, *waits("match_found", "http://127.0.0.1:9/", min_confidence=50, list_ids=[made[0]]))
    faults: list[str] = []
    asked: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": 1400, "height": 1000})
        page.on("pageerror", lambda fault: faults.append(str(fault)))
        page.on("request", lambda request: asked.append(request.url) if "/catalogue?server=" in request.url else None)
        page.goto(red.url)
        page.wait_for_function("window.RED && RED.nodes && RED.nodes.node && RED.nodes.node('wait')")
        page.evaluate("RED.editor.edit(RED.nodes.node('wait'))")
        page.wait_for_selector(".copyhound-fields .form-row")
        titles = page.locator("#node-input-trigger option").all_inner_texts()
        rows = {row.locator("> label").inner_text(): row for row in page.locator(".copyhound-fields .form-row").all()}
        assert rows["Min confidence"].locator("input").input_value() == "50"
        rows["Min confidence"].locator("input").fill("75.5")
        rows["Domains"].locator("input").fill("example.com, example.org")
        page.evaluate("$('#node-input-server').change()")
        lists = rows["Lists"]
        assert lists.get_by_label("Offered in the form 1").is_checked()
        lists.get_by_label("Offered in the form 2").check()
        lists.locator("input[type=text]").fill("list_typed")
        assert rows["Match types"].locator(".copyhound-boxes label").all_inner_texts() == ["full", "partial"]
        rows["Match types"].get_by_label("partial").check()
        skipped = page.locator("#node-input-skipRepeated")
        assert not skipped.is_checked()
        skipped.check()
        page.click("#node-dialog-ok")
        page.wait_for_function("RED.nodes.node('wait').fields.domains")
        kept = page.evaluate("RED.nodes.node('wait').fields")
        assert page.evaluate("RED.nodes.node('wait').skipRepeated") is True
        browser.close()
    assert titles == [one["title"] for one in connector_export.built_in().triggers]
    assert sorted(kept.pop("list_ids")) == sorted([*made, "list_typed"])
    assert kept == {"min_confidence": 75.5, "domains": ["example.com", "example.org"], "match_types": ["partial"]}
    assert faults == []
    assert len([url for url in asked if not url.endswith("=")]) == 1
    red.deploy(server)
    until(lambda: not live.hooks())


@needs_chromium
def test_the_form_shows_how_it_is_filled_in(red: NodeRed, server: Node) -> None:
    """An empty field has an example; a name in a description is code, without backticks; one list is suggested."""
    red.deploy(server, *does("start_search"))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": 1400, "height": 1000})
        page.goto(red.url)
        page.wait_for_function("window.RED && RED.nodes && RED.nodes.node && RED.nodes.node('act')")
        page.evaluate("RED.editor.edit(RED.nodes.node('act'))")
        page.wait_for_selector(".copyhound-fields .form-row")
        images = page.locator(".copyhound-fields textarea").get_attribute("placeholder")
        told, codes = (
            page.locator(".copyhound-told").inner_text(),
            page.locator(".copyhound-told code").all_inner_texts(),
        )
        helps = [one.get_attribute("title") for one in page.locator(".copyhound-fields [title]").all()]
        page.wait_for_selector("#copyhound-list_id option", state="attached")
        browser.close()
    assert images == '[{"url":"https://www.example.com/pictures/lighthouse.jpg"}]'
    assert (set(codes), "`" in told) == ({"find_search", "search_complete"}, False)
    assert not [one for one in helps if "`" in str(one)]
