"""The rendered connectors: fresh, and what drifts is named."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from copyhound import connector_export
from copyhound.cli import main
from copyhound.connector_export.catalogue import key_help
from copyhound.plugin_api import ActionSpec, Caller, EventBase, TriggerSpec, UseCases, hookimpl

ROOT = Path(__file__).parents[2]
PLATFORMS = ("zapier", "n8n", "make", "power-automate", "node-red", "pipedream")


def test_the_connectors_are_fresh() -> None:
    """What is rendered in connectors/ is what the catalogue says; else run `make connectors`."""
    within = connector_export.folder()
    assert within is not None
    drift = connector_export.check(within, connector_export.built_in())
    assert drift == [], f"run `{connector_export.COMMAND}`, look at the difference, and commit it"


def test_drift_is_told(tmp_path: Path) -> None:
    """A changed, a missing and a surplus file are each named; exporting mends it, and leaves what people wrote."""
    catalogue = connector_export.built_in()
    assert connector_export.export(tmp_path, catalogue)
    assert connector_export.check(tmp_path, catalogue) == []
    listing = tmp_path / "zapier" / "generated.txt"
    rendered = [name for name in listing.read_text().splitlines() if name != "generated.txt"]
    (tmp_path / "zapier" / rendered[0]).write_text("{}")
    (tmp_path / "zapier" / "index.js").write_text("by hand")
    (tmp_path / "zapier" / "old.json").write_text("{}")
    listing.write_text("old.json\n" + listing.read_text())
    told = connector_export.check(tmp_path, catalogue)
    assert f"connectors/zapier/{rendered[0]} differs from the catalogue" in told
    assert "connectors/zapier/old.json is no longer rendered" in told
    connector_export.export(tmp_path, catalogue)
    assert connector_export.check(tmp_path, catalogue) == []
    assert not (tmp_path / "zapier" / "old.json").exists()
    assert (tmp_path / "zapier" / "index.js").read_text() == "by hand"


@pytest.mark.parametrize("words", [["export", "nowhere"], ["export", "zapier", "nowhere"]])
def test_an_unknown_platform_is_refused(words: list[str]) -> None:
    """The command names the platforms that there are."""
    done = CliRunner().invoke(main, ["connectors", *words])
    assert done.exit_code != 0
    assert "zapier" in done.output


def test_one_platform_is_written_elsewhere(tmp_path: Path) -> None:
    """`--into` and a platform's name write that platform alone, with the plugins' triggers where they are wanted."""
    done = CliRunner().invoke(main, ["connectors", "export", "zapier", "--plugins", "--into", str(tmp_path)])
    assert done.exit_code == 0, done.output
    assert [one.name for one in tmp_path.iterdir()] == ["zapier"]


class LetterAnswered(EventBase, frozen=True, kw_only=True):
    """A host has answered."""

    host: str


class Letter(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is written, to whom."""

    host: str
    words: dict[str, str] = {}
    list_id: str | None = None


class Letters:
    """A plugin that sends letters, and tells when they are answered."""

    @hookimpl
    def copyhound_triggers(self) -> list[TriggerSpec]:
        told = ("letter_answered", "Letter answered", "Letter", "Triggers when a host answers a letter.")
        event = {"id": "evt_1", "type": told[0], "timestamp": "2026-01-02T03:04:05Z", "sequence": 1}
        return [TriggerSpec(*told, LetterAnswered, {**event, "host": "shop.example.com"})]

    @hookimpl
    def copyhound_actions(self, use_cases: UseCases) -> list[ActionSpec]:
        async def send(caller: Caller, letter: Letter) -> Letter:
            return letter

        told = ("send_letter", "Send letter", "Letter", "Sends a letter to a host.")
        fields = {"list_id": "/api/v1/choices/lists"}
        return [ActionSpec(*told, Letter, Letter, {"host": "shop.example.com"}, send, dynamic_fields=fields)]


@pytest.mark.parametrize("platform", sorted(connector_export.renderers()))
def test_a_plugins_own_are_on_every_platform(platform: str) -> None:
    """A trigger and an action that a plugin adds are rendered for each platform, without a word of code there."""
    catalogue = connector_export.installed([("letters", Letters())])
    text = b"".join(connector_export.files(catalogue, [platform]).values())
    assert b"letter_answered" in text
    assert b"send_letter" in text


@pytest.mark.parametrize("platform", PLATFORMS)
def test_each_platform_tells_where_a_key_comes_from(platform: str) -> None:
    """Where a platform asks for the key it says how one is made, in the same words everywhere."""
    place = ROOT / "connectors" / platform
    files = [file for file in place.rglob("*") if file.suffix in {".js", ".mjs", ".ts", ".json", ".html"}]
    said = "".join(
        re.sub("</?code>", "`", file.read_text("utf-8")) for file in files if "node_modules" not in file.parts
    )
    told = key_help(platform)
    assert told in said
    assert "copyhound keys create" not in said.replace(told, "")


def test_the_command_for_a_key_is_one_that_runs(tmp_path: Path) -> None:
    """What the platforms tell people to type makes a key whose scopes suffice, and which makes no further keys."""
    typed = shlex.split(key_help("make").split("`")[1])
    assert typed[0] == ".venv/bin/copyhound"
    made = CliRunner().invoke(main, ["--data", str(tmp_path), *typed[1:], "--json"])
    assert made.exit_code == 0, made.output
    assert sorted(json.loads(made.stdout)["scopes"]) == ["read", "write"]


def _telling() -> Iterator[Path]:
    """The manual's pages on platforms and agents, and all that people wrote or we rendered for a platform."""
    for name in (*PLATFORMS, "mcp"):
        yield ROOT / "core" / "copyhound" / "docs" / f"{name}.md"
    for file in (ROOT / "connectors").rglob("*"):
        if file.suffix in {".js", ".mjs", ".ts", ".json", ".html", ".md"} and "node_modules" not in file.parts:
            yield file


def test_a_key_for_a_platform_is_made_with_its_scopes() -> None:
    """Wherever people are told to make a key for a platform, the command names the scopes: this key lies elsewhere."""
    told = {
        file: re.findall(r"copyhound keys create ([^`<\n]*)", file.read_text("utf-8")) for file in sorted(_telling())
    }
    for name in (*PLATFORMS, "mcp"):
        assert told[ROOT / "core" / "copyhound" / "docs" / f"{name}.md"], name
    commands = [(file.name, command) for file, found in told.items() for command in found]
    assert [one for one in commands if not re.fullmatch(r"\S+ --scope read --scope write", one[1])] == []
