"""The demo's own server."""

from __future__ import annotations

from pathlib import Path

import pytest

from copyhound.demo.house import DemoError, environment, serve


def test_the_server_has_no_other_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings around the demo do not reach its server; loopback is allowed by setting."""
    monkeypatch.setenv("COPYHOUND_DATABASE_URL", "postgresql://127.0.0.1/precious")
    env = environment(tmp_path)
    assert {name: value for name, value in env.items() if name.startswith("COPYHOUND_")} == {
        "COPYHOUND_DATA": str(tmp_path),
        "COPYHOUND_NET_ALLOW_HOSTS": "127.0.0.0/8",
    }


def test_a_server_that_dies_is_told_with_its_log(tmp_path: Path) -> None:
    """Where the server ends at once, the demo says so with the end of its log."""
    (tmp_path / "copyhound.db").mkdir()
    with pytest.raises(DemoError, match="ended at once"), serve(tmp_path, tmp_path / "log"):
        pass
