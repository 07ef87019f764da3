"""Pipedream's components, run by Node as Pipedream runs them, against a live server."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from copyhound import connector_export

from .live import Live, live_server

FOLDER = Path(__file__).parents[2] / "connectors" / "pipedream"
RUNNER = Path(__file__).parent / "pipedream.mjs"
Json = dict[str, Any]
Run = Callable[..., Json]
TYPES = {"string", "string[]", "integer", "integer[]", "boolean", "boolean[]", "$.interface.http"}

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")


def components(*words: str) -> Json:
    """What the runner tells of a scenario."""
    done = subprocess.run(
        ["node", str(RUNNER), str(FOLDER), *words], capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 0, done.stderr
    told: Json = json.loads(done.stdout)
    return told


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    with live_server(tmp_path_factory.mktemp("pipedream")) as running:
        yield running


@pytest.fixture(scope="module")
def described() -> Json:
    """File -> what its component says of itself."""
    names = [path.relative_to(FOLDER).as_posix() for path in FOLDER.glob("*/*/*.mjs") if path.name != "test-event.mjs"]
    return components("", "", "", "all", *names)


def test_every_trigger_and_action_is_in_it(described: Json) -> None:
    """A source for each trigger and a component for each action; keys and names are those of the catalogue."""
    catalogue = connector_export.built_in()
    kinds = {one["name"]: one["type"] for one in described.values()}
    wanted = {one["title"]: "source" for one in catalogue.triggers} | {
        one["title"]: "action" for one in catalogue.actions
    }
    assert kinds == wanted
    keys = [one["key"] for one in described.values()]
    assert len(set(keys)) == len(keys)
    assert all(re.fullmatch(r"copyhound-[a-z-]+", key) for key in keys)


def test_every_source_subscribes_and_has_a_sample(described: Json) -> None:
    """Deploy, activate and deactivate, and a sample event with an id."""
    sources = [one for one in described.values() if one["type"] == "source"]
    assert all(one["hooks"] == ["deploy", "activate", "deactivate"] for one in sources)
    assert all(one["sampleEmit"]["id"] for one in sources)
    assert all(one["description"].startswith("Emits") for one in sources)


def test_every_prop_is_of_a_kind_that_pipedream_knows(described: Json) -> None:
    """With a label and a description; the key is a secret."""
    for one in described.values():
        props = {name: prop for name, prop in one["props"].items() if isinstance(prop, dict)}
        assert {prop["type"] for prop in props.values()} <= TYPES
        assert all(prop.get("label") and prop.get("description") for name, prop in props.items() if name != "http")
        assert props["apiKey"]["secret"] is True


def test_an_event_is_emitted_once(live: Live) -> None:
    """Activating makes a hook with the filter, a match is emitted, a forgery is 401, deactivating ends the hook."""
    told = components(live.url, live.key, str(live.picture_path), "event")
    assert (told["before"], told["triggers"], told["filter"]) == (0, ["match_found"], {"min_confidence": 50})
    (one,) = told["emitted"]
    assert one["event"]["image_url"] == "https://shop.example.com/kodak_0001.jpg"
    assert one["id"] == one["event"]["id"]
    assert one["summary"].startswith("New match found: ")
    assert one["ts"] > 1_600_000_000_000
    assert told["forged"] == 401
    assert told["history"] == 1
    assert told["hooks"] == 0


def test_history_is_of_the_chosen_lists(live: Live) -> None:
    """Deploying emits what has happened in the chosen lists alone, and nothing where that is nothing."""
    full, other = live.found_in_new_list(), live.found_in_new_list()
    empty = live.call("POST", "/lists", {"label": "Empty"})["id"]
    told = components(live.url, live.key, str(live.picture_path), "history", empty, full)
    assert told == {"full": [full], "both": [full], "empty": [], "sure": []}
    assert other in [event["list_id"] for event in live.call("GET", "/triggers/match_found/samples")]


def test_an_action_answers(live: Live) -> None:
    """It makes a list, which a drop-down then finds by a part of its name; what is refused is told in a sentence."""
    told = components(live.url, live.key, str(live.picture_path), "action")
    assert live.call("GET", f"/lists/{told['answer']['id']}")["label"] == "From Pipedream"
    assert told["summaries"] == [["$summary", "Create list: done"]]
    assert told["page"]["options"] == [{"label": "From Pipedream", "value": told["answer"]["id"]}]
    assert "label" in told["refused"]


def test_a_step_looks_until_a_search_is_complete(live: Live) -> None:
    """The same step of the same event is told what is so now; the drop-down offers the search."""
    told = components(live.url, live.key, str(live.picture_path), "looked")
    (found,) = told["told"]["items"]
    assert (found["complete"], found["outcomes"]) == (True, {"answered": 1})
    assert told["page"]["options"][0]["value"] == found["search_id"]
    assert told["none"] == {"id": None, "found": False, "items": []}


def test_a_page_of_the_manual_is_an_address(live: Live) -> None:
    """What a browser shows behind the server's address does no harm."""
    pages = ("/docs", "/docs/pipedream#how-it-behaves", "/docs?", "/api/v1/")
    told = components(live.url, live.key, str(live.picture_path), "addressed", *pages)
    assert [live.call("GET", f"/lists/{made}")["label"] for made in told] == list(pages)


def test_another_server_is_told_as_such() -> None:
    """404 without a code of ours, or what is no JSON, is another server to a source and to an action."""
    told = components("", "", "", "elsewhere")
    assert list(told) == ["This address is no Copyhound server."] * 3


def test_a_retried_step_makes_nothing_twice(live: Live) -> None:
    """The same step for the same event makes one list; another step or another event makes another one."""
    first, again, other_step, other_event = components(live.url, live.key, str(live.picture_path), "retried")
    assert first == again
    assert len({first, other_step, other_event}) == 3
