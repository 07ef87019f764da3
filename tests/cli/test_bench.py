"""`copyhound bench`: the recall benchmark's queries, answered."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageOps

from copyhound.bench.recall import Plan, run

Command = Callable[..., Any]
SECRET = "what is true is not read"
QUERIES = ("copy", "other", "plain", "broken", "locked")
pytestmark = pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="No file here that nobody can read.")


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory, picture: Callable[[str], Path]) -> tuple[Path, Path]:
    """(queries, pictures): a mirrored crop of what is indexed; others: not indexed, plain, broken, unreadable."""
    queries, pictures = tmp_path_factory.mktemp("queries"), tmp_path_factory.mktemp("pictures")
    for name, kind in (("kodak_0002", "originals"), ("kodak_0013", "distractors"), ("kodak_0001", "negatives")):
        (pictures / kind).mkdir()
        shutil.copy(picture(name), pictures / kind)
    (queries / "some").mkdir()
    with Image.open(picture("kodak_0002")) as opened:
        width, height = opened.size
        piece = opened.crop((width // 4, 0, width, height))
        ImageOps.mirror(piece).save(queries / "some" / "copy.jpg", quality=80)
    shutil.copy(picture("kodak_0001"), queries / "some" / "other.jpg")
    Image.new("RGB", (300, 300), (90, 120, 200)).save(queries / "some" / "plain.jpg")
    (queries / "some" / "broken.jpg").write_bytes(b"nothing")
    for file in (queries / "some" / "locked.jpg", pictures / "distractors" / "locked.jpg"):
        file.symlink_to("/proc/self/mem")  # a file that is there and cannot be read, not even by root
    lines = [json.dumps({"query": f"some/{name}.jpg", "edit": SECRET, "source": SECRET}) for name in QUERIES]
    (queries / "queries.jsonl").write_text("\n\n".join(lines) + "\n\n")
    return queries, pictures


@pytest.fixture(scope="module")
def ran(folders: tuple[Path, Path], copyhound: Command, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Answers by query, and under "report" what the run was."""
    out = tmp_path_factory.mktemp("out")
    queries, pictures = folders
    done = copyhound(
        "bench", "recall", "--queries", queries, "--index", pictures, "--answers", out / "answers.jsonl",
        "--report", out / "report.json", "--jobs", 1,
    )  # fmt: skip
    assert done.code == 0, done.err
    assert SECRET not in (out / "answers.jsonl").read_text()
    answers = [json.loads(line) for line in (out / "answers.jsonl").read_text().splitlines()]
    assert [answer["query"] for answer in answers] == [f"some/{name}.jpg" for name in QUERIES]
    return {
        "told": done.err,
        "report": json.loads((out / "report.json").read_text()),
        **{one["query"][5:-4]: one for one in answers},
    }


def test_a_copy_is_answered_by_its_source(ran: dict[str, Any]) -> None:
    """The answer names the indexed file, with our confidence as score and all that the comparison tells beside it."""
    (match,) = ran["copy"]["matches"]
    assert match["id"] == "originals/kodak_0002.jpg"
    assert match["score"] == match["comparison"]["confidence"] >= 50
    assert {"mirrored", "embedded"} <= {edit["kind"] for edit in match["comparison"]["edits"]}
    assert match["comparison"]["match_share"] == pytest.approx(75, abs=3)
    assert ran["copy"]["seconds"] > 0


def test_the_matrix_goes_from_the_indexed_picture_to_the_query(
    ran: dict[str, Any], picture: Callable[[str], Path]
) -> None:
    """The source's right edge is the query's left one, since the copy is mirrored."""
    with Image.open(picture("kodak_0002")) as opened:
        width, height = opened.size
    rows = ran["copy"]["matches"][0]["matrix"]
    x, y, z = (row[0] * width + row[1] * height / 2 + row[2] for row in rows)
    assert (x / z, y / z) == pytest.approx((0, height / 2), abs=0.02 * width)


def test_what_is_not_indexed_is_not_found(ran: dict[str, Any]) -> None:
    """A picture that lies in neither folder of the index has no match."""
    assert ran["other"]["matches"] == []
    assert "refused" not in ran["other"]


def test_what_cannot_be_searched_is_told(ran: dict[str, Any]) -> None:
    """A query that is refused has the error's code and no match."""
    assert (ran["plain"]["refused"], ran["plain"]["matches"]) == ("image_too_simple", [])
    assert ran["broken"]["refused"] == "not_an_image"


