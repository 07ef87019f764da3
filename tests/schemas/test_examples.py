"""Examples and anti-examples: jsonschema and msgspec are of one mind on all of them, in both dialects."""

from __future__ import annotations

import copy
import random
import re
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from jsonschema import Draft7Validator, Draft202012Validator, FormatChecker
from referencing import Registry

from copyhound.domain.triggers import FILTER_FIELDS, Action, Trigger
from copyhound.http.wire.descriptors import json_schema
from copyhound.http.wire.dialects import DRAFT_07, draft_07
from copyhound.plugin_host.unbound import Unbound
from copyhound.services.actions import builtin_actions
from copyhound.services.hooks import HookFilter
from copyhound.services.triggers import TRIGGERS
from copyhound_schemas import read_action, read_trigger

ACTIONS = {one.key: one for one in builtin_actions(Unbound())}  # type: ignore[arg-type]
ALL: list[Trigger | Action] = [*TRIGGERS.values(), *ACTIONS.values()]
FORMATS = FormatChecker(formats=())
_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})")


@FORMATS.checks("date-time")
def is_instant(value: object) -> bool:
    """RFC 3339: jsonschema itself has no mind of it unless another library is there."""
    return not isinstance(value, str) or _INSTANT.fullmatch(value) is not None


def struct_of(item: Trigger | Action) -> type[msgspec.Struct]:
    return item.input if isinstance(item, Action) else item.payload


def committed(item: Trigger | Action) -> dict[str, Any]:
    return read_action(item.key) if isinstance(item, Action) else read_trigger(item.key)


def believes(schema: dict[str, Any], value: Any) -> tuple[bool, bool]:
    """Whether a schema takes a value, in 2020-12 and in draft 7."""
    modern = Draft202012Validator(schema, registry=Registry(), format_checker=FORMATS)
    old = Draft7Validator(draft_07(schema), registry=Registry(), format_checker=FORMATS)
    return modern.is_valid(value), old.is_valid(value)


def takes(struct: type[msgspec.Struct], value: Any) -> bool:
    try:
        msgspec.json.decode(msgspec.json.encode(value), type=struct)
    except msgspec.ValidationError:
        return False
    return True


EXAMPLES = [(one, value) for one in ALL for value in one.examples]
ANTI_EXAMPLES = [(one, anti) for one in ALL for anti in one.anti_examples]


def _id(value: Any) -> str:
    return str(getattr(value, "key", None) or getattr(value, "reason", "example"))


@pytest.mark.parametrize(("item", "value"), EXAMPLES, ids=_id)
def test_examples_are_taken(item: Trigger | Action, value: dict[str, Any]) -> None:
    """Each example fits the committed schema in both dialects, and the Struct."""
    assert believes(committed(item), value) == (True, True)
    assert takes(struct_of(item), value)


@pytest.mark.parametrize(("item", "anti"), ANTI_EXAMPLES, ids=_id)
def test_anti_examples_are_refused(item: Trigger | Action, anti: Any) -> None:
    """Each anti-example is refused by the committed schema in both dialects, and by the Struct; its reason is told."""
    assert believes(committed(item), anti.value) == (False, False), anti.reason
    assert not takes(struct_of(item), anti.value), anti.reason
    assert re.fullmatch(r"[`A-Z].{8,118}\.", anti.reason)


@pytest.mark.parametrize("item", ALL, ids=_id)
def test_nothing_is_without_examples(item: Trigger | Action) -> None:
    """Each trigger and action has an example and three anti-examples, which stand in its file, each with its reason."""
    schema = committed(item)
    assert item.examples
    assert len(item.anti_examples) >= 3
    assert all(value in schema["examples"] for value in item.examples)
    assert [one["reason"] for one in schema["x-anti-examples"]] == [one.reason for one in item.anti_examples]


def test_every_optional_field_of_an_input_is_in_an_example() -> None:
    """The examples of an action together show all its fields."""
    for action in ACTIONS.values():
        shown = {name for value in action.examples for name in value}
        assert set(action.input.__struct_fields__) - shown == set(), action.key


