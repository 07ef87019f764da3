"""Test events: what a hook is sent to try it, and that receivers which know the schemas take it."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry

from copyhound.services.triggers import TRIGGERS
from copyhound_schemas import read_openapi, read_trigger

from .conftest import World

FORMATS = Draft202012Validator.FORMAT_CHECKER
ENVELOPE = {"id", "type", "timestamp", "sequence"}


async def tried(world: World, trigger: str, **sending: str) -> Any:
    """The body of a test event of a hook of this trigger."""
    hook = {"target_url": "https://hooks.example.com/in", "triggers": [trigger], **sending}
    made = (await world.call("POST", "/hooks", json=hook)).json()
    assert (await world.call("POST", f"/hooks/{made['id']}/test")).json()["status_code"] == 204
    return world.sender.sent[-1][2]


def received(trigger: str, media: str) -> Any:
    """A validator of what the OpenAPI document says that a webhook is sent."""
    document = read_openapi()
    schema = document["webhooks"][trigger]["post"]["requestBody"]["content"][media]["schema"]
    return Draft202012Validator(
        {**schema, "components": document["components"]}, registry=Registry(), format_checker=FORMATS
    )


@pytest.mark.parametrize("key", list(TRIGGERS))
async def test_a_test_event_says_so_and_fits(world: World, key: str) -> None:
    """It is the sample with an id of its own and `"test": true`, which the trigger's schema and the document allow."""
    body = await tried(world, key)
    assert body["test"] is True
    assert body["id"].startswith("test_")
    assert {**body, "id": TRIGGERS[key].sample["id"]} == {**TRIGGERS[key].sample, "test": True}
    Draft202012Validator(read_trigger(key), registry=Registry(), format_checker=FORMATS).validate(body)
    received(key, "application/json").validate(body)


@pytest.mark.parametrize("key", list(TRIGGERS))
async def test_a_thin_test_event_says_so_too(world: World, key: str) -> None:
    """Thin, or within a CloudEvent's `data`, a test event still has `"test": true`, and the document allows it."""
    body = await tried(world, key, payload="thin")
    assert body["test"] is True
    assert all(name in ENVELOPE or name.endswith("_id") for name in set(body) - {"test"})
    received(f"{key}.thin", "application/json").validate(body)
    for payload, name in (("full", key), ("thin", f"{key}.thin")):
        hook = {"target_url": f"https://hooks.example.com/{payload}"}
        cloud = await tried(world, key, format="cloudevents", payload=payload, **hook)
        assert (cloud["data"]["test"], "test" in cloud) == (True, False)
        received(name, "application/cloudevents+json").validate(cloud)
