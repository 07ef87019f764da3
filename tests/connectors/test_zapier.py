"""The integration for Zapier, on Zapier's own platform library, against a running server."""

from __future__ import annotations

import json
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from copyhound.connector_export import built_in
from copyhound.connector_export.catalogue import Described
from copyhound.connector_export.zapier import CORE, leaves, operations

from ..fixtures.clients import node_client, run_node
from .live import PICTURE, Live, live_server

CONNECTOR = Path(__file__).parents[2] / "connectors" / "zapier"
HAPPENING = ("match_found", "new_domain_found", "search_complete")
HARNESS = r"""
process.env.NODE_ENV = 'test';
const http = require('node:http');
const zapier = require('zapier-platform-core');
const App = require('./index');
const [base_url, api_key, ...given] = process.argv.slice(1);
const run = zapier.createAppTester(App);
const bundle = (more) => ({ authData: { base_url, api_key }, inputData: {}, meta: {}, ...more });
const create = (key, inputData) => run(App.creates[key].operation.perform, bundle({ inputData }));
const search = (key, inputData) => run(App.searches[key].operation.perform, bundle({ inputData }));
const refused = async (promise) => {
  try {
    return { answered: await promise };
  } catch (error) {
    return { name: error.name, ...JSON.parse(error.message) };
  }
};
const listening = (handler) =>
  new Promise((resolve) => {
    const server = http.createServer(handler).listen(0, '127.0.0.1', () =>
      resolve({
        url: `http://127.0.0.1:${server.address().port}`,
        close: () => server.close() && server.closeAllConnections(),
      }));
  });
(async () => { const told = await (async () => { %s })(); console.log('\n' + JSON.stringify(told)); })();
"""


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The integration with its dependencies, as `npm install` leaves it."""
    client = node_client("zapier-platform-core@19.1.0", "standardwebhooks@1.1.1")
    folder = tmp_path_factory.mktemp("zapier") / "app"
    shutil.copytree(CONNECTOR, folder, ignore=shutil.ignore_patterns("node_modules"))
    (folder / "node_modules").symlink_to(client / "node_modules")
    return folder


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A running server."""
    with live_server(tmp_path_factory.mktemp("server")) as one:
        yield one


def ran(app: Path, live: Live | None, script: str, *given: str, key: str | None = None) -> Any:
    """What a script answers, run in the integration's folder with the harness around it."""
    url, own = (live.url, live.key) if live else ("", "")
    return json.loads(run_node(app, HARNESS % script, url, key or own, *given).rstrip().splitlines()[-1])


@pytest.fixture(scope="module")
def definition(app: Path) -> Any:
    """The integration as Zapier stores it, once Zapier's own checks have found nothing."""
    told = ran(
        app,
        None,
        """const handler = require('zapier-platform-core/src/tools/create-lambda-handler')(App);
        const found = (await handler({ command: 'validate' })).results;
        const definition = (await handler({ command: 'definition' })).results;
        const { errors } = require('zapier-platform-schema').validateAppDefinition(definition);
        return { found, errors: errors.map(String), definition };""",
    )
    assert (told["found"], told["errors"]) == ([], [])
    return told["definition"]


def shown(definition: Any) -> list[Any]:
    """Every operation that people choose from."""
    kinds = ("triggers", "creates", "searches")
    return [one for kind in kinds for one in definition[kind].values() if not one["display"].get("hidden")]


def inputs(one: Any) -> list[Any]:
    """The input fields of an operation, those of line items too."""
    found = one["operation"].get("inputFields", [])
    return [field for part in found for field in (part, *part.get("children", ()))]


def test_everything_of_the_catalogue_is_there(definition: Any) -> None:
    """Each trigger and each action is an operation under its own key, and Zapier's validator finds nothing."""
    catalogue = built_in()
    assert {one["key"] for one in catalogue.triggers} <= set(definition["triggers"])
    done = {**definition["creates"], **definition["searches"]}
    assert set(done) == {one["key"] for one in catalogue.actions}
    assert definition["platformVersion"] == CORE
    assert definition["version"] == catalogue.version


