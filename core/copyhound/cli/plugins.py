"""`copyhound plugins`."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import click

from copyhound.cli.api import Api, with_api
from copyhound.cli.support import Choices, Failure, json_option, print_json, print_table
from copyhound.domain.errors import CopyhoundError

_NEW_HINTS: Final = {
    "invalid_request": "Try one such as: copyhound plugins new my_service",
    "conflict": "Choose another folder with --dir, or take away what is there.",
}


@click.group()
def plugins() -> None:
    """Plugins: which are loaded and which are not, and a template for a new one."""


@plugins.command("list")
@json_option
@click.pass_obj
def list_(choices: Choices, as_json: bool) -> None:
    """What is loaded, why something is not, and what lacks settings."""

    async def read(api: Api) -> list[dict[str, Any]]:
        found = await api.call("GET", "/plugins")
        return list(found["items"])

    found = with_api(choices.settings(), read)
    if as_json:
        print_json(found)
        return
    rows = ((item["name"], item["version"], item["status"], _offers(item), _reasons(item)) for item in found)
    print_table(("plugin", "version", "status", "offers", "reason"), rows)


def _offers(item: dict[str, Any]) -> str:
    kinds = ("providers", "sources", "notifiers", "surfaces", "triggers", "actions")
    return "; ".join(f"{kind}: {', '.join(item[kind])}" for kind in kinds if item.get(kind))


def _reasons(item: dict[str, Any]) -> str | None:
    """Why it is not loaded; or which of what it offers is not set up, and what is missing."""
    wanting = (
        f"{kind.removesuffix('s')} {one['name']} is not set up: {one['reason']}"
        for kind, specs in item["specs"].items()
        for one in specs
        if one["health"] == "misconfigured"
    )
    return item.get("reason") or " ".join(wanting) or None


@plugins.command()
@click.argument("name")
@click.option(
    "--dir", "into", type=click.Path(path_type=Path, file_okay=False), help="The folder to write (copyhound-NAME)."
)
def new(name: str, into: Path | None) -> None:
    """Write a new plugin's distribution from the template, with a test that passes."""
    from copyhound.plugin_api.template import write_plugin

    folder = into or Path(f"copyhound-{name.replace('_', '-')}")
    try:
        written = write_plugin(name, folder)
    except CopyhoundError as error:
        raise Failure(error.detail, _NEW_HINTS.get(error.code, error.kind.hint)) from error
    for path in written:
        click.echo(f"written: {path}")
    click.echo(f"Next: pip install -e {folder} && pytest {folder}")
