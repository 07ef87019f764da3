"""Copyleaks' Image Plagiarism Detection, answered by Copyhound: what is sent, what comes back, what it costs."""

from __future__ import annotations

import asyncio
import csv
import io
import re
from collections.abc import AsyncIterator
from datetime import date, timedelta
from typing import Any

import pytest
import pytest_asyncio
from PIL import Image

from copyhound.domain.matches import Page
from copyhound.domain.workspaces import Scope
from copyhound.plugin_api import Answer, Candidate, Outcome

from ..fixtures.foreign import dng, icon
from ..fixtures.photos import cropped, opened, photo, resaved
from .copyleaks_kit import Acme, Desk, desk

pytestmark = pytest.mark.asyncio(loop_scope="module")
FULL_URL = "https://blog.example.com/copy.jpg"
PARTIAL_URL = "https://shop.example.com/cut.jpg"
PAGES = ("https://blog.example.com/archive", "https://blog.example.com/post")
MOCK = {
    "internet": [
        {
            "url": "https://example.com/images/photo.jpg", "matchType": 0,
            "webPages": [
                {"url": "https://example.com/blog/my-post"}, {"url": "https://example.org/news/article"},
            ],
        },
        {
            "url": "https://example.com/thumbs/photo-thumb.jpg", "matchType": 1,
            "webPages": [{"url": "https://example.org/gallery"}],
        },
        {"url": "https://example.org/gallery/photo-sm.jpg", "matchType": 1},
    ],
    "score": {"totalMatches": 3, "fullMatches": 1, "partialMatches": 2},
}  # fmt: skip


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def here(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Desk]:
    """A house whose index holds a full and a partial copy of photo 3; the full one stands on two pages."""
    async with desk(tmp_path_factory.mktemp("copyleaks")) as made:
        services, workspace_id = made.home.services, made.home.caller.workspace_id
        await services.collections.add(workspace_id, "web", image_url=PARTIAL_URL, data=cropped(3))
        pages = tuple(Page(url) for url in PAGES)
        await services.collections.add(workspace_id, "web", image_url=FULL_URL, data=resaved(3), pages=pages)
        yield made


async def test_a_check_finds_full_and_partial_copies(here: Desk) -> None:
    """One call answers with full matches first, then partial ones, each with its pages where there are any."""
    answer = await here.check(photo(3), "a-first-scan", developerPayload="mine")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/json"
    width, height = opened(3).size
    body = answer.json()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", body["scannedImage"].pop("creationTime"))
    assert body == {
        "developerPayload": "mine",
        "scannedImage": {
            "scanId": "a-first-scan", "expectedCredits": 1, "actualCredits": 1,
            "width": width, "height": height, "filename": "my-photo.jpg",
        },
        "matches": {
            "internet": [
                {"url": FULL_URL, "matchType": 0, "webPages": [{"url": url} for url in PAGES]},
                {"url": PARTIAL_URL, "matchType": 1},
            ],
            "score": {"totalMatches": 2, "fullMatches": 1, "partialMatches": 1},
        },
    }  # fmt: skip


async def test_nothing_found_is_told_with_zeros(here: Desk) -> None:
    """Where nothing was found the list is empty and the score is all zeros; without a payload there is a null."""
    body = (await here.check(photo(7), "a-lonely-picture")).json()
    assert body["matches"] == {"internet": [], "score": {"totalMatches": 0, "fullMatches": 0, "partialMatches": 0}}
    assert body["developerPayload"] is None
    assert "warnings" not in body