def test_no_input_asks_for_the_key(definition: Any) -> None:
    """D001, D003: the key belongs to the connection, which has a label."""
    assert [f["key"] for one in shown(definition) for f in inputs(one) if "key" in f["key"].split("_")] == []
    assert definition["authentication"]["connectionLabel"] == "{{name}}"


def test_ids_are_chosen_from_drop_downs(definition: Any) -> None:
    """D004, D005: each field for an id has a drop-down, and each drop-down a trigger that is there and hidden."""
    bare = [f["key"] for one in shown(definition) for f in inputs(one) if re.search("_ids?$", f["key"])]
    chosen = {f["key"]: f["dynamic"] for one in shown(definition) for f in inputs(one) if "dynamic" in f}
    assert [key for key in bare if key not in chosen] == []
    assert chosen
    searched = {f["key"]: f["search"] for one in shown(definition) for f in inputs(one) if "search" in f}
    assert searched == {"list_id": "find_list.id"}
    for target in chosen.values():
        key, *fields = target.split(".")
        assert fields == ["id", "name"]
        assert definition["triggers"][key]["display"]["hidden"] is True
        assert definition["triggers"][key]["operation"]["canPaginate"] is True


def test_hooks_are_whole(definition: Any) -> None:
    """D006, D021: each trigger is a REST hook with all four functions, and says when it triggers."""
    for one in definition["triggers"].values():
        assert re.match("Triggers when .", one["display"]["description"]), one["key"]
        if one["display"].get("hidden"):
            continue
        assert one["operation"]["type"] == "hook"
        for name in ("perform", "performList", "performSubscribe", "performUnsubscribe"):
            assert one["operation"][name], (one["key"], name)


def test_samples_are_as_promised(definition: Any) -> None:
    """D010, D012, D023, D024: a sample's id, parts and times are as its output fields promise."""
    for one in shown(definition):
        sample, fields = one["operation"]["sample"], one["operation"]["outputFields"]
        assert sample["id"], one["key"]
        assert [field["key"] for field in fields if field.get("primary")] == ["id"]
        assert set(leaves(sample)) - {field["key"] for field in fields} == set(), one["key"]
        for field in fields:
            value = sample.get(field["key"])
            if field.get("type") == "datetime" and value is not None:
                assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", value), value


def test_searches_have_fields(definition: Any) -> None:
    """D009: each search has a field; one that can create is paired with what creates."""
    assert [one["key"] for one in definition["searches"].values() if not one["operation"]["inputFields"]] == []
    pairs = {pair["search"]: pair["create"] for pair in definition["searchOrCreates"].values()}
    assert pairs == {"find_list": "create_list"}


def test_no_address_is_plain_http() -> None:
    """D007: no address that the integration itself names goes without TLS."""
    for file in CONNECTOR.glob("*.js*"):
        found = re.findall(r"http://[^\s'\"`]+", file.read_text("utf-8"))
        assert [address for address in found if "example" not in address] == [], file.name


def test_the_connection_is_tested(app: Path, live: Live) -> None:
    """A good key gives the label's name; a bad one asks for the connection again; another server is told as such."""
    told = ran(
        app,
        live,
        """const other = await listening((_, answer) => answer.end('<html>Hello</html>'));
        const test = (authData) => refused(run(App.authentication.test, { authData }));
        const told = {
          good: await test({ base_url: `  ${base_url}/api/v1/ `, api_key }),
          bad: await test({ base_url, api_key: 'ch_wrong' }),
          other: await test({ base_url: other.url, api_key }),
        };
        other.close();
        return told;""",
    )
    assert told["good"]["answered"]["name"]
    assert (told["bad"]["code"], told["bad"]["status"]) == ("AuthenticationError", 401)
    assert told["other"]["message"] == "This address is no Copyhound server."


