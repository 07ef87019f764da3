"""Commands that open no house."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

import click
import httpx
import pytest
from click.testing import CliRunner

from copyhound.cli import main
from copyhound.cli.index import _settings, _told
from copyhound.cli.search import _faults
from copyhound.cli.support import HINTS, Commands, print_table
from copyhound.domain.errors import ERRORS, CopyhoundError
from copyhound.settings import describe


def everything(command: click.Command = main, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The path of every command and group."""
    yield path
    if isinstance(command, click.Group):
        for name, child in command.commands.items():
            yield from everything(child, (*path, name))


@pytest.mark.parametrize("path", list(everything()), ids=" ".join)
def test_every_command_has_help(path: tuple[str, ...]) -> None:
    """-h says what a command does."""
    told = CliRunner().invoke(main, [*path, "-h"])
    assert told.exit_code == 0
    assert told.output.startswith("Usage: main")
    assert len(told.output.splitlines()[2].strip()) > 10


def test_the_version_is_told() -> None:
    """--version names the program and its version."""
    told = CliRunner().invoke(main, ["--version"])
    assert told.output.split()[0] == "copyhound"


def test_all_settings_are_told() -> None:
    """`settings --json` has every setting, by its variable."""
    told = json.loads(CliRunner().invoke(main, ["settings", "--json"]).output)
    assert [row["variable"] for row in told] == [one.env for one in describe()]


def test_settings_are_printed_for_people() -> None:
    """`settings` prints a table, `--markdown` the one of the README."""
    assert "COPYHOUND_DATA" in CliRunner().invoke(main, ["settings"], env={"COLUMNS": "200"}).output
    assert "| `data` | `COPYHOUND_DATA` |" in CliRunner().invoke(main, ["settings", "--markdown"]).output


@pytest.mark.parametrize("arguments", [[], ["http://a.example/", "--all"]])
def test_removing_needs_one_choice(arguments: list[str]) -> None:
    """`index remove` wants a prefix or --all, not none and not both."""
    told = CliRunner().invoke(main, ["index", "remove", *arguments])
    assert told.exit_code == 2
    assert "PREFIX or --all" in told.stderr


def test_a_wrong_setting_is_one_line_and_a_hint(tmp_path: Path) -> None:
    """A wrong setting ends the command with its name and a hint, and no traceback."""
    config = tmp_path / "copyhound.toml"
    config.write_text("prot = 80\n")
    told = CliRunner().invoke(main, ["--config", str(config), "serve"])
    assert told.exit_code == 1
    assert told.stderr.splitlines()[0].startswith("Error: ")
    assert "[settings_invalid]" in told.stderr
    assert "Hint: " in told.stderr
    assert "Traceback" not in told.stderr


@pytest.mark.parametrize("error", [CopyhoundError("data_in_use"), httpx.ConnectError("refused")])
def test_expected_errors_end_with_a_hint(error: Exception) -> None:
    """Errors that may happen become one line, a hint, and exit code 1."""
    group = Commands("group")

    @group.command()
    def broken() -> None:
        raise error

    told = CliRunner().invoke(group, ["broken"])
    assert told.exit_code == 1
    assert [line.split(":")[0] for line in told.stderr.splitlines()] == ["Error", "Hint"]


def test_a_new_plugin_is_written(tmp_path: Path) -> None:
    """`plugins new` writes a distribution with a test, and refuses to overwrite it."""
    folder = tmp_path / "made"
    told = CliRunner().invoke(main, ["plugins", "new", "acme_search", "--dir", str(folder)])
    assert told.exit_code == 0, told.output
    assert (folder / "pyproject.toml").is_file()
    assert list(folder.rglob("test_*.py"))
    again = CliRunner().invoke(main, ["plugins", "new", "acme_search", "--dir", str(folder)])
    assert again.exit_code == 1
    assert "--dir" in again.stderr


def test_a_bad_name_of_a_plugin_is_told(tmp_path: Path) -> None:
    """`plugins new` with a name that cannot be says which ones can; its hints are about commands, not requests."""
    told = CliRunner().invoke(main, ["plugins", "new", "bad name", "--dir", str(tmp_path / "made")])
    assert told.exit_code == 1
    assert "copyhound plugins new my_service" in told.stderr
    assert "/schema" not in told.stderr


