"""The custom connector of Power Automate: valid Swagger 2.0; what its designer does with it works on a live server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest
from standardwebhooks.webhooks import Webhook

from copyhound import connector_export
from copyhound.connector_export.power_automate import swagger

from ..fixtures.clients import node_client, run_node
from ..fixtures.receiver import Receiver
from .live import Live, live_server

FOLDER = Path(__file__).parents[2] / "connectors" / "power-automate"
VALIDATOR = "@apidevtools/swagger-parser@13.1.0"
VALIDATE = """
require('@apidevtools/swagger-parser').default.validate(process.argv[1]).then(
  (api) => console.log(api.swagger), (error) => { console.error(error.message); process.exit(1) })
"""
Json = dict[str, Any]


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    with live_server(tmp_path_factory.mktemp("power-automate")) as running:
        yield running


@pytest.fixture(scope="module")
def document() -> Json:
    read: Json = json.loads((FOLDER / "apiDefinition.swagger.json").read_text("utf-8"))
    return read


class Flow:
    """What Power Automate does with a connector: it knows the document alone."""

    def __init__(self, document: Json, live: Live) -> None:
        self._document = document
        self._base = f"{live.url}{document['basePath']}"
        (scheme,) = document["securityDefinitions"].values()
        assert scheme["in"] == "header"
        self._http = httpx.Client(headers={scheme["name"]: live.key}, timeout=60, trust_env=False)

    def operation(self, name: str) -> tuple[str, str, Json]:
        """(method, path, operation)."""
        for path, item in self._document["paths"].items():
            for method, operation in item.items():
                if operation.get("operationId") == name:
                    return method, path, operation
        raise AssertionError(name)

    def run(
        self, name: str, body: Any = None, query: Json | None = None, headers: Json | None = None
    ) -> httpx.Response:
        """Call an operation. What is sent and what is answered are what the document says."""
        method, path, operation = self.operation(name)
        assert set(headers or {}) <= {one["name"] for one in operation.get("parameters", ()) if one["in"] == "header"}
        if body is not None:
            jsonschema.validate(body, _body_schema(operation))
        answer = self._http.request(method, self._base + path, json=body, params=query, headers=headers)
        told = operation["responses"].get(str(answer.status_code))
        assert told is not None, answer.text
        jsonschema.validate(answer.json(), _nullable(told["schema"]))
        return answer

    def subscribe(self, trigger: str, callback: str, **filters: Any) -> str:
        """Attach a trigger; the address that ends it."""
        method, path, operation = self.operation(trigger)
        assert operation["x-ms-trigger"] == "single"
        properties = _body_schema(operation)["properties"]
        (url,) = (name for name, one in properties.items() if one.get("x-ms-notification-url"))
        # what nobody sees is sent with its default, where it is required
        hidden = {
            name: one["default"]
            for name, one in properties.items()
            if one.get("x-ms-visibility") == "internal" and name != url
        }
        sent = {**hidden, url: callback, "filter": filters}
        jsonschema.validate(sent, _body_schema(operation))
        answer = self._http.request(method, self._base + path, json=sent)
        assert answer.status_code == 201, answer.text
        return answer.headers["location"]

    def unsubscribe(self, location: str) -> int:
        return self._http.delete(location).status_code

    def notification(self, trigger: str) -> Json:
        """The schema of what a trigger's callback receives."""
        _, path, _ = self.operation(trigger)
        found: Json = self._document["paths"][path]["x-ms-notification-content"]["schema"]
        return found

    def dropdown(self, operation: str, field: str) -> list[tuple[str, str]]:
        """(value, title) of each choice of a field of an operation's body."""
        part = _body_schema(self.operation(operation)[2])["properties"][field]
        values = (part.get("items") or part)["x-ms-dynamic-values"]
        given = self.operation(values["operationId"])[2]["parameters"]
        query = {one["name"]: one["default"] for one in given if "default" in one}
        found = self.run(values["operationId"], query=query).json()
        rows = found[values["value-collection"]]
        return [(row[values["value-path"]], row[values["value-title"]]) for row in rows]


def _body_schema(operation: Json) -> Json:
    (body,) = (one for one in operation["parameters"] if one["in"] == "body")
    schema: Json = body["schema"]
    return schema


@pytest.fixture
def flow(document: Json, live: Live) -> Flow:
    return Flow(document, live)


def test_the_document_is_valid_swagger(document: Json) -> None:
    """A validator of Swagger 2.0 finds nothing wrong with it, and it has nothing that only newer dialects know."""
    folder = node_client(VALIDATOR)
    assert run_node(folder, VALIDATE, str(FOLDER / "apiDefinition.swagger.json")).strip() == "2.0"
    text = json.dumps(document)
    assert [word for word in ('"anyOf"', '"oneOf"', '"const"', '"$defs"', '"$ref"', '"null"') if word in text] == []


def test_a_fault_is_found(tmp_path: Path, document: Json) -> None:
    """The validator refuses the document with an empty `required`, so that the test above can fail."""
    wrong = json.loads(json.dumps(document))
    wrong["paths"]["/actions/start_search"]["post"]["parameters"][0]["schema"]["required"] = []
    (tmp_path / "wrong.json").write_text(json.dumps(wrong))
    with pytest.raises(AssertionError):
        run_node(node_client(VALIDATOR), VALIDATE, str(tmp_path / "wrong.json"))


