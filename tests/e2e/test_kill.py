"""kill -9 at random instants of searches and deliveries: it goes on, and no event is lost."""

from __future__ import annotations

import base64
import random
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

import httpx
import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine

from ..bench import deliveries_kill, deliveries_kit
from ..fixtures import photos
from ..fixtures.website import Website
from .servers import PATIENCE, Server

KILLS = 20


class Sink:
    """A receiver that keeps the `webhook-id` of everything it is sent."""

    def __init__(self) -> None:
        self.ids: list[str] = []
        sink = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["content-length"]))
                sink.ids.append(self.headers["webhook-id"])
                self.send_response(204)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                """Keep the tests' output clean."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/"


def post_search(server: Server, number: int) -> str | None:
    """Start a search of one picture under its own Idempotency-Key; its id, or None where the server died on it."""
    try:
        with server.client() as client:
            answer = client.post(
                "/searches",
                files=[("images", ("mine.jpg", photos.photo(1), "image/jpeg"))],
                headers={"Idempotency-Key": f"search-{number}"},
            )
    except httpx.TransportError:
        return None
    return str(answer.json()["search_id"]) if answer.status_code == 202 else None


def drained(client: httpx.Client, path: str) -> list[dict[str, Any]]:
    """Everything behind a paged path."""
    items: list[dict[str, Any]] = []
    cursor = None
    while True:
        page = client.get(path, params={"limit": 200, **({"cursor": cursor} if cursor else {})}).raise_for_status()
        body = page.json()
        items += body["items"]
        if not body["items"] or not body["cursor"] or body["cursor"] == cursor:
            return items
        cursor = body["cursor"]


@pytest.mark.timeout(600)
def test_nothing_is_lost_when_killed(tmp_path: Path) -> None:
    """After 20 kills every acknowledged search is complete, and every event has reached the receiver."""
    with Sink() as sink, Server(tmp_path / "data") as server:
        accepted = kill_while_searching(server, sink)
        assert accepted
        complete, found = settled(server, sink, accepted)
    assert set(accepted) <= set(complete)
    assert len(complete) == len(set(complete))
    assert len(found) == len(set(found)) == 3 * len(complete)


@pytest.mark.timeout(600)
def test_no_credit_is_lost_or_taken_twice_when_killed(tmp_path: Path) -> None:
    """After kills at random instants, each search that ended has taken one credit, and none is left reserved."""
    seed = random.Random(11)
    with Server(tmp_path / "data") as server:
        assert server.command("credits", "grant", "1000", "--json")["remaining"] == 1000
        for number in range(5):
            post_search(server, number)
            time.sleep(seed.uniform(0.0, 0.8))  # the random instant, not a wait for something
            server.kill()
            server.start()
        with server.client() as client:
            deadline = time.monotonic() + 3 * PATIENCE
            while not all(one["completed_at"] for one in drained(client, "/searches")):
                assert time.monotonic() < deadline, server.tail()
                time.sleep(0.2)
            usage, searches = client.get("/usage").json(), drained(client, "/searches")
    assert searches
    assert sum(day["settled"] for day in usage["days"]) == len(searches)
    assert sum(day["reserved"] for day in usage["days"]) == 0
    assert usage["credits"]["remaining"] == 1000 - len(searches)


def kill_while_searching(server: Server, sink: Sink) -> list[str]:
    """Searches and deliveries, with a kill after each; the ids of the searches that were acknowledged."""
    seed = random.Random(7)
    with server.client() as client:
        hook = {"target_url": sink.url, "triggers": ["match_found", "search_complete"]}
        assert client.post("/hooks", json=hook).status_code == 201
        for number, copy in enumerate((photos.cropped(1), photos.mirrored(1), photos.resaved(1))):
            entry = {"image_url": f"https://shop{number}.example.com/a.jpg", "base64": base64.b64encode(copy).decode()}
            assert client.post("/collections/web/entries", json={"entries": [entry]}).status_code == 201
    accepted: list[str] = []
    for number in range(KILLS):
        accepted += [one for one in [post_search(server, number)] if one]
        time.sleep(seed.uniform(0.0, 1.2))  # the random instant, not a wait for something
        server.kill()
        server.start()
    return accepted


def settled(server: Server, sink: Sink, accepted: list[str]) -> tuple[list[str], list[str]]:
    """(searches, matches) that events tell of, once all that was accepted is complete and all events are delivered."""
    with server.client() as client:
        deadline = time.monotonic() + 3 * PATIENCE
        while not all(client.get(f"/searches/{one}").json()["complete"] for one in accepted):
            assert time.monotonic() < deadline, server.tail()
            time.sleep(0.2)
        events = {
            event["id"]
            for trigger in ("match_found", "search_complete")
            for event in drained(client, f"/triggers/{trigger}/events")
        }
        while not events <= set(sink.ids):
            assert time.monotonic() < deadline, (len(events - set(sink.ids)), server.tail())
            time.sleep(0.2)
        complete = [event["search_id"] for event in drained(client, "/triggers/search_complete/events")]
        found = [event["match_id"] for event in drained(client, "/triggers/match_found/events")]
    return complete, found


def test_a_crawl_goes_on_after_a_kill(tmp_path: Path) -> None:
    """An ingest that was running when the server died is complete after the restart."""
    with Website() as site, Server(tmp_path / "data") as server:
        site.put("/", b"".join(b'<img src="/%d.jpg">' % number for number in range(12)))
        for number in range(12):
            site.put(f"/{number}.jpg", photos.photo(number))
        with server.client() as client:
            settings = {"url": site.url + "/", "delay_seconds": 0.05}
            ingest = client.post("/collections/web/ingests", json={"source": "site", "settings": settings}).json()
        deadline = time.monotonic() + PATIENCE
        while "/4.jpg" not in site.asked:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        server.kill()
        server.start()
        with server.client() as client:
            while (now := client.get(f"/ingests/{ingest['id']}").json())["status"] not in ("complete", "failed"):
                assert time.monotonic() < deadline, now
                time.sleep(0.1)
            count = client.get("/collections/web").json()["entries"]
        assert (now["status"], count) == ("complete", 12)


async def make_due(postgres_url: str, list_id: str) -> None:
    """Turn the clock of a list back: it is due now."""
    engine = create_async_engine(postgres_url.replace("postgresql://", "postgresql+asyncpg://"))
    async with engine.begin() as connection:
        due = sa.text("update lists set next_run_at = now() - interval '1 minute' where id = :id")
        await connection.execute(due, {"id": list_id})
    await engine.dispose()


async def test_two_servers_on_one_database_search_a_due_list_once(tmp_path: Path, postgres_url: str) -> None:
    """A list that is due is searched once by two servers, and once more after the leading one was killed."""
    environment = {"COPYHOUND_DATABASE_URL": postgres_url}
    one = Server(tmp_path / "data", COPYHOUND_EXECUTOR_ID="one", **environment)
    two = Server(tmp_path / "data", COPYHOUND_EXECUTOR_ID="two", **environment)
    with one, two:
        with one.client() as client:
            wanted = {"label": "watched", "monitored": True, "schedule": {"days": 30}}
            list_id = client.post("/lists", json=wanted).json()["id"]
            files = [("images", ("mine.jpg", photos.photo(1), "image/jpeg"))]
            assert client.post(f"/lists/{list_id}/images", files=files).is_success
        two.key = one.key
        await make_due(postgres_url, list_id)
        assert len(complete_searches(two, list_id, 1)) == 1
        leader, other = (one, two) if "this process leads" in one.tail() else (two, one)
        leader.kill()
        await make_due(postgres_url, list_id)
        assert len(complete_searches(other, list_id, 2)) == 2


def complete_searches(server: Server, list_id: str, count: int) -> list[dict[str, Any]]:
    """The searches of a list, once at least so many are complete and none is under way."""
    deadline = time.monotonic() + 2 * PATIENCE
    with server.client() as client:
        while True:
            found: list[dict[str, Any]] = client.get("/searches", params={"list_id": list_id}).json()["items"]
            if len(found) >= count and all(search["complete"] for search in found):
                return found
            assert time.monotonic() < deadline, server.tail()
            time.sleep(0.2)


def post_entry(server: Server, number: int, kept: set[int]) -> None:
    """Index one of the pictures; it is in `kept` once the server has acknowledged it."""
    data = base64.b64encode(photos.photo(number)).decode()
    entry = {"image_url": f"https://shop.example.com/{number}.jpg", "base64": data}
    try:
        with server.client() as client:
            answer = client.post("/collections/web/entries", json={"entries": [entry]})
    except httpx.TransportError:
        return
    if answer.status_code == 201:
        kept.add(number)


def add_and_kill(server: Server, numbers: range, kept: set[int], seconds: float) -> None:
    """Index several pictures at once, and kill the server so many seconds later."""
    adding = [threading.Thread(target=post_entry, args=(server, number, kept)) for number in numbers]
    for thread in adding:
        thread.start()
    time.sleep(seconds)  # the random instant, not a wait for something
    server.kill()
    for thread in adding:
        thread.join(PATIENCE)
    server.start()


def found_in(server: Server, numbers: set[int]) -> dict[int, list[tuple[str, float]]]:
    """Of each picture the entries that a search for a crop of it finds, with their confidence."""
    found = {}
    with server.client() as client:
        for number in sorted(numbers):
            files = [("image", ("mine.jpg", photos.cropped(number), "image/jpeg"))]
            items = client.post("/collections/web/search", files=files).raise_for_status().json()["items"]
            found[number] = [(item["entry"]["image_url"], item["comparison"]["confidence"]) for item in items]
    return found


def test_no_indexed_picture_is_lost_when_killed(tmp_path: Path) -> None:
    """Killed while pictures are added: each that was acknowledged is found; and the same after a rebuild."""
    seed, kept = random.Random(11), set[int]()
    with Server(tmp_path / "data") as server:
        post_entry(server, 20, kept)  # however slow the machine, something is acknowledged
        for first in range(0, 20, 5):
            add_and_kill(server, range(first, first + 5), kept, seed.uniform(0.5, 2.5))
        assert kept
        before = found_in(server, kept)
        assert all(f"https://shop.example.com/{number}.jpg" in dict(before[number]) for number in kept)
        with server.client() as client:
            held = client.get("/collections/web").json()["entries"]
        server.stop()
        assert server.command("index", "rebuild", "--json")["entries"] == held
        server.start()
        assert held >= len(kept)
        assert found_in(server, kept) == before


def test_no_delivery_is_lost_when_killed() -> None:
    """All deliveries come; no more come twice than were in flight at a kill, and with the same id."""
    with deliveries_kit.house("sqlite") as (server, sink), server:
        run = deliveries_kill.deliveries_killed(server, sink, kills=3, deliveries=300, most=0.8)
    assert (run.kills, run.lost, run.strange, len(run.wanted)) == (3, 0, 0, 300)
    assert run.twice <= sum(run.in_flight)
