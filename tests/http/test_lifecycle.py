"""Deprecated versions say so, the table can be read, and requests are counted."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import AsyncTestClient
from structlog.testing import capture_logs

from copyhound.domain.lifecycle import NATIVE, ApiVersion, Lifecycle, OldOperation, Use
from copyhound.http import app as app_module
from copyhound.http.app import create_app
from copyhound.http.lifecycle import Journal
from copyhound.http.metrics import Metrics
from copyhound.http.settings import HttpSettings
from copyhound.plugin_api import SurfaceSpec

from .conftest import PUBLIC_URL, Stage, World

ANNOUNCED, SUNSET = date(2025, 3, 1), date(2026, 3, 1)
HEADERS = ("deprecation", "sunset", "link")


@pytest.fixture
def stage() -> Stage:
    """An application of each test's own: its figures are looked at."""
    return Stage()


async def answer_empty(scope: Any, receive: Any, send: Any) -> None:
    """A surface that answers nothing, with a link of its own."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"link", b'</x>; rel="next"')]})
    await send({"type": "http.response.body", "body": b""})


def surface(**old: Any) -> SurfaceSpec:
    """A surface with the versions 1, of which `old` tells, and 2, of which nothing is told."""
    versions = (ApiVersion(api="acme", version="1", prefix="/acme/1", **old),)
    return SurfaceSpec("acme", "Acme", "Another API.", ("/acme/1", "/acme/2"), lambda: answer_empty, versions)


def with_surface(world: World, spec: SurfaceSpec) -> Litestar:
    return create_app(
        world.services, catalogue=world.catalogue, plugins=world.plugins, settings=HttpSettings(), surfaces=[spec]
    )


async def test_a_deprecated_version_says_so_in_every_answer(world: World) -> None:
    """Each answer below a deprecated version's prefix has Deprecation (RFC 9745), Sunset (RFC 8594) and Link."""
    app = with_surface(world, surface(announced=ANNOUNCED, sunset=SUNSET, successor="/acme/2"))
    async with AsyncTestClient(app) as client:
        headers = (await client.get("/acme/1/anything")).headers
        assert headers["deprecation"] == f"@{int(datetime(2025, 3, 1, tzinfo=UTC).timestamp())}"
        assert headers["sunset"] == "Sun, 01 Mar 2026 00:00:00 GMT"
        assert f'<{PUBLIC_URL}/docs/lifecycle>; rel="deprecation"; type="text/html"' in headers["link"]
        assert '</acme/2>; rel="successor-version"' in headers["link"]
        assert '</x>; rel="next"' in headers["link"]
        fresh = (await client.get("/acme/2/anything")).headers
        assert [name for name in HEADERS[:2] if name in fresh] == []


async def test_what_is_announced_for_later_says_nothing_yet(world: World) -> None:
    """Before the day of its announcement a version is as current as any."""
    app = with_surface(world, surface(announced=date(2199, 1, 1), sunset=date(2200, 1, 1)))
    async with AsyncTestClient(app) as client:
        assert "deprecation" not in (await client.get("/acme/1/x")).headers
        assert (await client.get("/lifecycle")).json()["versions"][0]["state"] == "current"