async def test_a_check_is_a_search_like_any_other(here: Desk) -> None:
    """The native API reads its list (one a day), its outcomes, its matches and its events."""
    await here.check(photo(3), "seen-from-outside", "first.jpg")
    await here.check(photo(7), "seen-from-outside-2", "second.jpg")
    native = {"X-API-Key": here.plain}
    searches = (await here.http.get("/api/v1/searches", headers=native)).json()["items"]
    assert len({one["list_id"] for one in searches}) == 1
    found = (await here.http.get("/api/v1/lists", headers=native)).json()["items"]
    assert [one["label"] for one in found if one["id"] == searches[0]["list_id"]] == ["Copyleaks 2026-03-02"]
    in_list = f"/api/v1/lists/{searches[0]['list_id']}"
    images = (await here.http.get(f"{in_list}/images", headers=native)).json()["items"]
    assert {"first.jpg", "second.jpg"} <= {one["name"] for one in images}
    matches = (await here.http.get(f"{in_list}/matches", headers=native)).json()["items"]
    assert {one["image_url"] for one in matches} == {FULL_URL, PARTIAL_URL}
    events = await here.home.events("match_found")
    assert {one["image_url"] for one in events} >= {FULL_URL, PARTIAL_URL}
    assert await here.home.events("search_complete")


@pytest.mark.parametrize(
    "payload", ["", "größer ✓ 你好", '{"json": [1, null, "two"]}', "null", "x" * 10_240, " blank "]
)
async def test_the_payload_comes_back_unchanged(here: Desk, payload: str) -> None:
    """Whatever text is attached comes back, letter for letter, and again when the result is read once more."""
    scan_id = f"payload-{abs(hash(payload)) % 10**9}"
    body = (await here.check(photo(7), scan_id, developerPayload=payload)).json()
    assert body["developerPayload"] == payload
    again = await here.get(f"/v1/image-plagiarism-detector/{scan_id}")
    assert again.json() == body


@pytest.mark.parametrize("scan_id", ["a/b", "a b!@$^&-+%=_(){}<>';:/.\",~`|", "%2f%", "x/check", "abc", "a" * 36])
async def test_scan_ids_may_have_strange_letters(here: Desk, scan_id: str) -> None:
    """All of the documents' characters are routed, the slash among them, and the id comes back as it was meant."""
    quoted = "".join(c if c.isalnum() else f"%{ord(c):02X}" for c in scan_id)
    answer = await here.check(photo(7), quoted)
    assert answer.status_code == 200, answer.text
    assert answer.json()["scannedImage"]["scanId"] == scan_id
    again = await here.get(f"/v1/image-plagiarism-detector/{quoted}")
    assert again.json() == answer.json()


async def test_an_unknown_scan_id_is_not_found(here: Desk) -> None:
    """What was never checked cannot be read."""
    answer = await here.get("/v1/image-plagiarism-detector/never-seen")
    assert answer.status_code == 404
    assert answer.json()["error"]["id"] == "not_found"


@pytest.mark.parametrize(
    ("name", "stored"),
    [
        ("../../etc/My Photo.JPG", "My Photo.JPG"), (r"C:\Pictures\a.webp", "a.webp"), ("b.JPEG", "b.JPEG"),
        ("größe.png", "größe.png"), ("g.gif", "g.gif"), ("x" * 251 + ".ico", "x" * 251 + ".ico"), ("m.bmp", "m.bmp"),
    ],
)  # fmt: skip
async def test_file_names_lose_their_folders(here: Desk, name: str, stored: str) -> None:
    """Any allowed ending will do, in capitals too; folders are left out of what is kept and told."""
    answer = await here.check(photo(7), f"name-{abs(hash(name)) % 10**9}", name)
    assert answer.json()["scannedImage"]["filename"] == stored


def saved(form: str) -> bytes:
    out = io.BytesIO()
    opened(3).save(out, form)
    return out.getvalue()


FORMATS: dict[str, tuple[str, Any]] = {
    "jpg": ("p.jpg", lambda: photo(3)),
    "jpeg": ("p.jpeg", lambda: photo(3)),
    "png": ("p.png", lambda: saved("PNG")),
    "gif": ("p.gif", lambda: saved("GIF")),
    "bmp": ("p.bmp", lambda: saved("BMP")),
    "webp": ("p.webp", lambda: saved("WEBP")),
    "ico": ("p.ico", lambda: icon(opened(3))),
    "raw": ("p.jpg", lambda: dng(opened(3))),
}


