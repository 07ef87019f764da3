"""Infringement.Report's API: searches and uploads, from the request to the results."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from copyhound.plugin_api import Answer, Candidate, Outcome, Page, ProviderSpec, hookimpl

from ..fixtures import photos
from ..fixtures.houses import TestClock, until
from ..fixtures.website import Website
from .infringement_kit import Counter, counter

COPY = "https://thief.example/copy.jpg"


class Told:
    """A provider that says what it is told to say; it waits while it is not let go."""

    __test__ = False

    def __init__(self, name: str, *candidates: Candidate) -> None:
        self.name, self.candidates = name, candidates
        self.go = asyncio.Event()
        self.go.set()

    async def search(self, query: Any, context: Any) -> Answer:
        while not self.go.is_set():  # the event loop of providers is another one
            await asyncio.sleep(0.02)
        return Answer(Outcome.answered if self.candidates else Outcome.no_match, self.candidates)

    @hookimpl
    def copyhound_providers(self) -> list[ProviderSpec]:
        return [ProviderSpec(self.name, self.name.title(), "Says what it is told.", self.search)]


class BrokenOffError(Exception):
    """The client is gone."""


async def broken_off() -> AsyncIterator[bytes]:
    """A body of which only the beginning comes."""
    yield photos.photo(1)[:100]
    raise BrokenOffError


@pytest.fixture
def site() -> Iterator[Website]:
    with Website() as opened:
        yield opened


@pytest.fixture
async def at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Counter]:
    """A house that works, whose clock only the test turns."""
    for duty in ("_DUE_LISTS_SECONDS", "_DUE_CHECKS_SECONDS"):
        monkeypatch.setattr(f"copyhound.bootstrap.{duty}", 3600.0)
    async with counter(tmp_path / "data", work=True) as opened:
        yield opened


async def test_one_address_from_search_to_results(at: Counter, site: Website) -> None:
    """A search answers at once with the number of a new list; it is polled until 0, and its results are queried."""
    await at.home.index(COPY, photos.cropped(1))
    url = site.put("/mine.jpg", photos.photo(1))
    answer = (await at.ask("POST", "/search", json={"images": [url], "list_label": "Holiday"})).json()
    assert answer == {"status": True, "code": 100, "list_id": 1, "result": {"list_id": 1}}
    done = await at.done(1)
    assert (done["list_label"], done["count"], done["source_images_found"]) == ("Holiday", 1, 1)
    (doc,) = await at.docs()
    assert (doc["image_url"], doc["image_id"], doc["list_id"]) == (COPY, 1, 1)
    assert doc["search_image_url"] == url


async def test_edited_and_renamed_copies_are_found(at: Counter, site: Website) -> None:
    """A crop, a mirrored and a re-encoded copy under other names are found; another picture is not."""
    edits = {"a1.jpg": photos.cropped(3), "zz.jpg": photos.mirrored(3), "q.jpg": photos.jpeg(photos.opened(3), 40)}
    for name, data in {**edits, "other.jpg": photos.photo(4)}.items():
        await at.home.index(f"https://{name}.example/{name}", data)
    await at.ask("POST", "/search", json={"images": [site.put("/mine.jpg", photos.photo(3))]})
    await at.done(1)
    assert {doc["image_url"].rsplit("/")[-1] for doc in await at.docs()} == set(edits)


async def test_search_answers_while_providers_think(tmp_path: Path, site: Website) -> None:
    """The answer to a search waits for nobody: its list is there at once, and says how many images are open."""
    slow = Told("slow")
    slow.go.clear()
    async with counter(tmp_path / "data", work=True, extra=[("slow", slow)]) as at:
        urls = [site.put(f"/{number}.jpg", photos.photo(number)) for number in range(2)]
        made = await at.result("POST", "/search", json={"images": urls})
        found = await at.result("GET", f"/list/{made['list_id']}")
        assert (found["search_in_progress"], found["last_result_search"]) == (2, -1)
        assert {image["last_search_complete"] for image in found["images"]} == {-1}
        slow.go.set()
        done = await at.done(made["list_id"])
        assert {image["last_search_complete"] for image in done["images"]} == {int(at.home.clock().timestamp())}


async def test_results_come_before_the_search_ends(at: Counter, site: Website) -> None:
    """With one image that does not come, the other image's results are there, and one image is open."""
    await at.home.index(COPY, photos.cropped(1))
    quick, stuck = site.put("/quick.jpg", photos.photo(1)), site.hold("/stuck.jpg")
    await at.ask("POST", "/search", json={"images": [quick, stuck.url]})
    docs = await until(at.docs, "the first results")
    assert [doc["image_id"] for doc in docs] == [1]
    assert (await at.result("GET", "/list/1"))["search_in_progress"] == 1
    stuck.release(404)
    done = await at.done(1)
    assert [bool(image["error"]) for image in done["images"]] == [False, True]


