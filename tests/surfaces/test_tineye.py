"""TinEye's methods, their arguments and answers, over a house of our own."""

from __future__ import annotations

import io
import random
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from PIL import Image, ImageDraw

from copyhound.domain.matches import MatchFilter, Page
from copyhound.domain.pictures import MatchType
from copyhound.services.verifying import Found

from ..fixtures.photos import cropped, jpeg, mirrored, opened, photo, resaved
from ..fixtures.website import Website
from .tineye_kit import Counter, checked, counter

pytestmark = pytest.mark.asyncio(loop_scope="module")
MINE = 3
PAGES = [
    Page("https://a.example.com/new.html", first_seen=datetime(2024, 5, 6, tzinfo=UTC)),
    Page("https://a.example.com/old.html", first_seen=datetime(2015, 3, 18, tzinfo=UTC)),
]


def scaled(number: int, factor: float) -> bytes:
    image = opened(number)
    return jpeg(image.resize((round(image.width * factor), round(image.height * factor))))


def cut(number: int, share: float) -> bytes:
    """The middle, so much of the area."""
    image, side = opened(number), share**0.5
    w, h = image.size
    box = (w * (1 - side) / 2, h * (1 - side) / 2, w * (1 + side) / 2, h * (1 + side) / 2)
    return jpeg(image.crop(tuple(map(round, box))))


COPIES = {
    "https://a.example.com/whole.jpg": photo(MINE),
    "https://www.b.example.net/cropped.jpg": cropped(MINE),
    "https://c.example.org/small.jpg": scaled(MINE, 100 / min(opened(MINE).size)),
    "https://d.example.com/mirrored.jpg": mirrored(MINE),
    "https://stock.example.info/resaved.jpg": resaved(MINE),
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Counter]:
    """Five copies of one picture in the collection `web`, and one of another."""
    lists: dict[str, Any] = {
        "stock_domains": ["example.info"],
        "collection_domains": ["b.example.net", "www.b.example.net"],
    }
    async with counter(tmp_path_factory.mktemp("tineye"), **lists) as opened:
        for url, data in COPIES.items():
            pages = PAGES if "whole" in url else []
            await opened.home.services.collections.add(
                opened.home.caller.workspace_id, "web", image_url=url, data=data, pages=pages
            )
        await opened.home.index("https://e.example.com/other.jpg", photo(7))
        yield opened


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site() -> AsyncIterator[Website]:
    with Website() as website:
        yield website


def urls(matches: list[dict[str, Any]]) -> list[str]:
    return [match["backlinks"][0]["url"] for match in matches]


async def test_every_method_answers_with_four_keys(desk: Counter) -> None:
    """Each method answers 200 with stats, code, messages and results, of the types that it documents."""
    for method, kind in (("search", dict), ("image_count", int), ("remaining_searches", dict)):
        answer = await desk.search(photo(MINE)) if method == "search" else await desk.get(method)
        body = checked(answer, method)
        assert (body["code"], body["messages"]) == (200, [])
        assert type(body["results"]) is kind
        assert abs(float(body["stats"]["timestamp"]) - desk.home.clock().timestamp()) < 2
        assert float(body["stats"]["query_time"]) >= 0


async def test_a_match_has_all_its_fields(desk: Counter) -> None:
    """A match tells its copy, domain, score, size, file, overlay, tags and backlinks, in TinEye's units."""
    whole = next(match for match in await desk.matches(photo(MINE)) if match["domain"] == "a.example.com")
    width, height = opened(MINE).size
    assert whole["top_level_domain"] == "example.com"
    assert (whole["width"], whole["height"], whole["size"]) == (width, height, width * height)
    assert (whole["filesize"], whole["format"]) == (len(photo(MINE)), "JPEG")
    assert whole["query_match_percent"] == 100
    url, page = "https://a.example.com/whole.jpg", "https://a.example.com"
    assert whole["backlinks"] == [
        {"url": url, "backlink": f"{page}/new.html", "crawl_date": "2024-05-06"},
        {"url": url, "backlink": f"{page}/old.html", "crawl_date": "2015-03-18"},
    ]
    assert re.fullmatch(r"overlay/[0-9a-f]{40}/\w+\?m21=0&m22=1&m23=0&m11=1&m13=0&m12=0&k=\S+", whole["overlay"])
    assert whole["overlay"].split("/")[1] == whole["query_hash"]


