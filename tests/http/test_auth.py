"""Keys and scopes: nothing answers without a key but what is listed here."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from litestar import Litestar
from litestar.routes import HTTPRoute

from copyhound.domain.workspaces import Scope
from copyhound.http.app import create_app
from copyhound.http.settings import HttpSettings

from .conftest import World, expired, found

OPEN = {
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("GET", "/metrics"),
    ("GET", "/"),
    ("GET", "/docs"),
    ("GET", "/docs/{page}"),
    ("GET", "/docs/try"),
    ("GET", "/docs/try/{name}"),
    ("GET", "/schema/surfaces/{name}"),
    ("GET", "/lifecycle"),
    ("GET", "/feeds/{file}"),
    ("GET", "/feeds/{token}/live"),
    ("GET", "/digests/{notification_id}"),  # its address is signed; without a signature it is not there
    ("GET", "/schema"),
    ("GET", "/schema/openapi.json"),
}


def routes(app: Litestar) -> Iterator[tuple[str, str]]:
    """(method, path template) of every route."""
    for route in app.routes:
        if isinstance(route, HTTPRoute):
            for handler in route.route_handlers:
                for method in handler.http_methods:
                    if method != "OPTIONS":
                        yield str(method), route.path_format


def filled(path: str) -> str:
    return path.replace("{page}", "index").replace("{", "").replace("}", "")


async def test_every_route_refuses_without_a_key(world: World) -> None:
    """All routes answer 401 without a key, but the few that are listed."""
    answered = set()
    for method, path in routes(world.app):
        answer = await world.client.request(method, filled(path))
        if answer.status_code != 401:
            answered.add((method, path))
        else:
            assert answer.json()["code"] == "unauthorized"
            assert answer.headers["www-authenticate"].startswith("Bearer")
    assert answered == OPEN


async def test_the_route_table_is_complete(world: World) -> None:
    """The walk over all routes sees what the outline of the API names."""
    assert len({path for _, path in routes(world.app)}) > 40


@pytest.mark.parametrize(
    "key",
    [
        "nonsense",
        "ch_key_000_short",
        "ch_key_00000000000000000000000000_" + "A" * 43,
        "Ünicode".encode().decode("latin-1"),
    ],
)
async def test_wrong_keys_are_refused_alike(world: World, key: str) -> None:
    """Malformed and unknown keys get the same answer."""
    answer = await world.call("GET", "/me", headers={"X-API-Key": key.encode("latin-1")}, key=None)
    assert answer.status_code == 401
    assert answer.json()["detail"] == "No valid API key."


async def test_revoked_and_expired_keys_are_refused(world: World) -> None:
    """A key works no more once it is revoked or has expired."""
    made = (await world.call("POST", "/keys", json={"name": "short"})).json()
    assert (await world.call("GET", "/me", key=made["key"])).status_code == 200
    assert (await world.call("DELETE", f"/keys/{made['id']}")).status_code == 204
    assert (await world.call("GET", "/me", key=made["key"])).status_code == 401
    caller = await world.services.keys.check(world.admin)
    _, old = await world.services.keys.create(caller.workspace_id, "old", (Scope.read,), expired())
    assert (await world.call("GET", "/me", key=old)).status_code == 401


async def test_a_bearer_token_is_a_key(world: World) -> None:
    """The key may come as a Bearer token, whatever the case of the word."""
    for word in ("Bearer", "bearer"):
        answer = await world.call("GET", "/me", key=None, headers={"Authorization": f"{word} {world.reader}"})
        assert answer.status_code == 200
    answer = await world.call("GET", "/me", key=None, headers={"Authorization": f"Basic {world.reader}"})
    assert answer.status_code == 401


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/lists"),
        ("PATCH", "/lists/x"),
        ("DELETE", "/lists/x"),
        ("POST", "/searches"),
        ("PATCH", "/matches/x"),
        ("POST", "/hooks"),
        ("DELETE", "/hooks/x"),
        ("GET", "/hooks/x/secret"),
        ("POST", "/hooks/x/rotate-secret"),
        ("POST", "/hooks/x/enable"),
        ("POST", "/hooks/x/disable"),
        ("POST", "/hooks/x/recover"),
        ("POST", "/hooks/x/replay"),
        ("POST", "/deliveries/x/resend"),
        ("POST", "/notifications"),
        ("PATCH", "/notifications/x"),
        ("PUT", "/collections/x"),
        ("POST", "/collections/x/entries"),
        ("DELETE", "/collections/x/entries?all=true"),
        ("POST", "/collections/x/ingests"),
        ("GET", "/keys"),
    ],
)
async def test_a_reading_key_changes_nothing(world: World, method: str, path: str) -> None:
    """A key with the scope `read` alone is refused what changes anything, or tells a secret."""
    answer = await world.call(method, path, key=world.reader)
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


@pytest.mark.parametrize(("method", "path"), [("POST", "/keys"), ("GET", "/keys"), ("DELETE", "/keys/x")])
async def test_keys_are_for_admins(world: World, method: str, path: str) -> None:
    """A key that may write may still not make keys."""
    answer = await world.call(method, path, key=world.writer)
    assert (answer.status_code, answer.json()["scope"]) == (403, "admin")


async def test_a_reading_key_may_compare(world: World, picture: bytes) -> None:
    """POST /compare changes nothing, so reading is enough."""
    answer = await world.call("POST", "/compare", key=world.reader, files={"image": picture, "other": picture})
    assert answer.json()["same"] is True


async def test_an_action_asks_for_its_own_scope(world: World) -> None:
    """A reading key may run the actions that read, and no others."""
    made = (await world.call("POST", "/lists", json={"label": "x"})).json()
    read = await world.call("POST", "/actions/export_matches", key=world.reader, json={"list_id": made["id"]})
    assert read.status_code == 200, read.text
    write = await world.call("POST", "/actions/create_list", key=world.reader, json={"label": "y"})
    assert write.status_code == 403


async def test_a_source_that_reads_files_needs_the_operator(world: World) -> None:
    """Only an operator's key starts a source that reads the server's own files: not a client's first key either."""
    body = {"source": "files", "settings": {"path": "/etc", "token": "t0psecret"}}
    client = (await world.call("POST", "/workspaces", json={"name": "client"})).json()["key"]["key"]
    for key in (world.writer, client):
        refused = await world.call("POST", "/collections/web/ingests", key=key, json=body)
        assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    assert (await world.call("POST", "/collections/web/ingests", json=body)).status_code == 202