@pytest.mark.parametrize("form", FORMATS)
async def test_each_format_is_searched(here: Desk, form: str) -> None:
    """JPG, JPEG, PNG, GIF, BMP, WebP, ICO and RAW find the copy; the size told is that of the file."""
    if form == "raw":
        pytest.importorskip("rawpy")
    name, make = FORMATS[form]
    answer = await here.check(make(), f"format-{form}", name)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert FULL_URL in [one["url"] for one in body["matches"]["internet"]]
    size = (256, 256) if form == "ico" else opened(3).size
    assert (body["scannedImage"]["width"], body["scannedImage"]["height"]) == size


async def test_size_is_told_as_the_picture_is_shown(here: Desk) -> None:
    """A photograph that is kept on its side has the width and height that a viewer shows."""
    out = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6
    opened(3).save(out, "JPEG", exif=exif)
    image = (await here.check(out.getvalue(), "on-its-side")).json()["scannedImage"]
    assert (image["height"], image["width"]) == opened(3).size


@pytest.mark.parametrize("sandbox", ["true", "false", None, ""])
async def test_sandbox_is_a_text(here: Desk, sandbox: str | None) -> None:
    """Only true is the sandbox; left out means false."""
    fields: dict[str, Any] = {} if sandbox is None else {"sandbox": sandbox}
    body = (
        await here.check(photo(7), f"sandbox-{sandbox or ('none' if sandbox is None else 'empty')}", **fields)
    ).json()
    assert (body["matches"] == MOCK) == (sandbox == "true")


async def test_the_sandbox_costs_and_asks_nothing(here: Desk) -> None:
    """A sandbox check answers the same mock every time, and leaves no search and no usage behind."""
    before = len(await here.searches()), await here.home.services.credits.usage(here.home.caller, *both(2026, 3, 2))
    first = await here.check(photo(3), "in-the-sand", sandbox="true", developerPayload="p")
    second = await here.check(photo(3), "in-the-sand", sandbox="true", developerPayload="p")
    assert first.json() == second.json()
    assert first.json()["matches"] == MOCK
    image = first.json()["scannedImage"]
    assert (image["expectedCredits"], image["actualCredits"]) == (0, 0)
    assert (image["width"], image["height"]) == opened(3).size
    after = len(await here.searches()), await here.home.services.credits.usage(here.home.caller, *both(2026, 3, 2))
    assert before == after
    assert (await here.get("/v1/image-plagiarism-detector/in-the-sand")).json() == first.json()
    assert (await here.check(photo(3), "in-the-sand")).json()["matches"]["internet"][0]["url"] == FULL_URL


def both(*day: int) -> tuple[date, date]:
    return date(*day), date(*day)


async def test_the_same_id_and_bytes_are_one_scan(here: Desk) -> None:
    """What is sent again gets the first result, and neither a search nor a charge is added."""
    first = await here.check(photo(3), "sent-again")
    count, used = (
        len(await here.searches()),
        await here.home.services.credits.usage(here.home.caller, *both(2026, 3, 2)),
    )
    second = await here.check(photo(3), "sent-again")
    assert second.json() == first.json()
    assert len(await here.searches()) == count
    assert await here.home.services.credits.usage(here.home.caller, *both(2026, 3, 2)) == used


async def test_the_same_id_for_another_picture_is_refused(here: Desk) -> None:
    """One id is one picture: other bytes are told so, and the first result stays."""
    first = await here.check(photo(3), "one-id")
    other = await here.check(photo(4), "one-id")
    assert other.status_code == 400
    assert other.json()["error"]["details"] == [{"param": "scanId", "message": "It was used for another picture."}]
    assert (await here.check(photo(3), "one-id", sandbox="true")).status_code == 200
    assert (await here.check(photo(4), "one-id", sandbox="true")).content == other.content
    assert (await here.get("/v1/image-plagiarism-detector/one-id")).json() == first.json()