def test_filters_are_of_what_hooks_filter_by() -> None:
    """No trigger offers a filter that no hook can have."""
    assert set(HookFilter.__struct_fields__) >= FILTER_FIELDS
    for trigger in TRIGGERS.values():
        fields = set(trigger.filter.__struct_fields__ if trigger.filter else ())
        assert fields <= set(HookFilter.__struct_fields__)


@pytest.mark.parametrize("item", ALL, ids=_id)
def test_draft_7_is_draft_7(item: Trigger | Action) -> None:
    """The older copy is a valid draft 7 schema, says so, and has nothing of the newer dialect in it."""
    structs = [item.input, item.output] if isinstance(item, Action) else [item.payload, *filter(None, [item.filter])]
    for struct in structs:
        old = draft_07(json_schema(struct))
        Draft7Validator.check_schema(old)
        assert old["$schema"] == DRAFT_07
        assert not re.search(r'"\$defs|2020-12|prefixItems', msgspec.json.encode(old).decode())


NEW: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"type": "string"}, {"type": "string"}),
    ({"$defs": {"A": {"type": "string"}}}, {"definitions": {"A": {"type": "string"}}}),
    (
        {"properties": {"a": {"$ref": "#/$defs/A", "description": "Said here."}}},
        {"properties": {"a": {"description": "Said here.", "allOf": [{"$ref": "#/definitions/A"}]}}},
    ),
    (
        {"prefixItems": [{"type": "string"}], "items": False},
        {"items": [{"type": "string"}], "additionalItems": False},
    ),
    ({"properties": {"$defs": {"type": "string"}}}, {"properties": {"$defs": {"type": "string"}}}),
    ({"const": {"$ref": "#/$defs/A"}, "deprecated": True}, {"const": {"$ref": "#/$defs/A"}}),
    (
        {"dependentRequired": {"a": ["b"]}, "dependentSchemas": {"c": {"$ref": "#/$defs/A"}}},
        {"dependencies": {"a": ["b"], "c": {"$ref": "#/definitions/A"}}},
    ),
]


@pytest.mark.parametrize(("schema", "old"), NEW)
def test_what_is_new_is_said_in_the_old_way(schema: dict[str, Any], old: dict[str, Any]) -> None:
    """Names, references with neighbours, and tuples become what draft 7 has for them; values stay as they are."""
    before = msgspec.json.encode(schema)
    assert draft_07(schema) == {"$schema": DRAFT_07, **old}
    assert msgspec.json.encode(schema) == before


STRANGE: list[Any] = [None, True, 0, -1, 12.5, 101, 10**20, "", "x", "x" * 300, [], {}, ["x"], [1], "2026-01-01"]
"""Without whole numbers written as 12.0: to a schema they are integers, to msgspec they are not."""


def spoilt(value: Any, chance: random.Random) -> Any:
    """A copy in which one thing is another, is lost, or is too much."""
    spoilt_one = copy.deepcopy(value)
    holder, key = chance.choice(list(_places(spoilt_one)))
    if isinstance(holder, dict) and chance.random() < 0.3:
        del holder[key]
        holder.update(chance.choice([{}, {"colour": "red"}]))
    else:
        holder[key] = chance.choice(STRANGE)
    return spoilt_one


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inner:
        yield value, key
        yield from _places(one)


@pytest.mark.parametrize("item", ALL, ids=_id)
def test_schemas_and_structs_never_disagree(item: Trigger | Action) -> None:
    """Whatever is wrong in an example, both dialects and the Struct say the same of it."""
    chance = random.Random(item.key)
    schema, struct = committed(item), struct_of(item)
    verdicts = set()
    for _ in range(100):
        value = spoilt(chance.choice(item.examples), chance)
        verdict = {*believes(schema, value), takes(struct, value)}
        assert len(verdict) == 1, value
        verdicts |= verdict
    assert verdicts == {True, False}
