"""`copyhound schemas`: for who works on Copyhound itself."""

from __future__ import annotations

import click

from copyhound.cli.support import Failure


@click.group()
def schemas() -> None:
    """The exported JSON Schemas, in a working copy of the repository."""


@schemas.command()
def export() -> None:
    """Write schemas/ anew from the code."""
    from copyhound.schema_export import export as write

    for path in write():
        click.echo(f"written: {path}")


@schemas.command()
def check() -> None:
    """Fail where schemas/ is not what the code says."""
    from copyhound.schema_export import check as compare

    drift = compare()
    if drift:
        raise Failure("schemas/ is stale: " + "; ".join(drift), "Run `make schemas`, and look at the difference.")
