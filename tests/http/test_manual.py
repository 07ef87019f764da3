"""The manual at /docs and the OpenAPI document."""

from __future__ import annotations

import re
from typing import Any, cast

import msgspec
import pytest
from jsonschema import Draft202012Validator

from copyhound.domain.errors import ERRORS
from copyhound.http.app import describe_api
from copyhound.http.manual import page_text, pages, rendered
from copyhound.http.manual_menu import MENU
from copyhound.plugin_host.unbound import Unbound
from copyhound.services.actions import Actions, builtin_actions
from copyhound.services.rendering import thin
from copyhound.services.triggers import TRIGGERS

from .conftest import World
from .test_auth import routes

ACTIONS = builtin_actions(cast(Actions, Unbound()))


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """The OpenAPI document."""
    read: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(describe_api(TRIGGERS.values(), ACTIONS)))
    return read


async def test_every_page_is_served(world: World) -> None:
    """Each page of the manual is HTML that loads nothing from anywhere."""
    for page in pages():
        answer = await world.client.get(f"/docs/{page}")
        assert answer.status_code == 200, page
        assert answer.headers["content-type"].startswith("text/html")
        assert not re.search(r'<(?:script|link|img|iframe)[^>]+(?:src|href)="(?:https?:)?//', answer.text), page
        assert '<link rel="icon" href="data:,">' in answer.text, f"{page}: browsers would ask for an icon"


