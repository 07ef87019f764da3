"""The description of the export, and what it really answers."""

from __future__ import annotations

import csv
import io
from typing import Any

import jsonschema
import msgspec
from referencing import Registry

from copyhound.http.wire.exports import FILES, SAMPLE, ExportRow
from copyhound.services.exports import COLUMNS
from copyhound_schemas import read_openapi

from .conftest import World, found


def described() -> dict[str, Any]:
    operation = read_openapi()["paths"]["/api/v1/lists/{list_id}/export"]["get"]
    content: dict[str, Any] = operation["responses"]["200"]["content"]
    return content


def test_every_format_has_a_schema_and_an_example() -> None:
    """The operation describes CSV, JSON and JSON Lines, each with an example that holds every column."""
    content = described()
    assert set(content) == set(FILES) == {"text/csv", "application/json", "application/jsonl"}
    header, row = csv.reader(io.StringIO(content["text/csv"]["example"]))
    assert (tuple(header), len(row)) == (COLUMNS, len(COLUMNS))
    assert msgspec.json.decode(content["application/jsonl"]["example"]) == SAMPLE
    schema = {**content["application/json"]["schema"], "components": read_openapi()["components"]}
    jsonschema.validate(content["application/json"]["example"], schema, registry=Registry())


def test_the_described_row_has_the_columns() -> None:
    """The row's fields are the export's columns, in their order."""
    assert ExportRow.__struct_fields__ == COLUMNS


async def test_real_rows_are_as_described(world: World, picture: bytes) -> None:
    """What the export answers fits what the document says of it."""
    search = await found(world, picture)
    answer = await world.call("GET", f"/lists/{search['list_id']}/export?format=json")
    (row,) = msgspec.json.decode(answer.content, type=list[ExportRow])
    assert row.match_id == search["matches"][0]["id"]
    assert set(answer.json()[0]) == set(COLUMNS)
