"""`copyhound search`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from copyhound.cli.api import Api, with_api
from copyhound.cli.found import by_confidence, show_matches
from copyhound.cli.support import Choices, for_people, json_option, print_json, progress_console

_SEARCHED = ("answered", "no_match")


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--label", help="The new list's name.")
@click.option("--provider", "providers", multiple=True, help="Ask this provider; several may be named.")
@click.option("--wait/--no-wait", default=True, show_default=True, help="Wait for the end, and show the matches.")
@json_option
@click.pass_obj
def search(
    choices: Choices, files: tuple[Path, ...], label: str | None, providers: tuple[str, ...], wait: bool, as_json: bool
) -> None:
    """Search for copies of the pictures FILES. Exit code 1 where one could not be searched."""
    fields = {"list_label": label, "providers": ",".join(providers) or None}
    form = {name: value for name, value in fields.items() if value}
    result = with_api(choices.settings(), lambda api: _search(api, files, form, wait=wait, quiet=as_json), work=True)
    if as_json:
        print_json(result)
    elif wait:
        _show(result)
    else:
        click.echo(f"Search {result['search_id']} has begun, in list {result['list_id']}.")
    if wait and (faults := list(_faults(result["search"]))):
        click.echo("\n".join(faults), err=True)
        raise SystemExit(1)


async def _search(
    api: Api, files: tuple[Path, ...], form: dict[str, str], *, wait: bool, quiet: bool
) -> dict[str, Any]:
    uploads = [("images", (path.name, path.read_bytes(), "application/octet-stream")) for path in files]
    begun: dict[str, Any] = await api.call("POST", "/searches", files=uploads, data=form)
    if not wait:
        return begun
    columns = (TextColumn("{task.description}"), BarColumn(30), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=progress_console(), disable=quiet or not for_people()) as progress:
        task = progress.add_task("lookups")

        def tell(now: dict[str, Any]) -> None:
            total = sum(now["outcomes"].values())
            progress.update(task, completed=total - now["outcomes"].get("open", 0), total=total)

        ended = await api.until(f"/searches/{begun['search_id']}", lambda now: bool(now["complete"]), tell)
    matches = [match async for match in api.all(f"/lists/{begun['list_id']}/matches", limit=100)]
    return {"search": ended, "matches": by_confidence(matches)}


def _show(result: dict[str, Any]) -> None:
    names = {image["image_id"]: image["name"] for image in result["search"]["images"]}
    show_matches(result["matches"], names)
    outcomes = sorted(result["search"]["outcomes"].items())
    gap = "\n" if for_people() else ""
    click.echo(f"{gap}Outcomes: " + ", ".join(f"{name} {number}" for name, number in outcomes))


def _faults(search: dict[str, Any]) -> Iterator[str]:
    """A line for each picture, or its lookup, that ended in neither answer nor no match: its name, and why."""
    for image in search["images"]:
        if image["error"]:
            yield "Not searched: {}: {detail} [{code}]".format(image["name"], **image["error"])
            continue
        for one in image["lookups"]:
            if one["outcome"] not in _SEARCHED:
                reason = one["reason"] or "no reason was given"
                yield f"Not searched: {image['name']}, at {one['provider']}: {reason} [{one['outcome']}]"
