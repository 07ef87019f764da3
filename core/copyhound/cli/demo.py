"""`copyhound demo`."""

from __future__ import annotations

from pathlib import Path

import click

from copyhound.cli.support import Failure


@click.command()
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), default=Path("copyhound-demo"), show_default=True,
    help="Where the report goes.",
)  # fmt: skip
@click.option("--keep", is_flag=True, help="Keep the server's data folder.")
def demo(out: Path, keep: bool) -> None:
    """Crawl a little website on loopback, find the planted copies, receive the webhooks.

    Ends with an error when fewer than nine of ten planted copies are found, or anything else.
    """
    from copyhound.demo.house import DemoError
    from copyhound.demo.run import run

    try:
        good = run(out, keep=keep)
    except DemoError as error:
        raise Failure(str(error)) from error
    raise SystemExit(0 if good else 1)