async def test_several_providers_are_united(tmp_path: Path, site: Website) -> None:
    """The results are those of all providers together, each copy once."""
    both, one, two = (Candidate(f"https://{name}.example/x.jpg") for name in ("both", "one", "two"))
    extra = [("left", Told("left", both, one)), ("right", Told("right", both, two))]
    async with counter(tmp_path / "data", work=True, extra=extra) as at:
        await at.ask("POST", "/search", json={"images": [site.put("/mine.jpg", photos.photo(0))]})
        await at.done(1)
        assert sorted(doc["host"] for doc in await at.docs()) == ["both.example", "one.example", "two.example"]


async def test_verification_is_asked_for(tmp_path: Path, site: Website) -> None:
    """One-off results are verified only with `verify`; a monitored list's always are, and say how similar they are."""
    copy = site.put("/copy.jpg", photos.cropped(2))
    page = Page("https://thief.example/shop", "Shop")
    extra = [("told", Told("told", Candidate(copy, (page,))))]
    async with counter(tmp_path / "data", work=True, extra=extra) as at:
        mine = site.put("/mine.jpg", photos.photo(2))
        await at.ask("POST", "/search", json={"images": [mine]})
        await at.ask("POST", "/search", json={"images": [mine], "verify": True})
        await at.ask("POST", "/list", json={"list_label": "Watched", "monitor": True})
        await at.ask("PUT", "/list/3/file/mine.jpg", content=photos.photo(2))
        for number, verified in ((1, False), (2, True), (3, True)):
            await at.done(number)
            (doc,) = await at.docs(list_id=number)
            assert doc.get("verified", False) is verified, number
            assert ("similarity" in doc, "verified_timestamp" in doc) == (verified, verified)
            assert (doc["url"], doc["title"]) == ("https://thief.example/shop", "Shop")
        (doc,) = await at.docs(list_id=2)
        match = await at.http.get(f"/api/v1/matches/{doc['id'].split('.')[0]}", headers={"X-API-Key": at.key})
        assert doc["similarity"] == match.json()["verification"]["comparison"]["score"]


async def test_a_dead_link_is_told(at: Counter, site: Website) -> None:
    """A monitored copy that is gone is `verified: false` and offline, with the time of the last look."""
    copy = site.put("/copy.jpg", photos.cropped(2))
    await at.home.index(copy, photos.cropped(2))
    await at.ask("POST", "/list", json={"list_label": "Watched", "monitor": True})
    await at.ask("PUT", "/list/1/file/mine.jpg", content=photos.photo(2))
    await at.done(1)
    (before,) = await at.docs()
    assert (before["verified"], before["verified_status_code"]) == (True, "online")
    site.put("/copy.jpg", 404)

    async def gone() -> bool:
        at.home.clock.turn(days=8)
        await at.home.services.monitoring.run_due_checks()
        (doc,) = await at.docs()
        return doc["verified"] is False

    await until(gone, "the recheck")
    (after,) = await at.docs()
    assert after["verified_status_code"] == "offline"
    assert after["id"] == before["id"]


async def test_results_grow_over_searches(at: Counter, site: Website) -> None:
    """Another search adds what is new, and takes nothing away that an earlier one found."""
    await at.home.index(COPY, photos.cropped(1))
    await at.ask("POST", "/search", json={"images": [site.put("/mine.jpg", photos.photo(1))]})
    await at.done(1)
    await at.home.services.collections.remove_at(at.home.caller, "web", [COPY])
    await at.home.index("https://new.example/2.jpg", photos.mirrored(1))
    again = await at.ask("GET", "/search/1")
    assert again.json() == {"status": True, "code": 100, "list_id": 1, "result": {"list_id": 1}}
    await at.done(1)
    assert sorted(doc["host"] for doc in await at.docs()) == ["new.example", "thief.example"]


