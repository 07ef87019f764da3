"""`copyhound schemas`: for who works on Copyhound itself."""

from __future__ import annotations

import click

from copyhound.cli.support import Failure


@click.group()
def schemas() -> None:
    """The exported JSON Schemas, in a working copy of the repository."""


@schemas.command()
def export() -> None:
    """Write schemas/ anew from the code, and tell what breaks clients of what was there before."""
    from copyhound.schema_export import breaking
    from copyhound.schema_export import export as write

    for sentence in breaking():
        click.echo(f"breaks clients: {sentence}", err=True)
    for path in write():
        click.echo(f"written: {path}")


@schemas.command()
def release() -> None:
    """Keep the OpenAPI documents as released: from then on `check` refuses what would break their clients."""
    from copyhound.schema_export import release as keep

    for path in keep():
        click.echo(f"written: {path}")


@schemas.command()
def check() -> None:
    """Fail where schemas/ is not what the code says, or where a version would break its clients."""
    from copyhound.schema_export import breaking
    from copyhound.schema_export import check as compare

    drift = compare()
    if drift:
        raise Failure("schemas/ is stale: " + "; ".join(drift), "Run `make schemas`, and look at the difference.")
    if broken := breaking():
        raise Failure("A version would break its clients: " + "; ".join(broken), "Make a new version instead.")
