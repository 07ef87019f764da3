"""Queries in, answers out."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from copyhound.bench.answers import Answer, read_index, read_queries
from copyhound.domain.errors import CopyhoundError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two hundred queries of two edits."""
    lines = [json.dumps({"query": f"{edit}/{n}.jpg", "edit": edit}) for edit in ("a", "b") for n in range(100)]
    (tmp_path / "queries.jsonl").write_text("\n".join(lines) + "\n")
    return tmp_path


def test_a_part_is_drawn_evenly_and_always_alike(folder: Path) -> None:
    """A limit draws the same queries each time, of all edits, in their order."""
    drawn = [one.query for one in read_queries(folder, 60)]
    assert drawn == [one.query for one in read_queries(folder, 60)]
    assert len(drawn) == 60
    assert 20 <= sum(name.startswith("a/") for name in drawn) <= 40
    everything = [one.query for one in read_queries(folder)]
    assert drawn == [name for name in everything if name in drawn]
    assert set(drawn) < {one.query for one in read_queries(folder, 120)}


def test_a_limit_above_all_is_all(folder: Path) -> None:
    """As many as there are."""
    assert len(read_queries(folder, 1000)) == 200


@pytest.mark.parametrize("text", ["not json", '{"other": 1}'])
def test_lines_that_are_no_queries_are_told(tmp_path: Path, text: str) -> None:
    """A file that is not what it should be is refused with a sentence; so is one that is not there."""
    with pytest.raises(CopyhoundError, match=r"queries\.jsonl cannot be read"):
        read_queries(tmp_path)
    (tmp_path / "queries.jsonl").write_text(text)
    with pytest.raises(CopyhoundError, match=r"queries\.jsonl cannot be read"):
        read_queries(tmp_path)


BAD = [b"not json", b'{"other": 1}', b'{"query": "\xff"}', b'{"query": "\\udcff"}', b"[]"]
FOREIGN = [b'{"query": "/etc/passwd"}', b'{"query": "../a.jpg"}', b'{"query": "a/../b.jpg"}', b'{"query": "a.jpg"}']


@pytest.mark.parametrize("bad", [*BAD, *FOREIGN])
def test_a_bad_line_is_told_by_its_number(tmp_path: Path, bad: bytes) -> None:
    """Blank lines are passed over, and counted; the first line is named that is no query, leads out of the folder, or
    stands there a second time."""
    good, other = b'{"query": "a.jpg"}\n\n  \n', b'{"query": "..a/b..jpg"}\n'
    (tmp_path / "queries.jsonl").write_bytes(good + other)
    assert [one.query for one in read_queries(tmp_path)] == ["a.jpg", "..a/b..jpg"]
    (tmp_path / "queries.jsonl").write_bytes(good + bad + b"\n" + other)
    with pytest.raises(CopyhoundError, match=r"queries\.jsonl cannot be read: line 4: "):
        read_queries(tmp_path)


def test_no_query_at_all_is_told(tmp_path: Path) -> None:
    """A file of blank lines is refused: there is nothing to measure."""
    (tmp_path / "queries.jsonl").write_bytes(b"\n \n")
    with pytest.raises(CopyhoundError, match=r"queries\.jsonl has no query"):
        read_queries(tmp_path)


def test_a_name_that_no_answer_can_be_written_with_is_told(tmp_path: Path) -> None:
    """A picture to index whose name is no UTF-8 is refused by name, before hours of work."""
    (tmp_path / "originals").mkdir()
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/originals/\xff.jpg")).write_bytes(b"")
    with pytest.raises(CopyhoundError, match=r"'originals/\\udcff\.jpg' is no UTF-8"):
        read_index(tmp_path)


def test_only_originals_and_distractors_are_indexed(tmp_path: Path) -> None:
    """Ids are paths from the folder; other folders below it are left alone."""
    for name in ("originals/b.jpg", "originals/a.jpg", "distractors/c.png", "negatives/d.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert read_index(tmp_path) == ["originals/a.jpg", "originals/b.jpg", "distractors/c.png"]


def test_an_answer_says_only_what_there_is() -> None:
    """A refused query has no seconds; the list of matches is always there."""
    import msgspec

    told = msgspec.json.decode(msgspec.json.encode(Answer("q.jpg", [], refused="image_too_simple")))
    assert told == {"query": "q.jpg", "matches": [], "refused": "image_too_simple"}
