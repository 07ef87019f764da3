"""The app for Make, run by a small interpreter of Make's language against a live server."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from copyhound import connector_export

from ..fixtures.receiver import Answer, Receiver
from .live import Live, live_server

FOLDER = Path(__file__).parents[2] / "connectors" / "make"
EXPRESSION = re.compile(r"\{\{([\w.-]+)\}\}")
MISSING = object()
TYPES = {"text", "number", "integer", "boolean", "date", "url", "select", "array", "collection", "any", "password"}
Json = dict[str, Any]


def looked_up(path: str, around: Json) -> Any:
    """`body.id` in what is around."""
    found: Any = around
    for name in path.split("."):
        if not isinstance(found, dict) or name not in found:
            return MISSING
        found = found[name]
    return found


def filled(template: Any, around: Json) -> Any:
    """A template with its expressions replaced; what an expression does not find is left out."""
    if isinstance(template, dict):
        parts = {name: filled(one, around) for name, one in template.items()}
        return {name: one for name, one in parts.items() if one is not MISSING}
    if isinstance(template, list):
        return [filled(one, around) for one in template]
    if not isinstance(template, str):
        return template
    if whole := EXPRESSION.fullmatch(template):
        return looked_up(whole[1], around)
    assert "{{" not in EXPRESSION.sub("", template), f"not understood: {template}"
    return EXPRESSION.sub(lambda one: str(looked_up(one[1], around)), template)


class Make:
    """What Make does with an app: it knows the app's files alone, and one connection."""

    def __init__(self, folder: Path, connection: Json) -> None:
        self._folder, self._connection = folder, connection
        self.manifest: Json = self.read("makecomapp.json")
        self._base = self.read(self.manifest["generalCodeFiles"]["base"])

    def read(self, name: str) -> Any:
        """A file of the app."""
        return json.loads((self._folder / name).read_text("utf-8"))

    def code(self, kind: str, name: str, code: str) -> Any:
        """A file of a component."""
        return self.read(self.manifest["components"][kind][name]["codeFiles"][code])

    def test_connection(self) -> Json:
        """What the connection's own request tells, in its `metadata`."""
        told = self._run(self.code("connection", "copyhound", "communication"), {"parameters": self._connection})
        metadata: Json = told["metadata"]
        return metadata

    def run(self, kind: str, name: str, code: str, few: Json | None = None, **around: Any) -> Any:
        """Send a request of the app, on its base; what its `response` makes of the answer. `few` changes its query."""
        communication = self.code(kind, name, code)
        communication["qs"] = {**communication.get("qs", {}), **(few or {})}
        joined = {**self._base, **communication, "url": self._base["baseUrl"] + communication["url"]}
        joined["response"] = {**self._base["response"], **communication.get("response", {})}
        return self._run(joined, {"connection": self._connection, **around})

    def _run(self, communication: Json, around: Json) -> Any:
        sent = filled({name: communication.get(name) for name in ("url", "method", "headers", "qs", "body")}, around)
        answer = httpx.request(
            sent["method"] or "GET",
            sent["url"],
            headers=sent["headers"],
            params=sent["qs"],
            json=sent["body"],
            timeout=60,
            trust_env=False,
        )
        is_json = "json" in answer.headers.get("content-type", "")
        body = answer.json() if is_json else answer.text or None
        around = {**around, "body": body, "statusCode": answer.status_code}
        response = communication.get("response", {})
        if not answer.is_success:
            error = response["error"].get(str(answer.status_code), response["error"])
            raise RuntimeError(f"{error['type']}: {filled(error['message'], around)}")
        valid = response.get("valid", {"condition": True})
        if filled(valid["condition"], around) in (None, False, MISSING):
            raise RuntimeError(f"{valid['type']}: {filled(valid['message'], around)}")
        if "iterate" in response:
            rows = filled(response["iterate"], around)
            found = [filled(response["output"], {**around, "item": row}) for row in rows]
            return found + self._next(communication, around)
        return filled(response.get("output", response), around)

    def _next(self, communication: Json, around: Json) -> list[Any]:
        pages = communication.get("pagination")
        if pages is None or filled(pages["condition"], around) in (None, MISSING):
            return []
        query = {**communication.get("qs", {}), **filled(pages["qs"], around)}
        rest: list[Any] = self._run({**communication, "qs": query}, around)
        return rest


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    with live_server(tmp_path_factory.mktemp("make")) as running:
        yield running


@pytest.fixture
def make(live: Live) -> Make:
    return Make(FOLDER, {"base_url": live.url, "api_key": live.key})


def test_every_trigger_and_action_is_in_it(make: Make) -> None:
    """Each trigger has a webhook and an instant trigger, each action a module; all files that are named are there."""
    catalogue = connector_export.built_in()
    components = make.manifest["components"]
    assert len(components["webhook"]) == len(catalogue.triggers)
    assert len(components["module"]) == len(catalogue.triggers) + len(catalogue.actions)
    for kind, named in components.items():
        for name, one in named.items():
            assert re.fullmatch(r"[a-zA-Z][0-9a-zA-Z]+", name)
            assert all(make.code(kind, name, code) is not None for code in one["codeFiles"])