async def test_a_deprecated_operation_says_so(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """An operation of the native API in the table has the headers, errors included; its neighbours have not."""
    old = OldOperation(
        method="GET", path="/api/v1/lists/{list_id}", announced=ANNOUNCED, sunset=SUNSET, successor="/api/v1/lists"
    )
    monkeypatch.setattr(app_module, "OLD_OPERATIONS", (old,))
    app = create_app(world.services, catalogue=world.catalogue, plugins=world.plugins, settings=HttpSettings())
    async with AsyncTestClient(app) as client:
        missing = await client.get("/api/v1/lists/nothing", headers={"X-API-Key": world.admin})
        assert (missing.status_code, missing.headers["deprecation"][0]) == (404, "@")
        for path in ("/api/v1/lists", "/api/v1/lists/x/images"):
            assert "deprecation" not in (await client.get(path)).headers
        told = (await client.get("/lifecycle")).json()["operations"]
        assert [(one["path"], one["state"], one["sunset"]) for one in told] == [(old.path, "may_go", "2026-03-01")]


async def test_nothing_of_ours_is_deprecated(world: World) -> None:
    """The native API sends no such header today."""
    answer = await world.call("GET", "/me")
    assert [name for name in HEADERS if name in answer.headers] == []


async def test_the_table_can_be_read_by_anyone(world: World) -> None:
    """GET /lifecycle needs no key; it names every version, its state, its dates, its successor, and the rules."""
    app = with_surface(world, surface(announced=ANNOUNCED, sunset=SUNSET, successor="/acme/2", note="Use 2."))
    async with AsyncTestClient(app) as client:
        told = (await client.get("/lifecycle")).json()
    assert (told["notice_months"], told["quiet_days"]) == (12, 90)
    assert told["policy"] == f"{PUBLIC_URL}/docs/lifecycle"
    assert [one["prefix"] for one in told["versions"]] == ["/acme/1", "/acme/2", "/api/v1"]
    old, new, native = told["versions"]
    assert {name: old[name] for name in ("state", "announced", "sunset", "successor", "note")} == {
        "state": "may_go",
        "announced": "2025-03-01",
        "sunset": "2026-03-01",
        "successor": "/acme/2",
        "note": "Use 2.",
    }
    assert (new["api"], new["version"], new["state"], new["use"]) == ("acme", "acme/2", "current", None)
    assert (native["api"], native["version"], native["state"]) == ("copyhound", "1", "current")
    assert (await world.client.get("/docs/lifecycle")).status_code == 200


async def test_use_is_counted_and_told_to_admins(world: World) -> None:
    """Requests are counted by version and outlive the process; an admin's key is told, no other, and no guest."""
    for _ in range(3):
        app = with_surface(world, surface())
        async with AsyncTestClient(app) as client:
            await client.get("/acme/1/x")
            await client.get("/healthz")
    async with AsyncTestClient(with_surface(world, surface())) as client:
        told = (await client.get("/lifecycle", headers={"X-API-Key": world.admin})).json()["versions"]
        today = world.services.kit.now().date().isoformat()
        assert told[0]["use"] == {"requests": 3, "last_used": today}
        assert told[1]["use"] == {"requests": 0, "last_used": None}
        for headers in ({}, {"X-API-Key": world.writer}):
            assert [one["use"] for one in (await client.get("/lifecycle", headers=headers)).json()["versions"]] == [
                None
            ] * 3
        assert (await client.get("/lifecycle", headers={"X-API-Key": "nonsense"})).status_code == 401
        await client.get("/acme/1/x")
        assert 'copyhound_version_requests_total{version="/acme/1"} 1.0' in (await client.get("/metrics")).text


async def test_processes_add_up(world: World) -> None:
    """What two processes count of the same version is added, and so is what one counts twice."""
    service = world.services.lifecycle
    await service.add({"/x": 2}, "one")
    await service.add({"/x": 3}, "two")
    await service.add({"/x": 4, "/y": 1}, "one")
    use = await service.use()
    assert {key: one.requests for key, one in use.items()} == {"/x": 9, "/y": 1}
    assert use["/x"].last_used == world.services.kit.now().date()


async def test_counts_survive_a_database_that_does_not_answer(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """What could not be written is counted on, and written the next time."""

    async def fail(*_: Any) -> None:
        raise OSError("disk")

    journal = Journal(Lifecycle(NATIVE), Metrics(), docs="")
    journal.count(NATIVE, 200)
    with monkeypatch.context() as broken:
        broken.setattr(type(world.services.lifecycle), "add", fail)
        await journal.keep(world.services)
    journal.count(NATIVE, 200)
    await journal.keep(world.services)
    assert (await world.services.lifecycle.use())["/api/v1"] == Use(2, world.services.kit.now().date())


async def test_what_may_go_is_found_by_both_rules(world: World) -> None:
    """What is past its sunset, and what nobody uses, is named in the log, once; what is used until then stays."""
    unused = ApiVersion(api="a", version="1", prefix="/a", announced=ANNOUNCED, sunset=date(2199, 1, 1))
    used = ApiVersion(api="b", version="1", prefix="/b", announced=ANNOUNCED, sunset=date(2199, 1, 1))
    past = ApiVersion(api="c", version="1", prefix="/c", announced=ANNOUNCED, sunset=SUNSET)
    await world.services.lifecycle.add({"/b": 1, "/c": 1}, "one")
    table = Lifecycle([unused, used, past])
    assert await world.services.lifecycle.may_go(table) == ["/a", "/c"]
    journal = Journal(table, Metrics(), docs="")
    with capture_logs() as lines:
        await journal.look(world.services)
        await journal.look(world.services)
    assert [(line["log_level"], line["what"]) for line in lines] == [("warning", "/a"), ("warning", "/c")]


async def test_who_is_refused_uses_nothing(world: World) -> None:
    """Without a key, or for what is not there, a request does not count: strangers keep no old version alive."""
    await world.call("GET", "/me", key=None)
    await world.call("GET", "/nothing")
    await world.call("GET", "/me")
    assert 'copyhound_version_requests_total{version="/api/v1"} 1.0' in (await world.client.get("/metrics")).text
