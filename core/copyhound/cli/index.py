"""`copyhound index`: feed pictures into a collection, count them, take them out."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from msgspec import to_builtins
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from copyhound.cli.api import Api, run_async, with_api
from copyhound.cli.support import (
    Choices,
    Failure,
    for_people,
    json_option,
    opened,
    print_json,
    print_table,
    progress_console,
)

if TYPE_CHECKING:
    from copyhound.services import Services
    from copyhound.services.candidates import Rebuilt
    from copyhound.services.refreshing import Refreshed

T = TypeVar("T")
_STATUS = (
    "collection", "version", "pictures", "indexed", "removed", "segments", "in memory",
    "postings", "words", "other", "fingerprints", "capped hashes", "crowded words",
)  # fmt: skip

collection_option = click.option("--collection", default="web", show_default=True, help="Which collection.")
set_option = click.option(
    "--set", "more", multiple=True, metavar="NAME=VALUE",
    help="Any other setting of the source, as the manual lists them: numbers, true and false, or text. Repeatable.",
)  # fmt: skip


@click.group()
def index() -> None:
    """Pictures to search in: feed them in, count them, take them out."""


@index.group()
def add() -> None:
    """Feed pictures in. A run that was interrupted goes on where it stopped when it is started again."""


@add.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--base-url", help="Address that the folder is published at, so that entries have URLs.")
@set_option
@collection_option
@json_option
@click.pass_obj
def folder(
    choices: Choices, folder: Path, base_url: str | None, more: tuple[str, ...], collection: str, as_json: bool
) -> None:
    """All pictures of a folder and its folders."""
    chosen = {**_settings(more), "path": str(folder.resolve())}
    if base_url:
        chosen["base_url"] = base_url
    _ingest(choices, collection, "folder", chosen, as_json)


@add.command()
@click.argument("url")
@click.option("--delay", type=click.FloatRange(min=0), help="Seconds between two requests to a host.")
@click.option("--max-pages", type=click.IntRange(min=1), help="How many pages are read at most.")
@set_option
@collection_option
@json_option
@click.pass_obj
def site(
    choices: Choices,
    url: str,
    delay: float | None,
    max_pages: int | None,
    more: tuple[str, ...],
    collection: str,
    as_json: bool,
) -> None:
    """All pictures of a website, from a page or a sitemap on; robots.txt is obeyed."""
    given = {"url": url, "delay_seconds": delay, "max_pages": max_pages}
    chosen = {name: value for name, value in given.items() if value is not None}
    _ingest(choices, collection, "site", {**_settings(more), **chosen}, as_json)


def _settings(more: tuple[str, ...]) -> dict[str, Any]:
    """`NAME=VALUE` each; a value is JSON where it is that, such as 3, true or ["a"], else text."""
    found: dict[str, Any] = {}
    for one in more:
        name, equals, text = one.partition("=")
        if not (name and equals):
            raise click.BadParameter(f"{one!r} is not NAME=VALUE.", param_hint="--set")
        try:
            found[name] = json.loads(text)
        except ValueError:
            found[name] = text
    return found


def _ingest(choices: Choices, collection: str, source: str, settings: dict[str, Any], as_json: bool) -> None:
    ended = with_api(choices.settings(), lambda api: _run(api, collection, source, settings, quiet=as_json), work=True)
    if as_json:
        print_json(ended)
    else:
        click.echo("\n".join(_told(ended)))
    if ended["status"] != "complete":
        raise Failure(f"It did not end well: {ended['note']}")


def _told(ended: dict[str, Any]) -> Iterator[str]:
    yield "{added} added, {updated} brought up to date, {refused} refused, of {seen} seen.".format(**ended)
    yield from ("Refused: {image_url} [{code}]".format(**one) for one in ended["refusals"])
    if (more := ended["refused"] - len(ended["refusals"])) and ended["refusals"]:
        yield f"Refused: {more} more."
    if ended["note"] and ended["status"] == "complete":
        yield f"Note: {ended['note']}"


async def _run(api: Api, collection: str, source: str, settings: dict[str, Any], *, quiet: bool) -> dict[str, Any]:
    body = {"source": source, "settings": settings}
    begun = await api.call("POST", f"/collections/{collection}/ingests", json=body)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=progress_console(), disable=quiet or not for_people()) as progress:
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
        rows = ((item["name"], item["entries"], item["fingerprint_version"]) for item in found)
        print_table(("collection", "pictures", "fingerprints' version"), rows)


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

    async def work(services: Services) -> Rebuilt:
        return await services.collections.rebuild()

    done = _alone(choices, "rebuild", work)
    if as_json:
        print_json(to_builtins(done))
    else:
        click.echo(f"The index holds {done.entries} pictures.")
        for one in done.left_out:
            click.echo(f"Left out: {one.image_url} in {one.collection}: {one.reason}")
    if not done.whole:
        hint = "Run `copyhound index refresh`. What it cannot make anew take out, and feed in again by its source."
        raise Failure(f"Of {done.expected} pictures in the database the index holds {done.entries}.", hint)


@index.command()
@json_option
@click.pass_obj
def status(choices: Choices, as_json: bool) -> None:
    """What the index holds and takes, and how far it follows the database.

    Counted since the server started: crowded hash values and words, of which searches read only a part, or nothing.
    """
    found = with_api(choices.settings(), lambda api: api.call("GET", "/index"))
    if as_json:
        print_json(found)
        return
    told = "engine {engine}, fingerprints of version {fingerprint_version}, {state}: {pending} changes pending"
    click.echo(told.format(**found))
    print_table(_STATUS, (list(_status_of(one)) for one in found["collections"]))


def _status_of(one: dict[str, Any]) -> Iterator[Any]:
    yield from (one["collection"], one["fingerprint_version"], one["entries"], one["indexed"], one["removed"])
    yield from (one["segments"], one["in_memory"])
    yield from (_bytes(one["bytes"].get(kind)) for kind in ("postings", "words", "other", "fingerprints"))
    yield from (one["capped_bands"], one["crowded_words"])


def _bytes(count: int | None) -> str:
    if count is None:
        return "-"
    size, unit = float(count), "B"
    for larger in ("kB", "MB", "GB"):
        if size >= 1000:
            size, unit = size / 1000, larger
    return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"


@index.command()
@click.option("--drop-lost", is_flag=True, help="Take out what cannot be made anew.")
@json_option
@click.pass_obj
def refresh(choices: Choices, drop_lost: bool, as_json: bool) -> None:
    """Make fingerprints that are damaged or of another version anew, from the reduced copies that are kept.

    Images of lists need none of this: they are refreshed from their originals when they are searched.
    """

    async def work(services: Services) -> Refreshed:
        return await services.refreshing.run(drop_lost=drop_lost)

    done = _alone(choices, "refresh", work)
    if as_json:
        print_json(to_builtins(done))
    else:
        click.echo(f"{done.refreshed} pictures made anew in version {done.version}, {done.dropped} taken out.")
        for one in done.lost:
            click.echo(f"Lost: {one.image_url} in {one.collection}: {one.reason}")
    if len(done.lost) > done.dropped:
        hint = "Run it again with --drop-lost, then feed those pictures in by their source again."
        raise Failure(
            "Some pictures cannot be made anew: they cannot be found, or their collections not be searched.", hint
        )


def _alone(choices: Choices, what: str, work: Callable[[Services], Awaitable[T]]) -> T:
    """Do what only the owner of the index may do."""
    from copyhound import bootstrap

    settings = choices.settings()
    if bootstrap.running_server(settings) is not None:
        raise Failure("A server owns the index.", f"Stop it, {what}, start it again.")

    async def run() -> T:
        async with opened(settings, work=False) as house:
            return await work(house.services)

    return run_async(run())