@pytest.mark.parametrize("what", ["image", "list"])
async def test_what_its_owner_has_deleted_is_scanned_anew(tmp_path_factory: pytest.TempPathFactory, what: str) -> None:
    """A scan whose picture or list was deleted through the native API is gone; sent again it is a new one."""
    async with desk(tmp_path_factory.mktemp("deleted")) as made:
        await made.grant(5)
        await made.home.index(FULL_URL, resaved(3))
        assert (await made.check(photo(3), "deleted-scan")).status_code == 200
        (search,) = await made.searches()
        lists = made.home.services.lists
        if what == "list":
            await lists.delete(made.home.caller, search.list_id)
        else:
            (image,) = (await lists.images(made.home.caller, search.list_id)).items
            await lists.delete_image(made.home.caller, search.list_id, image.id)
        assert (await made.get("/v1/image-plagiarism-detector/deleted-scan")).status_code == 404
        body = (await made.check(photo(3), "deleted-scan")).json()
        assert body["matches"]["score"]["fullMatches"] == 1
        assert (await made.get("/v1/image-plagiarism-detector/deleted-scan")).json() == body
        assert await made.left() == 3


async def test_parallel_requests_of_one_id_are_one_scan(here: Desk) -> None:
    """Five at once give one search, one charge, five times the same answer."""
    count = len(await here.searches())
    answers = await asyncio.gather(*(here.check(photo(3), "all-at-once") for _ in range(5)))
    assert {one.status_code for one in answers} == {200}
    assert len({one.text for one in answers}) == 1
    assert len(await here.searches()) == count + 1


@pytest.mark.parametrize("sandbox", ["false", "true"])
async def test_parallel_requests_of_one_id_have_one_filename(here: Desk, sandbox: str) -> None:
    """Whoever came first gave the picture its name: all are told that one, and later requests, too."""
    scan_id = f"many-names-{sandbox}"
    asked = (here.check(photo(3), scan_id, filename=f"name-{n}.jpg", sandbox=sandbox) for n in range(12))
    answers = [one.json() for one in await asyncio.gather(*asked)]
    (told,) = {one["scannedImage"]["filename"] for one in answers}
    again = (await here.get(f"/v1/image-plagiarism-detector/{scan_id}")).json()
    assert again["scannedImage"]["filename"] == told


async def test_parallel_requests_on_postgresql(tmp_path_factory: pytest.TempPathFactory, postgres_url: str) -> None:
    """The same on PostgreSQL: one charge; and a payload with a letter that PostgreSQL's texts can't hold."""
    payload = "zero \0 and more"
    async with desk(tmp_path_factory.mktemp("postgres"), database_url=postgres_url) as made:
        await made.grant(3)
        asked = [made.check(photo(3), "all-at-once", developerPayload=payload) for _ in range(5)]
        answers = await asyncio.gather(*asked)
        assert {one.status_code for one in answers} == {200}
        assert await made.left() == 2
        again = (await made.get("/v1/image-plagiarism-detector/all-at-once")).json()
        assert again["developerPayload"] == payload
        assert (await made.get("/v3/scans/credits")).json() == {"Amount": 2}
        ever = await made.get("/v3/scans/usages/history?start=01-01-0001&end=31-12-9999")
        assert (ever.status_code, ever.text.count("\n")) == (200, 2)


async def test_parallel_requests_of_one_id_with_two_pictures(here: Desk) -> None:
    """The quicker one has the id; the other is refused, whichever it is."""
    answers = await asyncio.gather(*(here.check(photo(number), "two-at-once") for number in (3, 4)))
    assert sorted(one.status_code for one in answers) == [200, 400]


