"""`copyhound db`."""

from __future__ import annotations

import click

from copyhound.cli.api import run_async
from copyhound.cli.support import Choices, opened


@click.group()
def db() -> None:
    """The database."""


@db.command()
@click.pass_obj
def upgrade(choices: Choices) -> None:
    """Bring the tables up to this version. `copyhound serve` does it by itself at start."""

    async def work() -> None:
        async with opened(choices.settings(), work=False):
            pass

    run_async(work())
    click.echo("The database is up to date.")
