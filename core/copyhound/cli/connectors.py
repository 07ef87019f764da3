"""`copyhound connectors`: what automation platforms are given, rendered from the catalogue."""

from __future__ import annotations

from pathlib import Path

import click

from copyhound.cli.support import Failure


@click.group()
def connectors() -> None:
    """The connectors for automation platforms, rendered from the catalogue of triggers and actions."""


@connectors.command()
@click.argument("platforms", nargs=-1)
@click.option("--plugins", is_flag=True, help="Also the triggers and actions of the plugins installed here.")
@click.option("--into", type=click.Path(path_type=Path, file_okay=False), help="Another folder than connectors/.")
def export(platforms: tuple[str, ...], plugins: bool, into: Path | None) -> None:
    """Write the rendered files of PLATFORMS, or of all, anew."""
    from copyhound import connector_export

    if unknown := sorted(set(platforms) - connector_export.renderers().keys()):
        known = ", ".join(connector_export.renderers())
        raise Failure(f"There is no connector {unknown[0]!r}.", f"There are {known}.")
    catalogue = connector_export.installed() if plugins else connector_export.built_in()
    for path in connector_export.export(into or _folder(), catalogue, platforms):
        click.echo(f"written: {path}")


@connectors.command()
def check() -> None:
    """Fail where connectors/ is not what the catalogue says."""
    from copyhound import connector_export

    drift = connector_export.check(_folder(), connector_export.built_in())
    if drift:
        hint = f"Run `{connector_export.COMMAND}`, and look at the difference."
        raise Failure("connectors/ is stale: " + "; ".join(drift), hint)


def _folder() -> Path:
    from copyhound import connector_export

    found = connector_export.folder()
    if found is None:
        raise Failure("This is no working copy of the repository.", "Name a folder with `--into`.")
    return found
