"""n8n: the fields of both nodes in connectors/n8n; what they do stands there, written by hand."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from copyhound.connector_export.catalogue import Described
from copyhound.connector_export.shapes import fields
from copyhound.connector_export.typescript import module

Json = dict[str, Any]

_PLUGIN: Final = {"name": "Plugin", "value": "plugin"}
_FILTER_CHOICES: Final = {"list_ids": "/api/v1/lists", "providers": "/api/v1/providers"}
"""What a trigger's filter chooses from, where its descriptor does not say."""
_DOCS: Final = '<a href="https://docs.n8n.io/code/expressions/">expression</a>'
_UPPER: Final = {"id": "ID", "ids": "IDs", "url": "URL", "urls": "URLs", "csv": "CSV"}
_SMALL: Final = {"a", "an", "and", "as", "at", "by", "for", "from", "in", "is", "of", "on", "or", "the", "to", "with"}


def render(catalogue: Described) -> dict[str, str]:
    """Path within connectors/n8n -> text."""
    return {
        "nodes/Copyhound/catalogue.ts": _actions(catalogue.actions),
        "nodes/CopyhoundTrigger/catalogue.ts": _triggers(catalogue.triggers),
    }


def _actions(actions: Sequence[Json]) -> str:
    nouns: dict[str, list[Json]] = {}
    for action in actions:
        nouns.setdefault(action["noun"], []).append(action)
    paths = {path for action in actions for path in action["dynamic_fields"].values()}
    return module(
        ["import type { INodeProperties } from 'n8n-workflow';", "import type { ActionFields } from './body';"],
        {
            "resources: INodeProperties": _resources(nouns),
            "operations: INodeProperties[]": [_operations(noun, some) for noun, some in nouns.items()],
            "actionFields: INodeProperties[]": [part for one in actions for part in _action_fields(one)],
            "ACTIONS: Record<string, ActionFields>": {action["key"]: _read_as(action) for action in actions},
            "CHOICES: Record<string, string>": {_choices_name(path): path for path in sorted(paths)},
        },
    )


def _triggers(triggers: Sequence[Json]) -> str:
    known = [
        {"name": title_case(one["title"]), "value": one["key"], "description": sentence(one["description"])}
        for one in triggers
    ]
    shapes = {name: part for one in triggers for name, part in fields(one["input_schema"]).items()}
    choices = {name: path for one in triggers for name, path in one["dynamic_fields"].items()}
    choices = {name: path for name, path in {**_FILTER_CHOICES, **choices}.items() if name in shapes}
    filters = [_property(name, part, choices.get(name)) for name, part in shapes.items()]
    return module(
        [
            "import type { INodeProperties, INodePropertyOptions } from 'n8n-workflow';",
            "import type { Field } from '../shared/values';",
        ],
        {
            "triggerOptions: INodePropertyOptions[]": _by("name", known),
            "filterFields: INodeProperties[]": _by("displayName", filters),
            "FILTER_FIELDS: Field[]": [_kind(name, part, choices.get(name)) for name, part in shapes.items()],
            "CHOICES: Record<string, string>": {_choices_name(path): path for path in sorted(set(choices.values()))},
        },
    )


def _resources(nouns: Mapping[str, list[Json]]) -> Json:
    options = [{"name": title_case(noun), "value": _slug(noun)} for noun in nouns]
    return {
        "displayName": "Resource",
        "name": "resource",
        "type": "options",
        "noDataExpression": True,
        "options": _by("name", [*options, _PLUGIN]),
        "default": options[0]["value"] if options else _PLUGIN["value"],
    }


def _operations(noun: str, actions: Sequence[Json]) -> Json:
    options = [
        {
            "name": title_case(one["title"]),
            "value": one["key"],
            "action": one["title"],
            "description": sentence(one["description"]),
        }
        for one in actions
    ]
    return {
        "displayName": "Operation",
        "name": "operation",
        "type": "options",
        "noDataExpression": True,
        "displayOptions": {"show": {"resource": [_slug(noun)]}},
        "options": _by("name", options),
        # n8n does not save what is the default: it must stay, whatever is added later
        "default": actions[0]["key"],
    }


