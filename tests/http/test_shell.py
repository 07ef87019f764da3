"""What stands around every request: its id, its log line, its headers, the surfaces beside the API."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from litestar import Litestar, get
from litestar.testing import AsyncTestClient
from structlog.testing import capture_logs

from copyhound.http.app import create_app, mounts
from copyhound.http.settings import HttpSettings
from copyhound.plugin_api import SurfaceSpec, hookimpl
from copyhound.plugin_host.catalogue import Catalogue

from .conftest import Stage, World, found


@pytest.fixture
def stage() -> Stage:
    """An application of each test's own: its figures are looked at."""
    return Stage()


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """A surface that tells the path that it was asked for."""
    body = f"{scope['path']}|{scope['query_string'].decode()}".encode()
    await send({"type": "http.response.start", "status": 418, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": body})


def surface(*prefixes: str, app: Any = echo) -> SurfaceSpec:
    return SurfaceSpec(name="acme", title="Acme", description="Another API.", prefixes=prefixes, make_app=lambda: app)


async def test_a_request_id_is_taken_or_made(world: World) -> None:
    """A sound X-Request-ID comes back; without one, or with a strange one, it is made."""
    assert (await world.client.get("/healthz", headers={"X-Request-ID": "abc-1"})).headers["x-request-id"] == "abc-1"
    for headers in ({}, {"X-Request-ID": "a b"}, {"X-Request-ID": "x" * 129}):
        answer = await world.client.get("/healthz", headers=headers)
        assert answer.headers["x-request-id"].startswith("req_")


@pytest.mark.parametrize("path", ["/healthz", "/nothing", "/api/v1/lists", "/docs", "/schema/openapi.json"])
async def test_every_answer_is_safe_in_a_browser(world: World, path: str) -> None:
    """No answer may be guessed at, framed, or load anything; the manual may style itself."""
    headers = (await world.client.get(path)).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    assert "default-src 'none'" in headers["content-security-policy"]


async def test_the_log_tells_requests_and_no_secrets(world: World, picture: bytes) -> None:
    """One line a request, with its id, route and key id; never a key, a signature or a picture."""
    link = (await found(world, picture))["matches"][0]["overlay_url"]
    with capture_logs() as lines:
        await world.client.get(link, headers={"X-Request-ID": "abc"})
        await world.call("GET", "/me")
        await world.client.get("/nothing?token=t0p-of-the-hill")
    assert [(line["method"], line["status"]) for line in lines] == [("GET", 200), ("GET", 200), ("GET", 404)]
    assert lines[0]["key_id"] == "link"
    assert lines[1]["key_id"].startswith("key_")
    text = repr(lines)
    assert world.admin not in text
    assert "signature" not in text
    assert "t0p-of-the-hill" not in text


async def test_figures_are_counted_by_route(world: World) -> None:
    """The figures name routes, not paths, so that ids do not swell them."""
    await world.call("GET", "/lists/list_x")
    await world.call("GET", "/lists/list_y")
    await world.client.get("/nothing/at/all")
    text = (await world.client.get("/metrics")).text
    assert 'route="/api/v1/lists/{list_id}",status="404"} 2.0' in text
    assert 'route="other",status="404"} 1.0' in text
    assert "list_x" not in text


async def test_readiness_fails_with_the_database(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """/readyz is 503 when the index does not answer, while /healthz is still 200."""

    async def fail(*_: Any) -> int:
        raise OSError("disk")

    assert (await world.client.get("/readyz")).status_code == 200
    monkeypatch.setattr(type(world.services.kit.index), "mark", fail)
    answer = await world.client.get("/readyz")
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert "disk" not in answer.text
    assert (await world.client.get("/healthz")).status_code == 200


async def test_a_surface_answers_below_its_prefix(world: World) -> None:
    """A surface gets what is below its prefix, without it, and needs no key of ours; its answers are its own."""
    surfaces = [surface("/rest", "/2.0")]
    app = create_app(
        world.services, catalogue=world.catalogue, plugins=world.plugins, settings=HttpSettings(), surfaces=surfaces
    )
    async with AsyncTestClient(app) as client:
        assert (await client.get("/rest/search/?a=1")).text == "/search/|a=1"
        assert (await client.get("/rest")).text == "/|"
        assert (await client.get("http://testserver//rest//x/")).text == "//x/|"
        assert (await client.get("/2.0/x")).status_code == 418
        assert (await client.get("/rest/x")).headers["x-request-id"].startswith("req_")
        for path in ("/restaurant", "/2x0/x", "/"):
            assert (await client.get(path)).json()["code"] == "not_found"


@pytest.mark.parametrize("target", ["http://x/rest/search", "HTTPS://x.example:8000/rest/search", "/rest/search"])
async def test_a_whole_address_may_be_asked_for(world: World, target: str) -> None:
    """A request target in absolute form, as clients of proxies send it, is the same path to surfaces and to us."""
    app = create_app(
        world.services,
        catalogue=world.catalogue,
        plugins=world.plugins,
        settings=HttpSettings(),
        surfaces=[surface("/rest")],
    )
    told: list[Any] = []

    async def send(message: Any) -> None:
        told.append(message)

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async with AsyncTestClient(app):
        for path, query in ((target, b"a=1"), (target.replace("/rest/search", "/healthz"), b"")):
            scope: Any = {"type": "http", "method": "GET", "path": path, "raw_path": path.encode(), "headers": []}
            scope |= {"query_string": query, "scheme": "http", "http_version": "1.1", "root_path": "", "state": {}}
            scope |= {"client": ("127.0.0.1", 1), "server": ("x", 80), "asgi": {"version": "3.0"}}
            await app(scope, receive, send)
    assert [one["status"] for one in told if one["type"] == "http.response.start"] == [418, 200]
    assert told[1]["body"] == b"/search|a=1"


async def test_a_surface_wears_its_own_errors(world: World) -> None:
    """The 404 and 405 of a surface that is a Litestar application are its own, not ours."""

    @get("/ping")
    async def ping() -> dict[str, str]:
        return {"pong": "yes"}

    inner = Litestar([ping], openapi_config=None)
    app = create_app(
        world.services,
        catalogue=world.catalogue,
        plugins=world.plugins,
        settings=HttpSettings(),
        surfaces=[surface("/acme", app=inner)],
    )
    async with AsyncTestClient(app) as client:
        assert (await client.get("/acme/ping")).json() == {"pong": "yes"}
        for answer in (await client.get("/acme/nothing"), await client.post("/acme/ping")):
            assert "code" not in answer.json()


async def test_a_surface_that_cannot_be_made_fails_alone(world: World) -> None:
    """Where a surface's application cannot be made the server answers all the same, and its plugin says why."""

    def broken() -> Any:
        raise ValueError("no such template")

    def hook(use_cases: Any) -> list[SurfaceSpec]:
        whole = surface("/acme")
        return [whole, msgspec.structs.replace(whole, name="acme_2", prefixes=("/acme2",), make_app=broken)]

    plugin = SimpleNamespace(copyhound_surfaces=hookimpl(hook))
    catalogue = Catalogue.build(use_cases=SimpleNamespace(), only=["odd"], extra=[("odd", plugin)])
    surfaces = tuple(catalogue.surfaces.values())
    app = create_app(
        world.services, catalogue=catalogue, plugins=world.plugins, settings=HttpSettings(), surfaces=surfaces
    )
    (state,) = (one for one in catalogue.plugins if one.name == "odd")
    assert state.status == "failed"
    assert "acme_2 cannot be made: no such template" in (state.reason or "")
    async with AsyncTestClient(app) as client:
        assert (await client.get("/healthz")).status_code == 200
        assert (await client.get("/acme")).status_code == 404


@pytest.mark.parametrize("prefix", ["/", "/api", "/api/v1/mine", "/docs", "/healthz"])
async def test_a_surface_cannot_take_our_paths(world: World, prefix: str) -> None:
    """A surface that claims a path of ours is left out; the next one is mounted."""
    mounted = mounts([(surface(prefix, "/x"), echo), (surface("/y"), echo)], world.catalogue)
    assert set(mounted) == {"/y"}


async def test_two_surfaces_cannot_share_a_prefix(world: World) -> None:
    """The second claim of a prefix is left out."""
    claims = [(surface("/rest"), echo), (surface("/rest/"), echo)]
    assert list(mounts(claims, world.catalogue)) == ["/rest"]


@pytest.mark.parametrize("path", ["/matches?min_confidenec=90", "/lists?lable=x"])
async def test_a_misspelt_query_parameter_is_told(world: World, path: str) -> None:
    """A query parameter that a route does not have is refused by name; a filter is never ignored."""
    answer = await world.call("GET", path)
    assert answer.status_code == 400
    assert answer.json()["code"] == "invalid_request"
    assert [fault["field"] for fault in answer.json()["errors"]] == [path.partition("?")[2].partition("=")[0]]
