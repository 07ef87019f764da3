"""The provider over the core's own index, and what the plugin registers."""

from __future__ import annotations

import hashlib

import msgspec

import copyhound_index
from copyhound.plugin_api import Candidate, Context, Outcome, Query
from copyhound_index.folder import FolderSettings
from copyhound_index.provider import OWN_INDEX, OwnIndexSettings
from copyhound_index.site import SiteSettings

from .little_site import FixedIndex

QUERY = Query(
    workspace_id="ws",
    image_id="img",
    name="a.jpg",
    sha256=hashlib.sha256(b"").hexdigest(),
    format="JPEG",
    width=1,
    height=1,
    data=b"",
    fingerprint=b"",
)
FIRST = Candidate("https://example.org/1.jpg", entry_id="ent_1")
SECOND = Candidate("https://example.org/2.jpg", entry_id="ent_2")
FOUND = {"web": [FIRST, SECOND], "known": [SECOND, Candidate("https://example.org/3.jpg", entry_id="ent_3")]}


def asking(context: Context, found: dict[str, list[Candidate]], *collections: str) -> Context:
    settings = OwnIndexSettings(collections) if collections else OwnIndexSettings()
    return msgspec.structs.replace(context, settings=settings, index=FixedIndex(found))


async def test_answers_the_candidates_of_the_web(context: Context) -> None:
    """By default the collection `web` is asked, and its candidates come in the index's order, free of charge."""
    answer = await OWN_INDEX.search(QUERY, asking(context, FOUND))
    assert answer.outcome is Outcome.answered
    assert answer.candidates == (FIRST, SECOND)
    assert answer.units_spent == 0


async def test_several_collections_are_united(context: Context) -> None:
    """With several collections each entry comes once."""
    answer = await OWN_INDEX.search(QUERY, asking(context, FOUND, "known", "web"))
    assert [one.entry_id for one in answer.candidates] == ["ent_2", "ent_3", "ent_1"]


async def test_nothing_found_is_no_match(context: Context) -> None:
    """An index without candidates answers no_match."""
    answer = await OWN_INDEX.search(QUERY, asking(context, {}))
    assert (answer.outcome, answer.candidates) == (Outcome.no_match, ())


def test_registers_provider_and_sources() -> None:
    """The plugin gives the provider `own_index`, asked by default, and the sources `folder` and `site`."""
    assert [spec.name for spec in copyhound_index.copyhound_providers()] == ["own_index"]
    assert OWN_INDEX.default
    sources = {spec.name: spec for spec in copyhound_index.copyhound_sources()}
    assert set(sources) == {"folder", "site"}
    assert sources["folder"].reads_server_files
    assert not sources["site"].reads_server_files


def test_settings_have_schemas() -> None:
    """The settings of provider and sources can be described as JSON Schema, and refuse unknown fields."""
    for settings in (OwnIndexSettings, FolderSettings, SiteSettings):
        schema = msgspec.json.schema(settings)["$defs"][settings.__name__]
        assert schema["additionalProperties"] is False