async def test_a_match_without_a_known_page(desk: Counter) -> None:
    """Where no page is known there is still a backlink with the picture's own address and a date."""
    cropped_one = next(match for match in await desk.matches(photo(MINE)) if match["domain"] == "b.example.net")
    url = "https://www.b.example.net/cropped.jpg"
    assert cropped_one["backlinks"] == [{"url": url, "backlink": "", "crawl_date": "2026-03-02"}]


async def test_the_strongest_match_comes_first(desk: Counter) -> None:
    """Without a sort the scores descend from that of the same file, which is 99 or more; all are numbers in 0-100."""
    scores = [match["score"] for match in await desk.matches(photo(MINE))]
    assert len(scores) == len(COPIES)
    assert scores == sorted(scores, reverse=True)
    assert scores[0] >= 99
    assert all(isinstance(score, float | int) and 0 <= score <= 100 for score in scores)


async def test_no_copy_is_left_out_by_its_score(desk: Counter) -> None:
    """A crop to 40 percent and a thumbnail of 100 pixels are found, whatever their score."""
    found = await desk.matches(cut(MINE, 0.4))
    assert "https://a.example.com/whole.jpg" in urls(found)
    assert "https://c.example.org/small.jpg" in urls(await desk.matches(photo(MINE)))
    assert min(match["score"] for match in found) < 70


async def test_limit_and_offset_cut_a_window(desk: Counter) -> None:
    """limit and offset choose a part; the totals are those of all."""
    everything = await desk.matches(photo(MINE))
    answer = await desk.search(photo(MINE), limit="2", offset="1")
    body = checked(answer)
    assert urls(body["results"]["matches"]) == urls(everything)[1:3]
    stats = body["stats"]
    assert (stats["total_results"], stats["total_filtered_results"], stats["total_backlinks"]) == (5, 5, 6)
    assert (await desk.matches(photo(MINE), limit="0")) == []
    assert len(await desk.matches(photo(MINE), limit="1000000")) == len(COPIES)
    assert await desk.matches(photo(MINE), offset="5") == []


@pytest.mark.parametrize(
    ("sort", "order", "first"),
    [("size", "asc", "small"), ("size", "desc", None), ("crawl_date", "asc", "whole"), ("score", "asc", None)],
)
async def test_results_are_sorted_as_asked(desk: Counter, sort: str, order: str, first: str | None) -> None:
    """sort is by score, by area or by the newest crawl date; order turns it round."""
    found = await desk.matches(photo(MINE), sort=sort, order=order)
    keys = [
        max(link["crawl_date"] for link in match["backlinks"]) if sort == "crawl_date" else match[sort]
        for match in found
    ]
    assert keys == sorted(keys, reverse=order == "desc")
    assert first is None or first in urls(found)[0]


@pytest.mark.parametrize(
    ("domain", "count"),
    [("a.example.com", 1), ("example.com", 2), ("EXAMPLE.com", 2), ("b.example.net", 1), ("example", 0), ("*.com", 0)],
)
async def test_a_domain_is_matched_exactly(desk: Counter, domain: str, count: int) -> None:
    """domain is a host without www or a registered domain, and no part of one; the totals tell what it left."""
    body = checked(await desk.search(photo(MINE), domain=domain))
    assert len(body["results"]["matches"]) == count
    assert (body["stats"]["total_results"], body["stats"]["total_filtered_results"]) == (5, count)


