"""`copyhound settings`."""

from __future__ import annotations

import click

from copyhound.cli.support import json_option, print_json, print_table


@click.command()
@click.option("--markdown", is_flag=True, help="As a table in Markdown.")
@json_option
def settings(markdown: bool, as_json: bool) -> None:
    """Every setting: its variable in the environment, its default, what it does."""
    from copyhound.cli.manual import settings_table
    from copyhound.settings import describe

    told = describe()
    if as_json:
        print_json([dict(zip(("name", "variable", "default", "description"), row, strict=True)) for row in told])
    elif markdown:
        click.echo(settings_table())
    else:
        print_table(("setting", "variable", "default", "what it does"), told)
