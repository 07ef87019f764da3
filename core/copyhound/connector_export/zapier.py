"""Zapier: the operations of the integration in connectors/zapier, whose functions are beside them in JavaScript."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from copyhound.connector_export.catalogue import Described, Json, pretty
from copyhound.connector_export.shapes import fields, plain

CORE: Final = "19.1.0"
"""Of zapier-platform-core; Zapier wants an exact version."""
_TYPES: Final = {"integer": "integer", "number": "number", "boolean": "boolean", "string": "string"}
_STARTS: Final = "Triggers when "
_SPELT: Final = {"url": "URL", "urls": "URLs", "id": "ID", "ids": "IDs"}
_MOST_TEXT: Final = 1000
_FILE: Final = {
    "type": "file",
    "required": True,
    "label": "Picture",
    "helpText": "An address, or a file of an earlier step.",
}
_ONCE: Final = {
    "key": "once_for",
    "label": "Once For",
    "type": "string",
    "required": False,
    "helpText": "What stays the same when Zapier repeats this step, such as the id of the trigger's event: with the "
    "same here and in all fields it is done once in a day.",
}


def render(catalogue: Described) -> dict[str, str]:
    """Path within connectors/zapier -> text."""
    return {"operations.json": pretty(operations(catalogue)), "package.json": pretty(_package(catalogue.version))}


def operations(catalogue: Described) -> Json:
    """Triggers, creates, searches and the hidden triggers behind drop-downs, as Zapier describes them; no functions.

    `choices` holds (where they are read) beside each hidden trigger; all the others have the keys of the catalogue.
    """
    does = [one for one in catalogue.actions if one.get("kind") != "find"]
    finds = [one for one in catalogue.actions if one.get("kind") == "find"]
    made = {one["key"]: one for one in does}
    paths = {path for one in (*catalogue.triggers, *catalogue.actions) for path in _dynamic(one).values()}
    return {
        "version": catalogue.version,
        "triggers": {one["key"]: _trigger(one) for one in catalogue.triggers},
        "choices": {_choices_key(path): {"path": path, "trigger": _choices(path)} for path in sorted(paths)},
        "creates": {one["key"]: _create(one, finds) for one in does},
        "searches": {one["key"]: _search(one) for one in finds},
        "searchOrCreates": {
            one["key"]: _pair(one, made[one["creates"]]) for one in finds if one.get("creates") in made
        },
    }


def _package(version: str) -> Json:
    return {
        "name": "copyhound-zapier",
        "version": version,
        "description": "Copyhound for Zapier: triggers, actions and searches, rendered from Copyhound's catalogue.",
        "license": "MIT",
        "private": True,
        "main": "index.js",
        "engines": {"node": ">=22"},  # Zapier runs it on 22, and its command line wants as much
        "dependencies": {"zapier-platform-core": CORE},
    }


def _told(one: Json, description: str) -> Json:
    display = {"label": one["title"], "description": description.replace("`", "")[:_MOST_TEXT]}
    return {"key": one["key"], "noun": one["noun"], "display": display}


def _trigger(one: Json) -> Json:
    text = one["description"]
    # Zapier refuses to publish a trigger that does not begin so
    text = text if text.startswith(_STARTS) else f"{_STARTS}this happens: {text}"
    operation = {
        "type": "hook",
        "inputFields": list(_inputs(one)),
        "outputFields": _outputs(one["output_schema"], one["sample"]),
        "sample": one["sample"],
    }
    return {**_told(one, text), "operation": operation}


def _action(one: Json, output: Json, sample: Json) -> Json:
    made = {"inputFields": list(_inputs(one)), "outputFields": _outputs(output, sample), "sample": sample}
    return {**_told(one, one["description"]), "operation": made}


def _create(one: Json, finds: list[Json]) -> Json:
    made = _searched(_action(one, one["output_schema"], one["sample"]), finds)
    taken = {field["key"] for field in made["operation"]["inputFields"]}
    if one.get("scope") == "write" and _ONCE["key"] not in taken:
        made["operation"]["inputFields"].append(_ONCE)
    return made


def _searched(made: Json, finds: list[Json]) -> Json:
    """With "add a search step" beside each drop-down of what an action can find."""
    targets = {f"choices_{one['noun'].lower()}s.id.name": f"{one['key']}.id" for one in finds}
    for field in made["operation"]["inputFields"]:
        if not field.get("list") and field.get("dynamic") in targets:
            field["search"] = targets[field["dynamic"]]
    return made


def _search(one: Json) -> Json:
    """A search answers an array: what the action has under `items`."""
    found = plain(one["output_schema"])["properties"]["items"]["items"]
    return _action(one, found, next(iter(one["sample"].get("items", ())), {}))


def _pair(one: Json, made: Json) -> Json:
    told = {"label": f"Find or Create {one['noun']}", "description": f"{one['description']} {made['description']}"}
    told["description"] = told["description"].replace("`", "")
    return {"key": one["key"], "display": told, "search": one["key"], "create": made["key"]}


def _choices_key(path: str) -> str:
    return "choices_" + re.sub(r"\W+", "_", path.removeprefix("/api/v1/").removeprefix("choices/").strip("/"))


def _choices(path: str) -> Json:
    noun = _label(_choices_key(path).removeprefix("choices_"))
    display = {"label": f"Choices: {noun}", "description": f"Triggers when a drop-down shows {noun}.", "hidden": True}
    named = [{"key": "id", "label": "ID", "type": "string", "primary": True}, {"key": "name", "label": "Name"}]
    sought = {"key": "q", "label": "Search", "type": "string", "required": False}
    operation = {"type": "polling", "canPaginate": True, "inputFields": [sought], "outputFields": named}
    return {"key": _choices_key(path), "noun": noun, "display": display, "operation": operation}


def _dynamic(one: Json) -> dict[str, str]:
    found: dict[str, str] = one.get("dynamic_fields") or {}
    return found


def _inputs(one: Json) -> Iterator[Json]:
    for name, schema in fields(one.get("input_schema")).items():
        yield from _input(name, schema, _dynamic(one).get(name))


def _input(key: str, schema: Json, path: str | None = None) -> Iterator[Json]:
    """The fields for one property: an object within has one for each of its own, `schedule__days`.

    No defaults: what is not filled in is not sent, and the server's own holds.
    """
    within = schema.get("properties")
    if within and schema.get("type") == "object":
        for name, part in within.items():
            yield from _input(f"{key}__{name}", part)
        return
    label = _label(key.removesuffix("_id") if path else key)
    made: Json = {"key": key, "label": label, "required": schema.get("required") is True}
    many = schema.get("type") == "array"
    one = schema.get("items", {}) if many else schema
    if many and one.get("properties"):
        yield {"key": key, "label": _label(key), "children": list(_line(one["properties"], one.get("required", [])))}
        return
    made["type"] = _type(one)
    if many:
        made["list"] = True
    if one.get("type") == "object":
        made = {**made, "type": "string", "dict": True}
    if "enum" in one:
        made["choices"] = {word: _label(word) for word in one["enum"]}
    if path:
        made["dynamic"] = f"{_choices_key(path)}.id.name"
    if told := _help(schema, one):
        made["helpText"] = told
    yield made


def _line(properties: Json, must: list[str]) -> Iterator[Json]:
    """The fields of a line item. Of a picture, a file from an earlier step is its address; base64 is for programs."""
    picture = "base64" in properties
    for name, part in properties.items():
        if picture and name == "base64":
            continue
        for field in _input(name, {**part, "required": name in must}):
            if picture and name == "url":
                field |= _FILE
            yield field


def _type(schema: Json) -> str:
    if schema.get("format") == "date-time":
        return "datetime"
    return _TYPES.get(str(schema.get("type")), "string")


def _help(schema: Json, one: Json) -> str:
    told = [str(schema.get("description", "")).replace("`", "")] if "enum" not in one else []
    low, high = one.get("minimum"), one.get("maximum")
    if low is not None and high is not None:
        told.append(f"From {low} to {high}.")
    default = schema.get("default")
    if isinstance(default, bool | int | float) or (isinstance(default, str) and default):
        told.append(f"Left empty: {str(default).lower() if isinstance(default, bool) else default}.")
    return " ".join(text for text in told if text)[:_MOST_TEXT]


def _outputs(schema: Json, sample: Json) -> list[Json]:
    """By the schema; of objects whose keys are free, those that the sample has."""
    properties = plain(schema).get("properties", {}).items()
    found = {field["key"]: field for name, part in properties for field in _output(name, _label(name), part)}
    for key in leaves(sample):
        found.setdefault(key, {"key": key, "label": _label(key.replace("[]", "_"))})
    if "id" in found:
        found["id"]["primary"] = True
    return list(found.values())


def _output(key: str, label: str, schema: Json) -> Iterator[Json]:
    """Zapier's names of parts: `outcomes__answered` within an object, `pages[]url` of each in an array."""
    one, joint = (schema.get("items", {}), "[]") if schema.get("type") == "array" else (schema, "__")
    if one.get("properties"):
        for name, part in one["properties"].items():
            yield from _output(f"{key}{joint}{name}", f"{label} {_label(name)}", part)
        return
    made = {"key": key, "label": label}
    yield made if joint == "[]" or one.get("type") == "object" else {**made, "type": _type(one)}


def _label(key: str) -> str:
    """In title case, as Zapier wants it: `schedule__days` -> `Schedule Days`, `list_ids` -> `Lists`."""
    if key.endswith("_ids"):
        return _label(key.removesuffix("_ids") + "s")
    words = key.split("_")
    return " ".join(_SPELT.get(word, word[:1].upper() + word[1:]) for word in words if word)


def leaves(value: Any, key: str = "") -> Iterator[str]:
    """The keys of a sample's values, named as `outputFields` name them."""
    if isinstance(value, dict) and value:
        for name, part in value.items():
            yield from leaves(part, f"{key}__{name}" if key and not key.endswith("[]") else key + name)
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        for part in value:
            yield from leaves(part, f"{key}[]")
    else:
        yield key
