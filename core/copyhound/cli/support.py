"""What all commands share: settings, errors in one line, JSON, tables."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import httpx
from rich.console import Console
from rich.table import Table

from copyhound.domain.errors import CopyhoundError

if TYPE_CHECKING:
    from copyhound.settings import Settings

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for other programs.")
data_option = click.option("--data", type=click.Path(path_type=Path, file_okay=False), help="The data folder.")


@dataclass(frozen=True)
class Choices:
    """What was chosen before the command's name."""

    data: Path | None = None
    config: Path | None = None

    def settings(self, **given: Any) -> Settings:
        """The settings; what is `given` on the command itself (None: nothing) counts most."""
        from copyhound.settings import load_settings

        chosen = {**given, "data": given.get("data") or self.data}
        plain = {name: str(value) if isinstance(value, Path) else value for name, value in chosen.items()}
        return load_settings(None, self.config, **plain)


class Commands(click.Group):
    """A group whose commands end with one line, and a hint, where something is wrong."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except CopyhoundError as error:
            raise Failure(f"{error.detail} [{error.code}]", error.kind.hint) from error
        except httpx.TransportError as error:
            raise Failure(f"The server did not answer: {error}", "Is `copyhound serve` still running?") from error


class Failure(click.ClickException):
    """Ends the command with exit code 1."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint

    def show(self, file: Any = None) -> None:
        click.secho(f"Error: {self.message}", fg="red", err=True, file=file)
        if self.hint:
            click.echo(f"Hint: {self.hint}", err=True, file=file)


def show_first_key(key: str) -> None:
    """The key of the first start: on stderr, so that no pipe swallows it."""
    click.echo(f"API key (shown this once, only its hash is kept): {key}", err=True)


def console() -> Console:
    """Where people read; progress and notes go to stderr, so that output can be piped."""
    return Console(highlight=False, soft_wrap=False)


def print_json(value: Any) -> None:
    """For other programs."""
    click.echo(json.dumps(value, indent=2, default=str))


def print_table(names: Sequence[str], rows: Iterable[Sequence[Any]], *, empty: str = "Nothing here yet.") -> None:
    """A table for people, or a sentence where there are no rows."""
    table = Table(header_style="bold")
    for name in names:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*("" if cell is None else str(cell) for cell in row))
    if table.row_count:
        console().print(table)
    else:
        click.echo(empty)
