"""Infringement.Report's API: lists, their images, the account, and who may do what."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from copyhound.domain.workspaces import KeyLimits, Scope

from ..storage.makers import AT
from .infringement_kit import Counter, counter, found


@pytest.fixture
async def at(tmp_path: Path) -> AsyncIterator[Counter]:
    async with counter(tmp_path / "data") as opened:
        yield opened


async def test_lists_are_made_read_changed_and_deleted(at: Counter) -> None:
    """POST, GET, PATCH and DELETE do what their names say; a PATCH changes what it names, and nothing else."""
    made = await at.result("POST", "/list", json={"list_label": "First", "monitor": True})
    assert (made["list_id"], made["list_label"], made["monitor"], made["images"]) == (1, "First", True, [])
    changed = await at.result("PATCH", "/list/1", json={"list_label": "Renamed"})
    assert (changed["list_label"], changed["monitor"]) == ("Renamed", True)
    assert (await at.result("PATCH", "/list/1", json={"monitor": False}))["monitor"] is False
    assert (await at.result("GET", "/list/1"))["list_label"] == "Renamed"
    assert await at.result("DELETE", "/list/1") == {"list_id": 1}
    assert (await at.ask("GET", "/list/1")).status_code == 404


async def test_lists_are_paged(at: Counter) -> None:
    """`start` and `rows` page through lists, newest first; fewer than `rows` are the last page."""
    for number in range(5):
        await at.result("POST", "/list", json={"list_label": f"List {number}"})
    pages = [await at.result("GET", f"/list?start={start}&rows=2") for start in (0, 2, 4, 6)]
    assert [len(page) for page in pages] == [2, 2, 1, 0]
    assert sorted(one["list_id"] for page in pages for one in page) == [1, 2, 3, 4, 5]
    assert len(await at.result("GET", "/list?per_page=3")) == 3


async def test_a_list_in_figures(at: Counter) -> None:
    """A list tells its images, their results' hosts and pages; times are unix seconds, 0 for never."""
    await at.keep(found(1), found(2, host="host1.example"), found(3))
    (one,) = await at.result("GET", "/list")
    figures = {"count": 1, "source_images_found": 1, "unique_hosts": 2, "unique_pages": 3, "last_result_search": 0}
    assert figures.items() <= one.items()
    (image,) = (await at.result("GET", "/list/1?extend=infringements"))["images"]
    assert (image["image_id"], image["unique_hosts"], image["unique_pages"]) == (1, 2, 3)
    assert (image["last_search_start"], image["last_search_complete"]) == (0, 0)
    assert one["created"] == int(AT.timestamp())


async def test_deleting_leaves_nothing(at: Counter) -> None:
    """A deleted list's images, results, tags and ignored hosts are gone from every door; what was told stays."""
    await at.keep(found(1))
    (doc,) = await at.docs()
    await at.result("PATCH", f"/result/{doc['id']}", json={"tag": "trash"})
    await at.result("PATCH", "/list/1/ignore", json={"add": ["ex.com"]})
    await at.result("DELETE", "/list/1")
    for path in ("/list/1", "/list/1/query", "/list/1/export", "/list/1/tag", "/list/1/ignore"):
        assert (await at.ask("GET", path)).status_code == 404, path
    assert await at.result("GET", "/ignore") == []
    headers = {"X-API-Key": at.key}
    assert (await at.http.get("/api/v1/matches", headers=headers)).json()["items"] == []
    caller = at.home.caller
    assert await at.home.services.tags.given(caller, [doc["id"].split(".")[0]]) == {}


async def test_an_image_is_deleted(at: Counter) -> None:
    """An image goes with its results; the list stays."""
    await at.keep(found(1))
    assert await at.result("DELETE", "/list/1/image/1") == {"image_id": 1}
    assert (await at.result("GET", "/list/1"))["count"] == 0
    assert await at.docs() == []
    assert (await at.ask("DELETE", "/list/1/image/1")).status_code == 404


