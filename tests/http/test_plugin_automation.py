"""What a plugin adds to the catalogue is everywhere by itself: API, OpenAPI, hooks, drop-downs, pollers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import msgspec
import pytest
from litestar.testing import AsyncTestClient

from copyhound.cli.app import make_app
from copyhound.domain.triggers import AntiExample
from copyhound.plugin_api import ActionSpec, Caller, EventBase, TriggerSpec, UseCases, hookimpl
from copyhound.services.actions import LIST_CHOICES

from ..fixtures.houses import home

EVENT = {
    "id": "evt_sample_letter_answered",
    "type": "letter_answered",
    "timestamp": "2026-01-02T03:04:05Z",
    "sequence": 1,
    "host": "shop.example.com",
    "domain": "example.com",
}


class LetterAnswered(EventBase, frozen=True, kw_only=True):
    """A host has answered."""

    host: str
    domain: str


class ByDomain(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    domains: tuple[str, ...] = ()


class Letter(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    host: str
    list_id: str | None = None


class Sent(msgspec.Struct, frozen=True):
    id: str | None
    host: str


class Letters:
    """A plugin that sends letters, and tells when they are answered."""

    @hookimpl
    def copyhound_triggers(self) -> list[TriggerSpec]:
        return [
            TriggerSpec(
                "letter_answered",
                "Letter answered",
                "Letter",
                "Triggers when a host answers a letter.",
                LetterAnswered,
                EVENT,
                filter=ByDomain,
                anti_examples=(AntiExample({**EVENT, "host": 7}, "A host is a text."),),
            )
        ]

    @hookimpl
    def copyhound_actions(self, use_cases: UseCases) -> list[ActionSpec]:
        async def send(caller: Caller, letter: Letter) -> Sent:
            fields = {"host": letter.host, "domain": letter.host.partition(".")[2]}
            return Sent(
                await use_cases.triggers.emit(caller.workspace_id, "letter_answered", fields, key=letter.host),
                letter.host,
            )

        return [
            ActionSpec(
                "send_letter",
                "Send letter",
                "Letter",
                "Sends a letter to a host.",
                Letter,
                Sent,
                {"id": "evt_1", "host": "shop.example.com"},
                send,
                dynamic_fields={"list_id": LIST_CHOICES},
                examples=({"host": "shop.example.com"},),
            )
        ]


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with home(tmp_path / "data", work=False, extra_plugins=[("letters", Letters())]) as house:
        key = (await house.services.keys.create(house.caller.workspace_id, "mine", house.caller.scopes))[1]
        async with AsyncTestClient(make_app(house.house), base_url=house.services.kit.public_url) as client:
            client.headers["X-API-Key"] = key
            yield client


async def told(client: httpx.AsyncClient, path: str, **body: Any) -> Any:
    answer = await (client.post(f"/api/v1{path}", json=body) if body else client.get(f"/api/v1{path}"))
    assert answer.status_code < 300, answer.text
    return answer.json()


async def test_a_plugins_trigger_is_subscribed_to_and_polled(api: httpx.AsyncClient) -> None:
    """A hook may wait for it, with the filter it offers; its action tells; the filter decides; pollers get it all."""
    body = {"target_url": "https://r.example.com/in", "triggers": ["letter_answered"]}
    hook = await told(api, "/hooks", **body, filter={"domains": ["example.com"]})
    assert (await told(api, "/triggers/letter_answered/samples")) == [EVENT]
    sent = await told(api, "/actions/send_letter", host="shop.example.com")
    await told(api, "/actions/send_letter", host="shop.example.org")
    assert (await told(api, "/actions/send_letter", host="shop.example.com"))["id"] is None
    events = (await told(api, "/triggers/letter_answered/events"))["items"]
    assert [event["host"] for event in events] == ["shop.example.com", "shop.example.org"]
    assert set(events[0]) == set(EVENT)
    deliveries = (await told(api, f"/deliveries?hook_id={hook['id']}"))["items"]
    assert [one["event_id"] for one in deliveries] == [sent["id"]]


async def test_a_plugins_items_are_described_like_all_others(api: httpx.AsyncClient) -> None:
    """Descriptors, drop-downs and both dialects have them; the events fit the schema that is told."""
    trigger, action = await told(api, "/triggers/letter_answered"), await told(api, "/actions/send_letter")
    assert "letter_answered" in {one["key"] for one in (await told(api, "/triggers"))["items"]}
    assert "send_letter" in {one["key"] for one in (await told(api, "/actions?dialect=draft-07"))["items"]}
    assert (action["dynamic_fields"], action["examples"]) == ({"list_id": LIST_CHOICES}, [{"host": "shop.example.com"}])
    assert trigger["anti_examples"][0]["reason"] == "A host is a text."
    jsonschema.validate(EVENT, trigger["output_schema"])
    choices = (await told(api, "/choices/triggers?q=letter"))["items"]
    assert choices == [{"id": "letter_answered", "name": "Letter answered"}]


async def test_the_openapi_document_has_a_plugins_webhook(api: httpx.AsyncClient) -> None:
    """The document of a server with plugins tells of their events as of ours, headers and examples included."""
    document = (await api.get("/schema/openapi.json")).json()
    post = document["webhooks"]["letter_answered"]["post"]
    assert post["requestBody"]["content"]["application/json"]["examples"][EVENT["id"]]["value"] == EVENT
    assert [one["name"] for one in post["parameters"]] == ["webhook-id", "webhook-timestamp", "webhook-signature"]


async def test_bad_input_of_a_plugins_action_is_told_by_field(api: httpx.AsyncClient) -> None:
    """Its input is checked like that of ours."""
    answer = await api.post("/api/v1/actions/send_letter", json={"host": 7, "colour": "red"})
    assert answer.status_code == 400
    assert {one["field"] for one in answer.json()["errors"]} == {"host", "colour"}