def _action_fields(action: Json) -> list[Json]:
    """Required fields one by one, pictures from the workflow, and the others behind Add Field."""
    shapes, choices = fields(action["input_schema"]), action["dynamic_fields"]
    show = {"displayOptions": {"show": {"resource": [_slug(action["noun"])], "operation": [action["key"]]}}}
    shown = [{**_property(name, shapes[name], choices.get(name)), **show} for name in _required(shapes)]
    for one in shown:
        # n8n looks for text and choices in what is required; groups the server checks
        if one["type"] in ("string", "options", "multiOptions", "resourceLocator"):
            one["required"] = True
    if _pictures(shapes):
        shown.append({**_BINARY, **show})
    added = [_property(name, part, choices.get(name)) for name, part in shapes.items() if name not in _required(shapes)]
    if added:
        shown.append({**_ADDITIONAL, **show, "options": _by("displayName", added)})
    return shown


_BINARY: Final[Json] = {
    "displayName": "Input Binary Fields",
    "name": "binaryFields",
    "type": "string",
    "default": "",
    "placeholder": "e.g. data",
    "description": "The names of binary fields of the item that hold pictures, separated by commas",
}
_ADDITIONAL: Final[Json] = {
    "displayName": "Additional Fields",
    "name": "additionalFields",
    "type": "collection",
    "placeholder": "Add Field",
    "default": {},
}


def _read_as(action: Json) -> Json:
    """How what was entered becomes the body: nodes/Copyhound/body.ts reads it."""
    shapes, choices = fields(action["input_schema"]), action["dynamic_fields"]
    shown = _required(shapes)
    pictures = _pictures(shapes)
    return {
        "shown": [_kind(name, shapes[name], choices.get(name)) for name in shown],
        "added": [_kind(name, part, choices.get(name)) for name, part in shapes.items() if name not in shown],
        **({"pictures": pictures} if pictures else {}),
    }


def _required(shapes: Mapping[str, Json]) -> list[str]:
    return [name for name, part in shapes.items() if part.get("required") is True or part.get("must")]


def _pictures(shapes: Mapping[str, Json]) -> str | None:
    """The field that takes pictures, as addresses or bytes; None where there is none."""
    lists = ((name, part.get("items", {}).get("properties", {})) for name, part in shapes.items())
    return next((name for name, parts in lists if "base64" in parts), None)


def _kind(name: str, shape: Json, choices: str | None) -> Json:
    """How nodes/shared/values.ts reads what was entered."""
    return {"name": name, "kind": _kind_of(shape, choices)}


def _kind_of(shape: Json, choices: str | None) -> str:
    kind, inner = shape.get("type"), shape.get("items", {})
    if kind == "array":
        return "groups" if inner.get("properties") else "list" if inner.get("type") == "string" else "json"
    if kind == "object":
        return "group" if shape.get("properties") else "json"
    if kind == "string":
        return "locator" if choices else "value"
    return "value" if kind in ("integer", "number", "boolean") else "json"


def _property(name: str, shape: Json, choices: str | None) -> Json:
    """A field of a node."""
    kind = _kind_of(shape, choices)
    found: Json = {"displayName": title_case(name.replace("_", " ")), "name": name}
    if kind == "locator":
        found |= _locator(_choices_name(str(choices)), found["displayName"])
    elif kind == "list":
        found |= _list(found["displayName"], shape, choices)
    elif kind == "groups":
        found |= _groups(shape["items"], found["displayName"])
    elif kind == "group":
        found |= {"type": "collection", "placeholder": "Add Field", "default": {}, "options": _parts(shape)}
    elif kind == "json":
        found |= {"type": "json", "default": "[]" if shape.get("type") == "array" else "{}"}
    else:
        found |= _plain(shape)
    if "description" in shape and "description" not in found and found["type"] != "boolean":
        found["description"] = sentence(shape["description"])
    return found