SUBSCRIBED = """
const { Webhook } = require('standardwebhooks');
const { readFileSync } = require('node:fs');
const [picture, ...keys] = given;
const came = [];
let arrived = () => {};
const receiver = await listening((request, answer) => {
  if (request.method === 'GET') return answer.end(readFileSync(picture));
  const parts = [];
  request.on('data', (part) => parts.push(part)).on('end', () => {
    came.push({ path: request.url, headers: request.headers, raw: Buffer.concat(parts).toString() });
    answer.end();
    arrived();
  });
});
const hooks = {};
const input = (key) => (key === 'hook_disabled' ? {} : { inputData: { min_confidence: 10, list_ids: [] } });
for (const key of keys) {
  const subscribed = () => run(App.triggers[key].operation.performSubscribe,
    bundle({ targetUrl: `${receiver.url}/${key}`, ...input(key) }));
  hooks[key] = await subscribed();
  if ((await subscribed()).id !== hooks[key].id) throw new Error('subscribed twice');
}
const started = await create('start_search', { images: [{ url: `${receiver.url}/mine.jpg`, name: 'mine.jpg' }] });
const waiting = Date.now() + 60000;
while (new Set(came.map((one) => one.path)).size < keys.length) {
  if (Date.now() > waiting) throw new Error('only ' + came.map((one) => one.path));
  await new Promise((resolve) => { arrived = resolve; setTimeout(resolve, 500); });
}
const told = { started, came: {} };
for (const { path, headers, raw } of came) {
  const key = path.slice(1);
  const subscribeData = hooks[key];
  new Webhook(subscribeData.secret).verify(raw, headers);
  const cleanedRequest = JSON.parse(raw);
  const listed = await run(App.triggers[key].operation.performList, bundle());
  const performed = await run(App.triggers[key].operation.perform, bundle({ cleanedRequest, subscribeData }));
  told.came[key] = { id: headers['webhook-id'], performed, listed };
}
for (const key of keys) {
  const leave = () => run(App.triggers[key].operation.performUnsubscribe, bundle({ subscribeData: hooks[key] }));
  await leave();
  await leave();
}
receiver.close();
return told;
"""


def test_events_reach_a_zap(app: Path, live: Live, tmp_path: Path) -> None:
    """Subscribe twice (one hook), a real search, signed deliveries, perform, samples of the same shape, unsubscribe."""
    picture = tmp_path / PICTURE
    picture.write_bytes((live.server.data.parent / "pictures" / PICTURE).read_bytes())
    told = ran(app, live, SUBSCRIBED, str(picture), *HAPPENING)
    assert set(told["came"]) == set(HAPPENING)
    for key, one in told["came"].items():
        (event,) = one["performed"]
        assert (event["type"], event["id"]) == (key, one["id"])
        # T006: what people map from a sample is there in every event
        assert one["listed"]
        assert set(one["listed"][0]) <= set(event)
    assert told["came"]["search_complete"]["performed"][0]["search_id"] == told["started"]["search_id"]
    assert live.hooks() == []


TESTED = """
const { Webhook } = require('standardwebhooks');
let came = () => {};
const receiver = await listening((request, answer) => {
  const parts = [];
  request.on('data', (part) => parts.push(part)).on('end', () => {
    came({ headers: request.headers, raw: Buffer.concat(parts).toString() });
    answer.end();
  });
});
const found = {};
for (const key of given) {
  const { performSubscribe, performUnsubscribe, perform, performList } = App.triggers[key].operation;
  const subscribeData = await run(performSubscribe, bundle({ targetUrl: `${receiver.url}/${key}` }));
  const arrival = new Promise((resolve) => { came = resolve; });
  const headers = { 'X-API-Key': api_key };
  await fetch(`${base_url}/api/v1/hooks/${subscribeData.id}/test`, { method: 'POST', headers });
  const { headers: signed, raw } = await arrival;
  new Webhook(subscribeData.secret).verify(raw, signed);
  const performed = await run(perform, bundle({ cleanedRequest: JSON.parse(raw), subscribeData }));
  found[key] = { performed, listed: await run(performList, bundle()) };
  await run(performUnsubscribe, bundle({ subscribeData }));
}
receiver.close();
return found;
"""


