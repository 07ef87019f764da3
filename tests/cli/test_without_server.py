"""The commands on a data folder that no server holds: they open the house themselves."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from copyhound.matching import FINGERPRINT_VERSION

Command = Callable[..., Any]


@pytest.mark.timeout(400)  # it starts the program a dozen times
def test_from_a_folder_to_a_match_and_out_again(
    copyhound: Command, picture: Callable[[str], Path], tmp_path: Path
) -> None:
    """A folder is indexed under its address, a picture is found in it, and taken out again."""
    folder = tmp_path / "shop"
    (folder / "old").mkdir(parents=True)
    shutil.copy(picture("kodak_0002"), folder / "hats.jpg")
    shutil.copy(picture("kodak_0013"), folder / "old" / "boat.jpg")

    added = copyhound("index", "add", "folder", folder, "--base-url", "https://shop.example/img", "--json")
    assert (added.json["status"], added.json["added"]) == ("complete", 2)
    assert "API key (shown this once" in added.err

    counted = copyhound("index", "count", "--json")
    assert [(one["name"], one["entries"]) for one in counted.json] == [("web", 2)]
    assert "API key" not in counted.err

    found = copyhound("search", picture("kodak_0002"), "--label", "Hats", "--json").json
    assert [match["image_url"] for match in found["matches"]] == ["https://shop.example/img/hats.jpg"]
    assert found["search"]["complete"] is True

    rebuilt = copyhound("index", "rebuild", "--json")
    assert rebuilt.json == {"entries": 2, "expected": 2, "left_out": []}

    told = copyhound("index", "status", "--json").json
    assert (told["engine"], told["state"], told["pending"]) == ("embedded", "ready", 0)
    (web,) = told["collections"]
    assert (web["collection"], web["entries"], web["indexed"], web["segments"]) == ("web", 2, 2, 1)
    assert all(web["bytes"][kind] > 0 for kind in ("fingerprints", "postings", "words", "other"))
    shown = copyhound("index", "status").out.splitlines()
    assert "0 changes pending" in shown[0]
    assert shown[1].split("\t")[:4] == ["collection", "version", "pictures", "indexed"]
    assert " kB" in shown[2]

    refreshed = copyhound("index", "refresh", "--json").json
    assert (refreshed["refreshed"], refreshed["dropped"], refreshed["lost"]) == (0, 0, [])
    assert copyhound("index", "refresh").out.startswith("0 pictures made anew")

    removed = copyhound("index", "remove", "https://shop.example/img/old/", "--json")
    assert removed.json == {"removed": 1}
    assert [one["entries"] for one in copyhound("index", "count", "--json").json] == [1]


def test_a_new_data_folder_is_told(environment: dict[str, str], tmp_path: Path) -> None:
    """Whichever command makes the data folder says where, once, and not on stdout."""
    command = [sys.executable, "-m", "copyhound.cli", "keys", "create", "shop", "--json"]
    first, second = (
        subprocess.run(command, capture_output=True, text=True, check=True, env=environment, cwd=tmp_path)
        for _ in range(2)
    )
    folder = (tmp_path / "copyhound-data").resolve()
    assert f"New data folder made at {folder}\n" in first.stderr
    assert "New data folder" not in second.stderr
    assert "New data folder" not in first.stdout


def test_a_rebuild_that_leaves_something_out_fails(
    copyhound: Command, data: Path, picture: Callable[[str], Path], tmp_path: Path
) -> None:
    """What is not in the index afterwards is named, with exit code 1; taken out, the rebuild ends well."""
    shutil.copy(picture("kodak_0005"), tmp_path / "bad.jpg")
    copyhound("index", "add", "folder", tmp_path, "--base-url", "https://shop.example/more")
    with closing(sqlite3.connect(data / "copyhound.db")) as database, database:
        database.execute("UPDATE entry_fingerprints SET fingerprint = x'00' WHERE number = "
                         "(SELECT number FROM entries WHERE image_url LIKE '%/more/bad.jpg')")  # fmt: skip
    rebuilt = copyhound("index", "rebuild")
    assert rebuilt.code == 1
    assert "Left out: https://shop.example/more/bad.jpg in web: its fingerprint is damaged" in rebuilt.out
    assert "Error: Of 2 pictures in the database the index holds 1." in rebuilt.err
    assert copyhound("index", "remove", "https://shop.example/more/").code == 0
    assert copyhound("index", "rebuild").code == 0


def test_a_broken_picture_is_told(copyhound: Command, picture: Callable[[str], Path], tmp_path: Path) -> None:
    """Of two pictures the broken one is named with its reason, the other is searched, and the exit code is 1."""
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(picture("kodak_0013").read_bytes()[:9000])
    told = copyhound("search", picture("kodak_0002"), broken)
    assert told.code == 1
    assert told.err.count("Not searched: ") == 1
    assert "broken.jpg" in told.err
    assert "\t".join(("picture", "copy", "page", "confidence", "score", "match_type", "edits")) in told.out
    assert "shop.example/img/hats.jpg\t" in told.out


def test_a_refused_file_is_told(copyhound: Command, tmp_path: Path) -> None:
    """A file that cannot be indexed is named with its code after the count; nothing is drawn for programs."""
    (tmp_path / "no.jpg").write_bytes(b"nothing")
    told = copyhound(
        "index", "add", "folder", tmp_path, "--base-url", "https://x.example", "--collection", "bad", "--set",
        "recursive=false",
    )  # fmt: skip
    assert told.code == 0, told.err
    assert told.out.splitlines()[:2] == [
        "0 added, 0 brought up to date, 1 refused, of 1 seen.",
        "Refused: https://x.example/no.jpg [not_an_image]",
    ]


def test_lists_for_programs_have_tabs(copyhound: Command) -> None:
    """`keys list` and `index count` give lines with tabs where nobody looks on."""
    assert copyhound("keys", "list").out.splitlines()[0].split("\t")[:2] == ["id", "name"]
    assert f"web\t1\t{FINGERPRINT_VERSION}" in copyhound("index", "count").out.splitlines()


def test_plugins_are_listed(copyhound: Command) -> None:
    """The plugins that ship are loaded, and what lacks settings says which."""
    listed = {one["name"]: one for one in copyhound("plugins", "list", "--json").json}
    assert listed["copyhound_index"]["status"] == "loaded"
    assert "own_index" in str(listed["copyhound_index"])
    rows = {row.split("\t")[0]: row.split("\t") for row in copyhound("plugins", "list").out.splitlines()}
    assert rows["copyhound_tineye"][2] == "loaded"
    assert rows["copyhound_tineye"][4].startswith("provider tineye is not set up: ")
    assert "`api_key`" in rows["copyhound_tineye"][4]
    assert rows["copyhound_index"][4] == ""


def test_a_source_that_is_missing_is_told(copyhound: Command, tmp_path: Path) -> None:
    """An address that cannot be crawled ends with an error and exit code 1."""
    told = copyhound("index", "add", "site", "ftp://files.example/")
    assert told.code == 1
    assert told.err.splitlines()[-1].startswith(("Hint", "Error"))
    assert "Traceback" not in told.err


def test_the_database_is_brought_up_to_date(copyhound: Command) -> None:
    """`db upgrade` may run on any folder."""
    assert "up to date" in copyhound("db", "upgrade").out
