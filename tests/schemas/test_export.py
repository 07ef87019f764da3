"""The exported schemas: fresh, and of one mind with the code."""

from __future__ import annotations

import copy
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest
from jsonschema import Draft202012Validator
from litestar import Litestar, Request, get
from litestar.params import FromPath, FromQuery
from referencing import Registry

from copyhound import schema_export
from copyhound.domain.lifecycle import ApiVersion
from copyhound.domain.triggers import Action
from copyhound.http.openapi_surfaces import documents
from copyhound.plugin_api import SurfaceSpec
from copyhound.plugin_api.describing import FILE, form, operation, query
from copyhound.plugin_host.unbound import Unbound
from copyhound.services.actions import builtin_actions
from copyhound.services.triggers import TRIGGERS
from copyhound_schemas import read_action, read_openapi, read_trigger

ACTIONS: dict[str, Action] = {one.key: one for one in builtin_actions(Unbound())}  # type: ignore[arg-type]
SCHEMAS = schema_export.schemas()
FORMATS = Draft202012Validator.FORMAT_CHECKER


def refuses(schema: dict[str, Any], value: Any) -> bool:
    """Whether a schema refuses a value; nothing is fetched to find out."""
    validator = Draft202012Validator(schema, registry=Registry(), format_checker=FORMATS)
    return not validator.is_valid(value)


def test_the_schemas_are_fresh() -> None:
    """What lies in schemas/ is what the code says; else run `make schemas`."""
    assert schema_export.check() == [], f"run `{schema_export.COMMAND}`, look at the difference, and commit it"


def test_drift_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A changed, a missing and a surplus file are each named, with the command that mends it; exporting mends it."""
    schema_export.export(tmp_path)
    assert schema_export.check(tmp_path) == []
    (tmp_path / "openapi.json").write_text("{}")
    (tmp_path / "triggers" / "match_found.json").unlink()
    (tmp_path / "old.json").write_text("{}")
    monkeypatch.setattr(schema_export, "folder", lambda: tmp_path)
    assert schema_export.main(["--check"]) == 1
    told = capsys.readouterr().err
    assert "openapi.json differs" in told
    assert "triggers/match_found.json is missing" in told
    assert "old.json is no longer exported" in told
    assert schema_export.COMMAND in told
    schema_export.export(tmp_path)
    assert schema_export.main(["--check"]) == 0


@pytest.mark.parametrize("name", sorted(SCHEMAS))
def test_every_schema_is_one(name: str) -> None:
    """Each exported schema is a valid JSON Schema 2020-12 whose id is relative and whose references stand in it."""
    schema = SCHEMAS[name]
    if name.startswith("openapi"):
        for component in schema.get("components", {}).get("schemas", {}).values():
            Draft202012Validator.check_schema(component)
        return
    Draft202012Validator.check_schema(schema)
    assert schema["$id"] == name
    assert "http" not in schema["$id"]


@pytest.mark.parametrize("key", sorted(TRIGGERS))
def test_samples_of_triggers_fit(key: str) -> None:
    """A trigger's sample is right for jsonschema and for msgspec, and has an id at its top."""
    trigger = TRIGGERS[key]
    jsonschema.validate(trigger.sample, read_trigger(key), registry=Registry(), format_checker=FORMATS)
    msgspec.convert(trigger.sample, trigger.payload)
    assert isinstance(trigger.sample["id"], str)
    assert not any(isinstance(value, dict) for name, value in trigger.sample.items() if name != "outcomes"), "flat"


@pytest.mark.parametrize("key", sorted(ACTIONS))
def test_samples_of_actions_fit(key: str) -> None:
    """An action's sample is what it may answer."""
    action = ACTIONS[key]
    jsonschema.validate(action.sample, read_action(key, "output"), registry=Registry(), format_checker=FORMATS)
    msgspec.convert(action.sample, action.output)