def test_samples_have_the_keys_of_events(app: Path, live: Live, definition: Any) -> None:
    """T004, T006: of every trigger, static and listed samples have no key that a signed test event lacks."""
    keys = [key for key, one in definition["triggers"].items() if not one["display"].get("hidden")]
    for key, one in ran(app, live, TESTED, *keys).items():
        (event,) = one["performed"]
        assert event["type"] == key
        assert set(definition["triggers"][key]["operation"]["sample"]) == set(event) - {"test"}
        assert set(one["listed"][0]) <= set(event)
        assert isinstance(one["listed"][0]["id"], str)
    assert live.hooks() == []


def test_actions_do(app: Path, live: Live) -> None:
    """What is filled in reaches the action, parts of an object too; what is not, is not sent; rows come back."""
    told = ran(
        app,
        live,
        """const made = await create('create_list', {
          label: 'Zapier makes', monitored: true, schedule__days: 7, schedule__timezone: 'Europe/Berlin',
          providers: [] });
        const exported = await create('export_matches',
          { list_id: made.id, min_confidence: '', match_type: undefined });
        const url = given[0];
        const added = await create('add_images', { list_id: made.id, images: [{ url, name: 'one.jpg' }, { url }] });
        const wrong = await refused(create('create_list', { label: 'x', min_confidence: 101 }));
        const gone = await refused(create('decide_match', { match_id: 'match_none', decision: 'allowed' }));
        return { made, exported, added, wrong, gone };""",
        "https://shop.example.com/kodak_0001.jpg",
    )
    kept = live.call("GET", f"/lists/{told['made']['id']}")
    assert (kept["monitored"], kept["schedule"]["days"], kept["schedule"]["timezone"]) == (True, 7, "Europe/Berlin")
    assert told["exported"]["rows"] == []
    assert (told["added"]["list_id"], told["added"]["count"]) == (told["made"]["id"], 2)
    assert (told["gone"]["status"], told["gone"]["code"]) == (404, "not_found")
    assert (told["wrong"]["status"], told["wrong"]["code"]) == (400, "invalid_request")
    assert told["wrong"]["message"].startswith("min_confidence: ")


DECIDED = """
const [match_id, decision] = given;
const shown = await run(App.triggers.choices_matches.operation.perform, bundle());
const decided = await create('decide_match', { match_id, decision, note: 'Ours' });
const { rows } = await create('export_matches', { list_id: decided.list_id });
return { match_id, shown, decided, rows };
"""


def test_a_match_is_decided_on(app: Path, live: Live) -> None:
    """A match that a search found is in the drop-down, is decided on with a note, and is among the exported rows."""
    decision = live.call("GET", "/actions/decide_match")["input_schema"]["$defs"]["Decision"]["enum"][0]
    list_id, deadline = live.happen()["list_id"], time.monotonic() + 60
    while not (found := live.call("GET", f"/lists/{list_id}/matches")["items"]):
        assert time.monotonic() < deadline, live.server.tail()
        time.sleep(0.05)
    told = ran(app, live, DECIDED, found[0]["id"], decision)
    assert told["match_id"] in [one["id"] for one in told["shown"]]
    assert (told["decided"]["match_id"], told["decided"]["decision"]) == (told["match_id"], decision)
    assert [row["match_id"] for row in told["rows"]] == [told["match_id"]]
    assert live.call("GET", f"/matches/{told['match_id']}")["decision"] == decision