@pytest.mark.parametrize(
    ("tags", "count"), [("stock", 1), ("collection", 1), ("collection,stock", 2), ("stock,collection", 2), ("", 5)]
)
async def test_tags_choose_stock_and_collections(desk: Counter, tags: str, count: int) -> None:
    """Domains in the settings are tagged; tags asks for matches with any of the tags."""
    body = checked(await desk.search(photo(MINE), tags=tags))
    assert len(body["results"]["matches"]) == count
    assert (body["stats"]["total_stock"], body["stats"]["total_collection"]) == (1, 1)
    assert all(set(tags.split(",")) & set(match["tags"]) for match in body["results"]["matches"] if tags)


@pytest.mark.parametrize(("limit", "count"), [("1", 1), ("2", 2), ("", 2), ("-1", 2), ("0", 2)])
async def test_backlinks_are_limited(desk: Counter, limit: str, count: int) -> None:
    """backlink_limit cuts each match's backlinks, the newest stay; -1 and 0 lift it."""
    whole = (await desk.matches(photo(MINE), domain="a.example.com", backlink_limit=limit))[0]
    assert len(whole["backlinks"]) == count
    assert whole["backlinks"][0]["crawl_date"] == "2024-05-06"


async def test_min_score_is_off_unless_given(desk: Counter) -> None:
    """Our own argument min_score leaves out weaker matches, where a client sends it."""
    strong = await desk.matches(photo(MINE), min_score="85.5")
    assert 0 < len(strong) < len(COPIES)
    assert all(match["score"] >= 85.5 for match in strong)


async def test_pretty_indents(desk: Counter) -> None:
    """pretty=true indents the JSON of each method, in query or form; otherwise it is compact; both mean the same."""
    for method in ("image_count", "remaining_searches"):
        plain, pretty = await desk.get(method), await desk.get(method, pretty="true")
        assert "\n" not in plain.text
        assert '\n    "code"' in pretty.text
        assert plain.json()["results"] == pretty.json()["results"]
    chosen: tuple[dict[str, Any], ...] = ({"data": {"pretty": "true"}}, {"params": {"pretty": "true"}})
    for parameters in chosen:
        files = {"image_upload": photo(MINE)}
        headers = {"x-api-key": desk.plain}
        assert "\n    " in (await desk.http.post("/rest/search/", files=files, headers=headers, **parameters)).text
    assert "\n    " in (await desk.get("image_count", key=None, pretty="true")).text


@pytest.mark.parametrize(
    "path", ["/rest/image_count/", "/rest/image_count", "/rest//image_count/", "/rest//image_count"]
)
async def test_slashes_make_no_difference(desk: Counter, path: str) -> None:
    """With and without a slash at the end, and with a doubled one, a path answers at once, without a redirect."""
    answer = await desk.http.get(path, params={"x": "1"}, headers={"x-api-key": desk.plain})
    assert checked(answer, "image_count")["results"] == 6


async def test_arguments_that_nobody_knows_are_ignored(desk: Counter) -> None:
    """What a method does not take does no harm."""
    for method in ("image_count", "remaining_searches"):
        assert (await desk.get(method, limit="x", whatever="1")).status_code == 200
    assert len(await desk.matches(photo(MINE), whatever="1")) == len(COPIES)


async def test_image_count_counts_the_index(desk: Counter) -> None:
    """image_count is the number of pictures in the collection `web`, after each is added and removed."""
    before = checked(await desk.get("image_count"), "image_count")["results"]
    await desk.home.index("https://f.example.com/more.jpg", photo(9))
    assert (await desk.get("image_count")).json()["results"] == before + 1
    await desk.home.services.collections.remove(desk.home.caller, "web", prefix="https://f.example.com/")
    assert (await desk.get("image_count")).json()["results"] == before == 6


