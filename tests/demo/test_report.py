"""The HTML report: self-contained, and honest."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path


def test_the_report_holds_all_it_shows(tmp_path: Path, small_report: Callable[[Path], Path]) -> None:
    """Every picture that the page names lies beside it, and it names no other address and no script."""
    page = small_report(tmp_path)
    text = page.read_text()
    sources = re.findall(r'src="([^"]+)"', text)
    assert sources
    assert all((tmp_path / source).is_file() for source in sources)
    assert "<script" not in text
    assert not re.search(r'(src|href)="(https?:)?//', text)


def test_the_report_tells_misses_false_hits_and_problems(tmp_path: Path, small_report: Callable[[Path], Path]) -> None:
    """What went wrong stands in it, escaped."""
    text = small_report(tmp_path).read_text()
    assert "Missed: hat, inverted" in text
    assert "a false hit" in text
    assert "a webhook &amp; more" in text
    assert "http://x.test/&lt;1&gt;" in text


def test_a_second_report_replaces_the_first(tmp_path: Path, small_report: Callable[[Path], Path]) -> None:
    """Pictures of an earlier run are gone."""
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "9-copy.jpg").write_bytes(b"old")
    small_report(tmp_path)
    assert not (tmp_path / "pictures" / "9-copy.jpg").exists()