@pytest.mark.parametrize("key", sorted(TRIGGERS))
@pytest.mark.parametrize("fault", ["no id", "sequence as text", "bad time", "time without zone"])
def test_anti_examples_of_triggers_are_refused(key: str, fault: str) -> None:
    """A body that lacks its id, or has a wrong sequence or time, fits neither schema nor Struct."""
    body = copy.deepcopy(TRIGGERS[key].sample)
    if fault == "no id":
        del body["id"]
    elif fault == "sequence as text":
        body["sequence"] = "41"
    else:
        body["timestamp"] = "yesterday" if fault == "bad time" else "2026-11-21T09:30:01"
    assert refuses(read_trigger(key), body) or fault in ("bad time", "time without zone")
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(body, TRIGGERS[key].payload)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("start_search", {}),
        ("start_search", {"images": []}),
        ("start_search", {"images": [{"path": "x"}]}),
        ("create_list", {"label": ""}),
        ("create_list", {"label": "x", "min_confidence": 101}),
        ("create_list", {"label": "x", "colour": "red"}),
        ("export_matches", {"list_id": 7}),
        ("find_search", {}),
        ("find_search", {"id": "search_1"}),
    ],
)
def test_anti_examples_of_actions_are_refused(key: str, value: dict[str, Any]) -> None:
    """jsonschema and msgspec agree on what an action does not take."""
    assert refuses(read_action(key), value)
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(value, ACTIONS[key].input)


def test_a_foreign_reference_is_never_fetched() -> None:
    """With an empty registry, a schema that refers elsewhere fails instead of asking the network."""
    schema = {"$ref": "http://127.0.0.1:9/x.json"}
    with pytest.raises(Exception, match=r"127\.0\.0\.1"):
        Draft202012Validator(schema, registry=Registry()).validate({})


def test_the_document_can_be_read_from_the_package() -> None:
    """The OpenAPI document is package data."""
    assert read_openapi()["info"]["title"] == "Copyhound"


def test_a_breaking_change_since_the_release_is_refused(tmp_path: Path) -> None:
    """Once released, no operation may go: `--check` names it, however fresh schemas/ is. Without a release, too."""
    schema_export.export(tmp_path)
    assert schema_export.breaking(tmp_path) == []
    document = copy.deepcopy(read_openapi())
    document["paths"]["/api/v1/gone"] = {"get": {"operationId": "get_gone", "responses": {}}}
    text = msgspec.json.encode(document)
    (tmp_path / "openapi.json").write_bytes(text)
    assert schema_export.breaking(tmp_path) == ["openapi.json: GET /api/v1/gone is gone"]
    schema_export.release(tmp_path)
    (tmp_path / "released" / "openapi.json").write_bytes(text)
    schema_export.export(tmp_path)
    assert schema_export.check(tmp_path) == []
    assert schema_export.breaking(tmp_path) == ["openapi.json: GET /api/v1/gone is gone"]