async def test_a_key_gives_no_more_than_it_has(world: World) -> None:
    """A key that may only manage keys cannot make one that writes."""
    made = (await world.call("POST", "/keys", json={"name": "clerk", "scopes": ["read", "admin"]})).json()
    answer = await world.call("POST", "/keys", key=made["key"], json={"name": "more", "scopes": ["write"]})
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


async def test_me_tells_whose_key_it_is(world: World) -> None:
    """GET /me names the workspace, the key and its scopes, and never the key itself."""
    answer = await world.call("GET", "/me", key=world.reader)
    told = answer.json()
    assert told["name"] == told["workspace"]["name"] == "default"
    assert (told["key"]["name"], told["key"]["scopes"]) == ("reader", ["read"])
    assert world.reader not in answer.text


async def test_keys_are_listed_without_their_secrets(world: World) -> None:
    """The list of keys shows neither keys nor their hashes."""
    answer = await world.call("GET", "/keys")
    assert {one["name"] for one in answer.json()["items"]} == {"first key", "writer", "reader"}
    assert all(set(one) & {"key", "secret_hash"} == set() for one in answer.json()["items"])


async def test_overlay_links_work_without_a_key(world: World, picture: bytes) -> None:
    """The signed link of an overlay needs no key; changed in any part, it is refused."""
    match = (await found(world, picture))["matches"][0]
    link = match["overlay_url"]
    assert (await world.client.get(link)).headers["content-type"] == "image/jpeg"
    broken = [
        link.replace("signature=", "signature=x"),
        link.replace("expires=", "expires=9"),
        link.replace("expires=", "expires=x"),
        link.replace("workspace=", "workspace=x"),
        link.replace(match["id"], "match_other"),
        link.split("?")[0],
    ]
    for url in broken:
        assert (await world.client.get(url)).status_code == 401, url


async def test_a_link_opens_its_pictures_alone(world: World, picture: bytes) -> None:
    """The query of an overlay link opens the match's thumbnail too, and no other route."""
    match = (await found(world, picture))["matches"][0]
    query = match["overlay_url"].partition("?")[2]
    for path, status in (("", 401), ("/history", 401), ("/thumbnail", 200)):
        assert (await world.client.get(f"/api/v1/matches/{match['id']}{path}?{query}")).status_code == status


async def test_metrics_can_be_turned_off(world: World) -> None:
    """Without metrics in the settings, there is no such route."""
    app = create_app(
        world.services, catalogue=world.catalogue, plugins=world.plugins, settings=HttpSettings(metrics=False)
    )
    assert ("GET", "/metrics") not in set(routes(app))