def test_what_cannot_be_read_stops_nothing(ran: dict[str, Any]) -> None:
    """A file that the system does not give out is answered with nothing, and named at the end with the refused ones."""
    assert (ran["locked"]["refused"], ran["locked"]["matches"]) == ("unreadable", [])
    assert [line for line in ran["told"].splitlines() if line.startswith("Refused: ")] == [
        "Refused: distractors/locked.jpg [unreadable]",
        "Refused: some/plain.jpg [image_too_simple]",
        "Refused: some/broken.jpg [not_an_image]",
        "Refused: some/locked.jpg [unreadable]",
    ]


def test_the_run_is_told(ran: dict[str, Any]) -> None:
    """The report tells what was indexed, searched and refused, and what it cost."""
    report = ran["report"]
    assert (report["indexed"], report["queries"], report["queries_refused"]) == (2, 5, 3)
    assert report["refused"] == {"distractors/locked.jpg": "unreadable"}
    assert list(report["refused_queries"]) == [f"some/{name}.jpg" for name in QUERIES[2:]]
    assert min(report["seconds_per_entry"], report["seconds_per_query"], *report["data_bytes"].values()) > 0
    assert {"blobs", "index"} < set(report["data_bytes"])


@pytest.mark.parametrize("option", ["--answers", "--report"])
def test_a_file_in_no_folder_is_told_at_once(
    folders: tuple[Path, Path], copyhound: Command, tmp_path: Path, option: str
) -> None:
    """Where what is found could not be written nothing is searched."""
    given = {"--answers": tmp_path / "a", "--report": tmp_path / "r", option: tmp_path / "none" / "file"}
    where = [part for pair in given.items() for part in pair]
    done = copyhound("bench", "recall", "--queries", folders[0], "--index", folders[1], *where)
    assert done.code == 2
    assert "There is no folder" in done.err


def test_a_folder_without_pictures_is_told(folders: tuple[Path, Path], copyhound: Command, tmp_path: Path) -> None:
    """An index folder that has neither originals nor distractors ends the command with a sentence."""
    done = copyhound("bench", "recall", "--queries", folders[0], "--index", folders[0], "--answers", tmp_path / "a")
    assert done.code == 1
    assert "has neither originals nor distractors" in done.err
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize("option", ["--answers", "--report"])
@pytest.mark.parametrize("file", ["/dev/full", "a" * 300, "."])
def test_what_cannot_be_written_is_a_sentence(
    folders: tuple[Path, Path], copyhound: Command, tmp_path: Path, option: str, file: str
) -> None:
    """Where the disk is full, as soon as it is found out; where the name will not do, at once. Never a traceback."""
    given = {"--answers": tmp_path / "a", "--report": tmp_path / "r", option: tmp_path / file}
    where = [part for pair in given.items() for part in pair]
    done = copyhound("bench", "recall", "--queries", folders[0], "--index", folders[1], *where, "--jobs", 1)
    assert done.code == (1 if file == "/dev/full" else 2)
    assert "Traceback" not in done.err
    assert "is a directory" in done.err if file == "." else "cannot be written" in done.err.replace("\n", " ")
    assert (file == "/dev/full") is ("indexing" in done.err)


@pytest.mark.parametrize("name", ["none.jpg", "a" * 1000])
def test_a_query_that_is_not_there_is_told(
    folders: tuple[Path, Path], copyhound: Command, tmp_path: Path, name: str
) -> None:
    """Also one with a name that no file can have: a sentence before any work, and no file of answers."""
    (tmp_path / "queries.jsonl").write_text(json.dumps({"query": name}))
    done = copyhound("bench", "recall", "--queries", tmp_path, "--index", folders[1], "--answers", tmp_path / "a")
    assert done.code == 1
    assert "There is no picture" in done.err
    assert "Traceback" not in done.err
    assert not (tmp_path / "a").exists()


def test_answers_are_written_as_they_come(folders: tuple[Path, Path], tmp_path: Path) -> None:
    """A run that breaks off leaves the answers that it had."""

    def cut(what: str, done: int, of: int) -> None:
        if what == "searching" and done == 2:
            raise EOFError

    with pytest.raises(EOFError):
        asyncio.run(run(Plan(*folders, tmp_path / "answers.jsonl", jobs=1), cut))
    lines = (tmp_path / "answers.jsonl").read_text().splitlines()
    assert [json.loads(line)["query"] for line in lines] == ["some/copy.jpg", "some/other.jpg"]