def test_every_field_is_of_a_kind_that_make_knows(make: Make) -> None:
    """Parameters and interfaces, however deep; drop-downs lead to an RPC that is there."""

    def wrong(fields: list[Json]) -> Iterator[str]:
        for field in fields:
            if field["type"] not in TYPES:
                yield f"{field['name']}: {field['type']}"
            options = field.get("options", "")
            if isinstance(options, str) and options.removeprefix("rpc://") not in (
                "",
                *make.manifest["components"]["rpc"],
            ):
                yield f"{field['name']}: {options}"
            if isinstance(field.get("spec"), list):
                yield from wrong(field["spec"])

    lists = [
        make.code(kind, name, code)
        for kind in ("webhook", "module")
        for name, one in make.manifest["components"][kind].items()
        for code in one["codeFiles"]
        if code in ("parameters", "mappableParams", "interface")
    ]
    assert len(lists) > 20
    assert [text for fields in lists for text in wrong(fields)] == []


def test_a_sample_has_what_the_interface_tells(make: Make) -> None:
    """The interface of each module names the keys of its sample."""
    for name in make.manifest["components"]["module"]:
        names = {field["name"] for field in make.code("module", name, "interface")}
        assert set(make.code("module", name, "samples")) <= names, name


def test_the_connection_is_tried(make: Make, live: Live) -> None:
    """It shows the workspace's name; a wrong key is an error that says why."""
    assert make.test_connection()["value"] == live.call("GET", "/me")["name"]
    with pytest.raises(RuntimeError, match=r"InvalidAccessTokenError: \[401\]"):
        Make(FOLDER, {"base_url": live.url, "api_key": "wrong"}).test_connection()


@pytest.mark.parametrize("answer", [(404, b"{}"), (404, b"<html>"), (200, b"<html>Hello</html>"), (200, b"{}")])
async def test_another_server_is_told_as_such(answer: tuple[int, bytes]) -> None:
    """404, or what is not Copyhound's JSON, is another server to the connection."""
    status, body = answer
    kind = "text/html" if body.startswith(b"<") else "application/json"
    async with Receiver() as receiver:
        receiver.will(Answer(status, {"content-type": kind}, body))
        other = Make(FOLDER, {"base_url": receiver.url, "api_key": "key"})
        with pytest.raises(RuntimeError, match="DataError: This address is no Copyhound server"):
            await asyncio.to_thread(other.test_connection)


async def test_an_event_reaches_a_scenario(make: Make, live: Live) -> None:
    """Attach makes a hook with the filter, an event is the webhook's output, detach ends it, also a second time."""
    async with Receiver() as receiver:
        webhook = {"url": receiver.url}
        attached = make.run("webhook", "matchFound", "attach", webhook=webhook, parameters={"min_confidence": 50})
        (hook,) = live.hooks()
        assert (hook["id"], hook["filter"]) == (attached["data"]["externalHookId"], {"min_confidence": 50})
        assert hook["description"] == "Make"
        live.happen()
        (told,) = await receiver.wait_for(1)
    output = filled(make.code("webhook", "matchFound", "communication")["output"], {"body": json.loads(told.body)})
    assert output["image_url"] == "https://shop.example.com/kodak_0001.jpg"
    assert set(output) == {field["name"] for field in make.code("module", "watchMatchFound", "interface")}
    for _ in range(2):
        make.run("webhook", "matchFound", "detach", webhook={**webhook, **attached["data"]})
    assert live.hooks() == []


def test_a_scenario_acts(make: Make, live: Live) -> None:
    """A module makes a list, the drop-down offers it, a search module finds it, and starts a search in it."""
    made = make.run("module", "createList", "communication", parameters={"label": "From Make"})
    assert {"label": "From Make", "value": made["id"]} in make.run("rpc", "choicesLists", "communication")
    found = make.run("module", "findList", "communication", parameters={"label": "From Make"})
    assert [one["id"] for one in found] == [made["id"]]
    assert make.run("module", "findList", "communication", parameters={"label": "Not there"}) == []
    wanted = {"list_id": made["id"], "images": [{"base64": live.picture}]}
    assert make.run("module", "startSearch", "communication", parameters=wanted)["list_id"] == made["id"]


def test_a_search_is_looked_at(make: Make, live: Live) -> None:
    """A search module gives one bundle with what became of a search, none where it is not there; a drop-down has it."""
    search_id = live.happen()["search_id"]
    ended = live.ended(search_id)
    assert make.run("module", "findSearch", "communication", parameters={"search_id": search_id}) == [ended]
    interface = make.code("module", "findSearch", "interface")
    assert set(ended) == {field["name"] for field in interface}
    (rows,) = (field["spec"] for field in interface if field["name"] == "by_provider")
    assert {field["name"]: field["type"] for field in rows}["outcome"] == "select"
    assert make.run("module", "findSearch", "communication", parameters={"search_id": "search_none"}) == []
    assert search_id in [one["value"] for one in make.run("rpc", "choicesSearches", "communication")]


def test_what_is_refused_is_told(make: Make) -> None:
    """The error is of Make's kind, with a sentence for people."""
    with pytest.raises(RuntimeError, match=r"DataError: \[400\] .*label"):
        make.run("module", "createList", "communication", parameters={"label": ""})


def test_a_drop_down_has_all_pages(make: Make, live: Live) -> None:
    """More lists than a page holds are all offered."""
    for number in range(3):
        live.call("POST", "/lists", {"label": f"List {number}"})
    few = make.run("rpc", "choicesLists", "communication", few={"limit": 2})
    assert len(few) == len(live.call("GET", "/lists")["items"]) > 2
