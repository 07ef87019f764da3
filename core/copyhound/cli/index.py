"""`copyhound index`: feed pictures into a collection, count them, take them out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from copyhound.cli.api import Api, run_async, with_api
from copyhound.cli.support import Choices, Failure, console, json_option, print_json, print_table

collection_option = click.option("--collection", default="web", show_default=True, help="Which collection.")


@click.group()
def index() -> None:
    """Pictures to search in: feed them in, count them, take them out."""


@index.group()
def add() -> None:
    """Feed pictures in. A run that was interrupted goes on where it stopped when it is started again."""


@add.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--base-url", help="Address that the folder is published at, so that entries have URLs.")
@collection_option
@json_option
@click.pass_obj
def folder(choices: Choices, folder: Path, base_url: str | None, collection: str, as_json: bool) -> None:
    """All pictures of a folder and its folders."""
    chosen: dict[str, Any] = {"path": str(folder.resolve())}
    if base_url:
        chosen["base_url"] = base_url
    _ingest(choices, collection, "folder", chosen, as_json)


@add.command()
@click.argument("url")
@click.option("--delay", type=click.FloatRange(min=0), help="Seconds between two requests to a host.")
@click.option("--max-pages", type=click.IntRange(min=1), help="How many pages are read at most.")
@collection_option
@json_option
@click.pass_obj
def site(
    choices: Choices, url: str, delay: float | None, max_pages: int | None, collection: str, as_json: bool
) -> None:
    """All pictures of a website, from a page or a sitemap on; robots.txt is obeyed."""
    given = {"url": url, "delay_seconds": delay, "max_pages": max_pages}
    _ingest(choices, collection, "site", {name: value for name, value in given.items() if value is not None}, as_json)


def _ingest(choices: Choices, collection: str, source: str, settings: dict[str, Any], as_json: bool) -> None:
    ended = with_api(choices.settings(), lambda api: _run(api, collection, source, settings, quiet=as_json), work=True)
    if as_json:
        print_json(ended)
    if ended["status"] != "complete":
        raise Failure(f"It did not end well: {ended['note']}")
    if not as_json:
        click.echo("{added} added, {updated} brought up to date, {refused} refused, of {seen} seen.".format(**ended))


async def _run(api: Api, collection: str, source: str, settings: dict[str, Any], *, quiet: bool) -> dict[str, Any]:
    body = {"source": source, "settings": settings}
    begun = await api.call("POST", f"/collections/{collection}/ingests", json=body)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console(), disable=quiet) as progress:
        task = progress.add_task("queued")

        def tell(now: dict[str, Any]) -> None:
            text = "{status}: {seen} pictures seen, {added} added, {refused} refused, {pages} pages".format(**now)
            progress.update(task, description=text)

        path = f"/ingests/{begun['id']}"
        ended: dict[str, Any] = await api.until(path, lambda now: now["status"] in ("complete", "failed"), tell)
    return ended


@index.command()
@json_option
@click.pass_obj
def count(choices: Choices, as_json: bool) -> None:
    """How many pictures each collection holds."""

    async def read(api: Api) -> list[dict[str, Any]]:
        return [item async for item in api.all("/collections")]

    found = with_api(choices.settings(), read)
    if as_json:
        print_json(found)
    else:
        print_table(("collection", "pictures"), ((item["name"], item["entries"]) for item in found))


@index.command()
@click.argument("prefix", required=False)
@click.option("--all", "everything", is_flag=True, help="Take all pictures out.")
@collection_option
@json_option
@click.pass_obj
def remove(choices: Choices, prefix: str | None, everything: bool, collection: str, as_json: bool) -> None:
    """Take the pictures out whose address starts with PREFIX."""
    if everything == bool(prefix):
        raise click.UsageError("Name either a PREFIX or --all.")
    path = f"/collections/{collection}/entries"
    asked = {"all": "true"} if everything else {"prefix": prefix}
    answer = with_api(choices.settings(), lambda api: api.call("DELETE", path, params=asked))
    if as_json:
        print_json(answer)
    else:
        click.echo(f"{answer['removed']} removed.")


@index.command()
@json_option
@click.pass_obj
def rebuild(choices: Choices, as_json: bool) -> None:
    """Make the candidate index anew from what the database keeps."""
    from copyhound import bootstrap

    settings = choices.settings()
    if bootstrap.running_server(settings) is not None:
        raise Failure("A server owns the index.", "Stop it, rebuild, start it again.")

    async def work() -> int:
        async with bootstrap.open_house(settings, work=False) as house:
            return await house.services.collections.rebuild()

    held = run_async(work())
    if as_json:
        print_json({"entries": held})
    else:
        click.echo(f"The index holds {held} pictures.")
