"""The generated client against a running server."""

from __future__ import annotations

import asyncio
import inspect
import socket
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import msgspec
import pytest
import uvicorn

from copyhound import client_export
from copyhound_client import Copyhound, CopyhoundApiError, models
from copyhound_schemas import read_openapi

from .conftest import World

READ_ONLY = (
    "list_actions", "list_collections", "list_deliveries", "list_hooks", "list_ingests", "list_keys", "list_lists",
    "list_matches", "list_plugins", "list_providers", "list_searches", "list_triggers", "get_index", "get_me",
    "get_health", "get_readiness", "get_lifecycle",
)  # fmt: skip


@pytest.fixture
async def hound(world: World) -> AsyncIterator[Copyhound]:
    """The client, as admin, of a server on loopback."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(world.app, log_config=None, access_log=False, lifespan="off"))
        running = asyncio.create_task(server.serve(sockets=[listener]))
        with Copyhound(f"http://127.0.0.1:{listener.getsockname()[1]}", world.admin) as client:
            yield client
        server.should_exit = True
        await running


async def told(call: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    """Call the client beside the server's event loop."""
    return await asyncio.to_thread(lambda: call(*arguments, **options))


async def test_a_search_from_upload_to_overlay(hound: Copyhound, picture: bytes) -> None:
    """Index by address, search by upload, read matches over pages, decide, export, overlay: all typed."""
    entry = await told(
        hound.add_entries,
        "web",
        models.EntriesIn(image_urls=["https://shop.example.com/copy.jpg"]),
        files={"images": [("copy.jpg", picture)]},
    )
    assert isinstance(entry, models.ItemsEntryResult)
    asked = models.SearchIn(list_label="mine")
    result = await told(hound.start_search, asked, wait=30, files={"images": [("mine.jpg", picture)]})
    assert isinstance(result, models.ResultOut)
    (match,) = await told(lambda: list(hound.pages(hound.list_matches_of_list, result.list_id, limit=1)))
    assert isinstance(match, models.MatchOut)
    assert match.verification.comparison is not None
    assert match.verification.comparison.confidence > 90
    decided = await told(hound.decide_match, match.id, models.MatchChanges(decision=models.Decision.infringing))
    assert decided.decision is models.Decision.infringing
    assert b"shop.example.com" in await told(hound.export_matches, result.list_id)
    assert (await told(hound.get_overlay, match.id)).startswith(b"\xff\xd8")
    progress = await told(hound.get_search, result.search_id)
    assert (progress.complete, progress.images[0].name) == (True, "mine.jpg")
    (told_of,) = (await told(hound.action_find_search, models.FindSearch(search_id=result.search_id))).items
    assert (told_of.complete, told_of.by_provider[0].outcome) == (True, models.Outcome.answered)


async def test_live_events_are_told_as_they_come(hound: Copyhound, picture: bytes) -> None:
    """A stream that does not end tells its first event at once; that of a search ends with the search."""
    entries = models.EntriesIn(image_urls=["https://shop.example.com/copy.jpg"])
    await told(hound.add_entries, "web", entries, files={"images": [("copy.jpg", picture)]})
    files = {"images": [("mine.jpg", picture)]}
    search = await told(hound.start_search, models.SearchIn(list_label="mine"), wait=30, files=files)
    endless = hound.watch_list(search.list_id, last_event_id="0")
    first = await told(next, endless)
    assert (first.kind, first.data["type"], first.data["list_id"]) == ("match_found", "match_found", search.list_id)
    assert first.id == str(first.data["sequence"])
    await told(endless.close)
    whole = await told(lambda: list(hound.watch_search(search.search_id, last_event_id="0")))
    assert whole[-1].kind == "search_complete"
    assert list(await told(lambda: list(hound.watch_search(search.search_id, last_event_id=whole[-1].id)))) == []
    with pytest.raises(CopyhoundApiError, match="not_found"):
        await told(next, hound.watch_list("list_that_is_not_there"))


async def test_pages_are_followed(hound: Copyhound) -> None:
    """`pages` follows the cursor to the end."""
    for number in range(5):
        await told(hound.create_list, models.ListIn(label=f"list {number}"))
    labels = await told(lambda: [one.label for one in hound.pages(hound.list_lists, limit=2)])
    assert labels == [f"list {number}" for number in (4, 3, 2, 1, 0)]


async def test_what_is_left_out_is_not_sent(hound: Copyhound) -> None:
    """Fields of a change that are not given stay as they are; times and keys go over the wire as they should."""
    made = await told(hound.create_list, models.ListIn(label="old", monitored=True), idempotency_key="once")
    again = await told(hound.create_list, models.ListIn(label="old", monitored=True), idempotency_key="once")
    assert again.id == made.id
    changed = await told(hound.update_list, made.id, models.ListChanges(label="new"))
    assert (changed.label, changed.monitored) == ("new", True)
    until = datetime.now(UTC) + timedelta(days=1)
    key = await told(hound.create_key, models.KeyIn(name="short", scopes=[models.Scope.read], expires_at=until))
    assert key.expires_at == until
    assert await told(hound.delete_list, made.id) is None


async def test_an_error_is_raised_with_its_code(hound: Copyhound) -> None:
    """An error answer has its code, detail, hint and body; a strange path stays within its place."""
    with pytest.raises(CopyhoundApiError, match="404 not_found") as caught:
        await told(hound.get_list, "../keys")
    assert (caught.value.status, caught.value.code, caught.value.retryable) == (404, "not_found", False)
    assert caught.value.problem["request_id"]


@pytest.mark.parametrize("name", READ_ONLY)
async def test_every_reading_operation_is_understood(hound: Copyhound, name: str) -> None:
    """Whatever needs no argument answers something of the type that its method promises."""
    answer = await told(getattr(hound, name))
    promised = inspect.get_annotations(getattr(Copyhound, name), eval_str=False)["return"]
    assert f"models.{type(answer).__name__}" == promised


def test_every_operation_has_a_method() -> None:
    """Each operation of the document, but the pages for people, is a method with its parameters."""
    for item in read_openapi()["paths"].values():
        for operation in item.values():
            answers = [answer for status, answer in operation["responses"].items() if status.startswith("2")]
            if not answers or any("text/html" in answer.get("content", {}) for answer in answers):
                continue
            parameters = inspect.signature(getattr(Copyhound, operation["operationId"])).parameters
            named = {one["name"] for one in operation.get("parameters", ()) if one["in"] in ("path", "query")}
            assert named <= set(parameters), operation["operationId"]


def test_the_client_is_fresh() -> None:
    """What lies in connectors/ is what the code says; else run `make schemas`."""
    from copyhound.schema_export import stale_clients

    assert client_export.folder() is not None
    assert list(stale_clients()) == []


def test_a_newer_server_is_understood() -> None:
    """Unknown fields are left out, and an unknown word is kept as it is."""
    edit = msgspec.json.decode(b'{"kind": "dreamt", "share": null, "new": 1}', type=models.Edit)
    assert edit.kind == "dreamt"
    assert msgspec.json.encode(edit) == b'{"kind":"dreamt"}'


def test_an_answer_that_is_no_problem_is_told() -> None:
    """What a proxy answers in HTML is an error with the text that came."""
    transport = httpx.MockTransport(lambda _: httpx.Response(502, text="<h1>Bad gateway</h1>"))
    with (
        Copyhound("http://127.0.0.1:1", "key", transport=transport) as hound,
        pytest.raises(CopyhoundApiError) as caught,
    ):
        hound.get_me()
    assert (caught.value.status, caught.value.code) == (502, "unknown")
    assert "Bad gateway" in caught.value.detail