async def test_label_is_kept_and_changed(at: Counter) -> None:
    """A search's label names its list, and can be changed; without one it has a name all the same."""
    await at.result("POST", "/search", json={"images": ["https://mine.example/1.jpg"], "list_label": "Ünï ☃"})
    assert (await at.result("GET", "/list/1"))["list_label"] == "Ünï ☃"
    await at.result("PATCH", "/list/1", json={"list_label": "Other"})
    assert (await at.result("GET", "/list"))[0]["list_label"] == "Other"
    await at.result("POST", "/search", json={"images": ["https://mine.example/1.jpg"]})
    assert (await at.result("GET", "/list/2"))["list_label"]


async def test_the_same_answers_below_both_versions(at: Counter) -> None:
    """/2.0 answers as /3.0 does; the id of a new list stands beside the status in both."""
    for version in ("2.0", "3.0"):
        body = {"images": ["http://mine.example/1.jpg"], "list_label": "x"}
        answer = (await at.ask("POST", f"/{version}/search", json=body)).json()
        assert answer["list_id"] == answer["result"]["list_id"]
    assert await at.result("GET", "/2.0/list/1") == await at.result("GET", "/3.0/list/1")


@pytest.mark.parametrize("name", ["X-API-Key", "X-Api-Key", "x-api-key", "X-API-KEY"])
async def test_the_key_goes_into_a_header(at: Counter, name: str) -> None:
    """The header's name is taken in any case."""
    assert (await at.ask("GET", "/list", key=None, headers={name: at.key})).status_code == 200


async def test_the_key_may_stand_in_the_address(at: Counter) -> None:
    """Links for a browser carry it as `api_key`."""
    await at.keep(found(1))
    answer = await at.ask("GET", f"/2.0/list/1/query?output=csv&rows=10000000&start=0&api_key={at.key}", key=None)
    assert answer.headers["content-type"].startswith("text/csv")
    assert len(answer.text.splitlines()) == 2


async def test_who_may_do_what(at: Counter) -> None:
    """A key that only reads changes nothing and searches nothing, not even by GET; POST to a query only reads."""
    await at.keep(found(1))
    reader = await at.new_key(Scope.read)
    assert (await at.ask("GET", "/list/1", key=reader)).status_code == 200
    assert (await at.ask("POST", "/list/1/query", key=reader, json={})).status_code == 200
    for method, path in (("POST", "/search"), ("GET", "/search/1"), ("DELETE", "/list/1"), ("PATCH", "/result/x")):
        answer = await at.ask(method, path, key=reader)
        assert (answer.status_code, answer.json()["error_code"]) == (403, "forbidden"), path


async def test_credits_of_the_account(at: Counter) -> None:
    """GET /user tells the ledger: bundles, what is left; a search without enough credits is refused with a text."""
    user = await at.result("GET", "/user")
    assert (user["apikey"], user["email"]) == (at.key, "infringement report")
    assert user["credits"]["total"]["remaining"] == 1_000_000_000
    now = at.home.clock()
    end = now + timedelta(days=30)
    workspace = at.home.caller.workspace_id
    await at.home.services.credits.grant(workspace, 3, starts_at=now, expires_at=end)
    urls = [f"https://mine.example/{number}.jpg" for number in range(4)]
    refused = await at.ask("POST", "/search", json={"images": urls})
    assert (refused.status_code, refused.json()["code"]) == (403, 402)
    assert refused.json()["error"] == "4 credits are needed, and fewer are left."
    await at.result("POST", "/search", json={"images": urls[:2]})
    credits = (await at.result("GET", "/user"))["credits"]
    assert (credits["monitor_strategy"], credits["total"]["credits"], credits["total"]["remaining"]) == (
        "classic",
        3,
        1,
    )
    assert [one["expiry_time"] for one in credits["active"]] == [int(end.timestamp())]


async def test_logging_in(at: Counter) -> None:
    """The password is an API key; others get a text; guessing ends after some attempts."""
    answer = await at.ask("POST", "/login", key=None, json={"email": "me@example.com", "password": at.key})
    user = answer.json()["result"]["user"]
    assert (user["apikey"], user["is_partner"]) == (at.key, False)
    assert {"credits", "email", "user_id"} <= user.keys()
    tried = [await at.ask("POST", "/login", key=None, json={"email": "a", "password": "b"}) for _ in range(12)]
    assert {one.status_code for one in tried[:11]} == {403}
    assert tried[11].status_code == 403
    refused = await at.ask("POST", "/login", key=None, json={"email": "A ", "password": "b"})
    assert (refused.status_code, int(refused.headers["retry-after"]) >= 1) == (429, True)


