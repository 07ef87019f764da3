"""Infringement.Report's API: every error, byte for byte; nothing sent to it makes it break."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from copyhound_infringement_report.searching import MAX_FILE_BYTES

from ..fixtures import photos
from .infringement_kit import Counter, counter, found

ON_MODULE = pytest.mark.asyncio(loop_scope="module")
LUCENE = (
    "Lucene queries ended on 1 July 2019. Send filters as JSON, such as "
    'filters={"host-cont":"domain.com"}; q only takes host:domain.com.'
)
ERRORS: dict[str, tuple[str, str, dict[str, Any], int, int, str, str]] = {
    # what: (method, path, options, HTTP status, code, name, text)
    "no key": ("GET", "/list", {"key": None}, 401, 401, "unauthorized", "No API key was sent: it goes into X-API-Key."),
    "logged out": ("GET", "/list", {"key": "noapikey"}, 401, 401, "unauthorized", "No valid API key."),
    "shared": ("GET", "/list/1", {"key": "share:abc"}, 401, 401, "unauthorized", "No valid API key."),
    "no list": ("GET", "/list/99", {}, 404, 404, "not_found", "There is no list 99."),
    "no number": ("GET", "/list/abc", {}, 404, 404, "not_found", "There is no list 'abc'."),
    "no route": ("GET", "/nonsense", {}, 404, 404, "not_found", "There is nothing at this address."),
    "no method": ("PUT", "/list", {}, 405, 405, "method_not_allowed", "This method is not allowed here."),
    "no JSON": ("POST", "/list", {"content": b"{"}, 400, 400, "malformed_json", "The body is not valid JSON."),
    "no object": ("POST", "/list", {"json": [1]}, 400, 400, "invalid_request", "The body is a JSON object."),
    "no label": (
        "POST", "/list", {"json": {}}, 400, 400, "invalid_request", "list_label is missing."
    ),
    "unknown field": (
        "PATCH", "/list/1", {"json": {"colour": "red"}}, 400, 400, "invalid_request",
        "There is no field colour here.",
    ),
    "no number of days": (
        "POST", "/notify/new", {"json": {"schedule": "0.5"}}, 400, 400, "invalid_request",
        "schedule should be a number, not a text.",
    ),
    "too few days": (
        "POST", "/notify/new", {"json": {"schedule": 0}}, 400, 400, "invalid_request",
        "schedule should be a number at least 1.",
    ),
    "a form of nothing": (
        "POST", "/search", {"content": b"hello", "headers": {"Content-Type": "application/x-www-form-urlencoded"}},
        400, 400, "malformed_json",
        "The body is not JSON: send an object such as {...}, or a form with its Content-Type.",
    ),
    "no JSON at all": (
        "POST", "/search", {"content": b"hello"}, 400, 400, "malformed_json",
        "The body is not JSON: send an object such as {...}, or a form with its Content-Type.",
    ),
    "JSON too deep": (
        "POST", "/list", {"content": b'{"a":' * 5000 + b"1" + b"}" * 5000}, 400, 400, "malformed_json",
        "The body is not valid JSON.",
    ),
    "a filter too deep": (
        "POST", "/list/1/query", {"content": b'{"not":' * 900 + b"1" + b"}" * 900}, 400, 400, "invalid_request", "",
    ),
    "no images": (
        "POST", "/search", {"json": {"images": []}}, 400, 400, "no_image",
        "images holds the addresses of the images that are searched.",
    ),
    "no address": (
        "POST", "/search", {"json": {"images": ["http://a.example/1.jpg", "ftp://a.example/x.jpg"]}}, 403, 422,
        "url_invalid", "Address 2, 'ftp://a.example/x.jpg': The address must begin with http:// or https://.",
    ),
    "no address in a line": (
        "PATCH", "/list/1", {"json": {"add_lsv_urls": "http://a.example/1.jpg\nftp://a.example/x"}}, 403, 422,
        "url_invalid", "Address 2, 'ftp://a.example/x': The address must begin with http:// or https://.",
    ),
    "an inner address": ("POST", "/search", {"json": {"images": ["http://10.0.0.1/x"]}}, 403, 422, "url_forbidden", ""),
    "no file": (
        "PUT", "/list/1/file/x.jpg", {"content": b""}, 400, 400, "no_image", "The body is empty: it should be the file."
    ),
    "no picture": ("PUT", "/list/1/file/x.jpg", {"content": b"hello"}, 403, 422, "not_an_image", ""),
    "no base64": (
        "PUT", "/list/1/file/x.jpg?base64=true", {"content": b"!!!"}, 400, 400, "invalid_request", "That is not base64."
    ),
    "a file too large": (
        "PUT", "/list/1/file/x.jpg", {"content": b"\xff\xd8" + b"0" * MAX_FILE_BYTES}, 403, 413, "image_too_many_bytes",
        "A file has at most 10 MB.",
    ),
    "too many rows": (
        "GET", "/list/1/query?rows=1001", {}, 400, 400, "invalid_request", "rows is a number from 0 to 1000."
    ),
    "no start": (
        "GET", "/list/1/query?start=-1", {}, 400, 400, "invalid_request", "start is a number from 0 to 100000000."
    ),
    "no boolean": (
        "GET", "/list/1/query?use_ignore_lists=maybe", {}, 400, 400, "invalid_request",
        "use_ignore_lists is true or false.",
    ),
    "no sort": (
        "GET", "/list/1/query?sort=host%20up", {}, 400, 400, "invalid_request",
        "sort is a metric and asc or desc, such as found_timestamp desc.",
    ),
    "no such sort": ("GET", "/list/1/query?sort=colour%20asc", {}, 400, 400, "invalid_request", ""),
    "no group": ("GET", "/list/1/query?group_by=image", {}, 400, 400, "invalid_request", "group_by is host."),
    "no range": (
        "GET", "/list/1/query?date_range=x", {}, 400, 400, "invalid_request", "date_range is host_first_found."
    ),
    "no metric": ("GET", "/list/1/query?filter[colour-eql]=red", {}, 400, 400, "invalid_request", ""),
    "no operator": ("GET", "/list/1/query?filter[host-gt]=red", {}, 400, 400, "invalid_request", ""),
    "no number in a filter": ("GET", "/list/1/query?filter[image_width-gt]=red", {}, 400, 400, "invalid_request", ""),
    "a range upside down": (
        "GET", "/list/1/query?filter[found_timestamp-between]=2018-01-01%20TO%202017-01-01", {}, 400, 400,
        "invalid_request", "",
    ),
    "no filter": ("GET", "/list/1/query?filters=[1]", {}, 400, 400, "invalid_request", ""),
    "Lucene": ("GET", "/list/1/query?q=title:(a%20OR%20b)", {}, 400, 400, "invalid_request", LUCENE),
    "Lucene in filters": ("GET", "/list/1/query?filters=title:x", {}, 400, 400, "invalid_request", ""),
    "no tag operator": ("GET", "/list/1/query?tag[gt]=x", {}, 400, 400, "invalid_request", ""),
    "no format": (
        "GET", "/list/1/export?format=xml", {}, 400, 400, "invalid_request", "format is one of csv, json, jsonl."
    ),
    "no output": (
        "GET", "/list/1/query?output=xml", {}, 400, 400, "invalid_request", "format is one of csv, json, jsonl."
    ),
    "an export of nothing": ("GET", "/export", {}, 404, 404, "not_found", "There is no list ''."),
    "no result": (
        "PATCH", "/result/match_9", {"json": {"tag": "trash"}}, 404, 404, "not_found", "There is no such result."
    ),
    "no tag": (
        "PATCH", "/result/match_00001", {"json": {"tag": "nonsense"}}, 400, 400, "invalid_request",
        "There is no tag 'nonsense' here.",
    ),
    "no host": (
        "PATCH", "/list/1/ignore", {"json": {"add": ["*"]}}, 400, 400, "invalid_request",
        "'*' is not a host; * may stand for a part of it.",
    ),
    "no notification": ("GET", "/notify/7", {}, 404, 404, "not_found", "There is no notification 7."),
    "a wrong link": (
        "GET", "/picture/image/ws/x?signature=y", {}, 404, 404, "not_found", "There is nothing at this address."
    ),
}  # fmt: skip


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def at(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Counter]:
    async with counter(tmp_path_factory.mktemp("errors")) as opened:
        await opened.keep(found(1))
        yield opened


@ON_MODULE
@pytest.mark.parametrize("what", list(ERRORS))
async def test_every_error(at: Counter, what: str) -> None:
    """Errors are `{status: false, code, error, error_code}`; what a person should read comes as 403, or as it is."""
    method, path, options, status, code, name, text = ERRORS[what]
    for version in ("/3.0", "/2.0"):
        answer = await at.ask(method, f"{version}{path}", **options)
        body = answer.json()
        assert body == {"status": False, "code": code, "error": body["error"], "error_code": name}
        assert body["error"] == text if text else len(body["error"]) > 10
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/json"


@ON_MODULE
async def test_filter_errors_name_what_is_wrong(at: Counter) -> None:
    """An unknown metric or operator stands in the text, with those that there are."""
    told = (await at.ask("GET", "/list/1/query?filter[colour-eql]=red")).json()["error"]
    assert "colour" in told
    assert "host" in told
    told = (await at.ask("GET", "/list/1/query?filter[host-gt]=red")).json()["error"]
    assert "gt" in told
    answer = await at.ask("GET", "/list/1/query?facet=colour")
    assert (answer.status_code, "colour" in answer.json()["error"]) == (400, True)


@ON_MODULE
async def test_a_refused_change_changes_nothing(at: Counter) -> None:
    """Where one of several changes is refused, none is made."""
    before = await at.result("GET", "/list/1")
    change = {"list_label": "Other", "monitor": True, "add_lsv_urls": "http://a.example/1.jpg\nftp://a.example/x"}
    answer = await at.ask("PATCH", "/list/1", json=change)
    assert answer.json()["error_code"] == "url_invalid"
    assert await at.result("GET", "/list/1") == before


@ON_MODULE
async def test_several_tags_are_changed_or_none(at: Counter) -> None:
    """Where one of several changes of tags is refused, none is made; a tag whose colour is refused is not made."""
    before = await at.result("GET", "/list/1/tag")
    update = [{"tag_id": "trash", "tag_label": "Bin"}, {"tag_id": "nonsense", "tag_label": "x"}]
    assert (await at.ask("PATCH", "/list/1/tag/trash", json={"update": update})).status_code == 404
    assert await at.result("GET", "/list/1/tag") == before


@ON_MODULE
async def test_filters_are_counted_together(at: Counter) -> None:
    """Many small filters are refused as one large one is, before an export begins."""
    pairs = "&".join(f"filter[host-ne]=h{number}.example" for number in range(600))
    for path in (f"/list/1/query?{pairs}", f"/list/1/export?{pairs}", f"/export?list_id=1&{pairs}"):
        answer = await at.ask("GET", path)
        assert answer.status_code == 400
        assert answer.json()["error"] == "The filter holds more than 500 parts and values."
    few = "&".join(f"filter[host-ne]=h{number}.example" for number in range(250))
    assert (await at.ask("GET", f"/list/1/query?{few}")).status_code == 200


@ON_MODULE
async def test_a_body_that_is_too_large(at: Counter) -> None:
    """More than any file may have is refused before it is read."""
    answer = await at.ask("PUT", "/list/1/file/x.jpg", content=b"0" * (16 * 2**20))
    assert (answer.status_code, answer.json()["error_code"]) == (403, "payload_too_large")


@ON_MODULE
async def test_animations_and_other_files_are_refused(at: Counter) -> None:
    """Only JPEG, PNG, GIF and WebP are taken, up to 8000 x 6000 pixels."""

    def made(format: str, size: tuple[int, int]) -> bytes:
        out = io.BytesIO()
        Image.linear_gradient("L").resize(size).save(out, format)
        return out.getvalue()

    for data, name in (
        (made("BMP", (64, 64)), "image_unsupported"),
        (made("TIFF", (64, 64)), "image_unsupported"),
        (made("PNG", (8001, 60)), "image_too_many_pixels"),
        (made("PNG", (60, 6001)), "image_too_many_pixels"),
    ):
        answer = await at.ask("PUT", "/list/1/file/x", content=data)
        assert (answer.status_code, answer.json()["error_code"]) == (403, name)
    out = io.BytesIO()
    photos.opened(0).save(out, "WEBP")
    answer = await at.ask("PUT", "/list/1/file/x.webp", content=out.getvalue())
    assert answer.status_code == 200, answer.text
    assert (await at.ask("PUT", "/list/1/file/x.jpg", content=photos.photo(0))).json()["success"] is True


@ON_MODULE
async def test_something_broken_inside(at: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault of ours is a 500 in the same envelope, without a word of what it was."""

    async def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("secret")

    monkeypatch.setattr(at.home.services.lists, "page", broken)
    answer = await at.ask("GET", "/list")
    assert answer.status_code == 500
    assert answer.json() == {
        "status": False, "code": 500, "error": "Something broke on our side.", "error_code": "internal_error"
    }  # fmt: skip