def test_every_trigger_and_action_is_in_it(document: Json) -> None:
    """One operation each, with a summary, a description that ends in a full stop, and a name of its own."""
    catalogue = connector_export.built_in()
    for one in catalogue.triggers:
        assert document["paths"][f"/triggers/{one['key']}/hooks"]["x-ms-notification-content"]["schema"]["properties"]
    for one in catalogue.actions:
        assert document["paths"][f"/actions/{one['key']}"]["post"]["summary"] == one["title"]
    operations = [
        operation for item in document["paths"].values() for name, operation in item.items() if name[0] != "x"
    ]
    assert all(one["description"].endswith(".") and len(one["summary"]) <= 80 for one in operations)
    names = [one["operationId"] for one in operations]
    assert len(names) == len(set(names))


def test_every_field_has_a_name_for_people(document: Json) -> None:
    """Each property, however deep, has an `x-ms-summary`."""

    def nameless(part: Any, at: str = "") -> Iterator[str]:
        if isinstance(part, dict):
            for name, one in (part.get("properties") or {}).items():
                if isinstance(one, dict) and "x-ms-summary" not in one:
                    yield f"{at}/{name}"
            for name, one in part.items():
                yield from nameless(one, f"{at}/{name}")
        if isinstance(part, list):
            for one in part:
                yield from nameless(one, at)

    assert list(nameless(document["paths"])) == []


def test_samples_are_what_the_document_says(document: Json) -> None:
    """The sample of each trigger is valid by its notification's schema, that of each action by its answer's."""
    flat = swagger(connector_export.built_in())
    for one in connector_export.built_in().triggers:
        content = flat["paths"][f"/triggers/{one['key']}/hooks"]["x-ms-notification-content"]
        jsonschema.validate(one["sample"], _nullable(content["schema"]))
    for one in connector_export.built_in().actions:
        answer = document["paths"][f"/actions/{one['key']}"]["post"]["responses"]["200"]
        jsonschema.validate(one["sample"], _nullable(answer["schema"]))


def _nullable(part: Any) -> Any:
    """The schema with `x-nullable` in words that a validator knows."""
    if isinstance(part, list):
        return [_nullable(one) for one in part]
    if not isinstance(part, dict):
        return part
    found = {name: _nullable(one) for name, one in part.items()}
    return {"anyOf": [found, {"type": "null"}]} if part.get("x-nullable") else found


async def test_a_flow_is_told_and_ends(live: Live, flow: Flow) -> None:
    """Subscribe with the callback, a match is told as the notification's schema says, DELETE at `Location` ends it."""
    async with Receiver() as receiver:
        location = flow.subscribe("OnMatchFound", receiver.url, min_confidence=50)
        (hook,) = live.hooks()
        assert hook["description"] == "Power Automate"
        secret = live.call("GET", f"/hooks/{hook['id']}/secret")["secret"]
        live.happen()
        (told,) = await receiver.wait_for(1)
    event = json.loads(told.body)
    jsonschema.validate(event, _nullable(flow.notification("OnMatchFound")))
    assert event["type"] == "match_found"
    assert event["image_url"] == "https://shop.example.com/kodak_0001.jpg"
    assert Webhook(secret).verify(told.body, dict(told.headers)) == event
    assert (flow.unsubscribe(location), live.hooks()) == (204, [])
    assert flow.unsubscribe(location) == 204


def test_a_flow_acts(live: Live, flow: Flow) -> None:
    """An action makes a list, which the drop-down of another then offers."""
    made = flow.run("CreateList", {"label": "From a flow"}).json()
    assert (made["id"], "From a flow") in flow.dropdown("StartSearch", "list_id")
    assert "own_index" in [value for value, _ in flow.dropdown("StartSearch", "providers")]
    started = flow.run("StartSearch", {"images": [{"base64": live.picture}], "list_id": made["id"]}).json()
    assert started["list_id"] == made["id"]


def test_a_flow_looks_at_a_search(live: Live, flow: Flow) -> None:
    """What became of a search is as the document says; its drop-down offers it."""
    search_id = live.happen()["search_id"]
    ended = live.ended(search_id)
    assert flow.run("FindSearch", {"search_id": search_id}).json() == {"id": search_id, "found": True, "items": [ended]}
    assert flow.run("FindSearch", {"search_id": "search_none"}).json()["items"] == []
    assert search_id in [value for value, _ in flow.dropdown("FindSearch", "search_id")]


def test_a_repeated_step_makes_nothing_twice(flow: Flow) -> None:
    """A step with an idempotency key, which every action that makes something offers, is done once."""
    once = {"Idempotency-Key": "08585-run-list"}
    made = [flow.run("CreateList", {"label": "Once"}, headers=once).json()["id"] for _ in range(2)]
    assert made[0] == made[1]
    offered = [flow.operation(name)[2]["parameters"] for name in ("StartSearch", "AddImages", "DecideMatch")]
    assert all("Idempotency-Key" in [one["name"] for one in parameters] for parameters in offered)


def test_the_connection_is_tried(flow: Flow) -> None:
    """GetMe tells whose key it is."""
    assert flow.run("GetMe").json()["name"]


def test_the_properties_fit_the_document(document: Json) -> None:
    """The connection asks for what the document's security is called, and for the server."""
    properties = json.loads((FOLDER / "apiProperties.json").read_text("utf-8"))["properties"]
    assert set(properties["connectionParameters"]) == {"base_url", *document["securityDefinitions"]}
    (policy,) = properties["policyTemplateInstances"]
    template = policy["parameters"]["x-ms-apimTemplateParameter.urlTemplate"]
    assert template == f"@connectionParameters('base_url'){document['basePath']}"


@pytest.mark.parametrize("key", ["nothing_such", "match_found.x"])
def test_an_unknown_trigger_is_not_found(live: Live, key: str) -> None:
    """404 for the hooks of a trigger that there is not."""
    with live.server.client() as client:
        answer = client.post(f"/triggers/{key}/hooks", json={"target_url": "https://hooks.example.org/x"})
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
