"""The copyhound command."""

from __future__ import annotations

from pathlib import Path

import click

from copyhound.cli.bench import bench
from copyhound.cli.connectors import connectors
from copyhound.cli.db import db
from copyhound.cli.demo import demo
from copyhound.cli.index import index
from copyhound.cli.keys import keys
from copyhound.cli.manual import docs
from copyhound.cli.plugins import plugins
from copyhound.cli.schemas import schemas
from copyhound.cli.search import search
from copyhound.cli.serve import serve
from copyhound.cli.settings import settings
from copyhound.cli.support import Choices, Commands
from copyhound.cli.workspaces import credits, workspaces

__all__ = ["main"]


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="copyhound", message="%(package)s %(version)s")
@click.option("--data", type=click.Path(path_type=Path, file_okay=False), help="The data folder (else by setting).")
@click.option("--config", type=click.Path(path_type=Path, dir_okay=False), help="A copyhound.toml (else the one here).")
@click.pass_context
def main(context: click.Context, data: Path | None, config: Path | None) -> None:
    """Find where your pictures are used, verify every copy, and tell your automations."""
    context.obj = Choices(data, config)


_COMMANDS = (
    *(serve, demo, index, search, keys, workspaces, credits, plugins),
    *(schemas, connectors, settings, db, docs, bench),
)
for command in _COMMANDS:
    main.add_command(command)
