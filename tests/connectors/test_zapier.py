"""The integration for Zapier, on Zapier's own platform library, against a running server."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from .live import PICTURE, Live, live_server
from .zapier import checked, integration, ran, shown

HAPPENING = ("match_found", "new_domain_found", "search_complete")


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The integration, ready to run."""
    return integration(tmp_path_factory.mktemp("zapier") / "app")


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A running server."""
    with live_server(tmp_path_factory.mktemp("server")) as one:
        yield one


def test_the_connection_is_tested(app: Path, live: Live) -> None:
    """A good key gives the label's name; a bad one, another server, or an address without https:// is told as such."""
    told = ran(
        app,
        live,
        """const other = await listening((_, answer) => answer.end('<html>Hello</html>'));
        const test = (authData) => refused(run(App.authentication.test, { authData }));
        const told = {
          good: await test({ base_url: `  ${base_url}/api/v1/ `, api_key }),
          bad: await test({ base_url, api_key: 'ch_wrong' }),
          other: await test({ base_url: other.url, api_key }),
          bare: await test({ base_url: base_url.replace('http://', ''), api_key }),
          elsewhere: await test({ base_url: `${base_url}/shop`, api_key }),
        };
        other.close();
        return told;""",
    )
    assert told["good"]["answered"]["name"]
    assert told["elsewhere"]["message"] == "This address is no Copyhound server."
    assert (told["bad"]["code"], told["bad"]["status"]) == ("AuthenticationError", 401)
    assert told["other"]["message"] == "This address is no Copyhound server."
    assert told["bare"]["message"].startswith("The address of your Copyhound must start with https://")


def test_a_page_of_the_manual_is_an_address(app: Path, live: Live) -> None:
    """What a browser shows behind the server's address does no harm; a host may be called docs."""
    told = ran(
        app,
        live,
        """const told = [];
        for (const page of given) {
          told.push((await run(App.authentication.test, { authData: { base_url: base_url + page, api_key } })).name);
        }
        const at = { authData: { base_url: 'http://docs/', api_key } };
        const host = await run(App.authentication.test, at).catch((error) => error.message);
        return { told, host };""",
        *("/docs", "/docs/", "/docs/zapier#connect-in-five-minutes", "/docs?", "/api/v1/me", "//docs"),
    )
    assert told["told"] == [live.call("GET", "/me")["name"]] * 6
    assert "http://docs/api/v1/me" in told["host"]


def test_another_server_is_told_as_such(app: Path) -> None:
    """404, or what is not Copyhound's JSON, is another server to the connection's test and to a step."""
    told = ran(
        app,
        None,
        """const answers = [
          [404, 'text/html', '<html>Not found</html>'],
          [404, 'application/json', '{"detail": "Not Found"}'],
          [404, 'application/json', '{"code": "not_found", "detail": "There is no such thing here."}'],
          [403, 'text/html', 'no'],
          [200, 'application/json', '{"name": "another"}'],
          [200, 'application/json', 'null'],
          [404, 'text/html', '<html>Not found</html>'],
        ];
        const other = await listening((request, answer) => {
          const [status, type, body] = answers.shift();
          answer.writeHead(status, { 'Content-Type': type }).end(body);
        });
        const authData = { base_url: other.url, api_key: 'k' };
        const told = [];
        while (answers.length > 1) told.push(await refused(run(App.authentication.test, { authData })));
        const inputData = { label: 'x' };
        told.push(await refused(run(App.creates.create_list.operation.perform, { authData, inputData, meta: {} })));
        other.close();
        return told;""",
    )
    assert [one.get("message") for one in told] == ["This address is no Copyhound server."] * 7


def test_trouble_is_told(app: Path) -> None:
    """A busy server is waited for, a redirect is not followed, a broken answer is told as such."""
    told = ran(
        app,
        None,
        """const answers = [
          [503, { 'Retry-After': '7' }, '{"title": "Not ready", "retryable": true, "code": "unavailable"}'],
          [301, { Location: 'https://elsewhere.example.org/' }, ''],
          [502, {}, '<html>Bad gateway</html>'],
          [403, {}, '{"detail": "This key has no scope write", "hint": "Use another.", "code": "forbidden"}'],
        ];
        const other = await listening((request, answer) => {
          const [status, headers, body] = answers.shift();
          answer.writeHead(status, headers).end(body);
        });
        const test = () => refused(run(App.authentication.test, { authData: { base_url: other.url, api_key: 'k' } }));
        const told = [await test(), await test(), await test(), await test()];
        other.close();
        return told;""",
    )
    busy, moved, broken, forbidden = told
    assert (busy["name"], busy["delay"]) == ("ThrottledError", 7)
    assert moved["message"] == "This address leads on to https://elsewhere.example.org/: connect to that one."
    assert broken["message"] == "Copyhound answered 502."
    assert forbidden["message"] == "This key has no scope write. Use another."


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
const filled = { min_confidence: 10, list_ids: [] };
const asks = (key, name) => JSON.stringify(App.triggers[key].operation.inputFields || []).includes(`"${name}"`);
const input = (key) => ({
  inputData: Object.fromEntries(Object.entries(filled).filter(([name]) => asks(key, name))),
});
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