async def test_results_stay_after_a_restart(tmp_path: Path, site: Website) -> None:
    """What was found is saved: another process answers the same."""
    async with counter(tmp_path / "data", work=True) as at:
        await at.home.index(COPY, photos.cropped(1))
        await at.ask("POST", "/search", json={"images": [site.put("/mine.jpg", photos.photo(1))]})
        await at.done(1)
        before, key = await at.docs(), at.key
    async with counter(tmp_path / "data") as again:
        assert await again.docs(key=key) == before
        assert len(before) == 1


async def test_five_hundred_images_in_one_search(tmp_path: Path) -> None:
    """1 to 500 addresses are taken in one request, one more is not, and nothing is kept of it."""
    async with counter(tmp_path / "data") as at:
        urls = [f"https://mine.example/{number}.jpg" for number in range(501)]
        made = await at.result("POST", "/search", json={"images": urls[:500]})
        found = await at.result("GET", f"/list/{made['list_id']}")
        assert (found["count"], found["search_in_progress"], len(found["images"])) == (500, 500, 500)
        one = await at.result("POST", "/search", json={"images": urls[500]})
        assert (await at.result("GET", f"/list/{one['list_id']}"))["count"] == 1
        refused = await at.ask("POST", "/search", json={"images": urls})
        assert (refused.status_code, refused.json()["error_code"]) == (403, "too_many_images")
        assert len(await at.result("GET", "/list")) == 2


@pytest.mark.parametrize("encoded", [False, True])
async def test_files_are_put_and_searched(at: Counter, encoded: bool) -> None:
    """The raw body, or its base64, is the file; the answer has `success` beside `status`; it is searched at once."""
    await at.home.index(COPY, photos.cropped(1))
    await at.ask("POST", "/list", json={"list_label": "Mine"})
    data = photos.photo(1)
    answer = await at.ask(
        "PUT",
        f"/list/1/file/my%20photo.jpg?base64={'true' if encoded else 'false'}",
        content=base64.b64encode(data) if encoded else data,
        headers={"Content-Type": "application/octet-stream", "X-Mime-Type": "image/jpeg"},
    )
    assert answer.status_code == 200
    assert {"status": True, "success": True, "code": 100}.items() <= answer.json().items()
    done = await at.done(1)
    assert done["images"][0]["filename"] == "my photo.jpg"
    assert len(await at.docs()) == 1
    shown = await at.http.get(done["images"][0]["thumbnail_url"])
    assert (shown.headers["content-type"], shown.content[:2]) == ("image/jpeg", b"\xff\xd8")
    assert shown.headers["cross-origin-resource-policy"] == "cross-origin"


async def test_the_first_files_of_an_account(at: Counter) -> None:
    """/list/0/trial_file makes a list; a refused file leaves none."""
    refused = await at.ask("PUT", "/list/0/trial_file/a.jpg", content=b"no picture")
    assert (refused.status_code, refused.json()["status"]) == (403, False)
    assert await at.result("GET", "/list") == []
    answer = await at.ask("PUT", "/list/0/trial_file/a.jpg", content=photos.photo(1))
    number = answer.json()["list_id"]
    assert (await at.done(number))["count"] == 1
    await at.ask("PUT", f"/list/{number}/trial_file/b.jpg", content=photos.photo(2))
    assert (await at.done(number))["count"] == 2