async def test_a_match_that_was_judged_none_is_left_out(here: Desk) -> None:
    """Who has decided that it is no match is not told of it again."""
    url = "https://elsewhere.example.com/same.jpg"
    await here.home.index(url, resaved(9))
    assert (await here.check(photo(9), "before-decision")).json()["matches"]["score"]["totalMatches"] == 1
    (match,) = [m for s in await here.searches() for m in await here.home.matches(s.list_id) if m.image_url == url][:1]
    await here.home.services.matches.decide(here.home.caller, match.id, "not_a_match")  # type: ignore[arg-type]
    again = (await here.get("/v1/image-plagiarism-detector/before-decision")).json()
    assert again["matches"]["score"] == {"totalMatches": 0, "fullMatches": 0, "partialMatches": 0}


async def test_login_answers_as_the_documents_say(here: Desk) -> None:
    """A token for 48 hours, its times to the seventh digit and with a timezone."""
    body = (await here.login(here.plain)).json()
    now = here.home.clock()
    assert set(body) == {"access_token", ".issued", ".expires"}
    assert body[".issued"] == f"{now:%Y-%m-%dT%H:%M:%S}.0000000Z"
    assert body[".expires"] == f"{now + timedelta(hours=48):%Y-%m-%dT%H:%M:%S}.0000000Z"


async def test_credits_without_bundles_are_plenty(here: Desk) -> None:
    """A client that looks before it scans goes on where nothing is counted."""
    assert (await here.get("/v3/scans/credits")).json() == {"Amount": 1_000_000}


async def test_usage_is_a_csv_file(here: Desk) -> None:
    """Scans and credits of each day, as an attachment."""
    await here.check(photo(3), "counted")
    answer = await here.get("/v3/scans/usages/history?start=01-03-2026&end=03-03-2026")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="usage.csv"'
    head, row = list(csv.reader(io.StringIO(answer.text)))
    assert head == ["Date", "Product", "Scans", "Credits"]
    assert row[:2] == ["02-03-2026", "copyleaks"]
    assert int(row[2]) == int(row[3]) > 0
    ever = await here.get("/v3/scans/usages/history?start=01-01-0001&end=31-12-9999")
    assert (ever.status_code, ever.text.count("\n") > 1) == (200, True)
    empty = await here.get("/v3/scans/usages/history?start=01-01-2020&end=02-01-2020")
    assert empty.text == "Date,Product,Scans,Credits\r\n"


async def test_what_needs_no_token(here: Desk) -> None:
    """The lists that Copyleaks gives to anybody."""
    types = (await here.http.get("/v3/miscellaneous/supported-file-types")).json()
    assert types["image"] == ["jpg", "jpeg", "png", "gif", "bmp", "webp", "ico"]
    assert (await here.http.get("/v3/miscellaneous/ocr-languages-list")).json() == []
    assert (await here.http.get("/v3/release-logs.json")).json() == []


async def test_another_workspace_has_scan_ids_of_its_own(here: Desk) -> None:
    """The same id in another workspace is another scan, and cannot be read from there."""
    await here.check(photo(3), "mine-alone")
    workspace = await here.home.services.workspaces.create("others")
    _, plain = await here.home.services.keys.create(workspace.id, "theirs", (Scope.read, Scope.write))
    theirs = {"Authorization": f"Bearer {await here.token_of(plain)}"}
    path = "/v1/image-plagiarism-detector/mine-alone"
    assert (await here.http.get(path, headers=theirs)).status_code == 404
    body = (await here.check(photo(4), "mine-alone", headers=theirs)).json()
    assert body["matches"]["internet"] == []


