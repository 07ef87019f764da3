"""`copyhound bench`."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from copyhound.cli.support import Failure

if TYPE_CHECKING:
    from copyhound.bench.recall import Report, Tell

_FOLDER: Final = click.Path(path_type=Path, exists=True, file_okay=False)
_FILE: Final = click.Path(path_type=Path, dir_okay=False)
_TELL_EVERY: Final = 5.0


def _writable(_: click.Context, __: click.Parameter, path: Path | None) -> Path | None:
    """What takes an hour to make is not to be lost for a folder that is not there."""
    if path is None:
        return None
    try:
        if not path.absolute().parent.is_dir():
            raise click.BadParameter(f"There is no folder {path.parent}.")
        new = not path.exists()
        if new or path.is_file():
            path.open("ab").close()
        if new:
            path.unlink()
    except OSError as error:
        raise click.BadParameter(f"{path} cannot be written: {error.strerror}.") from None
    return path


@click.group()
def bench() -> None:
    """Measure the engine with pictures of your own."""


@bench.command()
@click.option("--queries", type=_FOLDER, required=True, help="Folder of queries.jsonl and the pictures that it names.")
@click.option("--index", type=_FOLDER, required=True, help="Folder with originals/ and distractors/, to be indexed.")
@click.option(
    "--answers",
    type=_FILE,
    callback=_writable,
    required=True,
    help="The file that the answers are written to, a line a query.",
)
@click.option("--limit", type=click.IntRange(min=1), help="Search only so many of the queries, drawn evenly.")
@click.option("--jobs", type=click.IntRange(min=1), help="Processes at the same time (else one for each core).")
@click.option(
    "--report", type=_FILE, callback=_writable, help="Write what was indexed and what it cost to this file, as JSON."
)
def recall(queries: Path, index: Path, answers: Path, limit: int | None, jobs: int | None, report: Path | None) -> None:
    """Search for edited copies in an index of pictures, and write what is found.

    All goes the way of a user's pictures, with default settings, in a data folder that is removed at the end.
    """
    import msgspec

    from copyhound.bench.recall import Plan, run
    from copyhound.logs import configure_logs

    configure_logs("warning", "text")
    ended = asyncio.run(run(Plan(queries, index, answers, limit or 0, jobs or 0), _teller()))
    _tell_end(ended)
    if report is not None:
        try:
            report.write_bytes(msgspec.json.format(msgspec.json.encode(ended)))
        except OSError as error:
            raise Failure(f"{report} cannot be written: {error.strerror}.") from None


def _teller() -> Tell:
    last = time.monotonic()

    def tell(what: str, done: int, of: int) -> None:
        nonlocal last
        if done == of or time.monotonic() - last >= _TELL_EVERY:
            last = time.monotonic()
            click.echo(f"{what}: {done} of {of}", err=True)

    return tell


def _tell_end(ended: Report) -> None:
    kind = "CPU" if ended.seconds_are == "cpu" else "wall time"
    click.echo(f"{ended.indexed} pictures indexed, {len(ended.refused)} refused; {ended.queries} queries searched, "
               f"{ended.queries_refused} refused.", err=True)  # fmt: skip
    for name, code in [*ended.refused.items(), *ended.refused_queries.items()]:
        click.echo(f"Refused: {name} [{code}]", err=True)
    click.echo(f"{kind}: {1000 * ended.seconds_per_entry:.0f} ms a picture indexed, "
               f"{1000 * ended.seconds_per_query:.0f} ms a query (median).", err=True)  # fmt: skip
