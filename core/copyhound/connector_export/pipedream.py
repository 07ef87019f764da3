"""Pipedream: a source for each trigger, a component for each action."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from copyhound.connector_export.catalogue import Described, Json, pretty
from copyhound.connector_export.shapes import label, plain

NOTE: Final = "// Written from Copyhound's catalogue by `make connectors`, never by hand.\n"
_TYPES: Final = {"string": "string", "integer": "integer", "boolean": "boolean", "number": "string", "object": "string"}
"""Pipedream has no numbers with a fraction, and no objects within lists: those are written as text."""
_OWN: Final = ("apiKey", "baseUrl", "db", "http", "filter", "summary", "title", "trigger")
"""Names that a component needs for itself."""


def render(catalogue: Described) -> dict[str, str]:
    """Path within connectors/pipedream -> text."""
    found = {"package.json": pretty(_package(catalogue.version))}
    for one in catalogue.triggers:
        at = f"sources/{_slug(one['key'])}"
        found[f"{at}/{_slug(one['key'])}.mjs"] = _source(one, catalogue.version)
        found[f"{at}/test-event.mjs"] = f"{NOTE}\nexport default {_script(one['sample'])};\n"
    for one in catalogue.actions:
        found[f"actions/{_slug(one['key'])}/{_slug(one['key'])}.mjs"] = _action(one, catalogue.version)
    return found


def prop(name: str) -> str:
    """A field's name as a component's prop: `list_id` -> `listId`, never one that a component needs for itself."""
    first, *rest = name.split("_")
    found = first + "".join(word[:1].upper() + word[1:] for word in rest)
    return f"{found}Field" if found in _OWN else found


def _slug(key: str) -> str:
    return key.replace("_", "-")


def _package(version: str) -> Json:
    return {
        "name": "@copyhound/pipedream",
        "version": version,
        "description": "Copyhound components for Pipedream",
        "license": "MIT",
        "type": "module",
        "engines": {"node": ">=18"},
    }


def _source(one: Json, version: str) -> str:
    fields = list(_fields(one["input_schema"] or {}, one["dynamic_fields"]))
    props = [
        "    ...connection,",
        '    http: { type: "$.interface.http", customResponse: true },',
        '    db: "$.service.db",',
    ]
    filters = "".join(f"\n        {json.dumps(name)}: {_value(name, part)}," for name, part, _ in fields)
    return f"""{NOTE}
import copyhound, {{ connection }} from "../../common/client.mjs";
import common from "../../common/source.mjs";
import sampleEmit from "./test-event.mjs";

export default {{
  ...common,
  key: "copyhound-{_slug(one["key"])}",
  name: {_script(one["title"])},
  description: {_script(_emits(one["description"]))},
  version: "{version}",
  type: "source",
  props: {{
{chr(10).join([*props, *_props(fields)])}
  }},
  methods: {{
    ...common.methods,
    filter() {{
      return {{{filters}
      }};
    }},
    title() {{
      return {_script(one["title"])};
    }},
    trigger() {{
      return "{one["key"]}";
    }},
  }},
  sampleEmit,
}};
"""


def _emits(description: str) -> str:
    return description.replace("Triggers when", "Emits an event when", 1)


def _action(one: Json, version: str) -> str:
    fields = list(_fields(one["input_schema"], one["dynamic_fields"]))
    sent = "".join(f"\n      {json.dumps(name)}: {_value(name, part)}," for name, part, _ in fields)
    return f"""{NOTE}
import copyhound, {{ connection }} from "../../common/client.mjs";

export default {{
  key: "copyhound-{_slug(one["key"])}",
  name: {_script(one["title"])},
  description: {_script(one["description"])},
  version: "{version}",
  type: "action",
  props: {{
{chr(10).join(["    ...connection,", *_props(fields)])}
  }},
  async run({{ $ }}) {{
    const answer = await copyhound(this).act("{one["key"]}", {{{sent}
    }}, $.context);
    $.export("$summary", {_script(f"{one['title']}: done")});
    return answer;
  }},
}};
"""


def _fields(schema: Json, dynamic: Json) -> Iterator[tuple[str, Json, str | None]]:
    whole = plain(schema)
    for name, part in whole.get("properties", {}).items():
        yield name, {**part, "must": name in whole.get("required", ())}, dynamic.get(name)


def _value(name: str, part: Json) -> str:
    own = f"this.{prop(name)}"
    return f"{own} && Number({own})" if part.get("type") == "number" else own


def _props(fields: list[tuple[str, Json, str | None]]) -> Iterator[str]:
    for name, part, choices in fields:
        each = part.get("items", {}) if part.get("type") == "array" else part
        kind = _TYPES.get(each.get("type", ""), "string") + ("[]" if each is not part else "")
        shown: Json = {"type": kind, "label": label(name), "description": _told(name, part)}
        if not part["must"]:
            shown["optional"] = True
        if "enum" in each:
            shown["options"] = each["enum"]
        if part.get("default") not in (None, [], {}) and kind != "string":
            shown["default"] = part["default"]
        asked = (
            f",\n      options(page) {{\n        return copyhound(this).choices({_script(choices)}, page);\n      }}"
        )
        inner = ",\n".join(f"      {key}: {_script(value)}" for key, value in shown.items())
        yield f"    {prop(name)}: {{\n{inner}{asked + ',' if choices else ','}\n    }},"


def _told(name: str, part: Json) -> str:
    each = part.get("items", part)
    if each.get("properties"):
        return f"As JSON: an object with {', '.join(f'`{one}`' for one in each['properties'])}."
    return str(part.get("description") or f"{label(name)}.")


def _script(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