@ON_MODULE
async def test_nothing_crosses_workspaces(at: Counter) -> None:
    """Another workspace's lists, results, tags and notifications are not there, and stay as they are."""
    foreign = await at.elsewhere()
    await at.keep(found(1))
    sample = {"list_id": [1], "schedule": "1", "type": "postback", "endpoint": "http://127.0.0.1:9/"}
    made = await at.result("POST", "/notify/new", json=sample)
    (doc, *_) = await at.docs()
    before = await at.result("GET", "/list/1")
    for method, path, body in (
        ("GET", "/list/1", None),
        ("PATCH", "/list/1", {"list_label": "x"}),
        ("DELETE", "/list/1", None),
        ("DELETE", "/list/1/image/1", None),
        ("GET", "/list/1/query", None),
        ("GET", "/list/1/export", None),
        ("GET", "/search/1", None),
        ("PATCH", f"/result/{doc['id']}", {"tag": "trash"}),
        ("PATCH", "/result/bulk", {"tag": "trash", "result_ids": [doc["id"]]}),
        ("GET", "/list/1/tag", None),
        ("PATCH", "/list/1/ignore", {"add": ["ex.com"]}),
        ("GET", f"/notify/{made['notify_id']}", None),
        ("DELETE", f"/notify/{made['notify_id']}", None),
    ):
        answer = await at.ask(method, path, key=foreign, json=body)
        assert answer.status_code == 404, (method, path, answer.text)
    assert await at.result("GET", "/list/1") == before
    assert await at.result("GET", "/list", key=foreign) == []