def _plain(shape: Json) -> Json:
    kind, default = shape["type"], shape.get("default")
    if shape.get("enum"):
        options = [{"name": title_case(str(one)), "value": one} for one in shape["enum"]]
        return {"type": "options", "options": _by("name", options), "default": default or options[0]["value"]}
    if kind == "boolean":
        return {"type": "boolean", "default": bool(default)}
    if kind in ("integer", "number"):
        limits = {"minimum": "minValue", "maximum": "maxValue"}
        within = {limits[name]: shape[name] for name in limits if name in shape}
        # 50.0 is 50 in the language of n8n
        number = int(default) if isinstance(default, float) and default.is_integer() else default
        return {
            "type": "number",
            **({"typeOptions": within} if within else {}),
            "default": number or shape.get("minimum", 0),
        }
    return {"type": "dateTime" if shape.get("format") == "date-time" else "string", "default": default or ""}


def _list(title: str, shape: Json, choices: str | None) -> Json:
    if choices:
        return {
            "displayName": f"{title.removesuffix(' IDs').removesuffix('s')} Names or IDs",
            "type": "multiOptions",
            "typeOptions": {"loadOptionsMethod": f"get{_choices_name(choices)}"},
            "default": [],
            "description": f"Choose from the list, or specify IDs using an {_DOCS}",
        }
    if enum := shape["items"].get("enum"):
        options = [{"name": title_case(str(one)), "value": one} for one in enum]
        return {"type": "multiOptions", "options": _by("name", options), "default": []}
    return {"type": "string", "typeOptions": {"multipleValues": True}, "default": []}


def _locator(choices: str, title: str) -> Json:
    search = {"searchListMethod": f"search{choices}", "searchable": True}
    return {
        "displayName": title.removesuffix(" ID"),
        "type": "resourceLocator",
        "default": {"mode": "list", "value": ""},
        "modes": [
            {"displayName": "From List", "name": "list", "type": "list", "typeOptions": search},
            {"displayName": "By ID", "name": "id", "type": "string"},
        ],
    }


def _groups(shape: Json, title: str) -> Json:
    within = {"displayName": title, "name": "values", "values": _parts(shape)}
    return {
        "type": "fixedCollection",
        "typeOptions": {"multipleValues": True},
        "placeholder": f"Add {title.removesuffix('s')}",
        "default": {},
        "options": [within],
    }


def _parts(shape: Json) -> list[Json]:
    """The fields of an object; bytes of pictures come from the workflow instead."""
    parts = [_property(name, part, None) for name, part in shape["properties"].items() if name != "base64"]
    return _by("displayName", parts)


def _choices_name(path: str) -> str:
    """`/api/v1/lists` -> `Lists`."""
    return "".join(part.capitalize() for part in re.split(r"[^A-Za-z0-9]+", path.rpartition("/")[2]))


def _slug(noun: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", noun.lower())


def title_case(text: str) -> str:
    """`Start search` -> `Start Search`, as n8n names things."""
    words = text.split()
    cased = [_UPPER.get(word.lower()) or (word if word in _SMALL else word[:1].upper() + word[1:]) for word in words]
    return " ".join([cased[0][:1].upper() + cased[0][1:], *cased[1:]]) if cased else ""


def sentence(text: str) -> str:
    """A description as n8n wants it: one without the full stop at its end."""
    one = " ".join(text.split())
    return one.removesuffix(".") if ". " not in one else one


def _by(name: str, some: Sequence[Json]) -> list[Json]:
    """n8n's linter wants them in the order of what is read."""
    return sorted(some, key=lambda one: str(one[name]).lower())