def test_breaking_changes_end_the_check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`--check` fails where a client would break, and where a released version has gone altogether."""
    schema_export.export(tmp_path)
    schema_export.release(tmp_path)
    monkeypatch.setattr(schema_export, "folder", lambda: tmp_path)
    assert schema_export.main(["--check"]) == 0
    (tmp_path / "released" / "openapi").mkdir(exist_ok=True)
    (tmp_path / "released" / "openapi" / "acme-1.json").write_text("{}")
    assert schema_export.breaking() == ["openapi/acme-1.json: the version is gone"]
    assert schema_export.main(["--check"]) == 1


@pytest.mark.parametrize("released", [False, True])
def test_a_breaking_change_of_an_action_is_refused(tmp_path: Path, released: bool) -> None:
    """Of an action no field may go, none may be asked for that was not, and the action may not go, either."""
    schema_export.export(tmp_path)
    assert schema_export.breaking(tmp_path) == []
    where = tmp_path
    if released:
        schema_export.release(tmp_path)
        where = tmp_path / "released"
    taken, given = (where / f"actions/find_list.{part}.json" for part in ("input", "output"))
    before = msgspec.json.decode(taken.read_bytes()), msgspec.json.decode(given.read_bytes())
    for part in ("input", "output"):
        schema = before[0] if part == "input" else before[1]
        (where / f"actions/lose_list.{part}.json").write_bytes(msgspec.json.encode(schema))
    before[0]["required"], before[0]["properties"]["colour"] = [], {"type": "string"}
    before[1]["properties"]["next"] = {"type": "string"}
    before[1]["required"].append("next")
    taken.write_bytes(msgspec.json.encode(before[0]))
    given.write_bytes(msgspec.json.encode(before[1]))
    told = "\n".join(schema_export.breaking(tmp_path))
    assert "actions/lose_list: the action is gone" in told
    for field in ("label", "colour", "next"):
        assert field in told, told


def test_nothing_breaks_clients() -> None:
    """What the code answers today breaks no client of what was released, or committed, last."""
    assert schema_export.breaking() == []


def test_a_surface_is_described() -> None:
    """Any Litestar application of a surface gives a document for each of its versions, and is left as it was."""

    @get("/search/{number:int}")
    async def search(number: FromPath[int], limit: FromQuery[int] = 10) -> dict[str, int]:
        """Find things."""
        return {"n": number}

    app = Litestar([search], openapi_config=None)
    versions = (ApiVersion(api="acme", version="3.0", prefix="/3.0"),)
    spec = SurfaceSpec("acme", "Acme", "Another API.", ("/2.0", "/3.0"), lambda: app, versions)
    found = documents([(spec, app), (SurfaceSpec("plain", "Plain", "No Litestar.", ("/p",), object), object())])
    assert set(found) == {"acme-2.0", "acme-3.0"}
    operation = found["acme-3.0"]["paths"]["/3.0/search/{number}"]["get"]
    assert operation["description"] == "Find things."
    assert {one["name"] for one in operation["parameters"]} == {"number", "limit"}
    assert found["acme-2.0"]["info"]["version"] == "2.0"
    assert len(app.routes) == 1


def test_a_document_has_the_keys_of_its_own_surface_alone() -> None:
    """Of the ways to send a key a document names those that the vendor's clients use, and no other surface's."""
    found = schema_export.openapi_documents()
    wanted = {"tineye-rest": "key", "matchengine-matchengine": "basic", "copyleaks-v1": "bearer"}
    for name, scheme in {**wanted, "infringement_report-3.0": "key"}.items():
        document = found[f"openapi/{name}.json"]
        assert list(document["components"]["securitySchemes"]) == [scheme]
        assert document["security"] == [{scheme: []}]


def test_a_surface_describes_what_it_reads_by_itself() -> None:
    """What a surface tells of an operation is laid over Litestar's; it hides one, and tells of one without a route."""

    @get("/search/{number:int}")
    async def search(request: Request[Any, Any, Any]) -> None:
        """Find things."""

    told = {
        "GET /search/{number}": operation("Search.", query("limit", "So many.", type="integer")),
        "POST /add": operation("Add.", body=form("file", file=FILE), name="add", open=True),
        "GET /nothing": None,
    }
    spec = SurfaceSpec("acme", "Acme", "Another API.", ("/a",), object, openapi=told)
    paths = documents([(spec, Litestar([search, nothing]))])["acme-a"]["paths"]
    assert set(paths) == {"/a/search/{number}", "/a/add"}
    searching, adding = paths["/a/search/{number}"]["get"], paths["/a/add"]["post"]
    assert [(one["name"], one["in"]) for one in searching["parameters"]] == [("number", "path"), ("limit", "query")]
    assert searching["description"] == "Search."
    assert (adding["operationId"], adding["security"]) == ("add", [])
    assert adding["requestBody"]["content"]["multipart/form-data"]["schema"]["required"] == ["file"]


@get("/nothing")
async def nothing() -> None:
    """Nobody needs to know."""


@pytest.mark.parametrize("seed", ["1", "2"])
def test_documents_are_the_same_in_every_process(seed: str) -> None:
    """However Python shuffles its sets, the documents come out as they are committed."""
    code = "from copyhound.schema_export import check; print(*check(), sep='\\n')"
    told = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONHASHSEED": seed},
        capture_output=True,
        check=True,
        text=True,
    )
    assert told.stdout.strip() == ""