async def test_a_browser_is_led_to_the_manual(world: World) -> None:
    """GET / leads browsers to /docs, without a key; programs are told that nothing is there."""
    browser = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    answer = await world.client.get("/", headers=browser, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (302, "/docs")
    program = await world.client.get("/", headers={"Accept": "application/json"}, follow_redirects=False)
    assert (program.status_code, program.json()["code"]) == (404, "not_found")


def test_the_menu_has_each_page_once() -> None:
    """Every page of the manual, and no other, stands once in the menu; the open one is marked."""
    grouped = [page for group in MENU.values() for page in group if page != "try"]
    assert sorted(grouped) == sorted(pages())
    for page in pages():
        html = rendered(page, "# T")
        assert re.findall(r'<a href="/docs/([a-z0-9-]+)" aria-current="page">', html) == [page]
        assert sorted(re.findall(r'<a href="/docs/([a-z0-9-]+)"', html)) == sorted([*pages(), "try"])


def test_the_first_page_has_the_groups_of_the_menu() -> None:
    """The first page names the menu's groups and their pages, in the same order."""
    grouped = re.findall(r"^## (.+)\n\n((?:- .*\n)+)", page_text("index") or "", re.MULTILINE)
    shown = {group: re.findall(r"^- \[[^\]]+\]\((?:/docs/)?([a-z0-9-]+)", listed, re.M) for group, listed in grouped}
    assert shown == {group: [page for page in inside if page != "index"] for group, inside in MENU.items()}


async def test_links_between_pages_hold(world: World) -> None:
    """Every link of the manual to another of its pages leads to one, and to a heading that is there."""
    for page in pages():
        html = rendered(page, page_text(page) or "")
        for target, anchor in re.findall(r'href="/docs/([a-z0-9_-]+)(?:#([^"]+))?"', html):
            assert target in (*pages(), "try"), f"{page} links to {target}"
            if anchor:
                assert f'id="{anchor}"' in rendered(target, page_text(target) or ""), f"{page}: {target}#{anchor}"


async def test_every_error_has_its_heading(world: World) -> None:
    """The `type` of every problem leads to a heading of the manual."""
    html = (await world.client.get("/docs/errors")).text
    for code in ERRORS:
        assert f'id="{code}"' in html, code


@pytest.mark.parametrize("page", ["nothing", "..%2Fsecret", "INDEX", "errors.md", "a" * 300])
async def test_only_pages_are_served(world: World, page: str) -> None:
    """Nothing but the pages can be read through /docs."""
    assert (await world.client.get(f"/docs/{page}")).status_code == 404


def test_html_in_markdown_is_shown_as_text() -> None:
    """What stands in the manual as HTML cannot act."""
    assert "<script>" not in rendered("x", "# T\n\n<script>alert(1)</script>")


async def test_the_document_has_every_route(world: World, document: dict[str, Any]) -> None:
    """The OpenAPI document describes each route and method, each with a name of its own."""
    described = {(method.upper(), path) for path, item in document["paths"].items() for method in item}
    described -= {("POST", f"/api/v1/actions/{action.key}") for action in ACTIONS}  # served by the one with {key}
    assert described == {route for route in routes(world.app) if not route[1].startswith(("/schema", "/docs/try"))}
    names = [operation["operationId"] for item in document["paths"].values() for operation in item.values()]
    assert len(names) == len(set(names))


async def test_the_document_is_served_without_a_key(world: World, document: dict[str, Any]) -> None:
    """/schema/openapi.json is the document."""
    answer = await world.client.get("/schema/openapi.json")
    assert answer.json() == document
    assert document["openapi"].startswith("3.1")


def test_what_refuses_unknown_fields_says_so(document: dict[str, Any]) -> None:
    """Every body that clients send forbids additional properties."""
    for path, item in document["paths"].items():
        for method, operation in item.items():
            schema = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
            if "$ref" in schema:
                name = schema["$ref"].rpartition("/")[2]
                assert document["components"]["schemas"][name]["additionalProperties"] is False, f"{method} {path}"


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    """The document refers to nothing that it does not hold, and holds nothing that is not referred to."""
    referred = set(re.findall(r"#/components/schemas/([^'\"]+)", repr(document)))
    assert referred == set(document["components"]["schemas"])


def test_webhooks_are_the_triggers(document: dict[str, Any]) -> None:
    """Each trigger is a webhook of the document."""
    assert set(document["webhooks"]) == {f"{key}{shape}" for key in TRIGGERS for shape in ("", ".thin")}


def test_each_action_is_described_by_itself(document: dict[str, Any]) -> None:
    """An action's own path tells what it takes, that it refuses more, and what it answers."""
    for action in ACTIONS:
        post = document["paths"][f"/api/v1/actions/{action.key}"]["post"]
        taken = post["requestBody"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
        given = post["responses"]["200"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
        assert (taken, given) == (action.input.__name__, action.output.__name__)
        assert document["components"]["schemas"][taken]["additionalProperties"] is False


def test_what_automations_meet_is_described(document: dict[str, Any]) -> None:
    """Every field of hooks, events, and of what actions take and answer says what it holds."""
    named = ["HookIn", "HookOut", "HookMade", "HookChanges", "HookFilter", "TriggerHookIn", "SpanIn", "ProviderFilter"]
    structs = [one for action in ACTIONS for one in (action.input, action.output)]
    structs += [trigger.payload for trigger in TRIGGERS.values()]
    for name in {*named, *(one.__name__ for one in structs)} & set(document["components"]["schemas"]):
        properties = document["components"]["schemas"][name]["properties"]
        silent = [field for field, schema in properties.items() if not schema.get("description")]
        assert not silent, f"{name}: {silent}"


@pytest.mark.parametrize("key", list(TRIGGERS))
def test_a_thin_body_is_described(document: dict[str, Any], key: str) -> None:
    """What a thin hook is sent fits its webhook in the document, flat and as a CloudEvent, and is all in there."""
    content = document["webhooks"][f"{key}.thin"]["post"]["requestBody"]["content"]
    schema = content["application/json"]["schema"]
    body = thin(TRIGGERS[key].sample)
    Draft202012Validator(schema).validate(body)
    assert set(body) == set(schema["properties"])
    assert content["application/cloudevents+json"]["schema"]["properties"]["data"] == schema


def test_nothing_of_the_inside_is_in_the_document(document: dict[str, Any]) -> None:
    """No answer has a field for a fingerprint, a blob key, a hash of a key."""
    fields = {name for schema in document["components"]["schemas"].values() for name in schema.get("properties", {})}
    assert not fields & {"fingerprint", "original_blob", "reduced_blob", "hash256", "secret_hash", "workspace_id"}


def test_pictures_are_within_the_page() -> None:
    """A picture of the manual is part of its page; one that is not there is left as it is written."""
    found = rendered("x", "![Plot](reliability.svg) ![None](nothing.svg)")
    assert 'src="data:image/svg+xml;base64,' in found
    assert 'src="nothing.svg"' in found


def test_commands_stand_as_they_are_typed() -> None:
    """What is to be typed names the program where `make` put it; and whoever asks with $KEY is told what that is."""
    for page in set(pages()) - {"cli", "errors"}:
        text = page_text(page) or ""
        bare = re.findall(
            r"`copyhound [a-z][^`]*`|`python -[^`]*`|^ *(?:copyhound|python|pip) [a-z-].*", text, re.MULTILINE
        )
        assert bare == [], page
        if "$KEY" in text:
            assert text.index("KEY=") < text.index("$KEY"), page
