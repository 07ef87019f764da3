"""What the benchmark's tools hold for true, and how they judge."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image
from tests.bench import accuracy, reliability
from tests.bench.truth import Array, truth_of

SIZE = (400, 300)


def row(matrix: Any, edit: str = "any") -> dict[str, Any]:
    return {"edit": edit, "matrix": np.asarray(matrix, float).tolist(), "source": "originals/a.jpg", "query": "q.jpg"}


def turned(degrees: float) -> Array:
    """Turn clockwise, as seen in a picture, about its origin."""
    a = math.radians(degrees)
    return np.array([[math.cos(a), -math.sin(a), 0], [math.sin(a), math.cos(a), 0], [0, 0, 1]])


def named(matrix: Any, query_size: tuple[int, int], edit: str = "any") -> set[str]:
    return {kind for kind, so in truth_of(row(matrix, edit), SIZE, query_size).kinds.items() if so}


def test_a_copy_of_the_same_size_differs_in_nothing() -> None:
    """The identity names no edit."""
    assert named(np.eye(3), SIZE) == set()


def test_a_cropped_query_is_embedded_in_its_source() -> None:
    """The quarter of a source: all of the query is in common, and a quarter of the match."""
    truth = truth_of(row([[1, 0, -100], [0, 1, -50], [0, 0, 1]]), SIZE, (200, 150))
    assert {kind for kind, so in truth.kinds.items() if so} == {"embedded"}
    assert (truth.query_share, truth.match_share) == pytest.approx((1, 0.25))


def test_a_framed_query_finds_its_source_cropped() -> None:
    """With a border around it, the match lacks a part of the query; of a query half as large it is twice as large."""
    assert named([[1, 0, 50], [0, 1, 50], [0, 0, 1]], (500, 400)) == {"cropped"}
    shrunk = truth_of(row(np.diag([0.5, 0.5, 1])), SIZE, (200, 150))
    assert shrunk.kinds["resized"]
    assert shrunk.factor == pytest.approx(2)


@pytest.mark.parametrize("degrees", [10, -33, 90, 180])
def test_a_turn_is_told_backwards(degrees: float) -> None:
    """A query turned clockwise has a match that is turned the other way."""
    truth = truth_of(row(turned(degrees)), SIZE, SIZE)
    assert truth.kinds["rotated"]
    assert (truth.angle + degrees + 180) % 360 - 180 == pytest.approx(0, abs=1e-6) or abs(truth.angle) == 180


def test_mirrors_stretches_and_perspectives_are_told_apart() -> None:
    """Each of the three names itself."""
    assert named([[-1, 0, 400], [0, 1, 0], [0, 0, 1]], SIZE) == {"mirrored"}
    assert "stretched" in named(np.diag([1.5, 0.8, 1]), (600, 240))
    assert "perspective" in named([[1, 0, 0], [0, 1, 0], [0.0004, 0, 1]], SIZE)


def test_what_lies_at_the_edge_is_not_asked() -> None:
    """Two degrees are neither a turn nor none."""
    assert "rotated" not in truth_of(row(turned(2)), SIZE, SIZE).kinds


def test_surfaces_go_by_the_edits_name() -> None:
    """Only what the edit does to the pixels is true; a grey picture loses no colours."""
    assert named(np.eye(3), SIZE, "invert") == {"inverted"}
    assert named(np.eye(3), SIZE, "text") == {"covered"}
    assert named(np.eye(3), SIZE, "gray") == {"recoloured"}
    assert "recoloured" not in truth_of(row(np.eye(3), "gray"), SIZE, SIZE, colourful=False).kinds


@pytest.fixture
def judged(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The judgement of two answers: a right one, and one whose transform and edits are wrong."""
    (tmp_path / "originals").mkdir()
    for name in ("originals/a.jpg", "q.jpg", "r.jpg"):
        Image.new("RGB", SIZE, "red").save(tmp_path / name)
    mirror = [[-1, 0, 400], [0, 1, 0], [0, 0, 1]]
    told = {"edits": [{"kind": "mirrored"}], "query_share": 100.0, "match_share": 99.0}
    wrong = {"edits": [{"kind": "rotated", "angle": 20.0}], "query_share": 50.0, "match_share": 100.0}
    queries = [row(mirror, "hflip"), {**row(mirror, "hflip"), "query": "r.jpg"}]
    answers = [
        {"query": "q.jpg", "matches": [{"id": "originals/a.jpg", "score": 99, "matrix": mirror, "comparison": told}]},
        {"query": "r.jpg", "matches": [{"id": "originals/a.jpg", "score": 60, "comparison": wrong,
                                        "matrix": [[-1, 0, 450], [0, 1, 0], [0, 0, 1]]}],
         "uncertain": [{"id": "originals/b.jpg", "score": 35}]},
    ]  # fmt: skip
    for name, rows in (("queries.jsonl", queries), ("answers.jsonl", answers)):
        (tmp_path / name).write_text("".join(json.dumps(one) + "\n" for one in rows))
    files = [str(tmp_path / name) for name in ("queries.jsonl", "answers.jsonl", "out.json", "plot.svg")]
    arguments = [*files[:2], "--images", str(tmp_path), "--json", files[2], "--plot", files[3]]
    monkeypatch.setattr("sys.argv", ["accuracy", *arguments])
    accuracy.main()
    capsys.readouterr()
    assert ElementTree.parse(files[3]).getroot().tag.endswith("svg")
    result: dict[str, Any] = json.loads(Path(files[2]).read_text())
    return result


def test_edits_are_counted(judged: dict[str, Any]) -> None:
    """Half of the mirrored copies are named so, and half of those that are not turned are called turned."""
    assert (judged["edits"]["mirrored"]["so"], judged["edits"]["mirrored"]["named"]) == (2, 0.5)
    assert (judged["edits"]["rotated"]["not_so"], judged["edits"]["rotated"]["wrongly_named"]) == (2, 0.5)


def test_shares_and_registration_are_measured(judged: dict[str, Any]) -> None:
    """Fifty pixels beside the place are a tenth of the diagonal; the mean is over both copies."""
    assert judged["shares"]["query_share"]["mean_error"] == pytest.approx(25)
    assert judged["registration"]["hflip"]["mean"] == pytest.approx(5)


def test_confidence_is_held_against_the_truth(judged: dict[str, Any]) -> None:
    """Every comparison counts in its bin, also the uncertain ones."""
    bins = [(one["low"], one["number"], one["observed"]) for one in judged["reliability"]]
    assert bins == [(30, 1, 0), (60, 1, 1), (99, 1, 1)]


def test_all_confidences_have_a_bin() -> None:
    """From 20 to 100, both counted."""
    bins = reliability.bins_of([(20.0, False), (100.0, True), (99.99, True), (50.0, True)])
    assert sum(one.number for one in bins) == 4
    assert bins[-1].observed == 1