def test_a_list_is_found_or_made(app: Path, live: Live) -> None:
    """A search that finds nothing answers an empty array; made with its pair, it is found with the same keys."""
    told = ran(
        app,
        live,
        """const pair = App.searchOrCreates.find_list;
        const before = await search(pair.search, { label: 'Once only' });
        const made = await create(pair.create, { label: 'Once only' });
        return { before, made, after: await search(pair.search, { label: 'Once only' }) };""",
    )
    assert told["before"] == []
    assert told["after"] == [told["made"]]


def test_drop_downs_have_pages(app: Path, live: Live) -> None:
    """A drop-down shows all lists, page by page, none twice, and then an empty page."""
    with live.server.client() as client:
        for number in range(101):
            client.post("/lists", json={"label": f"List {number}"}).raise_for_status()
    told = ran(
        app,
        live,
        """const page = (page, key) => run(App.triggers[key].operation.perform, bundle({ meta: { page } }));
        const pages = [];
        for (const number of [0, 1, 9]) pages.push(await page(number, 'choices_lists'));
        return { pages, providers: await page(0, 'choices_providers') };""",
    )
    first, second, beyond = told["pages"]
    ids = [one["id"] for one in first + second]
    assert len(first) == 100
    assert len(ids) == len(set(ids)) >= 101
    assert "List 0" in {one["name"] for one in first + second}
    assert beyond == []
    assert "own_index" in {one["id"] for one in told["providers"]}


def test_throttling_is_waited_for(app: Path, live: Live) -> None:
    """A key that asked too much is told when to come again, in Zapier's own error."""
    limits = {"requests": 1, "seconds": 60}
    slow = live.call("POST", "/keys", {"name": "slow", "limits": limits})
    told = ran(
        app,
        live,
        """const me = () => refused(run(App.authentication.test, bundle()));
        return [await me(), await me()];""",
        key=slow["key"],
    )
    assert "answered" in told[0]
    assert told[1]["name"] == "ThrottledError"
    assert 0 < told[1]["delay"] <= 60


def test_a_plugins_own_are_rendered() -> None:
    """A trigger and a search that a plugin adds are rendered as Copyhound's own are, with parts and choices."""
    part = {"type": "object", "properties": {"size": {"type": "integer"}}, "required": ["size"]}
    shape = {
        "type": "object",
        "properties": {
            "id": {"type": "string"},
            "colour": {"enum": ["red", "dark_blue"]},
            "extra": {"type": "object"},
            "box": {"$ref": "#/$defs/Box"},
            "boxes": {"type": "array", "items": {"$ref": "#/$defs/Box"}},
            "at": {"anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}]},
        },
        "required": ["id"],
        "$defs": {"Box": part},
    }
    told = {"key": "acme_seen", "title": "Seen", "noun": "Box", "description": "A box is seen."}
    one = {
        **told,
        "input_schema": shape,
        "output_schema": shape,
        "sample": {"id": "1", "extra": {"a": 1}},
        "dynamic_fields": {"id": "/a/b"},
    }
    made = operations(Described((one,), (), "1.0"))
    trigger = made["triggers"]["acme_seen"]
    assert trigger["display"]["description"] == "Triggers when this happens: A box is seen."
    fields = {field["key"]: field for field in trigger["operation"]["inputFields"]}
    assert fields["colour"]["choices"] == {"red": "Red", "dark_blue": "Dark Blue"}
    assert fields["extra"]["dict"] is True
    assert fields["box__size"]["type"] == "integer"
    assert [child["key"] for child in fields["boxes"]["children"]] == ["size"]
    assert fields["at"]["type"] == "datetime"
    assert fields["id"]["dynamic"] == "choices_a_b.id.name"
    names = [field["key"] for field in trigger["operation"]["outputFields"]]
    assert names == ["id", "colour", "extra", "box__size", "boxes[]size", "at", "extra__a"]
    sample = {"box": {"size": 1}, "boxes": [{"size": 2}], "id": "1", "extra": {}}
    assert list(leaves(sample)) == ["box__size", "boxes[]size", "id", "extra"]
