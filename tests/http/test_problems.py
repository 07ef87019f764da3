"""Every failure is a problem of RFC 9457, and tells nothing of the inside."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, cast

import httpx
import pytest
from litestar.testing import AsyncTestClient

from copyhound.domain.errors import ERRORS, CopyhoundError
from copyhound.http.app import create_app
from copyhound.http.settings import HttpSettings

from .conftest import PUBLIC_URL, World

MEMBERS = {"type", "title", "status", "detail", "code", "hint", "retryable", "request_id"}


def assert_problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """The whole shape, for any failure."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    told: dict[str, Any] = answer.json()
    assert (answer.status_code, told["status"], told["code"]) == (status, status, code), answer.text
    assert set(told) >= MEMBERS
    assert told["type"] == f"http://copyhound.test/docs/errors#{code}"
    assert told["request_id"] == answer.headers["x-request-id"]
    assert told["detail"].endswith((".", "?"))
    return told


@pytest.mark.parametrize("code", sorted(ERRORS))
async def test_every_code_is_rendered_alike(world: World, code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever error a use case raises, the answer has its status, title, hint and whether to try again."""

    async def fail(*_: Any, **__: Any) -> None:
        raise CopyhoundError(code, "Because.", thing="x")

    monkeypatch.setattr(type(world.services.lists), "get", fail)
    told = assert_problem(await world.call("GET", "/lists/list_x"), ERRORS[code].status, code)
    assert (told["title"], told["hint"]) == (ERRORS[code].title, ERRORS[code].hint)
    assert told["retryable"] is ERRORS[code].retryable
    assert (told["detail"], told["thing"]) == ("Because.", "x")


@pytest.mark.parametrize("path", ["/", "/nothing", "/api/v1/nothing", "/api/v2/lists", "/schema/x", "/docs/nothing"])
async def test_unknown_paths_are_problems(world: World, path: str) -> None:
    """A path that leads nowhere is a 404 problem, in the API and beside it."""
    assert_problem(await world.client.get(path), 404, "not_found")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [("PUT", "/lists", {"GET", "POST"}), ("POST", "/me", {"GET"}), ("GET", "/compare", {"POST"})],
)
async def test_wrong_methods_name_the_right_ones(world: World, method: str, path: str, allowed: set[str]) -> None:
    """A 405 problem says in `Allow` what would do."""
    answer = await world.call(method, path)
    assert_problem(answer, 405, "method_not_allowed")
    assert set(answer.headers["allow"].replace(" ", "").split(",")) == allowed | {"OPTIONS"}


async def test_a_trailing_slash_is_no_redirect(world: World) -> None:
    """Both spellings of a path answer; neither redirects."""
    assert (await world.call("GET", "/lists/")).status_code == 200


async def test_small_bodies_have_a_smaller_limit(world: World) -> None:
    """A request without pictures is refused above the ordinary limit, declared or streamed."""
    assert_problem(await world.call("POST", "/lists", json={"label": "x" * 21_000}), 413, "payload_too_large")

    async def stream() -> AsyncIterator[bytes]:
        for _ in range(30):
            yield b" " * 1000

    headers = {"Content-Type": "application/json", "X-API-Key": world.admin}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(cast(Any, world.app)), base_url=PUBLIC_URL) as client:
        answer = await client.post("/api/v1/lists", content=stream(), headers=headers)
    assert_problem(answer, 413, "payload_too_large")


async def test_all_faults_of_a_body_are_told(world: World) -> None:
    """Each field that is wrong, missing or unknown is named, not only the first."""
    body = {"monitored": "yes", "providers": [1], "colour": "red", "schedule": {"days": 0}}
    told = assert_problem(await world.call("POST", "/lists", json=body), 400, "invalid_request")
    faults = {fault["field"]: fault["message"] for fault in told["errors"]}
    assert set(faults) == {"label", "monitored", "providers[0]", "colour", "schedule.days"}
    assert faults["colour"] == "Unknown field"


@pytest.mark.parametrize(
    ("query", "field"),
    [("limit=0", "limit"), ("limit=201", "limit"), ("limit=many", "limit"), ("cursor=" + "x" * 501, "cursor")],
)
async def test_bad_parameters_are_named(world: World, query: str, field: str) -> None:
    """A parameter that is out of range or of the wrong kind is named."""
    told = assert_problem(await world.call("GET", f"/lists?{query}"), 400, "invalid_request")
    assert told["errors"][0]["field"] == field


HOOK: dict[str, Any] = {"target_url": "https://hooks.example.com/in", "triggers": ["match_found"]}


@pytest.mark.parametrize(
    ("method", "path", "body", "field", "known"),
    [
        ("POST", "/hooks", {**HOOK, "filter": {"match_types": ["exact"]}}, "filter.match_types[0]", "full, partial"),
        ("POST", "/hooks", {**HOOK, "format": "xml"}, "format", "flat, cloudevents"),
        ("POST", "/actions/decide_match", {"decision": "no"}, "decision", "open, infringing, allowed, not_a_match"),
        ("GET", "/hooks?status=asleep", None, "status", "active, disabled"),
        ("GET", "/matches?match_type=exact", None, "match_type", "full, partial"),
        ("GET", "/matches/x/overlay?view=all", None, "view", "difference, pair"),
    ],
)
async def test_a_wrong_choice_is_told_the_right_ones(
    world: World, method: str, path: str, body: dict[str, Any] | None, field: str, known: str
) -> None:
    """In a body, deep in one, in an action's input and in a query: what is none of an enum's values."""
    told = assert_problem(await world.call(method, path, json=body), 400, "invalid_request")
    faults = {fault["field"]: fault["message"] for fault in told["errors"]}
    assert faults[field].endswith(f"; there are {known}")


@pytest.mark.parametrize("cursor", ["nonsense", "!!", "bnVsbA"])
@pytest.mark.parametrize("path", ["/lists", "/searches", "/matches", "/hooks", "/deliveries", "/ingests"])
async def test_made_up_cursors_are_refused(world: World, path: str, cursor: str) -> None:
    """A cursor that no page gave is a clear 400, never a 500."""
    assert_problem(await world.call("GET", f"{path}?cursor={cursor}"), 400, "invalid_request")


async def test_unforeseen_errors_tell_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bug is a 500 problem without a trace, a class name or a secret in it."""

    async def explode(*_: Any, **__: Any) -> None:
        raise RuntimeError("password=hunter2")

    monkeypatch.setattr(type(world.services.lists), "get", explode)
    answer = await world.call("GET", "/lists/list_x")
    assert_problem(answer, 500, "internal_error")
    assert "hunter2" not in answer.text
    assert "RuntimeError" not in answer.text


async def test_retry_after_is_a_header(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who is asked to wait is told how long, in `Retry-After`."""

    async def busy(*_: Any, **__: Any) -> None:
        raise CopyhoundError("too_many_requests", retry_after=12.4)

    monkeypatch.setattr(type(world.services.lists), "get", busy)
    answer = await world.call("GET", "/lists/list_x")
    assert_problem(answer, 429, "too_many_requests")
    assert answer.headers["retry-after"] == "12"


async def test_foreign_hosts_are_refused_when_hosts_are_named(world: World) -> None:
    """With `allowed_hosts`, a request for another host gets a problem; those named, and below a star, are served."""
    settings = HttpSettings(allowed_hosts=("api.example.com", "*.example.org"))
    app = create_app(world.services, catalogue=world.catalogue, plugins=world.plugins, settings=settings)
    async with AsyncTestClient(app, base_url="http://api.example.com") as client:
        for host, status in {
            "api.example.com": 200,
            "API.example.com:8080": 200,
            "a.example.org": 200,
            "example.org": 400,
            "evil.test": 400,
        }.items():
            answer = await client.get("/healthz", headers={"Host": host})
            assert answer.status_code == status, host
        assert_problem(await client.get("/healthz", headers={"Host": "evil.test"}), 400, "invalid_request")
