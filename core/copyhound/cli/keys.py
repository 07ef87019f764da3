"""`copyhound keys`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import click

from copyhound.cli.api import Api, with_api
from copyhound.cli.support import Choices, json_option, print_json, print_table

SCOPES = ("read", "write", "admin", "operator")
_USUAL = ("read", "write", "admin")
_concurrent = click.option("--concurrent", type=click.IntRange(min=0), help="Requests at once; 0: any number.")
_requests = click.option("--requests", type=click.IntRange(min=0), help="Requests in a window; 0: any number.")
_seconds = click.option("--seconds", type=click.IntRange(1, 86_400), help="How long a window is.")


@click.group()
def keys() -> None:
    """API keys. A key is shown once, when it is made; only its hash is kept."""


@keys.command()
@click.argument("name")
@click.option(
    "--scope", "scopes", multiple=True, type=click.Choice(SCOPES), help="What it may do (default: all but operator)."
)
@click.option("--days", type=click.IntRange(min=1), help="It works for so many days.")
@click.option("--signs", is_flag=True, help="Requests may be signed with it (TinEye's api_sig): it is kept, encrypted.")
@click.option("--workspace", help="Of another workspace, by its id.")
@_concurrent
@_requests
@_seconds
@json_option
@click.pass_obj
def create(
    choices: Choices,
    /,
    name: str,
    scopes: tuple[str, ...],
    days: int | None,
    signs: bool,
    workspace: str | None,
    as_json: bool,
    **limits: int | None,
) -> None:
    """Make a key, and show it this once."""
    body: dict[str, Any] = {"name": name, "scopes": list(scopes or _USUAL), "signs": signs, "limits": _given(limits)}
    if days is not None:
        body["expires_at"] = (datetime.now(UTC) + timedelta(days=days)).isoformat()
    path = f"/workspaces/{workspace}/keys" if workspace else "/keys"
    made = with_api(choices.settings(), lambda api: api.call("POST", path, json=body))
    if as_json:
        print_json(made)
    else:
        click.echo(made["key"])
        click.echo("It is not shown again.", err=True)


@keys.command("list")
@json_option
@click.pass_obj
def list_(choices: Choices, as_json: bool) -> None:
    """The keys of the workspace, revoked ones too."""

    async def read(api: Api) -> list[dict[str, Any]]:
        return [item async for item in api.all("/keys")]

    found = with_api(choices.settings(), read)
    if as_json:
        print_json(found)
        return
    rows = ((k["id"], k["name"], " ".join(k["scopes"]), k["created_at"], k["last_used_at"], _state(k)) for k in found)
    print_table(("id", "name", "scopes", "made", "last used", "state"), rows)


def _state(key: dict[str, Any]) -> str:
    if key["revoked_at"]:
        return f"revoked {key['revoked_at']}"
    return f"until {key['expires_at']}" if key["expires_at"] else "works"


@keys.command()
@click.argument("key_id")
@click.pass_obj
def revoke(choices: Choices, key_id: str) -> None:
    """Revoke a key, at once and for good."""
    with_api(choices.settings(), lambda api: api.call("DELETE", f"/keys/{key_id}"))
    click.echo(f"{key_id} works no more.")


@keys.command()
@click.argument("key_id")
@_concurrent
@_requests
@_seconds
@click.pass_obj
def limit(choices: Choices, /, key_id: str, **limits: int | None) -> None:
    """Hold a key to other limits, at once; what is not said is as each API has it."""
    with_api(choices.settings(), lambda api: api.call("PATCH", f"/keys/{key_id}", json={"limits": _given(limits)}))
    told = ", ".join(f"{name} {value}" for name, value in _given(limits).items())
    click.echo(f"{key_id}: {told or 'the usual limits'}.")


def _given(limits: dict[str, int | None]) -> dict[str, int]:
    return {name: value for name, value in limits.items() if value is not None}
