"""`copyhound workspaces` and `copyhound credits`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import click

from copyhound.cli.api import Api, with_api
from copyhound.cli.support import Choices, json_option, print_json, print_table


@click.group()
def workspaces() -> None:
    """Who owns data: lists, matches, keys and collections of one are never seen by another."""


@workspaces.command()
@click.argument("name")
@json_option
@click.pass_obj
def create(choices: Choices, name: str, as_json: bool) -> None:
    """Make a workspace, and show its first key this once."""
    body = {"name": name, "scopes": ["read", "write", "admin"]}
    made = with_api(choices.settings(), lambda api: api.call("POST", "/workspaces", json=body))
    if as_json:
        print_json(made)
    else:
        click.echo(f"{made['id']} {made['key']['key']}")
        click.echo("The key is not shown again.", err=True)


@workspaces.command("list")
@json_option
@click.pass_obj
def list_(choices: Choices, as_json: bool) -> None:
    """All workspaces of this server."""
    found = with_api(choices.settings(), lambda api: api.call("GET", "/workspaces"))["items"]
    if as_json:
        print_json(found)
    else:
        print_table(("id", "name"), ((one["id"], one["name"]) for one in found))


@click.group()
def credits() -> None:
    """One credit pays for one picture of one search. A workspace without any bundle is not metered."""


@credits.command()
@click.argument("count", type=click.IntRange(min=1))
@click.option("--workspace", help="Its id (default: the first one).")
@click.option("--days", type=click.IntRange(min=1), default=730, show_default=True, help="They last so many days.")
@click.option("--note", help="What for.")
@json_option
@click.pass_obj
def grant(choices: Choices, count: int, workspace: str | None, days: int, note: str | None, as_json: bool) -> None:
    """Grant a workspace credits; from its first bundle on it is metered."""
    ends = (datetime.now(UTC) + timedelta(days=days)).isoformat()

    async def give(api: Api) -> Any:
        path = f"/workspaces/{workspace or (await api.call('GET', '/me'))['id']}/credits"
        return await api.call("POST", path, json={"credits": count, "expires_at": ends, "note": note})

    made = with_api(choices.settings(), give)
    if as_json:
        print_json(made)
        return
    click.echo(f"{made['id']}: {made['granted']} credits until {made['expires_at']}.")


@credits.command("list")
@click.option("--workspace", help="Its id (default: the first one).")
@json_option
@click.pass_obj
def bundles(choices: Choices, workspace: str | None, as_json: bool) -> None:
    """What a workspace was granted, and what is left of it."""

    async def read(api: Api) -> Any:
        return await api.call("GET", f"/workspaces/{workspace or (await api.call('GET', '/me'))['id']}/credits")

    found = with_api(choices.settings(), read)["items"]
    if as_json:
        print_json(found)
        return
    names = ("id", "granted", "remaining", "starts_at", "expires_at", "note")
    print_table(names, ([one[name] for name in names] for one in found))


@credits.command()
@click.option("--first", help="First day, such as 2026-01-31 (default: 30 days before the last).")
@click.option("--last", help="Last day (default: today).")
@json_option
@click.pass_obj
def usage(choices: Choices, first: str | None, last: str | None, as_json: bool) -> None:
    """What each day took, by API."""
    given = {name: value for name, value in (("first", first), ("last", last)) if value}
    found = with_api(choices.settings(), lambda api: api.call("GET", "/usage", params=given))
    if as_json:
        print_json(found)
        return
    names = ("day", "surface", "settled", "reserved", "refunded")
    print_table(names, ([one[name] for name in names] for one in found["days"]))
