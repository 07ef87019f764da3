"""`copyhound db`."""

from __future__ import annotations

import click

from copyhound.cli.support import Choices


@click.group()
def db() -> None:
    """The database."""


@db.command()
@click.pass_obj
def upgrade(choices: Choices) -> None:
    """Bring the tables up to this version. `copyhound serve` does it by itself at start."""
    from copyhound import bootstrap

    bootstrap.upgrade_database(choices.settings())
    click.echo("The database is up to date.")
