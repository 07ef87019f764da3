"""Who may import whom."""

from __future__ import annotations

from pathlib import Path

import pytest
from importlinter.cli import lint_imports

ROOT = Path(__file__).parents[2]


def test_import_contracts_hold(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """No room imports upwards or sideways, and each framework stays in its room."""
    monkeypatch.chdir(ROOT)
    broken = lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_logo=True, cache_dir=None)
    assert broken == 0, capsys.readouterr().out


def test_plugins_import_the_plugin_api_alone() -> None:
    """Plugins that ship take nothing of Copyhound but its public plugin API."""
    lines = [
        (path.relative_to(ROOT), line)
        for path in (ROOT / "plugins").rglob("*.py")
        for line in path.read_text("utf-8").splitlines()
        if line.startswith(("from copyhound.", "import copyhound.", "from copyhound import", "import copyhound\n"))
    ]
    assert [(path, line) for path, line in lines if not line.startswith("from copyhound.plugin_api")] == []
