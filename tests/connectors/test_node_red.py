"""The nodes for Node-RED, in a real Node-RED without a screen, beside a live server."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import sync_playwright
from standardwebhooks.webhooks import Webhook

from copyhound import connector_export

from ..e2e.servers import PATIENCE
from ..fixtures.clients import node_client
from ..fixtures.receiver import Receiver
from .live import Live, live_server

PACKAGE = Path(__file__).parents[2] / "connectors" / "node-red"
NODE_RED = "node-red@4.1.15"
SETTINGS = (
    "module.exports = {credentialSecret: false, telemetry: {enabled: false}, diagnostics: {enabled: false},"
    "logging: {console: {level: 'info'}}, uiHost: '127.0.0.1',"
    "editorTheme: {tours: false}}"
)
Node = dict[str, Any]
CHROMIUM = shutil.which("chromium")
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
_PLACED = {"z": "tab", "x": 100, "y": 100, "wires": []}


class NodeRed:
    """A Node-RED of its own, which has our package installed."""

    def __init__(self, program: Path, folder: Path) -> None:
        self._program, self._folder = program, folder
        shutil.copytree(PACKAGE, folder / "node_modules" / "node-red-contrib-copyhound")
        (folder / "package.json").write_text('{"name": "flows", "dependencies": {"node-red-contrib-copyhound": "*"}}')
        (folder / "settings.js").write_text(SETTINGS)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        red = self._program / "node_modules" / "node-red" / "red.js"
        with (self._folder / "log").open("ab") as out:
            words = ["node", str(red), "-u", str(self._folder), "-s", str(self._folder / "settings.js")]
            self._process = subprocess.Popen([*words, "-p", str(self.port)], stdout=out, stderr=out)
        until(self._answers, self.log)

    def stop(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(PATIENCE)
            self._process = None

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/nodes", headers={"accept": "application/json"}, trust_env=False).is_success
        except httpx.TransportError:
            return False

    def log(self) -> str:
        return (self._folder / "log").read_text(errors="replace")[-4000:]

    def ask(self, method: str, at: str, body: Any = None, **query: str) -> httpx.Response:
        return httpx.request(method, self.url + at, json=body, params=query, timeout=60, trust_env=False)

    def deploy(self, *nodes: Node) -> None:
        """Replace all flows by one of these nodes."""
        # what has no place on the canvas is a config node
        flow = [
            {"id": "tab", "type": "tab", "label": "tests"},
            *(node if node["id"] == "server" else {**_PLACED, **node} for node in nodes),
        ]
        answer = self.ask("POST", "/flows", flow)
        assert answer.status_code == 204, answer.text


def until(reached: Callable[[], Any], tell: Callable[[], str] = str) -> Any:
    """What another process brings about, once it has."""
    deadline = time.monotonic() + PATIENCE
    while not (found := reached()):
        assert time.monotonic() < deadline, tell()
        time.sleep(0.05)
    return found


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


def waits(trigger: str, to: str, **fields: Any) -> list[Node]:
    """A flow that sends each event to an address."""
    head = {"id": "wait", "type": "copyhound-trigger", "server": "server", "trigger": trigger, "fields": fields}
    request = {"id": "tell", "type": "http request", "method": "POST", "url": to, "paytoqs": "ignore", "ret": "txt"}
    return [{**head, "wires": [["tell"]]}, {**request, "wires": [[]]}]


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
    """Deploying subscribes, a match is a message, deploying again keeps the one hook, taking the node out ends it."""
    async with Receiver() as receiver:
        red.deploy(server, *waits("match_found", receiver.url, min_confidence=50))
        (hook,) = await asyncio.to_thread(until, live.hooks, red.log)
        assert (hook["triggers"], hook["filter"]) == (["match_found"], {"min_confidence": 50})
        live.happen()
        (told,) = await receiver.wait_for(1)
        red.deploy(server, *waits("match_found", receiver.url, min_confidence=60))
        await asyncio.to_thread(until, lambda: [one["id"] for one in live.hooks()] != [hook["id"]])
        await asyncio.to_thread(until, lambda: len(live.hooks()) == 1)
        red.deploy(server)
        await asyncio.to_thread(until, lambda: not live.hooks())
    event = json.loads(told.body)
    assert (event["type"], event["image_url"]) == ("match_found", "https://shop.example.com/kodak_0001.jpg")


async def test_nothing_is_lost_or_doubled_over_a_restart(live: Live, red: NodeRed, server: Node) -> None:
    """What happens while Node-RED is stopped comes after its start, once, by the same hook."""
    async with Receiver() as receiver:
        red.deploy(server, *waits("search_complete", receiver.url))
        before = await asyncio.to_thread(until, live.hooks, red.log)
        await asyncio.to_thread(red.stop)
        hook = before[0]["id"]
        try:
            kept = [one["id"] for one in live.hooks()]
            search = live.happen()["search_id"]
            (delivery,) = await asyncio.to_thread(
                until, lambda: [one for one in deliveries(live, hook) if one["attempts"]]
            )
        finally:
            await asyncio.to_thread(red.start)
        resend = f"/deliveries/{delivery['id']}/resend"
        await asyncio.to_thread(until, lambda: taken(live, delivery) or not live.call("POST", resend))
        (told,) = await receiver.wait_for(1)
        live.call("POST", resend)
        await asyncio.to_thread(until, lambda: taken(live, delivery) >= 2)
        assert json.loads(told.body)["search_id"] == search
        assert len(receiver.requests) == 1
        assert kept == [one["id"] for one in live.hooks()] == [hook]
        red.deploy(server)
        await asyncio.to_thread(until, lambda: not live.hooks())


def deliveries(live: Live, hook: str) -> list[Node]:
    found: list[Node] = live.call("GET", f"/deliveries?hook_id={hook}")["items"]
    return found


def taken(live: Live, delivery: Node) -> int:
    """How often the receiver took it."""
    attempts = live.call("GET", f"/deliveries/{delivery['id']}/attempts")["items"]
    return sum(one["status_code"] == 204 for one in attempts)


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


def test_a_wrong_key_is_told(live: Live, red: NodeRed, server: Node) -> None:
    """A Catch node gets a sentence of why it was refused."""
    red.deploy({**server, "credentials": {"apiKey": "ch_key_wrong"}}, *does("create_list"))
    answer = red.ask("POST", "/do", {"label": "Never"})
    assert answer.status_code == 422
    assert "key" in answer.text


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
    (lists,) = (field["dynamic"] for field in start["fields"] if field["name"] == "list_id")
    offered = red.ask("GET", "/copyhound/choices", server="server", path=lists).json()
    assert "In the drop-down" in [one["name"] for one in offered]
    assert red.ask("GET", "/copyhound/choices", server="server", path="/api/v1/keys").json() == []


@pytest.mark.skipif(CHROMIUM is None and os.environ.get("CI") != "true", reason="Chromium is not installed")
def test_the_form_is_filled_in(live: Live, red: NodeRed, server: Node) -> None:
    """In the editor: triggers by their titles, a field for each part of the filter; what is filled in is kept."""
    made = live.call("POST", "/lists", {"label": "Offered in the form"})
    red.deploy(server, *waits("match_found", "http://127.0.0.1:9/", min_confidence=50))
    faults: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": 1400, "height": 1000})
        page.on("pageerror", lambda fault: faults.append(str(fault)))
        page.goto(red.url)
        page.wait_for_function("window.RED && RED.nodes && RED.nodes.node && RED.nodes.node('wait')")
        page.evaluate("RED.editor.edit(RED.nodes.node('wait'))")
        page.wait_for_selector(".copyhound-fields .form-row")
        titles = page.locator("#node-input-trigger option").all_inner_texts()
        rows = {row.locator("label").inner_text(): row for row in page.locator(".copyhound-fields .form-row").all()}
        assert rows["Min confidence"].locator("input").input_value() == "50"
        rows["Min confidence"].locator("input").fill("75.5")
        rows["Domains"].locator("input").fill("example.com, example.org")
        rows["List"].locator("input").fill(made["id"])
        page.wait_for_function("name => document.querySelector(`datalist option[value='${name}']`)", arg=made["id"])
        page.click("#node-dialog-ok")
        kept = page.evaluate("RED.nodes.node('wait').fields")
        browser.close()
    assert titles == [one["title"] for one in connector_export.built_in().triggers]
    wanted = {"min_confidence": 75.5, "domains": ["example.com", "example.org"], "list_ids": [made["id"]]}
    assert kept == wanted
    assert faults == []
    red.deploy(server)
    until(lambda: not live.hooks())
