"""Commands that open no house."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import click
import httpx
import pytest
from click.testing import CliRunner

from copyhound.cli import main
from copyhound.cli.support import Commands
from copyhound.domain.errors import CopyhoundError
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
    assert "[conflict]" in again.stderr


def test_a_port_that_is_taken_is_told(tmp_path: Path) -> None:
    """`serve` on a port that another program has ends with a hint."""
    import socket

    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        told = CliRunner().invoke(main, ["--data", str(tmp_path), "serve", "--port", str(port)])
    assert told.exit_code == 1
    assert f"127.0.0.1:{port} cannot be listened on" in told.stderr
    assert "--port" in told.stderr