WORDS = st.sampled_from(
    ["", "1", "-1", "0", "true", "null", "host", "host asc", "tag", "\x00", "\ufffd",
     "999999999999999999999", "1e400", "2017-10-01T01:01:01Z TO 2017-11-01T01:01:01Z", '{"host-cont":"x"}', "[1]", '"',
     "99999-99-99", "%", "*", "host:x", "💥" * 50, "{" * 500, '{"not":' * 30, "csv", "jsonl"]
)  # fmt: skip
VALUES = WORDS | st.text(max_size=40)
NAMES = st.sampled_from(
    ["start", "rows", "sort", "group_by", "facet", "use_ignore_lists", "filters", "filter", "q", "output", "format",
     "date_range", "extend_thumbnails", "tag[eql]", "tag[ne]", "filter[host-cont]", "filter[image_width-gt]",
     "filter[found_timestamp-between]", "filters[tag-in]", "filter[verified-in]", "filter[image_id-eql]", "list_id",
     "filter[]", "per_page", "verify", "base64"]
) | st.text(max_size=12)  # fmt: skip
PATHS = st.sampled_from(
    ["/list", "/list/1", "/list/1/query", "/list/1/export", "/export", "/tag", "/ignore", "/list/0/tag", "/notify",
     "/list/1/ignore", "/user", "/notify/new", "/case"]
)  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | VALUES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(VALUES, inner, max_size=3),
    max_leaves=6,
)
FIELDS = st.dictionaries(
    st.sampled_from(
        ["images", "list_label", "monitor", "add_lsv_urls", "tag", "result_ids", "list_id", "q", "filters", "filter",
         "update", "tag_label", "colour", "state", "add", "filter_string", "schedule", "type", "endpoint", "format",
         "sort", "rows", "start", "password", "facet", "host-cont", "and", "or", "not"]
    ),
    JSON,
    max_size=4,
)  # fmt: skip
BODIES = st.sampled_from(
    ["POST /list", "PATCH /list/1", "POST /list/1/query", "PATCH /list/1/ignore", "POST /list/1/tag",
     "PATCH /list/1/tag/trash", "PATCH /result/bulk", "PATCH /result/match_00001", "POST /notify/new",
     "PATCH /notify/1", "POST /search"]
)  # fmt: skip
CALM = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))


