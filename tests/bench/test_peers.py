"""The peers: each finds an untouched copy, by its own rule."""

from __future__ import annotations

import json
import shutil
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from tests.bench import peers, tables

PICTURES = Path(__file__).parents[2] / "core" / "copyhound" / "demo" / "pictures"
NAMES = ("kodak_0001", "kodak_0002", "kodak_0013")
THERE = [name for name in peers.PEERS if name != "pdq" or find_spec("pdqhash")]
"""pdqhash wants a compiler: it comes with the extra `bench` only."""


@pytest.mark.parametrize("name", THERE)
def test_an_untouched_copy_is_found(name: str, tmp_path: Path) -> None:
    """The copy's source is first and believed; the files have the form of our own answers."""
    (tmp_path / "originals").mkdir()
    for one in NAMES:
        shutil.copy(PICTURES / f"{one}.jpg", tmp_path / "originals")
    (tmp_path / "queries.jsonl").write_text('{"query": "originals/kodak_0002.jpg"}\n')
    told = peers.run(name, tmp_path, tmp_path, tmp_path, limit=0, jobs=1)
    assert (told["queries"], told["seconds_per_entry"] > 0) == (1, True)
    for suffix in ("", "-nearest"):
        (line,) = (tmp_path / f"{name}{suffix}.jsonl").read_text().splitlines()
        first = json.loads(line)["matches"][0]
        assert first["id"] == "originals/kodak_0002.jpg"
        assert first["score"] > 50


def test_hashes_are_believed_up_to_the_distance() -> None:
    """Ten bits apart is near enough where ten are allowed, eleven are not; the nearest of several hashes counts."""
    entries = [np.zeros((1, 8), np.uint8), np.array([[255, 3, 0, 0, 0, 0, 0, 0]], np.uint8)]
    query = np.array([[255, 7, 0, 0, 0, 0, 0, 0], [255] * 8], np.uint8)
    found = peers.Hashes(entries, 10).search(query)
    assert [(one[0], one[2]) for one in found] == [(1, True), (0, False)]
    assert found[0][1] == pytest.approx(100 * 63 / 64)


def test_regions_are_counted_as_the_library_counts_them() -> None:
    """One region within a quarter of its bits makes a match; more regions come first."""
    near, far = np.zeros((1, 8), np.uint8), np.full((1, 8), 255, np.uint8)
    query = np.concatenate([near, np.full((1, 8), 15, np.uint8)])
    both = np.concatenate([near, np.full((1, 8), 15, np.uint8), far])
    found = peers.Regions([near, far, both]).search(query)
    assert [one[0] for one in found] == [2, 0]


def test_tables_have_a_row_for_each_engine() -> None:
    """What there are figures for is told, and nothing else."""
    score = {"first": 0.9, "strict": 0.8, "worst_edit_first": 0.1, "found": 0.9, "false_alarms": 0.0, "noise": 0.0,
             "aligned": 0.7, "first_by_edit": {"crop25": 0.75}}  # fmt: skip
    costs = {"threshold": "near", "queries": 10, "seconds_per_entry": 0.01, "seconds_per_query": 0.2}
    ours = {**costs, "indexed": 5, "refused": {}, "queries_refused": 2}
    parts = {"copyhound": ours, "copyhound.score": score, "copyhound-searched.score": score, "phash": costs,
             "phash.score": score, "phash-nearest.score": score}  # fmt: skip
    text = tables.results(parts, list(peers.PEERS))
    assert "| Copyhound | 10 | 0.900 |" in text
    assert "not refused as too simple | 8 |" in text
    assert "| imagehash phash | 10 | 0.900 | 0.800 | 0.100 | 0.900 | 0.000 | 0.000 | - | 10.0 | 200 |" in text
    assert "| crop25 | 0.750 | 0.750 |" in text
    assert "ORB" not in text