def test_samples_have_the_keys_of_events(app: Path, live: Live) -> None:
    """T004, T006: of every trigger, static and listed samples have no key that a signed test event lacks."""
    triggers = {one["key"]: one for one in shown(checked(app)) if one["operation"].get("type") == "hook"}
    for key, one in ran(app, live, TESTED, *triggers).items():
        (event,) = one["performed"]
        assert event["type"] == key
        assert set(triggers[key]["operation"]["sample"]) == set(event) - {"test"}
        assert set(one["listed"][0]) <= set(event)
        assert isinstance(one["listed"][0]["id"], str)
    assert live.hooks() == []


SAMPLED = """
const sampled = (inputData) => run(App.triggers.match_found.operation.performList, bundle({ inputData }));
const [full, other, empty] = given;
return {
  one: await sampled({ list_ids: [full], min_confidence: 10, domains: [], match_types: '' }),
  two: await sampled({ list_ids: [full, other] }),
  none: await sampled({ list_ids: [empty] }),
};
"""


def test_samples_are_of_the_chosen_lists(app: Path, live: Live) -> None:
    """What Zapier shows to map fields with has passed the filter; where nothing has, it is the made-up one."""
    full, other = live.found_in_new_list(), live.found_in_new_list()
    empty = live.call("POST", "/lists", {"label": "Empty"})["id"]
    told = ran(app, live, SAMPLED, full, other, empty)
    lists = {name: [event["list_id"] for event in events] for name, events in told.items()}
    assert (lists["one"], lists["two"]) == ([full], [other, full])
    assert [event["id"] for event in told["none"]] == ["evt_sample_match_found"]


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


def test_a_search_is_looked_at(app: Path, live: Live) -> None:
    """What became of a search is one result, with the keys of its sample; one that is not there is none."""
    ended = live.ended(live.happen()["search_id"])
    told = ran(
        app,
        live,
        """const [search_id] = given;
        const { sample } = App.searches.find_search.operation;
        const shown = await run(App.triggers.choices_searches.operation.perform, bundle());
        return { sample, shown, found: await search('find_search', { search_id }),
          none: await search('find_search', { search_id: 'search_none' }) };""",
        ended["search_id"],
    )
    assert (told["found"], told["none"]) == ([ended], [])
    assert set(told["sample"]) == set(ended)
    assert ended["search_id"] in [one["id"] for one in told["shown"]]


def test_two_runs_at_once_make_one_list(app: Path, live: Live) -> None:
    """Runs whose searches found nothing at the same time make one list; a step of its own makes another."""
    told = ran(
        app,
        live,
        """const { perform } = App.creates[App.searchOrCreates.find_list.create].operation;
        const make = (meta) => run(perform, bundle({ inputData: { label: 'At once' }, meta }));
        const made = await Promise.all(Array.from({ length: 8 }, () => make({ withSearch: 'find_list' })));
        return { made, own: await make({}) };""",
    )
    assert len({one["id"] for one in told["made"]}) == 1
    assert told["own"]["id"] != told["made"][0]["id"]


def test_a_repeated_step_makes_nothing_twice(app: Path, live: Live) -> None:
    """What people name in Once For, such as an event's id, keeps a repeated step from making things twice."""
    told = ran(
        app,
        live,
        """const made = [];
        for (const [label, once_for] of [['Once', 'evt_1'], ['Once', 'evt_1'], ['Twice', 'evt_1'], ['Once', 'evt_2']]) {
          made.push((await create('create_list', { label, once_for })).id);
        }
        return made;""",
    )
    assert told[0] == told[1]
    assert len(set(told)) == 3


def test_drop_downs_are_searched(app: Path, live: Live) -> None:
    """What is looked for goes to the server: the list is found by a part of its name, beyond the first page too."""
    live.call("POST", "/lists", {"label": "Needle in it"})
    with live.server.client() as client:
        for number in range(101):
            client.post("/lists", json={"label": f"Straw {number}"}).raise_for_status()
    told = ran(
        app,
        live,
        """const found = (q) => run(App.triggers.choices_lists.operation.perform, bundle({ inputData: { q } }));
        return [await found('needle'), await found('no such list')];""",
    )
    assert [one["name"] for one in told[0]] == ["Needle in it"]
    assert told[1] == []


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
