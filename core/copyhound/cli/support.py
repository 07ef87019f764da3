"""What all commands share: settings, errors in one line, JSON, tables."""

from __future__ import annotations

import gc
import json
import sys
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
import httpx
from rich.cells import cell_len
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from copyhound.domain.errors import CopyhoundError

if TYPE_CHECKING:
    from copyhound.bootstrap import House
    from copyhound.settings import Settings

HINTS: Final = {
    "invalid_request": "`--help` after the command tells what it takes.",
    "conflict": "Look at what is there; remove it, or choose another name.",
    "not_found": "Check the name or the id: the `list` and `count` commands show what is there.",
    "payload_too_large": "Name fewer files at a time.",
    "too_many_images": "Name fewer files at a time.",
    "plugin_unknown": "`copyhound plugins list` tells what is loaded.",
    "plugin_failed": "`copyhound plugins list` tells what is wrong with it.",
    "settings_invalid": "`copyhound settings` lists the settings; the manual has those of sources.",
    "unavailable": "Try again in a moment; the log of `copyhound serve` tells more.",
}
"""Error code -> what to do about it at the command line, where the API's hint is about requests."""

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
            raise Failure(f"{error.detail} [{error.code}]", HINTS.get(error.code, error.kind.hint)) from error
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


@contextmanager
def uncollected() -> Iterator[None]:
    """Look for no garbage while much is loaded that stays: that takes a seventh of a start, and finds none."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@asynccontextmanager
async def opened(settings: Settings, *, work: bool = True) -> AsyncIterator[House]:
    """The house on the data folder. Tells where that folder is, if it was made for this: it may be the wrong place."""
    new = not settings.folder.exists()
    with uncollected():
        from copyhound import bootstrap
    async with bootstrap.open_house(settings, work=work) as house:
        if new:
            click.echo(f"New data folder made at {settings.folder}", err=True)
        yield house


def show_first_key(key: str) -> None:
    """The key of the first start: on stderr, so that no pipe swallows it, and set off from the log."""
    click.echo(f"\nAPI key (shown this once, only its hash is kept): {key}\n", err=True)


def for_people() -> bool:
    """Whether a person reads the output: else no colours, boxes or moving lines."""
    return sys.stdout.isatty()


def progress_console() -> Console:
    """Progress goes to stderr, so that output can be piped."""
    return Console(stderr=True, highlight=False)


def print_json(value: Any) -> None:
    """For other programs."""
    click.echo(json.dumps(value, indent=2, default=str))


def print_table(names: Sequence[str], rows: Iterable[Sequence[Any]], *, empty: str = "Nothing here yet.") -> None:
    """A table, or a sentence where there are no rows. No cell is ever cut or folded, so that all can be copied.

    For people a table where it fits the screen, else a block of lines for each row. For programs, the names and the
    rows, a line each, separated by tabs.
    """
    cells = [[plain_text(cell) for cell in row] for row in rows]
    if not for_people():
        for line in (names, *cells):
            click.echo("\t".join(line))
    elif not cells:
        click.echo(empty)
    elif _table_width(names, cells) <= Console().width:
        _print_boxes(names, cells)
    else:
        _print_blocks(names, cells)


def plain_text(cell: Any) -> str:
    """Text on one line; what crawled pages may have in it cannot steer a terminal."""
    text = "" if cell is None else str(cell)
    return "".join(letter if letter.isprintable() else " " for letter in text)


def _table_width(names: Sequence[str], rows: Sequence[Sequence[str]]) -> int:
    widths = (max(map(cell_len, column)) for column in zip(names, *rows, strict=True))
    return sum(width + 3 for width in widths) + 1


def _print_boxes(names: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    table = Table(header_style="bold")
    for name in names:
        table.add_column(name, no_wrap=True, overflow="ignore")
    for row in rows:
        table.add_row(*map(escape, row))
    Console(highlight=False).print(table)


def _print_blocks(names: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    width = max(map(len, names))
    blocks = (
        "\n".join(f"{click.style(name.ljust(width), bold=True)}  {cell}" for name, cell in zip(names, row, strict=True))
        for row in rows
    )
    click.echo("\n\n".join(blocks))
