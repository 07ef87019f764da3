"""Writes schemas/ from the code, and tells where they differ: `python -m copyhound.schema_export [--check]`.

`released/` within it holds the OpenAPI documents as they were released last: what would break their clients is refused.
Before the first release the documents that are committed count."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, cast

import msgspec

import copyhound_schemas
from copyhound import client_export, typescript_export
from copyhound.breaking import breaks
from copyhound.domain.triggers import Action, Trigger
from copyhound.http.app import describe_api
from copyhound.http.openapi_surfaces import documents
from copyhound.http.wire.descriptors import json_schema
from copyhound.plugin_api import SurfaceSpec, UseCases
from copyhound.plugin_host.catalogue import Catalogue
from copyhound.plugin_host.unbound import Unbound
from copyhound.services.actions import Actions, builtin_actions
from copyhound.services.hooks import HookFilter
from copyhound.services.triggers import TRIGGERS

COMMAND: Final = "make schemas"
NATIVE: Final = "openapi.json"
RELEASED: Final = "released"
DISTRIBUTION: Final = "copyhound"


def folder() -> Path:
    """Where the package `copyhound_schemas` lies."""
    return Path(copyhound_schemas.__file__).parent


def schemas() -> dict[str, dict[str, Any]]:
    """Path within the folder -> schema, of everything that is exported."""
    found = openapi_documents()
    found["hook_filter.json"] = {"$id": "hook_filter.json", **json_schema(HookFilter)}
    for trigger in TRIGGERS.values():
        found[f"triggers/{trigger.key}.json"] = _of_trigger(trigger)
    for action in builtin_actions(cast(Actions, Unbound())):
        found[f"actions/{action.key}.input.json"] = _of_action(action, "input")
        found[f"actions/{action.key}.output.json"] = _of_action(action, "output")
    return found


def openapi_documents() -> dict[str, dict[str, Any]]:
    """Path within the folder -> OpenAPI document: of the native API, and of each surface that ships."""
    described = documents((spec, spec.make_app()) for spec in shipped_surfaces())
    found = {f"openapi/{name}.json": document for name, document in described.items()}
    return {NATIVE: _native(), **found}


def _native() -> dict[str, Any]:
    return describe_api(TRIGGERS.values(), builtin_actions(cast(Actions, Unbound())))


def shipped_surfaces() -> list[SurfaceSpec]:
    """The surfaces of our own plugins, with nothing behind them, by their names."""
    catalogue = Catalogue.build(use_cases=cast(UseCases, Unbound()))
    shipped = {name for plugin in catalogue.plugins if plugin.distribution == DISTRIBUTION for name in plugin.surfaces}
    return [spec for name, spec in sorted(catalogue.surfaces.items()) if name in shipped]


def _of_trigger(trigger: Trigger) -> dict[str, Any]:
    told = {"title": trigger.title, "description": trigger.description, **_examples(trigger)}
    told["examples"] = [trigger.sample, *trigger.examples]
    return {**json_schema(trigger.payload), "$id": f"triggers/{trigger.key}.json", **told}


def _of_action(action: Action, part: str) -> dict[str, Any]:
    schema = json_schema(getattr(action, part))
    examples = {"examples": [action.sample]} if part == "output" else _examples(action)
    told = {"title": f"{action.title}: {part}", "description": action.description}
    return {**schema, "$id": f"actions/{action.key}.{part}.json", **told, **examples}


def _examples(item: Trigger | Action) -> dict[str, Any]:
    refused = [{"value": one.value, "reason": one.reason} for one in item.anti_examples]
    return {"examples": list(item.examples), "x-anti-examples": refused}


def written(schema: dict[str, Any]) -> bytes:
    """As it stands in its file: sorted keys, two spaces, a newline at the end."""
    return msgspec.json.format(msgspec.json.encode(schema, order="deterministic"), indent=2) + b"\n"


def breaking(within: Path | None = None) -> list[str]:
    """What would break the clients of a version, a sentence each: since its release, else since it was written last."""
    base = within or folder()
    now = {name: msgspec.json.decode(written(document)) for name, document in openapi_documents().items()}
    found: list[str] = []
    for name, document in now.items():
        released = base / RELEASED / name
        before = released if released.exists() else base / name
        if before.exists():
            found += [f"{name}: {one}" for one in breaks(msgspec.json.decode(before.read_bytes()), document)]
    kept = {file.relative_to(base / RELEASED).as_posix() for file in (base / RELEASED).rglob("*.json")}
    kept = {name for name in kept if not name.startswith("actions/")}
    gone = [f"{name}: the version is gone" for name in sorted(kept - now.keys())]
    return found + gone + _breaking_actions(base)


def _breaking_actions(base: Path) -> list[str]:
    """The same for the inputs and answers of actions, which the OpenAPI document leaves open."""
    before = base / RELEASED if (base / RELEASED / "actions").exists() else base
    keys = {file.name.split(".")[0] for file in (before / "actions").glob("*.json")}
    actions = {one.key: one for one in builtin_actions(cast(Actions, Unbound()))}
    found = [f"actions/{key}: the action is gone" for key in sorted(keys - actions.keys())]
    for key in sorted(keys & actions.keys()):
        parts = ("input", "output")
        old = [msgspec.json.decode((before / f"actions/{key}.{part}.json").read_bytes()) for part in parts]
        now = [msgspec.json.decode(written(_of_action(actions[key], part))) for part in parts]
        found += breaks(_called(key, *old), _called(key, *now))
    return found


def _called(key: str, taken: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """An OpenAPI document of one action, as far as its clients can stumble."""
    body, answer = ({"content": {"application/json": {"schema": schema}}} for schema in (taken, given))
    operation = {"operationId": key, "requestBody": body, "responses": {"200": answer}}
    defined = {**taken.get("$defs", {}), **given.get("$defs", {})}
    return {"$defs": defined, "paths": {f"/actions/{key}": {"post": operation}}}


def release(within: Path | None = None) -> list[Path]:
    """Keep the OpenAPI documents and the actions: from now on nothing in them may break. Part of making a release."""
    base = within or folder()
    actions = {name: schema for name, schema in schemas().items() if name.startswith("actions/")}
    kept = {base / RELEASED / name: written(one) for name, one in {**openapi_documents(), **actions}.items()}
    for file, data in kept.items():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    return sorted(kept)


def _exported(base: Path) -> set[Path]:
    """The files that lie there, but for the released ones."""
    return {file for file in base.rglob("*.json") if not file.is_relative_to(base / RELEASED)}


def export(into: Path | None = None) -> list[Path]:
    """Write all schemas, delete what is no longer exported; the files that were written anew."""
    base = into or folder()
    wanted = {base / name: written(schema) for name, schema in schemas().items()}
    for stale in _exported(base) - set(wanted):
        stale.unlink()
    changed = [file for file, data in sorted(wanted.items()) if not file.exists() or file.read_bytes() != data]
    for file in changed:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(wanted[file])
    return changed + ([] if into else _export_clients())


def stale_clients() -> dict[Path, bytes]:
    """The generated clients that differ from the code, as they should be; none where there is no working copy."""
    base = client_export.folder()
    if base is None:
        return {}
    document = msgspec.json.decode(msgspec.json.encode(_native()))
    wanted = {**client_export.clients(document), "typescript/copyhound.d.ts": typescript_export.types(document)}
    files = {base / name: data for name, data in wanted.items()}
    return {file: data for file, data in files.items() if not file.exists() or file.read_bytes() != data}


def _export_clients() -> list[Path]:
    stale = stale_clients()
    for file, data in stale.items():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    return list(stale)


def check(within: Path | None = None) -> list[str]:
    """What differs from the code, a sentence each; empty where all is fresh."""
    base = within or folder()
    wanted = {name: written(schema) for name, schema in schemas().items()}
    present = {file.relative_to(base).as_posix(): file.read_bytes() for file in _exported(base)}
    missing = [f"{name} is missing" for name in sorted(wanted.keys() - present.keys())]
    surplus = [f"{name} is no longer exported" for name in sorted(present.keys() - wanted.keys())]
    stale = [f"{name} differs from the code" for name in sorted(wanted) if present.get(name, b"") != wanted[name]]
    drift = missing + surplus + [text for text in stale if text.split(" ")[0] in present]
    clients = {} if within else stale_clients()
    return drift + [f"connectors: {file.name} differs from the code" for file in clients]


def main(arguments: Sequence[str] = ()) -> int:
    """The exit code: 1 where `--check` found something."""
    if "--check" not in arguments:
        for file in export():
            sys.stdout.write(f"written: {file}\n")
        return 0
    drift = check()
    for text in drift:
        sys.stderr.write(f"{text}\n")
    if drift:
        sys.stderr.write(f"Run `{COMMAND}`, look at the difference, and commit it.\n")
    broken = breaking()
    for text in broken:
        sys.stderr.write(f"breaks clients: {text}\n")
    return 1 if drift or broken else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
