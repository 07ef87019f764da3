"""The integration for Zapier as Zapier stores it: what its validator looks for, and what it should."""

from __future__ import annotations

import re
from typing import Any

import pytest

from copyhound.connector_export import built_in
from copyhound.connector_export.catalogue import Described
from copyhound.connector_export.zapier import CORE, leaves, operations

from .zapier import CONNECTOR, checked, integration, shown


@pytest.fixture(scope="module")
def definition(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The integration as Zapier stores it."""
    return checked(integration(tmp_path_factory.mktemp("zapier") / "app"))


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