async def test_image_count_is_no_32_bit_number(desk: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    """A count above 2^32 comes out as a plain integer."""

    async def many(*_: Any) -> int:
        return 18114111275

    monkeypatch.setattr(type(desk.home.services.collections), "count", many)
    assert '"results":18114111275}' in (await desk.get("image_count")).text


async def test_an_address_is_decoded_once(desk: Counter, site: Website) -> None:
    """`%2520` in the query is `%20` in the address that is fetched."""
    site.put("/a%20b.jpg", photo(MINE))
    query = f"image_url={site.url}/a%2520b.jpg&limit=1"
    answer = await desk.http.get(f"/rest/search/?{query}", headers={"x-api-key": desk.plain})
    assert len(checked(answer)["results"]["matches"]) == 1
    assert site.asked[-1] == "/a%20b.jpg"


@pytest.mark.parametrize("format", ["JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP"])
async def test_formats_by_upload_and_by_address(desk: Counter, site: Website, format: str) -> None:
    """Each format gives the same matches by upload and by address; neither name nor type are believed."""
    out = io.BytesIO()
    opened(MINE).save(out, format)
    url = site.put(f"/{format}.txt", out.getvalue())
    files = {"image_upload": ("picture.xyz", out.getvalue(), "text/plain")}
    uploaded = await desk.http.post("/rest/search/", files=files, headers={"x-api-key": desk.plain})
    by_upload, by_address = urls(checked(uploaded)["results"]["matches"]), urls(await desk.matches(url))
    assert sorted(by_upload) == sorted(by_address)
    assert "https://a.example.com/whole.jpg" in by_upload


async def test_upload_by_form_with_everything_in_it(desk: Counter) -> None:
    """An HTML form (enctype multipart/form-data) may hold the arguments too; the form's go before the query's."""
    files: dict[str, Any] = {"limit": (None, "1"), "image_upload": ("p.jpg", photo(MINE), "image/jpeg")}
    answer = await desk.http.post("/rest/search/?limit=3", files=files, headers={"x-api-key": desk.plain})
    assert len(checked(answer)["results"]["matches"]) == 1
    address = await desk.http.post("/rest/search/", data={"image_url": "nowhere"}, headers={"x-api-key": desk.plain})
    assert checked(address)["messages"] == ["Invalid or missing URL."]


async def test_an_upload_is_looked_at_as_it_is(desk: Counter) -> None:
    """A picture of 800 x 600 pixels and its scaled form of 400 x 300 find the same."""
    large = jpeg(opened(MINE).resize((800, 600)))
    small = jpeg(opened(MINE).resize((400, 300)))
    assert set(urls(await desk.matches(large))) == set(urls(await desk.matches(small))) == set(COPIES)


async def test_nothing_found_is_no_error(desk: Counter) -> None:
    """A picture without copies has an empty list of matches, and code 200."""
    body = checked(await desk.search(photo(15)))
    assert body["results"] == {"matches": []}
    assert (body["stats"]["total_results"], body["stats"]["total_backlinks"]) == (0, 0)


async def test_a_search_is_one_of_ours(desk: Counter) -> None:
    """A search through the surface stands in the day's list, and its matches are those that the native API tells."""
    answer = checked(await desk.search(photo(MINE)))
    (search, *_) = (await desk.home.services.searches.page(desk.home.caller, limit=1)).items
    in_list = await desk.home.services.lists.get(desk.home.caller, search.list_id)
    assert in_list.label == "TinEye 2026-03-02"
    page = await desk.home.services.matches.page(desk.home.caller, MatchFilter(search_id=search.id), limit=50)
    assert sorted(urls(answer["results"]["matches"])) == sorted(match.image_url for match in page.items)
    await desk.search(photo(7))
    (again, *_) = (await desk.home.services.searches.page(desk.home.caller, limit=1)).items
    assert (again.id != search.id, again.list_id) == (True, search.list_id)


async def test_a_logo_in_common_is_a_match(desk: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    """What shares only a logo is left out of the native answer unless asked, and is in TinEye's."""
    monkeypatch.setattr(Found, "small", property(lambda _: True))
    assert len(await desk.matches(photo(MINE))) == len(COPIES)
    (search, *_) = (await desk.home.services.searches.page(desk.home.caller, limit=1)).items
    page = await desk.home.services.matches.page(desk.home.caller, MatchFilter(search_id=search.id), limit=50)
    assert page.items == []


def pattern() -> Image.Image:
    """Something that has many corners and stands in no photograph."""
    chosen, made = random.Random(1), Image.new("RGB", (400, 400), "white")
    draw = ImageDraw.Draw(made)
    for _ in range(60):
        x, y, size = chosen.randrange(400), chosen.randrange(400), chosen.randrange(15, 90)
        colour = tuple(chosen.randrange(256) for _ in range(3))
        draw.rectangle((x, y, x + size, y + size // 2), fill=colour, outline="black", width=3)
    return made


async def test_a_part_in_common_is_a_weak_match(desk: Counter) -> None:
    """Two pictures that share a part are a match with a low score and share, which the native API calls partial."""
    sheets = [opened(number).resize((1200, 900)) for number in (14, 19)]
    for sheet, place in zip(sheets, ((40, 30), (500, 400)), strict=True):
        sheet.paste(pattern().resize((560, 420)), place)
    await desk.home.index("https://shared.example.com/part.jpg", jpeg(sheets[0]))
    try:
        (weak,) = await desk.matches(jpeg(sheets[1]), domain="shared.example.com")
    finally:
        await desk.home.services.collections.remove(desk.home.caller, "web", prefix="https://shared.example.com/")
    assert weak["score"] < 50
    assert weak["query_match_percent"] < 50
    (search, *_) = (await desk.home.services.searches.page(desk.home.caller, limit=1)).items
    page = await desk.home.services.matches.page(desk.home.caller, MatchFilter(search_id=search.id), limit=50)
    (kept,) = [match for match in page.items if match.domain == "example.com"]
    assert kept.verification.comparison.match_type is MatchType.partial


async def test_what_is_no_upload_is_told(desk: Counter) -> None:
    """Bodies of other kinds, forms without a file and forms that are cut are refused, not searched."""
    headers = {"x-api-key": desk.plain}
    told = ["Please supply an image or a URL for searching."]
    bodies: list[dict[str, Any]] = [{"json": {"image_url": 1}}, {"content": photo(MINE)}, {"data": {"a": "b"}}, {}]
    for body in bodies:
        answer = await desk.http.post("/rest/search/", headers=headers, **body)
        assert checked(answer)["messages"] == told
    for kind in ("multipart/form-data", "multipart/form-data; boundary=x"):
        broken = await desk.http.post("/rest/search/", headers={**headers, "content-type": kind}, content=b"--x\r\nab")
        assert checked(broken)["code"] == 400


async def test_http_and_https(desk: Counter, tmp_path: Path) -> None:
    """Each method answers over HTTP and over HTTPS alike; HTTP can be switched off."""
    async with counter(tmp_path, https_only=True) as locked:
        for scheme, house, status in (
            ("http", desk, 200),
            ("https", desk, 200),
            ("https", locked, 200),
            ("http", locked, 403),
        ):
            house.http.headers["x-api-key"] = house.plain
            base = f"{scheme}://copyhound.test/rest"
            assert (await house.http.get(f"{base}/image_count/")).status_code == status
            assert (await house.http.get(f"{base}/remaining_searches/")).status_code == status
            searched = await house.http.post(f"{base}/search/", files={"image_upload": photo(MINE)})
            assert checked(searched)["code"] == status


async def test_an_old_size_is_not_trusted(desk: Counter) -> None:
    """An EXIF orientation changes what is searched as it changes what is seen."""
    exif, out = Image.Exif(), io.BytesIO()
    exif[0x0112] = 6
    opened(MINE).transpose(Image.Transpose.ROTATE_90).save(out, "JPEG", exif=exif)
    assert (await desk.matches(out.getvalue()))[0]["score"] > 90