def test_no_query_breaks_it(tmp_path: Path) -> None:
    """Whatever stands in a query, the answer is no 500."""

    async def work() -> None:
        async with counter(tmp_path / "data") as at:
            await at.keep(found(1))
            loop = asyncio.get_running_loop()

            @CALM
            @given(PATHS, st.sampled_from(["/2.0", "/3.0"]), st.lists(st.tuples(NAMES, VALUES), max_size=4))
            def ask(path: str, version: str, params: list[tuple[str, str]]) -> None:
                sent = [(name.encode("utf-8", "replace"), value.encode("utf-8", "replace")) for name, value in params]
                asked = at.ask("GET", f"{version}{path}", params=sent)
                answer = asyncio.run_coroutine_threadsafe(asked, loop).result(60)
                assert answer.status_code < 500, answer.text

            await asyncio.to_thread(ask)

    asyncio.run(work())


def test_no_body_breaks_it(tmp_path: Path) -> None:
    """Whatever stands in a body, the answer is no 500."""

    async def work() -> None:
        async with counter(tmp_path / "data") as at:
            await at.keep(found(1))
            loop = asyncio.get_running_loop()

            @CALM
            @given(BODIES, FIELDS | JSON)
            def ask(request: str, body: Any) -> None:
                method, path = request.split(" ")
                asked = at.ask(method, path, json=body)
                answer = asyncio.run_coroutine_threadsafe(asked, loop).result(60)
                assert answer.status_code < 500, (request, body, answer.text)

            await asyncio.to_thread(ask)

    asyncio.run(work())