async def test_logging_in_is_held_up_for_nobody_else(at: Counter) -> None:
    """Only failed logins count, of one name: others behind the same address log in; many names together end too."""
    for _ in range(13):
        last = await at.ask("POST", "/login", key=None, json={"email": "a", "password": "b"})
    assert last.status_code == 429
    good = {"email": "me@example.com", "password": at.key}
    assert {(await at.ask("POST", "/login", key=None, json=good)).status_code for _ in range(15)} == {200}
    assert (await at.ask("POST", "/login", key=None, json={"email": "c", "password": "d"})).status_code == 403
    others = [
        (await at.ask("POST", "/login", key=None, json={"email": f"n{number}", "password": "b"})).status_code
        for number in range(120)
    ]
    assert (others[0], others[-1]) == (403, 429)
    assert (await at.ask("POST", "/login", key=None, json=good)).status_code == 200


async def test_what_the_operator_does(at: Counter) -> None:
    """Registering, cards, passwords and bills are answered with a text; lists of what is not sold are empty."""
    for method, path in (
        ("POST", "/register"),
        ("PATCH", "/register"),
        ("DELETE", "/user"),
        ("PATCH", "/user/password"),
        ("GET", "/user/billing/invoices"),
    ):
        answer = await at.ask(method, path, json={})
        assert (answer.status_code, answer.json()["status"]) == (403, False)
        assert "operator" in answer.json()["error"]
    assert await at.result("GET", "/packages") == []
    assert await at.result("GET", "/case") == []


async def test_a_key_s_own_limit(at: Counter) -> None:
    """The service documents no limit; one that a key has is held, with the seconds to wait."""
    made = await at.home.services.keys.create(
        at.home.caller.workspace_id, "limited", (Scope.read,), limits=KeyLimits(requests=2, seconds=60)
    )
    answers = [await at.ask("GET", "/list", key=made[1]) for _ in range(3)]
    assert [one.status_code for one in answers] == [200, 200, 429]
    assert int(answers[2].headers["retry-after"]) >= 1
    assert answers[2].json()["status"] is False


async def test_the_log_says_who_asked(at: Counter) -> None:
    """The line of a request holds the key's id and the path, never a key or a signature of a link."""
    await at.keep(found(1))
    (doc,) = await at.docs("extend_thumbnails=true")
    with capture_logs() as lines:
        await at.ask("GET", "/list/1")
        await at.ask("GET", f"/list?api_key={at.key}", key=None)
        await at.http.get(doc["image_url_thumbnail"])
    told = [line for line in lines if line["event"] == "request"]
    assert [line["path"].split("/")[2] for line in told] == ["list", "list", "picture"]
    _, kind, number, secret = at.key.split("_", 3)
    assert told[0]["key_id"] == told[1]["key_id"] == f"{kind}_{number}"
    assert secret not in str(lines)
    assert doc["image_url_thumbnail"].rsplit("=")[-1] not in str(lines)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", b'{"images":["http://a.example/1.jpg"],"list_label":"x"}'),
        ("application/x-www-form-urlencoded", b'{"images":["http://a.example/1.jpg"],"list_label":"x"}'),
        ("application/x-www-form-urlencoded", b"images=http%3A%2F%2Fa.example%2F1.jpg&list_label=x"),
        ("text/plain", b'{"images":"http://a.example/1.jpg","list_label":"x"}'),
    ],
)
async def test_kinds_of_bodies(at: Counter, kind: str, body: bytes) -> None:
    """JSON is taken whatever it is called (curl calls it a form), and so is a form."""
    await at.result("POST", "/search", content=body, headers={"Content-Type": kind})
    (image,) = (await at.result("GET", "/list/1"))["images"]
    assert image["image_url"] == "http://a.example/1.jpg"