@pytest.mark.parametrize("code", ERRORS)
def test_no_hint_speaks_of_requests(code: str) -> None:
    """What an error of a command advises can be done at the command line."""
    hint = HINTS.get(code, ERRORS[code].hint)
    assert not re.search(r"GET |/schema|`errors`|X-API-Key|decide", hint) or code == "unauthorized"


@pytest.mark.parametrize("setting", ["max_depth", "=3", ""])
def test_other_settings_have_a_name_and_a_value(setting: str) -> None:
    """`--set` without a name or without a value is refused before anything is opened."""
    told = CliRunner().invoke(main, ["index", "add", "site", "https://a.example/", "--set", setting])
    assert told.exit_code == 2
    assert "NAME=VALUE" in told.stderr


def test_other_settings_are_numbers_flags_lists_or_text() -> None:
    """A value of `--set` is JSON where it is that, else text."""
    given = (
        "max_depth=3",
        "all_sizes=true",
        'pages=["https://a.example/"]',
        "contact=a=b@example.org",
        'user_agent="7"',
    )
    assert _settings(given) == {
        "max_depth": 3,
        "all_sizes": True,
        "pages": ["https://a.example/"],
        "contact": "a=b@example.org",
        "user_agent": "7",
    }


ROWS = [("key_01m8094syrztjd9rjt0c6hwfn0", "https://cdn.example.org/" + "a" * 90 + ".jpg", None)]


def test_programs_get_lines_with_tabs(capsys: pytest.CaptureFixture[str]) -> None:
    """Where nobody looks on, a table is a line each, separated by tabs; tabs within cells are none."""
    print_table(("id", "address", "note"), [*ROWS, ("x", "a\tb\nc\x1b[2J", 3)])
    assert capsys.readouterr().out.splitlines() == [
        "id\taddress\tnote",
        "\t".join((ROWS[0][0], str(ROWS[0][1]), "")),
        "x\ta b c [2J\t3",
    ]


@pytest.mark.parametrize("width", [40, 80, 300])
def test_people_get_whole_cells(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    """On a screen of any width, ids and addresses stand whole on one line; a table stands where it fits."""
    monkeypatch.setattr("copyhound.cli.support.for_people", lambda: True)
    monkeypatch.setenv("COLUMNS", str(width))
    print_table(("id", "address", "note"), [*ROWS, *ROWS])
    out = capsys.readouterr().out
    assert [out.count(str(cell)) for cell in ROWS[0][:2]] == [2, 2]
    assert ("┃" in out) == (width == 300)


def test_what_could_not_be_searched_is_told() -> None:
    """Each picture with an error, and each lookup that ended badly, is one line with name and reason."""
    lookups = [
        {"provider": "one", "outcome": "no_match", "reason": None},
        {"provider": "two", "outcome": "blocked", "reason": "A captcha."},
    ]
    error = {"code": "image_truncated", "detail": "The picture is cut short."}
    images = [
        {"name": "a.jpg", "error": None, "lookups": lookups},
        {"name": "b.jpg", "error": error, "lookups": [{"provider": "one", "outcome": "invalid_image", "reason": "x"}]},
    ]
    assert list(_faults({"images": images})) == [
        "Not searched: a.jpg, at two: A captcha. [blocked]",
        "Not searched: b.jpg: The picture is cut short. [image_truncated]",
    ]


def test_refused_pictures_are_told() -> None:
    """After an ingest each refused picture is named with its code, then how many more, then the note."""
    refusals = [{"image_url": "https://a.example/1.gif", "code": "image_too_simple"}]
    counts = {"added": 1, "updated": 0, "refused": 3, "seen": 4}
    assert list(_told({**counts, "refusals": refusals, "note": "Slow.", "status": "complete"}))[1:] == [
        "Refused: https://a.example/1.gif [image_too_simple]",
        "Refused: 2 more.",
        "Note: Slow.",
    ]


def test_a_port_that_is_taken_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`serve` on a port that another program has ends with a hint."""
    import socket

    for name in [name for name in os.environ if name.startswith("COPYHOUND_")]:
        monkeypatch.delenv(name)
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        told = CliRunner().invoke(main, ["--data", str(tmp_path), "serve", "--port", str(port)])
    assert told.exit_code == 1
    assert f"127.0.0.1:{port} cannot be listened on" in told.stderr
    assert "--port" in told.stderr