async def test_a_first_file_that_is_refused(at: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    """No list is left of a body that is too large, of one that breaks off, nor where the search cannot begin."""
    large = await at.ask("PUT", "/list/0/trial_file/a.jpg", content=b"0" * (16 * 2**20))
    assert (large.status_code, large.json()["error_code"]) == (403, "payload_too_large")
    assert (await at.ask("PUT", "/list/0/trial_file/a.jpg", content=broken_off())).status_code == 500
    assert await at.result("GET", "/list") == []

    async def broken(*_: Any) -> None:
        raise RuntimeError("no search begins")

    monkeypatch.setattr(at.home.services.searches, "start", broken)
    answer = await at.ask("PUT", "/list/0/trial_file/a.jpg", content=photos.photo(1))
    assert answer.status_code == 500
    assert await at.result("GET", "/list") == []


async def test_links_to_pictures_end(tmp_path: Path) -> None:
    """An address of a picture is the same all day, works for 30 days, and not after 31; its end can't be changed."""
    clock = TestClock()
    async with counter(tmp_path / "data", work=True, clock=clock) as at:
        await at.ask("PUT", "/list/0/trial_file/a.jpg", content=photos.photo(1))
        url = (await at.done(1))["images"][0]["signed_image_url"]
        clock.turn(hours=2)
        assert (await at.done(1))["images"][0]["signed_image_url"] == url
        clock.turn(days=30)
        assert (await at.http.get(url)).status_code == 200
        end = int(url.split("expires=")[1].split("&")[0])
        later = url.replace(str(end), str(end + 86400 * 400))
        assert (await at.http.get(later)).status_code == 404
        assert (await at.http.get(url.replace(f"expires={end}&", ""))).status_code == 404
        clock.turn(days=1)
        assert (await at.http.get(url)).status_code == 404


async def test_addresses_are_added_to_a_list(at: Counter, site: Website) -> None:
    """`add_lsv_urls` adds and searches one address a line."""
    await at.ask("POST", "/list", json={"list_label": "Mine"})
    lines = "\n".join(site.put(f"/{number}.jpg", photos.photo(number)) for number in (1, 2))
    found = await at.result("PATCH", "/list/1", json={"add_lsv_urls": f"{lines}\n\n"})
    assert (found["count"], found["search_in_progress"]) == (2, 2)
    assert [image["filename"] for image in (await at.done(1))["images"]] == ["1.jpg", "2.jpg"]


async def test_one_result_through_all_doors(at: Counter, site: Website) -> None:
    """A search made here is a search like any: the native API has its list, and its matches are these results."""
    await at.home.index(COPY, photos.cropped(1))
    await at.ask("POST", "/search", json={"images": [site.put("/mine.jpg", photos.photo(1))], "list_label": "Both"})
    await at.done(1)
    headers = {"X-API-Key": at.key}
    (listed,) = (await at.http.get("/api/v1/lists", headers=headers)).json()["items"]
    (match,) = (await at.http.get(f"/api/v1/lists/{listed['id']}/matches", headers=headers)).json()["items"]
    (doc,) = await at.docs()
    assert (listed["label"], match["image_url"]) == ("Both", doc["image_url"])
    assert doc["id"].startswith(match["id"])


async def test_a_firm_works_for_two_clients(at: Counter, site: Website) -> None:
    """A firm's day: each client in a workspace of its own; a search of which every lookup's outcome is known, verified
    results, noise left out, cases tagged, evidence laid over, a file for the case system; then all of it deleted, but
    for the log of what was told."""
    await at.home.services.collections.ensure("ws_elsewhere", "web")
    other = await at.elsewhere()
    for host, data in {"thief": photos.cropped(1), "partner": photos.jpeg(photos.opened(1), 60)}.items():
        await at.home.index(f"https://{host}.example/1.jpg", data)
    made = await at.result("POST", "/search", json={"images": [site.put("/case.jpg", photos.photo(1))], "verify": True})
    number = made["list_id"]
    await at.done(number)
    await at.result("PATCH", f"/list/{number}/ignore", json={"add": ["partner.example"]})
    (doc,) = await at.docs(list_id=number)
    assert (doc["host"], doc["verified"]) == ("thief.example", True)
    await at.result("PATCH", f"/result/{doc['id']}", json={"tag": "followup"})
    lines = (await at.ask("GET", f"/list/{number}/export?format=csv&filter[tag-in]=followup")).text.splitlines()
    assert len(lines) == 2
    headers = {"X-API-Key": at.key}
    overlay = await at.http.get(f"/api/v1/matches/{doc['id'].split('.')[0]}/overlay", headers=headers)
    assert overlay.headers["content-type"] == "image/jpeg"
    (search,) = (await at.http.get("/api/v1/searches", headers=headers)).json()["items"]
    progress = (await at.http.get(f"/api/v1/searches/{search['search_id']}", headers=headers)).json()
    assert progress["outcomes"] == {"answered": 1}
    assert await at.result("GET", "/list", key=other) == []
    assert (await at.ask("GET", f"/list/{number}/query", key=other)).status_code == 404
    await at.result("DELETE", f"/list/{number}")
    assert (await at.ask("GET", f"/list/{number}/export")).status_code == 404
    assert len(await at.home.events("match_found")) == 2