async def test_the_ledger_and_the_answer_agree(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Each scan takes the one credit that it tells; repeated, refused and sandbox checks take none; at zero: 402."""
    async with desk(tmp_path_factory.mktemp("metered")) as metered:
        await metered.grant(2)
        assert (await metered.get("/v3/scans/credits")).json() == {"Amount": 2}
        body = (await metered.check(photo(3), "first-credit")).json()
        assert body["scannedImage"]["actualCredits"] == 2 - await metered.left() == 1
        await metered.check(photo(3), "first-credit")
        await metered.check(photo(3), "sandbox-credit", sandbox="true")
        await metered.check(photo(3)[:500], "broken-credit")
        assert await metered.left() == 1
        await metered.check(photo(4), "second-credit")
        assert (await metered.get("/v3/scans/credits")).json() == {"Amount": 0}
        count = len(await metered.searches())
        refused = await metered.check(photo(5), "third-credit")
        assert refused.status_code == 402
        assert len(await metered.searches()) == count
        again = await metered.check(photo(4), "second-credit")
        metered.home.clock.turn(hours=30)
        assert (await metered.check(photo(4), "second-credit")).json() == again.json()


async def test_a_slow_provider_is_told_not_waited_for(tmp_path_factory: pytest.TempPathFactory) -> None:
    """At the deadline the answer has what there is, and says who is missing; later the rest is there, for no credit."""
    release = asyncio.Event()
    loop = asyncio.get_running_loop()

    async def hangs() -> None:
        await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(release.wait(), loop))

    settings: dict[str, Any] = {"providers": ["own_index", "acme"], "deadline_seconds": 6}
    async with desk(tmp_path_factory.mktemp("slow"), [("acme", Acme(hangs))], **settings) as slow:
        await slow.home.index(FULL_URL, resaved(3))
        body = (await slow.check(photo(3), "slow-scan")).json()
        assert [one["url"] for one in body["matches"]["internet"]] == [FULL_URL]
        late = "It had not answered when the deadline came."
        assert body["warnings"] == [{"provider": "acme", "outcome": "pending", "message": late}]
        release.set()
        (search,) = await slow.searches()
        assert (await slow.home.services.searches.wait(slow.home.caller, search.id, 30)).search.complete
        body = (await slow.check(photo(3), "slow-scan")).json()
        assert "warnings" not in body
        assert len(await slow.searches()) == 1


async def test_silence_is_no_empty_answer(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Where nobody answered, the check is refused, costs nothing, and asks anew when it is sent again."""
    acme = Acme(Answer(Outcome.blocked, reason="No."), Answer(Outcome.no_match))
    async with desk(tmp_path_factory.mktemp("silent"), [("acme", acme)], providers=["acme"]) as silent:
        await silent.grant(5)
        first = await silent.check(photo(3), "silent-scan")
        assert first.status_code == 503
        assert first.json()["error"]["details"] == [{"param": "acme", "message": "No."}]
        assert first.headers["retry-after"] == "5"
        assert await silent.left() == 5
        second = await silent.check(photo(3), "silent-scan")
        assert second.status_code == 200, second.text
        assert await silent.left() == 4
        assert (await silent.check(photo(3), "silent-scan")).json() == second.json()
        assert acme.asked == 2


async def test_what_nobody_could_compare_is_partial(tmp_path_factory: pytest.TempPathFactory) -> None:
    """An address from a provider that cannot be fetched is partial; twice named, it is told once, pages united."""
    url = "http://127.0.0.1:9/gone.jpg"
    one = Acme(Answer(Outcome.answered, (Candidate(url, (Page("https://a.example/1"),)),)))
    two = Acme(Answer(Outcome.answered, (Candidate(url, (Page("https://a.example/2"),)),)), name="brim")
    plugins = [("acme", one), ("brim", two)]
    async with desk(tmp_path_factory.mktemp("unchecked"), plugins, providers=["acme", "brim"]) as unchecked:
        body = (await unchecked.check(photo(3), "unchecked")).json()
        (match,) = body["matches"]["internet"]
        assert (match["url"], match["matchType"]) == (url, 1)
        assert {page["url"] for page in match["webPages"]} == {"https://a.example/1", "https://a.example/2"}
        assert body["matches"]["score"] == {"totalMatches": 1, "fullMatches": 0, "partialMatches": 1}
