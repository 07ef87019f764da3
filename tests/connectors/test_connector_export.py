"""The rendered connectors: fresh, and what drifts is named."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from copyhound import connector_export
from copyhound.cli import main
from copyhound.connector_export.catalogue import resolved


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


def test_references_are_resolved() -> None:
    """A schema for platforms without references says the same without them; one that refers to itself is refused."""
    schema = {"properties": {"a": {"$ref": "#/$defs/A", "title": "a"}}, "$defs": {"A": {"type": "string"}}}
    assert resolved(schema) == {"properties": {"a": {"type": "string", "title": "a"}}}
    with pytest.raises(ValueError, match="itself"):
        resolved({"$ref": "#/$defs/A", "$defs": {"A": {"items": {"$ref": "#/$defs/A"}}}})
